"""Orders that are collected: code, tries, check-in, hand-over, no-show, on the real rooms."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from everyshelf import fulfillment as f
from everyshelf import orders, pickup
from everyshelf.base.tx import Database
from everyshelf.orders import OrderId
from everyshelf.pickup import PickupId, Staged, State
from everyshelf.pickup.facts import NEXT, Act
from tests.fulfillment.shop import (
    NOON,
    balance,
    drive,
    findings,
    key,
    one,
    open_shop,
    place,
    told,
    work,
)

SIGNED = "driving licence"


def staged(db: Database, *lines: tuple[str, int], method: str = "pickup") -> tuple[OrderId, Staged]:
    """An order that waits at S001, with its code."""
    order_id = place(db, *(lines or (("TEA-1", 2),)), method=method, node="S001")
    ful = work(db, order_id).id
    db.run(lambda tx: one(f.prepare(tx, [f.Prepare(key(), ful)])), now=NOON)
    drive(db)
    command = pickup.Stage(key(), ful, "shelf 4")
    return order_id, db.run(lambda tx: one(pickup.stage(tx, [command])), now=NOON)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def hand(db: Database, id_: PickupId, code: str = "", token: str = "", **more: str) -> str | None:
    """The refusal's code, or None when it was handed over."""
    command = pickup.HandOver(key(), id_, code, token, **more)  # type: ignore[arg-type]
    (answer,) = db.run(lambda tx: pickup.hand_over(tx, [command]), now=NOON)
    return answer.refusal.code if answer.refusal else None


def row(db: Database, id_: PickupId) -> pickup.Pickup:
    (found,) = db.run(lambda tx: pickup.get(tx, [id_]))
    return found


def test_packed_work_is_staged_by_itself_without_a_code(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5})
    order_id = place(db, ("TEA-1", 2), method="pickup", node="S001")
    ful = work(db, order_id).id
    db.run(lambda tx: one(f.prepare(tx, [f.Prepare(key(), ful)])), now=NOON)
    drive(db)
    (waits,) = db.run(lambda tx: pickup.waiting(tx, "S001"))
    assert (waits.state, waits.fulfillment_id) == (State.STAGED, ful)
    assert waits.expires_at == NOON + timedelta(days=7)
    assert hand(db, waits.id, "123456") == "pickup.code_none"
    given = db.run(lambda tx: one(pickup.issue_code(tx, [pickup.IssueCode(key(), waits.id)])))
    assert hand(db, waits.id, given.code) is None
    assert findings(db) == []


@pytest.mark.parametrize("by", ["code", "token", "spoken"])
def test_the_code_or_the_token_hands_over_once(db: Database, by: str) -> None:
    open_shop(db, S001={"TEA-1": 5})
    order_id, wait = staged(db)
    assert len(wait.code) == 6
    assert len(wait.token) >= 22
    code = {"code": wait.code, "token": "", "spoken": f"{wait.code[:3]} {wait.code[3:]}"}[by]
    token = wait.token if by == "token" else ""
    assert hand(db, wait.pickup_id, code, token, to="Bo, a neighbour") is None
    drive(db)
    after = row(db, wait.pickup_id)
    assert (after.state, after.handed_to) == (State.HANDED_OVER, "Bo, a neighbour")
    assert balance(db, "TEA-1", "S001") == {"sellable": 3}
    assert work(db, order_id).state is f.State.COMPLETED
    (order,) = db.run(lambda tx: orders.get(tx, [order_id]))
    assert order.state == "completed"
    assert hand(db, wait.pickup_id, code, token) == "pickup.state"
    with db.transaction() as tx:
        money = tx.conn.execute("select captured_minor, total_minor from payment").fetchone()
    assert money == (2 * 899, 2 * 899)
    assert findings(db) == []


def test_wrong_tries_survive_their_refusal_and_five_lock(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5})
    _, wait = staged(db)
    bad = wrong(wait.code)
    for n in range(1, 6):
        assert hand(db, wait.pickup_id, bad) == "pickup.code_wrong"
        assert row(db, wait.pickup_id).tries == n
    before = row(db, wait.pickup_id)
    assert hand(db, wait.pickup_id, wait.code) == "pickup.code_locked"
    assert hand(db, wait.pickup_id, token=wait.token) == "pickup.code_locked"
    assert row(db, wait.pickup_id) == before
    assert told(db, "pickup.code.locked") == ["pickup.code.locked"]
    assert balance(db, "TEA-1", "S001") == {"sellable": 3, "packed": 2}
    unlock = pickup.Unlock(key(), wait.pickup_id, SIGNED)
    anew = db.run(lambda tx: one(pickup.unlock(tx, [unlock])))
    assert hand(db, wait.pickup_id, wait.code) == "pickup.code_wrong"
    assert hand(db, wait.pickup_id, anew.code) is None
    assert findings(db) == []


