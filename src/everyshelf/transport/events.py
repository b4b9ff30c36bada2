"""What transport tells: where shipments are, labels and manifests. Later rooms hear these."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf.base.events import Event
from everyshelf.fulfillment import FulfillmentId, PackageId
from everyshelf.orders import OrderId
from everyshelf.transport.facts import ManifestId, ShipmentId, ShipmentState


class Parcel(msgspec.Struct, frozen=True):
    """One package of a shipment."""

    package_id: PackageId
    tracking: str


class ShipmentShipped(Event, frozen=True, kw_only=True):
    """Packages were handed to a carrier."""

    TYPE = "transport.shipment.shipped"
    SUBJECT = "shipment_id"
    shipment_id: ShipmentId
    order_id: OrderId
    fulfillment_id: FulfillmentId
    node: str
    carrier: str
    service: str
    cost_minor: int
    currency: str
    promised_latest: datetime | None
    parcels: tuple[Parcel, ...]


class ShipmentInTransit(Event, frozen=True, kw_only=True):
    """The carrier has the packages and moves them."""

    TYPE = "transport.shipment.in_transit"
    SUBJECT = "shipment_id"
    shipment_id: ShipmentId
    order_id: OrderId
    at: datetime
    place: str


class ShipmentOutForDelivery(Event, frozen=True, kw_only=True):
    """The packages are on the vehicle to the door."""

    TYPE = "transport.shipment.out_for_delivery"
    SUBJECT = "shipment_id"
    shipment_id: ShipmentId
    order_id: OrderId
    at: datetime
    place: str


class ShipmentAttemptFailed(Event, frozen=True, kw_only=True):
    """Nobody took the packages; `attempts` counts how often."""

    TYPE = "transport.shipment.attempt_failed"
    SUBJECT = "shipment_id"
    shipment_id: ShipmentId
    order_id: OrderId
    node: str
    attempts: int
    at: datetime
    place: str


class ShipmentReturning(Event, frozen=True, kw_only=True):
    """The packages could not be delivered and come back."""

    TYPE = "transport.shipment.returning"
    SUBJECT = "shipment_id"
    shipment_id: ShipmentId
    order_id: OrderId
    node: str
    at: datetime
    place: str


class ShipmentDelivered(Event, frozen=True, kw_only=True):
    """The buyer has the packages."""

    TYPE = "transport.shipment.delivered"
    SUBJECT = "shipment_id"
    shipment_id: ShipmentId
    order_id: OrderId
    at: datetime
    on_time: bool | None


class ShipmentReturned(Event, frozen=True, kw_only=True):
    """The packages are back at the node that sent them; the buyer gets the money back."""

    TYPE = "transport.shipment.returned"
    SUBJECT = "shipment_id"
    shipment_id: ShipmentId
    order_id: OrderId
    node: str
    units: int
    refund_minor: int
    currency: str


class ShipmentLost(Event, frozen=True, kw_only=True):
    """The packages will not come; the buyer gets the money back, the carrier owes us."""

    TYPE = "transport.shipment.lost"
    SUBJECT = "shipment_id"
    shipment_id: ShipmentId
    order_id: OrderId
    node: str
    carrier: str
    units: int
    refund_minor: int
    currency: str


class ShipmentDisputed(Event, frozen=True, kw_only=True):
    """A final message contradicts the one that ended the shipment; a person looks at it."""

    TYPE = "transport.shipment.disputed"
    SUBJECT = "shipment_id"
    shipment_id: ShipmentId
    order_id: OrderId
    node: str
    state: ShipmentState
    said: ShipmentState
    at: datetime


class LabelBought(Event, frozen=True, kw_only=True):
    """A package has its label."""

    TYPE = "transport.label.bought"
    SUBJECT = "package_id"
    package_id: PackageId
    fulfillment_id: FulfillmentId
    carrier: str
    service: str
    tracking: str
    cost_minor: int
    currency: str


class LabelVoided(Event, frozen=True, kw_only=True):
    """A label was given back: its package was opened before it left."""

    TYPE = "transport.label.voided"
    SUBJECT = "package_id"
    package_id: PackageId
    fulfillment_id: FulfillmentId
    carrier: str
    tracking: str


class ManifestClosed(Event, frozen=True, kw_only=True):
    """A carrier took everything of it that waited at a node."""

    TYPE = "transport.manifest.closed"
    SUBJECT = "manifest_id"
    manifest_id: ManifestId
    node: str
    carrier: str
    shipments: int
    packages: int
    weight_g: int
