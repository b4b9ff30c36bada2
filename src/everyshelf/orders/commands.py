"""The commands of orders and their answers: what callers fill in; pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf.cart import CartId
from everyshelf.network import Address
from everyshelf.orders.facts import Buyer, HoldKind, OrderId, OrderState, ShortPolicy
from everyshelf.promise import Method


class PaymentChoice(msgspec.Struct, frozen=True):
    """Who moves the money; `authorized`: the channel has the buyer's authorization already."""

    provider: str = "manual"
    authorized: bool = True


class PlaceLine(msgspec.Struct, frozen=True):
    """`amount_minor` is the whole line's price without tax; None takes the channel's price."""

    item: str
    qty: int
    amount_minor: int | None = None
    tax_minor: int = 0
    method: Method = Method.SHIP
    pickup_node: str | None = None
    service: str | None = None


class Place(msgspec.Struct, frozen=True):
    """Take an order from a channel: its lines, or those of a cart. A `channel_ref` is taken once
    a channel. `total_minor`, when given, must be the sum of lines, tax and shipping."""

    key: str
    channel: str
    channel_ref: str
    buyer: Buyer
    currency: str
    lines: list[PlaceLine] = []
    ship_to: Address | None = None
    shipping_minor: int = 0
    priority: int = 0
    short_policy: ShortPolicy = ShortPolicy.PARTIAL
    payment: PaymentChoice = PaymentChoice()
    cart_id: CartId | None = None
    placed_at: datetime | None = None
    hold_kinds: list[HoldKind] = []
    allow_backorder: bool = False
    total_minor: int | None = None
    exchange_of: OrderId | None = None


class Placed(msgspec.Struct, frozen=True):
    """The answer to a Place."""

    order_id: OrderId
    lines: int
    state: OrderState


class CancelLine(msgspec.Struct, frozen=True):
    """Units of a line that are not wanted any more. A kit line stands for its components."""

    line: int
    qty: int


class Cancel(msgspec.Struct, frozen=True):
    """Cancel units of lines; `lines` None = everything that is open."""

    key: str
    order_id: OrderId
    lines: list[CancelLine] | None = None
    reason: str = "customer"
    version: int | None = None


class Cancelled(msgspec.Struct, frozen=True):
    """How many units were cancelled and what they were worth (with tax, and shipping when nothing
    of the order is left)."""

    order_id: OrderId
    units: int
    amount_minor: int
    state: OrderState
    version: int


class HoldOrder(msgspec.Struct, frozen=True):
    """Stop an order before it is sourced, for one reason of this kind."""

    key: str
    order_id: OrderId
    kind: HoldKind
    reason: str = ""
    version: int | None = None


class ReleaseHold(msgspec.Struct, frozen=True):
    """Clear the order's open hold of this kind."""

    key: str
    order_id: OrderId
    kind: HoldKind
    version: int | None = None


class OrderHolds(msgspec.Struct, frozen=True):
    """The kinds that hold the order now."""

    order_id: OrderId
    kinds: list[str]
    version: int


class AmendLine(msgspec.Struct, frozen=True):
    """What changes on a line: the open quantity, or the way it reaches the buyer."""

    line: int
    qty: int | None = None
    method: Method | None = None
    pickup_node: str | None = None
    service: str | None = None


class Amend(msgspec.Struct, frozen=True):
    """Change an order's address or lines, all or nothing."""

    key: str
    order_id: OrderId
    version: int | None = None
    ship_to: Address | None = None
    lines: list[AmendLine] = []
    reason: str = "customer"


class Amended(msgspec.Struct, frozen=True):
    """The order's version after the change and the money it adds (negative: takes away)."""

    order_id: OrderId
    version: int
    delta_minor: int
