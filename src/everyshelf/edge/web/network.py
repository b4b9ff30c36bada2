"""The routes of network: nodes with their calendars, services with rates, lanes, suppliers."""

from __future__ import annotations

import msgspec

from everyshelf import network
from everyshelf.base.declare import Saved
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Face, Listing, NoQuery, Read, Verb

SQL = load("everyshelf.edge.web", "lists.sql")


class NodeQuery(msgspec.Struct, frozen=True):
    """Filters of nodes."""

    kind: str | None = None
    capability: str | None = None
    active: bool | None = None


class OneNode(msgspec.Struct, frozen=True):
    """Which node."""

    node: str


class NodeDetail(msgspec.Struct, frozen=True):
    """A node with its opening hours and the days on which they differ."""

    node: network.Node
    hours: list[network.Hours]
    exceptions: list[network.NodeException]
    version: int


class OneService(msgspec.Struct, frozen=True):
    """Which service."""

    service: str


class ServiceRow(msgspec.Struct, frozen=True):
    """A service of a carrier."""

    service: str
    carrier: str
    name: str
    kind: str
    active: bool


class LaneQuery(msgspec.Struct, frozen=True):
    """Filters of lanes."""

    node: str | None = None
    service: str | None = None


class LaneRow(msgspec.Struct, frozen=True):
    """Transit from a node to a region; `place` orders the list."""

    place: str
    node: str
    region: str
    service: str
    zone: int
    days_p50: int
    days_p90: int


class SupplierQuery(msgspec.Struct, frozen=True):
    """Filters of what suppliers offer."""

    node: str | None = None
    item: str | None = None


class SupplierRow(msgspec.Struct, frozen=True):
    """What a supplier asks for an item; `place` orders the list."""

    place: str
    node: str
    item: str
    cost_minor: int
    currency: str
    lead_days: int


def _node(tx: Tx, query: OneNode) -> NodeDetail:
    node = declare.only(list(network.nodes(tx, [query.node]).values()), "node")
    code = node.node
    hours = network.hours(tx, [code]).get(code, [])
    return NodeDetail(node, hours, network.exceptions(tx, [code]).get(code, []), node.version)


def _service(tx: Tx, query: OneService) -> network.Service:
    return declare.only(list(network.services(tx, [query.service]).values()), "service")


FACE = Face(
    "network",
    "Where from: nodes, calendars, services, rates, lanes, suppliers.",
    (
        Listing(
            "/v1/nodes", SQL.list_nodes, network.Node, NodeQuery, "List nodes",
            by="node", newest=False,
        ),
        Read("/v1/nodes/{node}", _node, OneNode, NodeDetail, "Get a node with its calendar"),
        Listing(
            "/v1/services", SQL.list_services, ServiceRow, NoQuery, "List services",
            by="service", newest=False,
        ),
        Read(
            "/v1/services/{service}", _service, OneService, network.Service,
            "Get a service with zones and rates",
        ),
        Listing(
            "/v1/lanes", SQL.list_lanes, LaneRow, LaneQuery, "List lanes", by="place", newest=False
        ),
        Listing(
            "/v1/supplier-items", SQL.list_supplier_items, SupplierRow, SupplierQuery,
            "List what suppliers offer", by="place", newest=False,
        ),
        Verb(
            "PUT", "/v1/nodes/{node}", network.upsert_nodes, network.UpsertNode, Saved,
            "State a node with hours and exceptions",
        ),
        Verb(
            "POST", "/v1/nodes/{node}/pause", network.pause, network.Pause, Saved,
            "Stop new work at a node",
        ),
        Verb(
            "POST", "/v1/nodes/{node}/resume", network.resume, network.Resume, Saved,
            "Let new work come to a node again",
        ),
        Verb(
            "PUT", "/v1/services/{service}", network.upsert_services, network.UpsertService, Saved,
            "State a service with zones and rates",
        ),
        Verb(
            "PUT", "/v1/lanes/{node}/{region}/{service}", network.upsert_lanes,
            network.UpsertLane, Saved, "State the transit of a lane",
        ),
        Verb(
            "PUT", "/v1/supplier-items/{node}/{item}", network.upsert_supplier_items,
            network.UpsertSupplierItem, Saved, "State what a supplier asks for an item",
        ),
    ),
)  # fmt: skip
