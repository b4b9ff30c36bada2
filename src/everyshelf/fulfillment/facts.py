"""What a fulfillment order is and which act is allowed in which state; pure.

A fulfillment order is the work of one node for one order and method. Its state follows from the
counts of its lines (`settled`); `NEXT` says which acts a state allows and where they may lead.
It does not know packages' contents (pack.py) or the stock behind an allocation (the stock room).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id
from everyshelf.orders import OrderId
from everyshelf.stock import AllocationId


class FulfillmentId(Id):
    """The work of one node for one order."""

    prefix = "ful"


class PackageId(Id):
    """One closed carton."""

    prefix = "pkg"


class WaveId(Id):
    """Fulfillment orders that are picked together."""

    prefix = "wav"


class SupplierOrderId(Id):
    """What we asked a supplier to send to our customer."""

    prefix = "spo"


class State(StrEnum):
    """How far the work has come."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    PICKING = "picking"
    PICKED = "picked"
    PACKED = "packed"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What can be done to a fulfillment order. `withdraw`: its units were cancelled."""

    ACCEPT = "accept"
    REJECT = "reject"
    WAVE = "wave"
    PICK = "pick"
    UNPICK = "unpick"
    SHORT = "short"
    PACK = "pack"
    UNPACK = "unpack"
    WITHDRAW = "withdraw"
    COMPLETE = "complete"


_S = State
NEXT: Final[dict[tuple[State, Act], frozenset[State]]] = {
    (_S.OFFERED, Act.ACCEPT): frozenset({_S.ACCEPTED}),
    (_S.OFFERED, Act.REJECT): frozenset({_S.REJECTED}),
    (_S.OFFERED, Act.WITHDRAW): frozenset({_S.OFFERED, _S.CANCELLED}),
    (_S.ACCEPTED, Act.REJECT): frozenset({_S.REJECTED}),
    (_S.ACCEPTED, Act.WAVE): frozenset({_S.ACCEPTED}),
    (_S.ACCEPTED, Act.PICK): frozenset({_S.PICKING, _S.PICKED}),
    (_S.ACCEPTED, Act.SHORT): frozenset({_S.ACCEPTED, _S.CANCELLED}),
    (_S.ACCEPTED, Act.WITHDRAW): frozenset({_S.ACCEPTED, _S.CANCELLED}),
    (_S.PICKING, Act.PICK): frozenset({_S.PICKING, _S.PICKED}),
    (_S.PICKING, Act.UNPICK): frozenset({_S.ACCEPTED, _S.PICKING}),
    (_S.PICKING, Act.SHORT): frozenset({_S.PICKING, _S.PICKED}),
    (_S.PICKING, Act.WITHDRAW): frozenset({_S.ACCEPTED, _S.PICKING, _S.PICKED, _S.CANCELLED}),
    (_S.PICKED, Act.UNPICK): frozenset({_S.ACCEPTED, _S.PICKING}),
    (_S.PICKED, Act.PACK): frozenset({_S.PICKED, _S.PACKED}),
    (_S.PICKED, Act.UNPACK): frozenset({_S.PICKED}),
    (_S.PICKED, Act.WITHDRAW): frozenset({_S.PICKED, _S.PACKED, _S.CANCELLED}),
    (_S.PACKED, Act.UNPACK): frozenset({_S.PICKED}),
    (_S.PACKED, Act.WITHDRAW): frozenset({_S.PACKED, _S.CANCELLED}),
    (_S.PACKED, Act.COMPLETE): frozenset({_S.COMPLETED}),
}
TERMINAL: Final = frozenset({State.COMPLETED, State.REJECTED, State.CANCELLED})
# Nodes whose staff works down a list accept by themselves; a store or a supplier is asked.
AUTO_ACCEPT: Final = frozenset({"dc", "three_pl", "mfc", "dark_store"})
MAX_QTY: Final = 1_000_000


class RejectReason(StrEnum):
    """Why a node says no. Only `not_found` and `damaged` say something about the stock."""

    NOT_FOUND = "not_found"
    DAMAGED = "damaged"
    TOO_BUSY = "too_busy"
    CLOSED = "closed"
    OTHER = "other"


class ShortReason(StrEnum):
    """Why a picker brings fewer units."""

    NOT_FOUND = "not_found"
    DAMAGED = "damaged"


STOCK_REASONS: Final = frozenset({RejectReason.NOT_FOUND, RejectReason.DAMAGED})

STATE = Code("fulfillment.state", 409, "The fulfillment order is not in a state that allows this.")
UNKNOWN = Code("fulfillment.unknown", 404, "There is no such fulfillment order.")
LINE_UNKNOWN = Code(
    "fulfillment.line_unknown", 422, "This allocation is not part of the fulfillment order."
)
WRONG_ITEM = Code(
    "fulfillment.wrong_item", 422, "The scanned item is not the item of this line; nothing moved."
)
TOO_MANY = Code(
    "fulfillment.too_many",
    422,
    "More units were named than are open on the line.",
    constraint="fulfillment_line_counts_in_qty",
)
NOTHING = Code("fulfillment.nothing_open", 409, "There is nothing left to do here.")
CARTON_UNKNOWN = Code("fulfillment.carton_unknown", 422, "There is no carton with this name.")
PACKAGE_UNKNOWN = Code(
    "fulfillment.package_unknown", 404, "There is no such package in the fulfillment order."
)


class Line(msgspec.Struct, frozen=True):
    """The units of one allocation in a fulfillment order, and how far they have come."""

    fulfillment_id: FulfillmentId
    allocation_id: AllocationId
    line: int
    item: str
    qty: int
    picked: int = 0
    packed: int = 0
    short: int = 0
    cancelled: int = 0

    @property
    def open(self) -> int:
        """Units that are to leave with this order."""
        return self.qty - self.short - self.cancelled

    @property
    def to_pick(self) -> int:
        return self.open - self.picked

    @property
    def to_pack(self) -> int:
        return self.picked - self.packed


class FulfillmentOrder(msgspec.Struct, frozen=True):
    """One node's work for one order, with its lines."""

    part: int
    id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    service: str | None
    state: State
    due_at: datetime | None
    made_at: datetime
    accepted_at: datetime | None
    picked_at: datetime | None
    packed_at: datetime | None
    closed_at: datetime | None
    wave_id: WaveId | None
    reason: str
    version: int
    lines: tuple[Line, ...] = ()

    def book(self) -> Book:
        """The lines by allocation, in their order, to be changed by a decision."""
        return {line.allocation_id: line for line in self.lines}


