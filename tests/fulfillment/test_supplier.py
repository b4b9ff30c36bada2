"""Dropship: the supplier is asked, answers, and its notice is the work."""

from __future__ import annotations

import pytest

from everyshelf import fulfillment as f
from everyshelf import orders
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


@pytest.fixture
def asked(db: Database) -> OrderId:
    """An order whose units stand with the supplier."""
    open_shop(db, SUP1={"DROP-1": 9, "TEA-1": 9})
    return place(db, ("DROP-1", 2), ("TEA-1", 1))


def supply(db: Database, order_id: OrderId) -> f.SupplierOrder:
    found = db.run(lambda tx: f.supplier_orders_of(tx, [works(db, order_id)[0].id]))
    (only,) = found
    return only


def test_the_supplier_is_asked_with_the_cost(db: Database, asked: OrderId) -> None:
    sent = supply(db, asked)
    assert (sent.state, sent.cost_minor, sent.node) == ("sent", 3 * 500, "SUP1")
    assert work(db, asked).state is f.State.OFFERED
    assert told(db, "fulfillment.supplier") == ["fulfillment.supplier_order.sent"]
    assert findings(db) == []


def test_it_confirms_and_ships(db: Database, asked: OrderId) -> None:
    sent = supply(db, asked)
    db.run(lambda tx: one(f.confirm(tx, [f.Confirm(key(), sent.id, "PO-9")])))
    assert (supply(db, asked).state, supply(db, asked).supplier_ref) == ("confirmed", "PO-9")
    assert work(db, asked).state is f.State.ACCEPTED
    notice = f.Notice(key(), sent.id, "UPS", "1Z999")
    done = db.run(lambda tx: one(f.ship_notice(tx, [notice])))
    assert done.state is f.State.PACKED
    assert supply(db, asked).state == "shipped"
    assert balance(db, "DROP-1", "SUP1") == {"sellable": 7, "packed": 2}
    assert findings(db) == []
    (again,) = db.run(lambda tx: f.confirm(tx, [f.Confirm(key(), sent.id)]))
    assert again.refusal is not None
    assert again.refusal.code == "fulfillment.supplier_order_state"


def test_a_notice_without_confirmation_names_what_was_sent(db: Database, asked: OrderId) -> None:
    bench = next(x for x in work(db, asked).lines if x.item == "DROP-1")
    tea = next(x for x in work(db, asked).lines if x.item == "TEA-1")
    lines = (f.PickLine(bench.allocation_id, 1), f.PickLine(tea.allocation_id))
    notice = f.Notice(key(), supply(db, asked).id, lines=lines)
    done = db.run(lambda tx: one(f.ship_notice(tx, [notice])))
    drive(db)
    assert done.state is f.State.PACKED
    first = works(db, asked)[0]
    assert {x.item: (x.packed, x.short) for x in first.lines} == {
        "DROP-1": (1, 1),
        "TEA-1": (1, 0),
    }
    assert "fulfillment.order.accepted" in told(db, "fulfillment.order")
    assert findings(db) == []


def test_a_wrong_notice_leaves_nothing_behind(db: Database, asked: OrderId) -> None:
    order, sent = work(db, asked), supply(db, asked)
    boxes = (f.PackBox("HUGE", (f.PackLine(order.lines[0].allocation_id),)),)
    answers = db.run(
        lambda tx: f.ship_notice(
            tx,
            [
                f.Notice(key(), sent.id, packages=boxes),
                f.Notice(key(), f.SupplierOrderId(3)),
            ],
        )
    )
    codes = [a.refusal.code for a in answers if a.refusal]
    assert codes == ["fulfillment.carton_unknown", "fulfillment.supplier_order_unknown"]
    assert (work(db, asked), supply(db, asked)) == (order, sent)
    assert balance(db, "TEA-1", "SUP1") == {"sellable": 8, "allocated": 1}


def test_a_refusal_is_sourced_elsewhere(db: Database) -> None:
    open_shop(db, SUP1={"TEA-1": 9})
    order_id = place(db, ("TEA-1", 2))
    sent = supply(db, order_id)
    refusal = f.Refuse(key(), sent.id, f.RejectReason.NOT_FOUND)
    db.run(lambda tx: one(f.refuse(tx, [refusal])))
    drive(db)
    assert supply(db, order_id).state == "rejected"
    assert balance(db, "TEA-1", "SUP1") == {"sellable": 7}
    assert told(db, "fulfillment.supplier")[-1] == "fulfillment.supplier_order.rejected"
    assert findings(db) == []


def test_a_cancelled_order_cancels_the_supplier_order(db: Database, asked: OrderId) -> None:
    cancel = orders.Cancel(key=key(), order_id=asked, reason="customer")
    db.run(lambda tx: one(orders.cancel(tx, [cancel])))
    drive(db)
    assert supply(db, asked).state == "cancelled"
    assert told(db, "fulfillment.supplier")[-1] == "fulfillment.supplier_order.cancelled"
    assert balance(db, "DROP-1", "SUP1") == {"sellable": 9}
    assert findings(db) == []
