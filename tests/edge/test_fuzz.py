"""Schemathesis over the whole OpenAPI document, in this process: whatever is sent, no 5xx, and
every answer is one that the document promises. Bounded and repeatable.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from litestar.testing import TestClient
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.result import Ok

from everyshelf.base.tx import Database
from everyshelf.edge.keys import Role
from everyshelf.edge.web import system
from everyshelf.edge.web.app import build
from tests.conftest import fresh_database
from tests.edge.conftest import make_key
from tests.world import small_world

if TYPE_CHECKING:
    from everyshelf.base.server import Server

EXAMPLES = 6
CHECKS = (
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
)  # fmt: skip
SCHEMA = schemathesis.openapi.from_dict(system.described())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]


@pytest.fixture(scope="module")
def fuzzed(server: Server, template: str) -> Iterator[tuple[TestClient[Any], str]]:
    """One retailer for all examples, whatever they do to it."""
    with fresh_database(server, template) as url, Database(url) as db:
        small_world(db)
        with TestClient(build(db)) as client:
            yield client, make_key(db, Role.OWNER)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.label)
def test_no_answer_is_unexpected(operation: Any, fuzzed: tuple[TestClient[Any], str]) -> None:
    client, secret = fuzzed

    @seed(2026)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def attempt(case: Any) -> None:
        case.headers["authorization"] = f"Bearer {secret}"
        sent = case.as_transport_kwargs()
        sent.pop("cookies", None)
        reply = client.request(**sent)
        case.validate_response(reply, checks=CHECKS)

    attempt()
