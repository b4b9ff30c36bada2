"""Captures and refunds fall due: bounded, once per cause, exact to the last cent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyshelf import payment
from everyshelf.base.errors import Refused
from everyshelf.base.results import Outcome
from everyshelf.base.tx import Database
from everyshelf.orders import OrderId
from everyshelf.payment.facts import Kind, State
from tests.payment.shop import count, findings, order


def paid(db: Database, order_id: OrderId) -> payment.Payment:
    return db.run(lambda tx: payment.get(tx, [order_id]))[0]


def capture_shipped(db: Database, order_id: OrderId, cause: str) -> payment.Effect:
    return db.run(lambda tx: payment.capture_shipped_now(tx, [(order_id, cause)]))[0].get()


def test_a_capture_is_done_once_per_cause(db: Database) -> None:
    order_id = order(db, [(2, 1000, 80)])

    def capture(amount: int) -> payment.Effect:
        return db.run(lambda tx: payment.capture_due_now(tx, [(order_id, "shp_1", amount)]))[
            0
        ].get()

    first = capture(700)
    assert capture(700) == first
    with pytest.raises(Refused, match=r"payment\.cause_reused"):
        capture(701)
    assert paid(db, order_id).captured_minor == 700
    assert findings(db) == []


def test_a_batch_is_decided_in_the_order_of_arrival(db: Database) -> None:
    order_id = order(db, [(1, 1000, 0)])
    other = order(db, [(1, 500, 0)])
    results = db.run(
        lambda tx: payment.capture_due_now(
            tx,
            [
                (order_id, "a", 600),
                (other, "a", 500),
                (order_id, "b", 500),
                (order_id, "c", 400),
                (order_id, "c", 400),
                (order_id, "d", 0),
                (order_id, "e", -1),
                (OrderId(7), "a", 1),
            ],
        )
    )
    codes = [r.refusal.code if r.refusal else str(r.outcome) for r in results]
    assert codes == [
        "done",
        "done",
        "payment.over_authorized",
        "done",
        "exists",
        "done",
        "input.invalid",
        "payment.unknown",
    ]
    assert paid(db, order_id).captured_minor == 1000
    failed = [
        i for i in db.run(lambda tx: payment.intents(tx, [order_id])) if i.state is State.FAILED
    ]
    assert [(i.kind, i.cause) for i in failed] == [(Kind.CAPTURE, "b")]
    assert findings(db) == []


def test_a_refund_beyond_what_was_captured_writes_nothing(db: Database) -> None:
    order_id = order(db, [(1, 1000, 0)])
    db.run(lambda tx: payment.capture_due_now(tx, [(order_id, "a", 600)]))
    before = db.run(lambda tx: payment.intents(tx, [order_id]))
    result = db.run(lambda tx: payment.refund_due_now(tx, [(order_id, "r", 601)]))[0]
    with pytest.raises(Refused, match=r"payment\.over_captured"):
        result.get()
    assert db.run(lambda tx: payment.intents(tx, [order_id])) == before
    assert paid(db, order_id).refunded_minor == 0


def test_fifty_refunds_at_once_never_exceed_what_was_captured(db_url: str) -> None:
    with Database(db_url, size=10) as db:
        order_id = order(db, [(1, 1000, 0)])
        db.run(lambda tx: payment.capture_due_now(tx, [(order_id, "a", 1000)]))

        def one(n: int) -> Outcome:
            return db.run(lambda tx: payment.refund_due_now(tx, [(order_id, f"r{n}", 130)]))[
                0
            ].outcome

        with ThreadPoolExecutor(10) as pool:
            outcomes = list(pool.map(one, range(50)))
        assert outcomes.count(Outcome.DONE) == 7
        assert paid(db, order_id).refunded_minor == 910
        assert findings(db) == []


def test_the_row_refuses_what_the_book_has_missed(db: Database) -> None:
    """The guard of last resort: the CHECK, by name, becomes the same refusal."""
    order_id = order(db, [(1, 1000, 0)])
    with pytest.raises(Refused, match=r"payment\.over_authorized"), db.transaction() as tx:
        tx.conn.execute("update payment set captured_minor = 1001 where order_id = %s", [order_id])


def test_the_last_shipment_captures_the_rest_exactly(db: Database) -> None:
    order_id = order(db, [(3, 1000, 100), (1, 7, 1)], shipping=499)
    taken = []
    for n, counts in enumerate([{1: 1}, {1: 2}, {1: 3, 2: 1}]):
        for line, shipped in counts.items():
            count(db, order_id, line, shipped=shipped)
        taken.append(capture_shipped(db, order_id, f"shp_{n}").amount_minor)
    assert taken == [333 + 33 + 499, 333 + 33, 334 + 34 + 8]
    assert paid(db, order_id).captured_minor == 1000 + 100 + 8 + 499


def test_a_shipment_is_captured_once_however_often_it_is_told(db: Database) -> None:
    order_id = order(db, [(2, 999, 0)])
    count(db, order_id, 1, shipped=1)
    first = capture_shipped(db, order_id, "shp_1")
    assert first.amount_minor == 499
    count(db, order_id, 1, shipped=2)
    assert capture_shipped(db, order_id, "shp_1") == first
    assert paid(db, order_id).captured_minor == 499


CURRENCY = st.sampled_from(["JPY", "USD", "KWD"])
LINES = st.lists(
    st.tuples(st.integers(1, 7), st.integers(0, 10**7), st.integers(0, 10**6)),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lines=LINES, shipping=st.integers(0, 5000), currency=CURRENCY, data=st.data())
def test_any_order_of_shipments_captures_the_whole(
    db: Database,
    lines: list[tuple[int, int, int]],
    shipping: int,
    currency: str,
    data: st.DataObject,
) -> None:
    order_id = order(db, lines, shipping=shipping, currency=currency)
    units = data.draw(st.permutations([n for n, x in enumerate(lines, 1) for _ in range(x[0])]))
    shipped = dict.fromkeys(range(1, len(lines) + 1), 0)
    for step, line in enumerate(units):
        shipped[line] += 1
        count(db, order_id, line, shipped=shipped[line])
        capture_shipped(db, order_id, f"shp_{step}")
    after = paid(db, order_id)
    assert after.captured_minor == after.total_minor == after.authorized_minor
    assert after.currency == currency
    assert findings(db) == []
