"""Capacity as stock: an order takes its place, lines and units of a limited node's day, and gives
them back.

The guard is on the node's row: a booking that would pass a limit is refused there, whoever was
first, so that no number of writers can exceed it. A channel that has a limit of its own has a row
of its own. Nodes without a limit are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from everyshelf.base import ids
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.sourcing.reach import Network
from everyshelf.sourcing.snapshot import Snapshot, parts

SQL = load("everyshelf.sourcing")
WHOLE: Final = ""


class Task(msgspec.Struct, frozen=True, order=True):
    """The work of one order at one node by one method."""

    order_id: OrderId
    node: str
    method: str


class Work(msgspec.Struct, frozen=True, order=True):
    """What a task adds to a node's day, and for which channel."""

    task: Task
    channel: str
    lines: int
    units: int


class Load(msgspec.Struct, frozen=True):
    """A task that was counted, and for which day."""

    order_id: OrderId
    node: str
    method: str
    day: date

    @property
    def task(self) -> Task:
        return Task(self.order_id, self.node, self.method)


class Day(msgspec.Struct, frozen=True):
    """How full a node's day is; `channel` empty: all of them. A cap of None is no limit."""

    node: str
    day: date
    channel: str
    orders: int
    lines: int
    units: int
    cap: int | None
    cap_lines: int | None
    cap_units: int | None


Row = tuple[str, date, str]


def days(tx: Tx, first: date, last: date, nodes: Sequence[str] | None = None) -> list[Day]:
    """The days of limited nodes on which anything was booked."""
    wanted = None if nodes is None else sorted(nodes)
    return tx.all(SQL.node_loads, Day, first=first, last=last, nodes=wanted)


def loads_of(tx: Tx, order_ids: Sequence[OrderId]) -> list[Load]:
    """The tasks of these orders that are counted."""
    order_keys = [int(o) for o in order_ids]
    return tx.all(SQL.load_of, Load, parts=parts(order_ids), order_ids=order_keys)


def book(tx: Tx, net: Network, works: Sequence[Work], counted: Mapping[Task, date]) -> set[Task]:
    """Counts work at limited nodes; the tasks of nodes without room enough are the answer.

    A task that is counted already takes no further place, only its further lines and units, on the
    day on which it was counted.
    """
    limited = sorted(w for w in works if net.index[w.task.node] in net.room)
    if not limited:
        return set()
    day = {w.task: counted.get(w.task) or net.day(net.index[w.task.node]) for w in limited}
    rows = _rows(net, limited, day, counted)
    names = ("nodes", "days", "channels", "orders", "lines", "units", "caps", "cap_lines",
             "cap_units")  # fmt: skip
    found = set(tx.tuples(SQL.book, **table(names, rows)))
    gone = {(row[0], row[1]) for row in rows if (row[0], row[1], row[2]) not in found}
    taken = [w for w in limited if (w.task.node, day[w.task]) not in gone]
    if taken:
        fields = ("parts", "order_ids", "nodes", "methods", "days", "channels", "lines", "units")
        made = ((ids.part_of(int(w.task.order_id)), w.task.order_id, w.task.node, w.task.method,
                 day[w.task], _channel(net, w), w.lines, w.units) for w in taken)  # fmt: skip
        tx.run(SQL.take_load, **table(fields, made))
    return {w.task for w in limited} - {w.task for w in taken}


def _channel(net: Network, w: Work) -> str:
    """The channel, where it has a limit of its own at the node."""
    own = net.nodes[net.index[w.task.node]].channel_orders
    return w.channel if w.channel in own else WHOLE


def _rows(
    net: Network, works: Sequence[Work], day: Mapping[Task, date], counted: Mapping[Task, date]
) -> list[tuple[object, ...]]:
    """What is added to each row, with its limits, in the order of the keys."""
    sums: dict[Row, list[int]] = {}
    for w in works:
        fresh = int(w.task not in counted)
        _add(sums, (w.task.node, day[w.task], WHOLE), fresh, w.lines, w.units)
        if (channel := _channel(net, w)) != WHOLE:
            _add(sums, (w.task.node, day[w.task], channel), fresh)
    return [(*key, *numbers, *_caps(net, key[0], key[2])) for key, numbers in sorted(sums.items())]


def _caps(net: Network, node: str, channel: str) -> tuple[int | None, int | None, int | None]:
    """The limits of a row, in orders, lines and units."""
    n = net.nodes[net.index[node]]
    if channel != WHOLE:
        return n.channel_orders[channel], None, None
    return n.daily_orders, n.daily_lines, n.daily_units


def _add(sums: dict[Row, list[int]], key: Row, *numbers: int) -> None:
    cell = sums.setdefault(key, [0, 0, 0])
    for i, number in enumerate(numbers):
        cell[i] += number


def give_back(tx: Tx, tasks: Iterable[Task]) -> None:
    """The undo of book: places, lines and units are free again on the days of which they were."""
    names = ("parts", "order_ids", "nodes", "methods")
    rows = [(ids.part_of(int(t.order_id)), t.order_id, t.node, t.method) for t in sorted(tasks)]
    if not rows:
        return
    sums: dict[Row, list[int]] = {}
    for node, day, channel, lines, units in tx.tuples(SQL.drop_load, **table(names, rows)):
        _add(sums, (node, day, WHOLE), 1, lines, units)
        if channel != WHOLE:
            _add(sums, (node, day, channel), 1)
    cells = [(*key, *numbers) for key, numbers in sorted(sums.items())]
    if cells:
        columns = ("nodes", "days", "channels", "orders", "lines", "units")
        tx.run(SQL.unbook, **table(columns, cells))


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
