"""What planning hears from orders: lines to be made, and lines that are not wanted any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from everyshelf.base.subscribe import Handlers, Heard
from everyshelf.base.tx import Tx
from everyshelf.orders import HoldReleased, LinesCancelled, OrderAmended, OrderPlaced, Supply
from everyshelf.planning.make import cancel_now, request_now


def placed(tx: Tx, heard: Sequence[Heard]) -> None:
    """An order that is on hold waits until it is clear."""
    request_now(
        tx,
        [
            h.event.order_id
            for h in heard
            if not h.event.held and any(x.supply is Supply.MAKE for x in h.event.lines)
        ],
    )


def amended(tx: Tx, heard: Sequence[Heard]) -> None:
    """Lines that were added may have to be made."""
    request_now(
        tx,
        [
            h.event.order_id
            for h in heard
            if not h.event.held and any(x.supply is Supply.MAKE for x in h.event.added)
        ],
    )


def released(tx: Tx, heard: Sequence[Heard]) -> None:
    """The last hold is gone: what the order needs made is requested."""
    request_now(tx, [h.event.order_id for h in heard if h.event.all_clear])


def cancelled(tx: Tx, heard: Sequence[Heard]) -> None:
    """Units that are cancelled before their work begins are not made."""
    cancel_now(tx, [(h.event.order_id, x.line, x.qty) for h in heard for x in h.event.lines])


HANDLERS: Final[Handlers] = {
    OrderPlaced: placed,
    OrderAmended: amended,
    HoldReleased: released,
    LinesCancelled: cancelled,
}
