"""What a shipment is, how tracking turns into its state, and the words with which it says no; pure.

A shipment is what one fulfillment order hands to one carrier. `standing` folds all that was heard
about it, in whatever order and how often it was heard, into the same answer. It decides no price.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id
from everyshelf.fulfillment import FulfillmentId, PackageId
from everyshelf.orders import OrderId

ATTEMPTS: Final = 3


class ShipmentId(Id):
    """Packages handed to one carrier movement."""

    prefix = "shp"


class ManifestId(Id):
    """What a carrier took along at one time."""

    prefix = "man"


class ShipmentState(StrEnum):
    """Where the packages are. The last three are final."""

    SHIPPED = "shipped"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ATTEMPT_FAILED = "attempt_failed"
    RETURNING = "returning"
    DELIVERED = "delivered"
    RETURNED = "returned"
    LOST = "lost"


FINAL: Final = (ShipmentState.DELIVERED, ShipmentState.RETURNED, ShipmentState.LOST)
RANK: Final = {state: n for n, state in enumerate(ShipmentState)}


class LabelState(StrEnum):
    """`intent`: written down, the carrier may have been asked. `void_due`: to be given back."""

    INTENT = "intent"
    PAID = "paid"
    VOID_DUE = "void_due"
    VOID = "void"


UNKNOWN: Final = Code("transport.unknown", 404, "There is no such shipment.")
FULFILLMENT_UNKNOWN: Final = Code(
    "transport.fulfillment_unknown", 404, "There is no such fulfillment order."
)
NOT_PACKED: Final = Code(
    "transport.not_packed", 409, "Only packed work can be shipped; pack it first."
)
NOT_SHIPPED_THIS_WAY: Final = Code(
    "transport.collected", 409, "The buyer collects this work; hand it over instead."
)
ORDER_HELD: Final = Code(
    "transport.order_held", 409, "The order is on hold; release the hold before it leaves."
)
NO_ADDRESS: Final = Code("transport.no_address", 409, "The order has no address to ship to.")
NO_SERVICE: Final = Code(
    "transport.no_service", 409, "No active delivery service reaches this address from this node."
)
LABEL_PENDING: Final = Code(
    "transport.label_pending", 409, "A label was ordered and has not come yet; try again shortly."
)
LABEL_UNKNOWN: Final = Code("transport.label_unknown", 404, "The package has no label.")
NOTHING_TO_MANIFEST: Final = Code(
    "transport.nothing_to_manifest", 409, "No shipment of this carrier waits at this node."
)


class Ship(msgspec.Struct, frozen=True):
    """Hand packed work to a carrier; `service` None takes the work's own, else the cheapest."""

    key: str
    fulfillment_id: FulfillmentId
    service: str | None = None


class ParcelLabel(msgspec.Struct, frozen=True):
    """The label of one package."""

    package_id: PackageId
    tracking: str
    cost_minor: int


class Shipped(msgspec.Struct, frozen=True):
    """What left. `left_out` units had been cancelled meanwhile and went back to the shelf; when
    that was everything there is no shipment."""

    shipment_id: ShipmentId | None
    fulfillment_id: FulfillmentId
    order_id: OrderId
    carrier: str = ""
    service: str = ""
    cost_minor: int = 0
    currency: str = ""
    labels: tuple[ParcelLabel, ...] = ()
    left_out: int = 0


class Track(msgspec.Struct, frozen=True):
    """Something a carrier said. `source_id` is the carrier's own id of the message."""

    shipment_id: ShipmentId
    source_id: str
    code: ShipmentState
    at: datetime
    place: str = ""


class Tracked(msgspec.Struct, frozen=True):
    """Where the shipment stands after the message."""

    shipment_id: ShipmentId
    state: ShipmentState
    attempts: int


class Shipment(msgspec.Struct, frozen=True):
    """One shipment as it stands."""

    part: int
    id: ShipmentId
    order_id: OrderId
    fulfillment_id: FulfillmentId
    node: str
    carrier: str
    service: str
    state: ShipmentState
    zone: int
    weight_g: int
    cost_minor: int
    currency: str
    shipped_at: datetime
    promised_latest: datetime | None
    delivered_at: datetime | None
    attempts: int
    manifest_id: ManifestId | None
    version: int


class Message(msgspec.Struct, frozen=True):
    """One tracking message as it was kept."""

    shipment_id: ShipmentId
    source_id: str
    code: ShipmentState
    place: str
    at: datetime


class Label(msgspec.Struct, frozen=True):
    """One label as it stands."""

    part: int
    package_id: PackageId
    fulfillment_id: FulfillmentId
    shipment_id: ShipmentId | None
    key: str
    carrier: str
    service: str
    state: LabelState
    tracking: str
    cost_minor: int
    currency: str


class CloseManifest(msgspec.Struct, frozen=True):
    """The carrier collects at a node: everything of it that waits goes along."""

    key: str
    node: str
    carrier: str


class Manifested(msgspec.Struct, frozen=True):
    """What the carrier took."""

    manifest_id: ManifestId
    shipments: int
    packages: int
    weight_g: int


class Standing(msgspec.Struct, frozen=True):
    """The answer of the fold."""

    state: ShipmentState
    attempts: int
    delivered_at: datetime | None = None


def standing(messages: Sequence[Message]) -> Standing:
    """Where a shipment stands by all that was heard: the order of arrival does not matter.

    The earliest final message ends it. The third failed attempt sends it back, and what is on
    its way back does not go out again. Otherwise the latest message counts.
    """
    heard = sorted(messages, key=lambda m: (m.at, RANK[m.code], m.source_id))
    attempts = sum(1 for m in heard if m.code is ShipmentState.ATTEMPT_FAILED)
    for message in heard:
        if message.code in FINAL:
            delivered = message.at if message.code is ShipmentState.DELIVERED else None
            return Standing(message.code, attempts, delivered)
    if attempts >= ATTEMPTS or any(m.code is ShipmentState.RETURNING for m in heard):
        return Standing(ShipmentState.RETURNING, attempts)
    return Standing(heard[-1].code if heard else ShipmentState.SHIPPED, attempts)


def tracking_of(package_id: int) -> str:
    """Our own carrier's tracking number: unique because the package is, with a check digit
    (modulus 10, weights 3 and 1 from the right, as in GS1's SSCC)."""
    digits = f"{int(package_id):019d}"
    total = sum(int(d) * (3 if n % 2 == 0 else 1) for n, d in enumerate(reversed(digits)))
    return f"ES{digits}{-total % 10}"
