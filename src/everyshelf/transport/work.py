"""Packed work as transport sees it: what is in it, what may leave, what was cancelled meanwhile.

Reads and locks; the only thing it changes is to give units that were cancelled back to the shelf.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from everyshelf import fulfillment, orders
from everyshelf.base.errors import Code
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import FulfillmentId, PackageId
from everyshelf.network import Address
from everyshelf.orders import OrderId
from everyshelf.stock import AllocationId, Step
from everyshelf.transport.facts import (
    NO_ADDRESS,
    NOT_PACKED,
    NOT_SHIPPED_THIS_WAY,
    ORDER_HELD,
)

SQL = load("everyshelf.transport")
Count = tuple[OrderId, int, int]


class Content(msgspec.Struct, frozen=True):
    """Units of one allocation in one package."""

    fulfillment_id: FulfillmentId
    order_id: OrderId
    package_id: PackageId
    weight_g: int
    allocation_id: AllocationId
    line: int
    item: str
    qty: int
    lot: str
    serial: str
    promised_latest: datetime | None


class Work(msgspec.Struct, frozen=True):
    """One fulfillment order, locked, with what lies in its packages."""

    part: int
    id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    service: str | None
    state: str
    ship_to: Address | None
    currency: str
    held: bool
    contents: tuple[Content, ...] = ()

    @property
    def packages(self) -> dict[PackageId, int]:
        """The packages with their weight in grams."""
        return {c.package_id: c.weight_g for c in self.contents}

    @property
    def counts(self) -> list[Count]:
        """How many units of each order line lie in the packages."""
        total: Counter[int] = Counter()
        for content in self.contents:
            total[content.line] += content.qty
        return [(self.order_id, line, qty) for line, qty in sorted(total.items())]

    @property
    def promised_latest(self) -> datetime | None:
        """The earliest of the lines' promises."""
        return min((c.promised_latest for c in self.contents if c.promised_latest), default=None)


class _Open(msgspec.Struct, frozen=True):
    order_id: OrderId
    line: int
    open: int


def lock_work(tx: Tx, wanted: Sequence[FulfillmentId]) -> dict[FulfillmentId, Work]:
    """Locks these fulfillment orders and reads what is in their packages."""
    found = tx.all(SQL.lock_work, Work, ids=sorted(set(wanted)))
    return with_contents(tx, found)


def with_contents(tx: Tx, found: Sequence[Work]) -> dict[FulfillmentId, Work]:
    """The same work with the contents as they are now."""
    by_work: dict[FulfillmentId, list[Content]] = {work.id: [] for work in found}
    keys = table(("parts", "ids"), ((work.part, work.id) for work in found))
    for content in tx.all(SQL.read_contents, Content, **keys) if found else ():
        by_work[content.fulfillment_id].append(content)
    return {w.id: msgspec.structs.replace(w, contents=tuple(by_work[w.id])) for w in found}


def refusal(work: Work) -> Code | None:
    """Why this work cannot leave; None when it can."""
    if work.state != fulfillment.State.PACKED or not work.contents:
        return NOT_PACKED
    if work.method in orders.COLLECTED:
        return NOT_SHIPPED_THIS_WAY
    if work.held:
        return ORDER_HELD
    return NO_ADDRESS if work.ship_to is None else None


def mark(tx: Tx, leaving: Sequence[Work]) -> tuple[list[Work], Counter[FulfillmentId]]:
    """Counts the units of this work as shipped; what was cancelled meanwhile is taken out first.

    The work that still has something to ship, and how many units of each were left out.
    """
    counts = [(work, count) for work in leaving for count in work.counts]
    good = orders.mark_shipped(tx, [count for _, count in counts])
    left: Counter[FulfillmentId] = Counter()
    short = [pair for pair, ok in zip(counts, good, strict=True) if not ok]
    if not short:
        return list(leaving), left
    open_now = _open_units(tx, [work for work, _ in short])
    out: list[fulfillment.Withdraw] = []
    retry: list[Count] = []
    for work, (order_id, line, qty) in short:
        stays = min(qty, open_now[order_id, line])
        open_now[order_id, line] -= stays
        left[work.id] += qty - stays
        out += _withdrawals(work, line, qty - stays)
        if stays:
            retry.append((order_id, line, stays))
    fulfillment.withdraw_now(tx, out, "cancelled")
    assert all(orders.mark_shipped(tx, retry)), "the orders are locked: what was open still is"
    kept = with_contents(tx, [msgspec.structs.replace(w, contents=()) for w in leaving])
    return [work for work in kept.values() if work.contents], left


def _open_units(tx: Tx, works: Sequence[Work]) -> dict[tuple[OrderId, int], int]:
    keys = sorted({(work.part, work.order_id) for work in works})
    rows = tx.all(SQL.open_units, _Open, **table(("parts", "order_ids"), keys))
    return {(row.order_id, row.line): row.open for row in rows}


def _withdrawals(work: Work, line: int, qty: int) -> list[fulfillment.Withdraw]:
    """Which allocations of a line give `qty` units back."""
    made = []
    have: Counter[AllocationId] = Counter()
    for content in (c for c in work.contents if c.line == line):
        have[content.allocation_id] += content.qty
    for allocation, units in sorted(have.items()):
        take = min(units, qty)
        qty -= take
        if take:
            made.append(fulfillment.Withdraw(work.order_id, allocation, take))
    return made


def steps(contents: Sequence[Content]) -> list[Step]:
    """The stock steps of these units: one for each allocation and lot, its serials named."""
    totals: dict[tuple[AllocationId, str, str], tuple[int, list[str]]] = {}
    for c in contents:
        qty, serials = totals.setdefault((c.allocation_id, c.item, c.lot), (0, []))
        totals[c.allocation_id, c.item, c.lot] = (
            qty + c.qty,
            [*serials, c.serial] if c.serial else serials,
        )
    return [
        Step(allocation, item, qty, lot, tuple(serials))
        for (allocation, item, lot), (qty, serials) in sorted(totals.items())
    ]
