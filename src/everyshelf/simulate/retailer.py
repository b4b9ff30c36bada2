"""A network out of a real store file: DCs and stores with hours, services with zones and rates,
and stock placed where the demand of the history was.

What is assumed is said here in one place: the shares, covers, prices and times below are round
figures of a mid-size parcel shipper, not data of the file.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from everyshelf import catalog, network, stock
from everyshelf.base.results import Result
from everyshelf.base.tx import Database, Tx
from everyshelf.decide.rating import distance_km
from everyshelf.simulate.history import Survey

CHANNELS = ("web", "app", "phone", "social", "pos", "marketplace")
GROUND_BANDS = ((250.0, 1, 2), (1000.0, 2, 3), (2500.0, 3, 5), (6000.0, 4, 7), (21000.0, 7, 12))
EXPRESS_BANDS = ((2500.0, 1, 1), (6000.0, 1, 2), (21000.0, 3, 5))
WEIGHTS_G = (1_000, 5_000, 20_000, 70_000, 300_000, 3_000_000)
DC_SHARE = 0.7
COVER_WEEKS = 8.0
LINES_AT_ONCE = 4
STORE_TOP_SHARE = 0.4
STORE_CAN = ("ship", "pickup", "curbside", "same_day", "returns")
DC_CAN = ("ship", "returns", "hazmat", "cold", "oversize")


class Site(msgspec.Struct, frozen=True):
    """A place of the store file."""

    code: str
    name: str
    city: str
    region: str
    postcode: str
    lat: float
    lon: float
    opens_on: date | None = None


class Level(msgspec.Struct, frozen=True):
    """How many units of an item a node is filled up to."""

    node: str
    item: str
    qty: int


class Retailer(msgspec.Struct, frozen=True):
    """What was built: the nodes by role, and the level of every stocked cell."""

    dcs: tuple[Site, ...]
    stores: tuple[Site, ...]
    currency: str
    levels: tuple[Level, ...]


def spread(sites: Sequence[Site], count: int) -> list[Site]:
    """`count` sites that cover the map: each next one is the farthest from those taken before
    (Gonzalez 1985), beginning with the one nearest to the centre."""
    if count >= len(sites):
        return list(sites)
    lat = sum(s.lat for s in sites) / len(sites)
    lon = sum(s.lon for s in sites) / len(sites)
    taken = [min(sites, key=lambda s: distance_km(lat, lon, s.lat, s.lon))]
    gap = [distance_km(taken[0].lat, taken[0].lon, s.lat, s.lon) for s in sites]
    while len(taken) < count:
        n = max(range(len(sites)), key=gap.__getitem__)
        taken.append(sites[n])
        for k, site in enumerate(sites):
            gap[k] = min(gap[k], distance_km(sites[n].lat, sites[n].lon, site.lat, site.lon))
    return taken


def build(
    db: Database, survey: Survey, sites: Sequence[Site], *, stores: int, currency: str, seed: int
) -> Retailer:
    """Makes catalog, network and opening stock in an empty database, through the rooms' verbs."""
    chosen = spread(_sample(sites, seed), stores + 3)
    dcs = [_dc(site, n) for n, site in enumerate(chosen[:3], 1)]
    shops = chosen[3:]
    db.run(lambda tx: _channels(tx, currency))
    db.run(lambda tx: _items(tx, survey, currency))
    db.run(lambda tx: _nodes(tx, dcs, shops))
    db.run(lambda tx: _services(tx, currency))
    levels = tuple(_levels(survey, dcs, shops))
    made = Retailer(tuple(dcs), tuple(shops), currency, levels)
    for start in range(0, len(levels), 5_000):
        receive(db, levels[start : start + 5_000], "opening")
    with db.transaction() as tx:
        tx.conn.execute("analyze")
    return made


def receive(db: Database, units: Sequence[Level], reason: str, now: datetime | None = None) -> None:
    """Supplier deliveries, as one batch."""
    commands = [stock.Receive("", u.node, u.item, u.qty, reason=reason) for u in units]
    answers = db.run(lambda tx: stock.receive_now(tx, commands), now=now, actor="replenishment")
    _all(answers)


def _sample(sites: Sequence[Site], seed: int) -> list[Site]:
    """At most 600 sites to choose from, so that spreading them costs little."""
    rng = random.Random(seed)
    return list(sites) if len(sites) <= 600 else rng.sample(list(sites), 600)


def _dc(site: Site, n: int) -> Site:
    return msgspec.structs.replace(site, code=f"DC{n}", name=f"DC {site.city.title()}")


def _all(results: Iterable[Result[Any]]) -> None:
    for result in results:
        result.get()


