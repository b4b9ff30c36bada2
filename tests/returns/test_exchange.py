"""Exchanges and ends of returns: the difference moves, and only the difference."""

from __future__ import annotations

from datetime import timedelta

import pytest

from everyshelf import orders, payment, returns
from everyshelf.base.results import Result
from everyshelf.base.tx import Database
from everyshelf.orders import OrderId, OrderState, PlaceLine
from everyshelf.returns import (
    AskedLine,
    CancelRma,
    CloseRma,
    CounterReturn,
    OpenRma,
    ReceivedLine,
    ReceiveReturn,
    RmaKind,
    RmaState,
    WantedLine,
)
from tests.returns.sold import NOON, findings, hear, paid, send, sold, world

LATER = NOON + timedelta(days=5)


@pytest.fixture(autouse=True)
def retailer(db: Database) -> None:
    world(db)


def swap(db: Database, order_id: OrderId, *wanted: WantedLine, key: str = "x") -> returns.Received:
    """Swaps one unit of line 1 at the counter."""
    command = CounterReturn(
        key, order_id, "S001", [ReceivedLine(1, 1)], kind=RmaKind.EXCHANGE, exchange=list(wanted)
    )
    answer = db.run(lambda tx: returns.counter_return(tx, [command]), now=LATER)[0].get()
    hear(db)
    return answer


def counter(db: Database, command: CounterReturn) -> Result[returns.Received]:
    return db.run(lambda tx: returns.counter_return(tx, [command]), now=LATER)[0]


def stop(db: Database, order_id: OrderId, qty: int) -> None:
    """Cancels units of line 1."""
    command = orders.Cancel(f"stop{qty}", order_id, [orders.CancelLine(1, qty)])
    db.run(lambda tx: orders.cancel(tx, [command]), now=LATER)[0].get()


def the_order(db: Database, order_id: OrderId | None) -> orders.Order:
    assert order_id is not None
    return db.run(lambda tx: orders.get(tx, [order_id]))[0]


def test_the_same_item_is_swapped_for_nothing(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 2, 1000, 80))
    answer = swap(db, order_id)
    new = the_order(db, answer.exchange_order_id)
    assert (new.total_minor, new.state, new.exchange_of) == (0, OrderState.OPEN, order_id)
    assert [(x.item, x.qty) for x in new.real] == [("TEA-1", 1)]
    assert paid(db, order_id).refunded_minor == answer.refund_minor == 0
    assert answer.state is RmaState.CLOSED
    assert findings(db) == []


def test_a_cheaper_item_gives_the_difference_back(db: Database) -> None:
    order_id = sold(db, PlaceLine("MUG-1", 1, 1250, 100))
    answer = swap(db, order_id, WantedLine("SOCK-1", 1))
    assert the_order(db, answer.exchange_order_id).total_minor == 0
    assert paid(db, order_id).refunded_minor == 1350 - 599
    assert findings(db) == []


def test_a_dearer_item_waits_for_the_difference(db: Database) -> None:
    order_id = sold(db, PlaceLine("SOCK-1", 1, 599, 0))
    answer = swap(db, order_id, WantedLine("MUG-1", 1))
    new = the_order(db, answer.exchange_order_id)
    assert (new.total_minor, new.holds) == (1250 - 599, ["payment"])
    assert paid(db, order_id).refunded_minor == 0
    assert paid(db, new.id).authorized_minor == 0
    pays = payment.Authorize("pays", new.id, ref="cash")
    db.run(lambda tx: payment.authorize(tx, [pays]), now=LATER)[0].get()
    assert the_order(db, new.id).holds == []
    assert findings(db) == []


def test_what_cannot_be_had_becomes_a_return(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 1, 1000, 80))
    answer = swap(db, order_id, WantedLine("LAMP-1", 90_000))
    assert answer.exchange_order_id is None
    assert paid(db, order_id).refunded_minor == 1080
    assert findings(db) == []


