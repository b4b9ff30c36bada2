"""Decides what can be promised for a cart and a destination: options with earliest and latest.

It reads opening hours, cutoffs, lead times, transit days and prices; it holds no stock and reserves
no capacity. The one rule for local times: a wall time means the first instant at which the node's
clock has reached it. A time skipped by a clock change is thus the instant of the jump, and a time
that occurs twice is its first occurrence. Zone rules come from the process's tz database.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

Span = tuple[int, int]
DAY_MINUTES = 24 * 60
HORIZON_DAYS = 120


class Method(StrEnum):
    """How the customer gets the goods."""

    SHIP = "ship"
    SAME_DAY = "same_day"
    PICKUP = "pickup"
    CURBSIDE = "curbside"


class Missing(StrEnum):
    """Why a node does not offer a method or service."""

    NO_STOCK = "no_stock"
    NO_CAPACITY = "no_capacity"
    NEVER_OPEN = "never_open"
    TOO_LATE_TODAY = "too_late_today"
    NO_CARRIER_DAY = "no_carrier_day"


class Calendar(msgspec.Struct, frozen=True, cache_hash=True):
    """Opening hours as (open, close) minutes of the local day, Monday first; 1440 is midnight.

    Hours past midnight are two spans, one on each day. `special` replaces a date's hours.
    """

    zone: str
    weekly: tuple[tuple[Span, ...], ...]
    closed_dates: tuple[date, ...] = ()
    special: tuple[tuple[date, tuple[Span, ...]], ...] = ()


class Lane(msgspec.Struct, frozen=True, cache_hash=True):
    """A carrier service from a node to the destination; transit counts only `carrier_weekdays`.

    Weekdays are 0 = Monday; all seven make calendar days. A parcel ready after `collect_minute` in
    `origin_zone` leaves on the next carrier day; deliveries fall between two minutes in `zone`.
    """

    service: str
    transit_days_p50: int
    transit_days_p90: int
    carrier_weekdays: tuple[int, ...]
    price_minor: int
    origin_zone: str = "UTC"
    zone: str = "UTC"
    collect_minute: int = DAY_MINUTES
    deliver_from_minute: int = 9 * 60
    deliver_by_minute: int = 20 * 60
    carrier_closed: tuple[date, ...] = ()


class SameDay(msgspec.Struct, frozen=True):
    """A courier from the node: minutes on the road, latest local delivery, price."""

    drive_minutes: int
    deliver_by_minute: int
    price_minor: int


class NodeOffer(msgspec.Struct, frozen=True):
    """What one node could do for this cart; a method without price or lane is not offered."""

    node: int
    calendar: Calendar
    cutoff_minute: int | None
    processing_minutes: int
    has_all: bool = True
    capacity_left: bool = True
    lanes: tuple[Lane, ...] = ()
    same_day: SameDay | None = None
    pickup_price_minor: int | None = None
    curbside_price_minor: int | None = None


class Problem(msgspec.Struct, frozen=True):
    """The instant of asking and the nodes in reach."""

    now: datetime
    nodes: tuple[NodeOffer, ...]


class Policy(msgspec.Struct, frozen=True):
    """A margin on readiness, and whether each service shows all its nodes or the best only."""

    margin_minutes: int = 0
    best_node_per_service: bool = True


STANDARD = Policy()


class Option(msgspec.Struct, frozen=True):
    """One thing that can be said to the customer."""

    method: Method
    service: str
    node: int
    price_minor: int
    earliest_at: datetime
    latest_at: datetime


class Decision(msgspec.Struct, frozen=True):
    """The options, soonest first, and per (node, method or service) why it is missing."""

    options: tuple[Option, ...]
    why: tuple[tuple[int, str, Missing], ...]


def decide(problems: Sequence[Problem], policy: Policy = STANDARD) -> list[Decision]:
    """The options of every cart of the batch."""
    return [options(problem, policy) for problem in problems]


def options(problem: Problem, policy: Policy = STANDARD) -> Decision:
    """Everything that can be promised now, and what cannot with the reason."""
    found: list[Option] = []
    why: list[tuple[int, str, Missing]] = []
    for offer in problem.nodes:
        lead = offer.processing_minutes + policy.margin_minutes
        ready = ready_at(offer.calendar, problem.now, offer.cutoff_minute, lead)
        for what, answer in _offers(offer, problem.now, ready):
            if isinstance(answer, Option):
                found.append(answer)
            else:
                why.append((offer.node, what, answer))
    ranked = sorted(found, key=_rank)
    if policy.best_node_per_service:
        ranked = _best(ranked)
    return Decision(tuple(ranked), tuple(why))


def ready_at(
    calendar: Calendar, now: datetime, cutoff_minute: int | None, processing_minutes: int
) -> datetime | None:
    """When work asked for `now` is done: it advances only while the node is open.

    Asked at or after the cutoff of a local day, it starts no earlier than the next day's opening.
    None if the node is not open long enough within HORIZON_DAYS.
    """
    asked = _seconds(now)
    today = now.astimezone(_zone(calendar.zone)).date()
    late = cutoff_minute is not None and asked >= wall(calendar.zone, today, cutoff_minute)
    left = processing_minutes * 60
    for ahead in range(1 if late else 0, HORIZON_DAYS):
        for opens, closes in spans(calendar, today + timedelta(days=ahead)):
            start = max(opens, asked)
            if start < closes and start + left <= closes:
                return _instant(start + left)
            left -= max(0, closes - start)
    return None


def arrives(ready: datetime, lane: Lane) -> tuple[datetime, datetime] | None:
    """The delivery window: start of the likely day and end of the late one; None if never."""
    if not any(0 <= weekday <= 6 for weekday in lane.carrier_weekdays):
        return None
    day = ready.astimezone(_zone(lane.origin_zone)).date()
    if _seconds(ready) > wall(lane.origin_zone, day, lane.collect_minute):
        day += timedelta(days=1)
    opens, closes = _window(lane, day)
    earliest = max(_seconds(ready), opens)
    return _instant(earliest), _instant(max(earliest, closes))


@lru_cache(maxsize=65_536)
def spans(calendar: Calendar, day: date) -> tuple[Span, ...]:
    """The open spans of a local day as UTC epoch seconds, in order, without empty ones."""
    if day in calendar.closed_dates:
        return ()
    hours = dict(calendar.special).get(day, calendar.weekly[day.weekday()])
    local = ((wall(calendar.zone, day, a), wall(calendar.zone, day, b)) for a, b in sorted(hours))
    return tuple((a, b) for a, b in local if a < b)


@lru_cache(maxsize=65_536)
def wall(zone: str, day: date, minute: int) -> int:
    """The first UTC epoch second at which the zone's clock has reached this minute of the day."""
    tz = _zone(zone)
    local = datetime.combine(day, time()) + timedelta(minutes=minute)
    first = _seconds(local.replace(tzinfo=tz, fold=0))
    if datetime.fromtimestamp(first, tz).replace(tzinfo=None) == local:
        return first
    # In a gap fold 1 gives the instant before the jump and fold 0 the one after: find the jump.
    before = _seconds(local.replace(tzinfo=tz, fold=1))
    while first - before > 1:
        middle = (first + before) // 2
        if datetime.fromtimestamp(middle, tz).replace(tzinfo=None) >= local:
            first = middle
        else:
            before = middle
    return first


