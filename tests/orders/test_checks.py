"""The checks of cart and orders see what they are for: each on a planted corruption."""

from __future__ import annotations

import pytest

from everyshelf import cart
from everyshelf.base.sql import load
from everyshelf.base.tx import Database
from tests.orders import shop as s
from tests.orders.shop import NOW, line

PLANTED = {
    "orders.lines_have_orders": "delete from sales_order where channel_ref = 'ONE'",
    "orders.orders_have_lines": "delete from order_line",
    "orders.counts_in_qty": "alter table order_line drop constraint order_line_counts_in_qty;"
    "update order_line set cancelled = qty, shipped = 1 where item = 'SOCK-1'",
    "orders.kits_match_components": "update order_line set cancelled = 1 where kit_line is null"
    " and supply = 'kit'",
    "orders.kit_components_have_kits": "update order_line set kit_line = 99"
    " where kit_line is not null",
    "orders.kits_carry_nothing": "update order_line set amount_minor = 5 where supply = 'kit'",
    "orders.holds_have_orders": "update order_hold set order_id = 5",
    "orders.changes_have_orders": "insert into order_change"
    " values (1, 1, 5, now(), 'x', 'x', '{}')",
    "orders.collected_lines_name_their_node": "update order_line set method = 'pickup'",
    "orders.shipped_lines_have_an_address": "update sales_order set ship_to = null",
    "orders.parts_are_the_orders": "update order_line set part = part + 1",
    "orders.carts_are_taken_once": "update sales_order set cart_id = 7",
    "orders.channel_refs_are_unique": "update sales_order set channel_ref = 'SAME'",
    "orders.held_units_are_owed": "update order_line set cancelled = 1 where item = 'SOCK-1'",
    "cart.lines_have_carts": "delete from cart where state = 'open'",
    "cart.closed_carts_hold_nothing": "update cart set state = 'expired' where state = 'open'",
    "cart.checked_out_carts_have_lines": "update cart set state = 'checked_out';"
    "delete from cart_line",
}


@pytest.fixture
def planted(db: Database) -> Database:
    s.shop(db, ("DC1", "TEA-1", 9), ("DC1", "MUG-1", 9), ("DC1", "SOCK-1", 9))
    s.placed(db, line("GIFT-1", 2), line("SOCK-1", 1), channel_ref="ONE", hold_kinds=["fraud"])
    s.placed(db, line("TEA-1", 1), channel_ref="TWO")
    made = db.run(lambda tx: cart.open_cart(tx, [cart.OpenCart("o", "web")])[0].get(), now=NOW)
    db.run(lambda tx: cart.put(tx, [cart.Put("p", made.id, "TEA-1", 1)])[0].get(), now=NOW)
    s.clean(db)
    return db


def test_every_check_has_a_corruption_planted() -> None:
    named = {
        f"{room}.{name}"
        for room in ("orders", "cart")
        for name in load(f"everyshelf.{room}", "checks.sql").found
    }
    assert named == set(PLANTED)


@pytest.mark.parametrize("check", PLANTED)
def test_a_planted_corruption_is_found(planted: Database, check: str) -> None:
    planted.run(lambda tx: tx.conn.execute(PLANTED[check].encode()))
    room, name = check.split(".")
    statement = load(f"everyshelf.{room}", "checks.sql").found[name]
    rows = planted.run(lambda tx: tx.tuples(statement))
    assert rows
    assert all(len(row) == 2 and all(isinstance(cell, str) for cell in row) for row in rows)
