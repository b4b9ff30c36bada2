"""The routes of orders: place, look, cancel, amend, hold."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf import orders
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer import CustomerId
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Face, Listing, Read, Verb
from everyshelf.orders import Order, OrderId

SQL = load("everyshelf.edge.web", "lists.sql")


class OneOrder(msgspec.Struct, frozen=True):
    """Which order."""

    order_id: OrderId


class OrderQuery(msgspec.Struct, frozen=True):
    """Filters of orders."""

    state: str | None = None
    channel: str | None = None
    channel_ref: str | None = None
    customer_id: CustomerId | None = None
    placed_after: datetime | None = None
    placed_before: datetime | None = None


class OrderRow(msgspec.Struct, frozen=True):
    """An order in a list, by its counts of units."""

    id: OrderId
    channel: str
    channel_ref: str
    customer_id: CustomerId | None
    state: str
    holds: list[str] | None
    units: int
    open: int
    cancelled: int
    shipped: int
    returned: int
    currency: str
    placed_at: datetime
    version: int


class OrderDetail(msgspec.Struct, frozen=True):
    """An order with its lines, its state and its worth; the version is the order's."""

    order: Order
    state: str
    total_minor: int
    version: int


def _get(tx: Tx, query: OneOrder) -> OrderDetail:
    order = declare.only(orders.get(tx, [query.order_id]), "order")
    return OrderDetail(order, order.state, order.total_minor, order.version)


def _timeline(tx: Tx, query: OneOrder) -> list[orders.Change]:
    declare.only(orders.get(tx, [query.order_id]), "order")
    return orders.changes(tx, query.order_id)


FACE = Face(
    "orders",
    "What was promised: orders from any channel, their changes and holds.",
    (
        Listing("/v1/orders", SQL.list_orders, OrderRow, OrderQuery, "List orders, newest first"),
        Read("/v1/orders/{order_id}", _get, OneOrder, OrderDetail, "Get an order with its lines"),
        Read(
            "/v1/orders/{order_id}/timeline", _timeline, OneOrder, list[orders.Change],
            "What was changed on an order, by whom, when",
        ),
        Verb(
            "POST", "/v1/orders", orders.place, orders.Place, orders.Placed,
            "Place an order from a channel, or from a cart", 201, location="/v1/orders/{order_id}",
        ),
        Verb(
            "POST", "/v1/orders/{order_id}/cancel", orders.cancel, orders.Cancel,
            orders.Cancelled, "Cancel units of lines, or all that is open",
        ),
        Verb(
            "POST", "/v1/orders/{order_id}/amend", orders.amend, orders.Amend, orders.Amended,
            "Change address, quantities or methods, all or nothing",
        ),
        Verb(
            "POST", "/v1/orders/{order_id}/holds", orders.hold, orders.HoldOrder,
            orders.OrderHolds, "Stop an order before it is sourced",
        ),
        Verb(
            "POST", "/v1/orders/{order_id}/holds/{kind}/release", orders.release_hold,
            orders.ReleaseHold, orders.OrderHolds, "Clear an order's hold",
        ),
    ),
)  # fmt: skip
