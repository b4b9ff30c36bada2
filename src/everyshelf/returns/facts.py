"""The facts of a return: the RMA and its lines, receipts, the policy, the refusals. Pure.

Units come back one line at a time and in any order; what a unit is worth is what its order says.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id
from everyshelf.decide.disposition import DEFAULT_RULES, Grade, Outcome, Rule
from everyshelf.orders import OrderId
from everyshelf.stock import Bucket

POLICY: Final = "returns"

TOO_MANY: Final = Code(
    "returns.too_many", 422, "More units would come back than were bought and are still out."
)
WINDOW_CLOSED: Final = Code(
    "returns.window_closed", 409, "The time to return this order is over; a manager can allow it."
)
NO_RECEIPT: Final = Code(
    "returns.no_receipt", 422, "Without its order a unit cannot be taken back; find the order."
)
UNKNOWN: Final = Code("returns.unknown", 404, "There is no such return.")
NOT_OPEN: Final = Code("returns.not_open", 409, "This return is closed or cancelled.")
NOT_EXPECTED: Final = Code(
    "returns.not_expected",
    409,
    "These units are not expected by this return, or have already come.",
    constraint="rma_line_received_within_qty",
)
NODE_REFUSES: Final = Code(
    "returns.node_refuses", 422, "This node is unknown, closed, or takes no returns."
)
SERIAL_NOT_SOLD: Final = Code(
    "returns.serial_not_sold", 422, "This serial number was not sold with this order."
)
BEGUN: Final = Code("returns.begun", 409, "Units of this return have come; close it instead.")
EXCHANGE_ONCE: Final = Code(
    "returns.exchange_once", 409, "Units of an exchange are returned, not exchanged again."
)
GRADE_UNKNOWN: Final = Code("returns.grade_unknown", 422, "A grade is a, b, c or d.")

BUCKET_OF: Final[dict[Outcome, Bucket]] = {
    Outcome.RESTOCK: Bucket.SELLABLE,
    Outcome.REFURBISH: Bucket.QUALITY_HOLD,
    Outcome.OUTLET: Bucket.QUALITY_HOLD,
    Outcome.RETURN_TO_VENDOR: Bucket.QUALITY_HOLD,
    Outcome.RECYCLE: Bucket.DAMAGED,
    Outcome.SCRAP: Bucket.DAMAGED,
}


class RmaId(Id):
    """Identifies a return: what a customer may send or bring back."""

    prefix = "rma"


class ReceiptId(Id):
    """Identifies units that came back together and were graded alike."""

    prefix = "rcp"


class RmaKind(StrEnum):
    """What the customer wants for the units."""

    RETURN = "return"
    EXCHANGE = "exchange"


class RmaState(StrEnum):
    """open: nothing has come. received: some has. closed: all has, or no more is expected."""

    OPEN = "open"
    RECEIVED = "received"
    CLOSED = "closed"
    CANCELLED = "cancelled"


TRANSITIONS: Final[dict[RmaState, frozenset[RmaState]]] = {
    RmaState.OPEN: frozenset({RmaState.RECEIVED, RmaState.CLOSED, RmaState.CANCELLED}),
    RmaState.RECEIVED: frozenset({RmaState.RECEIVED, RmaState.CLOSED}),
    RmaState.CLOSED: frozenset(),
    RmaState.CANCELLED: frozenset(),
}
LIVE: Final = frozenset({RmaState.OPEN, RmaState.RECEIVED})


class ReturnsPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The retailer's rules, kept as the live policy `returns`."""

    window_days: int = 30
    rma_days: int = 30
    refund_shipping: bool = False
    rules: tuple[Rule, ...] = DEFAULT_RULES


class AskedLine(msgspec.Struct, frozen=True):
    """Units of an order line that shall come back. A kit line stands for its components."""

    line: int
    qty: int
    reason: str = ""


class ReceivedLine(msgspec.Struct, frozen=True):
    """Units that came back together, as the inspection found them."""

    line: int
    qty: int
    grade: str = "a"
    lot: str = ""
    serials: tuple[str, ...] = ()
    sealed: bool | None = None
    recalled: bool = False
    vendor_takes_back: bool = False


class WantedLine(msgspec.Struct, frozen=True):
    """What the customer wants instead."""

    item: str
    qty: int


class OpenRma(msgspec.Struct, frozen=True):
    """Allows units to come back. `override`: the reason for which a manager lifts the window.

    An exchange without `exchange` lines is for the same items.
    """

    key: str
    order_id: OrderId
    lines: list[AskedLine]
    kind: RmaKind = RmaKind.RETURN
    channel: str = "web"
    exchange: list[WantedLine] = []
    override: str = ""


class ReceiveReturn(msgspec.Struct, frozen=True):
    """Takes units of an RMA in, at any node that takes returns."""

    key: str
    rma_id: RmaId
    node: str
    lines: list[ReceivedLine]


class CounterReturn(msgspec.Struct, frozen=True):
    """Opens and receives in one: the customer stands at the counter."""

    key: str
    order_id: OrderId | None
    node: str
    lines: list[ReceivedLine]
    reason: str = ""
    kind: RmaKind = RmaKind.RETURN
    channel: str = "store"
    exchange: list[WantedLine] = []
    override: str = ""


class CloseRma(msgspec.Struct, frozen=True):
    """Nothing more is expected. `version` guards against another person's change."""

    key: str
    rma_id: RmaId
    version: int | None = None


class CancelRma(msgspec.Struct, frozen=True):
    """The customer keeps the units; only before any has come."""

    key: str
    rma_id: RmaId
    version: int | None = None


class Opened(msgspec.Struct, frozen=True):
    """An RMA that was opened, and until when the units may come."""

    rma_id: RmaId
    expires_at: datetime
    version: int


class Disposed(msgspec.Struct, frozen=True):
    """Where received units went, and why."""

    receipt_id: ReceiptId
    line: int
    qty: int
    disposition: Outcome
    bucket: Bucket
    why: str


class Received(msgspec.Struct, frozen=True):
    """What receiving did: the state now, the money that goes back, the exchange order."""

    rma_id: RmaId
    state: RmaState
    version: int
    refund_minor: int
    disposed: list[Disposed]
    exchange_order_id: OrderId | None = None


class Changed(msgspec.Struct, frozen=True):
    """An RMA after a change."""

    rma_id: RmaId
    state: RmaState
    version: int


class RmaLine(msgspec.Struct, frozen=True):
    """A line of an RMA: how many may come, how many have."""

    rma_id: RmaId
    line: int
    item: str
    qty: int
    reason: str
    received: int
    refunded_minor: int

    @property
    def open(self) -> int:
        return self.qty - self.received


class Rma(msgspec.Struct, frozen=True):
    """A return as it stands. `credit_minor` is what an exchange took over from this order."""

    id: RmaId
    order_id: OrderId
    kind: RmaKind
    state: RmaState
    channel: str
    expires_at: datetime
    exchange: list[WantedLine]
    exchange_order_id: OrderId | None
    credit_minor: int
    override: str
    made_at: datetime
    closed_at: datetime | None
    version: int
    lines: tuple[RmaLine, ...] = ()


class Receipt(msgspec.Struct, frozen=True):
    """Units that came back, what they are worth and where they went."""

    id: ReceiptId
    rma_id: RmaId
    order_id: OrderId
    line: int
    item: str
    qty: int
    node: str
    lot: str
    serials: list[str]
    grade: Grade
    disposition: Outcome
    why: str
    worth_minor: int
    refund_minor: int
    received_at: datetime
