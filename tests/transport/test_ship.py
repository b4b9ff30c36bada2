"""Shipping on the real rooms: what leaves, what is left out, what it costs, what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from everyshelf import fulfillment, insight, orders, transport
from everyshelf.base.results import Outcome, Result
from everyshelf.base.tx import Database, Tx
from everyshelf.transport import Ship, Shipped
from tests.walk import NOW, ask, hear, packed, placed, shipped, work_of
from tests.world import done, put, small_world


@pytest.fixture
def shop(db: Database) -> Database:
    small_world(db)
    hear(db)
    return db


def ship(db: Database, *commands: Ship) -> list[Result[Shipped]]:
    return db.run(lambda tx: transport.ship(tx, commands), now=NOW)


def findings(db: Database) -> list[insight.Finding]:
    return insight.audit_database(db)


def test_packed_work_leaves_and_is_paid(shop: Database) -> None:
    order = placed(shop, ("TEA-1", 3), ("MUG-1", 1))
    (made,) = shipped(shop, order)
    assert made.shipment_id is not None
    (row,) = ask(shop, "select state, carrier, cost_minor, promised_latest is null from shipment")
    assert row == ("shipped", "Demo Parcel", made.cost_minor, False)
    assert made.cost_minor > 0
    assert ask(shop, "select item, shipped from order_line order by line") == [
        ("TEA-1", 3), ("MUG-1", 1),
    ]  # fmt: skip
    assert ask(shop, "select state from fulfillment_order") == [("completed",)]
    assert ask(shop, "select sum(packed), sum(allocated) from stock_balance") == [(0, 0)]
    captured, worth = ask(shop, "select captured_minor, total_minor from payment")[0]
    assert captured == worth == 3 * 899 + 1250 + 500
    assert findings(shop) == []


def test_the_cheapest_service_goes_unless_another_is_named(shop: Database) -> None:
    first, second = placed(shop, ("TEA-1", 1)), placed(shop, ("TEA-1", 1))
    (ground,) = shipped(shop, first)
    (id_,) = packed(shop, second)
    (express,) = done(ship(shop, Ship("a", id_, "EXPRESS")))
    assert (ground.service, express.service) == ("GROUND", "EXPRESS")
    assert express.cost_minor > ground.cost_minor


def test_the_same_key_ships_once(shop: Database) -> None:
    (id_,) = packed(shop, placed(shop, ("TEA-1", 1)))
    (first,), (again,) = ship(shop, Ship("k", id_)), ship(shop, Ship("k", id_))
    assert again.outcome is Outcome.EXISTS
    assert again.value == first.value
    assert ask(shop, "select count(*) from shipment") == [(1,)]


def test_what_cannot_leave_is_refused_alone_and_writes_nothing(shop: Database) -> None:
    good, offered = placed(shop, ("TEA-1", 1)), placed(shop, ("TEA-1", 1))
    (id_,), (open_id,) = packed(shop, good), work_of(shop, offered)
    before = ask(shop, "select count(*) from stock_move")
    results = ship(
        shop,
        Ship("1", open_id),
        Ship("2", fulfillment.FulfillmentId(1)),
        Ship("3", id_, "NO_SUCH"),
        Ship("4", id_),
        Ship("5", id_),
    )
    codes = [r.refusal.code if r.refusal else r.outcome for r in results]
    assert codes == [
        "transport.not_packed", "transport.fulfillment_unknown", "transport.no_service",
        Outcome.DONE, "transport.not_packed",
    ]  # fmt: skip
    assert ask(shop, "select count(*) from shipment") == [(1,)]
    assert ask(shop, "select count(*) from stock_move") == [(int(str(before[0][0])) + 1,)]


def test_an_order_on_hold_does_not_leave(shop: Database) -> None:
    order = placed(shop, ("TEA-1", 1))
    (id_,) = packed(shop, order)
    stop = orders.HoldOrder("h", order, orders.HoldKind.FRAUD, "looks odd")
    shop.run(lambda tx: done(orders.hold(tx, [stop])), now=NOW)
    (refused,) = ship(shop, Ship("a", id_))
    assert refused.refusal is not None
    assert refused.refusal.code == "transport.order_held"
    assert ask(shop, "select count(*) from shipment") == [(0,)]


@pytest.mark.parametrize(("cancelled", "left"), [(1, 2), (3, 0)])
def test_units_cancelled_after_packing_go_back_to_the_shelf(
    shop: Database, cancelled: int, left: int
) -> None:
    order = placed(shop, ("TEA-1", 3))
    (id_,) = packed(shop, order)
    free = ask(shop, "select sum(sellable) from stock_balance where item = 'TEA-1'")[0][0]
    stop = orders.Cancel("c", order, [orders.CancelLine(1, cancelled)])
    shop.run(lambda tx: done(orders.cancel(tx, [stop])), now=NOW)
    (made,) = done(ship(shop, Ship("a", id_)))  # Nobody has heard of the cancellation yet.
    assert made.left_out == cancelled
    assert (made.shipment_id is None) == (left == 0)
    hear(shop)
    assert ask(shop, "select cancelled, shipped from order_line") == [(cancelled, left)]
    now_free = ask(shop, "select sum(sellable) from stock_balance where item = 'TEA-1'")[0][0]
    assert now_free == int(str(free)) + cancelled
    assert findings(shop) == []


def test_lots_and_serials_travel_with_the_shipment(shop: Database) -> None:
    order = placed(shop, ("MILK-1", 2), ("PHONE-1", 2))
    made = shipped(shop, order)
    assert made
    assert ask(shop, "select count(*) from stock_serial where node = '@customer'") in (
        [(2,)],
        [(0,)],
    )
    assert findings(shop) == []


def test_one_number_for_each_package(shop: Database) -> None:
    order = placed(shop, ("DESK-1", 3), ("LAMP-1", 2))
    made = shipped(shop, order)
    numbers = [label.tracking for one in made for label in one.labels]
    assert len(numbers) == len(set(numbers)) >= 2
    assert sum(one.cost_minor for one in made) == sum(
        label.cost_minor for one in made for label in one.labels
    )


def test_the_number_of_statements_does_not_grow(shop: Database) -> None:
    put(shop, {("DC1", "SOCK-1"): 5_000, ("DC1", "BOOK-1"): 5_000})

    def statements(n: int) -> int:
        ids = packed(shop, *(placed(shop, ("SOCK-1", 2), ("BOOK-1", 1)) for _ in range(n)))

        def work(tx: Tx) -> int:
            done(transport.ship(tx, [Ship(f"{n}:{id_}", id_) for id_ in ids]))
            return tx.statements

        return shop.run(work, now=NOW + timedelta(hours=1))

    assert statements(2) == statements(12)


def test_a_dropshipped_order_gets_the_suppliers_number(shop: Database) -> None:
    order = placed(shop, ("DROP-1", 1))
    (id_,) = work_of(shop, order)
    (spo,) = ask(shop, "select id from supplier_order")
    notice = fulfillment.Notice("n", fulfillment.SupplierOrderId(int(str(spo[0]))), "UPS", "1Z999")
    shop.run(lambda tx: done(fulfillment.ship_notice(tx, [notice])), now=NOW)
    hear(shop)
    assert ask(shop, "select fulfillment_id, carrier, cost_minor from shipment") == [
        (id_, "UPS", 0)
    ]
    assert ask(shop, "select tracking from label") == [("1Z999",)]
    assert findings(shop) == []
