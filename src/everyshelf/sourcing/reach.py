"""What the network means for one batch: which nodes may serve a way, and what it costs from each.

Nodes are columns of arrays, in order of their codes. Distances, zones and rates are the network's;
lateness is measured by the same calendar rules as the promise was (`decide.promise`). What stays
the same from batch to batch is in `ground`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import promise
from everyshelf.decide.sourcing import Rules
from everyshelf.decide.sourcing_costs import Late
from everyshelf.network import Address, Node, Rate, Service
from everyshelf.sourcing.facts import Way
from everyshelf.sourcing.ground import DAY, DAYS_AHEAD, NOWHERE, Floats, Zones, ground

SQL = load("everyshelf.sourcing")
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

OFFERED = (
    "parcel_minor", "per_kg_minor", "late_days", "late_days_in_time", "past_cutoff_min", "km",
    "co2e_g_per_kg", "unrated",
)  # fmt: skip


@dataclass(slots=True)
class Offer:
    """What serving a destination costs from each of some nodes, and when it would arrive.

    `late_days` are begun days after the promise; `late_days_in_time` the same, had the cutoff of
    today been met that was missed by `past_cutoff_min` minutes.
    """

    parcel_minor: Ints
    per_kg_minor: Ints
    late_days: Ints
    late_days_in_time: Ints
    past_cutoff_min: Ints
    km: Ints
    co2e_g_per_kg: Ints
    unrated: Ints
    beyond: Bools
    services: list[str | None]


@dataclass(slots=True)
class Room:
    """What is left of a node's day; None: no limit. `channels`: orders left to channels that have a
    limit of their own."""

    orders: int | None
    lines: int | None
    units: int | None
    channels: dict[str, int]

    def takes(self, channel: str, has_it: bool) -> bool:
        """Whether any more of an order fits; one that is counted already takes no place."""
        left = (self.lines, self.units)
        if not has_it:
            left = (*left, self.orders, self.channels.get(channel))  # type: ignore[assignment]
        return all(x is None or x > 0 for x in left)

    def less(self, channel: str, orders: int, lines: int, units: int) -> None:
        """Takes from it; a row of a channel counts its orders only."""
        if channel and channel in self.channels:
            self.channels[channel] -= orders
        if not channel:
            self.orders = None if self.orders is None else self.orders - orders
            self.lines = None if self.lines is None else self.lines - lines
            self.units = None if self.units is None else self.units - units

    def copy(self) -> Room:
        """One that can be taken from without this."""
        return Room(self.orders, self.lines, self.units, dict(self.channels))


class Network:
    """The nodes of one batch as columns, with what is asked of them more than once kept."""

    def __init__(self, tx: Tx) -> None:
        self.now = tx.now
        self.ground = ground(tx)
        self.codes, self.nodes, self.index = (
            self.ground.codes, self.ground.nodes, self.ground.index
        )  # fmt: skip
        there = [tx.now.astimezone(ZoneInfo(zone)) for zone in self.ground.zones_of_time]
        self._dates = [t.date() for t in there]
        minutes = np.array([t.hour * 60 + t.minute for t in there], np.int64)
        self.past_cutoff = np.maximum(
            minutes[self.ground.time_zone] - self.ground.numbers("cutoff_minute"), 0
        )
        self.room = self._read_room(tx)
        self._ready: dict[tuple[int, bool], datetime | None] = {}
        self._latest: dict[tuple[object, ...], datetime | None] = {}
        self._zones: dict[tuple[object, ...], Zones] = {}
        self._km: dict[Address, Floats | None] = {}
        self._barred: dict[Way, list[tuple[str, Bools]]] = {}

    def day(self, n: int) -> date:
        """The date at the node."""
        return self._dates[int(self.ground.time_zone[n])]

    def _read_room(self, tx: Tx) -> dict[int, Room]:
        """What each limited node can still take today."""
        limited = {
            n: Room(
                node.daily_orders, node.daily_lines, node.daily_units, dict(node.channel_orders)
            )
            for n, node in enumerate(self.nodes)
            if node.limited
        }
        if not limited:
            return {}
        days = [self.day(n) for n in limited]
        codes = [self.codes[n] for n in limited]
        for node, day, channel, orders, lines, units in tx.tuples(
            SQL.loads, nodes=codes, first=min(days), last=max(days)
        ):
            n = self.index[node]
            if day == self.day(n):
                limited[n].less(channel, orders, lines, units)
        return limited

    @property
    def workload_pct(self) -> Ints:
        """The share of each node's day that is taken, 0 to 100; 0 where it has no limit."""
        taken = np.zeros(len(self.nodes), np.int64)
        for n, room in self.room.items():
            node = self.nodes[n]
            pairs = ((room.orders, node.daily_orders), (room.lines, node.daily_lines),
                     (room.units, node.daily_units))  # fmt: skip
            used = [100 * (cap - left) // max(cap, 1)
                    for left, cap in pairs if left is not None and cap is not None]  # fmt: skip
            taken[n] = min(100, max([0, *used]))
        return taken

    def fit(self, stock: Ints, need: Ints, columns: Ints) -> Ints:
        """What the nodes could give of these lines (line, column) within the lines and units that
        they can still work on today: the first lines first."""
        at = [(c, self.room[n]) for c, n in enumerate(columns.tolist()) if n in self.room]
        narrow = [(c, room) for c, room in at if room.lines is not None or room.units is not None]
        if not narrow:
            return stock
        fitted = stock.copy()
        for c, room in narrow:
            lines = len(need) if room.lines is None else room.lines
            units = int(need.sum()) if room.units is None else room.units
            for r in range(len(need)):
                could = min(int(stock[r, c]), int(need[r]), max(units, 0)) if lines > 0 else 0
                fitted[r, c] = int(stock[r, c]) if could == need[r] else could
                lines -= could > 0
                units -= could
        return fitted

    def barred(self, way: Way) -> list[tuple[str, Bools]]:
        """The filters of a way in their order, over all nodes; capacity is asked per order."""
        if way not in self._barred:
            only = np.zeros(len(self.nodes), np.bool_)
            if way.collected and way.pickup_node is not None:
                only[:] = True
                only[self.index.get(way.pickup_node, -1)] = way.pickup_node not in self.index
            never = np.array([self.ready(n) is None for n in self.ground.kinds], np.bool_)
            self._barred[way] = [
                ("other_node", only),
                ("inactive", self._inactive()),
                ("paused", self.ground.paused),
                ("capability", ~self.ground.able(way.method)),
                ("never_open", never[self.ground.kind]),
            ]
        return self._barred[way]

    def _inactive(self) -> Bools:
        """The nodes that are closed for good, not yet open, or not any more."""
        mask = self.ground.closed.copy()
        for n in self.ground.dated:
            mask[n] = not _active(self.nodes[n], self.day(n))
        return mask

    def full(self, loaded: set[str], channel: str) -> Bools:
        """The nodes that can take no further order of the channel today, but for those that have
        this one already."""
        mask = np.zeros(len(self.nodes), np.bool_)
        full = [n for n, room in self.room.items()
                if not room.takes(channel, self.codes[n] in loaded)]  # fmt: skip
        mask[full] = True
        return mask

    def ready(self, n: int, in_time: bool = False) -> datetime | None:
        """When work asked for now would be done at the node; None when it never opens. `in_time`:
        had it been asked for before today's cutoff."""
        key = (int(self.ground.kind[n]), in_time)
        if key not in self._ready:
            node = self.nodes[n]
            cutoff = promise.DAY_MINUTES if in_time else node.cutoff_minute
            self._ready[key] = promise.ready_at(
                self.ground.calendars[n], self.now, cutoff, node.processing_minutes
            )
        return self._ready[key]

    def offer(
        self, way: Way, to: Address | None, columns: Ints, weight_g: int,
        promised: datetime | None, rules: Rules,
    ) -> Offer:  # fmt: skip
        """What serving costs from each column: the cheapest service, lateness counted."""
        if way.collected or to is None:
            return self._collected(way, columns, promised)
        choice = [s for s in self.ground.services if str(s.kind) == way.method]
        named = [s for s in choice if s.service == way.service]
        offers = [self._by(s, to, columns, weight_g, promised) for s in named or choice]
        if not offers:
            return self._unrated(to, columns)
        return _cheapest(offers, weight_g, rules)

    def _collected(self, way: Way, columns: Ints, promised: datetime | None) -> Offer:
        """Nothing travels: only the work can be late."""
        made = _nothing(len(columns), way.service)
        if promised is not None:
            kind = self.ground.kind[columns]
            self._late(made, columns, [kind], promised, lambda n, early: self._after_lead(n, early))
        return made

    def _late(
        self, made: Offer, columns: Ints, keys: Sequence[Ints], promised: datetime,
        at: Callable[[int, bool], datetime | None],
    ) -> None:  # fmt: skip
        """Counts the days after the promise, as it is and had today's cutoff been met; `at` is
        asked once for nodes that are alike in all keys."""
        _, first, like = np.unique(np.stack(keys), axis=1, return_index=True, return_inverse=True)
        nodes = columns[first].tolist()
        late = np.array([_days_late(at(n, False), promised) for n in nodes], np.int64)
        early = np.array([_days_late(at(n, True), promised) if late[i] else 0
                          for i, n in enumerate(nodes)], np.int64)  # fmt: skip
        like = like.ravel()
        made.late_days = late[like]
        missed = (made.late_days > 0) & (self.past_cutoff[columns] > 0)
        made.past_cutoff_min = np.where(missed, self.past_cutoff[columns], 0)
        made.late_days_in_time = np.where(missed, early[like], made.late_days)

    def _after_lead(self, n: int, in_time: bool = False) -> datetime | None:
        ready = self.ready(n, in_time)
        return ready and ready + self.nodes[n].lead_days * DAY

    def _by(
        self, service: Service, to: Address, columns: Ints, weight_g: int,
        promised: datetime | None,
    ) -> Offer:  # fmt: skip
        """The offer of one service, from its rate card."""
        km, zones = self.distances(to), self._zones_of(service, to)
        zone = zones.zone[columns]
        made = _nothing(len(columns), service.service)
        made.beyond = zone == NOWHERE
        steps = self.ground.steps[service.service]
        for z in np.unique(zone[~made.beyond]).tolist():
            first, slope = _card(steps.get(z, []), weight_g)
            made.parcel_minor[zone == z], made.per_kg_minor[zone == z] = first, slope
        if km is not None:
            made.km = np.rint(km[columns]).astype(np.int64)
            made.co2e_g_per_kg = np.rint(km[columns] * service.co2e_g_per_kg_km).astype(np.int64)
        if promised is not None:
            keys = (self.ground.kind, zones.days_p50, zones.days_p90)
            self._late(made, columns, [k[columns] for k in keys], promised,
                       lambda n, early: self._arrival(service, zones, n, early))  # fmt: skip
            for values in (made.late_days, made.late_days_in_time, made.past_cutoff_min):
                values[made.beyond] = 0
        return made

    def distances(self, to: Address) -> Floats | None:
        """Kilometres from every node; None when the address cannot be placed."""
        if to not in self._km:
            self._km[to] = self.ground.km(to)
        return self._km[to]

    def _zones_of(self, service: Service, to: Address) -> Zones:
        key = (service.service, to)
        if key not in self._zones:
            self._zones[key] = self.ground.zones(service, to, self.distances(to))
        return self._zones[key]

    def _arrival(
        self, service: Service, zones: Zones, n: int, in_time: bool = False
    ) -> datetime | None:
        """The latest likely arrival of a parcel that is asked for now."""
        days = int(zones.days_p50[n]), int(zones.days_p90[n])
        ready, zone = self._after_lead(n, in_time), self.nodes[n].zone
        key = (service.service, zone, days, ready)
        if key not in self._latest:
            lane = promise.Lane(service.service, *days, service.weekdays, 0, zone, zone)
            window = promise.arrives(ready, lane) if ready else None
            self._latest[key] = window[1] if window else None
        return self._latest[key]

    def _unrated(self, to: Address, columns: Ints) -> Offer:
        """Without any rate card nearer is cheaper, so that the choice is still a sane one."""
        made, km = _nothing(len(columns), None), self.distances(to)
        made.unrated[:] = 1
        if km is not None:
            made.km = np.rint(km[columns]).astype(np.int64)
        return made