def test_six_wrong_tries_in_one_batch_count_as_five(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5})
    _, wait = staged(db)
    batch = [pickup.HandOver(key(), wait.pickup_id, wrong(wait.code)) for _ in range(6)]
    batch.append(pickup.HandOver(key(), wait.pickup_id, wait.code))
    answers = db.run(lambda tx: pickup.hand_over(tx, batch))
    codes = [a.refusal.code if a.refusal else None for a in answers]
    assert codes == ["pickup.code_wrong"] * 5 + ["pickup.code_locked"] * 2
    assert row(db, wait.pickup_id).tries == 5


def test_a_code_is_kept_nowhere_in_clear_and_not_given_twice(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5})
    order_id, wait = staged(db)
    command = pickup.Stage("again", wait_work(db, order_id))
    first = db.run(lambda tx: one(pickup.stage(tx, [command])))
    (second,) = db.run(lambda tx: pickup.stage(tx, [command]))
    assert first.code
    assert (second.outcome, second.get().code, second.get().token) == ("exists", "", "")
    with db.transaction() as tx:
        for text in ("select body::text from event", "select convert_from(result, 'utf8') from"
                     " claim where scope like 'pickup%%'"):  # fmt: skip
            for (body,) in tx.conn.execute(text.replace("%%", "%").encode()).fetchall():
                assert first.code not in body.replace(str(first.pickup_id), "")
                assert first.token not in body
    assert hand(db, wait.pickup_id, wait.code) == "pickup.code_wrong"


def wait_work(db: Database, order_id: OrderId) -> f.FulfillmentId:
    return work(db, order_id).id


def test_two_associates_at_once_hand_over_once(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 50})
    for _ in range(5):
        order_id, wait = staged(db)
        gate = threading.Barrier(2)
        answers: list[str | None] = []

        def present(
            wait: Staged = wait,
            gate: threading.Barrier = gate,
            answers: list[str | None] = answers,
        ) -> None:
            gate.wait()
            answers.append(hand(db, wait.pickup_id, wait.code))

        threads = [threading.Thread(target=present) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers, key=str) == [None, "pickup.state"]
        (order,) = db.run(lambda tx, o=order_id: orders.get(tx, [o]))  # type: ignore[misc]
        assert order.lines[0].shipped == 2
    assert balance(db, "TEA-1", "S001") == {"sellable": 40}
    drive(db)
    assert findings(db) == []


def test_refusals_write_nothing(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5}, DC1={"LAMP-1": 5})
    order_id, wait = staged(db)
    before = row(db, wait.pickup_id)
    assert hand(db, PickupId(5), wait.code) == "pickup.unknown"
    assert hand(db, wait.pickup_id) == "pickup.code_missing"
    assert hand(db, wait.pickup_id, wait.code, node="S002") == "pickup.wrong_node"
    shipped = work(db, place(db, ("LAMP-1", 1))).id
    answers = db.run(
        lambda tx: pickup.stage(
            tx, [pickup.Stage(key(), shipped), pickup.Stage(key(), f.FulfillmentId(9))]
        )
    )
    codes = [a.refusal.code for a in answers if a.refusal]
    assert codes == ["pickup.not_collected", "pickup.work_unknown"]
    assert row(db, wait.pickup_id) == before
    assert work(db, order_id).state is f.State.PACKED


def test_curbside_check_in_names_the_bay(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5})
    _, wait = staged(db, method="curbside")
    late = NOON + timedelta(days=7) - timedelta(minutes=1)
    for bay in ("3", "5"):
        arrival = pickup.CheckIn(key(), wait.pickup_id, bay)
        db.run(lambda tx, c=arrival: one(pickup.check_in(tx, [c])), now=late)  # type: ignore[misc]
    here = row(db, wait.pickup_id)
    assert (here.state, here.bay) == (State.CHECKED_IN, "5")
    assert db.run(lambda tx: pickup.expire(tx, late + timedelta(minutes=5), 10)) == 0
    assert hand(db, wait.pickup_id, wait.code) is None


