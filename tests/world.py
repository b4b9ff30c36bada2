"""A tiny retailer, made through the verbs, on which every room can be tried.

Two DCs, three stores, a dark store, a supplier, a locker and a 3PL; twelve items of every sort; six
channels; three services whose zones are bands of distance; stock in the DCs and the stores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Final, TypeVar

from everyshelf import catalog, network, stock
from everyshelf.base.results import Result
from everyshelf.base.tx import Database, Tx

V = TypeVar("V")

LOT_EXPIRES_ON: Final = date(2035, 1, 1)
_numbers = count(1)

CHANNELS: Final = ("web", "app", "phone", "social", "pos", "marketplace")
ITEMS: Final[dict[str, tuple[str, int, dict[str, object]]]] = {
    "TEA-1": ("Green tea, 250 g", 899, {"weight_g": 300}),
    "MUG-1": ("Mug, blue", 1250, {"weight_g": 420, "handling": ("fragile",)}),
    "GIFT-1": ("Gift box: two teas and a mug", 2799, {"weight_g": 1100}),
    "MILK-1": ("Oat milk, 1 l", 349, {"tracking": catalog.Tracking.LOT, "handling": ("cold",)}),
    "PHONE-1": ("Phone", 49900, {"tracking": catalog.Tracking.SERIAL, "weight_g": 350}),
    "SOFA-1": ("Sofa, made to order", 119900, {"make_to_order": True, "weight_g": 42000}),
    "PAINT-1": ("Paint thinner, 1 l", 1499, {"handling": ("hazmat",), "weight_g": 950}),
    "DESK-1": ("Desk", 18900, {"handling": ("oversize",), "weight_g": 23000}),
    "SOCK-1": ("Socks, pair", 599, {"weight_g": 60}),
    "LAMP-1": ("Lamp", 4599, {"weight_g": 1800}),
    "BOOK-1": ("Book", 1599, {"weight_g": 450}),
    "DROP-1": ("Garden bench, sent by the supplier", 15900, {"weight_g": 15000}),
}
STOCKED: Final = tuple(i for i in ITEMS if i not in ("GIFT-1", "SOFA-1", "DROP-1"))
SUPPLIED: Final = ("TEA-1", "MUG-1", "DROP-1")
STORE_CAN: Final = ("ship", "pickup", "curbside", "same_day", "returns")
DC_CAN: Final = ("ship", "returns", "hazmat", "cold", "oversize")
NODES: Final = {
    "DC1": ("dc", "America/New_York", "OH", "Columbus", 39.96, -83.00, DC_CAN),
    "DC2": ("dc", "America/Los_Angeles", "NV", "Reno", 39.53, -119.81, DC_CAN),
    "S001": ("store", "America/New_York", "NY", "New York", 40.75, -73.99, STORE_CAN),
    "S002": ("store", "America/Chicago", "IL", "Chicago", 41.88, -87.63, STORE_CAN),
    "S003": ("store", "America/Chicago", "TX", "Dallas", 32.78, -96.80, STORE_CAN),
    "D001": ("dark_store", "America/New_York", "NY", "Brooklyn", 40.68, -73.94,
             ("ship", "same_day", "cold")),
    "SUP1": ("supplier", "America/Chicago", "WI", "Madison", 43.07, -89.40, ("ship",)),
    "L001": ("locker", "America/New_York", "NY", "New York", 40.76, -73.98, ("locker",)),
    "TPL1": ("three_pl", "America/New_York", "GA", "Atlanta", 33.75, -84.39, ("ship", "returns")),
}  # fmt: skip
WEEKDAYS_ALL_DAY: Final = tuple(network.Hours(d, 0, 1440) for d in range(5))
STORE_HOURS: Final = (
    *(network.Hours(d, 9 * 60, 21 * 60) for d in range(6)),
    network.Hours(6, 10 * 60, 18 * 60),
)
ALWAYS: Final = tuple(network.Hours(d, 0, 1440) for d in range(7))
NEW_YORKER: Final = network.Address(
    name="Ada Miller",
    street="12 W 31st St",
    city="New York",
    region="NY",
    postcode="10001",
    lat=40.747,
    lon=-73.987,
    phone="+12125550123",
    email="ada@example.com",
)
TEXAN: Final = network.Address(
    name="Bo Diaz", street="9 Elm St", city="Austin", region="TX", postcode="78701"
)


@dataclass(frozen=True, slots=True)
class World:
    """The codes of what was made."""

    channels: tuple[str, ...]
    items: tuple[str, ...]
    nodes: tuple[str, ...]
    services: tuple[str, ...]


Opening = Mapping[tuple[str, str], int]


def opening_stock() -> dict[tuple[str, str], int]:
    """(node, item) -> qty: 100 of everything kept at each DC, 10 at each store, 20 benches."""
    kept = {"DC1": 100, "DC2": 100, "S001": 10, "S002": 10, "S003": 10}
    return {(n, i): qty for n, qty in kept.items() for i in STOCKED} | {("SUP1", "DROP-1"): 20}


def small_world(db: Database, opening: Opening | None = None) -> World:
    """Makes the retailer in an empty database; `opening` is its stock by (node, item)."""
    db.run(_catalog)
    db.run(_network)
    put(db, opening_stock() if opening is None else opening)
    return World(CHANNELS, tuple(ITEMS), tuple(NODES), ("GROUND", "EXPRESS", "SAME_DAY"))


def put(db: Database, units: Opening) -> None:
    """Receives units by (node, item): lots and serials are made up where an item wants them."""
    wanted = [_receipt(node, item, qty) for (node, item), qty in units.items() if qty]
    db.run(lambda tx: done(stock.receive(tx, wanted)))


def _receipt(node: str, item: str, qty: int) -> stock.Receive:
    tracking = ITEMS[item][2].get("tracking")
    key = f"put:{next(_numbers)}"
    lot = f"{item}-{node}" if tracking is catalog.Tracking.LOT else ""
    serials = tracking is catalog.Tracking.SERIAL
    return stock.Receive(
        key=key,
        node=node,
        item=item,
        qty=qty,
        lot=lot,
        expires_on=LOT_EXPIRES_ON if lot else None,
        serials=tuple(f"{item}-{key[4:]}-{n:04}" for n in range(qty)) if serials else (),
    )


def done(results: Iterable[Result[V]]) -> list[V]:
    """The values of results that must all be good."""
    return [r.get() for r in results]


def _catalog(tx: Tx) -> None:
    kinds = {c: catalog.ChannelKind(c) for c in CHANNELS}
    done(
        catalog.upsert_channels(
            tx,
            [
                catalog.UpsertChannel(key=f"world:{c}", channel=c, name=c.title(), kind=k)
                for c, k in kinds.items()
            ],
        )
    )
    items = [
        catalog.UpsertItem(
            key=f"world:{code}",
            item=code,
            name=name,
            price_minor=price,
            cost_minor=price * 2 // 5,
            **facts,  # type: ignore[arg-type]
        )
        for code, (name, price, facts) in ITEMS.items()
    ]
    done(catalog.upsert_items(tx, items))
    gift = catalog.UpsertKit(
        key="world",
        kit="GIFT-1",
        components=(catalog.KitPart("TEA-1", 2), catalog.KitPart("MUG-1", 1)),
    )
    done(catalog.upsert_kits(tx, [gift]))
    codes = [
        catalog.UpsertBarcode(key=f"world:{n}", barcode=f"{400638100000 + n}", item=item)
        for n, item in enumerate(ITEMS)
    ]
    done(catalog.upsert_barcodes(tx, codes))


def _network(tx: Tx) -> None:
    done(network.upsert_nodes(tx, [_node(code) for code in NODES]))
    done(network.upsert_services(tx, _services()))
    terms = [
        network.UpsertSupplierItem(
            key=f"world:{item}", node="SUP1", item=item, cost_minor=500, lead_days=3
        )
        for item in SUPPLIED
    ]
    done(network.upsert_supplier_items(tx, terms))


def _node(code: str) -> network.UpsertNode:
    kind, zone, region, city, lat, lon, capabilities = NODES[code]
    if kind in ("dc", "three_pl", "supplier"):
        hours = WEEKDAYS_ALL_DAY
    else:
        hours = STORE_HOURS if kind == "store" else ALWAYS
    return network.UpsertNode(
        key=f"world:{code}",
        node=code,
        name=f"{city} {kind}",
        kind=network.NodeKind(kind),
        zone=zone,
        region=region,
        city=city,
        lat=lat,
        lon=lon,
        capabilities=capabilities,
        hours=hours,
        lead_days=3 if kind == "supplier" else 0,
        processing_minutes=30 if kind in ("store", "dark_store") else 120,
    )


def _services() -> list[network.UpsertService]:
    def service(
        code: str, kind: str, bands: tuple[tuple[float, int, int], ...], base: int, step: int
    ) -> network.UpsertService:
        zones = tuple(
            network.ServiceZone(n, km, p50, p90) for n, (km, p50, p90) in enumerate(bands, 1)
        )
        rates = tuple(
            network.Rate(z.zone, grams, base + step * (z.zone - 1) + grams * 3 // 100)
            for z in zones
            for grams in (1_000, 5_000, 20_000, 70_000)
        )
        return network.UpsertService(
            key=f"world:{code}",
            service=code,
            carrier="Demo Parcel",
            name=code.replace("_", " ").title(),
            kind=network.ServiceKind(kind),
            weekdays=tuple(range(7)) if kind == "same_day" else (0, 1, 2, 3, 4),
            zones=zones,
            rates=rates,
        )

    ground = ((250.0, 1, 2), (1000.0, 2, 3), (2500.0, 3, 5), (20000.0, 5, 8))
    express = ((2500.0, 1, 1), (20000.0, 2, 3))
    return [
        service("GROUND", "ship", ground, 650, 180),
        service("EXPRESS", "ship", express, 1900, 900),
        service("SAME_DAY", "same_day", ((40.0, 0, 0),), 990, 0),
    ]