Book = dict[AllocationId, Line]


def find(book: Book, allocation_id: AllocationId) -> Line:
    """The line of an allocation; refused when it is not part of this work."""
    line = book.get(allocation_id)
    if line is None:
        raise LINE_UNKNOWN(f"{AllocationId(allocation_id)} is not part of this fulfillment order.")
    return line


def amount(asked: int | None, left: int, line: Line) -> int:
    """How many units a line of a command means: all that are left unless it says."""
    qty = left if asked is None else asked
    if not 0 < qty <= left:
        raise TOO_MANY(f"{qty} of {line.item} were named, {left} are left on line {line.line}.")
    return qty


class Done(msgspec.Struct, frozen=True):
    """The answer of a verb: where the fulfillment order stands now."""

    fulfillment_id: FulfillmentId
    state: State
    version: int
    packages: tuple[PackageId, ...] = ()


def allow(order: FulfillmentOrder, act: Act) -> None:
    """Refuses an act that the order's state does not allow."""
    if (order.state, act) not in NEXT:
        raise STATE(f"{order.id} at {order.node} is {order.state}: it cannot be {PAST[act]} now.")


PAST: Final = {
    Act.ACCEPT: "accepted",
    Act.REJECT: "rejected",
    Act.WAVE: "put into a wave",
    Act.PICK: "picked",
    Act.UNPICK: "unpicked",
    Act.SHORT: "shorted",
    Act.PACK: "packed",
    Act.UNPACK: "unpacked",
    Act.WITHDRAW: "withdrawn",
    Act.COMPLETE: "completed",
}


def settled(state: State, lines: tuple[Line, ...]) -> State:
    """The state that follows from the counts, for an order that is offered or being worked."""
    left = sum(line.open for line in lines)
    picked = sum(line.picked for line in lines)
    packed = sum(line.packed for line in lines)
    if left == 0:
        return State.CANCELLED
    if state is State.OFFERED:
        return state
    if packed == left:
        return State.PACKED
    if picked == left:
        return State.PICKED
    return State.PICKING if picked else State.ACCEPTED
