"""Nobody came: the units go back on sale, the order's units are cancelled, the customer is told.

The money follows the cancellation: payment hears it and gives back or voids what is not owed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from everyshelf import fulfillment, orders
from everyshelf.base import outbox
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import FulfillmentId, FulfillmentOrder, Withdraw
from everyshelf.orders import OrderId
from everyshelf.pickup import events, shelf
from everyshelf.pickup.facts import OPEN, Act, Pickup, PickupId, allow
from everyshelf.pickup.shelf import SQL, changed

REASON = "no_show"


class _Due(msgspec.Struct, frozen=True):
    id: PickupId
    fulfillment_id: FulfillmentId


def expire(tx: Tx, now: datetime, limit: int) -> int:
    """Ends the pickups whose window is over; how many. Call again while it returns `limit`."""
    due = tx.all(SQL.due_pickups, _Due, now=now, limit=limit)
    if not due:
        return 0
    here = shelf.lock(tx, [d.id for d in due], with_work=True)
    late = [p for p in here.values() if p.state in OPEN and p.expires_at <= now]
    works = fulfillment.get(tx, [p.fulfillment_id for p in late])
    _cancel(tx, works)
    fulfillment.withdraw_now(
        tx,
        [Withdraw(w.order_id, x.allocation_id, x.open) for w in works for x in w.lines if x.open],
        REASON,
    )
    ended = [changed(p, state=allow(p, Act.EXPIRE), reason=REASON) for p in late]
    shelf.write(tx, ended)
    outbox.emit(tx, [_told(p) for p in ended])
    return len(due)


def _cancel(tx: Tx, works: Sequence[FulfillmentOrder]) -> None:
    """Cancels what is still open of these units; the first call locks the orders."""
    wanted: dict[tuple[OrderId, int], int] = {}
    for work in works:
        for x in work.lines:
            wanted[work.order_id, x.line] = wanted.get((work.order_id, x.line), 0) + x.open
    units = [(order, line, qty, REASON) for (order, line), qty in wanted.items() if qty]
    if not units:
        return
    done = orders.cancel_now(tx, units)
    late = [unit for unit, good in zip(units, done, strict=True) if not good]
    if late:
        free = {(x.order_id, x.line): x.open for x in orders.open_lines(tx, [u[0] for u in late])}
        rest = [(o, n, min(q, free.get((o, n), 0)), r) for o, n, q, r in late]
        orders.cancel_now(tx, [unit for unit in rest if unit[2]])


def _told(p: Pickup) -> events.PickupNotCollected:
    return events.PickupNotCollected(
        pickup_id=p.id, order_id=p.order_id, fulfillment_id=p.fulfillment_id, node=p.node,
        version=p.version,
    )  # fmt: skip
