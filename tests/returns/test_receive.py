"""Units come back: counted once, graded, put away at the receiving node, paid back exactly."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyshelf import orders, payment, returns
from everyshelf.base.results import Outcome, Result
from everyshelf.base.tx import Database
from everyshelf.orders import OrderId, PlaceLine
from everyshelf.returns import AskedLine, CounterReturn, OpenRma, ReceivedLine, ReceiveReturn
from tests.returns.sold import NOON, counted, findings, paid, sold, world

LATER = NOON + timedelta(days=5)
NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def retailer(db: Database) -> None:
    world(db)


def opened(db: Database, command: OpenRma) -> Result[returns.Opened]:
    return db.run(lambda tx: returns.open_rma(tx, [command]), now=LATER)[0]


def received(db: Database, command: ReceiveReturn) -> Result[returns.Received]:
    return db.run(lambda tx: returns.receive(tx, [command]), now=LATER)[0]


def at_counter(
    db: Database, command: CounterReturn, now: datetime = LATER
) -> Result[returns.Received]:
    return db.run(lambda tx: returns.counter_return(tx, [command]), now=now)[0]


def code(result: Result[Any]) -> str:
    return result.refusal.code if result.refusal else str(result.outcome)


def written(db: Database) -> list[Any]:
    """How many rows there are in each table that a return touches."""
    tables = ["rma", "rma_line", "return_receipt", "payment_intent", "stock_move", "event"]
    with db.pool.connection() as conn:
        return [conn.execute(f"select count(*) from {t}").fetchone() for t in [*tables, "claim"]]


def test_units_return_at_another_node_and_the_money_goes_back(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 3, 1000, 80), shipping=500)
    rma = opened(db, OpenRma("o", order_id, [AskedLine(1, 2, "too green")])).get()
    lines = [ReceivedLine(1, 1), ReceivedLine(1, 1, "c")]
    answer = received(db, ReceiveReturn("r", rma.rma_id, "S001", lines)).get()
    assert [(d.disposition, d.bucket) for d in answer.disposed] == [
        ("restock", "sellable"),
        ("recycle", "damaged"),
    ]
    assert answer.state is returns.RmaState.CLOSED
    assert answer.refund_minor == 666 + 53
    assert counted(db, "TEA-1", "S001", "sellable") == 1
    assert counted(db, "TEA-1", "S001", "damaged") == 1
    assert paid(db, order_id).refunded_minor == 719
    assert findings(db) == []


def test_all_units_back_means_all_of_their_money_back(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 3, 1000, 80), shipping=500)
    for n in range(3):
        command = CounterReturn(f"c{n}", order_id, "S002", [ReceivedLine(1, 1, "b")])
        assert code(at_counter(db, command)) == "done"
    after = paid(db, order_id)
    assert after.refunded_minor == after.captured_minor - 500 == 1080
    assert findings(db) == []


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 99_999), st.integers(0, 9_999)),
        min_size=1,
        max_size=3,
    ),
    data=st.data(),
)
def test_any_order_of_partial_returns_pays_back_what_was_paid(
    db: Database, lines: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    ref = f"n{next(NUMBERS)}"
    items = ("TEA-1", "MUG-1", "SOCK-1")
    wanted = [PlaceLine(i, q, a, t) for i, (q, a, t) in zip(items, lines, strict=False)]
    order_id = sold(db, *wanted, ref=ref)
    units = data.draw(st.permutations([n for n, x in enumerate(lines, 1) for _ in range(x[0])]))
    cut = data.draw(st.integers(1, len(units)))
    for n in range(0, len(units), cut):
        batch = [ReceivedLine(line, 1) for line in units[n : n + cut]]
        at_counter(db, CounterReturn(f"{ref}:{n}", order_id, "S001", batch)).get()
    after = paid(db, order_id)
    assert after.refunded_minor == after.captured_minor == sum(a + t for _, a, t in lines)
    assert findings(db) == []


def test_more_than_was_bought_is_refused_and_writes_nothing(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 3))
    assert code(opened(db, OpenRma("1", order_id, [AskedLine(1, 2)]))) == "done"
    before = written(db)
    too_many = [
        OpenRma("2", order_id, [AskedLine(1, 2)]),
        OpenRma("3", order_id, [AskedLine(1, 1), AskedLine(1, 1)]),
    ]
    answers = db.run(lambda tx: returns.open_rma(tx, too_many), now=LATER)
    assert {code(a) for a in answers} == {"returns.too_many"}
    assert all(a.refusal is not None and a.refusal.status == 422 for a in answers)
    counter = CounterReturn("4", order_id, "S001", [ReceivedLine(1, 2)])
    assert code(at_counter(db, counter)) == "returns.too_many"
    assert written(db) == before
    assert findings(db) == []


@pytest.mark.parametrize(
    ("node", "line", "refusal"),
    [
        ("D001", ReceivedLine(1, 1), "returns.node_refuses"),
        ("NOWHERE", ReceivedLine(1, 1), "returns.node_refuses"),
        ("S001", ReceivedLine(1, 2), "returns.not_expected"),
        ("S001", ReceivedLine(2, 1), "returns.not_expected"),
        ("S001", ReceivedLine(1, 0), "returns.not_expected"),
        ("S001", ReceivedLine(1, 1, "e"), "returns.grade_unknown"),
    ],
)
def test_what_cannot_be_received_writes_nothing(
    db: Database, node: str, line: ReceivedLine, refusal: str
) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 3))
    rma = opened(db, OpenRma("o", order_id, [AskedLine(1, 2)])).get().rma_id
    before = written(db)
    lines = [ReceivedLine(1, 1), line]
    assert code(received(db, ReceiveReturn("r", rma, node, lines))) == refusal
    assert written(db) == before


def test_one_bad_command_is_refused_alone(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 4), PlaceLine("PHONE-1", 1))
    commands = [
        CounterReturn("a", order_id, "S001", [ReceivedLine(1, 1)]),
        CounterReturn("b", None, "S001", [ReceivedLine(1, 1)]),
        CounterReturn("c", order_id, "S001", [ReceivedLine(1, 1), ReceivedLine(2, 1)]),
        CounterReturn("d", order_id, "D001", [ReceivedLine(1, 1)]),
        CounterReturn("e", order_id, "S002", [ReceivedLine(1, 1)]),
    ]
    answers = db.run(lambda tx: returns.counter_return(tx, commands), now=LATER)
    assert [code(a) for a in answers] == [
        "done",
        "returns.no_receipt",
        "stock.serial_required",
        "returns.node_refuses",
        "done",
    ]
    assert paid(db, order_id).refunded_minor == 2 * 899
    assert [counted(db, "TEA-1", s, "sellable") for s in ("S001", "S002")] == [1, 1]
    assert findings(db) == []


def test_two_people_who_receive_the_same_units_take_them_in_once(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 2, 1000, 0))
    rma = opened(db, OpenRma("o", order_id, [AskedLine(1, 2)])).get().rma_id

    def one(n: int) -> str:
        return code(received(db, ReceiveReturn(f"r{n}", rma, "S001", [ReceivedLine(1, 2)])))

    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(one, range(6)))
    assert codes == ["done"] + ["returns.not_open"] * 5
    assert counted(db, "TEA-1", "S001", "sellable") == 2
    assert paid(db, order_id).refunded_minor == 1000
    assert findings(db) == []


def test_the_same_key_is_received_once(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 2, 1000, 0))
    command = CounterReturn("c", order_id, "S001", [ReceivedLine(1, 1)])
    first, again = at_counter(db, command), at_counter(db, command)
    assert (first.outcome, again.outcome) == (Outcome.DONE, Outcome.EXISTS)
    assert first.get() == again.get()
    assert paid(db, order_id).refunded_minor == 500


def test_the_window_closes_and_a_manager_may_lift_it(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 2))
    late = NOON + timedelta(days=30, seconds=1)
    refused = at_counter(db, CounterReturn("c", order_id, "S001", [ReceivedLine(1, 1)]), late)
    assert code(refused) == "returns.window_closed"
    allowed = CounterReturn("d", order_id, "S001", [ReceivedLine(1, 1)], override="was ill")
    assert code(at_counter(db, allowed, late)) == "done"


def test_a_serial_number_comes_back_only_if_it_was_sold(db: Database) -> None:
    order_id = sold(db, PlaceLine("PHONE-1", 1))
    strange = CounterReturn("c", order_id, "S001", [ReceivedLine(1, 1, "a", "", ("P9",))])
    assert code(at_counter(db, strange)) == "stock.serial_elsewhere"
    own = CounterReturn("d", order_id, "S001", [ReceivedLine(1, 1, "a", "", ("P1",))])
    assert code(at_counter(db, own)) == "done"
    assert findings(db) == []


def test_a_kit_comes_back_in_pieces_that_sum_to_it(db: Database) -> None:
    order_id = sold(db, PlaceLine("GIFT-1", 2, 5599, 401))
    kit = CounterReturn("c", order_id, "S001", [ReceivedLine(1, 1)])
    first = at_counter(db, kit).get()
    assert sorted(d.qty for d in first.disposed) == [1, 2]
    (order,) = db.run(lambda tx: orders.get(tx, [order_id]))
    rest = [ReceivedLine(x.line, x.shipped - x.returned) for x in order.real]
    at_counter(db, CounterReturn("d", order_id, "S002", rest)).get()
    assert paid(db, order_id).refunded_minor == 6000
    assert findings(db) == []


def test_an_expired_lot_is_not_put_back_on_sale(db: Database) -> None:
    order_id = sold(db, PlaceLine("MILK-1", 1))
    with db.pool.connection() as conn:
        conn.execute("update stock_lot set expires_on = '2026-03-03' where lot = 'L1'")
    back = CounterReturn("c", order_id, "S001", [ReceivedLine(1, 1, "a", "L1")])
    answer = at_counter(db, back).get()
    assert [d.disposition for d in answer.disposed] == ["recycle"]


def test_no_more_goes_back_than_is_left(db: Database) -> None:
    order_id = sold(db, PlaceLine("TEA-1", 2, 1000, 0))
    gift = payment.Refund("k", order_id, 700, "apology")
    db.run(lambda tx: payment.refund(tx, [gift]))[0].get()
    answer = at_counter(db, CounterReturn("c", order_id, "S001", [ReceivedLine(1, 2)])).get()
    assert answer.refund_minor == 300
    assert paid(db, order_id).refunded_minor == 1000
    assert findings(db) == []


def test_many_returns_take_the_same_statements_as_few(db: Database) -> None:
    ids = [sold(db, PlaceLine("TEA-1", 1), ref=f"n{n}") for n in range(12)]

    def statements(order_ids: list[OrderId]) -> int:
        def work(tx: Any) -> int:
            lines = [ReceivedLine(1, 1)]
            commands = [CounterReturn(f"c{o}", o, "S001", lines) for o in order_ids]
            assert all(r.ok for r in returns.counter_return(tx, commands))
            return int(tx.statements)

        return db.run(work, now=LATER)

    statements(ids[:1])  # Opens the balance of the node.
    assert statements(ids[1:3]) == statements(ids[3:])