def _nothing(width: int, service: str | None) -> Offer:
    """An offer that costs nothing and comes in time."""
    columns = {name: np.zeros(width, np.int64) for name in OFFERED}
    return Offer(**columns, beyond=np.zeros(width, np.bool_), services=[service] * width)


def _active(node: Node, day: date) -> bool:
    began = node.opens_on is None or node.opens_on <= day
    return node.active and began and (node.closes_on is None or day <= node.closes_on)


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


def _days_late(at: datetime | None, promised: datetime) -> int:
    """Begun days after the promise; a node that never gets there is very late."""
    if at is not None and at <= promised:
        return 0
    return DAYS_AHEAD if at is None else math.ceil((at - promised) / DAY)


def _cheapest(offers: Sequence[Offer], weight_g: int, rules: Rules) -> Offer:
    """Per node the cheapest of the offers that reach the destination from there."""
    if len(offers) == 1:
        return offers[0]
    late = next((part for part in rules.costs if isinstance(part, Late)), Late(weight=0.0))
    price = np.stack([
        o.parcel_minor + o.per_kg_minor * weight_g // 1000
        + np.rint(late.weight * late.minor(o.late_days)).astype(np.int64)
        for o in offers
    ])  # fmt: skip
    beyond = np.stack([o.beyond for o in offers])
    best = np.argmin(np.where(beyond, np.iinfo(np.int64).max, price), axis=0)
    at = np.arange(len(best))
    columns = {f: np.stack([getattr(o, f) for o in offers])[best, at] for f in OFFERED}
    services = [offers[b].services[c] for c, b in enumerate(best.tolist())]
    return Offer(**columns, beyond=np.logical_and.reduce(beyond, axis=0), services=services)
