"""The worker: lets every room hear its events, and does what is due by the clock.

`drain` pumps the rooms' handlers until nothing is left to hear. `tick` also runs what time brings:
expiries, settlements, webhooks. `Worker` does it for ever in a thread. Decides no rule of a room.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Final

import structlog

from everyshelf.base import subscribe
from everyshelf.base.sql import load
from everyshelf.base.subscribe import Handlers
from everyshelf.base.tx import Database, Tx
from everyshelf.edge import chores
from everyshelf.journey import ROOMS

SQL = load("everyshelf.edge")
LOG = structlog.get_logger()
PAUSE_SECONDS: Final = 0.2
CHORE_SECONDS: Final = 1.0


@lru_cache(maxsize=1)
def subscribers() -> Mapping[str, Handlers]:
    """The handlers of every room that hears something, in the order of the journey."""
    found: dict[str, Handlers] = {}
    for room in ROOMS:
        name = f"everyshelf.{room}.on"
        if find_spec(f"everyshelf.{room}") is None or find_spec(name) is None:
            continue
        handlers: Handlers = import_module(name).HANDLERS
        if handlers:
            found[room] = handlers
    return found


def drain(db: Database, *, now: datetime | None = None) -> int:
    """Pumps all rooms until nothing is left to hear; how many events were handled.

    What another worker holds, or an open transaction holds back, is left to the next call.
    """
    total = 0
    while handled := _round(db, now):
        total += handled
    return total


def _round(db: Database, now: datetime | None) -> int:
    total = 0
    for room, handlers in subscribers().items():
        while heard := subscribe.step(db, room, handlers, now=now):
            total += heard
        total += subscribe.retry(db, room, handlers, now=now)
    return total


def tick(db: Database, *, now: datetime | None = None) -> int:
    """Everything that is due at `now`: the rooms' events, and what the clock brings."""
    total = 0
    while done := drain(db, now=now) + chores.run(db, now=now):
        total += done
    return total


class Worker:
    """A thread that pumps until it is stopped; an idle database costs it one cheap look."""

    def __init__(self, db: Database, *, extra: Callable[[], int] | None = None) -> None:
        self.db = db
        self.extra = extra
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="everyshelf-worker", daemon=True)
        self._since = "0"

    def start(self) -> Worker:
        self._thread.start()
        return self

    def stop(self, timeout: float = 10) -> None:
        """Ends after the batch that runs now."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def run(self) -> None:
        """Pumps until `stop`; an error is logged and tried again, it never ends the worker."""
        waited = CHORE_SECONDS
        while not self._stop.is_set():
            try:
                busy = self._turn(waited >= CHORE_SECONDS)
            except Exception as error:  # The database may be away for a while.
                LOG.warning("worker_failed", error=repr(error))
                busy = 0
            waited = 0 if waited >= CHORE_SECONDS else waited + PAUSE_SECONDS
            if not busy:
                self._stop.wait(PAUSE_SECONDS)

    def _turn(self, chores_due: bool) -> int:
        done = 0
        horizon, news = self.db.run(self._look)
        if news:
            done = _round(self.db, None)
            self._since = self._since if done else horizon
        if chores_due:
            done += chores.run(self.db)
        if self.extra is not None:
            done += self.extra()
        return done


    def _look(self, tx: Tx) -> tuple[str, bool]:
        horizon, news = tx.tuples(SQL.news, since=self._since, now=tx.now)[0]
        return horizon, news
