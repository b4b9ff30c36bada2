"""The window that can be promised for units whose place is known; what an order line stores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from everyshelf.base.tx import Tx
from everyshelf.decide import promise as decide
from everyshelf.promise.facts import COLLECTED, Leg, Method
from everyshelf.promise.snapshot import Snapshot, Window


def windows_now(tx: Tx, legs: Sequence[Leg]) -> list[Window | None]:
    """Earliest and latest of each leg; None where nothing can be said (no node, no service).

    One read of the network for the batch; equal legs are dated once.
    """
    known: dict[Leg, Window | None] = {}
    snapshot = Snapshot(tx, {c for leg in legs if (c := leg.pickup_node or leg.node)})
    answers = []
    for leg in legs:
        if leg not in known:
            known[leg] = _window(snapshot, leg)
        answers.append(known[leg])
    return answers


def _window(snapshot: Snapshot, leg: Leg) -> Window | None:
    code = leg.pickup_node if leg.method in COLLECTED else leg.node
    if code is None or code not in snapshot.nodes:
        return None
    asked = snapshot.now
    if leg.due_on is not None:
        asked = max(asked, datetime.combine(leg.due_on, time(), UTC))
    if leg.method in COLLECTED:
        return _collected(snapshot, code, asked)
    if leg.ship_to is None:
        return None
    if leg.method == Method.SAME_DAY:
        return _same_day(snapshot, code, leg, asked)
    return _sent(snapshot, code, leg, asked)


def _collected(snapshot: Snapshot, code: str, asked: datetime) -> Window | None:
    offer = msgspec.structs.replace(snapshot.offer(code), pickup_price_minor=0)
    return _first(decide.Problem(asked, (offer,)))


def _same_day(snapshot: Snapshot, code: str, leg: Leg, asked: datetime) -> Window | None:
    """Today, or on the first day of the next week on which the courier still makes it."""
    assert leg.ship_to is not None
    reaches = snapshot.reach(code, leg.ship_to)
    couriers = [s for s in sorted(reaches) if snapshot.services[s].kind == "same_day"]
    service = leg.service if leg.service in couriers else next(iter(couriers), None)
    if service is None:
        return None
    courier = snapshot.courier(reaches[service])
    offer = msgspec.structs.replace(snapshot.offer(code), same_day=courier)
    zone = snapshot.nodes[code].zone
    day = asked.astimezone(ZoneInfo(zone)).date()
    for ahead in range(8):
        if ahead:
            start = decide.wall(zone, day + timedelta(days=ahead), 0)
            asked = datetime.fromtimestamp(start, UTC)
        if window := _first(decide.Problem(asked, (offer,))):
            return window
    return None


def _sent(snapshot: Snapshot, code: str, leg: Leg, asked: datetime) -> Window | None:
    assert leg.ship_to is not None
    ready = snapshot.ready(code, asked)
    service = leg.service or snapshot.standard(code, leg.ship_to)
    reach = snapshot.reach(code, leg.ship_to).get(service or "")
    if ready is None or service is None or reach is None:
        return None
    return decide.arrives(ready, snapshot.lane(snapshot.nodes[code], service, reach))


def _first(problem: decide.Problem) -> Window | None:
    found = decide.options(problem).options
    return (found[0].earliest_at, found[0].latest_at) if found else None
