"""Second looks: units that lost their node, stock that came in, demand that is due.

A node that said no is not offered again for that line. Units that come in go to who waited first;
nobody waits for a timer when an event can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from everyshelf.base import ids
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.sourcing import snapshot
from everyshelf.sourcing.facts import Resource, Sourced, Trigger
from everyshelf.sourcing.source import source_now

SQL = load("everyshelf.sourcing")
MOST: Final = 500


def resource_now(tx: Tx, lost: Sequence[Resource]) -> list[Sourced]:
    """Finds other nodes at once for units that lost theirs; one answer an order.

    The caller has released or written off the units in stock before, in the same transaction, so
    that no unit has two places; what is still owed is read again here.
    """
    no = [r for r in lost if r.node is not None]
    if no:
        names = ("parts", "order_ids", "lines", "nodes", "reasons")
        rows = ((ids.part_of(int(r.order_id)), r.order_id, r.line, r.node, r.reason) for r in no)
        tx.run(SQL.exclude, **table(names, rows), now=tx.now)
    return source_now(tx, sorted({r.order_id for r in lost}), Trigger.RESOURCE)


def lock_orders(tx: Tx, order_ids: Iterable[OrderId]) -> None:
    """Locks orders before anything else is locked. A caller that releases stock and then asks for
    new nodes takes this first, so that two of them never wait for each other in a circle."""
    keys = sorted(set(order_ids))
    if keys:
        tx.run(SQL.lock_orders, parts=snapshot.parts(keys), order_ids=keys)


def waiting_for(tx: Tx, items: Iterable[str]) -> list[OrderId]:
    """The orders that wait for these items, first come first."""
    wanted = sorted(set(items))
    if not wanted:
        return []
    return [OrderId(o) for (o,) in tx.tuples(SQL.waiting_for, items=wanted, most=MOST)]


def came_in(tx: Tx, items: Iterable[str]) -> list[Sourced]:
    """Units of these items became free: who waits for them is served in turn."""
    return source_now(tx, waiting_for(tx, items), Trigger.STOCK)


def sweep(tx: Tx, limit: int = MOST) -> int:
    """Looks again at demand that is due; the worker calls it. How many orders were looked at."""
    due = [OrderId(o) for (o,) in tx.tuples(SQL.due_demand, now=tx.now, most=limit)]
    source_now(tx, due, Trigger.SWEEP)
    return len(due)
