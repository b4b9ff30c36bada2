"""What orders tells the later rooms, one class each. All are about one order (`ord_...`)."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from everyshelf.base.events import Event
from everyshelf.orders.facts import HoldKind, OrderId, ShortPolicy, Supply
from everyshelf.promise import Method
from everyshelf.stock import InboundId


class EventLine(msgspec.Struct, frozen=True):
    """A line as later rooms need it; kit lines are left out, their components are here. `qty` is
    what is open; `inbound_id` is the dated supply on which `qty` units were promised."""

    line: int
    item: str
    qty: int
    method: Method
    pickup_node: str | None
    service: str | None
    supply: Supply
    promised_latest: datetime | None = None
    inbound_id: InboundId | None = None


class OrderPlaced(Event, frozen=True, kw_only=True):
    """An order was taken; its units are held in the pool. `held`: do not source it yet."""

    TYPE = "orders.order.placed"
    SUBJECT = "order_id"
    order_id: OrderId
    channel: str
    priority: int
    short_policy: ShortPolicy
    held: bool
    lines: list[EventLine]
    currency: str
    total_minor: int
    authorized: bool
    provider: str


class BackorderedLine(msgspec.Struct, frozen=True):
    """Units of a line that wait for dated supply, or for being made (no `inbound_id`)."""

    line: int
    item: str
    qty: int
    supply: Supply
    inbound_id: InboundId | None
    due_on: date | None


class LinesBackordered(Event, frozen=True, kw_only=True):
    """Lines were taken although their units are not there yet."""

    TYPE = "orders.line.backordered"
    SUBJECT = "order_id"
    order_id: OrderId
    lines: list[BackorderedLine]


class CancelledLine(msgspec.Struct, frozen=True):
    """`qty` units were cancelled. `released` of them were still softly held and are free again;
    the other `qty - released` are committed (or waiting) in later rooms, which let them go."""

    line: int
    item: str
    qty: int
    released: int


class LinesCancelled(Event, frozen=True, kw_only=True):
    """Units were cancelled. `amount_minor` is their price and tax, with the order's shipping when
    nothing of it is left and nothing was shipped."""

    TYPE = "orders.line.cancelled"
    SUBJECT = "order_id"
    order_id: OrderId
    lines: list[CancelledLine]
    reason: str
    amount_minor: int
    currency: str


class MovedLine(msgspec.Struct, frozen=True):
    """A line whose open units reach the buyer another way now: `held` of them are softly held in
    the new pool, the other `qty - held` were committed already and are to be sourced anew."""

    line: int
    item: str
    qty: int
    held: int
    method: Method
    pickup_node: str | None
    service: str | None
    promised_latest: datetime | None


class OrderAmended(Event, frozen=True, kw_only=True):
    """An order was changed. `added` are new lines, `moved` lines go another way, `ship_to_changed`
    re-rates what has not left. Units taken away come as LinesCancelled, not here."""

    TYPE = "orders.order.amended"
    SUBJECT = "order_id"
    order_id: OrderId
    ship_to_changed: bool
    added: list[EventLine]
    moved: list[MovedLine]
    added_minor: int
    currency: str
    held: bool


class HoldPlaced(Event, frozen=True, kw_only=True):
    """The order waits for a reason of this kind."""

    TYPE = "orders.hold.placed"
    SUBJECT = "order_id"
    order_id: OrderId
    kind: HoldKind
    reason: str


class HoldReleased(Event, frozen=True, kw_only=True):
    """A hold was cleared; `all_clear`: it was the last one, the order may be sourced."""

    TYPE = "orders.hold.released"
    SUBJECT = "order_id"
    order_id: OrderId
    kind: HoldKind
    all_clear: bool


class LineCount(msgspec.Struct, frozen=True):
    """Some units of a line."""

    line: int
    item: str
    qty: int


class LinesShipped(Event, frozen=True, kw_only=True):
    """Units left for the buyer, or were handed over."""

    TYPE = "orders.line.shipped"
    SUBJECT = "order_id"
    order_id: OrderId
    lines: list[LineCount]


class LinesUnshipped(Event, frozen=True, kw_only=True):
    """Units counted as shipped never left; they are owed again."""

    TYPE = "orders.line.unshipped"
    SUBJECT = "order_id"
    order_id: OrderId
    lines: list[LineCount]


class LinesReturned(Event, frozen=True, kw_only=True):
    """Units came back from the buyer."""

    TYPE = "orders.line.returned"
    SUBJECT = "order_id"
    order_id: OrderId
    lines: list[LineCount]


class OrderCompleted(Event, frozen=True, kw_only=True):
    """Nothing is owed any more and something was shipped."""

    TYPE = "orders.order.completed"
    SUBJECT = "order_id"
    order_id: OrderId
