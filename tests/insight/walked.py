"""A world in which orders have walked every way: shipped, delivered, collected, returned, lost."""

from __future__ import annotations

from datetime import timedelta

from everyshelf import cart, insight, orders, pickup, returns, transport
from everyshelf.base.tx import Database
from everyshelf.pickup import PickupId
from tests.walk import NOW, ask, hear, packed, placed, say, shipped
from tests.world import done, small_world

LATER = NOW + timedelta(days=3)


def walk(db: Database) -> None:
    """Makes the world and walks the orders; nothing of it is a finding."""
    small_world(db)
    hear(db)
    _delivered_and_returned(db)
    _collected(db)
    _back_and_lost(db)
    _still_open(db)
    stop = orders.Cancel("walk", placed(db, ("MUG-1", 2)))
    db.run(lambda tx: done(orders.cancel(tx, [stop])), now=NOW)
    hear(db)
    close = transport.CloseManifest("walk", "DC1", "Demo Parcel")
    db.run(lambda tx: transport.close_manifest(tx, [close]), now=NOW)
    trouble = insight.Trouble(insight.CaseKind.CORRECTED, "TEA-1@DC1", "count it", node="DC1")
    (case,) = db.run(lambda tx: insight.open_now(tx, [trouble]), now=NOW)
    note = insight.Annotate("walk", case, "on my way")
    db.run(lambda tx: done(insight.annotate(tx, [note])), now=NOW)
    hear(db)


def _delivered_and_returned(db: Database) -> None:
    order = placed(db, ("TEA-1", 3), ("GIFT-1", 2), ("MILK-1", 1), ("PHONE-1", 1))
    for made in shipped(db, order):
        assert made.shipment_id is not None
        say(db, made.shipment_id, ["in_transit", "out_for_delivery", "delivered"], LATER)
    back = returns.CounterReturn("walk", order, "S001", [returns.ReceivedLine(1, 2)])
    db.run(lambda tx: done(returns.counter_return(tx, [back])), now=LATER)
    hear(db, LATER)


def _collected(db: Database) -> None:
    packed(db, placed(db, ("BOOK-1", 2), method="pickup", at="S001"))
    hear(db)
    (row,) = ask(db, "select id from pickup where state = 'staged'")
    id_ = PickupId(int(str(row[0])))
    issue = pickup.IssueCode("walk", id_)
    (told,) = db.run(lambda tx: done(pickup.issue_code(tx, [issue])), now=NOW)
    give = pickup.HandOver("walk", id_, told.code, to="Ada")
    db.run(lambda tx: done(pickup.hand_over(tx, [give])), now=NOW)
    hear(db)


def _back_and_lost(db: Database) -> None:
    for end in ("returned", "lost"):
        (made,) = shipped(db, placed(db, ("SOCK-1", 2)))
        assert made.shipment_id is not None
        say(
            db, made.shipment_id, ["attempt_failed", "attempt_failed", "attempt_failed", end], LATER
        )


def _still_open(db: Database) -> None:
    """Work that waits, work that is packed, and units that are held for a cart."""
    placed(db, ("LAMP-1", 2))
    packed(db, placed(db, ("LAMP-1", 1)))
    (mine,) = db.run(lambda tx: done(cart.open_cart(tx, [cart.OpenCart("walk", "web")])), now=NOW)
    wanted = cart.Put("walk", mine.id, "TEA-1", 1)
    db.run(lambda tx: done(cart.put(tx, [wanted])), now=NOW)
    stopped = placed(db, ("SOCK-1", 1))
    stop = orders.HoldOrder("walk", stopped, orders.HoldKind.REVIEW)
    db.run(lambda tx: done(orders.hold(tx, [stop])), now=NOW)
    hear(db)