def test_what_was_exchanged_comes_back_for_the_first_payment(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 3, 1000, 0))
    first = CounterReturn("x", order_id, "S001", [ReceivedLine(1, 3)], kind=RmaKind.EXCHANGE)
    answer = db.run(lambda tx: returns.counter_return(tx, [first]), now=LATER)[0].get()
    new = answer.exchange_order_id
    assert new is not None
    hear(db)
    db.run(lambda tx: send(tx, new), now=LATER)
    for n in range(3):
        assert counter(db, CounterReturn(f"b{n}", new, "S002", [ReceivedLine(1, 1)])).ok
    assert paid(db, order_id).refunded_minor == 1000
    again = CounterReturn("y", new, "S002", [ReceivedLine(1, 1)], kind=RmaKind.EXCHANGE)
    refused = counter(db, again)
    assert refused.refusal is not None
    assert refused.refusal.code == "returns.exchange_once"
    assert findings(db) == []


def test_an_exchange_that_is_cancelled_gives_its_credit_back(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 3, 1000, 0))
    first = CounterReturn("x", order_id, "S001", [ReceivedLine(1, 3)], kind=RmaKind.EXCHANGE)
    new = counter(db, first).get().exchange_order_id
    assert new is not None
    hear(db)
    for n, refunded in enumerate((333, 1000)):
        stop(db, new, n + 1)
        hear(db)
        assert paid(db, order_id).refunded_minor == refunded
    assert findings(db) == []


def test_what_comes_back_of_a_cut_exchange_adds_up_to_the_credit(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 3, 1000, 0))
    first = CounterReturn("x", order_id, "S001", [ReceivedLine(1, 3)], kind=RmaKind.EXCHANGE)
    new = counter(db, first).get().exchange_order_id
    assert new is not None
    hear(db)
    stop(db, new, 1)
    db.run(lambda tx: send(tx, new), now=LATER)
    assert counter(db, CounterReturn("b", new, "S002", [ReceivedLine(1, 2)])).ok
    hear(db)
    assert paid(db, order_id).refunded_minor == 1000
    assert findings(db) == []


def test_a_return_ends_once(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 4, 1000, 0))
    asked = [OpenRma(f"o{n}", order_id, [AskedLine(1, 2)]) for n in range(2)]
    one, two = [r.get() for r in db.run(lambda tx: returns.open_rma(tx, asked), now=LATER)]
    take = ReceiveReturn("r", one.rma_id, "S001", [ReceivedLine(1, 1)])
    db.run(lambda tx: returns.receive(tx, [take]), now=LATER)[0].get()
    cancels = [CancelRma("c1", one.rma_id), CancelRma("c2", two.rma_id)]
    begun, gone = db.run(lambda tx: returns.cancel(tx, cancels), now=LATER)
    assert begun.refusal is not None
    assert begun.refusal.code == "returns.begun"
    assert gone.get().state is RmaState.CANCELLED
    closes = [CloseRma("c", one.rma_id, 9), CloseRma("d", one.rma_id), CloseRma("e", two.rma_id)]
    stale, done, late = db.run(lambda tx: returns.close(tx, closes), now=LATER)
    assert stale.refusal is not None
    assert stale.refusal.code == "version.stale"
    assert done.get().state is RmaState.CLOSED
    assert late.refusal is not None
    assert late.refusal.code == "returns.not_open"
    free = OpenRma("o9", order_id, [AskedLine(1, 3)])
    assert db.run(lambda tx: returns.open_rma(tx, [free]), now=LATER)[0].ok
    assert findings(db) == []


def test_a_return_that_never_comes_is_cancelled_in_time(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 1, 1000, 0))
    command = OpenRma("o", order_id, [AskedLine(1, 1)])
    opened = db.run(lambda tx: returns.open_rma(tx, [command]), now=LATER)[0].get()
    early = opened.expires_at - timedelta(seconds=1)
    assert db.run(lambda tx: returns.expire(tx, early), now=early) == 0
    due = opened.expires_at
    assert db.run(lambda tx: returns.expire(tx, due), now=due) == 1
    assert db.run(lambda tx: returns.expire(tx, due), now=due) == 0
    (rma,) = db.run(lambda tx: returns.get(tx, [opened.rma_id]))
    assert rma.state is RmaState.CANCELLED
    assert findings(db) == []
