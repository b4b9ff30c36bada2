"""Live decisions on a PostgreSQL of their own: one order at a time, from the lock to the commit.

Each is a whole transaction of `sourcing.source_now`: the orders are locked, what is free is read,
the engine decides among all nodes, units are taken in the ledger, the decision and its problem are
kept, the event is written.
"""

from __future__ import annotations

import random
import time
from typing import Final

import msgspec
import numpy as np

from bench.scratch import scratch
from bench.shop import ALWAYS, BANDS, done
from everyshelf import catalog, network, orders, sourcing, stock
from everyshelf.base.tx import Database, Tx
from everyshelf.decide.sourcing import warm
from everyshelf.network import places

ITEMS: Final = 100
WARM_UP: Final = 20


class Live(msgspec.Struct, frozen=True):
    """Milliseconds of a decision with everything around it."""

    p50_ms: float
    p99_ms: float
    decisions: int


def measure(seed: int, nodes: int, count: int) -> Live:
    """Sources `count` orders one by one among `nodes` nodes."""
    if not count:
        return Live(0.0, 0.0, 0)
    warm()
    dice = random.Random(seed)
    with scratch() as server, Database(server.url(), size=2) as db:
        _build(db, dice, nodes)
        made = [_place(db, dice, n) for n in range(count + WARM_UP)]
        spent = [_timed(db, order) for order in made][WARM_UP:]
        found = db.run(lambda tx: stock.allocations_of(tx, made))
    assert {a.order_id for a in found} == set(made), "an order found no node"
    p50, p99 = np.percentile(np.array(spent), (50, 99)) * 1000
    return Live(round(float(p50), 2), round(float(p99), 2), count)


def _timed(db: Database, order: orders.OrderId) -> float:
    began = time.perf_counter()
    db.run(lambda tx: sourcing.source_now(tx, [order], sourcing.Trigger.PLACED))
    return time.perf_counter() - began


def _build(db: Database, dice: random.Random, nodes: int) -> None:
    """Nodes all over the United States, each with three items of ten."""
    db.run(_catalog)
    stores = [_node(dice, n) for n in range(nodes)]
    for start in range(0, nodes, 200):
        some = stores[start : start + 200]
        db.run(lambda tx, some=some: done(network.upsert_nodes(tx, some)))  # type: ignore[misc]
    receipts = [
        stock.Receive(key=f"{s.node}:{i}", node=s.node, item=f"I{i:03}", qty=dice.randint(5, 20))
        for s in stores
        for i in range(ITEMS)
        if dice.random() < 0.3
    ]
    for start in range(0, len(receipts), 500):
        few = receipts[start : start + 500]
        db.run(lambda tx, few=few: done(stock.receive(tx, few)))  # type: ignore[misc]


def _node(dice: random.Random, n: int) -> network.UpsertNode:
    state = dice.choice(STATES)
    lat, lon = places.centroid("US", state) or (40.0, -90.0)
    return network.UpsertNode(
        key=f"N{n}", node=f"N{n:04}", name=f"Store {n}", kind=network.NodeKind.STORE,
        zone="America/Chicago", region=state, city=state, capabilities=("ship", "returns"),
        lat=round(lat + dice.gauss(0, 1), 4), lon=round(lon + dice.gauss(0, 1), 4), hours=ALWAYS,
        labour_order_minor=dice.randint(20, 90), labour_line_minor=dice.randint(5, 20),
    )  # fmt: skip


def _catalog(tx: Tx) -> None:
    web = catalog.UpsertChannel(key="web", channel="web", name="Web", kind=catalog.ChannelKind.WEB)
    done(catalog.upsert_channels(tx, [web]))
    items = [
        catalog.UpsertItem(key=f"{n}", item=f"I{n:03}", name=f"Item {n}", price_minor=900 + n,
                           weight_g=200 + 10 * n)
        for n in range(ITEMS)
    ]  # fmt: skip
    done(catalog.upsert_items(tx, items))
    zones = tuple(network.ServiceZone(n, *band) for n, band in enumerate(BANDS, 1))
    rates = tuple(
        network.Rate(z.zone, grams, 650 + 180 * (z.zone - 1) + grams // 30)
        for z in zones
        for grams in (1_000, 5_000, 20_000, 70_000)
    )
    ground = network.UpsertService(
        key="GROUND", service="GROUND", carrier="Parcel", name="Ground",
        kind=network.ServiceKind.SHIP, weekdays=tuple(range(7)), zones=zones, rates=rates,
    )  # fmt: skip
    done(network.upsert_services(tx, [ground]))


def _place(db: Database, dice: random.Random, n: int) -> orders.OrderId:
    """An order of one to three lines from somewhere."""
    lines = [orders.PlaceLine(f"I{i:03}", dice.randint(1, 2))
             for i in dice.sample(range(ITEMS), dice.randint(1, 3))]  # fmt: skip
    state = dice.choice(STATES)
    lat, lon = places.centroid("US", state) or (40.0, -90.0)
    home = network.Address(name="A", street="1 Main St", city=state, region=state, postcode="1",
                           lat=lat, lon=lon)  # fmt: skip
    command = orders.Place(
        key=f"o{n}", channel="web", channel_ref=f"o{n}", buyer=orders.Buyer(name=f"B {n}"),
        currency="USD", lines=lines, ship_to=home,
    )  # fmt: skip
    return db.run(lambda tx: done(orders.place(tx, [command])))[0].order_id


STATES: Final = ("NY", "CA", "TX", "FL", "IL", "OH", "GA", "WA", "CO", "PA", "NC", "MI", "AZ")