def _channels(tx: Tx, currency: str) -> None:
    commands = [
        catalog.UpsertChannel(
            key=f"sim:{c}", channel=c, name=c, kind=catalog.ChannelKind(c), currency=currency
        )
        for c in CHANNELS
    ]
    _all(catalog.upsert_channels(tx, commands))


def _items(tx: Tx, survey: Survey, currency: str) -> None:
    commands = [
        catalog.UpsertItem(
            key=f"sim:{code}", item=code, name=sold.name or code, price_minor=sold.price_minor,
            cost_minor=sold.price_minor * 2 // 5, currency=currency,
            weight_g=_weight_g(code, sold.price_minor), length_mm=120, width_mm=80, height_mm=40,
        )
        for code, sold in survey.items.items()
    ]  # fmt: skip
    _all(catalog.upsert_items(tx, commands))


def _weight_g(code: str, price_minor: int) -> int:
    """The file has no weights: 30 g to about 400 g, dearer things heavier, by the code's own
    letters so that it is the same in every run."""
    return 30 + min(price_minor, 2_000) // 10 + sum(map(ord, code)) % 120


def _nodes(tx: Tx, dcs: Sequence[Site], stores: Sequence[Site]) -> None:
    weekdays = tuple(network.Hours(d, 0, 1440) for d in range(6))
    shop = (
        *(network.Hours(d, 9 * 60, 21 * 60) for d in range(6)),
        network.Hours(6, 10 * 60, 18 * 60),
    )
    commands = [
        network.UpsertNode(
            key=f"sim:{site.code}", node=site.code, name=site.name,
            kind=network.NodeKind.DC if is_dc else network.NodeKind.STORE,
            zone=zone_of(site.lon), region=site.region, city=site.city.title(),
            postcode=site.postcode, lat=site.lat, lon=site.lon,
            capabilities=DC_CAN if is_dc else STORE_CAN,
            hours=weekdays if is_dc else shop,
            cutoff_minute=17 * 60 if is_dc else 15 * 60,
            processing_minutes=120 if is_dc else 60,
            priority=10 if is_dc else 50,
            labour_order_minor=60 if is_dc else 120,
            labour_line_minor=15 if is_dc else 30,
            labour_unit_minor=1 if is_dc else 2,
            unknown_sales=not is_dc,
        )
        for is_dc, group in ((True, dcs), (False, stores))
        for site in group
    ]  # fmt: skip
    _all(network.upsert_nodes(tx, commands))


def zone_of(lon: float) -> str:
    """The time zone of a place in the United States, by its longitude."""
    for west_of, zone in ((-85.0, "America/New_York"), (-100.0, "America/Chicago"),
                          (-114.0, "America/Denver")):  # fmt: skip
        if lon > west_of:
            return zone
    return "America/Los_Angeles"


def _services(tx: Tx, currency: str) -> None:
    def service(
        code: str, bands: Sequence[tuple[float, int, int]], base: int, step: int, per_kg: int
    ) -> network.UpsertService:
        zones = tuple(
            network.ServiceZone(n, km, p50, p90) for n, (km, p50, p90) in enumerate(bands, 1)
        )
        rates = tuple(
            network.Rate(z.zone, g, base + step * (z.zone - 1) + per_kg * g // 1000, currency)
            for z in zones
            for g in WEIGHTS_G
        )
        return network.UpsertService(
            key=f"sim:{code}", service=code, carrier="Parcel", name=code.title(), zones=zones,
            rates=rates,
        )  # fmt: skip

    _all(
        network.upsert_services(
            tx,
            [
                service("GROUND", GROUND_BANDS, 450, 120, 25),
                service("EXPRESS", EXPRESS_BANDS, 1500, 700, 90),
            ],
        )
    )


def _levels(survey: Survey, dcs: Sequence[Site], stores: Sequence[Site]) -> Iterator[Level]:
    """Fill-up levels by demand: most at the DCs, the best sellers also in the stores."""
    ranked = sorted(survey.items, key=lambda code: -survey.items[code].lines)
    in_stores = set(ranked[: int(len(ranked) * STORE_TOP_SHARE)])
    for code, sold in survey.items.items():
        cover = sold.qty / survey.weeks * COVER_WEEKS
        usual = math.ceil(LINES_AT_ONCE * sold.qty / sold.lines)
        for site in dcs:
            yield Level(site.code, code, max(usual, math.ceil(cover * DC_SHARE / len(dcs))))
        if code in in_stores:
            for site in stores:
                share = cover * (1 - DC_SHARE) / len(stores)
                yield Level(site.code, code, max(2, math.ceil(share)))
