"""Every state against every act: each cell has an expected result, tried on the database."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from everyshelf import fulfillment as f
from everyshelf.base.results import Result
from everyshelf.base.tx import Database, Tx
from everyshelf.fulfillment import Act, FulfillmentId, State
from everyshelf.fulfillment.facts import NEXT, STATE
from tests.fulfillment.shop import findings, key, one, open_shop, place, work

A, G, K, P = State.ACCEPTED, State.PICKING, State.PICKED, State.PACKED
DONE, NO, OFF = State.COMPLETED, State.REJECTED, State.CANCELLED
# What each act leads to when it is done to everything that is there; None: refused.
EXPECTED: dict[State, dict[Act, State | None]] = {
    State.OFFERED: {Act.ACCEPT: A, Act.REJECT: NO, Act.WITHDRAW: OFF},
    A: {Act.REJECT: NO, Act.WAVE: A, Act.PICK: K, Act.SHORT: OFF, Act.WITHDRAW: OFF},
    G: {Act.PICK: K, Act.UNPICK: A, Act.SHORT: K, Act.WITHDRAW: OFF},
    K: {Act.UNPICK: G, Act.PACK: P, Act.UNPACK: K, Act.WITHDRAW: OFF},
    P: {Act.UNPACK: K, Act.WITHDRAW: OFF, Act.COMPLETE: DONE},
    DONE: {},
    NO: {},
    OFF: {},
}


def _withdraw(tx: Tx, id_: FulfillmentId) -> list[Result[f.Done]]:
    (order,) = f.get(tx, [id_])
    units = [f.Withdraw(order.order_id, x.allocation_id, x.qty) for x in order.lines]
    taken = f.withdraw_now(tx, units, "test")
    (after,) = f.get(tx, [id_])
    if not taken:
        return [Result.refused(STATE())]
    return [Result.done(f.Done(id_, after.state, after.version))]


def _wave(tx: Tx, id_: FulfillmentId) -> list[Result[f.Done]]:
    answers = f.make_wave(tx, [f.MakeWave(key(), "S001", fulfillments=(id_,))])
    (after,) = f.get(tx, [id_])
    if answers[0].refusal is not None:
        return [Result.refused(answers[0].refusal.error())]
    return [Result.done(f.Done(id_, after.state, after.version))]


DO: dict[Act, Callable[[Tx, FulfillmentId], list[Result[f.Done]]]] = {
    Act.ACCEPT: lambda tx, id_: f.accept(tx, [f.Accept(key(), id_)]),
    Act.REJECT: lambda tx, id_: f.reject(tx, [f.Reject(key(), id_, f.RejectReason.TOO_BUSY)]),
    Act.WAVE: _wave,
    Act.PICK: lambda tx, id_: f.pick(tx, [f.Pick(key(), id_)]),
    Act.UNPICK: lambda tx, id_: f.unpick(tx, [f.Unpick(key(), id_)]),
    Act.SHORT: lambda tx, id_: f.short(tx, [f.Short(key(), id_)]),
    Act.PACK: lambda tx, id_: f.pack(tx, [f.Pack(key(), id_)]),
    Act.UNPACK: lambda tx, id_: f.unpack(tx, [f.Unpack(key(), id_)]),
    Act.WITHDRAW: _withdraw,
    Act.COMPLETE: lambda tx, id_: f.complete_now(tx, [id_]),
}
WAY: dict[State, tuple[Act, ...]] = {
    State.OFFERED: (),
    A: (Act.ACCEPT,),
    G: (Act.ACCEPT,),  # and one of the two lines picked
    K: (Act.ACCEPT, Act.PICK),  # and one of the two lines packed
    P: (Act.ACCEPT, Act.PICK, Act.PACK),
    DONE: (Act.ACCEPT, Act.PICK, Act.PACK, Act.COMPLETE),
    NO: (Act.REJECT,),
    OFF: (Act.WITHDRAW,),
}


def test_the_table_of_the_code_is_the_expected_one() -> None:
    for state, act in itertools.product(State, Act):
        expected = EXPECTED[state].get(act)
        assert ((state, act) in NEXT) == (expected is not None), (state, act)
        if expected is not None:
            assert expected in NEXT[state, act]


@pytest.mark.parametrize("state", list(State))
def test_every_act_in_this_state(db: Database, state: State) -> None:
    open_shop(db, S001={"TEA-1": 99, "MUG-1": 99})
    for act in Act:
        id_ = _bring(db, state)
        (before,) = db.run(lambda tx, id_=id_: f.get(tx, [id_]))  # type: ignore[misc]
        assert before.state is state
        (answer,) = db.run(lambda tx, act=act, id_=id_: DO[act](tx, id_))  # type: ignore[misc]
        (after,) = db.run(lambda tx, id_=id_: f.get(tx, [id_]))  # type: ignore[misc]
        expected = EXPECTED[state].get(act)
        if expected is None:
            assert answer.refusal is not None, (state, act)
            assert answer.refusal.code == "fulfillment.state"
            assert after == before
        else:
            assert answer.get().state is after.state is expected, (state, act)
            assert after.version > before.version
    # Here work is completed although nothing was shipped: that must be found, and nothing else.
    found = {name for name, _, _ in findings(db, "fulfillment")}
    assert found == ({"ended_work_holds_nothing"} if state in (P, DONE) else set())


def _bring(db: Database, state: State) -> FulfillmentId:
    order = work(db, place(db, ("TEA-1", 1), ("MUG-1", 1)))
    for act in WAY[state]:
        db.run(lambda tx, act=act: one(DO[act](tx, order.id)))  # type: ignore[misc]
    if state is G:
        line = f.PickLine(order.lines[0].allocation_id)
        db.run(lambda tx: one(f.pick(tx, [f.Pick(key(), order.id, (line,))])))
    if state is K:
        box = f.PackBox("M", (f.PackLine(order.lines[0].allocation_id),))
        db.run(lambda tx: one(f.pack(tx, [f.Pack(key(), order.id, (box,))])))
    return order.id
