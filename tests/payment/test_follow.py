"""Payment follows its order: placed, grown, cancelled, complete."""

from __future__ import annotations

from datetime import timedelta

from everyshelf import payment
from everyshelf.base import outbox
from everyshelf.base.results import Outcome
from everyshelf.base.subscribe import step
from everyshelf.base.tx import Database, Tx
from everyshelf.orders import OrderId, ShortPolicy
from everyshelf.orders.events import LinesCancelled, OrderAmended, OrderCompleted, OrderPlaced
from everyshelf.payment.on import HANDLERS
from tests.payment.shop import NOON, count, findings, order


def paid(db: Database, order_id: OrderId) -> payment.Payment:
    return db.run(lambda tx: payment.get(tx, [order_id]))[0]


def tell(db: Database, *events: object) -> None:
    """Emits events and lets payment hear all that is there."""
    db.run(lambda tx: outbox.emit(tx, list(events)), now=NOON)  # type: ignore[arg-type]
    for _ in range(3):
        step(db, "payment", HANDLERS, now=NOON)


def cancelled(order_id: OrderId, version: int = 2) -> LinesCancelled:
    return LinesCancelled(
        order_id=order_id,
        lines=[],
        reason="customer",
        amount_minor=0,
        currency="USD",
        version=version,
    )


def amended(order_id: OrderId, version: int = 2) -> OrderAmended:
    return OrderAmended(
        order_id=order_id,
        ship_to_changed=False,
        added=[],
        moved=[],
        added_minor=0,
        currency="USD",
        held=False,
        version=version,
    )


def test_an_order_that_is_placed_is_authorized(db: Database) -> None:
    ids = [OrderId(n) for n in range(1, 301)]
    placed = [
        OrderPlaced(
            order_id=o,
            channel="web",
            priority=0,
            short_policy=ShortPolicy.PARTIAL,
            held=False,
            lines=[],
            currency="USD",
            total_minor=int(o),
            authorized=True,
            provider="manual",
            version=1,
        )
        for o in ids
    ]
    tell(db, *placed)
    rows = db.run(lambda tx: payment.get(tx, ids))
    assert [(p.authorized_minor, p.total_minor) for p in rows] == [(n, n) for n in range(1, 301)]


def test_hearing_of_a_batch_takes_the_same_statements_for_any_size(db: Database) -> None:
    def statements(order_ids: list[OrderId]) -> int:
        def work(tx: Tx) -> int:
            payment.capture_shipped_now(tx, [(o, "s") for o in order_ids])
            return tx.statements

        return db.run(work)

    few = [order(db, [(1, 100, 0)]) for _ in range(2)]
    many = [order(db, [(1, 100, 0)]) for _ in range(40)]
    for order_id in [*few, *many]:
        count(db, order_id, 1, shipped=1)
    assert statements(few) == statements(many)


def test_what_is_cancelled_before_it_ships_is_voided_at_the_end(db: Database) -> None:
    order_id = order(db, [(3, 1000, 70)], shipping=500)
    count(db, order_id, 1, cancelled=1)
    tell(db, cancelled(order_id))
    assert paid(db, order_id).voided_minor == 0
    count(db, order_id, 1, shipped=2)
    db.run(lambda tx: payment.capture_shipped_now(tx, [(order_id, "shp_1")]))
    tell(db, OrderCompleted(order_id=order_id, version=3))
    after = paid(db, order_id)
    assert after.captured_minor == 666 + 46 + 500
    assert after.voided_minor == 1570 - after.captured_minor
    assert after.capturable_minor == 0
    assert findings(db) == []


def test_an_order_that_is_cancelled_whole_is_voided_whole(db: Database) -> None:
    order_id = order(db, [(3, 1000, 70)], shipping=500)
    count(db, order_id, 1, cancelled=3)
    tell(db, cancelled(order_id))
    after = paid(db, order_id)
    assert (after.captured_minor, after.voided_minor, after.total_minor) == (0, 1570, 0)
    assert findings(db) == []


def test_what_was_paid_in_advance_comes_back_once(db: Database) -> None:
    order_id = order(db, [(3, 1000, 70)], shipping=500)
    db.run(lambda tx: payment.capture_due_now(tx, [(order_id, "till", 1570)]))
    gift = payment.Refund("k", order_id, 100, "apology")
    db.run(lambda tx: payment.refund(tx, [gift]))[0].get()
    count(db, order_id, 1, cancelled=1)
    tell(db, cancelled(order_id, 2))
    assert paid(db, order_id).refunded_minor == 100 + 334 + 24
    tell(db, cancelled(order_id, 3))
    assert paid(db, order_id).refunded_minor == 100 + 334 + 24
    count(db, order_id, 1, cancelled=3)
    tell(db, cancelled(order_id, 4))
    assert paid(db, order_id).refunded_minor == 1570
    assert findings(db) == []


def grow(db: Database, order_id: OrderId, amount: int) -> None:
    with db.pool.connection() as conn:
        conn.execute(
            "update order_line set amount_minor = %s where order_id = %s", [amount, order_id]
        )


def test_an_order_that_grows_is_authorized_further(db: Database) -> None:
    order_id = order(db, [(1, 1000, 0)])
    grow(db, order_id, 1400)
    tell(db, amended(order_id))
    tell(db, amended(order_id, 3))
    after = paid(db, order_id)
    assert (after.total_minor, after.authorized_minor) == (1400, 1400)
    assert findings(db) == []


def test_an_outside_provider_is_asked_for_the_difference_once(db: Database) -> None:
    order_id = order(db, [(1, 1000, 0)], provider="loop")
    grow(db, order_id, 1400)
    tell(db, amended(order_id))
    tell(db, amended(order_id, 3))
    asked = [i for i in db.run(lambda tx: payment.intents(tx, [order_id])) if i.state == "due"]
    assert [(i.kind, i.amount_minor) for i in asked] == [("authorize", 400)]
    assert paid(db, order_id).authorized_minor == 1000


def test_money_promised_outside_is_recorded_once(db: Database) -> None:
    order_id = order(db, [(1, 1000, 0)], authorized=False)
    command = payment.Authorize("k1", order_id, ref="cash 17")
    first = db.run(lambda tx: payment.authorize(tx, [command]), now=NOON)[0]
    again = db.run(lambda tx: payment.authorize(tx, [command]), now=NOON + timedelta(hours=1))[0]
    assert (first.outcome, again.outcome) == (Outcome.DONE, Outcome.EXISTS)
    after = paid(db, order_id)
    assert (after.authorized_minor, after.provider_ref) == (1000, "cash 17")
    assert [i.state for i in db.run(lambda tx: payment.intents(tx, [order_id]))] == ["done"]
    assert findings(db) == []


def test_an_order_that_ends_unpaid_leaves_nothing_waiting(db: Database) -> None:
    order_id = order(db, [(1, 1000, 0)], authorized=False)
    count(db, order_id, 1, cancelled=1)
    tell(db, cancelled(order_id))
    assert [i.state for i in db.run(lambda tx: payment.intents(tx, [order_id]))] == ["cancelled"]
    assert findings(db) == []
