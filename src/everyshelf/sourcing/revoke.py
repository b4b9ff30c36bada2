"""Calls units back from nodes: those that were cancelled, and those that go another way now.

A cancellation takes units that wait first, then units at nodes, the least worked on first. Only
the event is sent: who works on the units stops, releases them and asks for a new look at the order.
Exactly the units that are too many are called back, however cancellations and decisions interleave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from everyshelf.base import ids, outbox
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.sourcing import capacity, snapshot
from everyshelf.sourcing.events import AllocationsRevoked, RevokedLine
from everyshelf.sourcing.facts import Trigger
from everyshelf.sourcing.snapshot import Committed, Key, Line, Snapshot
from everyshelf.sourcing.source import source_now

SQL = load("everyshelf.sourcing")
SETTLES_IN: Final = timedelta(minutes=1)
Most = Callable[[Snapshot, Line, Committed], int]


def cancelled_now(tx: Tx, units: Mapping[Key, int], reason: str) -> None:
    """Units by (order, line) were cancelled: waiting ones are dropped, the rest called back.

    `units` bounds what is called back: what an earlier cancellation called back and what still
    stands at its node is not called back a second time.
    """
    orders = sorted({order_id for order_id, _ in units})
    snap = snapshot.read(tx, orders)
    lines: dict[OrderId, list[RevokedLine]] = {}
    for order_id in snap.orders:
        for line in snap.lines[order_id]:
            excess = min(units.get((order_id, line.line), 0), snap.live(line) - line.owed)
            for c in _least_worked_on(snap, line):
                if (took := min(excess, c.live)) > 0:
                    excess -= took
                    lines.setdefault(order_id, []).append(_revoked(c, took))
    _send(tx, snap, lines, reason)
    source_now(tx, orders, Trigger.CANCELLED)


def amended_now(tx: Tx, moved: Mapping[OrderId, frozenset[int]], readdressed: set[OrderId]) -> None:
    """Lines that go another way are called back whole; when only the address changed, the units
    that nobody has picked yet are. New lines are sourced at once."""
    orders = sorted(moved)
    snap = snapshot.read(tx, orders)
    lines: dict[OrderId, list[RevokedLine]] = {}
    for order_id in snap.orders:
        for line in snap.lines[order_id]:
            gone = line.line in moved[order_id]
            for c in snap.committed.get((order_id, line.line), ()):
                shipped_there = order_id in readdressed and line.pickup_node is None
                qty = c.live if gone else c.unpicked if shipped_there else 0
                if qty > 0:
                    lines.setdefault(order_id, []).append(_revoked(c, qty))
    _send(tx, snap, lines, "amended")
    source_now(tx, orders, Trigger.AMENDED)


def _least_worked_on(snap: Snapshot, line: Line) -> list[Committed]:
    found = snap.committed.get((line.order_id, line.line), ())
    return sorted(found, key=lambda c: (-c.unpicked, -int(c.id)))


def _revoked(c: Committed, qty: int) -> RevokedLine:
    return RevokedLine(c.id, c.line, c.item, c.node, qty)


def _send(
    tx: Tx, snap: Snapshot, lines: Mapping[OrderId, Sequence[RevokedLine]], reason: str
) -> None:
    """Tells who works there, gives the day's places back that become free, and remembers to look
    again in case nobody does."""
    if not lines:
        return
    less = Counter({int(x.allocation_id): x.qty for found in lines.values() for x in found})
    loads = capacity.loads_of(tx, list(lines))
    capacity.give_back(tx, capacity.idle(snap, loads, less))
    rows = [(ids.part_of(int(order_id)), order_id) for order_id in lines]
    due_at = tx.now + SETTLES_IN
    tx.run(SQL.unsettle, **table(("parts", "order_ids"), rows), due_at=due_at)
    outbox.emit(tx, (
        AllocationsRevoked(
            order_id=order_id, version=snap.orders[order_id].version, reason=reason,
            lines=list(found),
        )
        for order_id, found in lines.items()
    ))  # fmt: skip
