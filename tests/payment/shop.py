"""Orders as rows for the tests of payment: the room reads lines, it never makes them."""

from __future__ import annotations

from datetime import UTC, datetime

from everyshelf.base import ids
from everyshelf.base.ids import part_of
from everyshelf.base.tx import Database
from everyshelf.orders import OrderId, ShortPolicy
from everyshelf.orders.events import OrderPlaced
from everyshelf.payment import open_now

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def order(
    db: Database,
    lines: list[tuple[int, int, int]],
    *,
    shipping: int = 0,
    currency: str = "USD",
    provider: str = "manual",
    authorized: bool = True,
) -> OrderId:
    """An order with lines of (qty, amount, tax) whose payment is open."""
    order_id = ids.new(OrderId)
    with db.pool.connection() as conn:
        conn.execute(
            "insert into sales_order (part, id, channel, channel_ref, currency, buyer,"
            " shipping_minor, placed_at) values (%s, %s, 'web', %s, %s, '{}', %s, %s)",
            [part_of(order_id), order_id, str(order_id), currency, shipping, NOON],
        )
        for n, (qty, amount, tax) in enumerate(lines, 1):
            conn.execute(
                "insert into order_line (part, order_id, line, item, qty, amount_minor,"
                " tax_minor, method, supply) values (%s, %s, %s, 'TEA-1', %s, %s, %s, 'ship',"
                " 'stock')",
                [part_of(order_id), order_id, n, qty, amount, tax],
            )
    total = sum(amount + tax for _, amount, tax in lines) + shipping
    placed = OrderPlaced(
        order_id=order_id,
        channel="web",
        priority=0,
        short_policy=ShortPolicy.PARTIAL,
        held=False,
        lines=[],
        currency=currency,
        total_minor=total,
        authorized=authorized,
        provider=provider,
        version=1,
    )
    db.run(lambda tx: open_now(tx, [placed]), now=NOON)
    return order_id


def count(db: Database, order_id: OrderId, line: int, **counts: int) -> None:
    """Sets the counts of a line: shipped=2, cancelled=1."""
    with db.pool.connection() as conn:
        for name, value in counts.items():
            conn.execute(
                f"update order_line set {name} = %s where part = %s and order_id = %s"
                " and line = %s",
                [value, part_of(order_id), order_id, line],
            )


def findings(db: Database) -> list[str]:
    """What the checks of payment find."""
    from everyshelf.base.sql import load

    found: list[str] = []
    with db.pool.connection() as conn:
        for check in load("everyshelf.payment", "checks.sql").found.values():
            found += [f"{what}: {detail}" for what, detail in conn.execute(check.text.encode())]
    return found
