"""What an order is, which states a line can be in and what may be done in each; pure.

Money: `amount_minor` is the price of the whole line without tax, `tax_minor` its tax; the order's
total is their sum plus shipping. Units leave a line from two ends: shipped units are the first
ones, cancelled units the last ones, so every unit has one price and all pieces sum to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base import money
from everyshelf.base.errors import Code
from everyshelf.base.ids import Id
from everyshelf.cart import CartId
from everyshelf.customer import CustomerId
from everyshelf.network import Address
from everyshelf.promise import Method, pool_of
from everyshelf.stock import InboundId

MAX_QTY: Final = 1_000_000
MAX_LINES: Final = 1_000
MAX_MINOR: Final = 10**15


class OrderId(Id):
    """A customer's order."""

    prefix = "ord"


class ChangeId(Id):
    """One entry of an order's timeline."""

    prefix = "chg"


class Supply(StrEnum):
    """Where a line's units come from; a kit line has none of its own."""

    STOCK = "stock"
    INBOUND = "inbound"
    MAKE = "make"
    KIT = "kit"


class ShortPolicy(StrEnum):
    """What to do when less is there than was ordered."""

    PARTIAL = "partial"
    SHIP_COMPLETE = "ship_complete"
    CANCEL_SHORT = "cancel_short"


class HoldKind(StrEnum):
    """Why an order waits before it is sourced."""

    FRAUD = "fraud"
    PAYMENT = "payment"
    ADDRESS = "address"
    DATE = "date"
    STOCK = "stock"
    REVIEW = "review"


