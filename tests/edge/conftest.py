"""The application under test: in this process, on this test's own database."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from litestar.testing import TestClient

from everyshelf.base.tx import Database
from everyshelf.edge import keys
from everyshelf.edge.keys import MakeKey, Role
from everyshelf.edge.web.app import build

_numbers = itertools.count(1)
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def make_key(
    db: Database, role: Role, nodes: list[str] | None = None, channels: list[str] | None = None
) -> str:
    """The secret of a new key."""
    if nodes is None and role in keys.AT_A_NODE:
        nodes = ["S001"]
    command = MakeKey(f"k{next(_numbers)}", f"a {role}", role, nodes, channels)
    made = db.run(lambda tx: keys.make(tx, [command]))[0].get()
    assert made.secret is not None
    return made.secret


class Api:
    """A caller with a key; every request that changes something gets a fresh idempotency key."""

    def __init__(self, client: TestClient[Any], secret: str) -> None:
        self.client = client
        self.auth = {"authorization": f"Bearer {secret}"}

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, headers=self.auth | more.pop("headers", {}), **more)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        sent = self.auth | {"idempotency-key": f"t{next(_numbers)}"} | named
        return self.client.request(method, path, json=body, headers=sent)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)


@pytest.fixture
def client(db: Database) -> Iterator[TestClient[Any]]:
    with TestClient(build(db)) as made:
        yield made


@pytest.fixture
def caller(db: Database, client: TestClient[Any]) -> Callable[..., Api]:
    """Makes a caller of a role, bound or not."""
    return lambda role, **bound: Api(client, make_key(db, role, **bound))


@pytest.fixture
def owner(caller: Callable[..., Api]) -> Api:
    return caller(Role.OWNER)
