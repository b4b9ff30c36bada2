"""What a unit of stock can be and the words about it; pure.

A unit of an item is in exactly one bucket of one node, or outside (an account whose name begins
with `@`). `Leg` says how many units go from where to where; everything the room does is legs.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id


class HoldId(Id):
    """A soft hold."""

    prefix = "hld"


class AllocationId(Id):
    """Units of one order line committed at one node."""

    prefix = "alc"


class MoveId(Id):
    """One entry of the ledger."""

    prefix = "mov"


class InboundId(Id):
    """Dated supply that is expected."""

    prefix = "inb"


class TransferId(Id):
    """Units on the way between two nodes."""

    prefix = "trf"


class CountId(Id):
    """One count of one item at one node."""

    prefix = "cnt"


class RuleId(Id):
    """One protection rule."""

    prefix = "rul"


class Bucket(StrEnum):
    """Where a unit inside a node stands. All but `in_transit` are physically there."""

    SELLABLE = "sellable"
    HELD = "held"
    ALLOCATED = "allocated"
    PICKED = "picked"
    PACKED = "packed"
    IN_TRANSIT = "in_transit"
    QUALITY_HOLD = "quality_hold"
    DAMAGED = "damaged"
    DISPLAY = "display"


BUCKETS: Final = tuple(Bucket)
SHELF: Final = frozenset({Bucket.SELLABLE, Bucket.HELD, Bucket.ALLOCATED})

SUPPLIER: Final = "@supplier"
CUSTOMER: Final = "@customer"
LOST: Final = "@lost"
ADJUST: Final = "@adjust"
ACCOUNTS: Final = (SUPPLIER, CUSTOMER, LOST, ADJUST)
OUT: Final = "out"
# What a node must be able to handle before it may promise or send such an item.
HANDLING: Final = frozenset({"hazmat", "cold", "oversize"})
MAX_QTY: Final = 1_000_000

INSUFFICIENT = Code(
    "stock.insufficient", 409, "Fewer units are free than were asked for; nothing was taken."
)
LOT_REQUIRED = Code("stock.lot_required", 422, "This item is tracked by lot: name the lot.")
SERIAL_REQUIRED = Code(
    "stock.serial_required", 422, "This item is tracked by serial number: name one per unit."
)
SERIAL_ELSEWHERE = Code(
    "stock.serial_elsewhere", 409, "A serial number has one place, and it is not this one."
)
QTY_INVALID = Code(
    "stock.qty_invalid", 422, "A quantity is a whole number from 1 to 1,000,000 base units."
)
FEED_STALE = Code(
    "stock.feed_stale", 409, "A newer snapshot of this source and node was taken before this one."
)
ITEM_UNKNOWN = Code("stock.item_unknown", 422, "There is no item with this code.")
NODE_UNKNOWN = Code("stock.node_unknown", 422, "There is no node with this code.")
BUCKET_UNKNOWN = Code("stock.bucket_unknown", 422, "There is no such bucket, or not for this.")
HOLD_GONE = Code("stock.hold_gone", 409, "The hold has expired or was released.")
TRANSFER_UNKNOWN = Code("stock.transfer_unknown", 404, "There is no such transfer.")
TRANSFER_CLOSED = Code("stock.transfer_closed", 409, "The transfer is closed.")
TRANSFER_EXCESS = Code(
    "stock.transfer_excess", 422, "More units were received than are still on the way."
)
INBOUND_UNKNOWN = Code("stock.inbound_unknown", 404, "There is no such expected supply.")
INBOUND_FULL = Code(
    "stock.inbound_full",
    409,
    "All units of this supply are promised.",
    constraint="stock_inbound_promised_within_supply",
)
ALLOCATION_GONE = Code(
    "stock.allocation_gone", 409, "The allocation has fewer units in this state than were named."
)
for _bucket in BUCKETS:
    Code(
        f"stock.{_bucket}_negative",
        409,
        f"The bucket {_bucket} would fall below zero.",
        constraint=f"stock_balance_{_bucket}_not_negative",
    )


class Leg(msgspec.Struct, frozen=True):
    """`qty` units of an item from one place to another.

    `floor`: how many units must stay in the source bucket (protection). `lot`, `serials` and
    `expires_on` only for tracked items; without a lot the earliest expiring units leave first.
    `allocation_id`: whose units they are, for those that leave the shelf for an order.
    """

    item: str
    from_node: str
    from_bucket: str
    to_node: str
    to_bucket: str
    qty: int
    reason: str
    lot: str = ""
    serials: tuple[str, ...] = ()
    floor: int = 0
    expires_on: date | None = None
    allocation_id: AllocationId | None = None


class Short(msgspec.Struct, frozen=True):
    """Why a group of legs was not posted: what was missing where."""

    item: str
    node: str
    bucket: str
    wanted: int
    free: int
    code: str = INSUFFICIENT.code

    def words(self) -> str:
        """The sentence a person reads."""
        if self.code == INSUFFICIENT.code:
            return (
                f"{self.wanted} of {self.item} were asked for at {self.node}, "
                f"{max(self.free, 0)} are {self.bucket}."
            )
        return f"{self.item} at {self.node}: {self.bucket}"


class Balance(msgspec.Struct, frozen=True):
    """One row of the pool: the units of an item at a node by bucket."""

    item: str
    node: str
    sellable: int
    held: int
    allocated: int
    picked: int
    packed: int
    in_transit: int
    quality_hold: int
    damaged: int
    display: int

    @property
    def on_hand(self) -> int:
        """All units that are physically in the node."""
        return sum(getattr(self, b) for b in BUCKETS if b is not Bucket.IN_TRANSIT)


class Want(msgspec.Struct, frozen=True):
    """Units to hold somewhere in a pool for an owner's line; a `group` is all or nothing."""

    item: str
    qty: int
    pool: str
    channel: str
    owner: str
    line: int
    expires_at: datetime | None = None
    group: str = ""


