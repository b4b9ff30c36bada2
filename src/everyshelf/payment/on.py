"""What payment hears from orders: placed, amended, cancelled, completed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from everyshelf.base.subscribe import Handlers, Heard
from everyshelf.base.tx import Tx
from everyshelf.orders.events import LinesCancelled, OrderAmended, OrderCompleted, OrderPlaced
from everyshelf.payment import give_back, grant


def placed(tx: Tx, heard: Sequence[Heard]) -> None:
    """An order opens its payment."""
    grant.open_now(tx, [h.event for h in heard])


def amended(tx: Tx, heard: Sequence[Heard]) -> None:
    """An order that costs more asks for more; one that costs less gives back what was taken."""
    causes = [(h.event.order_id, f"amended:{h.id}") for h in heard]
    grant.follow_now(tx, causes)
    give_back.refund_excess_now(tx, causes)


def cancelled(tx: Tx, heard: Sequence[Heard]) -> None:
    """Cancelled units are not captured; what was captured for them is given back."""
    causes = [(h.event.order_id, f"cancelled:{h.id}") for h in heard]
    grant.follow_now(tx, causes)
    give_back.refund_excess_now(tx, causes)
    give_back.void_rest_now(tx, [h.event.order_id for h in heard], "cancelled")


def completed(tx: Tx, heard: Sequence[Heard]) -> None:
    """Nothing more will be captured: the rest of the authorization is given up."""
    give_back.void_rest_now(tx, [h.event.order_id for h in heard], "completed")


HANDLERS: Final[Handlers] = {
    OrderPlaced: placed,
    OrderAmended: amended,
    LinesCancelled: cancelled,
    OrderCompleted: completed,
}
