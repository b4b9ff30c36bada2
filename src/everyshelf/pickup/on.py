"""What pickup hears: work is packed, opened again, or ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from everyshelf.base import outbox
from everyshelf.base.subscribe import Handlers, Heard
from everyshelf.base.tx import Tx
from everyshelf.fulfillment.events import (
    FulfillmentCancelled,
    FulfillmentPacked,
    FulfillmentReopened,
)
from everyshelf.pickup import events, shelf
from everyshelf.pickup.facts import COLLECTED, WINDOW, Act, Pickup, allow
from everyshelf.pickup.shelf import SQL, changed
from everyshelf.pickup.stage import stage_now


def packed(tx: Tx, heard: Sequence[Heard]) -> None:
    """Stages what a customer will collect."""
    collected = [h.event for h in heard if h.event.method in COLLECTED]
    works = shelf.lock_work(tx, [event.fulfillment_id for event in collected])
    end = tx.now + WINDOW
    stage_now(tx, [(work, end) for work in works.values() if work.state == "packed"])


def ended(tx: Tx, heard: Sequence[Heard]) -> None:
    """There is nothing to collect any more, or not until it is packed again."""
    told = [h.event for h in heard if h.event.method in COLLECTED]
    reasons = {event.fulfillment_id: getattr(event, "reason", "") or "reopened" for event in told}
    if not reasons:
        return
    works = shelf.lock_work(tx, reasons)
    gone = [id_ for id_, work in works.items() if work.state != "packed"]
    found = tx.all(SQL.lock_open_of, Pickup, ids=gone)
    after = [
        changed(p, state=allow(p, Act.CANCEL), reason=reasons[p.fulfillment_id]) for p in found
    ]
    shelf.write(tx, after)
    outbox.emit(
        tx,
        [
            events.PickupCancelled(
                pickup_id=p.id, order_id=p.order_id, fulfillment_id=p.fulfillment_id, node=p.node,
                version=p.version, reason=p.reason,
            )
            for p in after
        ],
    )  # fmt: skip


HANDLERS: Final[Handlers] = {
    FulfillmentPacked: packed,
    FulfillmentReopened: ended,
    FulfillmentCancelled: ended,
}
