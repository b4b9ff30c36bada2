"""Lots and serial numbers keep to the order they were picked for, named or not."""

from __future__ import annotations

from everyshelf import fulfillment as f
from everyshelf import insight, orders, stock, transport
from everyshelf.base.tx import Database
from tests.look import code, rows
from tests.walk import NOW, hear, placed, say, work_of
from tests.world import done, small_world

PHONES = ("P1", "P2", "P3")


def shop(db: Database) -> None:
    """Three phones and two lots of milk at DC1, nothing elsewhere."""
    small_world(db, {})
    units = [
        stock.Receive("phones", "DC1", "PHONE-1", 3, serials=PHONES),
        stock.Receive("old", "DC1", "MILK-1", 2, lot="A"),
        stock.Receive("new", "DC1", "MILK-1", 3, lot="B"),
    ]
    db.run(lambda tx: done(stock.receive(tx, units)), now=NOW)
    hear(db)


def pick(db: Database, order: orders.OrderId, *serials: str, lot: str = "") -> f.FulfillmentId:
    (work,) = db.run(lambda tx: f.get(tx, work_of(db, order)))
    line = f.PickLine(work.lines[0].allocation_id, serials=serials, lot=lot)
    command = f.Pick(f"pick:{order}", work.id, (line,))
    db.run(lambda tx: done(f.pick(tx, [command])), now=NOW)
    return work.id


def pack(db: Database, id_: f.FulfillmentId) -> None:
    db.run(lambda tx: done(f.pack(tx, [f.Pack(f"pack:{id_}", id_)])), now=NOW)


def inside(db: Database, id_: f.FulfillmentId) -> list[tuple[str, str, int]]:
    """Lot, serial and quantity in the packages of a work."""
    (package,) = db.run(lambda tx: f.packages_of(tx, [id_]))
    return [(x.lot, x.serial, x.qty) for x in package.lines]


def send(db: Database, id_: f.FulfillmentId) -> transport.ShipmentId:
    ship = transport.Ship(f"ship:{id_}", id_)
    (made,) = db.run(lambda tx: done(transport.ship(tx, [ship])), now=NOW)
    hear(db)
    assert made.shipment_id is not None
    return made.shipment_id


def test_serials_that_were_picked_for_two_orders_are_not_swapped(db: Database) -> None:
    shop(db)
    first, second = placed(db, ("PHONE-1", 1)), placed(db, ("PHONE-1", 1))
    one, two = pick(db, first, "P3"), pick(db, second)
    pack(db, two)
    pack(db, one)
    assert inside(db, one) == [("", "P3", 1)]
    assert inside(db, two) == [("", "P1", 1)]
    send(db, one)
    assert rows(db, "select serial, node, bucket from stock_serial order by serial") == [
        ("P1", "DC1", "packed"), ("P2", "DC1", "shelf"), ("P3", "@customer", "out"),
    ]  # fmt: skip
    assert insight.audit_database(db) == []


def test_a_serial_that_was_picked_for_another_order_is_not_packed(db: Database) -> None:
    shop(db)
    first, second = placed(db, ("PHONE-1", 1)), placed(db, ("PHONE-1", 1))
    pick(db, first, "P1")
    two = pick(db, second, "P2")
    (work,) = db.run(lambda tx: f.get(tx, [two]))
    box = f.PackBox("M", (f.PackLine(work.lines[0].allocation_id, serials=("P1",)),))
    (wrong,) = db.run(lambda tx: f.pack(tx, [f.Pack("wrong", two, (box,))]), now=NOW)
    assert code(wrong) == "stock.allocation_gone"
    assert rows(db, "select count(*) from package") == [(0,)]
    assert insight.audit_database(db) == []


def test_lots_that_nobody_named_are_on_the_package_and_come_back_to_their_lot(
    db: Database,
) -> None:
    shop(db)
    id_ = pick(db, placed(db, ("MILK-1", 4)))
    pack(db, id_)
    assert inside(db, id_) == [("A", "", 2), ("B", "", 2)]
    say(db, send(db, id_), ["returned"])
    lots = rows(db, "select lot, bucket, qty from stock_lot where qty > 0 order by lot")
    assert lots == [("A", "shelf", 2), ("B", "shelf", 3)]
    assert insight.audit_database(db) == []


def test_what_is_cancelled_leaves_the_box_by_its_lot(db: Database) -> None:
    shop(db)
    order = placed(db, ("MILK-1", 4))
    id_ = pick(db, order)
    pack(db, id_)
    stop = orders.Cancel("stop", order, [orders.CancelLine(1, 3)])
    db.run(lambda tx: done(orders.cancel(tx, [stop])), now=NOW)
    hear(db)
    ((lot, _, qty),) = inside(db, id_)
    assert qty == 1
    packed = rows(db, "select lot, qty from stock_carried where bucket = 'packed'")
    assert packed == [(lot, 1)]
    send(db, id_)
    assert rows(db, "select * from stock_carried") == []
    assert insight.audit_database(db) == []
