"""A few items and nodes, written straight into their tables, so that stock is tested alone."""

from collections.abc import Callable

import pytest

from everyshelf import stock
from everyshelf.base.sql import load
from everyshelf.base.tx import Database

ITEMS = (("TEA", "none"), ("MUG", "none"), ("MILK", "lot"), ("PHONE", "serial"))
Fill = Callable[..., None]
Clean = Callable[[], None]
NODES = (("DC1", "ship"), ("S1", "ship,pickup"), ("S2", "pickup"), ("S3", "ship,pickup"))


@pytest.fixture
def shelf(db: Database) -> Database:
    """A database with four items and four nodes and nothing on the shelves."""
    with db.transaction() as tx:
        for channel in ("web", "app"):
            tx.conn.execute(
                "insert into channel (channel, name, kind, currency) values (%s, %s, 'web', 'USD')",
                [channel, channel],
            )
        for item, tracking in ITEMS:
            tx.conn.execute(
                "insert into item (item, name, tracking, updated_at) values (%s, %s, %s, now())",
                [item, item, tracking],
            )
        for n, (node, can) in enumerate(NODES):
            tx.conn.execute(
                "insert into node (node, name, kind, capabilities, priority, unknown_sales, "
                "updated_at) values (%s, %s, 'store', %s, %s, true, now())",
                [node, node, can.split(","), n],
            )
    return db


@pytest.fixture
def fill(shelf: Database) -> Fill:
    """`fill(DC1=5, S1=3)` receives TEA (or `item=...`) at nodes."""
    made = iter(range(10_000))

    def put(item: str = "TEA", **qtys: int) -> None:
        commands = [stock.Receive(f"fill-{next(made)}", n, item, q) for n, q in qtys.items()]
        for answer in shelf.run(lambda tx: stock.receive(tx, commands)):
            answer.get()

    return put


@pytest.fixture
def clean(shelf: Database) -> Clean:
    """Asserts that every invariant of the room holds."""

    def check() -> None:
        with shelf.transaction() as tx:
            for name, statement in load("everyshelf.stock", "checks.sql").found.items():
                rows = tx.tuples(statement)
                assert rows == [], f"{name}: {rows}"

    return check
