"""PostgreSQL asks for a retry at every single statement of the main verbs: nobody notices (M4).

Each verb is run once to count its statements, then once for each statement and each SQLSTATE with
that error at that statement; the answer is the same, the books agree, and nothing is done twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from everyshelf import cart, fulfillment, orders, payment, pickup, returns, stock, transport
from everyshelf.base.sql import Statement
from everyshelf.base.tx import Database, Tx
from everyshelf.edge import worker
from everyshelf.insight import audit_database
from everyshelf.returns import AskedLine, ReceivedLine
from tests.look import rows
from tests.walk import NOW, hear, packed, placed, shipped, work_of
from tests.world import NEW_YORKER, done, small_world

STATES = ("40001", "40P01", "55P03", "57P01")
Work = Callable[[Tx], Any]


class Faults:
    """Raises one error at one statement, once; counts the statements."""

    def __init__(self) -> None:
        self.seen = 0
        self.at = 0
        self.raised = 0
        self.state = ""

    def pass_(self) -> None:
        self.seen += 1
        if self.seen == self.at:
            self.raised += 1
            raise psycopg.errors.lookup(self.state)("injected")

    @contextmanager
    def armed(self, at: int, state: str) -> Iterator[None]:
        self.seen, self.at, self.state, self.raised = 0, at, state, 0
        try:
            yield
        finally:
            self.at = 0


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    made = Faults()
    before = Tx._execute

    def execute(self: Tx, statement: Statement, params: dict[str, Any]) -> psycopg.Cursor[Any]:
        made.pass_()
        return before(self, statement, params)

    monkeypatch.setattr(Tx, "_execute", execute)
    monkeypatch.setattr(random, "uniform", lambda *_: 0.0)
    return made


def place(db: Database, n: int) -> Work:
    lines = [orders.PlaceLine("GIFT-1", 1), orders.PlaceLine("SOCK-1", 2)]
    command = orders.Place(
        key=f"f{n}", channel="web", channel_ref=f"f{n}", buyer=orders.Buyer(email="a@example.com"),
        currency="USD", ship_to=NEW_YORKER, lines=lines,
    )  # fmt: skip
    return lambda tx: orders.place(tx, [command])


def put(db: Database, n: int) -> Work:
    opened = db.run(lambda tx: done(cart.open_cart(tx, [cart.OpenCart(f"o{n}", "web")])), now=NOW)
    command = cart.Put(f"f{n}", opened[0].id, "TEA-1", 1)
    return lambda tx: cart.put(tx, [command])


def cancel(db: Database, n: int) -> Work:
    command = orders.Cancel(f"f{n}", placed(db, ("TEA-1", 1)))
    return lambda tx: orders.cancel(tx, [command])


def hold_order(db: Database, n: int) -> Work:
    command = orders.HoldOrder(f"f{n}", placed(db, ("TEA-1", 1)), orders.HoldKind.FRAUD)
    return lambda tx: orders.hold(tx, [command])


def amend(db: Database, n: int) -> Work:
    change = orders.AmendLine(1, 2)
    command = orders.Amend(f"f{n}", placed(db, ("TEA-1", 1)), lines=[change])
    return lambda tx: orders.amend(tx, [command])


def receive(db: Database, n: int) -> Work:
    return lambda tx: stock.receive(tx, [stock.Receive(f"f{n}", "DC1", "LAMP-1", 1)])


def sell(db: Database, n: int) -> Work:
    return lambda tx: stock.sell(tx, [stock.Sell(f"f{n}", "S002", "TEA-1", 1)])


def count(db: Database, n: int) -> Work:
    return lambda tx: stock.count(tx, [stock.Count(f"f{n}", "S003", "BOOK-1", 40 + n)])


def prepare(db: Database, n: int) -> Work:
    (id_,) = work_of(db, placed(db, ("TEA-1", 1)))
    return lambda tx: fulfillment.prepare(tx, [fulfillment.Prepare(f"f{n}", id_)])


def short(db: Database, n: int) -> Work:
    (id_,) = work_of(db, placed(db, ("SOCK-1", 1)))
    db.run(lambda tx: fulfillment.accept(tx, [fulfillment.Accept(f"a{n}", id_)]), now=NOW)
    return lambda tx: fulfillment.short(tx, [fulfillment.Short(f"f{n}", id_)])


def ship(db: Database, n: int) -> Work:
    (id_,) = packed(db, placed(db, ("TEA-1", 1)))
    return lambda tx: transport.ship(tx, [transport.Ship(f"f{n}", id_)])


def stage(db: Database, n: int) -> Work:
    (id_,) = packed(db, placed(db, ("TEA-1", 1), method="pickup", at="S001"))
    return lambda tx: pickup.stage(tx, [pickup.Stage(f"f{n}", id_)])


def refund(db: Database, n: int) -> Work:
    order_id = placed(db, ("TEA-1", 1))
    shipped(db, order_id)
    return lambda tx: payment.refund(tx, [payment.Refund(f"f{n}", order_id, 10, "sorry")])


def open_rma(db: Database, n: int) -> Work:
    order_id = placed(db, ("TEA-1", 1))
    shipped(db, order_id)
    command = returns.OpenRma(f"f{n}", order_id, [AskedLine(1, 1)])
    return lambda tx: returns.open_rma(tx, [command])


def counter_return(db: Database, n: int) -> Work:
    order_id = placed(db, ("TEA-1", 1))
    shipped(db, order_id)
    command = returns.CounterReturn(f"f{n}", order_id, "S001", [ReceivedLine(1, 1)])
    return lambda tx: returns.counter_return(tx, [command])


VERBS = (
    place, put, cancel, hold_order, amend, receive, sell, count, prepare, short, ship, stage,
    refund, open_rma, counter_return,
)  # fmt: skip


def quiet(db: Database) -> None:
    hear(db)
    assert audit_database(db) == []


@pytest.mark.parametrize("verb", VERBS, ids=lambda v: v.__name__)
def test_a_retry_at_any_statement_is_never_seen(db: Database, faults: Faults, verb: Any) -> None:
    plenty = {(n, i): 300 for n in ("DC1", "S001", "S002") for i in ("TEA-1", "MUG-1", "SOCK-1")}
    small_world(db, plenty | {("S003", "BOOK-1"): 5})
    work = verb(db, 0)
    faults.seen = 0
    assert db.run(work, now=NOW)[0].ok
    statements = faults.seen
    hit = 0
    for at in range(1, statements + 1):
        work = verb(db, at)
        hear(db)
        before = rows(db, "select count(*) from claim")
        with faults.armed(at, STATES[at % len(STATES)]):
            (told,) = db.run(work, now=NOW)
        hit += faults.raised
        assert told.outcome == "done", told
        assert rows(db, "select count(*) from claim") > before
    # The first time takes up to three statements more: a new buyer, a new cell of the ledger.
    assert statements - 3 <= hit <= statements
    quiet(db)


def test_a_retry_at_any_statement_of_the_rooms_handlers_is_never_seen(
    db: Database, faults: Faults
) -> None:
    """Sourcing, work and money follow an order although every step of theirs fails once."""
    small_world(db)
    db.run(place(db, 0), now=NOW)
    faults.seen = 0
    worker.drain(db, now=NOW)
    statements = faults.seen
    assert statements > 50
    for at in range(1, statements + 1, 5):
        db.run(place(db, at), now=NOW)
        with faults.armed(at, STATES[at % len(STATES)]):
            worker.drain(db, now=NOW)
        assert rows(db, "select count(*) from delivery") == [(0,)]
    quiet(db)
    assert rows(db, "select count(*) from sourcing_demand") == [(0,)]
