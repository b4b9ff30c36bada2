"""The orders that the live page shows: built from what the rooms say, kept in memory, a few.

Each order is one story: its lines with the places they come from, and its steps with their time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

import msgspec

from everyshelf import orders
from everyshelf.base.events import Event
from everyshelf.base.subscribe import Heard
from everyshelf.edge.web.live_words import COLLECTED, KINDS, several
from everyshelf.fulfillment import events as work
from everyshelf.network import Node
from everyshelf.orders import OrderId
from everyshelf.pickup import events as counter
from everyshelf.planning import events as making
from everyshelf.returns import events as back
from everyshelf.sourcing import AllocationsRevoked, LinesUnsourced, OrderAllocated
from everyshelf.transport import events as road

KEPT: Final = 1_000
STEPS: Final = 30


class Step(msgspec.Struct):
    """Something that happened; the tone is good, busy, warn or bad."""

    at: datetime
    text: str
    tone: str = "busy"
    node: str = ""


class LineStory(msgspec.Struct):
    """A line and how many of its units come from where."""

    line: int
    item: str
    qty: int
    latest: datetime | None
    name: str = ""
    places: dict[str, int] = msgspec.field(default_factory=dict)
    cancelled: int = 0


class Story(msgspec.Struct):
    """An order as the page tells it."""

    id: OrderId
    channel: str
    method: str
    placed_at: datetime
    lines: list[LineStory]
    total_minor: int
    currency: str
    steps: list[Step]
    at_node: dict[str, str] = msgspec.field(default_factory=dict)
    town: str = ""
    to: tuple[float, float] | None = None
    why: str = ""
    ask_why: bool = False
    done: bool = False

    def step(self, at: datetime, text: str, tone: str = "busy", node: str = "") -> None:
        """Adds a step; the newest stand at the end."""
        self.steps.append(Step(at, text, tone, node))
        del self.steps[:-STEPS]


class Stories:
    """The newest orders by id. `hears` is what they listen to."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.kept: dict[OrderId, Story] = {}
        self.hears: Final[dict[type[Event], Callable[[Story, Any, datetime], None]]] = {
            OrderAllocated: self._allocated,
            LinesUnsourced: self._unsourced,
            AllocationsRevoked: self._revoked,
            orders.LinesCancelled: self._cancelled,
            orders.HoldReleased: _cleared,
            orders.LinesReturned: _returned,
            orders.OrderCompleted: _completed,
            work.FulfillmentAccepted: self._at_node("Accepted by {node}", "accepted"),
            work.FulfillmentPicked: self._at_node("Picked at {node}", "picked"),
            work.FulfillmentPacked: self._at_node("Packed at {node}", "packed"),
            work.FulfillmentRejected: self._rejected,
            work.FulfillmentShorted: self._shorted,
            work.SupplierOrderConfirmed: self._at_node("Confirmed by {node}", "confirmed"),
            making.MakeRequested: self._at_node("Being made at {node}", "being made"),
            making.UnitsMade: self._at_node("Made at {node}", "made"),
            road.ShipmentShipped: self._at_node("Left {node}", "on its way"),
            road.ShipmentInTransit: _says("On its way"),
            road.ShipmentOutForDelivery: _says("On the van to the door"),
            road.ShipmentAttemptFailed: _says("Nobody was at home", "warn"),
            road.ShipmentDelivered: _says("Delivered", "good"),
            road.ShipmentReturning: _says("Could not be delivered, coming back", "bad"),
            road.ShipmentReturned: _says("Back on the shelf, money refunded", "bad"),
            road.ShipmentLost: _says("Parcel lost, money refunded", "bad"),
            counter.PickupStaged: self._at_node("Ready for pickup at {node}", "ready"),
            counter.PickupCheckedIn: self._at_node("Customer has arrived at {node}", "here"),
            counter.PickupHandedOver: self._handed,
            counter.PickupNotCollected: _says("Not collected, back on the shelf", "bad"),
            back.RmaReceived: self._brought,
        }

    def place(self, node: str) -> str:
        """How people call a node: the town and what stands there."""
        found = self.nodes.get(node)
        return f"{found.city} {KINDS[found.kind]}" if found else node

    def placed(self, e: orders.OrderPlaced, at: datetime) -> None:
        """A new order; the oldest one shown is forgotten."""
        lines = [LineStory(x.line, x.item, x.qty, x.promised_latest) for x in e.lines]
        method = str(e.lines[0].method) if e.lines else "ship"
        story = Story(e.order_id, e.channel, method, at, lines, e.total_minor, e.currency, [])
        where = next((x.pickup_node for x in e.lines if x.pickup_node), None)
        story.step(at, "Ordered")
        if e.held:
            story.step(at, "Waits for a check before work begins", "warn")
        if where in self.nodes and method in COLLECTED:
            node = self.nodes[where]
            story.town, story.to = f"{node.city}, {node.region}", (node.lat, node.lon)
        self.kept[e.order_id] = story
        while len(self.kept) > KEPT:
            del self.kept[next(iter(self.kept))]

    def hear(self, heard: Heard) -> None:
        """Tells the story on, if it is one of those that are shown."""
        story = self.kept.get(heard.event.order_id)
        if story is not None:
            self.hears[type(heard.event)](story, heard.event, heard.at)

    def newest(self, count: int) -> list[Story]:
        """The newest orders first."""
        return list(self.kept.values())[: -count - 1 : -1]

    def _at_node(self, text: str, state: str) -> Callable[[Story, Any, datetime], None]:
        def told(story: Story, e: Any, at: datetime) -> None:
            story.at_node[e.node] = state
            story.step(at, text.format(node=self.place(e.node)), node=e.node)

        return told

    def _allocated(self, story: Story, e: OrderAllocated, at: datetime) -> None:
        for a in e.allocations:
            for line in _lines(story, a.line):
                line.places[a.node] = line.places.get(a.node, 0) + a.qty
            story.at_node.setdefault(a.node, "asked")
        nodes = sorted({a.node for a in e.allocations})
        again = "Moved to" if any(s.node for s in story.steps) else "Given to"
        story.step(at, f"{again} {' and '.join(map(self.place, nodes))}", node=nodes[0])
        story.ask_why = True

    def _unsourced(self, story: Story, e: LinesUnsourced, at: datetime) -> None:
        waits = {str(x.reason) for x in e.lines}
        units = several(sum(x.qty for x in e.lines), "unit")
        words = {"inbound": "Waits for the next delivery", "make": "Waits until it is made",
                 "order_hold": "Waits for a check"}  # fmt: skip
        text = next((words[w] for w in words if w in waits), f"No place can send {units} yet")
        story.step(at, text, "warn" if "no_node" not in waits else "bad")
        story.ask_why = True

    def _revoked(self, story: Story, e: AllocationsRevoked, at: datetime) -> None:
        _take(story, ((x.line, x.node, x.qty) for x in e.lines))

    def _rejected(self, story: Story, e: work.FulfillmentRejected, at: datetime) -> None:
        _take(story, ((x.line, e.node, x.qty) for x in e.lines))
        story.at_node[e.node] = "said no"
        reason = e.reason.replace("_", " ").replace("too busy", "too busy now")
        story.step(at, f"{self.place(e.node)} said no: {reason}", "warn", e.node)

    def _shorted(self, story: Story, e: work.FulfillmentShorted, at: datetime) -> None:
        _take(story, ((x.line, e.node, x.qty) for x in e.lines))
        units = several(sum(x.qty for x in e.lines), "unit")
        what = "damaged" if e.reason == "damaged" else "not found"
        story.step(at, f"{units} {what} at {self.place(e.node)}", "warn", e.node)

    def _cancelled(self, story: Story, e: orders.LinesCancelled, at: datetime) -> None:
        for gone in e.lines:
            for line in _lines(story, gone.line):
                line.cancelled += gone.qty
        left = sum(line.qty - line.cancelled for line in story.lines)
        units = several(sum(x.qty for x in e.lines), "unit")
        what = "Order cancelled" if not left else f"{units} cancelled"
        story.step(at, f"{what} ({e.reason.replace('_', ' ')})", "bad")

    def _handed(self, story: Story, e: counter.PickupHandedOver, at: datetime) -> None:
        story.at_node[e.node] = "picked up"
        story.step(at, f"Picked up at {self.place(e.node)}", "good", e.node)

    def _brought(self, story: Story, e: back.RmaReceived, at: datetime) -> None:
        units = several(sum(x.qty for x in e.lines), "unit")
        story.step(at, f"{units} returned at {self.place(e.node)}, money refunded", "warn", e.node)


def _lines(story: Story, line: int) -> list[LineStory]:
    return [x for x in story.lines if x.line == line]


def _take(story: Story, units: Iterable[tuple[int, str, int]]) -> None:
    """Units do not come from there any more."""
    for number, node, qty in units:
        for line in _lines(story, number):
            line.places[node] = line.places.get(node, 0) - qty
            if line.places[node] <= 0:
                del line.places[node]


def _says(text: str, tone: str = "busy") -> Callable[[Story, Any, datetime], None]:
    def told(story: Story, e: Any, at: datetime) -> None:
        story.step(at, text, tone)
        if tone == "good" and hasattr(e, "shipment_id"):
            story.at_node = {
                n: "delivered" if s == "on its way" else s for n, s in story.at_node.items()
            }

    return told


def _cleared(story: Story, e: orders.HoldReleased, at: datetime) -> None:
    if e.all_clear:
        story.step(at, "Checked, work can begin")


def _returned(story: Story, e: orders.LinesReturned, at: datetime) -> None:
    story.done = True


def _completed(story: Story, e: orders.OrderCompleted, at: datetime) -> None:
    story.done = True
