"""What a node cannot do is done elsewhere: rejected, short, cancelled; races have one winner."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from everyshelf import fulfillment as f
from everyshelf import orders
from everyshelf.base.results import Result
from everyshelf.base.tx import Database
from everyshelf.orders import OrderId
from tests.fulfillment.shop import (
    balance,
    drive,
    findings,
    key,
    one,
    open_shop,
    place,
    told,
    work,
    works,
)


@pytest.mark.parametrize(
    ("reason", "left"),
    [
        (f.RejectReason.NOT_FOUND, {"sellable": 3}),
        (f.RejectReason.DAMAGED, {"sellable": 3, "damaged": 2}),
        (f.RejectReason.TOO_BUSY, {"sellable": 5}),
        (f.RejectReason.CLOSED, {"sellable": 5}),
        (f.RejectReason.OTHER, {"sellable": 5}),
    ],
)
def test_a_rejection_corrects_stock_by_its_reason_and_moves_on(
    db: Database, reason: f.RejectReason, left: dict[str, int]
) -> None:
    open_shop(db, S001={"TEA-1": 5}, S002={"TEA-1": 5})
    order_id = place(db, ("TEA-1", 2))
    first = work(db, order_id)
    db.run(lambda tx: one(f.reject(tx, [f.Reject(key(), first.id, reason, "tried")])))
    drive(db)
    assert balance(db, "TEA-1", first.node) == left
    old, new = works(db, order_id)
    assert (old.state, old.reason) == (f.State.REJECTED, f"{reason.value}: tried")
    assert {old.node, new.node} == {"S001", "S002"}
    assert (new.state, new.lines[0].open) == (f.State.OFFERED, 2)
    db.run(lambda tx: one(f.reject(tx, [f.Reject(key(), new.id, reason)])))
    drive(db)
    assert len(works(db, order_id)) == 2, "a node that said no is not asked again"
    assert findings(db) == []


def test_a_short_is_sourced_elsewhere_and_the_rest_goes_on(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 3}, S003={"TEA-1": 5})
    order_id = place(db, ("TEA-1", 3))
    first = work(db, order_id)
    allocation = first.lines[0].allocation_id
    db.run(lambda tx: one(f.accept(tx, [f.Accept(key(), first.id)])))
    found = (f.PickLine(allocation, 1),)
    db.run(lambda tx: one(f.pick(tx, [f.Pick(key(), first.id, found)])))
    done = db.run(lambda tx: one(f.short(tx, [f.Short(key(), first.id)])))
    assert done.state is f.State.PICKED
    drive(db)
    old, new = works(db, order_id)
    assert (old.lines[0].picked, old.lines[0].short) == (1, 2)
    assert new.node != old.node
    assert new.lines[0].open == 2
    assert balance(db, "TEA-1", old.node) == (
        {"picked": 1} if old.node == "S001" else {"sellable": 2, "picked": 1}
    )
    (line,) = db.run(lambda tx: orders.open_lines(tx, [order_id]))
    assert line.open == 3, "the buyer is still owed everything"
    assert "fulfillment.order.shorted" in told(db, "fulfillment")
    assert findings(db) == []


def test_short_of_everything_ends_the_work(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 2})
    order_id = place(db, ("TEA-1", 2))
    ful = work(db, order_id).id
    damaged = f.Short(key(), ful, reason=f.ShortReason.DAMAGED)
    done = db.run(lambda tx: one(f.short(tx, [damaged])))
    drive(db)
    assert done.state is f.State.CANCELLED
    assert balance(db, "TEA-1", "DC1") == {"damaged": 2}
    assert findings(db) == []


@pytest.mark.parametrize("steps", ["offered", "accepted", "picking", "picked", "packed"])
@pytest.mark.parametrize("qty", [1, 4])
def test_cancelled_units_go_back_to_the_shelf(db: Database, steps: str, qty: int) -> None:
    open_shop(db, S001={"TEA-1": 9})
    order_id = place(db, ("TEA-1", 4))
    _bring(db, work(db, order_id), steps)
    _cancel(db, order_id, qty)
    after = work(db, order_id)
    assert after.lines[0].open == 4 - qty
    assert sum(balance(db, "TEA-1", "S001").values()) == 9
    assert balance(db, "TEA-1", "S001")["sellable"] == 5 + qty
    if qty == 4:
        assert after.state is f.State.CANCELLED
    elif steps == "packed":
        assert after.state is f.State.PACKED
        (package,) = db.run(lambda tx: f.packages_of(tx, [after.id]))
        assert package.lines[0].qty == 3
        assert package.weight_g == 3 * 300 + next(
            b.tare_g for b in f.CARTONS if b.name == package.carton
        )
    assert findings(db) == []


def _bring(db: Database, order: f.FulfillmentOrder, to: str) -> None:
    if to == "offered":
        return
    db.run(lambda tx: one(f.accept(tx, [f.Accept(key(), order.id)])))
    if to == "picking":
        line = f.PickLine(order.lines[0].allocation_id, 3)
        db.run(lambda tx: one(f.pick(tx, [f.Pick(key(), order.id, (line,))])))
    elif to in ("picked", "packed"):
        db.run(lambda tx: one(f.pick(tx, [f.Pick(key(), order.id)])))
    if to == "packed":
        db.run(lambda tx: one(f.pack(tx, [f.Pack(key(), order.id)])))


def _cancel(db: Database, order_id: OrderId, qty: int) -> None:
    command = orders.Cancel(
        key=key(), order_id=order_id, lines=[orders.CancelLine(1, qty)], reason="customer"
    )
    db.run(lambda tx: one(orders.cancel(tx, [command])))
    drive(db)


def test_accept_and_reject_at_once_have_one_winner(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 50}, S002={"TEA-1": 50})
    for _ in range(10):
        ful = work(db, place(db, ("TEA-1", 1))).id
        yes = [f.Accept(key(), ful)]
        no = [f.Reject(key(), ful, f.RejectReason.TOO_BUSY)]
        answers = race(
            lambda yes=yes: db.run(lambda tx: f.accept(tx, yes)),  # type: ignore[misc]
            lambda no=no: db.run(lambda tx: f.reject(tx, no)),  # type: ignore[misc]
        )
        drive(db)
        (order,) = db.run(lambda tx, ful=ful: f.get(tx, [ful]))  # type: ignore[misc]
        # A rejection may follow an acceptance, never the other way round.
        assert order.state in (f.State.ACCEPTED, f.State.REJECTED)
        assert any(a.ok for a in answers)
        if order.state is f.State.ACCEPTED:
            assert [a.ok for a in answers] == [True, False]
        live = [x for x in works(db, order.order_id) if not x.closed_at]
        assert sum(line.open for x in live for line in x.lines) == 1
    assert findings(db) == []


def race(*doers: Callable[[], list[Result[f.Done]]]) -> list[Result[f.Done]]:
    """Runs these at once; the answer of each."""
    gate = threading.Barrier(len(doers))
    answers: dict[int, Result[f.Done]] = {}

    def run(n: int, do: Callable[[], list[Result[f.Done]]]) -> None:
        gate.wait()
        (answers[n],) = do()

    threads = [threading.Thread(target=run, args=(n, do)) for n, do in enumerate(doers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[n] for n in range(len(doers))]


def test_two_pickers_take_each_unit_once(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 50})
    ful = work(db, place(db, ("TEA-1", 3))).id
    answers = race(*(lambda: db.run(lambda tx: f.pick(tx, [f.Pick(key(), ful)])),) * 2)
    assert sorted(a.ok for a in answers) == [False, True]
    assert balance(db, "TEA-1", "DC1") == {"sellable": 47, "picked": 3}
    assert findings(db) == []
