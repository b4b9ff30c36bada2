"""The events of returns: one class each, about one RMA."""

from __future__ import annotations

import msgspec

from everyshelf.base.events import Event
from everyshelf.decide.disposition import Grade, Outcome
from everyshelf.orders import OrderId
from everyshelf.returns.facts import ReceiptId, RmaId, RmaKind


class ReturnedUnits(msgspec.Struct, frozen=True):
    """Some units of an order line."""

    line: int
    item: str
    qty: int


class RmaOpened(Event, frozen=True, kw_only=True):
    """Units may come back."""

    TYPE = "returns.rma.opened"
    SUBJECT = "rma_id"
    rma_id: RmaId
    order_id: OrderId
    kind: RmaKind
    channel: str
    lines: list[ReturnedUnits]
    override: str


class RmaReceived(Event, frozen=True, kw_only=True):
    """Units came back at a node and their money is on its way to the customer."""

    TYPE = "returns.rma.received"
    SUBJECT = "rma_id"
    rma_id: RmaId
    order_id: OrderId
    node: str
    lines: list[ReturnedUnits]
    refund_minor: int
    currency: str


class UnitsGraded(Event, frozen=True, kw_only=True):
    """Received units were inspected; `disposition` is where they go and `why` the rule."""

    TYPE = "returns.unit.graded"
    SUBJECT = "rma_id"
    rma_id: RmaId
    receipt_id: ReceiptId
    node: str
    item: str
    qty: int
    grade: Grade
    disposition: Outcome
    why: str


class RmaClosed(Event, frozen=True, kw_only=True):
    """All units have come, or no more are expected."""

    TYPE = "returns.rma.closed"
    SUBJECT = "rma_id"
    rma_id: RmaId
    order_id: OrderId


class RmaCancelled(Event, frozen=True, kw_only=True):
    """The customer keeps the units, or did not send them in time."""

    TYPE = "returns.rma.cancelled"
    SUBJECT = "rma_id"
    rma_id: RmaId
    order_id: OrderId
    reason: str


class ExchangePlaced(Event, frozen=True, kw_only=True):
    """The order that replaces the returned units was placed; it owes only the difference."""

    TYPE = "returns.exchange.placed"
    SUBJECT = "rma_id"
    rma_id: RmaId
    order_id: OrderId
    exchange_order_id: OrderId
    credit_minor: int
    currency: str


class ExchangeFailed(Event, frozen=True, kw_only=True):
    """The wanted items cannot be had; the customer gets the money instead."""

    TYPE = "returns.exchange.failed"
    SUBJECT = "rma_id"
    rma_id: RmaId
    order_id: OrderId
    code: str
    detail: str
