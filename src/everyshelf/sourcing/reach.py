"""What the network means for one batch: which nodes may serve a way, and what it costs from each.

Nodes are columns of arrays, in order of their codes. Distances, zones and rates are the network's;
lateness is measured by the same calendar rules as the promise was (`decide.promise`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from everyshelf import network
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import promise
from everyshelf.network import Address, Node, Rate, Reach, Service
from everyshelf.sourcing.facts import Rules, Way

SQL = load("everyshelf.sourcing")
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ALWAYS = tuple(((0, promise.DAY_MINUTES),) for _ in range(7))
DAYS_AHEAD = 30
DAY = timedelta(days=1)


@dataclass(slots=True)
class Offer:
    """What serving a destination costs from each of some nodes."""

    parcel_minor: Ints
    per_kg_minor: Ints
    late_minor: Ints
    beyond: Bools
    services: list[str | None]


class Network:
    """The nodes of one batch as columns, with what is asked of them more than once kept."""

    def __init__(self, tx: Tx) -> None:
        self.now = tx.now
        found = network.nodes(tx)
        self.codes = sorted(found)
        self.nodes = [found[code] for code in self.codes]
        self.index = {code: n for n, code in enumerate(self.codes)}
        self._services = [s for s in network.services(tx).values() if s.active]
        self._steps = {s.service: _steps(s) for s in self._services}
        self._lanes = network.lanes(tx, self.codes)
        self._calendars = _calendars(tx, self.nodes)
        self.days = [tx.now.astimezone(ZoneInfo(n.zone)).date() for n in self.nodes]
        self.room = self._read_room(tx)
        self.priority = self._column("priority")
        self.labour_order = self._column("labour_order_minor")
        self.labour_line = self._column("labour_line_minor")
        self.labour_unit = self._column("labour_unit_minor")
        self._ready: dict[int, datetime | None] = {}
        self._latest: dict[tuple[str, int, int, int], datetime | None] = {}
        self._reaches: dict[tuple[object, ...], dict[str, Reach]] = {}
        self._barred: dict[Way, list[tuple[str, Bools]]] = {}

    def _column(self, field: str) -> Ints:
        return np.array([getattr(n, field) for n in self.nodes], np.int64)

    def _read_room(self, tx: Tx) -> dict[int, int]:
        """Orders that each limited node can still take today."""
        limited = {n: node.daily_orders for n, node in enumerate(self.nodes)
                   if node.daily_orders is not None}  # fmt: skip
        if not limited:
            return {}
        days = [self.days[n] for n in limited]
        taken: dict[tuple[str, date], int] = {
            (node, day): orders
            for node, day, orders in tx.tuples(
                SQL.loads, nodes=[self.codes[n] for n in limited], first=min(days), last=max(days)
            )
        }
        return {n: cap - taken.get((self.codes[n], self.days[n]), 0) for n, cap in limited.items()}

    def barred(self, way: Way) -> list[tuple[str, Bools]]:
        """The filters of a way in their order, over all nodes; capacity is asked per order."""
        if way not in self._barred:
            capable = "ship" if way.method == "ship" else way.method
            only = way.pickup_node if way.collected else None
            self._barred[way] = [
                ("other_node", self._mask(lambda n: only is not None and n.node != only)),
                ("inactive", np.array([not _active(n, d) for n, d in zip(self.nodes, self.days,
                                                                       strict=True)], np.bool_)),
                ("paused", self._mask(lambda n: n.paused)),
                ("capability", self._mask(lambda n: capable not in n.capabilities)),
                ("never_open", np.array([self.ready(n) is None for n in range(len(self.nodes))],
                                        np.bool_)),
            ]  # fmt: skip
        return self._barred[way]

    def _mask(self, test: object) -> Bools:
        assert callable(test)
        return np.array([bool(test(n)) for n in self.nodes], np.bool_)

    def full(self, loaded: set[str]) -> Bools:
        """The nodes that can take no further order today, but for those that have it already."""
        mask = np.zeros(len(self.nodes), np.bool_)
        full = [n for n, room in self.room.items() if room <= 0 and self.codes[n] not in loaded]
        mask[full] = True
        return mask

    def ready(self, n: int) -> datetime | None:
        """When work asked for now would be done at the node; None when it never opens."""
        if n not in self._ready:
            node = self.nodes[n]
            self._ready[n] = promise.ready_at(
                self._calendars[n], self.now, node.cutoff_minute, node.processing_minutes
            )
        return self._ready[n]

    def offer(
        self, way: Way, to: Address | None, columns: Ints, weight_g: int,
        promised: datetime | None, rules: Rules,
    ) -> Offer:  # fmt: skip
        """What serving costs from each column: the cheapest service, lateness counted."""
        late = np.zeros(len(columns), np.int64)
        if way.collected or to is None:
            for c, n in enumerate(columns.tolist()):
                late[c] = _late(self._after_lead(n), promised, rules)
            none = np.zeros(len(columns), np.int64)
            return Offer(none, none, late, none.astype(np.bool_), [way.service] * len(columns))
        choice = [s for s in self._services if str(s.kind) == way.method]
        named = [s for s in choice if s.service == way.service]
        offers = [self._by(s, to, columns, weight_g, promised, rules) for s in named or choice]
        if not offers:
            return self._unrated(to, columns, rules)
        return _cheapest(offers, weight_g)

    def _after_lead(self, n: int) -> datetime | None:
        ready = self.ready(n)
        return ready and ready + self.nodes[n].lead_days * DAY

    def _by(
        self, service: Service, to: Address, columns: Ints, weight_g: int,
        promised: datetime | None, rules: Rules,
    ) -> Offer:  # fmt: skip
        """The offer of one service, from its rate card."""
        reaches = self._reach(service, to)
        found = [reaches.get(self.codes[n]) for n in columns.tolist()]
        steps = self._steps[service.service]
        zones = {r.zone for r in found if r is not None}
        cards = {zone: _card(steps.get(zone, []), weight_g) for zone in zones}
        first = np.array([cards[r.zone][0] if r else 0 for r in found], np.int64)
        slope = np.array([cards[r.zone][1] if r else 0 for r in found], np.int64)
        late = np.zeros(len(columns), np.int64)
        if promised is not None:
            for c, (n, r) in enumerate(zip(columns.tolist(), found, strict=True)):
                if r is not None:
                    late[c] = _late(self._arrival(service, n, r), promised, rules)
        beyond = np.array([r is None for r in found], np.bool_)
        return Offer(first, slope, late, beyond, [service.service] * len(columns))

    def _reach(self, service: Service, to: Address) -> dict[str, Reach]:
        """From where the service reaches the address. An address that cannot be placed on a map
        is as far as the service goes, from everywhere alike."""
        spot = network.locate(to)
        key = (service.service, network.region_of(to), spot)
        if key not in self._reaches and spot is None and service.zones:
            z = service.zones[-1]
            reach = Reach(z.zone, z.max_km, z.days_p50, z.days_p90)
            self._reaches[key] = dict.fromkeys(self.codes, reach)
        elif key not in self._reaches:
            self._reaches[key] = network.reaches(service, self.nodes, to, self._lanes)
        return self._reaches[key]

    def _arrival(self, service: Service, n: int, reach: Reach) -> datetime | None:
        """The latest likely arrival of a parcel that is asked for now."""
        key = (service.service, n, reach.days_p50, reach.days_p90)
        if key not in self._latest:
            ready, zone = self._after_lead(n), self.nodes[n].zone
            lane = promise.Lane(
                service.service, reach.days_p50, reach.days_p90, service.weekdays, 0, zone, zone
            )
            window = promise.arrives(ready, lane) if ready else None
            self._latest[key] = window[1] if window else None
        return self._latest[key]

    def _unrated(self, to: Address, columns: Ints, rules: Rules) -> Offer:
        """Without any rate card nearer is cheaper, so that the choice is still a sane one."""
        spot = network.locate(to)
        km = [
            network.haversine_km((self.nodes[n].lat, self.nodes[n].lon), spot) if spot else 0.0
            for n in columns.tolist()
        ]
        cost = np.array([round(k / 100 * rules.unrated_100km_minor) for k in km], np.int64)
        none = np.zeros(len(columns), np.int64)
        return Offer(cost, none, none, none.astype(np.bool_), [None] * len(columns))


def _active(node: Node, day: date) -> bool:
    began = node.opens_on is None or node.opens_on <= day
    return node.active and began and (node.closes_on is None or day <= node.closes_on)


def _calendars(tx: Tx, nodes: Sequence[Node]) -> list[promise.Calendar]:
    codes = [n.node for n in nodes]
    hours = network.hours(tx, codes)
    first, last = (tx.now - DAY).date(), (tx.now + DAYS_AHEAD * DAY).date()
    apart = network.exceptions(tx, codes, first, last)
    return [_calendar(n, hours.get(n.node, []), apart.get(n.node, [])) for n in nodes]


def _calendar(
    node: Node, hours: Sequence[network.Hours], apart: Sequence[network.NodeException]
) -> promise.Calendar:
    """A node that states no hours works around the clock."""
    weekly = tuple(
        tuple((h.opens_minute, h.closes_minute) for h in hours if h.weekday == day)
        for day in range(7)
    )
    special = tuple(
        (e.on_date, ((e.opens_minute, e.closes_minute),))
        for e in apart
        if e.opens_minute is not None and e.closes_minute is not None
    )
    closed = tuple(e.on_date for e in apart if e.opens_minute is None)
    return promise.Calendar(node.zone, weekly if hours else ALWAYS, closed, special)


def _steps(service: Service) -> dict[int, list[Rate]]:
    """The rate card by zone, lightest first."""
    found: dict[int, list[Rate]] = {}
    for rate in service.rates:
        found.setdefault(rate.zone, []).append(rate)
    return found


def _card(steps: Sequence[Rate], weight_g: int) -> tuple[int, int]:
    """The rate card as a price per parcel and per kilogram, exact for the whole weight.

    Half an order costs a little more or less than this line says; cartons are decided later.
    """
    if not steps:
        return 0, 0
    heaviest = steps[-1].max_weight_g
    boxes = max(1, math.ceil(weight_g / heaviest)) if heaviest else 1
    share = math.ceil(weight_g / boxes)
    price = next((r.price_minor for r in steps if share <= r.max_weight_g), steps[-1].price_minor)
    whole, first = boxes * price, min(steps[0].price_minor, boxes * price)
    return first, round((whole - first) * 1000 / weight_g) if weight_g else 0


def _late(at: datetime | None, promised: datetime | None, rules: Rules) -> int:
    """What it costs to come after the promise; a node that never gets there is very late."""
    if promised is None or (at is not None and at <= promised):
        return 0
    days = DAYS_AHEAD if at is None else math.ceil((at - promised) / DAY)
    return rules.late_minor + days * rules.late_day_minor


def _cheapest(offers: Sequence[Offer], weight_g: int) -> Offer:
    """Per node the cheapest of the offers that reach the destination from there."""
    if len(offers) == 1:
        return offers[0]
    price = np.stack([o.parcel_minor + o.per_kg_minor * weight_g // 1000 + o.late_minor
                      for o in offers])  # fmt: skip
    beyond = np.stack([o.beyond for o in offers])
    best = np.argmin(np.where(beyond, np.iinfo(np.int64).max, price), axis=0)
    at = np.arange(len(best))
    return Offer(
        np.stack([o.parcel_minor for o in offers])[best, at],
        np.stack([o.per_kg_minor for o in offers])[best, at],
        np.stack([o.late_minor for o in offers])[best, at],
        np.logical_and.reduce(beyond, axis=0),
        [offers[b].services[c] for c, b in enumerate(best.tolist())],
    )
