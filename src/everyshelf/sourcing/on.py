"""What sourcing hears: orders placed, freed, changed or cancelled, and stock that came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from everyshelf.base.subscribe import Handlers, Heard, any_order
from everyshelf.base.tx import Tx
from everyshelf.orders import (
    HoldReleased,
    LinesCancelled,
    LinesUnshipped,
    OrderAmended,
    OrderPlaced,
)
from everyshelf.sourcing.facts import Trigger
from everyshelf.sourcing.resource import came_in, waiting_for
from everyshelf.sourcing.revoke import amended_now, cancelled_now
from everyshelf.sourcing.source import source_now
from everyshelf.stock import Bucket
from everyshelf.stock.events import (
    HoldExpired,
    ItemAdjusted,
    ItemCounted,
    ItemReceived,
    ItemRegraded,
    TransferReceived,
)
from everyshelf.stock.events import HoldReleased as StockFreed


def placed(tx: Tx, heard: Sequence[Heard]) -> None:
    """New orders get their nodes. A line that waits for supply stands behind all who waited for
    the item before, so they are looked at together, in turn."""
    orders = [h.event.order_id for h in heard]
    waits = {x.item for h in heard for x in h.event.lines if x.supply in ("inbound", "make")}
    source_now(tx, sorted({*orders, *waiting_for(tx, waits)}), Trigger.PLACED)


def released(tx: Tx, heard: Sequence[Heard]) -> None:
    """The last hold of an order is gone."""
    free = sorted({h.event.order_id for h in heard if h.event.all_clear})
    source_now(tx, free, Trigger.RELEASED)


def cancelled(tx: Tx, heard: Sequence[Heard]) -> None:
    """Units are not wanted any more; a batch has one such event of an order."""
    for reason in sorted({h.event.reason for h in heard}):
        units = {
            (h.event.order_id, x.line): x.qty
            for h in heard
            if h.event.reason == reason
            for x in h.event.lines
        }
        cancelled_now(tx, units, reason)


def amended(tx: Tx, heard: Sequence[Heard]) -> None:
    """Lines go another way, or to another address; a batch has one such event of an order."""
    moved = {h.event.order_id: frozenset(x.line for x in h.event.moved) for h in heard}
    amended_now(tx, moved, {h.event.order_id for h in heard if h.event.ship_to_changed})


def unshipped(tx: Tx, heard: Sequence[Heard]) -> None:
    """Units that were counted as gone are owed again."""
    source_now(tx, sorted({h.event.order_id for h in heard}), Trigger.UNSHIPPED)


@any_order
def received(tx: Tx, heard: Sequence[Heard]) -> None:
    """Units came in from outside."""
    came_in(tx, (h.event.item for h in heard if h.event.bucket == Bucket.SELLABLE))


@any_order
def adjusted(tx: Tx, heard: Sequence[Heard]) -> None:
    """The books were corrected upwards."""
    came_in(tx, (h.event.item for h in heard if h.event.delta > 0))


@any_order
def counted(tx: Tx, heard: Sequence[Heard]) -> None:
    """A count found more than was known."""
    came_in(tx, (h.event.item for h in heard if h.event.variance > 0))


@any_order
def regraded(tx: Tx, heard: Sequence[Heard]) -> None:
    """Units may be sold again."""
    came_in(tx, (h.event.item for h in heard if h.event.to_bucket == Bucket.SELLABLE))


@any_order
def freed(tx: Tx, heard: Sequence[Heard]) -> None:
    """Units that were held, or on their way, are sellable."""
    came_in(tx, (u.item for h in heard for u in h.event.units))


HANDLERS: Final[Handlers] = {
    OrderPlaced: placed,
    HoldReleased: released,
    LinesCancelled: cancelled,
    OrderAmended: amended,
    LinesUnshipped: unshipped,
    ItemReceived: received,
    ItemAdjusted: adjusted,
    ItemCounted: counted,
    ItemRegraded: regraded,
    TransferReceived: freed,
    HoldExpired: freed,
    StockFreed: freed,
}
