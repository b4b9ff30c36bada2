"""PostgreSQL is killed with -9 while eight threads place orders: nothing acknowledged is lost.

A command whose answer never came is sent again under its key until it is answered, and is there
once. The server keeps its durability; this is the only suite where fsync is on.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from everyshelf import orders
from everyshelf.base import server_home
from everyshelf.base.errors import Refused
from everyshelf.base.migrate import apply
from everyshelf.base.server import Server
from everyshelf.base.tx import Database
from everyshelf.edge import worker
from everyshelf.insight import audit_database
from tests.look import rows
from tests.world import NEW_YORKER, done, small_world

CLIENTS = 8
STOCKED = 5_000
LOST = (psycopg.Error, PoolTimeout, Refused)


class Load:
    """Clients that place orders until they are told to stop; what each of them was told."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.told: dict[str, orders.OrderId] = {}
        self.unknown: dict[str, orders.Place] = {}
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._client, args=(n,)) for n in range(CLIENTS)]

    def _client(self, client: int) -> None:
        n = 0
        while not self.stop.is_set():
            n += 1
            self._send(_order(f"c{client}-{n}"))

    def _send(self, command: orders.Place) -> None:
        try:
            self.told[command.key] = place(self.db, command)
        except LOST:  # Whether it was placed nobody knows: the key will tell.
            self.unknown[command.key] = command
            time.sleep(0.05)

    def resolve(self) -> int:
        """Sends what is unknown again under its own key; how many had been placed before."""
        before = _count(self.db)
        for command in self.unknown.values():
            self.told[command.key] = place(self.db, command)
        return len(self.unknown) - (_count(self.db) - before)


def _order(key: str) -> orders.Place:
    return orders.Place(
        key=key, channel="web", channel_ref="", buyer=orders.Buyer(name="Ada Miller"),
        currency="USD", ship_to=NEW_YORKER, lines=[orders.PlaceLine("TEA-1", 1)],
    )  # fmt: skip


def place(db: Database, command: orders.Place) -> orders.OrderId:
    return db.run(lambda tx: done(orders.place(tx, [command])))[0].order_id


def _count(db: Database) -> int:
    return int(str(rows(db, "select count(*) from sales_order")[0][0]))


def storm(home: Path, kills: int) -> tuple[Load, Server, Database]:
    """Kills the server `kills` times under load and starts it again each time."""
    server = Server(home, small=True)
    apply(server.start())
    db = Database(server.url(), size=CLIENTS)
    small_world(db, {("DC1", "TEA-1"): STOCKED})
    load = Load(db)
    for thread in load.threads:
        thread.start()
    try:
        for _ in range(kills):
            time.sleep(1.0)
            alive = server_home.postmaster(server.data)
            assert alive is not None
            os.kill(alive.pid, signal.SIGKILL)
            _until(lambda: not server.running)
            server.start()
        time.sleep(1.0)
    finally:
        load.stop.set()
        for thread in load.threads:
            thread.join(60)
    return load, server, db


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def survive(home: Path, kills: int) -> None:
    load, server, db = storm(home, kills)
    with db:
        acknowledged = dict(load.told)
        _until(lambda: _answers(db))
        there = {int(str(i)) for (i,) in rows(db, "select id from sales_order")}
        assert {int(i) for i in acknowledged.values()} <= there
        placed_before = load.resolve()
        again = Counter(int(i) for i in load.told.values())
        assert set(again.values()) == {1}
        assert _count(db) == len(load.told)
        worker.drain(db)
        kept = rows(db, "select sum(sellable)::int, sum(held + allocated)::int from stock_balance")
        assert kept == [(STOCKED - len(load.told), len(load.told))]
        assert rows(db, "select count(*) from delivery") == [(0,)]
        assert audit_database(db) == []
    server.stop()
    print(f"kills {kills}, acknowledged {len(acknowledged)}, lost 0, unknown "
          f"{len(load.unknown)}, of them placed {placed_before}")  # fmt: skip
    assert acknowledged


def _answers(db: Database) -> bool:
    try:
        return _count(db) >= 0
    except LOST:
        return False


@pytest.mark.timeout(200)
def test_postgres_dies_under_load_and_nothing_is_lost_or_doubled(home: Path) -> None:
    survive(home, kills=2)


@pytest.mark.chaos
@pytest.mark.timeout(900)
def test_postgres_dies_many_times(home: Path) -> None:
    survive(home, kills=12)
