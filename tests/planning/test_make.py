"""Make to order: requested with the order, received when made, stopped only before it begins."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from everyshelf import orders, planning
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.subscribe import step
from everyshelf.base.tx import Database
from everyshelf.orders import (
    Buyer,
    Cancel,
    CancelLine,
    HoldKind,
    OrderId,
    Place,
    PlaceLine,
    ReleaseHold,
)
from everyshelf.planning import Made, MakeChanged, MakeOrder, Start
from everyshelf.planning.on import HANDLERS
from tests.world import NEW_YORKER, small_world

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def retailer(db: Database) -> None:
    small_world(db)


def hear(db: Database) -> None:
    while step(db, "planning", HANDLERS, now=NOON):
        pass


def place(db: Database, qty: int = 2, holds: tuple[HoldKind, ...] = ()) -> OrderId:
    """An order for sofas, which nobody has on a shelf."""
    command = Place(
        key="1", channel="web", channel_ref="1", buyer=Buyer("Ada", "ada@example.com"),
        currency="USD", lines=[PlaceLine("SOFA-1", qty)], ship_to=NEW_YORKER, placed_at=NOON,
        hold_kinds=list(holds),
    )  # fmt: skip
    placed = db.run(lambda tx: orders.place(tx, [command]), now=NOON)[0].get()
    hear(db)
    return placed.order_id


def cancel(db: Database, order_id: OrderId, key: str, qty: int) -> None:
    command = Cancel(key, order_id, [CancelLine(1, qty)])
    db.run(lambda tx: orders.cancel(tx, [command]), now=NOON)[0].get()
    hear(db)


def the_make(db: Database) -> MakeOrder:
    with db.pool.connection() as conn:
        rows = conn.execute("select id from make_order").fetchall()
    (make_id,) = [planning.MakeId(i) for (i,) in rows]
    return db.run(lambda tx: planning.get(tx, [make_id]))[0]


def start(db: Database, make: MakeOrder) -> Result[MakeChanged]:
    return db.run(lambda tx: planning.start(tx, [Start("s", make.id)]), now=NOON)[0]


def made(db: Database, make: MakeOrder, key: str, qty: int) -> Result[MakeChanged]:
    return db.run(lambda tx: planning.made(tx, [Made(key, make.id, qty)]), now=NOON)[0]


def sellable(db: Database) -> int:
    with db.pool.connection() as conn:
        row = conn.execute(
            "select coalesce(sum(sellable), 0) from stock_balance where item = 'SOFA-1'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def findings(db: Database) -> list[str]:
    found: list[str] = []
    with db.pool.connection() as conn:
        for check in load("everyshelf.planning", "checks.sql").found.values():
            found += [f"{w}: {d}" for w, d in conn.execute(check.text.encode())]
    return found


def code(result: Result[MakeChanged]) -> str:
    return result.refusal.code if result.refusal else str(result.outcome)


def test_an_order_is_made_and_received_where_it_was_made(db: Database) -> None:
    place(db)
    make = the_make(db)
    assert (make.qty, make.node, make.state) == (2, "DC1", "requested")
    assert code(start(db, make)) == "done"
    assert made(db, make, "m1", 1).get().state == "started"
    assert sellable(db) == 1
    assert code(made(db, make, "m2", 2)) == "planning.too_many"
    assert sellable(db) == 1
    assert made(db, make, "m3", 1).get().state == "made"
    assert code(made(db, make, "m3", 1)) == "exists"
    assert code(made(db, make, "m4", 1)) == "planning.not_open"
    assert sellable(db) == 2
    assert findings(db) == []


def test_an_order_on_hold_is_not_made_until_it_is_clear(db: Database) -> None:
    order_id = place(db, holds=(HoldKind.FRAUD,))
    assert db.run(planning.open_makes) == []
    clear = ReleaseHold("k", order_id, HoldKind.FRAUD)
    db.run(lambda tx: orders.release_hold(tx, [clear]), now=NOON)[0].get()
    hear(db)
    assert the_make(db).qty == 2


def test_what_is_cancelled_before_it_begins_is_not_made(db: Database) -> None:
    order_id = place(db, 3)
    cancel(db, order_id, "c1", 1)
    assert (the_make(db).open, the_make(db).state) == (2, "requested")
    cancel(db, order_id, "c2", 2)
    assert (the_make(db).open, the_make(db).state) == (0, "cancelled")
    assert code(start(db, the_make(db))) == "planning.not_requested"
    assert findings(db) == []


def test_what_has_begun_is_made_whatever_becomes_of_its_order(db: Database) -> None:
    order_id = place(db, 2)
    start(db, the_make(db)).get()
    cancel(db, order_id, "c1", 2)
    assert (the_make(db).open, the_make(db).state) == (2, "started")
    assert made(db, the_make(db), "m", 2).get().state == "made"
    assert findings(db) == []
