"""What stands beside the orders on the live page: the figures, the news, the open exceptions.

Counted from what the rooms say since the log began; the definitions are those of the KPI catalogue.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from everyshelf import orders
from everyshelf.base.events import Event
from everyshelf.base.subscribe import Heard
from everyshelf.edge.web.live_words import CASES, REMEDIES, Name, several
from everyshelf.fulfillment import events as work
from everyshelf.insight import CaseOpened, CaseResolved
from everyshelf.insight.events import CaseAssigned
from everyshelf.network import NodePaused, NodeResumed
from everyshelf.pickup import events as counter
from everyshelf.returns import events as back
from everyshelf.stock import events as shelf
from everyshelf.transport import events as road

NEWS: Final = 40
DUE_KEPT: Final = 20_000


class News(msgspec.Struct):
    """One line of the ticker."""

    at: datetime
    text: str
    tone: str = "busy"
    order: str = ""


class Desk:
    """Counts and remembers; `hears` is what it listens to."""

    def __init__(self, place: Name) -> None:
        self.place = place
        self.since: datetime | None = None
        self.counts: Counter[str] = Counter()
        self.open: dict[int, CaseOpened] = {}
        self.work: Counter[str] = Counter()
        self.news: deque[News] = deque(maxlen=NEWS)
        self._due: dict[int, tuple[str, datetime | None]] = {}
        self.hears: Final[dict[type[Event], Callable[[Any, datetime], None]]] = {
            orders.OrderPlaced: self._ordered,
            orders.LinesShipped: lambda e, _: self._units("left", e),
            orders.LinesUnshipped: lambda e, _: self._units("left", e, -1),
            orders.LinesReturned: lambda e, _: self._units("returned", e),
            orders.LinesCancelled: self._cancelled,
            work.FulfillmentOffered: self._offered,
            work.FulfillmentCompleted: self._ended,
            work.FulfillmentCancelled: self._ended,
            work.FulfillmentRejected: self._rejected,
            work.FulfillmentShorted: self._shorted,
            work.SupplierOrderRejected: self._refused,
            road.ShipmentDelivered: self._delivered,
            road.ShipmentAttemptFailed: self._nobody_home,
            road.ShipmentReturning: self._coming_back,
            road.ShipmentLost: lambda e, at: self._tell(at, "A parcel was lost", "bad", e),
            counter.PickupStaged: self._staged,
            counter.PickupHandedOver: lambda e, _: self._units("collected", e),
            counter.PickupNotCollected: self._forgotten,
            back.RmaReceived: self._brought,
            shelf.ItemSold: self._sold,
            shelf.ItemCounted: self._counted,
            shelf.TransferReceived: self._transferred,
            shelf.TransferClosed: self._transfer_lost,
            NodePaused: self._paused,
            NodeResumed: lambda e, at: self._tell(at, f"{self.place(e.node)} works again", "good"),
            CaseOpened: self._case,
            CaseAssigned: lambda e, at: None,
            CaseResolved: self._settled,
        }  # fmt: skip

    def hear(self, heard: Heard) -> None:
        """Counts and tells."""
        self.since = self.since or heard.at
        self.hears[type(heard.event)](heard.event, heard.at)

    def share(self, part: str, rest: str) -> float | None:
        """part / (part + rest); None as long as there is nothing to measure."""
        whole = self.counts[part] + self.counts[rest]
        return self.counts[part] / whole if whole else None

    def _tell(self, at: datetime, text: str, tone: str, e: Any = None) -> None:
        order = getattr(e, "order_id", None)
        self.news.appendleft(News(at, text, tone, str(order) if order else ""))

    def _units(self, name: str, e: Any, sign: int = 1) -> None:
        self.counts[name] += sign * sum(x.qty for x in e.lines)

    def _ordered(self, e: orders.OrderPlaced, at: datetime) -> None:
        self.counts["orders"] += 1
        latest = max((x.promised_latest for x in e.lines if x.promised_latest), default=None)
        method = str(e.lines[0].method) if e.lines else "ship"
        self._due[int(e.order_id)] = (method, latest)
        while len(self._due) > DUE_KEPT:
            del self._due[next(iter(self._due))]

    def _cancelled(self, e: orders.LinesCancelled, at: datetime) -> None:
        self._units("cancelled", e)
        units = several(sum(x.qty for x in e.lines), "unit")
        if e.reason == "customer":
            self._tell(at, f"A customer cancelled {units}", "warn", e)

    def _offered(self, e: work.FulfillmentOffered, at: datetime) -> None:
        self.work[e.node] += 1

    def _ended(self, e: Any, at: datetime) -> None:
        self.work[e.node] -= 1

    def _rejected(self, e: work.FulfillmentRejected, at: datetime) -> None:
        self.work[e.node] -= 1
        reason = e.reason.replace("_", " ")
        self._tell(at, f"{self.place(e.node)} said no: {reason}. Moved on.", "warn", e)

    def _shorted(self, e: work.FulfillmentShorted, at: datetime) -> None:
        units = several(sum(x.qty for x in e.lines), "unit")
        self._tell(at, f"{self.place(e.node)} could not find {units}. Moved on.", "warn", e)

    def _refused(self, e: work.SupplierOrderRejected, at: datetime) -> None:
        self._tell(at, f"{self.place(e.node)} will not send an order", "warn", e)

    def _delivered(self, e: road.ShipmentDelivered, at: datetime) -> None:
        self.counts["delivered"] += 1
        self.counts["late" if e.on_time is False else "on_time"] += 1

    def _nobody_home(self, e: road.ShipmentAttemptFailed, at: datetime) -> None:
        self._tell(at, f"Nobody at home, attempt {e.attempts}", "warn", e)

    def _coming_back(self, e: road.ShipmentReturning, at: datetime) -> None:
        self._tell(at, f"A parcel goes back to {self.place(e.node)}", "bad", e)

    def _staged(self, e: counter.PickupStaged, at: datetime) -> None:
        _, latest = self._due.get(int(e.order_id), ("", None))
        self.counts["late" if latest is not None and at > latest else "on_time"] += 1

    def _forgotten(self, e: counter.PickupNotCollected, at: datetime) -> None:
        self._tell(at, f"Not collected at {self.place(e.node)}: back on the shelf", "warn", e)

    def _brought(self, e: back.RmaReceived, at: datetime) -> None:
        units = several(sum(x.qty for x in e.lines), "unit")
        self._tell(at, f"{self.place(e.node)} took back {units}", "busy", e)

    def _sold(self, e: shelf.ItemSold, at: datetime) -> None:
        self.counts["till"] += e.qty
        if e.unknown:
            units = several(e.unknown, "unit")
            self._tell(at, f"{self.place(e.node)} sold {units} the books did not know", "warn")

    def _counted(self, e: shelf.ItemCounted, at: datetime) -> None:
        if e.variance:
            units = several(abs(e.variance), "unit")
            which = "more" if e.variance > 0 else "fewer"
            self._tell(at, f"A count at {self.place(e.node)} found {units} {which}", "warn")

    def _transferred(self, e: shelf.TransferReceived, at: datetime) -> None:
        units = several(sum(x.qty for x in e.units), "unit")
        self._tell(at, f"{self.place(e.to_node)} got {units} from a warehouse", "good")

    def _transfer_lost(self, e: shelf.TransferClosed, at: datetime) -> None:
        lost = sum(x.qty for x in e.lost)
        if lost:
            self._tell(at, f"{several(lost, 'unit')} lost between two places", "bad")

    def _paused(self, e: NodePaused, at: datetime) -> None:
        self._tell(at, f"{self.place(e.node)} is paused: orders go elsewhere", "warn")

    def _case(self, e: CaseOpened, at: datetime) -> None:
        self.open[int(e.case_id)] = e

    def _settled(self, e: CaseResolved, at: datetime) -> None:
        self.open.pop(int(e.case_id), None)

    def cases(self, most: int, about: Callable[[int], str]) -> list[dict[str, object]]:
        """What a person has to look at, worst and most urgent first; `about` describes an order."""
        found = sorted(self.open.values(), key=lambda e: (e.severity, e.due_at))[:most]
        return [
            {
                "id": str(e.case_id), "kind": CASES.get(e.kind, str(e.kind)),
                "severity": e.severity, "due": e.due_at, "do": REMEDIES.get(e.kind, ""),
                "about": self.place(e.node) if e.node else about(e.order_id or 0),
            }
            for e in found
        ]  # fmt: skip
