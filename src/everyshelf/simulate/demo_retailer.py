"""Opens the demo's shops: channels, goods, nodes, services, protection rules and opening stock.

Everything goes through the rooms' verbs, as an import would do it. The rates, shares and hours are
round figures of a mid-size retailer, said here once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Final, TypeVar

import msgspec

from everyshelf import catalog, network, stock
from everyshelf.base.results import Result
from everyshelf.base.tx import Database, Tx
from everyshelf.catalog import Tracking
from everyshelf.network import Hours, NodeKind
from everyshelf.simulate import demo_goods, demo_places
from everyshelf.simulate.demo_goods import Goods
from everyshelf.simulate.demo_places import Town

V = TypeVar("V")
CHANNELS: Final = ("web", "app", "phone", "social", "pos", "marketplace")
ALWAYS: Final = tuple(Hours(d, 0, 1440) for d in range(7))
SHOP: Final = (*(Hours(d, 8 * 60, 22 * 60) for d in range(6)), Hours(6, 9 * 60, 20 * 60))
CURBSIDE: Final = ("ship", "pickup", "curbside", "same_day", "returns")
NEAR: Final = ("ship", "pickup", "same_day", "returns", "cold")
STOREHOUSE: Final = ("ship", "returns", "hazmat", "cold", "oversize")
GROUND: Final = ((250.0, 1, 2), (1000.0, 2, 3), (2500.0, 3, 5), (8000.0, 4, 7))
EXPRESS: Final = ((2500.0, 1, 1), (8000.0, 1, 2))
COURIER: Final = ((60.0, 0, 0),)
WEIGHTS_G: Final = (500, 2_000, 5_000, 20_000, 70_000)
DC_UNITS: Final = (40, 120)
STORE_UNITS: Final = (2, 9)
STORE_SHARE: Final = 0.14
BATCH: Final = 4_000


class Retailer(msgspec.Struct, frozen=True):
    """What was built: goods, and the nodes by what the demo does with them."""

    goods: Goods
    nodes: dict[str, Town]
    stores: tuple[str, ...]
    dcs: tuple[str, ...]
    collect: dict[str, tuple[str, ...]]
    shelf: dict[str, tuple[str, ...]]
    preorders: tuple[stock.InboundId, ...]


def open_shops(db: Database, count: int, seed: int, today: date) -> Retailer:
    """Makes the retailer in an empty database."""
    rng = random.Random(seed)
    goods = demo_goods.make(rng, count)
    sheets = list(_nodes(today))
    db.run(lambda tx: _catalog(tx, goods), actor="demo")
    db.run(lambda tx: _network(tx, goods, sheets), actor="demo")
    opening = list(_opening(rng, goods))
    for start in range(0, len(opening), BATCH):
        db.run(partial(_receive, opening[start : start + BATCH]), actor="demo")
    preorders = db.run(lambda tx: _promises(tx, goods, today), actor="demo")
    with db.transaction() as tx:
        tx.conn.execute("analyze")
    shelf: dict[str, list[str]] = {}
    for r in opening:
        shelf.setdefault(r.node, []).append(r.item)
    return Retailer(
        goods, {s.node: town for s, town in sheets},
        tuple(s.node for s, _ in sheets if s.kind is NodeKind.STORE),
        tuple(s.node for s, _ in sheets if s.kind is NodeKind.DC),
        _collecting(s for s, _ in sheets), {n: tuple(c) for n, c in shelf.items()}, preorders,
    )  # fmt: skip


def _collecting(sheets: Iterable[network.UpsertNode]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {"pickup": [], "curbside": [], "locker": [], "same_day": []}
    for s in sheets:
        assert isinstance(s.capabilities, tuple)
        for word in s.capabilities:
            if word in found:
                found[word].append(s.node)
    return {word: tuple(nodes) for word, nodes in found.items()}


def _all(results: Iterable[Result[V]]) -> list[V]:
    return [result.get() for result in results]


def _receive(units: Sequence[stock.Receive], tx: Tx) -> None:
    _all(stock.receive_now(tx, units))


def _catalog(tx: Tx, goods: Goods) -> None:
    kinds = [(c, catalog.ChannelKind(c)) for c in CHANNELS]
    _all(
        catalog.upsert_channels(
            tx,
            [catalog.UpsertChannel(key=f"demo:{c}", channel=c, name=c, kind=k) for c, k in kinds],
        )
    )
    _all(catalog.upsert_items(tx, goods.items))
    _all(catalog.upsert_kits(tx, goods.kits))


def _network(tx: Tx, goods: Goods, sheets: Sequence[tuple[network.UpsertNode, Town]]) -> None:
    _all(network.upsert_nodes(tx, [sheet for sheet, _ in sheets]))
    _all(
        network.upsert_services(
            tx,
            [
                _service("GROUND", "ship", GROUND, 590, 140, 45),
                _service("EXPRESS", "ship", EXPRESS, 1790, 800, 110),
                _service("COURIER", "same_day", COURIER, 890, 0, 20),
            ],
        )
    )
    terms = [
        network.UpsertSupplierItem(
            key=f"demo:{node}:{item}", node=node, item=item,
            cost_minor=goods.prices[item] * 6 // 10, lead_days=2,
        )
        for node in ("SUP1", "SUP2")
        for item in goods.dropship
    ]  # fmt: skip
    _all(network.upsert_supplier_items(tx, terms))


def _service(
    code: str, kind: str, bands: Sequence[tuple[float, int, int]], base: int, step: int, per_kg: int
) -> network.UpsertService:
    zones = tuple(network.ServiceZone(n, *band) for n, band in enumerate(bands, 1))
    rates = tuple(
        network.Rate(z.zone, g, base + step * (z.zone - 1) + per_kg * g // 1000)
        for z in zones
        for g in WEIGHTS_G
    )
    return network.UpsertService(
        key=f"demo:{code}", service=code, carrier="Demo Parcel", name=code.title(),
        kind=network.ServiceKind(kind), weekdays=tuple(range(7)), zones=zones, rates=rates,
    )  # fmt: skip


def _nodes(today: date) -> Iterator[tuple[network.UpsertNode, Town]]:
    make = _node
    for n, town in enumerate(demo_places.DCS, 1):
        yield make(f"DC{n}", NodeKind.DC, town, STOREHOUSE, ALWAYS, 60), town
    for n, town in enumerate(demo_places.STORES, 1):
        can = CURBSIDE if n % 3 else (*CURBSIDE, "cold")
        yield make(f"S{n:02}", NodeKind.STORE, town, can, SHOP, 180), town
    town = demo_places.DARK_STORE
    yield make("DARK", NodeKind.DARK_STORE, town, ("ship", "same_day", "cold"), ALWAYS, 90), town
    town = demo_places.MICRO
    yield make("MFC", NodeKind.MFC, town, NEAR, ALWAYS, 50), town
    town = demo_places.POPUP
    popup = make("POP", NodeKind.POPUP, town, ("pickup", "returns"), SHOP, 200)
    dated = {"opens_on": today - timedelta(days=3), "closes_on": today + timedelta(days=30)}
    yield msgspec.structs.replace(popup, **dated), town
    town = demo_places.THREE_PL
    yield make("3PL", NodeKind.THREE_PL, town, STOREHOUSE, ALWAYS, 110), town
    for n, town in enumerate(demo_places.SUPPLIERS, 1):
        supplier = make(f"SUP{n}", NodeKind.SUPPLIER, town, ("ship", "oversize"), ALWAYS, 0)
        yield msgspec.structs.replace(supplier, lead_days=2), town
    town = demo_places.LOCKER
    yield make("LOCK", NodeKind.LOCKER, town, ("locker",), ALWAYS, 40), town


def _node(
    code: str, kind: NodeKind, town: Town, can: Sequence[str], hours: Sequence[Hours], labour: int
) -> network.UpsertNode:
    """A node; `labour`: the minor units that preparing one order costs there."""
    words = str(kind).replace("_", " ")
    told = {"dc": "distribution center", "mfc": "micro-fulfillment center", "three pl": "3PL",
            "popup": "pop-up"}.get(words, words)  # fmt: skip
    return network.UpsertNode(
        key=f"demo:{code}", node=code, name=f"{town.name} {told}", kind=kind, zone=town.zone,
        region=town.region, city=town.name, postcode=town.postcode, lat=town.lat, lon=town.lon,
        capabilities=tuple(can), hours=tuple(hours),
        cutoff_minute=1439 if hours == ALWAYS else 20 * 60,
        processing_minutes=30 if kind is NodeKind.STORE else 60,
        daily_orders=2_000 if kind is NodeKind.STORE else None,
        priority=10 if kind is NodeKind.DC else 50, labour_order_minor=labour,
        labour_line_minor=labour // 4, labour_unit_minor=labour // 20,
        unknown_sales=kind in (NodeKind.STORE, NodeKind.POPUP),
    )  # fmt: skip


def _opening(rng: random.Random, goods: Goods) -> Iterator[stock.Receive]:
    """Most units at the DCs; stores hold a choice; small sites the best sellers."""
    best = goods.stocked[:: max(1, len(goods.stocked) // 260)]
    for code in goods.stocked:
        for dc in ("DC1", "DC2"):
            yield _receipt(rng, goods, dc, code, rng.randint(*DC_UNITS))
        if rng.random() < 0.3:
            yield _receipt(rng, goods, "3PL", code, rng.randint(10, 40))
    share = max(STORE_SHARE, min(1.0, 120 / len(goods.stocked)))
    for n in range(1, len(demo_places.STORES) + 1):
        for code in goods.stocked:
            cold = code.startswith("FOO")
            if (
                rng.random() < share
                and not code.startswith(("FUR", "PNT"))
                and not (cold and n % 3)
            ):
                yield _receipt(rng, goods, f"S{n:02}", code, rng.randint(*STORE_UNITS))
    small: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("DARK", lambda c: not c.startswith(("FUR", "PNT"))),
        ("MFC", lambda c: not c.startswith(("FUR", "PNT"))),
        ("POP", lambda c: c.startswith(("HOM", "TOY", "TXT"))),
        ("LOCK", lambda c: c.startswith(("TOY", "TXT"))),
    )
    for node, may in small:
        for code in filter(may, best):
            yield _receipt(rng, goods, node, code, rng.randint(5, 25))
    for code in goods.dropship:
        yield stock.Receive("", rng.choice(("SUP1", "SUP2")), code, 200, reason="supplier's stock")


def _receipt(rng: random.Random, goods: Goods, node: str, code: str, qty: int) -> stock.Receive:
    kind = goods.tracked.get(code)
    if kind is Tracking.SERIAL:
        qty = min(qty, 12)
        numbers = tuple(f"{code}-{node}-{n:03}" for n in range(qty))
        return stock.Receive("", node, code, qty, serials=numbers, reason="opening")
    if kind is Tracking.LOT:
        lot = f"L{rng.randint(100, 999)}-{node}"
        expires = date.today() + timedelta(days=rng.randint(60, 300))
        return stock.Receive("", node, code, qty, lot=lot, expires_on=expires, reason="opening")
    return stock.Receive("", node, code, qty, reason="opening")


def _promises(tx: Tx, goods: Goods, today: date) -> tuple[stock.InboundId, ...]:
    """Protection rules, and the supply that preorders are promised on."""
    rules = [stock.Protection(node=f"S{n:02}", walk_in_qty=1) for n in range(1, 25)]
    rules += [stock.Protection(item=code, node="DC1", safety_qty=2) for code in goods.stocked[:40]]
    rules.append(stock.Protection(node="MFC", channel="app", ring_fence_qty=1))
    _all(stock.set_rules(tx, [stock.SetRules(key="demo", rules=tuple(rules))]))
    coming = [
        stock.Expect(key=f"demo:{code}", item=code, node="DC1", qty=400, kind="preorder",
                     due_on=today + timedelta(days=21), ref="Spring edition", cap=0)
        for code in goods.preorder
    ]  # fmt: skip
    return tuple(_all(stock.expect(tx, coming)))
