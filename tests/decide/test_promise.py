"""Promises: opening hours in every zone, through clock changes, and the options of a cart."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everyshelf.decide.promise import (
    Calendar,
    Lane,
    Method,
    Missing,
    NodeOffer,
    Option,
    Policy,
    Problem,
    SameDay,
    arrives,
    decide,
    options,
    ready_at,
    spans,
    wall,
)

ZONES = sorted(z for z in available_timezones() if z not in ("localtime", "posixrules", "Factory"))
TRICKY = ["Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Casablanca"]
EVERY_DAY = ((9 * 60, 17 * 60),)
WEEK = (EVERY_DAY,) * 7
NINE_TO_FIVE = Calendar("America/New_York", WEEK)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def scan(zone: str, day: date, minute: int) -> int:
    """The rule read literally: walk the clock minute by minute until it has reached the time."""
    tz = ZoneInfo(zone)
    target = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    start = int(target.replace(tzinfo=UTC).timestamp()) - 15 * 3600
    for at in range(start - start % 60, start + 32 * 3600, 60):
        if datetime.fromtimestamp(at, tz).replace(tzinfo=None) >= target:
            return at
    raise AssertionError("the clock never got there")


def transitions(zone: str, years: range) -> list[date]:
    """Local dates around which the offset of the zone changes."""
    tz = ZoneInfo(zone)
    noon = [
        datetime(y, 1, 1, 12, tzinfo=UTC) + timedelta(days=d) for y in years for d in range(366)
    ]
    pairs = pairwise(noon)
    return [
        b.astimezone(tz).date()
        for a, b in pairs
        if a.astimezone(tz).utcoffset() != b.astimezone(tz).utcoffset()
    ]


@pytest.mark.parametrize("zone", TRICKY)
def test_wall_times_around_clock_changes_follow_the_rule(zone: str) -> None:
    days = transitions(zone, range(2016, 2020))[:4] or [date(2026, 3, 8)]
    for day in days:
        for shift in (-1, 0):
            for minute in (0, 30, 90, 119, 120, 135, 150, 180, 1440):
                on = day + timedelta(days=shift)
                assert wall(zone, on, minute) == scan(zone, on, minute)


def test_every_zone_keeps_order_and_shows_the_wall_time_or_the_jump() -> None:
    """For all IANA zones: monotone in the minute, and never before the clock has got there."""
    for zone in ZONES:
        tz = ZoneInfo(zone)
        for day in transitions(zone, range(2025, 2027)) or [date(2026, 6, 1)]:
            instants = [wall(zone, day, m) for m in range(0, 1441, 15)]
            assert instants == sorted(instants)
            for m, at in zip(range(0, 1441, 15), instants, strict=True):
                target = datetime(day.year, day.month, day.day) + timedelta(minutes=m)
                shown = datetime.fromtimestamp(at, tz).replace(tzinfo=None)
                before = datetime.fromtimestamp(at - 1, tz).replace(tzinfo=None)
                assert shown >= target > before


def test_a_whole_day_may_be_missing() -> None:
    calendar = Calendar("Pacific/Apia", WEEK)
    assert spans(calendar, date(2011, 12, 30)) == ()
    ready = ready_at(calendar, utc(2011, 12, 30, 9), None, 60)
    assert ready == utc(2011, 12, 30, 20)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 1)),
    st.none() | st.integers(0, 1440),
    st.integers(0, 3000),
)
def test_work_takes_exactly_its_open_minutes(
    zone: str, asked: datetime, cutoff: int | None, minutes: int
) -> None:
    calendar = Calendar(zone, (((0, 90), (150, 700)), EVERY_DAY, (), *((EVERY_DAY,) * 4)))
    now = asked.replace(tzinfo=UTC, microsecond=0)
    ready = ready_at(calendar, now, cutoff, minutes)
    assert ready is not None
    today = now.astimezone(ZoneInfo(zone)).date()
    late = cutoff is not None and now.timestamp() >= wall(zone, today, cutoff)
    worked = 0
    inside = False
    for d in range(40):
        for a, b in spans(calendar, today + timedelta(days=d)):
            if not (late and d == 0):
                worked += max(0, min(b, int(ready.timestamp())) - max(a, int(now.timestamp())))
                inside |= a <= ready.timestamp() <= b
    assert worked == minutes * 60
    assert inside
    assert ready >= now


def test_the_cutoff_moves_work_to_the_next_open_day() -> None:
    before, after = utc(2026, 6, 1, 17, 59), utc(2026, 6, 1, 18)
    assert ready_at(NINE_TO_FIVE, before, 14 * 60, 60) == utc(2026, 6, 1, 18, 59)
    assert ready_at(NINE_TO_FIVE, after, 14 * 60, 60) == utc(2026, 6, 2, 14)


def test_exceptions_beat_the_week() -> None:
    closed = (date(2026, 6, 1),)
    special = ((date(2026, 6, 2), ((600, 630),)),)
    calendar = Calendar("America/New_York", WEEK, closed, special)
    assert ready_at(calendar, utc(2026, 6, 1, 14), None, 60) == utc(2026, 6, 3, 13, 30)
    never = Calendar("America/New_York", ((),) * 7)
    assert ready_at(never, utc(2026, 6, 1), None, 0) is None


def test_transit_counts_carrier_days_only() -> None:
    ground = Lane("ground", 2, 3, (0, 1, 2, 3, 4), 500, collect_minute=1020)
    friday = utc(2026, 6, 5, 16)
    assert arrives(friday, ground) == (utc(2026, 6, 9, 9), utc(2026, 6, 10, 20))
    after_collection = utc(2026, 6, 5, 17, 1)
    assert arrives(after_collection, ground) == (utc(2026, 6, 10, 9), utc(2026, 6, 11, 20))
    daily = Lane("daily", 1, 2, tuple(range(7)), 500)
    assert arrives(friday, daily) == (utc(2026, 6, 6, 9), utc(2026, 6, 7, 20))
    assert arrives(friday, Lane("none", 1, 2, (), 500)) is None


@settings(max_examples=100, deadline=None)
@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)),
    st.integers(0, 5), st.integers(0, 9), st.sampled_from(TRICKY),
    st.sets(st.integers(0, 6), min_size=1),
)  # fmt: skip
def test_windows_are_ordered_and_never_before_ready(
    at: datetime, p50: int, p90: int, zone: str, weekdays: set[int]
) -> None:
    ready = at.replace(tzinfo=UTC, microsecond=0)
    lane = Lane("x", p50, p90, tuple(weekdays), 1, origin_zone=zone, zone=zone)
    window = arrives(ready, lane)
    assert window is not None
    earliest, latest = window
    assert ready <= earliest <= latest
    # A slower carrier is never promised sooner.
    slower = arrives(ready, Lane("x", p50 + 1, p90 + 1, tuple(weekdays), 1, zone, zone))
    assert slower is not None
    assert slower[0] >= earliest
    assert slower[1] >= latest


def offer(node: int, **changes: object) -> NodeOffer:
    lanes = (Lane("ground", 2, 3, (0, 1, 2, 3, 4), 500 + node),)
    base: dict[str, object] = {
        "lanes": lanes, "same_day": SameDay(45, 20 * 60, 900),
        "pickup_price_minor": 0, "curbside_price_minor": 100,
    }  # fmt: skip
    fields = {**base, **changes}
    return NodeOffer(node, NINE_TO_FIVE, 16 * 60, 60, **fields)  # type: ignore[arg-type]


def test_a_cart_gets_the_best_of_each_service_and_every_pickup_place() -> None:
    told = decide([Problem(utc(2026, 6, 1, 14), (offer(1), offer(2)))])[0]
    count = {m: sum(o.method is m for o in told.options) for m in Method}
    assert count == {Method.SHIP: 1, Method.SAME_DAY: 1, Method.PICKUP: 2, Method.CURBSIDE: 2}
    pickup = next(o for o in told.options if o.method is Method.PICKUP)
    assert pickup == Option(
        Method.PICKUP, "pickup", 1, 0, utc(2026, 6, 1, 15), utc(2026, 6, 1, 21)
    )  # fmt: skip
    assert next(o.node for o in told.options if o.method is Method.SHIP) == 1
    every = options(Problem(utc(2026, 6, 1, 14), (offer(1), offer(2))), Policy(0, False))
    assert sum(o.method is Method.SHIP for o in every.options) == 2


def test_what_is_missing_says_why() -> None:
    nodes = (offer(1, has_all=False), offer(2, capacity_left=False), offer(3))
    told = options(Problem(utc(2026, 6, 1, 20, 30), nodes))
    assert {(n, w) for n, _, w in told.why} == {
        (1, Missing.NO_STOCK), (2, Missing.NO_CAPACITY), (3, Missing.TOO_LATE_TODAY),
    }  # fmt: skip
    assert (3, "same_day", Missing.TOO_LATE_TODAY) in told.why
    assert all(o.node == 3 for o in told.options)
