"""The routes of fulfillment: the work at a node, waves, packages, suppliers' orders."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf import fulfillment
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Face, Listing, Read, Verb, shown, view
from everyshelf.fulfillment import Done, FulfillmentId, SupplierOrderId, WaveId
from everyshelf.fulfillment.wave import WaveDone
from everyshelf.orders import OrderId

SQL = load("everyshelf.edge.web", "lists.sql")

PackageView = view("PackageView", fulfillment.Package, "part")
WorkView = view("WorkView", fulfillment.FulfillmentOrder, "part")
SupplierOrderView = view("SupplierOrderView", fulfillment.SupplierOrder, "part")


class OneWork(msgspec.Struct, frozen=True):
    """Which fulfillment order."""

    fulfillment_id: FulfillmentId


class OneWave(msgspec.Struct, frozen=True):
    """Which wave."""

    wave_id: WaveId


class OneSupplierOrder(msgspec.Struct, frozen=True):
    """Which supplier's order."""

    supplier_order_id: SupplierOrderId


class WorkQuery(msgspec.Struct, frozen=True):
    """Filters of work."""

    node: str | None = None
    state: str | None = None
    order_id: OrderId | None = None


class WorkRow(msgspec.Struct, frozen=True):
    """A fulfillment order in a list."""

    id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    service: str | None
    state: str
    due_at: datetime | None
    made_at: datetime
    wave_id: WaveId | None
    reason: str
    lines: int
    units: int
    version: int


class WorkDetail(msgspec.Struct, frozen=True):
    """A fulfillment order with its lines and packages; the version is the order's."""

    work: WorkView  # type: ignore[valid-type]
    packages: list[PackageView]  # type: ignore[valid-type]
    version: int


class WaveQuery(msgspec.Struct, frozen=True):
    """Filters of waves."""

    node: str | None = None
    state: str | None = None


class WaveRow(msgspec.Struct, frozen=True):
    """A wave in a list."""

    id: WaveId
    node: str
    kind: str
    state: str
    made_at: datetime
    closed_at: datetime | None


def _work(tx: Tx, query: OneWork) -> WorkDetail:
    work = declare.only(fulfillment.get(tx, [query.fulfillment_id]), "fulfillment order")
    packages = fulfillment.packages_of(tx, [query.fulfillment_id])
    return WorkDetail(
        shown(WorkView, work), [shown(PackageView, p) for p in packages], work.version
    )


def _pick_list(tx: Tx, query: OneWave) -> list[fulfillment.Fetch]:
    return fulfillment.pick_list(tx, query.wave_id)


def _supplier_order(tx: Tx, query: OneSupplierOrder) -> object:
    found = fulfillment.supplier_orders(tx, [query.supplier_order_id])
    return shown(SupplierOrderView, declare.only(found, "supplier order"))


WORK = "/v1/fulfillments/{fulfillment_id}"
ORDER = "/v1/supplier-orders/{supplier_order_id}"

FACE = Face(
    "fulfillment",
    "Work at a node: accept, pick, short, pack; waves; suppliers' orders.",
    (
        Listing("/v1/fulfillments", SQL.list_work, WorkRow, WorkQuery, "List work"),
        Read(WORK, _work, OneWork, WorkDetail, "Get work with lines and packages"),
        Listing("/v1/waves", SQL.list_waves, WaveRow, WaveQuery, "List waves"),
        Read(
            "/v1/waves/{wave_id}/picks", _pick_list, OneWave, list[fulfillment.Fetch],
            "What a wave fetches, item by item",
        ),
        Listing(
            "/v1/supplier-orders", SQL.list_supplier_orders, SupplierOrderView, WaveQuery,
            "List suppliers' orders",
        ),
        Read(
            ORDER, _supplier_order, OneSupplierOrder, SupplierOrderView, "Get a supplier's order"
        ),
        Verb(
            "POST", f"{WORK}/accept", fulfillment.accept, fulfillment.Accept, Done, "Accept work"
        ),
        Verb(
            "POST", f"{WORK}/reject", fulfillment.reject, fulfillment.Reject, Done,
            "Reject work with a reason; another node is found",
        ),
        Verb("POST", f"{WORK}/pick", fulfillment.pick, fulfillment.Pick, Done, "Pick units"),
        Verb(
            "POST", f"{WORK}/unpick", fulfillment.unpick, fulfillment.Unpick, Done,
            "Put picked units back",
        ),
        Verb(
            "POST", f"{WORK}/short", fulfillment.short, fulfillment.Short, Done,
            "Say that units were not found or bad; they are sourced elsewhere",
        ),
        Verb("POST", f"{WORK}/pack", fulfillment.pack, fulfillment.Pack, Done, "Pack units"),
        Verb(
            "POST", f"{WORK}/unpack", fulfillment.unpack, fulfillment.Unpack, Done,
            "Take packages apart",
        ),
        Verb(
            "POST", f"{WORK}/prepare", fulfillment.prepare, fulfillment.Prepare, Done,
            "Accept, pick and pack in one step",
        ),
        Verb(
            "POST", "/v1/waves", fulfillment.make_wave, fulfillment.MakeWave, WaveDone,
            "Make a wave of a node's work", 201,
        ),
        Verb(
            "POST", "/v1/waves/{wave_id}/close", fulfillment.close_wave, fulfillment.CloseWave,
            WaveDone, "Close a wave",
        ),
        Verb(
            "POST", f"{ORDER}/confirm", fulfillment.confirm, fulfillment.Confirm, Done,
            "A supplier confirms",
        ),
        Verb(
            "POST", f"{ORDER}/refuse", fulfillment.refuse, fulfillment.Refuse, Done,
            "A supplier refuses; another node is found",
        ),
        Verb(
            "POST", f"{ORDER}/ship", fulfillment.ship_notice, fulfillment.Notice, Done,
            "A supplier has shipped",
        ),
    ),
)  # fmt: skip
