"""Walking orders through the real rooms: place, hear everything, prepare the work, ship it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from typing import Final

from everyshelf import fulfillment, network, orders, transport
from everyshelf.base import subscribe
from everyshelf.base.sql import Statement
from everyshelf.base.subscribe import Handlers
from everyshelf.base.tx import Database, Tx
from everyshelf.fulfillment import FulfillmentId
from everyshelf.journey import ROOMS
from everyshelf.orders import OrderId
from tests.world import NEW_YORKER, done

NOW: Final = datetime(2026, 3, 4, 15, tzinfo=UTC)  # A Wednesday morning in New York.
_numbers = count(1)


def ask(db: Database, text: str) -> list[tuple[object, ...]]:
    """The rows of a query that a test writes."""
    return db.run(lambda tx: tx.tuples(Statement("test", "ask", "", text)))


def handlers() -> Mapping[str, Handlers]:
    """The handlers of every room that hears something, in the order of the journey."""
    named = [(room, f"everyshelf.{room}.on") for room in ROOMS]
    return {
        room: import_module(name).HANDLERS
        for room, name in named
        if find_spec(f"everyshelf.{room}") and find_spec(name)
    }


def hear(db: Database, now: datetime = NOW) -> None:
    """Every room hears all there is, until nothing is new; no handler fails."""
    rooms = handlers()
    while sum(subscribe.step(db, room, heard, now=now) for room, heard in rooms.items()):
        pass
    assert ask(db, "select subscriber, type, error from delivery") == []


def placed(
    db: Database,
    *lines: tuple[str, int],
    to: network.Address | None = NEW_YORKER,
    method: str = "ship",
    at: str | None = None,
    shipping_minor: int = 500,
    now: datetime = NOW,
) -> OrderId:
    """An order of these (item, qty) that was placed and heard by all."""
    n = next(_numbers)
    command = orders.Place(
        key=f"walk:{n}",
        channel="web",
        channel_ref=f"walk:{n}",
        buyer=orders.Buyer(name="Ada Miller", email="ada@example.com"),
        currency="USD",
        shipping_minor=shipping_minor,
        ship_to=to,
        lines=[
            orders.PlaceLine(item=i, qty=q, method=orders.Method(method), pickup_node=at)
            for i, q in lines
        ],
    )
    order_id = db.run(lambda tx: done(orders.place(tx, [command])), now=now)[0].order_id
    hear(db, now)
    return order_id


def work_of(db: Database, *order_ids: OrderId) -> list[FulfillmentId]:
    """The open work for these orders."""
    wanted = ", ".join(str(int(o)) for o in order_ids)
    rows = ask(
        db,
        f"select id from fulfillment_order where order_id in ({wanted}) and state not in "
        "('completed', 'rejected', 'cancelled') order by id",
    )
    return [FulfillmentId(int(str(id_))) for (id_,) in rows]


def packed(db: Database, *order_ids: OrderId, now: datetime = NOW) -> list[FulfillmentId]:
    """Prepares all open work of these orders."""
    ids = work_of(db, *order_ids)
    commands = [fulfillment.Prepare(f"walk:{next(_numbers)}", id_) for id_ in ids]
    db.run(lambda tx: done(fulfillment.prepare(tx, commands)), now=now)
    return ids


def shipped(db: Database, *order_ids: OrderId, now: datetime = NOW) -> list[transport.Shipped]:
    """Prepares and ships all open work of these orders; everybody hears of it."""
    commands = [
        transport.Ship(f"walk:{next(_numbers)}", id_) for id_ in packed(db, *order_ids, now=now)
    ]
    made = db.run(lambda tx: done(transport.ship(tx, commands)), now=now)
    hear(db, now)
    return made


def _say(command: transport.Track, tx: Tx) -> list[transport.Tracked]:
    return done(transport.track(tx, [command]))


def say(
    db: Database, shipment: transport.ShipmentId, codes: Sequence[str], now: datetime = NOW
) -> list[transport.Tracked]:
    """A carrier says these codes, one after the other."""
    states = [transport.ShipmentState(code) for code in codes]
    commands = [transport.Track(shipment, f"walk:{next(_numbers)}", state, now) for state in states]
    told = []
    for command in commands:
        told += db.run(partial(_say, command), now=now)
    hear(db, now)
    return told
