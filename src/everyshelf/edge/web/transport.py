"""The routes of transport: ship, labels, tracking, manifests."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf import transport
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Face, Listing, Read, Verb, shown, view
from everyshelf.fulfillment import PackageId
from everyshelf.orders import OrderId
from everyshelf.transport import ManifestId, ShipmentId

SQL = load("everyshelf.edge.web", "lists.sql")

ShipmentView = view("ShipmentView", transport.Shipment, "part")
LabelView = view("LabelView", transport.Label, "part", "key")


class OneShipment(msgspec.Struct, frozen=True):
    """Which shipment."""

    shipment_id: ShipmentId


class OnePackage(msgspec.Struct, frozen=True):
    """Which package."""

    package_id: PackageId


class ShipmentQuery(msgspec.Struct, frozen=True):
    """Filters of shipments."""

    node: str | None = None
    state: str | None = None
    order_id: OrderId | None = None
    carrier: str | None = None


class ShipmentRow(msgspec.Struct, frozen=True):
    """A shipment in a list."""

    id: ShipmentId
    order_id: OrderId
    node: str
    carrier: str
    service: str
    state: str
    weight_g: int
    cost_minor: int
    currency: str
    shipped_at: datetime
    promised_latest: datetime | None
    delivered_at: datetime | None
    attempts: int
    version: int


class ShipmentDetail(msgspec.Struct, frozen=True):
    """A shipment with its labels and what the carrier said; the version is the shipment's."""

    shipment: ShipmentView  # type: ignore[valid-type]
    labels: list[LabelView]  # type: ignore[valid-type]
    messages: list[transport.Message]
    version: int


class ManifestQuery(msgspec.Struct, frozen=True):
    """Filters of manifests."""

    node: str | None = None
    carrier: str | None = None


class ManifestRow(msgspec.Struct, frozen=True):
    """What was handed to a carrier."""

    id: ManifestId
    node: str
    carrier: str
    closed_at: datetime
    packages: int
    weight_g: int


def _shipment(tx: Tx, query: OneShipment) -> ShipmentDetail:
    found = declare.only(transport.get(tx, [query.shipment_id]), "shipment")
    labels = transport.labels(tx, [found.fulfillment_id])
    messages = transport.messages(tx, [found])
    own = [shown(LabelView, one) for one in labels if one.shipment_id == found.id]
    return ShipmentDetail(shown(ShipmentView, found), own, messages, found.version)


def _pdf(tx: Tx, query: OnePackage) -> bytes:
    return transport.label_pdf(tx, [query.package_id])


def _zpl(tx: Tx, query: OnePackage) -> bytes:
    return transport.label_zpl(tx, [query.package_id]).encode()


FACE = Face(
    "transport",
    "Packages on their way: labels, shipments, tracking, manifests.",
    (
        Listing("/v1/shipments", SQL.list_shipments, ShipmentRow, ShipmentQuery, "List shipments"),
        Read(
            "/v1/shipments/{shipment_id}", _shipment, OneShipment, ShipmentDetail,
            "Get a shipment with labels and tracking",
        ),
        Read(
            "/v1/packages/{package_id}/label.pdf", _pdf, OnePackage, bytes,
            "A package's label to print", media="application/pdf",
        ),
        Read(
            "/v1/packages/{package_id}/label.zpl", _zpl, OnePackage, bytes,
            "A package's label for a label printer", media="application/zpl",
        ),
        Listing("/v1/manifests", SQL.list_manifests, ManifestRow, ManifestQuery, "List manifests"),
        Verb(
            "POST", "/v1/fulfillments/{fulfillment_id}/ship", transport.ship, transport.Ship,
            transport.Shipped, "Hand packed work to a carrier", 201,
            location="/v1/shipments/{shipment_id}",
        ),
        Verb(
            "POST", "/v1/fulfillments/{fulfillment_id}/labels", transport.buy_labels,
            transport.BuyLabels, transport.LabelsOrdered, "Order labels for packed work",
        ),
        Verb(
            "POST", "/v1/shipments/{shipment_id}/tracking", transport.track, transport.Track,
            transport.Tracked, "Tell what the carrier said",
        ),
        Verb(
            "POST", "/v1/manifests", transport.close_manifest, transport.CloseManifest,
            transport.Manifested, "Close the manifest of a node and a carrier", 201,
        ),
    ),
)  # fmt: skip
