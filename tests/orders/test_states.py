"""Every state of a line x everything that can be done: each cell has its expected result."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from everyshelf import orders
from everyshelf.base.results import Result
from everyshelf.base.tx import Database, Tx
from everyshelf.orders.facts import TABLE, Act
from tests.orders import shop as s
from tests.orders.shop import NOW, line
from tests.world import TEXAN

State = orders.LineState
Ids = orders.OrderId
_keys = itertools.count()
QTY = 4


def key() -> str:
    return f"t{next(_keys)}"


def mark(verb: Callable[[Tx, Any], list[bool]], qty: int) -> Callable[[Tx, Ids], Any]:
    return lambda tx, i: verb(tx, [(i, 1, qty)])[0]


def _amend(tx: Tx, order_id: Ids, **fields: Any) -> Result[orders.Amended]:
    return orders.amend(tx, [orders.Amend(key(), order_id, **fields)])[0]


def _hold(tx: Tx, order_id: Ids, kind: orders.HoldKind) -> Any:
    return orders.hold(tx, [orders.HoldOrder(key(), order_id, kind)])[0]


def _release(tx: Tx, order_id: Ids) -> Any:
    command = orders.ReleaseHold(key(), order_id, orders.HoldKind.FRAUD)
    return orders.release_hold(tx, [command])[0]


PICKUP = orders.AmendLine(1, method=orders.Method.PICKUP, pickup_node="S001")
DO: dict[Act, Callable[[Tx, Ids], Any]] = {
    Act.CANCEL: lambda tx, i: orders.cancel(tx, [orders.Cancel(key(), i)])[0],
    Act.CHANGE_QTY: lambda tx, i: _amend(tx, i, lines=[orders.AmendLine(1, qty=3)]),
    Act.CHANGE_METHOD: lambda tx, i: _amend(tx, i, lines=[PICKUP]),
    Act.CHANGE_ADDRESS: lambda tx, i: _amend(tx, i, ship_to=TEXAN),
    Act.HOLD: lambda tx, i: _hold(tx, i, orders.HoldKind.DATE),
    Act.RELEASE: _release,
    Act.SHIP: mark(orders.mark_shipped, 1),
    Act.UNSHIP: mark(orders.unship, 1),
    Act.RETURN: mark(orders.mark_returned, 1),
}
REACH: dict[orders.LineState, list[Callable[[Tx, Ids], Any]]] = {
    State.OPEN: [],
    State.HELD: [lambda tx, i: _hold(tx, i, orders.HoldKind.FRAUD)],
    State.PART_SHIPPED: [mark(orders.mark_shipped, 2)],
    State.PART_SHIPPED_HELD: [
        mark(orders.mark_shipped, 2),
        lambda tx, i: _hold(tx, i, orders.HoldKind.FRAUD),
    ],
    State.SHIPPED: [mark(orders.mark_shipped, QTY)],
    State.RETURNED: [mark(orders.mark_shipped, QTY), mark(orders.mark_returned, QTY)],
    State.CANCELLED: [DO[Act.CANCEL]],
}
# The expected table, written out by hand: "" = done. A fact that cannot be is answered False.
EXPECTED: dict[orders.LineState, dict[Act, str]] = {
    state: dict(zip(Act, codes.split(), strict=True))
    for state, codes in {
        State.OPEN: "ok ok ok ok ok not_held ok not_shipped not_shipped",
        State.HELD: "ok ok ok ok ok ok ok not_shipped not_shipped",
        State.PART_SHIPPED: "ok line_shipped line_shipped line_shipped ok not_held ok ok ok",
        State.PART_SHIPPED_HELD: "ok line_shipped line_shipped line_shipped ok ok ok ok ok",
        State.SHIPPED: "ended ended ended ended ended ended nothing_open ok ok",
        State.RETURNED: "ended ended ended ended ended ended nothing_open not_shipped not_shipped",
        State.CANCELLED:
            "ended ended ended ended ended ended nothing_open not_shipped not_shipped",
    }.items()
}  # fmt: skip
FACTS = (Act.SHIP, Act.UNSHIP, Act.RETURN)


def test_the_table_has_every_cell_and_says_what_is_expected() -> None:
    found = {
        state: {act: code.code.removeprefix("orders.") if code else "ok"
                for act, code in row.items()}
        for state, row in TABLE.items()
    }  # fmt: skip
    assert found == EXPECTED
    assert set(TABLE) == set(State)
    assert all(set(row) == set(Act) for row in TABLE.values())


@pytest.mark.parametrize("state", list(State))
def test_every_act_on_a_line_in_this_state_does_what_the_table_says(
    db: Database, state: orders.LineState
) -> None:
    s.shop(db, ("S001", "TEA-1", 200))
    for act in Act:
        order_id = s.placed(db, line("TEA-1", QTY))
        for step in REACH[state]:
            db.run(lambda tx, i=order_id, step=step: step(tx, i), now=NOW)  # type: ignore[misc]
        found = s.get(db, order_id)
        assert found.lines[0].state(bool(found.holds)) is state
        before = s.counts(db)
        do = DO[act]
        answer = db.run(lambda tx, i=order_id, do=do: do(tx, i), now=NOW)  # type: ignore[misc]
        expected = EXPECTED[state][act]
        if act in FACTS:
            assert answer is (expected == "ok"), (state, act)
        else:
            code = answer.refusal.code if answer.refusal else "orders.ok"
            assert code == f"orders.{expected}", (state, act)
        if expected != "ok":
            assert s.counts(db) == before, (state, act)
            assert s.get(db, order_id) == found
        else:
            assert s.get(db, order_id).version == found.version + 1
