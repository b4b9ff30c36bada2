"""An order that waited for its money is let go when the money is granted.

Orders are locked before payments, as everywhere; so the orders that wait are taken first.
"""

from __future__ import annotations

from collections.abc import Iterable

from everyshelf import orders
from everyshelf.base.tx import Tx
from everyshelf.orders import HoldKind, OrderId, ReleaseHold
from everyshelf.payment.ledger import SQL, Book, parts


def lock_held(tx: Tx, order_ids: Iterable[OrderId]) -> list[OrderId]:
    """Those of the orders that are on hold for payment, locked."""
    wanted = sorted(set(order_ids))
    rows = tx.tuples(SQL.lock_held_orders, parts=parts(wanted), order_ids=wanted)
    return [OrderId(i) for (i,) in rows]


def release_paid(tx: Tx, book: Book, held: list[OrderId]) -> None:
    """Releases the payment hold of those that are authorized in full now."""
    paid = [book.now[o] for o in held if o in book.now]
    clear = [
        ReleaseHold(f"paid:{p.id}:{p.version}", p.order_id, HoldKind.PAYMENT)
        for p in paid
        if p.authorized_minor - p.voided_minor >= p.total_minor
    ]
    for result in orders.release_hold(tx, clear) if clear else ():
        result.get()
