"""A batch costs a constant number of statements, and its orders share the units in turn."""

from collections import Counter

import pytest

from everyshelf import orders
from everyshelf.base.tx import Database, Tx
from everyshelf.orders import OrderId
from everyshelf.sourcing import Trigger
from everyshelf.sourcing.source import source_now
from tests.sourcing import shop

ITEMS = ("TEA-1", "MUG-1", "LAMP-1", "BOOK-1", "SOCK-1")
SHELF = {(n, i): 5_000 for n in ("DC1", "DC2", "S001", "S002", "S003", "TPL1") for i in ITEMS}


def some(count: int) -> list[orders.Place]:
    return [
        shop.order(*((ITEMS[(n + k) % len(ITEMS)], 1 + n % 3) for k in range(1 + n % 4)))
        for n in range(count)
    ]


def statements(db: Database, made: list[OrderId]) -> int:
    def work(tx: Tx) -> int:
        source_now(tx, made, Trigger.PLACED)
        return tx.statements

    return db.run(work, now=shop.NOW)


def test_three_hundred_orders_cost_as_many_statements_as_ten(db: Database) -> None:
    shop.shop(db, SHELF)
    first, few, many = (shop.place(db, *some(n)) for n in (1, 10, 300))
    statements(db, first)  # The network is read once.
    assert statements(db, few) == statements(db, many)
    assert all(shop.at(db, o) for o in (few[0], many[0], many[-1]))
    assert shop.findings(db) == []


def test_orders_of_a_batch_take_turns_for_the_cheap_units(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 5, ("S003", "TEA-1"): 100})
    made = shop.source(
        db, *(shop.order(("TEA-1", 1), priority=9 if n == 7 else 0) for n in range(10))
    )
    where = [shop.nodes(db, o) for o in made]
    assert Counter(n for found in where for n in found) == {"S001": 5, "S003": 5}
    assert {n for n, found in enumerate(where) if found == {"S001"}} == {0, 1, 2, 3, 7}
    assert shop.findings(db) == []


@pytest.mark.parametrize("column", ["problem", "why"])
def test_a_kept_decision_is_small(db: Database, column: str) -> None:
    shop.shop(db, SHELF)
    shop.source(db, *some(40))
    [(median,)] = shop.ask(
        db,
        f"select percentile_cont(0.5) within group (order by length({column})) "
        "from sourcing_decision",
    )
    assert isinstance(median, float)
    assert median < 600
