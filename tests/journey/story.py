"""One retailer and one story: public verbs and the rooms that hear of them, then the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final, TypeVar

from everyshelf import fulfillment, network, orders, payment, pickup, stock, transport
from everyshelf.base.results import Outcome, Result
from everyshelf.base.tx import Database, Tx
from everyshelf.edge import worker
from everyshelf.fulfillment import FulfillmentId, FulfillmentOrder
from everyshelf.orders import OrderId, PlaceLine
from everyshelf.transport import ShipmentId, ShipmentState
from tests.look import rows
from tests.world import NEW_YORKER, put, small_world

V = TypeVar("V")
Verb = Callable[[Tx, Sequence[Any]], list[Result[V]]]
NOW: Final = datetime(2026, 3, 4, 15, tzinfo=UTC)  # A Wednesday, ten in the morning in New York.
ADA: Final = orders.Buyer(name="Ada Miller", email="ada@example.com", phone="+12125550123")
TEXAN: Final = network.Address(
    name="Bo Diaz", street="9 Elm St", city="Dallas", region="TX", postcode="75201",
    lat=32.79, lon=-96.80,
)  # fmt: skip
Row = tuple[Any, ...]


class Story:
    """What happens, in the order in which it happens; `now` is the story's clock.

    `twice`: every command is sent again, and must be answered alike and change nothing.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        self.now = NOW
        self.twice = False
        self._numbers = count(1)

    def opens(self, **shelves: dict[str, int]) -> Story:
        """The small world with these units: `S001={"TEA-1": 5}`."""
        small_world(self.db, {})
        self.arrives(**shelves)
        return self

    def arrives(self, **shelves: dict[str, int]) -> None:
        """Units come in from suppliers."""
        put(self.db, {(n, i): qty for n, items in shelves.items() for i, qty in items.items()})
        self.hears()

    def key(self) -> str:
        return f"story:{next(self._numbers)}"

    def passes(self, **time: float) -> None:
        """Time goes by; what is due is done."""
        self.now += timedelta(**time)
        worker.tick(self.db, now=self.now)

    def hears(self) -> None:
        """All rooms hear all that was said."""
        worker.drain(self.db, now=self.now)

    def answers(self, verb: Verb[V], *commands: Any) -> list[Result[V]]:
        return self.db.run(lambda tx: verb(tx, commands), now=self.now)

    def all(self, verb: Verb[V], *commands: Any) -> list[V]:
        """The verb is done and heard; its values."""
        values = [r.get() for r in self.answers(verb, *commands)]
        if self.twice:
            before = self.effects()
            again = self.answers(verb, *commands)
            assert [r.outcome for r in again] == [Outcome.EXISTS for _ in commands]
            assert [r.get() for r in again] == values
            assert self.effects() == before
        self.hears()
        return values

    def does(self, verb: Verb[V], command: Any) -> V:
        """One command is done and heard; its value."""
        (value,) = self.all(verb, command)
        return value

    def refuses(self, verb: Verb[V], command: Any) -> str:
        """One command is refused and changes nothing; the code."""
        before = self.effects()
        (answer,) = self.answers(verb, command)
        assert answer.refusal is not None, answer
        assert self.effects() == before
        return answer.refusal.code

    def effects(self) -> list[Row]:
        """How much has happened: what a second sending must not change."""
        counted = ("event", "stock_move", "payment_intent", "order_change", "claim", "customer")
        tables = " union all ".join(f"select '{t}', count(*) from {t}" for t in counted)
        return rows(self.db, f"{tables} order by 1")

    def place(self, *lines: tuple[str, int] | PlaceLine, **fields: Any) -> OrderId:
        """An order on the web, shipped to New York unless its lines say otherwise."""
        return self.does(orders.place, self.order(*lines, **fields)).order_id

    def order(self, *lines: tuple[str, int] | PlaceLine, **fields: Any) -> orders.Place:
        given: dict[str, Any] = {
            "key": self.key(), "channel": "web", "channel_ref": self.key(), "buyer": ADA,
            "currency": "USD", "ship_to": NEW_YORKER,
            "lines": [x if isinstance(x, PlaceLine) else PlaceLine(*x) for x in lines],
        }  # fmt: skip
        return orders.Place(**given | fields)

    def works(self, order_id: OrderId) -> list[FulfillmentOrder]:
        """The work for an order that has not ended, by node."""
        ended = ("completed", "rejected", "cancelled")
        found = self.db.run(lambda tx: fulfillment.of_orders(tx, [order_id]))
        return sorted((w for w in found if w.state not in ended), key=lambda w: w.node)

    def work(self, order_id: OrderId) -> FulfillmentOrder:
        (only,) = self.works(order_id)
        return only

    def prepares(self, *works: FulfillmentOrder) -> None:
        """Accepted, picked and packed as it should be."""
        commands = [fulfillment.Prepare(self.key(), w.id) for w in works]
        self.all(fulfillment.prepare, *commands)

    def ships(self, *works: FulfillmentOrder | FulfillmentId) -> list[ShipmentId]:
        """Packed work is handed to the carrier."""
        ids = [w.id if isinstance(w, FulfillmentOrder) else w for w in works]
        made = self.all(transport.ship, *(transport.Ship(self.key(), id_) for id_ in ids))
        return [m.shipment_id for m in made if m.shipment_id is not None]

    def sends(self, order_id: OrderId) -> list[ShipmentId]:
        """All work for an order is prepared and shipped."""
        works = self.works(order_id)
        self.prepares(*works)
        return self.ships(*works)

    def tracks(self, shipment: ShipmentId, *codes: str) -> None:
        """The carrier says these codes, an hour apart."""
        for code in codes:
            self.now += timedelta(hours=1)
            said = transport.Track(shipment, self.key(), ShipmentState(code), self.now)
            self.does(transport.track, said)

    def delivers(self, order_id: OrderId) -> list[ShipmentId]:
        """All of an order is prepared, shipped and delivered."""
        shipments = self.sends(order_id)
        for shipment in shipments:
            self.tracks(shipment, "in_transit", "out_for_delivery", "delivered")
        return shipments

    def waits(self, order_id: OrderId) -> pickup.Staged:
        """The work for a collected order is prepared and staged; what the customer is told."""
        work = self.work(order_id)
        self.prepares(work)
        return self.does(pickup.stage, pickup.Stage(self.key(), work.id, "shelf 4"))

    # The rows.

    def lines(self, order_id: OrderId) -> list[Row]:
        """(item, qty, cancelled, shipped, returned) by line."""
        return self.look(
            "select item, qty, cancelled, shipped, returned from order_line "
            f"where order_id = {int(order_id)} order by line"
        )

    def state(self, order_id: OrderId) -> str:
        ((state,),) = self.look(f"select state from order_state where order_id = {int(order_id)}")
        return str(state)

    def allocated(self, order_id: OrderId) -> list[Row]:
        """(item, node, qty, shipped, released) of each allocation."""
        return self.look(
            "select item, node, qty, shipped, released from stock_allocation "
            f"where order_id = {int(order_id)} order by line, id"
        )

    def worked(self, order_id: OrderId) -> list[Row]:
        """(node, method, state) of each fulfillment order."""
        return self.look(
            "select node, method, state from fulfillment_order "
            f"where order_id = {int(order_id)} order by id"
        )

    def shipped(self, order_id: OrderId) -> list[Row]:
        """(node, service, state) of each shipment."""
        return self.look(
            "select node, service, state from shipment "
            f"where order_id = {int(order_id)} order by node, id"
        )

    def money(self, order_id: OrderId) -> Row:
        """(authorized, captured, refunded, voided) in cents."""
        (found,) = self.look(
            "select authorized_minor, captured_minor, refunded_minor, voided_minor from payment "
            f"where order_id = {int(order_id)}"
        )
        return found

    def paid(self, order_id: OrderId) -> payment.Payment:
        return self.db.run(lambda tx: payment.get(tx, [order_id]))[0]

    def moves(self, item: str) -> list[Row]:
        """(from, to, qty, reason) of every move of an item since the opening stock."""
        return self.look(
            "select from_node || '.' || from_bucket, to_node || '.' || to_bucket, qty, reason "
            f"from stock_move where item = '{item}' and from_node <> '@supplier' order by id"
        )

    def shelf(self, item: str, node: str) -> dict[str, int]:
        """The buckets of an item at a node that are not empty."""
        found = self.db.run(lambda tx: stock.balances(tx, [item], [node]))
        return {b: n for row in found for b in stock.BUCKETS if (n := getattr(row, b))}

    def look(self, query: str) -> list[Row]:
        return rows(self.db, query)
