"""transport: packages handed to one carrier movement.

Owns shipment, label, tracking_event and manifest. Hears fulfillment.order.reopened, .cancelled and
fulfillment.supplier_order.shipped. Emits transport.shipment.shipped, .in_transit,
.out_for_delivery, .attempt_failed, .returning, .delivered, .returned, .lost, .disputed;
transport.label.bought, .voided; transport.manifest.closed. Never calls a carrier inside a
transaction, and never decides which node sends.
"""

from everyshelf.transport.events import (
    LabelBought,
    LabelVoided,
    ManifestClosed,
    Parcel,
    ShipmentAttemptFailed,
    ShipmentDelivered,
    ShipmentDisputed,
    ShipmentInTransit,
    ShipmentLost,
    ShipmentOutForDelivery,
    ShipmentReturned,
    ShipmentReturning,
    ShipmentShipped,
)
from everyshelf.transport.facts import (
    CloseManifest,
    Label,
    LabelState,
    Manifested,
    ManifestId,
    Message,
    ParcelLabel,
    Ship,
    Shipment,
    ShipmentId,
    ShipmentState,
    Shipped,
    Track,
    Tracked,
    standing,
    tracking_of,
)
from everyshelf.transport.label_print import label_pdf, label_zpl
from everyshelf.transport.labels import (
    Bought,
    BuyLabels,
    Carrier,
    LabelsOrdered,
    Request,
    buy_labels,
    settle_labels,
)
from everyshelf.transport.manifest import close_manifest
from everyshelf.transport.read import get, labels, messages, of_orders
from everyshelf.transport.ship import ship, ship_now
from everyshelf.transport.track import shipments_of_tracking, track

__all__ = [
    "Bought",
    "BuyLabels",
    "Carrier",
    "CloseManifest",
    "Label",
    "LabelBought",
    "LabelState",
    "LabelVoided",
    "LabelsOrdered",
    "ManifestClosed",
    "ManifestId",
    "Manifested",
    "Message",
    "Parcel",
    "ParcelLabel",
    "Request",
    "Ship",
    "Shipment",
    "ShipmentAttemptFailed",
    "ShipmentDelivered",
    "ShipmentDisputed",
    "ShipmentId",
    "ShipmentInTransit",
    "ShipmentLost",
    "ShipmentOutForDelivery",
    "ShipmentReturned",
    "ShipmentReturning",
    "ShipmentShipped",
    "ShipmentState",
    "Shipped",
    "Track",
    "Tracked",
    "buy_labels",
    "close_manifest",
    "get",
    "label_pdf",
    "label_zpl",
    "labels",
    "messages",
    "of_orders",
    "settle_labels",
    "ship",
    "ship_now",
    "shipments_of_tracking",
    "standing",
    "track",
    "tracking_of",
]
