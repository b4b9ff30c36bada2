"""The orders a verb works on: locked, read, changed in memory in order of arrival, written at once.

Every verb that changes an order takes its row first, so the lines that it then reads stand still;
the CHECKs of the rows stay the last guard. Decides nothing about what may be done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from everyshelf.base import codec, ids, outbox
from everyshelf.base.errors import STALE
from everyshelf.base.events import Event
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.orders.events import OrderCompleted
from everyshelf.orders.facts import (
    LINE_UNKNOWN,
    UNKNOWN,
    ChangeId,
    Line,
    Order,
    OrderId,
    OrderState,
    Supply,
)

SQL = load("everyshelf.orders")
Replace = msgspec.structs.replace


class Change(msgspec.Struct, frozen=True):
    """One entry of an order's timeline: what was changed, by whom, when."""

    id: ChangeId
    order_id: OrderId
    at: datetime
    actor: str
    kind: str
    body: dict[str, Any]


def _keys(order_ids: Iterable[OrderId]) -> dict[str, list[object]]:
    return table(("parts", "ids"), ((ids.part_of(i), i) for i in sorted(set(order_ids))))


def get(tx: Tx, order_ids: Iterable[OrderId]) -> list[Order]:
    """The orders with their lines, in the order of their ids; unknown ids are left out."""
    keys = _keys(order_ids)
    lines: dict[OrderId, list[Line]] = {}
    for line in tx.all(SQL.read_lines, Line, **keys):
        lines.setdefault(line.order_id, []).append(line)
    found = tx.all(SQL.read_orders, Order, **keys)
    found.sort(key=lambda order: order.id)
    return [Replace(order, lines=tuple(lines.get(order.id, ()))) for order in found]


def open_lines(tx: Tx, order_ids: Iterable[OrderId], *, lock: bool = False) -> list[Line]:
    """The unit-carrying lines that still owe units. `lock` keeps their orders from changing until
    the end of the transaction: what sourcing and fulfillment take before they commit units."""
    keys = _keys(order_ids)
    if lock:
        tx.run(SQL.share_orders, **keys)
    lines = tx.all(SQL.read_lines, Line, **keys)
    return [x for x in lines if x.open and x.supply is not Supply.KIT]


def changes(tx: Tx, order_id: OrderId) -> list[Change]:
    """The order's timeline: every amendment, cancellation and hold, oldest first."""
    part = ids.part_of(order_id)
    return tx.all(SQL.read_changes, Change, part=part, order_id=order_id)


class Book:
    """Orders under change. Open it, change them, `write` once."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self.orders = {order.id: order for order in orders}
        self._before = dict(self.orders)
        self._lines = {(x.order_id, x.line): x for o in self.orders.values() for x in o.lines}
        self._counts: dict[tuple[OrderId, int], list[int]] = {}
        self._log: list[tuple[object, ...]] = []
        self._told: list[Event] = []

    @classmethod
    def open(cls, tx: Tx, order_ids: Iterable[OrderId]) -> Book:
        """Locks the orders' rows in key order, then reads them: a fresh, still picture."""
        wanted = set(order_ids)
        tx.run(SQL.lock_orders, **_keys(wanted))
        return cls(get(tx, wanted))

    def order(self, order_id: OrderId, version: int | None = None) -> Order:
        """The order as it stands now; refuses an unknown one, or one that was changed since."""
        order = self.orders.get(order_id)
        if order is None:
            raise UNKNOWN(f"There is no order {order_id}.")
        if version is not None and version != order.version:
            raise STALE(f"{order_id} is at version {order.version}, you read version {version}.")
        return order

    def line(self, order_id: OrderId, number: int) -> Line:
        line = self._lines.get((order_id, number))
        if line is None:
            raise LINE_UNKNOWN(f"{order_id} has no line {number}.")
        return line

    def lines(self, order_id: OrderId) -> list[Line]:
        """All lines of the order as they stand now."""
        return [self._lines[order_id, x.line] for x in self.orders[order_id].lines]

    def count(self, line: Line, *, cancelled: int = 0, shipped: int = 0, returned: int = 0) -> None:
        """Moves a line's counts."""
        key = line.order_id, line.line
        now = self._lines[key]
        self._lines[key] = Replace(
            now, cancelled=now.cancelled + cancelled, shipped=now.shipped + shipped,
            returned=now.returned + returned,
        )  # fmt: skip
        delta = self._counts.setdefault(key, [0, 0, 0])
        for n, step in enumerate((cancelled, shipped, returned)):
            delta[n] += step

    def replace(self, line: Line) -> None:
        """Takes a line that was added or rewritten by the verb's own statement."""
        order = self.orders[line.order_id]
        if (line.order_id, line.line) not in self._lines:
            self.orders[order.id] = Replace(order, lines=(*order.lines, line))
        self._lines[line.order_id, line.line] = line

    def touch(self, order: Order, **fields: Any) -> Order:
        """The order one version on, with these fields and its lines as they stand now."""
        lines = tuple(self.lines(order.id))
        after = Replace(order, version=order.version + 1, lines=lines, **fields)
        self.orders[order.id] = after
        return after

    def log(self, order_id: OrderId, kind: str, body: object) -> None:
        """Writes into the order's timeline."""
        text = codec.encode(body).decode()
        self._log.append((ids.part_of(order_id), ids.new(ChangeId), order_id, kind, text))

    def tell(self, *events: Event) -> None:
        """Remembers events for the end."""
        self._told += events

    def write(self, tx: Tx) -> None:
        """Writes counts, versions, timeline and events, each in one statement."""
        if self._counts:
            tx.run(SQL.move_counts, **table(COUNT_COLUMNS, self._count_rows()))
        changed = [o for o in self.orders.values() if o.version != self._before[o.id].version]
        if changed:
            rows = ((ids.part_of(o.id), o.id, o.version) for o in changed)
            tx.run(SQL.set_versions, **table(("parts", "ids", "versions"), rows))
        if self._log:
            columns = table(("parts", "ids", "order_ids", "kinds", "bodies"), self._log)
            tx.run(SQL.insert_changes, **columns, now=tx.now, actor=tx.actor)
        outbox.emit(tx, [*self._told, *self._completed(changed)])

    def _count_rows(self) -> list[tuple[object, ...]]:
        found = sorted(self._counts.items())
        return [(ids.part_of(o), o, line, *delta) for (o, line), delta in found]

    def _completed(self, changed: Sequence[Order]) -> list[Event]:
        return [
            OrderCompleted(version=o.version, order_id=o.id)
            for o in changed
            if o.state is OrderState.COMPLETED
            and self._before[o.id].state is not OrderState.COMPLETED
        ]


COUNT_COLUMNS = ("parts", "order_ids", "lines", "cancelled", "shipped", "returned")
