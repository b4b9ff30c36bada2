"""Carts: units held softly, shared, merged, checked out or forgotten."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from everyshelf import cart, customer, orders, stock
from everyshelf.base import subscribe
from everyshelf.base.events import registry
from everyshelf.base.results import Result
from everyshelf.base.tx import Database
from everyshelf.cart.on import HANDLERS
from tests.orders import shop as s
from tests.orders.shop import NOW, line, order
from tests.world import NEW_YORKER

_keys = itertools.count()


def key() -> str:
    return f"c{next(_keys)}"


def begin(db: Database, channel: str = "web", now: datetime = NOW) -> cart.CartId:
    command = cart.OpenCart(key(), channel)
    return db.run(lambda tx: cart.open_cart(tx, [command])[0].get(), now=now).id


def put(
    db: Database, cart_id: cart.CartId, item: str, qty: int, now: datetime = NOW, **fields: Any
) -> Result[cart.Cart]:
    command = cart.Put(key(), cart_id, item, qty, **fields)
    return db.run(lambda tx: cart.put(tx, [command]), now=now)[0]


def get(db: Database, cart_id: cart.CartId) -> cart.Cart:
    return db.run(lambda tx: cart.get(tx, [cart_id]))[cart_id]


def held(db: Database, owner: object) -> dict[int, int]:
    found: dict[int, int] = {}
    for row in db.run(lambda tx: stock.holds_of(tx, [str(owner)])):
        found[row.line] = found.get(row.line, 0) + row.qty
    return found


def test_what_is_put_in_is_held_for_half_an_hour(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5), ("S001", "MUG-1", 5))
    cart_id = begin(db)
    found = put(db, cart_id, "TEA-1", 3).get()
    found = put(db, cart_id, "MUG-1", 1, method="pickup", pickup_node="S001").get()
    assert [(x.line, x.item, x.qty, x.unit_minor) for x in found.lines] == [
        (1, "TEA-1", 3, 899), (2, "MUG-1", 1, 1250),
    ]  # fmt: skip
    assert (found.version, found.total_minor) == (3, 3 * 899 + 1250)
    assert found == get(db, cart_id)
    assert found.expires_at == NOW + timedelta(minutes=30)
    assert held(db, cart_id) == {1000: 3, 2000: 1}
    assert s.refusals([put(db, begin(db), "TEA-1", 3)]) == ["stock.insufficient"]
    s.clean(db)


def test_a_quantity_is_absolute_and_its_hold_follows(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5), ("DC1", "MUG-1", 3))
    cart_id = begin(db)
    for qty in (2, 5, 1, 4):
        put(db, cart_id, "TEA-1", qty).get()
        assert held(db, cart_id) == {1000: qty}
    before = get(db, cart_id)
    assert s.refusals([put(db, cart_id, "TEA-1", 6)]) == ["stock.insufficient"]
    assert get(db, cart_id) == before
    put(db, cart_id, "GIFT-1", 1)
    assert "GIFT-1" not in {x.item for x in get(db, cart_id).lines}
    put(db, cart_id, "TEA-1", 1).get()
    put(db, cart_id, "GIFT-1", 2).get()
    assert held(db, cart_id) == {1000: 1, 2000: 2, 2001: 4}
    assert s.refusals([put(db, cart_id, "GIFT-1", 3)]) == ["stock.insufficient"]
    assert held(db, cart_id) == {1000: 1, 2000: 2, 2001: 4}
    s.clean(db)


def test_a_dropped_line_is_free_again(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5), ("DC1", "MUG-1", 5))
    cart_id = begin(db)
    put(db, cart_id, "GIFT-1", 2).get()
    put(db, cart_id, "TEA-1", 1).get()
    drop = cart.Drop(key(), cart_id, 1)
    found = db.run(lambda tx: cart.drop(tx, [drop])[0].get(), now=NOW)
    assert [x.item for x in found.lines] == ["TEA-1"]
    assert held(db, cart_id) == {2000: 1}
    again = cart.Drop(key(), cart_id, 1)
    refused = db.run(lambda tx: cart.drop(tx, [again]), now=NOW)
    assert s.refusals(refused) == ["cart.line_unknown"]
    s.clean(db)


def test_many_puts_of_one_batch_on_one_cart_follow_each_other(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5), ("DC1", "MUG-1", 5))
    one, two = begin(db), begin(db)
    commands = [cart.Put(key(), c, i, q) for c, i, q in (
        (one, "TEA-1", 2), (two, "TEA-1", 2), (one, "TEA-1", 3), (one, "TEA-1", 4),
        (two, "MUG-1", 1),
    )]  # fmt: skip
    results = db.run(lambda tx: cart.put(tx, commands), now=NOW)
    assert s.refusals(results) == [None, None, None, "stock.insufficient", None]
    assert (held(db, one), held(db, two)) == ({1000: 3}, {1000: 2, 2000: 1})
    assert get(db, one).version == 3
    s.clean(db)


def test_what_cannot_be_is_refused_and_writes_nothing(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5))
    cart_id = begin(db)
    db.run(lambda tx: tx.conn.execute("update item set active = false where item = 'LAMP-1'"))
    before = s.counts(db)
    cases: list[tuple[str, str, int, dict[str, Any]]] = [
        ("input.invalid", "TEA-1", 0, {}),
        ("input.invalid", "TEA-1", -1, {}),
        ("input.invalid", "TEA-1", 10**12, {}),
        ("input.invalid", "TEA-1", 1, {"method": "teleport"}),
        ("input.invalid", "TEA-1", 1, {"method": "pickup"}),
        ("catalog.item_unknown", "NO-1", 1, {}),
        ("cart.item_not_sold", "LAMP-1", 1, {}),
        ("network.node_unknown", "TEA-1", 1, {"method": "pickup", "pickup_node": "X"}),
        ("network.service_unknown", "TEA-1", 1, {"service": "X"}),
        ("promise.node_closed", "TEA-1", 1, {"method": "locker", "pickup_node": "S001"}),
        ("version.stale", "TEA-1", 1, {"version": 7}),
        ("stock.insufficient", "MUG-1", 1, {}),
    ]
    for code, item, qty, fields in cases:
        assert s.refusals([put(db, cart_id, item, qty, **fields)]) == [code]
    assert s.refusals([put(db, cart.CartId(3), "TEA-1", 1)]) == ["cart.unknown"]
    moon = cart.OpenCart(key(), "moon")
    assert s.refusals(db.run(lambda tx: cart.open_cart(tx, [moon]))) == ["catalog.channel_unknown"]
    nul = cart.Attach(key(), cart_id, ship_to=type(NEW_YORKER)(name="\0"))
    assert s.refusals(db.run(lambda tx: cart.attach(tx, [nul]), now=NOW)) == ["input.invalid"]
    assert s.counts(db) == before


def test_activity_prolongs_the_cart_and_silence_ends_it(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5), ("DC1", "MUG-1", 5))
    cart_id = begin(db)
    put(db, cart_id, "TEA-1", 3).get()
    later = NOW + timedelta(minutes=20)
    put(db, cart_id, "MUG-1", 1, now=later).get()
    assert db.run(lambda tx: cart.expire(tx), now=NOW + timedelta(minutes=40)) == 0
    assert db.run(lambda tx: stock.expire(tx), now=NOW + timedelta(minutes=40)) == 0
    over = later + timedelta(minutes=30)
    assert s.refusals([put(db, cart_id, "TEA-1", 1, now=over)]) == ["cart.closed"]
    assert db.run(lambda tx: cart.expire(tx), now=over) == 1
    assert db.run(lambda tx: cart.expire(tx), now=over) == 0
    assert get(db, cart_id).state == "expired"
    assert held(db, cart_id) == {}
    assert s.refusals([put(db, cart_id, "TEA-1", 1)]) == ["cart.closed"]
    told = "select count(*) from event where type = 'everyshelf.cart.cart.expired.v1'"
    assert s.one(db, told) == 1
    s.clean(db)


def test_a_hold_that_stock_let_expire_ends_the_cart(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5))
    cart_id = begin(db)
    put(db, cart_id, "TEA-1", 3).get()
    over = NOW + timedelta(minutes=31)
    assert db.run(lambda tx: stock.expire(tx), now=over) == 1
    subscribe.step(db, "cart", HANDLERS, now=over)
    assert get(db, cart_id).state == "expired"
    s.clean(db)


def test_two_devices_see_one_cart_and_two_carts_become_one(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 9), ("DC1", "MUG-1", 5))
    ada = db.run(lambda tx: customer.identify(
        tx, [customer.Identify(key="a", email="ada@example.com")])[0].get())  # fmt: skip
    phone, laptop, app = begin(db), begin(db), begin(db, "app")
    attach = cart.Attach(key(), laptop, ada, NEW_YORKER)
    db.run(lambda tx: cart.attach(tx, [attach])[0].get(), now=NOW)
    put(db, phone, "TEA-1", 2).get()
    put(db, phone, "GIFT-1", 1).get()
    put(db, laptop, "TEA-1", 3).get()
    apart = cart.MergeCarts(key(), laptop, app)
    assert s.refusals(db.run(lambda tx: cart.merge(tx, [apart]), now=NOW)) == ["cart.other_channel"]
    one = cart.MergeCarts(key(), phone, laptop)
    found = db.run(lambda tx: cart.merge(tx, [one])[0].get(), now=NOW)
    assert [(x.item, x.qty) for x in found.lines] == [("TEA-1", 5), ("GIFT-1", 1)]
    assert (found.customer_id, found.ship_to) == (ada, NEW_YORKER)
    assert held(db, phone) == {1000: 5, 2000: 1, 2001: 2}
    assert held(db, laptop) == {}
    assert get(db, laptop).state == "merged"
    mine = db.run(lambda tx: cart.open_carts_of(tx, [ada]), now=NOW)
    assert set(mine) == {phone}
    assert s.refusals([put(db, laptop, "TEA-1", 1)]) == ["cart.closed"]
    s.clean(db)


def test_a_cart_becomes_an_order_with_the_units_it_holds(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5), ("S001", "TEA-1", 1), ("DC1", "MUG-1", 2))
    cart_id = begin(db)
    put(db, cart_id, "TEA-1", 3).get()
    put(db, cart_id, "GIFT-1", 1).get()
    put(db, cart_id, "TEA-1", 1, method="pickup", pickup_node="S001").get()
    command = order(cart_id=cart_id)
    placed = s.place(db, command)[0].get()
    assert s.place(db, command)[0].value == placed
    found = s.get(db, placed.order_id)
    assert [(x.line, x.item, x.qty) for x in found.real if x.kit_line is None] == [
        (1, "TEA-1", 3), (5, "TEA-1", 1),
    ]  # fmt: skip
    assert sum(s.held(db, placed.order_id).values()) == 3 + 3 + 1
    assert held(db, cart_id) == {}
    assert get(db, cart_id).state == "checked_out"
    assert s.one(db, "select count(*) from stock_hold where expires_at is not null") == 0
    assert all(x.promised_latest for x in found.real)
    again = s.place(db, order(cart_id=cart_id), order(line("TEA-1", 1), cart_id=begin(db)))
    assert s.refusals(again) == ["cart.closed", "input.invalid"]
    s.clean(db)


def test_a_refused_order_leaves_the_cart_as_it_was(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5))
    cart_id = begin(db)
    put(db, cart_id, "TEA-1", 3).get()
    before, cart_before = s.counts(db), get(db, cart_id)
    refused = s.place(
        db, order(cart_id=cart_id, ship_to=None), order(cart_id=cart_id, currency="EUR"),
        order(cart_id=cart_id, channel="app"), order(cart_id=begin(db)),
    )  # fmt: skip
    assert s.refusals(refused) == [
        "orders.address_missing", "cart.closed", "cart.closed", "cart.closed",
    ]  # fmt: skip
    assert get(db, cart_id) == cart_before
    assert held(db, cart_id) == {1000: 3}
    assert s.counts(db)["sales_order"] == before["sales_order"]
    assert s.place(db, order(cart_id=cart_id))[0].ok


def test_a_kit_that_changed_since_is_held_anew(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 9), ("DC1", "MUG-1", 5))
    cart_id = begin(db)
    put(db, cart_id, "GIFT-1", 2).get()
    s.one(db, "update kit_component set qty = 1 where item = 'TEA-1' returning 1")
    order_id = s.place(db, order(cart_id=cart_id))[0].get().order_id
    assert sorted(s.held(db, order_id).values()) == [2, 2]
    assert held(db, cart_id) == {}
    s.clean(db)


def test_a_cart_whose_hold_is_gone_is_still_checked_out_when_stock_is_there(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5))
    cart_id = begin(db)
    put(db, cart_id, "TEA-1", 3).get()
    db.run(lambda tx: stock.release_holds(tx, [(str(cart_id), None, None)]))
    order_id = s.place(db, order(cart_id=cart_id))[0].get().order_id
    assert s.held(db, order_id) == {1: 3}
    s.clean(db)


def test_carts_of_a_batch_are_worked_in_a_constant_number_of_statements(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 500))

    def statements(n: int) -> int:
        carts = [begin(db) for _ in range(n)]
        commands = [cart.Put(key(), c, "TEA-1", 1) for c in carts]

        def work(tx: Any) -> int:
            assert all(r.ok for r in cart.put(tx, commands))
            return int(tx.statements)

        return db.run(work, now=NOW)

    statements(1)
    assert statements(2) == statements(40)


def test_the_events_of_carts_are_known_and_told(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5))
    cart_id = begin(db)
    put(db, cart_id, "TEA-1", 1).get()
    s.place(db, order(cart_id=cart_id))[0].get()
    told = {
        t
        for (t,) in db.run(
            lambda tx: tx.conn.execute(
                "select distinct type from event where type like 'everyshelf.cart.%'"
            ).fetchall()
        )
    }
    assert told == {"everyshelf.cart.cart.opened.v1", "everyshelf.cart.cart.checked_out.v1"}
    assert told <= set(registry())
    assert orders.OrderPlaced.TYPE == "orders.order.placed"
