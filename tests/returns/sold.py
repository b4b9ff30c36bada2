"""Orders that were really sold: placed, shipped from DC1, captured; ready to come back."""

from __future__ import annotations

from datetime import UTC, datetime

from everyshelf import orders, payment, stock
from everyshelf.base.sql import load
from everyshelf.base.subscribe import step
from everyshelf.base.tx import Database, Tx
from everyshelf.orders import Buyer, OrderId, Place, PlaceLine
from everyshelf.payment.on import HANDLERS
from everyshelf.returns.on import HANDLERS as RETURNS
from tests.world import NEW_YORKER, done, small_world

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def world(db: Database) -> None:
    """The small retailer with stock at DC1 alone, so that every unit elsewhere came back."""
    small_world(db, {})
    fill = [
        ("TEA-1", 500, "", ()), ("MUG-1", 500, "", ()), ("SOCK-1", 500, "", ()),
        ("MILK-1", 50, "L1", ()), ("PHONE-1", 3, "", ("P1", "P2", "P3")),
    ]  # fmt: skip
    db.run(
        lambda tx: done(
            stock.receive(
                tx,
                [
                    stock.Receive(f"fill:{item}", "DC1", item, qty, lot=lot, serials=serials)
                    for item, qty, lot, serials in fill
                ],
            )
        ),
        now=NOON,
    )


def sold(db: Database, *lines: PlaceLine, shipping: int = 0, ref: str = "1") -> OrderId:
    """An order whose units are all with the customer and paid."""
    place = Place(
        key=ref, channel="web", channel_ref=ref, buyer=Buyer("Ada", "ada@example.com"),
        currency="USD", lines=list(lines), ship_to=NEW_YORKER, shipping_minor=shipping,
        placed_at=NOON,
    )  # fmt: skip
    order_id = db.run(lambda tx: orders.place(tx, [place]), now=NOON)[0].get().order_id
    hear(db)
    db.run(lambda tx: send(tx, order_id), now=NOON)
    hear(db)
    return order_id


def hear(db: Database) -> None:
    """Payment and returns hear all that was said."""
    rooms = {"payment": HANDLERS, "returns": RETURNS}
    while sum(step(db, room, heard, now=NOON) for room, heard in rooms.items()):
        pass


def send(tx: Tx, order_id: OrderId) -> None:
    """Every open unit leaves DC1."""
    (order,) = orders.get(tx, [order_id])
    lines = [x for x in order.real if x.open]
    assert all(orders.mark_shipped(tx, [(order_id, x.line, x.open) for x in lines]))
    taken = done(
        stock.allocate(
            tx,
            [
                stock.Allocate(order_id, x.line, x.item, "DC1", x.open, order.channel, True)
                for x in lines
            ],
        )
    )
    steps = [stock.Step(a, x.item, x.open) for a, x in zip(taken, lines, strict=True)]
    for verb in (stock.pick, stock.pack, stock.ship):
        done(verb(tx, steps))
    payment.capture_shipped_now(tx, [(order_id, "shipped")])[0].get()


def findings(db: Database) -> list[str]:
    """What the checks of every room in the play find."""
    found: list[str] = []
    with db.pool.connection() as conn:
        for room in ("stock", "orders", "payment", "returns"):
            for check in load(f"everyshelf.{room}", "checks.sql").found.values():
                found += [f"{w}: {d}" for w, d in conn.execute(check.text.encode())]
    return found


def paid(db: Database, order_id: OrderId) -> payment.Payment:
    """The payment as it stands."""
    return db.run(lambda tx: payment.get(tx, [order_id]))[0]


def counted(db: Database, item: str, node: str, bucket: str) -> int:
    """How many units of an item are in a bucket of a node."""
    with db.pool.connection() as conn:
        row = conn.execute(
            f"select {bucket} from stock_balance where item = %s and node = %s", [item, node]
        ).fetchone()
    return int(row[0]) if row else 0
