"""What sourcing tells the later rooms, one class each. All are about one order (`ord_...`).

`version` is the order's version at the decision, so that a subscriber hears them in order.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf.base.events import Event
from everyshelf.orders import OrderId
from everyshelf.sourcing.facts import Waits
from everyshelf.stock import AllocationId


class AllocatedLine(msgspec.Struct, frozen=True):
    """Units of a line committed at a node, and how they reach the buyer. `service` is what the
    buyer chose, else the one that the decision found cheapest (None: no rate card)."""

    allocation_id: AllocationId
    line: int
    item: str
    node: str
    qty: int
    method: str
    pickup_node: str | None
    service: str | None
    promised_latest: datetime | None = None


class OrderAllocated(Event, frozen=True, kw_only=True):
    """Units of an order have their nodes: the work there can begin."""

    TYPE = "sourcing.line.allocated"
    SUBJECT = "order_id"
    order_id: OrderId
    channel: str
    priority: int
    trigger: str
    allocations: list[AllocatedLine]


class UnsourcedLine(msgspec.Struct, frozen=True):
    """Units that no node can serve now."""

    line: int
    item: str
    qty: int
    reason: Waits


class LinesUnsourced(Event, frozen=True, kw_only=True):
    """Nothing feasible is left for these units; they wait as demand and a person may look."""

    TYPE = "sourcing.line.unsourced"
    SUBJECT = "order_id"
    order_id: OrderId
    trigger: str
    lines: list[UnsourcedLine]


class RevokedLine(msgspec.Struct, frozen=True):
    """Units of an allocation that must go no further."""

    allocation_id: AllocationId
    line: int
    item: str
    node: str
    qty: int


class AllocationsRevoked(Event, frozen=True, kw_only=True):
    """Units are not wanted at their nodes any more (cancelled, or they go another way).

    The stock is still allocated: who works on it stops, unpacks and unpicks as far as needed,
    releases `qty` of each allocation that is still live, and in the same transaction calls
    `sourcing.source_now(tx, order_ids)`, which finds new nodes for what is still owed.
    """

    TYPE = "sourcing.allocation.revoked"
    SUBJECT = "order_id"
    order_id: OrderId
    reason: str
    lines: list[RevokedLine]
