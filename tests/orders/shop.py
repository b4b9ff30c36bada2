"""A small shop with stock, and the shortest way to say what a test is about."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from everyshelf import orders, stock
from everyshelf.base import codec
from everyshelf.base.events import registry
from everyshelf.base.results import Result
from everyshelf.base.sql import Statement, load
from everyshelf.base.tx import Database, Tx
from tests.world import NEW_YORKER, small_world

NOW = datetime(2026, 6, 1, 14, 0, tzinfo=UTC)  # A Monday, ten in the morning in New York.
TABLES = ("sales_order", "order_line", "order_hold", "order_change", "stock_hold", "stock_move",
          "event", "customer", "claim", "cart", "cart_line")  # fmt: skip
V = TypeVar("V")
_numbers = itertools.count(1)


def shop(db: Database, *units: tuple[str, str, int]) -> Database:
    """The small world with these (node, item, qty) received."""
    small_world(db, {})
    receive(db, *units)
    return db


def receive(db: Database, *units: tuple[str, str, int]) -> None:
    commands = [
        stock.Receive(key=f"in-{next(_numbers)}", node=node, item=item, qty=qty)
        for node, item, qty in units
    ]
    db.run(lambda tx: [r.get() for r in stock.receive(tx, commands)], now=NOW)


def line(item: str, qty: int, **fields: Any) -> orders.PlaceLine:
    return orders.PlaceLine(item, qty, **fields)


def order(*lines: orders.PlaceLine, **fields: Any) -> orders.Place:
    number = next(_numbers)
    given: dict[str, Any] = {
        "key": f"k{number}", "channel": "web", "channel_ref": f"W{number}",
        "buyer": orders.Buyer("Ada Miller", email="ada@example.com"), "currency": "USD",
        "lines": list(lines), "ship_to": NEW_YORKER, **fields,
    }  # fmt: skip
    return orders.Place(**given)


def place(db: Database, *commands: orders.Place) -> list[Result[orders.Placed]]:
    return db.run(lambda tx: orders.place(tx, commands), now=NOW)


def placed(db: Database, *lines: orders.PlaceLine, **fields: Any) -> orders.OrderId:
    """The id of a new order that must be good."""
    return place(db, order(*lines, **fields))[0].get().order_id


def get(db: Database, order_id: orders.OrderId) -> orders.Order:
    return db.run(lambda tx: orders.get(tx, [order_id]))[0]


def events(db: Database, kind: str | None = None) -> list[Any]:
    """The bodies of all events of the orders room (or of one type), oldest first."""
    text = "select type, body from event order by xid, id"
    rows = db.run(lambda tx: tx.tuples(Statement("tests", "events", "", text)))
    wanted = f"everyshelf.orders.{kind or ''}"
    return [codec.decode(body, registry()[t]) for t, body in rows if t.startswith(wanted)]


def counts(db: Database) -> dict[str, int]:
    """How many rows there are: what must not change when a command is refused."""
    return {t: int(one(db, f"select count(*) from {t}")) for t in TABLES}


def one(db: Database, text: str) -> Any:
    return db.run(lambda tx: tx.tuples(Statement("tests", "one", "", text)))[0][0]


def held(db: Database, order_id: orders.OrderId) -> dict[int, int]:
    """Softly held units by line."""
    rows = db.run(lambda tx: stock.holds_of(tx, [str(order_id)]))
    found: dict[int, int] = {}
    for row in rows:
        found[row.line] = found.get(row.line, 0) + row.qty
    return found


def clean(db: Database, rooms: Iterable[str] = ("stock", "cart", "orders")) -> None:
    """Every check of these rooms is empty."""
    for room in rooms:
        for check in load(f"everyshelf.{room}", "checks.sql").found.values():
            assert db.run(partial(_rows, check)) == [], check.name


def _rows(check: Statement, tx: Tx) -> list[tuple[Any, ...]]:
    return tx.tuples(check)


def refusals(results: Iterable[Result[Any]]) -> list[str | None]:
    return [r.refusal.code if r.refusal else None for r in results]
