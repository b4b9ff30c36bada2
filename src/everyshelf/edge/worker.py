"""The worker: lets every room hear its events, and does what is due by the clock.

`drain` pumps the rooms' handlers until nothing is left to hear. `tick` also runs what time brings:
expiries, settlements, webhooks. `Worker` does it for ever in a thread. Decides no rule of a room.
"""

from __future__ import annotations

import threading
import time
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
from everyshelf.decide.sourcing import warm
from everyshelf.edge import chores, hooks_out, mail, notify
from everyshelf.edge.egress import Egress
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
    """Each room once, in the order of the journey; who hears tells those after it."""
    rooms = subscribers()
    look = subscribe.look(db, rooms, now=now)
    total = 0
    for room, handlers in rooms.items():
        done = _pump(db, room, handlers, now) if room in look.news else 0
        if room in look.due:
            done += subscribe.retry(db, room, handlers, now=now)
        if done:
            look = subscribe.look(db, rooms, now=now)
        total += done
    return total


def _pump(db: Database, room: str, handlers: Handlers, now: datetime | None) -> int:
    """Lets a room hear until a batch is not full."""
    total = 0
    while heard := subscribe.hear(db, room, handlers, now=now):
        total += heard
        if heard < subscribe.BATCH:
            break
    return total


def tick(db: Database, *, now: datetime | None = None) -> int:
    """Everything that is due at `now` inside the house: the rooms' events and the clock's."""
    total = 0
    while done := drain(db, now=now) + chores.run(db, now=now):
        total += done
    return total


class Worker:
    """Two threads until they are stopped: one for the rooms, one that tells the outside.

    An idle database costs one cheap look each; a slow receiver never holds up a room.
    """

    def __init__(self, db: Database, messenger: notify.Messenger | None = None) -> None:
        self.db = db
        self.messenger = messenger or mail.messenger()
        self._begun = False
        self.egress = Egress()
        self._stop = threading.Event()
        self._since = "0"
        self._chores_at = 0.0
        self._threads = [
            threading.Thread(target=run, name=f"everyshelf-{name}", daemon=True)
            for name, run in (("rooms", self._run_rooms), ("outside", self._run_outside))
        ]

    def start(self) -> Worker:
        for thread in self._threads:
            thread.start()
        return self

    def wait(self) -> None:
        """Until somebody stops it."""
        self._stop.wait()

    def end(self) -> None:
        """Asks it to end, without waiting: what a signal may do."""
        self._stop.set()

    def stop(self, timeout: float = 15) -> None:
        """Ends after what runs now."""
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout)
        self.egress.close()

    def _run_rooms(self) -> None:
        """The search for nodes is compiled first: an open transaction would wait for it."""
        warm()
        self._run(self._rooms)

    def _run_outside(self) -> None:
        self._run(self._outside)

    def _run(self, turn: Callable[[], int]) -> None:
        """Turns until `stop`; an error is logged and tried again, it never ends the worker."""
        while not self._stop.is_set():
            try:
                busy = turn()
            except Exception as error:  # The database may be away for a while.
                LOG.warning("worker_failed", error=repr(error))
                busy = 0
                self._stop.wait(CHORE_SECONDS)
            if not busy:
                self._stop.wait(PAUSE_SECONDS)

    def _rooms(self) -> int:
        done = 0
        horizon, news = self.db.run(self._look)
        if news:
            done = _round(self.db, None)
            self._since = self._since if done else horizon
        if time.monotonic() >= self._chores_at:
            self._chores_at = time.monotonic() + CHORE_SECONDS
            done += chores.run(self.db)
        return done

    def _look(self, tx: Tx) -> tuple[str, bool]:
        names = list(subscribers())
        horizon, news = tx.tuples(SQL.news, since=self._since, subscribers=names, now=tx.now)[0]
        return horizon, news

    def _outside(self) -> int:
        if not self._begun:
            notify.begin(self.db)
            self._begun = True
        done = notify.run(self.db, self.messenger)
        done += hooks_out.deliver(self.db, self.egress) + chores.settle(self.db)
        return done + chores.reckon(self.db)
