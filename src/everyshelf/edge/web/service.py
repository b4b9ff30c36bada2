"""What every route needs while it answers: the database, the keys seen lately, the counters."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

import anyio
from anyio.to_thread import run_sync
from prometheus_client import CollectorRegistry, Counter, Histogram

from everyshelf.base.tx import Database, Tx
from everyshelf.edge import keys
from everyshelf.edge.keys import ApiKey
from everyshelf.edge.web.access import Principal
from everyshelf.edge.web.problems import UNAUTHENTICATED

R = TypeVar("R")

REMEMBERED_SECONDS: Final = 5.0
REMEMBERED_KEYS: Final = 10_000
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Service:
    """One per server process; its threads never wait for a connection of the pool."""

    def __init__(self, db: Database, *, public_demo: bool = False) -> None:
        self.db = db
        self.public_demo = public_demo
        self.threads = anyio.CapacityLimiter(db.pool.max_size)
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "everyshelf_requests_total",
            "Requests by route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "everyshelf_request_seconds",
            "Time to answer by route.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._seen: dict[bytes, tuple[float, ApiKey]] = {}

    async def in_thread(self, work: Callable[[], R]) -> R:
        """Runs what blocks beside the event loop."""
        return await run_sync(work, limiter=self.threads)

    async def run(self, work: Callable[[Tx], R], *, actor: str = "system", cause: str = "") -> R:
        """Runs `work` in a transaction, in a thread."""
        return await self.in_thread(lambda: self.db.run(work, actor=actor, cause=cause))

    async def principal(self, authorization: str | None) -> Principal:
        """Who is calling, by the key in the header; a key is looked up at most every 5 seconds."""
        kind, _, secret = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not secret.strip().startswith(keys.PREFIX):
            raise UNAUTHENTICATED()
        mark = keys.digest(secret.strip())
        at, key = self._seen.get(mark, (0.0, None))
        if key is None or time.monotonic() - at > REMEMBERED_SECONDS:
            key = await self.run(lambda tx: keys.recognise(tx, secret.strip()), actor="access")
            if key is None:
                self._seen.pop(mark, None)
                raise UNAUTHENTICATED("The API key is not known, has ended or was revoked.")
            if len(self._seen) >= REMEMBERED_KEYS:
                self._seen.clear()
            self._seen[mark] = (time.monotonic(), key)
        return Principal.of(key)

    def forget_keys(self) -> None:
        """A key was revoked here: look all of them up again."""
        self._seen.clear()
