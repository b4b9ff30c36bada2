"""One read of all that deciding a batch of orders needs: a constant number of statements.

The orders are locked first, so that what is owed, committed and waiting stands still until the
transaction ends; stock is not locked, the ledger checks it again when units are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from everyshelf import stock
from everyshelf.base import ids
from everyshelf.base.scope import Facts
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import conditions
from everyshelf.decide import sourcing as engine
from everyshelf.network import Address
from everyshelf.orders import OrderId
from everyshelf.sourcing.facts import Waits, Way

SQL = load("everyshelf.sourcing")


class Order(msgspec.Struct, frozen=True):
    """The head of an order, as sourcing needs it."""

    id: OrderId
    channel: str
    ship_to: Address | None
    priority: int
    short_policy: str
    placed_at: datetime
    version: int
    held: bool
    tier: str = ""
    preferred_node: str = ""

    def facts(self, way: Way, now: datetime) -> engine.OrderFacts:
        """What a policy may ask of the order."""
        to = self.ship_to or Address(country="")
        waited = max(0, int((now - self.placed_at).total_seconds()) // 60)
        return engine.OrderFacts(
            self.channel, way.method, to.country, to.region, self.tier, self.priority,
            self.preferred_node, waited,
        )  # fmt: skip

    @property
    def scope(self) -> Facts:
        """What the scopes of policies look at."""
        region = self.ship_to.region if self.ship_to is not None else ""
        return Facts(int(self.id), self.channel, self.tier, region)

    def row(self, lines: Sequence[Line], now: datetime) -> conditions.Row:
        """What conditions about whole orders see, whatever way the lines go."""
        f = self.facts(Way("", None, None), now)
        words = {name: getattr(f, name) for name in f.__struct_fields__}
        value = sum(x.owed * x.value_minor for x in lines)
        units = sum(x.owed for x in lines)
        return {**words, "value_minor": value, "units": units, "lines": len(lines)}

    @property
    def whole(self) -> bool:
        """All lines or nothing."""
        return self.short_policy == "ship_complete"

    @property
    def turn(self) -> tuple[int, datetime, OrderId]:
        """Orders compete for the same units: the more urgent first, then who came first."""
        return -self.priority, self.placed_at, self.id


class Line(msgspec.Struct, frozen=True):
    """A line and what is owed of it: neither cancelled nor shipped."""

    order_id: OrderId
    line: int
    item: str
    owed: int
    value_minor: int
    method: str
    pickup_node: str | None
    service: str | None
    supply: str
    promised_latest: datetime | None

    @property
    def way(self) -> Way:
        """How it reaches the buyer."""
        return Way(self.method, self.pickup_node, self.service)


class Committed(msgspec.Struct, frozen=True):
    """An allocation: `live` units are at the node, `taken` were not given back."""

    id: stock.AllocationId
    order_id: OrderId
    line: int
    item: str
    node: str
    live: int
    taken: int
    unpicked: int


class Demand(msgspec.Struct, frozen=True):
    """Units that wait."""

    order_id: OrderId
    line: int
    item: str
    qty: int
    reason: Waits
    due_at: datetime
    since: datetime


class Exclusion(msgspec.Struct, frozen=True):
    """A node that said no to a line."""

    order_id: OrderId
    line: int
    node: str
    reason: str


Key = tuple[OrderId, int]


@dataclass(slots=True)
class Snapshot:
    """The orders of a batch and where their units stand."""

    orders: dict[OrderId, Order]
    lines: dict[OrderId, list[Line]]
    committed: dict[Key, list[Committed]]
    demand: dict[Key, Demand]
    excluded: dict[Key, set[str]]

    def live(self, line: Line) -> int:
        """Units of the line that stand at nodes."""
        return sum(c.live for c in self.committed.get((line.order_id, line.line), ()))

    def missing(self, line: Line) -> int:
        """Units of the line that are owed and stand nowhere."""
        return max(0, line.owed - self.live(line))


def parts(order_ids: Sequence[int]) -> list[int]:
    """The parts in which these orders live, in order."""
    return sorted({ids.part_of(int(o)) for o in order_ids})


def read(tx: Tx, order_ids: Sequence[OrderId]) -> Snapshot:
    """Locks the orders and reads them. An id of no order is simply not there."""
    keys = {"parts": parts(order_ids), "order_ids": sorted({int(o) for o in order_ids})}
    orders = tx.all(SQL.lock_orders, Order, **keys)
    snap = Snapshot({o.id: o for o in orders}, {o.id: [] for o in orders}, {}, {}, {})
    for line in tx.all(SQL.owed_lines, Line, **keys):
        snap.lines[line.order_id].append(line)
    for c in tx.all(SQL.committed, Committed, order_ids=keys["order_ids"]):
        snap.committed.setdefault((c.order_id, c.line), []).append(c)
    for d in tx.all(SQL.demand_of, Demand, **keys):
        snap.demand[d.order_id, d.line] = d
    for e in tx.all(SQL.exclusions_of, Exclusion, **keys):
        snap.excluded.setdefault((e.order_id, e.line), set()).add(e.node)
    return snap