class OrderState(StrEnum):
    """Derived from the counts and the open holds; stored nowhere."""

    OPEN = "open"
    HELD = "held"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class LineState(StrEnum):
    """Derived from a line's counts and from whether its order is on hold."""

    OPEN = "open"
    HELD = "held"
    PART_SHIPPED = "part_shipped"
    PART_SHIPPED_HELD = "part_shipped_held"
    SHIPPED = "shipped"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What can be done to a line (hold, release and address through its order)."""

    CANCEL = "cancel"
    CHANGE_QTY = "change_qty"
    CHANGE_METHOD = "change_method"
    CHANGE_ADDRESS = "change_address"
    HOLD = "hold"
    RELEASE = "release"
    SHIP = "ship"
    UNSHIP = "unship"
    RETURN = "return"


UNKNOWN = Code("orders.unknown", 404, "There is no such order.")
LINE_UNKNOWN = Code("orders.line_unknown", 422, "The order has no such line.")
ENDED = Code("orders.ended", 409, "The order has no open units any more; nothing can be changed.")
NOTHING_OPEN = Code(
    "orders.nothing_open",
    409,
    "Fewer units of the line are open than were named.",
    constraint="order_line_counts_in_qty",
)
LINE_SHIPPED = Code("orders.line_shipped", 409, "Units have left; the line cannot be amended.")
NOT_SHIPPED = Code(
    "orders.not_shipped",
    409,
    "Fewer units of the line are with the buyer than were named.",
    constraint="order_line_returned_within_shipped",
)
NOT_HELD = Code("orders.not_held", 409, "The order has no open hold of this kind.")
ALREADY_HELD = Code(
    "orders.already_held",
    409,
    "The order already has an open hold of this kind.",
    constraint="order_hold_one_open",
)
KIT_COMPONENT = Code(
    "orders.kit_component", 422, "A component of a kit cannot be changed alone; name the kit line."
)
SHORT = Code("orders.short", 409, "Not all units can be promised; nothing was placed.")
REF_TAKEN = Code(
    "orders.ref_taken", 409, "The channel has sent another order under this reference."
)
CURRENCY = Code("orders.currency", 422, "The currency is not the channel's.")
CHANNEL_CLOSED = Code("orders.channel_closed", 409, "The channel does not take orders now.")
ITEM_NOT_SOLD = Code("orders.item_not_sold", 422, "The item is not sold on this channel.")
ADDRESS_MISSING = Code("orders.address_missing", 422, "Lines that are shipped need an address.")
PLACED_AT = Code("orders.placed_at", 422, "An order is placed between the year 2000 and now.")
TOTAL_MISMATCH = Code(
    "orders.total_mismatch", 422, "The total is not the sum of lines, tax and shipping."
)
NOTHING_TO_DO = Code("orders.nothing_to_do", 422, "The command changes nothing.")

# Every (state, act) has a cell: None when it may be done, else the refusal. "ship" is a fact that
# has happened, so a hold does not stop it; it is impossible only when no unit is open.
_CHANGES = (Act.CHANGE_QTY, Act.CHANGE_METHOD, Act.CHANGE_ADDRESS)
_OPEN: Final[dict[Act, Code | None]] = {
    Act.CANCEL: None,
    **dict.fromkeys(_CHANGES, None),
    Act.HOLD: None,
    Act.RELEASE: NOT_HELD,
    Act.SHIP: None,
    Act.UNSHIP: NOT_SHIPPED,
    Act.RETURN: NOT_SHIPPED,
}
_PART: Final[dict[Act, Code | None]] = {
    **_OPEN,
    **dict.fromkeys(_CHANGES, LINE_SHIPPED),
    Act.UNSHIP: None,
    Act.RETURN: None,
}
_ENDED: Final[dict[Act, Code | None]] = {
    Act.CANCEL: ENDED,
    **dict.fromkeys(_CHANGES, ENDED),
    Act.HOLD: ENDED,
    Act.RELEASE: ENDED,
    Act.SHIP: NOTHING_OPEN,
    Act.UNSHIP: NOT_SHIPPED,
    Act.RETURN: NOT_SHIPPED,
}
TABLE: Final[dict[LineState, dict[Act, Code | None]]] = {
    LineState.OPEN: _OPEN,
    LineState.HELD: {**_OPEN, Act.RELEASE: None},
    LineState.PART_SHIPPED: _PART,
    LineState.PART_SHIPPED_HELD: {**_PART, Act.RELEASE: None},
    LineState.SHIPPED: {**_ENDED, Act.UNSHIP: None, Act.RETURN: None},
    LineState.RETURNED: _ENDED,
    LineState.CANCELLED: _ENDED,
}


class Buyer(msgspec.Struct, frozen=True):
    """Who ordered, as the channel told us."""

    name: str = ""
    email: str | None = None
    phone: str | None = None
    loyalty: str | None = None


class Line(msgspec.Struct, frozen=True):
    """One line of an order; the counts only grow (but for `unship`). A kit line carries no money
    and no stock: its components, whose `kit_line` names it, do."""

    order_id: OrderId
    line: int
    kit_line: int | None
    item: str
    qty: int
    amount_minor: int
    tax_minor: int
    method: Method
    pickup_node: str | None
    service: str | None
    supply: Supply
    inbound_id: InboundId | None = None
    promised_earliest: datetime | None = None
    promised_latest: datetime | None = None
    cancelled: int = 0
    shipped: int = 0
    returned: int = 0

    @property
    def open(self) -> int:
        """Units still owed to the buyer."""
        return self.qty - self.cancelled - self.shipped

    @property
    def pool(self) -> str:
        return pool_of(self.method, self.pickup_node)

    def worth(self, start: int, count: int) -> int:
        """Price and tax of the units start..start+count-1 of the line."""
        return money.share(self.amount_minor, self.qty, start, count) + money.share(
            self.tax_minor, self.qty, start, count
        )

    def worth_cancelled(self, count: int) -> int:
        """Price and tax of the next `count` units to be cancelled: the last that are open."""
        return self.worth(self.qty - self.cancelled - count, count)

    def state(self, held: bool) -> LineState:
        """The line's state, given whether its order is on hold."""
        if self.open and self.shipped:
            return LineState.PART_SHIPPED_HELD if held else LineState.PART_SHIPPED
        if self.open:
            return LineState.HELD if held else LineState.OPEN
        if not self.shipped:
            return LineState.CANCELLED
        return LineState.RETURNED if self.returned == self.shipped else LineState.SHIPPED

    def refusal(self, act: Act, held: bool) -> Code | None:
        """Why this may not be done to the line now; None when it may."""
        return TABLE[self.state(held)][act]


class Order(msgspec.Struct, frozen=True):
    """An order with its lines and the kinds of its open holds."""

    id: OrderId
    channel: str
    channel_ref: str
    customer_id: CustomerId | None
    currency: str
    buyer: Buyer
    ship_to: Address | None
    priority: int
    short_policy: ShortPolicy
    shipping_minor: int
    cart_id: CartId | None
    exchange_of: OrderId | None
    placed_at: datetime
    version: int
    holds: list[str] = []
    lines: tuple[Line, ...] = ()

    @property
    def real(self) -> tuple[Line, ...]:
        """The lines that carry units (all but kit lines)."""
        return tuple(x for x in self.lines if x.supply != Supply.KIT)

    @property
    def state(self) -> OrderState:
        return state_of(self.real, bool(self.holds))

    @property
    def total_minor(self) -> int:
        """What the buyer owes for the units that are not cancelled, with shipping."""
        total = sum(x.worth(0, x.qty - x.cancelled) for x in self.lines)
        return total + (0 if self.state is OrderState.CANCELLED else self.shipping_minor)


def state_of(lines: Sequence[Line], held: bool) -> OrderState:
    """The order's state from its unit-carrying lines: the rule of the view `order_state`."""
    if any(x.open for x in lines):
        return OrderState.HELD if held else OrderState.OPEN
    return OrderState.COMPLETED if any(x.shipped for x in lines) else OrderState.CANCELLED
