"""What fulfillment tells: where the work at a node stands. Later rooms hear these."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf.base.events import Event
from everyshelf.fulfillment.facts import (
    FulfillmentId,
    Line,
    SupplierOrderId,
    WaveId,
)
from everyshelf.orders import OrderId
from everyshelf.stock import AllocationId


class EventLine(msgspec.Struct, frozen=True):
    """Units of one order line."""

    allocation_id: AllocationId
    line: int
    item: str
    qty: int


class FulfillmentOffered(Event, frozen=True, kw_only=True):
    """Work was given to a node; `accepted` when the node takes its work unasked."""

    TYPE = "fulfillment.order.offered"
    SUBJECT = "fulfillment_id"
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    lines: tuple[EventLine, ...]
    accepted: bool


class FulfillmentAccepted(Event, frozen=True, kw_only=True):
    """The node takes the work."""

    TYPE = "fulfillment.order.accepted"
    SUBJECT = "fulfillment_id"
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str


class FulfillmentRejected(Event, frozen=True, kw_only=True):
    """The node says no; the units are sourced elsewhere."""

    TYPE = "fulfillment.order.rejected"
    SUBJECT = "fulfillment_id"
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    reason: str
    lines: tuple[EventLine, ...]


class FulfillmentAtRisk(Event, frozen=True, kw_only=True):
    """The promise of this work is a day away, or past, and it has not left."""

    TYPE = "fulfillment.order.at_risk"
    SUBJECT = "fulfillment_id"
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    state: str
    due_at: datetime


class FulfillmentShorted(Event, frozen=True, kw_only=True):
    """Units were not found or were bad; they are sourced elsewhere."""

    TYPE = "fulfillment.order.shorted"
    SUBJECT = "fulfillment_id"
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    reason: str
    lines: tuple[EventLine, ...]


class FulfillmentPicked(Event, frozen=True, kw_only=True):
    """All units that are to leave are off the shelf."""

    TYPE = "fulfillment.order.picked"
    SUBJECT = "fulfillment_id"
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str


class FulfillmentPacked(Event, frozen=True, kw_only=True):
    """All units are in closed packages: they can be shipped or staged."""

    TYPE = "fulfillment.order.packed"
    SUBJECT = "fulfillment_id"
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str


class FulfillmentReopened(Event, frozen=True, kw_only=True):
    """Packages were opened or units put back: what was ready is not ready any more."""

    TYPE = "fulfillment.order.reopened"
    SUBJECT = "fulfillment_id"
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    state: str


class UnitsWithdrawn(Event, frozen=True, kw_only=True):
    """Units of the order were cancelled and went back to the shelf."""

    TYPE = "fulfillment.order.withdrawn"
    SUBJECT = "fulfillment_id"
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    reason: str
    lines: tuple[EventLine, ...]


class FulfillmentCancelled(Event, frozen=True, kw_only=True):
    """Nothing is left to do: every unit was cancelled or sourced elsewhere."""

    TYPE = "fulfillment.order.cancelled"
    SUBJECT = "fulfillment_id"
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    reason: str


class FulfillmentCompleted(Event, frozen=True, kw_only=True):
    """Everything has left the node."""

    TYPE = "fulfillment.order.completed"
    SUBJECT = "fulfillment_id"
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str


class WaveMade(Event, frozen=True, kw_only=True):
    """Fulfillment orders will be picked together."""

    TYPE = "fulfillment.wave.made"
    SUBJECT = "wave_id"
    wave_id: WaveId
    node: str
    kind: str
    fulfillments: tuple[FulfillmentId, ...]


class WaveClosed(Event, frozen=True, kw_only=True):
    """A wave ended; what was not picked went back to the list."""

    TYPE = "fulfillment.wave.closed"
    SUBJECT = "wave_id"
    wave_id: WaveId
    node: str
    left: tuple[FulfillmentId, ...]


class SupplierOrderSent(Event, frozen=True, kw_only=True):
    """A supplier is asked to send units to our customer (the 850 of EDI)."""

    TYPE = "fulfillment.supplier_order.sent"
    SUBJECT = "supplier_order_id"
    supplier_order_id: SupplierOrderId
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    lines: tuple[EventLine, ...]
    cost_minor: int
    currency: str


class SupplierOrderConfirmed(Event, frozen=True, kw_only=True):
    """The supplier will send."""

    TYPE = "fulfillment.supplier_order.confirmed"
    SUBJECT = "supplier_order_id"
    supplier_order_id: SupplierOrderId
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    supplier_ref: str


class SupplierOrderRejected(Event, frozen=True, kw_only=True):
    """The supplier will not send; the units are sourced elsewhere."""

    TYPE = "fulfillment.supplier_order.rejected"
    SUBJECT = "supplier_order_id"
    supplier_order_id: SupplierOrderId
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    reason: str


class SupplierOrderShipped(Event, frozen=True, kw_only=True):
    """The supplier has sent (an advance shipping notice, the 856 of EDI)."""

    TYPE = "fulfillment.supplier_order.shipped"
    SUBJECT = "supplier_order_id"
    supplier_order_id: SupplierOrderId
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    carrier: str
    tracking: str


class SupplierOrderCancelled(Event, frozen=True, kw_only=True):
    """We do not want the units any more."""

    TYPE = "fulfillment.supplier_order.cancelled"
    SUBJECT = "supplier_order_id"
    supplier_order_id: SupplierOrderId
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str


def event_line(line: Line, qty: int) -> EventLine:
    """Some units of a fulfillment line, as events carry them."""
    return EventLine(line.allocation_id, line.line, line.item, qty)