def _offers(
    offer: NodeOffer, now: datetime, ready: datetime | None
) -> Iterator[tuple[str, Option | Missing]]:
    names = [lane.service for lane in offer.lanes]
    names += [Method.SAME_DAY] if offer.same_day else []
    names += [Method.PICKUP] if offer.pickup_price_minor is not None else []
    names += [Method.CURBSIDE] if offer.curbside_price_minor is not None else []
    blocked = _blocked(offer, ready)
    if blocked or ready is None:
        yield from ((name, blocked or Missing.NEVER_OPEN) for name in names)
        return
    yield from ((lane.service, _ship(offer, lane, ready)) for lane in offer.lanes)
    if offer.same_day:
        yield Method.SAME_DAY, _same_day(offer, offer.same_day, now, ready)
    if offer.pickup_price_minor is not None:
        yield Method.PICKUP, _pickup(offer, Method.PICKUP, offer.pickup_price_minor, ready)
    if offer.curbside_price_minor is not None:
        yield Method.CURBSIDE, _pickup(offer, Method.CURBSIDE, offer.curbside_price_minor, ready)


def _blocked(offer: NodeOffer, ready: datetime | None) -> Missing | None:
    if not offer.has_all:
        return Missing.NO_STOCK
    if not offer.capacity_left:
        return Missing.NO_CAPACITY
    return Missing.NEVER_OPEN if ready is None else None


