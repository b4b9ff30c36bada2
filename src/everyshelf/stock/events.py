"""What stock tells: units that came, went or were promised, by item and node."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

import msgspec

from everyshelf.base.events import Event
from everyshelf.stock.facts import AllocationId, HoldId, InboundId, TransferId


class Units(msgspec.Struct, frozen=True):
    """Units of one item at one node."""

    item: str
    node: str
    qty: int


class HoldPlaced(Event, frozen=True, kw_only=True):
    """A soft hold was granted."""

    TYPE: ClassVar[str] = "stock.hold.placed"
    SUBJECT: ClassVar[str] = "owner"
    owner: str
    hold_id: HoldId
    item: str
    qty: int
    pool: str
    expires_at: datetime | None


class HoldExpired(Event, frozen=True, kw_only=True):
    """A hold was not used in time; its units are sellable again."""

    TYPE: ClassVar[str] = "stock.hold.expired"
    SUBJECT: ClassVar[str] = "owner"
    owner: str
    units: tuple[Units, ...]


class HoldReleased(Event, frozen=True, kw_only=True):
    """A hold was given back before its time."""

    TYPE: ClassVar[str] = "stock.hold.released"
    SUBJECT: ClassVar[str] = "owner"
    owner: str
    units: tuple[Units, ...]


class ItemReceived(Event, frozen=True, kw_only=True):
    """Units arrived from outside: a supplier's delivery, production, a return."""

    TYPE: ClassVar[str] = "stock.item.received"
    SUBJECT: ClassVar[str] = "item"
    item: str
    node: str
    bucket: str
    qty: int
    reason: str
    inbound_id: InboundId | None = None


class ItemAdjusted(Event, frozen=True, kw_only=True):
    """A person or a system corrected the books by `delta` units."""

    TYPE: ClassVar[str] = "stock.item.adjusted"
    SUBJECT: ClassVar[str] = "item"
    item: str
    node: str
    delta: int
    reason: str


class ItemCounted(Event, frozen=True, kw_only=True):
    """A count was taken; the variance (counted less expected) is posted."""

    TYPE: ClassVar[str] = "stock.item.counted"
    SUBJECT: ClassVar[str] = "item"
    item: str
    node: str
    counted: int
    variance: int
    reason: str


class ItemRegraded(Event, frozen=True, kw_only=True):
    """Units moved between buckets of one node."""

    TYPE: ClassVar[str] = "stock.item.regraded"
    SUBJECT: ClassVar[str] = "item"
    item: str
    node: str
    from_bucket: str
    to_bucket: str
    qty: int
    reason: str


class ItemSold(Event, frozen=True, kw_only=True):
    """A till sold units; `unknown` of them were not in the books and were found by the sale."""

    TYPE: ClassVar[str] = "stock.item.sold"
    SUBJECT: ClassVar[str] = "item"
    item: str
    node: str
    qty: int
    unknown: int
    channel: str


class ItemCorrected(Event, frozen=True, kw_only=True):
    """A picker did not find units, or found them damaged."""

    TYPE: ClassVar[str] = "stock.item.corrected"
    SUBJECT: ClassVar[str] = "item"
    item: str
    node: str
    qty: int
    reason: str
    allocation_id: AllocationId


class TransferSent(Event, frozen=True, kw_only=True):
    """Units left one node for another."""

    TYPE: ClassVar[str] = "stock.transfer.sent"
    SUBJECT: ClassVar[str] = "transfer_id"
    transfer_id: TransferId
    from_node: str
    to_node: str
    units: tuple[Units, ...]


class TransferReceived(Event, frozen=True, kw_only=True):
    """Units of a transfer arrived, all or some."""

    TYPE: ClassVar[str] = "stock.transfer.received"
    SUBJECT: ClassVar[str] = "transfer_id"
    transfer_id: TransferId
    to_node: str
    units: tuple[Units, ...]
    complete: bool


class TransferClosed(Event, frozen=True, kw_only=True):
    """A transfer was closed; what had not arrived is lost."""

    TYPE: ClassVar[str] = "stock.transfer.closed"
    SUBJECT: ClassVar[str] = "transfer_id"
    transfer_id: TransferId
    lost: tuple[Units, ...]


class FeedApplied(Event, frozen=True, kw_only=True):
    """A snapshot of another system was taken over; `changed` cells differed from the books."""

    TYPE: ClassVar[str] = "stock.feed.applied"
    SUBJECT: ClassVar[str] = "node"
    node: str
    source: str
    sequence: int
    lines: int
    changed: int


class RulesChanged(Event, frozen=True, kw_only=True):
    """Protection rules changed."""

    TYPE: ClassVar[str] = "stock.rule.changed"
    SUBJECT: ClassVar[str] = "scope"
    scope: str
    rules: int


class InboundExpected(Event, frozen=True, kw_only=True):
    """Dated supply was announced."""

    TYPE: ClassVar[str] = "stock.inbound.expected"
    SUBJECT: ClassVar[str] = "item"
    item: str
    node: str
    inbound_id: InboundId
    qty: int
    due_on: date
    kind: str
