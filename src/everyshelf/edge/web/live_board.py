"""The live page's board: follows the log, keeps a small picture in memory, answers from it.

Whoever looks costs nothing more: the log is read once for all, at most every second, only what is
new. Reads beyond the log are bounded: addresses and reasons of the orders shown, stock by node.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from everyshelf import catalog, network, orders, sourcing
from everyshelf.base import codec
from everyshelf.base.sql import load
from everyshelf.base.tail import Tail
from everyshelf.base.tx import Database, Tx
from everyshelf.decide.sourcing import Lever
from everyshelf.edge.web.live_desk import Desk
from everyshelf.edge.web.live_orders import Stories, Story
from everyshelf.edge.web.live_words import COLLECTED, METHODS, because, join, money, says
from everyshelf.orders import OrderId
from everyshelf.sourcing import Candidate, Why, WhyDecision

SQL = load("everyshelf.edge.web", "live.sql")
LOOK_SECONDS: Final = 0.9
STOCK_SECONDS: Final = 3.0
BATCH: Final = 2_000
ROUNDS: Final = 25
SHOWN: Final = 40
ASKED: Final = 25
CASES: Final = 12
FLOWS: Final = 30
COLLECTIONS: Final = frozenset(COLLECTED)


class NodeStock(msgspec.Struct, frozen=True):
    """The units of a node by where they stand."""

    node: str
    sellable: int
    held: int
    allocated: int
    picked: int
    packed: int
    aside: int
    broken: int


class Seen(msgspec.Struct, frozen=True):
    """The picture as bytes, plain and packed, with its mark."""

    etag: str
    body: bytes
    packed: bytes


class Board:
    """One for the process; threads take turns."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.stories = Stories()
        self.desk = Desk(self.stories.place)
        self._tail = Tail({*self.stories.hears, *self.desk.hears})
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._stock: dict[str, NodeStock] = {}
        self._looked_at = self._stock_at = 0.0
        self._seen: Seen | None = None

    def picture(self) -> Seen:
        """What the page shows now; who comes together gets the same."""
        with self._lock:
            if self._seen is None or time.monotonic() - self._looked_at > LOOK_SECONDS:
                self.db.run(self._look, actor="live page")
                self._seen = self._drawn()
                self._looked_at = time.monotonic()
            return self._seen

    def _look(self, tx: Tx) -> None:
        if time.monotonic() - self._stock_at > STOCK_SECONDS:
            self.stories.nodes = network.nodes(tx)
            self._stock = {s.node: s for s in tx.all(SQL.stock_by_node, NodeStock)}
            self._stock_at = time.monotonic()
        for _ in range(ROUNDS):
            if self._hear(tx) < BATCH:
                break
        shown = self.stories.newest(SHOWN)
        self._ask_names(tx, shown)
        about = [self.stories.kept.get(OrderId(e.order_id or 0)) for e in self.desk.open.values()]
        self._ask_towns(tx, [*shown, *(s for s in about if s)])
        for story in [s for s in shown if s.ask_why][:ASKED]:
            self._ask_why(tx, story)

    def _hear(self, tx: Tx) -> int:
        found = self._tail.read(tx, BATCH)
        for heard in found:
            kind = type(heard.event)
            if kind is orders.OrderPlaced:
                self.stories.placed(heard.event, heard.at)
            elif kind in self.stories.hears:
                self.stories.hear(heard)
            if kind in self.desk.hears:
                self.desk.hear(heard)
        return len(found)

    def _ask_names(self, tx: Tx, shown: list[Story]) -> None:
        wanted = {line.item for s in shown for line in s.lines} - self._names.keys()
        if wanted:
            found = catalog.items(tx, sorted(wanted))
            self._names.update({code: item.name for code, item in found.items()})

    def _ask_towns(self, tx: Tx, shown: list[Story]) -> None:
        for order in orders.get(tx, [s.id for s in shown if not s.town]):
            story, to = self.stories.kept[order.id], order.ship_to
            story.town = f"{to.city}, {to.region}" if to else "In person"
            if to and to.lat is not None and to.lon is not None:
                story.to = (to.lat, to.lon)

    def _ask_why(self, tx: Tx, story: Story) -> None:
        told = sourcing.why(tx, story.id)
        if told.decisions:
            story.ask_why = False
            story.why = because(told.decisions[-1], self.stories.place)

    # The picture

    def _drawn(self) -> Seen:
        shown = self.stories.newest(SHOWN)
        body = codec.encode({
            "since": self.desk.since,
            "kpis": self._kpis(),
            "orders": [self._order(s) for s in shown],
            "nodes": [self._node(n) for n in self.stories.nodes],
            "flows": [
                {"id": str(s.id), "from": n, "lat": s.to[0], "lon": s.to[1]}
                for s in shown if s.to and s.method not in COLLECTIONS
                for n in s.at_node if s.at_node[n] != "said no"
            ][:FLOWS],
            "cases": self.desk.cases(CASES, self._town),
            "news": list(self.desk.news),
        })  # fmt: skip
        etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        return Seen(etag, body, gzip.compress(body, 1))

    def _town(self, order_id: int) -> str:
        story = self.stories.kept.get(OrderId(order_id))
        return f"{METHODS.get(story.method, '')}, {story.town}" if story and story.town else ""

    def _kpis(self) -> dict[str, float | int | None]:
        c = self.desk.counts
        broken = sum(s.broken for s in self._stock.values())
        return {
            "orders": c["orders"], "shipped": c["left"] - c["collected"],
            "collected": c["collected"], "till": c["till"], "returned": c["returned"],
            "fill": self.desk.share("left", "cancelled"),
            "on_time": self.desk.share("on_time", "late"), "oversold": broken,
            "exceptions": len(self.desk.open),
        }  # fmt: skip

    def _order(self, s: Story) -> dict[str, Any]:
        last = s.steps[-1]
        return {
            "id": str(s.id), "channel": s.channel, "method": METHODS.get(s.method, s.method),
            "town": s.town, "at": s.placed_at, "total": money(s.total_minor, s.currency),
            "state": last.text, "tone": last.tone, "why": s.why,
            "lines": [
                {
                    "item": self._names.get(x.item, x.item), "qty": x.qty, "gone": x.cancelled,
                    "places": [
                        {"name": self.stories.place(n), "qty": q, "state": s.at_node.get(n, "")}
                        for n, q in x.places.items()
                    ],
                }
                for x in s.lines
            ],
        }  # fmt: skip

    def _node(self, code: str) -> dict[str, Any]:
        node, units = self.stories.nodes[code], self._stock.get(code)
        return {
            "code": code, "name": self.stories.place(code), "kind": node.kind, "lat": node.lat,
            "lon": node.lon, "paused": node.paused, "work": max(0, self.desk.work[code]),
            "units": {f: getattr(units, f) if units else 0 for f in
                      ("sellable", "held", "allocated", "picked", "packed", "aside")},
        }  # fmt: skip

    def detail(self, tx: Tx, order_id: OrderId) -> dict[str, Any] | None:
        """One order with its steps and the places that were weighed for it."""
        with self._lock:
            story = self.stories.kept.get(order_id)
            steps = [msgspec.to_builtins(step) for step in story.steps] if story else []
        if story is None:
            return None
        return {"id": str(order_id), "at": datetime.now(UTC), "steps": steps[::-1],
                "decisions": self._decisions(sourcing.why(tx, order_id))}  # fmt: skip

    def _decisions(self, told: Why) -> list[dict[str, Any]]:
        return [self._decision(d) for d in reversed(told.decisions[-3:])]

    def _decision(self, d: WhyDecision) -> dict[str, Any]:
        """A decision with the places that were weighed, the chosen first, the excluded last."""
        place = self.stories.place
        candidates = sorted(
            d.candidates,
            key=lambda c: (c.node not in d.winner, c.excluded_by or "", c.cost_minor or 0.0),
        )
        return {
            "at": d.at, "cost": money(d.cost_minor), "why": because(d, place),
            "hint": " ".join(
                f.says(place(f.node)) for f in d.flips if f.lever is not Lever.PRICE
            ),
            "where": join([place(n) for n in d.winner]),
            "candidates": [self._candidate(c, d.winner) for c in candidates],
        }  # fmt: skip

    def _candidate(self, c: Candidate, winner: tuple[str, ...]) -> dict[str, Any]:
        t = c.terms_minor
        return {
            "name": self.stories.place(c.node), "chosen": c.node in winner,
            "out": says(c.excluded_by, 1) if c.excluded_by else "",
            "missing": c.short_units, "cost": money(c.cost_minor) if c.cost_minor else "",
            "parcel": money(t.get("carrier", 0)) if t else "",
            "labour": money(t.get("labour", 0)) if t else "",
            "late": money(t["late"]) if t.get("late") else "",
        }  # fmt: skip
