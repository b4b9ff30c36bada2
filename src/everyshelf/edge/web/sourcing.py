"""The routes of sourcing: which node and why, and what still waits for one."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from everyshelf import sourcing
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web.declare import Face, Listing, Read
from everyshelf.orders import OrderId
from everyshelf.sourcing import Day, DecisionId, Why

SQL = load("everyshelf.edge.web", "lists.sql")


class OneOrder(msgspec.Struct, frozen=True):
    """Which order."""

    order_id: OrderId


class DemandQuery(msgspec.Struct, frozen=True):
    """Filters of demand."""

    item: str | None = None
    reason: str | None = None


class DemandRow(msgspec.Struct, frozen=True):
    """Units that wait for a node; `place` orders the list, the oldest first."""

    place: str
    order_id: OrderId
    line: int
    item: str
    qty: int
    reason: str
    due_at: datetime
    since: datetime


class DecisionQuery(msgspec.Struct, frozen=True):
    """Filters of decisions."""

    order_id: OrderId | None = None
    node: str | None = None


class DecisionRow(msgspec.Struct, frozen=True):
    """A decision in a list; the whole reason is under the order's `why`."""

    id: DecisionId
    order_id: OrderId
    at: datetime
    trigger: str
    policy: str
    policy_version: int
    cost_minor: int
    nodes: list[str]
    unfilled: int


class CapacityQuery(msgspec.Struct, frozen=True):
    """Which days, and of which node; without dates today's, by the server's calendar."""

    node: str | None = None
    first: date | None = None
    last: date | None = None


class Capacity(msgspec.Struct, frozen=True):
    """How full the days of limited nodes are."""

    days: list[Day]


def _capacity(tx: Tx, query: CapacityQuery) -> Capacity:
    first = query.first or tx.now.date()
    nodes = None if query.node is None else [query.node]
    return Capacity(sourcing.capacity_days(tx, first, query.last or first, nodes))


def _why(tx: Tx, query: OneOrder) -> Why:
    return sourcing.why(tx, query.order_id)


FACE = Face(
    "sourcing",
    "Which node, and why: every decision is kept with its reasons.",
    (
        Listing(
            "/v1/demand", SQL.list_demand, DemandRow, DemandQuery,
            "List units that wait for a node", by="place", newest=False,
        ),
        Listing("/v1/decisions", SQL.list_decisions, DecisionRow, DecisionQuery, "List decisions"),
        Read(
            "/v1/capacity", _capacity, CapacityQuery, Capacity,
            "How full the days of nodes are, in orders, lines and units",
        ),
        Read(
            "/v1/orders/{order_id}/why", _why, OneOrder, Why,
            "Why an order's units come from where they come from",
        ),
    ),
)  # fmt: skip