def test_nobody_came_and_everything_is_given_back(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5, "MUG-1": 5})
    order_id, wait = staged(db, ("TEA-1", 2), ("MUG-1", 1))
    end = NOON + timedelta(days=7)
    early = end - timedelta(seconds=1)
    assert db.run(lambda tx: pickup.expire(tx, early, 10), now=early) == 0
    assert db.run(lambda tx: pickup.expire(tx, end, 10), now=end) == 1
    assert db.run(lambda tx: pickup.expire(tx, end, 10), now=end) == 0
    drive(db, end)
    assert row(db, wait.pickup_id).state is State.NO_SHOW
    assert balance(db, "TEA-1", "S001") == {"sellable": 5}
    assert balance(db, "MUG-1", "S001") == {"sellable": 5}
    (order,) = db.run(lambda tx: orders.get(tx, [order_id]))
    assert order.state == "cancelled"
    assert work(db, order_id).reason == "no_show"
    assert hand(db, wait.pickup_id, wait.code) == "pickup.state"
    assert told(db, "pickup.order.not_collected") == ["pickup.order.not_collected"]
    with db.transaction() as tx:
        money = tx.conn.execute("select captured_minor, authorized_minor from payment").fetchone()
    assert money is not None
    assert money[0] == 0
    assert findings(db) == []


def test_a_partly_cancelled_order_hands_over_the_rest(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5, "MUG-1": 5})
    order_id, wait = staged(db, ("TEA-1", 3), ("MUG-1", 1))
    for heard in (False, True):  # Before and after the node has heard of it.
        cancel = orders.Cancel(
            key=key(), order_id=order_id, lines=[orders.CancelLine(1, 1)], reason="customer"
        )
        db.run(lambda tx, c=cancel: one(orders.cancel(tx, [c])))  # type: ignore[misc]
        if heard:
            drive(db)
    command = pickup.HandOver(key(), wait.pickup_id, wait.code)
    last = orders.Cancel(
        key=key(), order_id=order_id, lines=[orders.CancelLine(2, 1)], reason="customer"
    )
    db.run(lambda tx: one(orders.cancel(tx, [last])))
    done = db.run(lambda tx: one(pickup.hand_over(tx, [command])), now=NOON)
    assert done.units == 1
    drive(db)
    assert balance(db, "TEA-1", "S001") == {"sellable": 4}
    assert balance(db, "MUG-1", "S001") == {"sellable": 5}
    assert findings(db) == []


def test_a_cancelled_order_is_not_handed_over(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5})
    order_id, wait = staged(db)
    cancel = orders.Cancel(key=key(), order_id=order_id, reason="customer")
    db.run(lambda tx: one(orders.cancel(tx, [cancel])))
    assert hand(db, wait.pickup_id, wait.code) == "pickup.cancelled"
    assert balance(db, "TEA-1", "S001") == {"sellable": 3, "packed": 2}
    drive(db)
    assert row(db, wait.pickup_id).state is State.CANCELLED
    assert balance(db, "TEA-1", "S001") == {"sellable": 5}
    assert findings(db) == []


def test_opened_packages_take_the_pickup_away_until_packed_again(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5})
    order_id, wait = staged(db)
    ful = work(db, order_id).id
    db.run(lambda tx: one(f.unpack(tx, [f.Unpack(key(), ful)])))
    assert hand(db, wait.pickup_id, wait.code) == "pickup.not_packed"
    drive(db)
    assert row(db, wait.pickup_id).state is State.CANCELLED
    db.run(lambda tx: one(f.pack(tx, [f.Pack(key(), ful)])))
    drive(db)
    (again,) = db.run(lambda tx: pickup.waiting(tx, "S001"))
    assert again.id != wait.pickup_id
    assert findings(db) == []


def test_every_state_has_an_answer_to_every_act() -> None:
    open_ = {State.STAGED, State.CHECKED_IN}
    for state in State:
        for act in Act:
            assert ((state, act) in NEXT) == (state in open_), (state, act)
    ends = {NEXT[State.STAGED, a] for a in (Act.HAND_OVER, Act.EXPIRE, Act.CANCEL)}
    assert ends == set(State) - open_


def test_the_end_of_the_window_and_the_customer_at_once_have_one_winner(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 50})
    end = NOON + timedelta(days=7)
    for _ in range(5):
        order_id, wait = staged(db)
        gate = threading.Barrier(2)
        answers: list[str | None] = []

        def come(
            wait: Staged = wait,
            gate: threading.Barrier = gate,
            answers: list[str | None] = answers,
        ) -> None:
            gate.wait()
            answers.append(hand(db, wait.pickup_id, wait.code))

        def sweep(gate: threading.Barrier = gate) -> None:
            gate.wait()
            db.run(lambda tx: pickup.expire(tx, end, 10), now=end)

        threads = [threading.Thread(target=come), threading.Thread(target=sweep)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        drive(db, end)
        (order,) = db.run(lambda tx, o=order_id: orders.get(tx, [o]))  # type: ignore[misc]
        state = row(db, wait.pickup_id).state
        if answers == [None]:
            assert (state, order.state) == (State.HANDED_OVER, "completed")
        else:
            assert (answers, state, order.state) == (
                ["pickup.state"], State.NO_SHOW, "cancelled",
            )  # fmt: skip
    assert findings(db) == []
