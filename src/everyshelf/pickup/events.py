"""What pickup tells. A code is never in an event: the log outlives it."""

from __future__ import annotations

from datetime import datetime

from everyshelf.base.events import Event
from everyshelf.fulfillment import EventLine, FulfillmentId
from everyshelf.orders import OrderId
from everyshelf.pickup.facts import PickupId


class PickupStaged(Event, frozen=True, kw_only=True):
    """The order waits at the node: tell the customer (and have a code issued for them)."""

    TYPE = "pickup.order.staged"
    SUBJECT = "pickup_id"
    pickup_id: PickupId
    order_id: OrderId
    fulfillment_id: FulfillmentId
    node: str
    method: str
    expires_at: datetime


class PickupCodeIssued(Event, frozen=True, kw_only=True):
    """A new code replaced the one before."""

    TYPE = "pickup.code.issued"
    SUBJECT = "pickup_id"
    pickup_id: PickupId
    order_id: OrderId
    node: str


class PickupCodeLocked(Event, frozen=True, kw_only=True):
    """Five wrong codes were tried; a person looks at an identity document."""

    TYPE = "pickup.code.locked"
    SUBJECT = "pickup_id"
    pickup_id: PickupId
    order_id: OrderId
    node: str


class PickupUnlocked(Event, frozen=True, kw_only=True):
    """An associate checked an identity document; a new code was issued."""

    TYPE = "pickup.code.unlocked"
    SUBJECT = "pickup_id"
    pickup_id: PickupId
    order_id: OrderId
    node: str
    document: str


class PickupCheckedIn(Event, frozen=True, kw_only=True):
    """The customer is there (at the curb: in which bay)."""

    TYPE = "pickup.order.checked_in"
    SUBJECT = "pickup_id"
    pickup_id: PickupId
    order_id: OrderId
    node: str
    bay: str


class PickupHandedOver(Event, frozen=True, kw_only=True):
    """The customer, or who came for them, has the goods."""

    TYPE = "pickup.order.handed_over"
    SUBJECT = "pickup_id"
    pickup_id: PickupId
    order_id: OrderId
    fulfillment_id: FulfillmentId
    node: str
    lines: tuple[EventLine, ...]


class PickupNotCollected(Event, frozen=True, kw_only=True):
    """Nobody came in time: the units are back on sale and the customer is told."""

    TYPE = "pickup.order.not_collected"
    SUBJECT = "pickup_id"
    pickup_id: PickupId
    order_id: OrderId
    fulfillment_id: FulfillmentId
    node: str


class PickupCancelled(Event, frozen=True, kw_only=True):
    """There is nothing to collect any more, or not yet again."""

    TYPE = "pickup.order.cancelled"
    SUBJECT = "pickup_id"
    pickup_id: PickupId
    order_id: OrderId
    fulfillment_id: FulfillmentId
    node: str
    reason: str
