"""What the network is, kept between batches as long as nobody changed it: nodes as columns.

Places, calendars, services and lanes change seldom and are read often; `ground` reads them once for
each state of the network. What moves by the minute (the clock, pauses, load) is in `reach`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from everyshelf import network
from everyshelf.base.tx import Tx
from everyshelf.decide import promise
from everyshelf.decide import sourcing as engine
from everyshelf.network import Address, Lane, Node, Rate, Service

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ALWAYS = tuple(((0, promise.DAY_MINUTES),) for _ in range(7))
DAYS_AHEAD = 30
DAY = timedelta(days=1)
WORDS = ("node", "kind", "country", "region")
EARTH_KM = 6371.0088  # Mean radius, IUGG.
NOWHERE = -1


@dataclass(slots=True, frozen=True)
class Zones:
    """How a service reaches a destination: the zone of each node (NOWHERE: it does not) and the
    transit days of the zones, or of lanes that were agreed."""

    zone: Ints
    days_p50: Ints
    days_p90: Ints


class Ground:
    """The nodes as columns, in order of their codes, and the services that leave them."""

    def __init__(self, tx: Tx) -> None:
        found = network.nodes(tx)
        self.codes = sorted(found)
        self.nodes: list[Node] = [found[code] for code in self.codes]
        self.index = {code: n for n, code in enumerate(self.codes)}
        self.services = [s for s in network.services(tx).values() if s.active]
        self.steps = {s.service: _steps(s) for s in self.services}
        self.calendars = _calendars(tx, self.nodes)
        self.lat, self.lon = self.reals("lat"), self.reals("lon")
        self.priority = self.numbers("priority")
        self.labour_order = self.numbers("labour_order_minor")
        self.labour_line = self.numbers("labour_line_minor")
        self.labour_unit = self.numbers("labour_unit_minor")
        self.kinds, self.kind = _kinds(self.nodes, self.calendars)
        self.zones_of_time = sorted({n.zone for n in self.nodes})
        at = {zone: z for z, zone in enumerate(self.zones_of_time)}
        self.time_zone = np.array([at[n.zone] for n in self.nodes], np.int64)
        self.paused = np.array([n.paused for n in self.nodes], np.bool_)
        self.closed = np.array([not n.active for n in self.nodes], np.bool_)
        self.dated = [n for n, node in enumerate(self.nodes) if node.opens_on or node.closes_on]
        self.suppliers = any(n.kind is network.NodeKind.SUPPLIER for n in self.nodes)
        self._words = {f: np.array([str(getattr(n, f)) for n in self.nodes], object)
                       for f in WORDS}  # fmt: skip
        self._tags = [tuple(n.tags) for n in self.nodes]
        self._able: dict[str, Bools] = {}
        self._lanes: dict[tuple[str, str], list[tuple[int, Lane]]] = {}
        for lane in network.lanes(tx, self.codes).values():
            key = (lane.region, lane.service)
            self._lanes.setdefault(key, []).append((self.index[lane.node], lane))

    def able(self, word: str) -> Bools:
        """The nodes with this capability."""
        if word not in self._able:
            found = np.array([word in n.capabilities for n in self.nodes], np.bool_)
            self._able[word] = found
        return self._able[word]

    def facts(self, columns: Ints) -> engine.NodeFacts:
        """What conditions may ask of these nodes."""
        code, kind, country, region = (tuple(self._words[f][columns].tolist()) for f in WORDS)
        tags = tuple(self._tags[n] for n in columns.tolist())
        return engine.NodeFacts(code, kind, country, region, tags)

    def numbers(self, field: str) -> Ints:
        """A whole number of each node."""
        return np.array([getattr(n, field) for n in self.nodes], np.int64)

    def reals(self, field: str) -> Floats:
        """A real number of each node."""
        return np.array([getattr(n, field) for n in self.nodes], np.float64)

    def km(self, to: Address) -> Floats | None:
        """Great-circle distances from each node; None when the address cannot be placed."""
        spot = network.locate(to)
        if spot is None:
            return None
        lat, lon = np.radians(self.lat), np.radians(self.lon)
        there_lat, there_lon = np.radians(spot[0]), np.radians(spot[1])
        rise, run = np.sin((lat - there_lat) / 2), np.sin((lon - there_lon) / 2)
        h = rise**2 + np.cos(lat) * np.cos(there_lat) * run**2
        found: Floats = 2 * EARTH_KM * np.arcsin(np.minimum(1.0, np.sqrt(h)))
        return found

    def zones(self, service: Service, to: Address, km: Floats | None) -> Zones:
        """The zone of each node. An address that cannot be placed on a map is as far as the service
        goes, from everywhere alike; a lane speaks before the distance does."""
        bands = service.zones
        if not bands:
            none = np.full(len(self.codes), NOWHERE, np.int64)
            return Zones(none, none, none)
        last = len(bands) - 1
        at = np.full(len(self.codes), last, np.int64)
        if km is not None:
            at = np.searchsorted(np.array([z.max_km for z in bands]), km, side="left")
        inside = at <= last
        at = np.minimum(at, last)
        columns = [
            np.array([getattr(z, f) for z in bands], np.int64)[at]
            for f in ("zone", "days_p50", "days_p90")
        ]
        columns[0] = np.where(inside, columns[0], NOWHERE)
        if km is not None:
            for n, lane in self._lanes.get((network.region_of(to), service.service), ()):
                columns[0][n], columns[1][n], columns[2][n] = (
                    lane.zone, lane.days_p50, lane.days_p90
                )  # fmt: skip
        return Zones(*columns)


def _kinds(nodes: Sequence[Node], calendars: Sequence[promise.Calendar]) -> tuple[list[int], Ints]:
    """Nodes that keep the same hours, cutoff and times are one kind: a node of each, and the kind
    of every node."""
    first: dict[tuple[object, ...], int] = {}
    kinds: list[int] = []
    kind: list[int] = []
    for n, (node, calendar) in enumerate(zip(nodes, calendars, strict=True)):
        key = (calendar, node.cutoff_minute, node.processing_minutes, node.lead_days, node.zone)
        if key not in first:
            first[key] = len(kinds)
            kinds.append(n)
        kind.append(first[key])
    return kinds, np.array(kind, np.int64)


def ground(tx: Tx) -> Ground:
    """The network as it is now, read again only when somebody changed it or the day did."""
    stamp = f"{network.stamp(tx)} {tx.now.date()}"
    return tx.kept("sourcing.ground", stamp, lambda: Ground(tx))


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
