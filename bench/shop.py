"""The retailer of the benchmarks: two DCs, eight stores, two hundred items, always enough stock.

Made through the verbs like any other, from a seed, so that two runs meet the same orders.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import count
from typing import Final, TypeVar

from everyshelf import catalog, network, orders, stock
from everyshelf.base.results import Result
from everyshelf.base.tx import Database, Tx

V = TypeVar("V")

ITEMS: Final = tuple(f"ITEM-{n:03}" for n in range(200))
UNITS: Final = 500_000
SITES: Final = (
    ("DC1", "dc", "America/New_York", "OH", "Columbus", 39.96, -83.00),
    ("DC2", "dc", "America/Los_Angeles", "NV", "Reno", 39.53, -119.81),
    ("S001", "store", "America/New_York", "NY", "New York", 40.75, -73.99),
    ("S002", "store", "America/Chicago", "IL", "Chicago", 41.88, -87.63),
    ("S003", "store", "America/Chicago", "TX", "Dallas", 32.78, -96.80),
    ("S004", "store", "America/Los_Angeles", "CA", "Los Angeles", 34.05, -118.24),
    ("S005", "store", "America/Denver", "CO", "Denver", 39.74, -104.99),
    ("S006", "store", "America/New_York", "GA", "Atlanta", 33.75, -84.39),
    ("S007", "store", "America/Los_Angeles", "WA", "Seattle", 47.61, -122.33),
    ("S008", "store", "America/New_York", "FL", "Miami", 25.76, -80.19),
)
ALWAYS: Final = tuple(network.Hours(day, 0, 1440) for day in range(7))
BANDS: Final = ((250.0, 1, 2), (1000.0, 2, 3), (2500.0, 3, 5), (20000.0, 5, 8))


def done(results: Iterable[Result[V]]) -> list[V]:
    """The values of results that must all be good."""
    return [result.get() for result in results]


def build(db: Database) -> None:
    """Makes the retailer in an empty database."""
    db.run(_catalog)
    db.run(_network)
    receipts = [
        stock.Receive(key=f"open:{site[0]}:{item}", node=site[0], item=item, qty=UNITS)
        for site in SITES
        for item in ITEMS
    ]
    for start in range(0, len(receipts), 500):
        some = receipts[start : start + 500]
        db.run(lambda tx, some=some: done(stock.receive(tx, some)))  # type: ignore[misc]


def _catalog(tx: Tx) -> None:
    web = catalog.UpsertChannel(key="web", channel="web", name="Web", kind=catalog.ChannelKind.WEB)
    done(catalog.upsert_channels(tx, [web]))
    items = [
        catalog.UpsertItem(
            key=item, item=item, name=f"Item {item}", price_minor=900 + n, cost_minor=400,
            weight_g=200 + 10 * (n % 50),
        )
        for n, item in enumerate(ITEMS)
    ]  # fmt: skip
    done(catalog.upsert_items(tx, items))


def _network(tx: Tx) -> None:
    nodes = [
        network.UpsertNode(
            key=code, node=code, name=f"{city} {kind}", kind=network.NodeKind(kind), zone=zone,
            region=region, city=city, lat=lat, lon=lon, capabilities=("ship", "returns"),
            hours=ALWAYS, processing_minutes=60,
        )
        for code, kind, zone, region, city, lat, lon in SITES
    ]  # fmt: skip
    done(network.upsert_nodes(tx, nodes))
    zones = tuple(network.ServiceZone(n, *band) for n, band in enumerate(BANDS, 1))
    rates = tuple(
        network.Rate(zone.zone, grams, 650 + 180 * (zone.zone - 1) + grams // 30)
        for zone in zones
        for grams in (1_000, 5_000, 20_000, 70_000)
    )
    ground = network.UpsertService(
        key="GROUND", service="GROUND", carrier="Parcel", name="Ground",
        kind=network.ServiceKind.SHIP, weekdays=tuple(range(7)), zones=zones, rates=rates,
    )  # fmt: skip
    done(network.upsert_services(tx, [ground]))


class Customers:
    """Orders of one to three lines from people around the stores, the same at every run."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._numbers = count(1)

    def batch(self, size: int) -> list[orders.Place]:
        """The next orders."""
        return [self._order() for _ in range(size)]

    def _order(self) -> orders.Place:
        n = next(self._numbers)
        lines = [
            orders.PlaceLine(item, self._dice.randint(1, 3))
            for item in self._dice.sample(ITEMS, self._dice.randint(1, 3))
        ]
        return orders.Place(
            key=f"bench:{n}", channel="web", channel_ref=f"bench:{n}",
            buyer=orders.Buyer(name=f"Buyer {n}"), currency="USD", lines=lines,
            ship_to=self._home(), shipping_minor=500,
        )  # fmt: skip

    def _home(self) -> network.Address:
        _, _, _, region, city, lat, lon = self._dice.choice(SITES[2:])
        return network.Address(
            name="Buyer", street="1 Main St", city=city, region=region, postcode="10001",
            lat=round(lat + self._dice.gauss(0, 0.2), 4),
            lon=round(lon + self._dice.gauss(0, 0.2), 4),
        )  # fmt: skip
