"""The walk that docs/journey.md tells: a DC, a store, one order of two lines, one surprise.

Each chapter says what happens, does it by the public verbs, and shows the rows. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from everyshelf import catalog, fulfillment, insight, network, orders, returns, stock, transport
from everyshelf.base.sql import load
from everyshelf.edge.journey_page import Page
from everyshelf.fulfillment import FulfillmentId, FulfillmentOrder
from everyshelf.orders import OrderId

SQL = load("everyshelf.edge", "journey_doc.sql")
START: Final = datetime(2026, 3, 4, 15, tzinfo=UTC)  # A Wednesday, ten in the morning in New York.
ALL_DAY: Final = tuple(network.Hours(day, 0, 1440) for day in range(7))
REF: Final = "WEB-1001"
ADA: Final = network.Address(
    name="Ada Miller", street="12 W 31st St", city="New York", region="NY", postcode="10001",
    lat=40.747, lon=-73.987,
)  # fmt: skip
HEAD: Final = """# The journey of one order

<!-- Written by `python -m everyshelf.edge.journey_doc`; edit the walk, not this file. -->

This page is a program's output: one order walks through every room on a real PostgreSQL, and after
each step its rows are printed as they are. Ids are shown by the order in which they appear
(`ord_A`, `alc_B`), money in cents, times in UTC of a fixed clock, and columns that do not help the
story are left out. A test compares this page with a fresh run."""


def opening(p: Page) -> None:
    """The retailer: two items, a DC in Ohio, a store in Manhattan, one parcel service."""
    p.say(HEAD, wrap=False)
    p.say("## 1. Before the order")
    p.say(
        "A retailer sells tea and mugs. Its DC in Columbus, Ohio has both; its store in Manhattan "
        "has tea. A unit of stock is in exactly one bucket of one node."
    )
    channel = catalog.UpsertChannel(
        key="walk", channel="web", name="Web shop", kind=catalog.ChannelKind.WEB
    )
    p.do(catalog.upsert_channels, channel)
    p.do(catalog.upsert_items, *(
        catalog.UpsertItem(key=item, item=item, name=name, price_minor=price, weight_g=grams)
        for item, name, price, grams in (("TEA", "Green tea", 899, 300), ("MUG", "Mug", 1250, 420))
    ))  # fmt: skip
    p.do(network.upsert_nodes, *_nodes())
    p.do(network.upsert_services, _ground())
    p.do(stock.receive, *(
        stock.Receive(f"{node}:{item}", node, item, qty)
        for node, item, qty in (("DC1", "TEA", 5), ("DC1", "MUG", 5), ("S001", "TEA", 2))
    ))  # fmt: skip
    p.table("stock_balance", SQL.shelf)
    p.hear()
    p.told()


def _nodes() -> list[network.UpsertNode]:
    facts = (
        ("DC1", "Columbus DC", "dc", "OH", 39.96, -83.00),
        ("S001", "Manhattan store", "store", "NY", 40.75, -73.99),
    )
    return [
        network.UpsertNode(
            key=node, node=node, name=name, kind=network.NodeKind(kind), zone="America/New_York",
            region=region, lat=lat, lon=lon, capabilities=("ship", "pickup", "returns"),
            hours=ALL_DAY, processing_minutes=60, labour_order_minor=200 if kind == "dc" else 900,
        )
        for node, name, kind, region, lat, lon in facts
    ]  # fmt: skip


def _ground() -> network.UpsertService:
    bands = ((100.0, 1, 1), (1000.0, 2, 3), (20000.0, 5, 8))
    zones = tuple(network.ServiceZone(n, *band) for n, band in enumerate(bands, 1))
    rates = tuple(network.Rate(z.zone, 20_000, 500 + 150 * z.zone) for z in zones)
    return network.UpsertService(
        key="ground", service="GROUND", carrier="Demo Parcel", name="Ground",
        kind=network.ServiceKind.SHIP, weekdays=tuple(range(7)), zones=zones, rates=rates,
    )  # fmt: skip


def placed(p: Page) -> None:
    """The order is taken: units are held in the pool, money is authorized."""
    p.say("## 2. The order is placed")
    p.say(
        "`orders.place` takes the order in one transaction: the buyer is identified, a day is "
        "promised, and the units are held softly. A hold has a pool (here every node that ships) "
        "and sits on one node only for the time being."
    )
    command = orders.Place(
        key="walk", channel="web", channel_ref=REF, currency="USD", shipping_minor=500,
        buyer=orders.Buyer(name=ADA.name, email="ada@example.com"), ship_to=ADA,
        lines=[orders.PlaceLine("TEA", 3), orders.PlaceLine("MUG", 1)],
    )  # fmt: skip
    p.do(orders.place, command)
    p.table("order_state", SQL.orders)
    p.table("order_line", SQL.lines)
    p.table("stock_hold", SQL.holds)
    p.table("stock_balance", SQL.shelf)
    p.told()


def sourced(p: Page) -> None:
    """The rooms hear of it: payment, sourcing, fulfillment."""
    p.say("## 3. The rooms hear of it")
    p.say(
        "Payment authorizes the total. Sourcing decides on a snapshot and commits: the holds "
        "become allocations at a node. Fulfillment makes that node's work; a DC accepts by itself."
    )
    p.hear()
    p.table("payment", SQL.payment)
    p.table("sourcing_decision", SQL.decisions)
    p.table("stock_allocation", SQL.allocations)
    p.table("fulfillment_order", SQL.work)
    p.told()


def shorted(p: Page) -> None:
    """The picker finds two teas of three; the third comes from the store."""
    p.say("## 4. One tea is missing")
    p.say(
        "The picker finds the mug and two teas. The third is a short: it leaves the books to "
        "`@adjust`, the node is excluded for this line, and sourcing decides again. The store is "
        "asked for one tea, and a person is told on the exceptions desk."
    )
    p.now += timedelta(hours=1)
    (work,) = _works(p)
    tea, mug = sorted(work.lines, key=lambda x: x.line)
    lines = (
        fulfillment.PickLine(tea.allocation_id, 2, scanned="TEA"),
        fulfillment.PickLine(mug.allocation_id, 1, scanned="MUG"),
    )
    p.do(fulfillment.pick, fulfillment.Pick("pick", work.id, lines))
    gone = fulfillment.ShortLine(tea.allocation_id, 1)
    p.do(fulfillment.short, fulfillment.Short("short", work.id, (gone,)))
    p.hear()
    p.table("stock_allocation", SQL.allocations)
    p.table("fulfillment_order", SQL.work)
    p.table("sourcing_decision", SQL.decisions)
    p.told()


def sent(p: Page) -> None:
    """Both nodes pack and ship."""
    p.say("## 5. Two parcels leave")
    p.say(
        "Each node packs into a default carton and hands over to the carrier. In the transaction "
        "of `transport.ship` the units leave the stock of the node, the lines count them, the "
        "label is paid, and what was earned is captured: shipping with the first parcel."
    )
    for hours, work in enumerate(_works(p), 1):
        p.now += timedelta(hours=hours)
        p.do(fulfillment.prepare, fulfillment.Prepare(f"pack:{hours}", work.id))
        p.do(transport.ship, transport.Ship(f"ship:{hours}", FulfillmentId(work.id)))
        p.hear()
    p.table("package, package_line", SQL.packages)
    p.table("shipment", SQL.shipments)
    p.table("payment_intent", SQL.intents)
    p.table("order_state", SQL.orders)
    p.told()


def delivered(p: Page) -> None:
    """The carrier says where the parcels are."""
    p.say("## 6. Delivered")
    p.say(
        "The carrier's messages are kept and folded; late, double or shuffled ones come to the "
        "same answer."
    )
    (order,) = _order(p)
    for shipment in p.db.run(lambda tx: transport.of_orders(tx, [order])):
        for code in ("in_transit", "out_for_delivery", "delivered"):
            p.now += timedelta(hours=6)
            state = transport.ShipmentState(code)
            p.do(transport.track, transport.Track(shipment.id, code, state, p.now))
    p.hear()
    p.table("shipment", SQL.shipments)
    p.told()


def returned(p: Page) -> None:
    """One tea is brought back to the store."""
    p.say("## 7. One tea comes back")
    p.say(
        "Ada brings one tea to the store. It is graded, on the store's shelf at once, and its "
        "share of the line goes back to the payment it came from."
    )
    p.now += timedelta(days=4)
    (order,) = _order(p)
    back = returns.CounterReturn("back", order, "S001", [returns.ReceivedLine(1, 1)], "too green")
    p.do(returns.counter_return, back)
    p.hear()
    p.table("rma, return_receipt", SQL.returned)
    p.table("payment", SQL.payment)
    p.table("order_line", SQL.lines)
    p.table("stock_balance", SQL.shelf)
    p.told()


def ledger(p: Page) -> None:
    """The books at the end."""
    p.say("## 8. The books")
    p.say(
        "Every step above was an entry of the ledger, from one place to another. These are all the "
        "entries of tea; of all items together nothing was made and nothing vanished, because the "
        "outside world is an account, too."
    )
    p.table("stock_move", SQL.moves, item="TEA")
    p.table("stock_move, summed by place", SQL.accounts)
    found = insight.audit_database(p.db)
    p.say(f"`everyshelf audit`: {len(found)} findings.")


def _order(p: Page) -> list[OrderId]:
    return [o.id for o in p.db.run(lambda tx: orders.by_ref(tx, [REF], "web"))]


def _works(p: Page) -> list[FulfillmentOrder]:
    """The work for the order, by node."""
    found = p.db.run(lambda tx: fulfillment.of_orders(tx, _order(p)))
    return sorted(found, key=lambda w: w.node)


CHAPTERS: Final[tuple[Callable[[Page], None], ...]] = (
    opening, placed, sourced, shorted, sent, delivered, returned, ledger,
)  # fmt: skip
