"""Capacity as stock: an order takes one place of a limited node's day, and gives it back.

The guard is on the node's row: a booking that would pass the limit is refused there, whoever was
first, so that no number of writers can exceed it. Nodes without a limit are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from everyshelf.base import ids
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.sourcing.reach import Network
from everyshelf.sourcing.snapshot import Snapshot, parts

SQL = load("everyshelf.sourcing")


class Task(msgspec.Struct, frozen=True, order=True):
    """The work of one order at one node by one method."""

    order_id: OrderId
    node: str
    method: str


class Load(msgspec.Struct, frozen=True):
    """A task that was counted, and for which day."""

    order_id: OrderId
    node: str
    method: str
    day: date

    @property
    def task(self) -> Task:
        return Task(self.order_id, self.node, self.method)


def loads_of(tx: Tx, order_ids: Sequence[OrderId]) -> list[Load]:
    """The tasks of these orders that are counted."""
    order_keys = [int(o) for o in order_ids]
    return tx.all(SQL.load_of, Load, parts=parts(order_ids), order_ids=order_keys)


def book(tx: Tx, net: Network, tasks: Sequence[Task]) -> set[Task]:
    """Counts the tasks of limited nodes; those of nodes without room enough are the answer."""
    limited = sorted(t for t in set(tasks) if net.index[t.node] in net.room)
    if not limited:
        return set()
    wanted = Counter(t.node for t in limited)
    rows = [
        (node, net.day(net.index[node]), count, net.nodes[net.index[node]].daily_orders)
        for node, count in sorted(wanted.items())
    ]
    found = tx.tuples(SQL.book, **table(("nodes", "days", "orders", "caps"), rows))
    booked = {node for node, _ in found}
    taken = [t for t in limited if t.node in booked]
    if taken:
        names = ("parts", "order_ids", "nodes", "methods", "days")
        made = ((ids.part_of(int(t.order_id)), t.order_id, t.node, t.method,
                 net.day(net.index[t.node])) for t in taken)  # fmt: skip
        tx.run(SQL.take_load, **table(names, made))
    return {t for t in limited if t.node not in booked}


def give_back(tx: Tx, tasks: Iterable[Task]) -> None:
    """The undo of book: the places are free again on the days on which they were taken."""
    names = ("parts", "order_ids", "nodes", "methods")
    rows = [(ids.part_of(int(t.order_id)), t.order_id, t.node, t.method) for t in sorted(tasks)]
    if not rows:
        return
    freed = Counter(tx.tuples(SQL.drop_load, **table(names, rows)))
    cells = [(node, day, count) for (node, day), count in sorted(freed.items())]
    if cells:
        tx.run(SQL.unbook, **table(("nodes", "days", "orders"), cells))


def idle(snap: Snapshot, loads: Sequence[Load], less: Counter[int] | None = None) -> list[Task]:
    """The counted tasks of which no unit is left at the node; `less`: units by allocation that
    are about to leave."""
    method = {(x.order_id, x.line): x.method for xs in snap.lines.values() for x in xs}
    gone = less or Counter()
    busy = {
        Task(c.order_id, c.node, method[key])
        for key, found in snap.committed.items()
        for c in found
        if key in method and c.taken > gone[int(c.id)]
    }
    return [load.task for load in loads if load.task not in busy]
