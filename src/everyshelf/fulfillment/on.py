"""What fulfillment hears: units got a node, units are not wanted any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from everyshelf import sourcing
from everyshelf.base.subscribe import Handlers, Heard
from everyshelf.base.tx import Tx
from everyshelf.fulfillment.offer import offer_now
from everyshelf.fulfillment.withdraw import Withdraw, withdraw_now
from everyshelf.sourcing.events import AllocationsRevoked, OrderAllocated


def allocated(tx: Tx, heard: Sequence[Heard]) -> None:
    """Work for the nodes that were chosen."""
    offer_now(tx, [h.event for h in heard])


def revoked(tx: Tx, heard: Sequence[Heard]) -> None:
    """Stops the work on units that are not wanted; what is still owed is sourced again."""
    told: list[AllocationsRevoked] = [h.event for h in heard]
    owed = sorted({event.order_id for event in told})
    for reason in sorted({event.reason for event in told}):
        units = [
            Withdraw(event.order_id, x.allocation_id, x.qty)
            for event in told
            if event.reason == reason
            for x in event.lines
        ]
        withdraw_now(tx, units, reason)
    sourcing.source_now(tx, owed, sourcing.Trigger.RESOURCE)


HANDLERS: Final[Handlers] = {OrderAllocated: allocated, AllocationsRevoked: revoked}