def _ship(offer: NodeOffer, lane: Lane, ready: datetime) -> Option | Missing:
    window = arrives(ready, lane)
    if window is None:
        return Missing.NO_CARRIER_DAY
    return Option(Method.SHIP, lane.service, offer.node, lane.price_minor, *window)


def _same_day(
    offer: NodeOffer, courier: SameDay, now: datetime, ready: datetime
) -> Option | Missing:
    """Offered only if even the courier's arrival falls on the local day of asking, in time."""
    today = now.astimezone(_zone(offer.calendar.zone)).date()
    latest = wall(offer.calendar.zone, today, courier.deliver_by_minute)
    earliest = _seconds(ready) + courier.drive_minutes * 60
    if earliest > latest:
        return Missing.TOO_LATE_TODAY
    window = _instant(earliest), _instant(latest)
    return Option(Method.SAME_DAY, Method.SAME_DAY, offer.node, courier.price_minor, *window)


def _pickup(offer: NodeOffer, method: Method, price_minor: int, ready: datetime) -> Option:
    """Ready at the earliest; latest is the closing of the span in which it becomes ready."""
    day = ready.astimezone(_zone(offer.calendar.zone)).date()
    at = _seconds(ready)
    around = (s for d in (-1, 0, 1) for s in spans(offer.calendar, day + timedelta(days=d)))
    closing = next((b for a, b in around if a <= at <= b), at)
    return Option(method, method, offer.node, price_minor, ready, _instant(closing))


def _rank(option: Option) -> tuple[datetime, datetime, int, str, int]:
    return option.latest_at, option.earliest_at, option.price_minor, option.service, option.node


def _best(ranked: Sequence[Option]) -> list[Option]:
    """The first of each shipping or courier service; every pickup place stays."""
    seen: set[tuple[Method, str]] = set()
    best = []
    for option in ranked:
        key = option.method, option.service
        if option.method in (Method.PICKUP, Method.CURBSIDE) or key not in seen:
            best.append(option)
            seen.add(key)
    return best


@lru_cache(maxsize=65_536)
def _window(lane: Lane, day: date) -> Span:
    """Start of the likely and end of the late delivery day of a parcel handed over that day."""
    first = _carrier_day(lane, day, lane.transit_days_p50)
    last = _carrier_day(lane, day, max(lane.transit_days_p50, lane.transit_days_p90))
    opens = wall(lane.zone, first, lane.deliver_from_minute)
    return opens, wall(lane.zone, last, lane.deliver_by_minute)


def _carrier_day(lane: Lane, day: date, transit_days: int) -> date:
    """The carrier day that many working days after the first one on or after `day`."""
    day = _working(lane, day)
    for _ in range(transit_days):
        day = _working(lane, day + timedelta(days=1))
    return day


def _working(lane: Lane, day: date) -> date:
    while day.weekday() not in lane.carrier_weekdays or day in lane.carrier_closed:
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _seconds(at: datetime) -> int:
    """Whole epoch seconds, rounded up so that nothing starts before it was asked for."""
    return -int(-at.timestamp() // 1)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