class Hold(msgspec.Struct, frozen=True):
    """The command form of a want, with its idempotency key. It ends after 30 minutes unless
    `expires_at` says otherwise; `owner` is a name of the caller's own, not a cart or an order."""

    key: str
    item: str
    qty: int
    pool: str
    channel: str
    owner: str
    line: int
    expires_at: datetime | None = None


class EndHold(msgspec.Struct, frozen=True):
    """Give back before its time what an owner holds on a channel: of one item, or all."""

    key: str
    channel: str
    owner: str
    item: str | None = None


class Part(msgspec.Struct, frozen=True):
    """Some units of a hold, sitting tentatively at a node."""

    node: str
    qty: int


class Held(msgspec.Struct, frozen=True):
    """A hold that was granted."""

    hold_id: HoldId
    parts: tuple[Part, ...]


class HoldRow(msgspec.Struct, frozen=True):
    """A live hold's part as it stands."""

    id: HoldId
    item: str
    node: str
    pool: str
    channel: str
    owner: str
    line: int
    qty: int
    expires_at: datetime | None


class Allocate(msgspec.Struct, frozen=True):
    """Commit units of an order line at a node; from the line's holds, or from what is sellable."""

    order_id: int
    line: int
    item: str
    node: str
    qty: int
    channel: str
    from_hold: bool = True


class Allocation(msgspec.Struct, frozen=True):
    """Units of an order line committed at a node, and how far they have come."""

    id: AllocationId
    order_id: int
    line: int
    item: str
    node: str
    qty: int
    picked: int
    packed: int
    shipped: int
    released: int

    @property
    def allocated(self) -> int:
        """Units still to be picked."""
        return self.qty - self.picked - self.packed - self.shipped - self.released

    @property
    def live(self) -> int:
        """Units still in the node for this order."""
        return self.qty - self.shipped - self.released


class Step(msgspec.Struct, frozen=True):
    """Move units of an allocation one state on (or back)."""

    allocation_id: AllocationId
    item: str
    qty: int
    lot: str = ""
    serials: tuple[str, ...] = ()


class NotFound(msgspec.Struct, frozen=True):
    """Units of an allocation that were not there (`not_found`) or were bad (`damaged`)."""

    allocation_id: AllocationId
    item: str
    qty: int
    reason: str


class NodeATP(msgspec.Struct, frozen=True):
    """What a channel may promise at a node, with the first reason when that is nothing."""

    node: str
    atp: int
    reason: str | None = None


class Ask(msgspec.Struct, frozen=True):
    """What could `channel` promise of an item in a pool?"""

    item: str
    channel: str
    pool: str
    on: date | None = None


class Availability(msgspec.Struct, frozen=True):
    """The answer to an Ask: per node and in all; when nothing is there, the next dated supply."""

    item: str
    pool: str
    channel: str
    total: int
    nodes: tuple[NodeATP, ...]
    next_due: date | None = None
    next_qty: int = 0
    reason: str | None = None
