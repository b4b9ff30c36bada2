"""Orders that reach a node's work list through the real rooms, for tests of work and pickup."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Final, TypeVar

from everyshelf import fulfillment, orders, stock
from everyshelf.base import subscribe
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Database
from everyshelf.fulfillment import FulfillmentOrder
from everyshelf.orders import OrderId
from tests.world import NEW_YORKER, small_world

NOON: Final = datetime(2026, 3, 2, 17, tzinfo=UTC)  # A Monday, noon in New York.
ROOMS: Final = ("payment", "sourcing", "fulfillment", "pickup")
V = TypeVar("V")
_keys = itertools.count(1)


def key() -> str:
    """A key nobody used before."""
    return f"key-{next(_keys)}"


def open_shop(db: Database, **shelves: dict[str, int]) -> None:
    """The small world with units on sale: `S001={"TEA-1": 5}`."""
    small_world(db, opening={})
    receive(db, **shelves)


def receive(db: Database, **shelves: dict[str, int]) -> None:
    commands = [
        stock.Receive(
            key=key(), node=node, item=item, qty=qty,
            lot="L1" if item == "MILK-1" else "",
        )
        for node, items in shelves.items()
        for item, qty in items.items()
    ]  # fmt: skip
    for result in db.run(lambda tx: stock.receive(tx, commands), now=NOON):
        result.get()


def place(
    db: Database,
    *lines: tuple[str, int],
    method: str = "ship",
    node: str | None = None,
    drive_after: bool = True,
) -> OrderId:
    """An order that is paid for and, when driven, has its fulfillment orders."""
    command = orders.Place(
        key=key(),
        channel="web",
        channel_ref=key(),
        buyer=orders.Buyer(name="Ada Miller", email="ada@example.com"),
        currency="USD",
        lines=[
            orders.PlaceLine(item, qty, method=orders.Method(method), pickup_node=node)
            for item, qty in lines
        ],
        ship_to=NEW_YORKER,
        placed_at=NOON,
    )
    placed = db.run(lambda tx: orders.place(tx, [command]), now=NOON)[0].get()
    if drive_after:
        drive(db)
    return placed.order_id


def drive(db: Database, now: datetime = NOON) -> None:
    """Lets every room hear what was told until all is quiet; nothing may be left parked."""
    handlers = {room: import_module(f"everyshelf.{room}.on").HANDLERS for room in ROOMS}
    while sum(subscribe.step(db, room, heard, now=now) for room, heard in handlers.items()):
        pass
    with db.transaction() as tx:
        parked = tx.conn.execute("select subscriber, type, error from delivery").fetchall()
    assert parked == []


def works(db: Database, order_id: OrderId) -> list[FulfillmentOrder]:
    """The fulfillment orders of an order, oldest first."""
    return db.run(lambda tx: fulfillment.of_orders(tx, [order_id]))


def work(db: Database, order_id: OrderId) -> FulfillmentOrder:
    """The only fulfillment order of an order."""
    (found,) = works(db, order_id)
    return found


def one(results: Sequence[Result[V]]) -> V:
    (result,) = results
    return result.get()


def balance(db: Database, item: str, node: str) -> dict[str, int]:
    """The buckets of an item at a node that are not empty."""
    with db.transaction() as tx:
        row = tx.conn.execute(
            "select sellable, held, allocated, picked, packed, damaged from stock_balance"
            " where item = %s and node = %s",
            [item, node],
        ).fetchone()
    names = ("sellable", "held", "allocated", "picked", "packed", "damaged")
    return {n: v for n, v in zip(names, row or [0] * 6, strict=True) if v}


def findings(db: Database, *rooms: str) -> list[tuple[str, str, str]]:
    """What the checks of these rooms find."""
    found: list[tuple[str, str, str]] = []
    with db.transaction() as tx:
        for room in rooms or ("stock", "orders", "sourcing", "fulfillment", "pickup"):
            for name, check in load(f"everyshelf.{room}", "checks.sql").found.items():
                found += [(name, *row) for row in tx.conn.execute(check.text.encode()).fetchall()]
    return found


def told(db: Database, prefix: str) -> list[str]:
    """The types of the events of a room, in order, without their prefix and version."""
    with db.transaction() as tx:
        rows = tx.conn.execute(
            "select type from event where type like %s order by id", [f"everyshelf.{prefix}%"]
        ).fetchall()
    return [name.removeprefix("everyshelf.").removesuffix(".v1") for (name,) in rows]
