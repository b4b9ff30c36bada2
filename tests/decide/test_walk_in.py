"""Units are kept by the clock: the exact times, the schedule of deliveries, the precedence."""

from datetime import UTC, datetime, timedelta
from math import exp, factorial, nan
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from everyshelf.decide import rationing_times as exact
from everyshelf.decide.atp import Protection, floor, floors, kept, prepare
from everyshelf.decide.rationing import table
from everyshelf.decide.walk_in import Clock, WalkIn, days_left, kept_with

FRIDAY = datetime(2026, 3, 6, 12, tzinfo=UTC)
ratios = st.floats(0, 8)
values = st.floats(0.05, 0.98)


def rule(**facts: Any) -> WalkIn:
    given_: dict[str, Any] = {
        "rate_per_day": 2.0, "online_rate_per_day": 3.0, "margin_minor": 1000,
        "online_value_minor": 500, "replenish_weekdays": (0,), "replenish_minute": 360,
    }  # fmt: skip
    return WalkIn(**given_ | facts)


def by_steps(ratio: float, value: float, walk_ins: float, units: int) -> NDArray[np.float64]:
    """Value iteration in small steps (Runge and Kutta), from the text of the model alone."""

    def slope(v: NDArray[np.float64]) -> NDArray[np.float64]:
        gain = np.diff(v)
        found = np.zeros_like(v)
        found[1:] = (1 - gain) + ratio * np.maximum(value - gain, 0)
        return found

    v: NDArray[np.float64] = np.zeros(units + 1)
    steps = max(int(walk_ins * (1 + ratio) / 0.02), 50)
    h = walk_ins / steps
    for _ in range(steps):
        a = slope(v)
        b = slope(v + h / 2 * a)
        c = slope(v + h / 2 * b)
        v = v + h / 6 * (a + 2 * b + 2 * c + slope(v + h * c))
    return np.diff(v)


@settings(max_examples=60, deadline=None)
@given(ratios, values, st.floats(0.1, 9))
def test_the_threshold_is_that_of_value_iteration(
    ratio: float, value: float, walk_ins: float
) -> None:
    gain = by_steps(ratio, value, walk_ins, 30)
    least, most = (int((gain > value + near).sum()) for near in (2e-4, -2e-4))
    assert least <= exact.kept(walk_ins, ratio, value) <= most


@pytest.mark.parametrize(("walk", "online", "value"), [(5, 6, 0.5), (8, 8, 0.7), (0.5, 9, 0.9)])
def test_the_times_are_those_of_a_fine_table(walk: float, online: float, value: float) -> None:
    steps = 20_000
    keep = table(32, walk, online, 1.0, value, steps).keep
    seen = [int(np.argmax(keep >= k)) / steps * walk for k in range(1, int(keep[-1]) + 1)]
    made = exact.times(online / walk, value, exact.horizon(walk))
    assert made[: len(seen)] == pytest.approx(seen, abs=0.01)


def test_without_orders_it_is_the_chance_that_so_many_walk_in() -> None:
    for n, when in enumerate(exact.times(0.0, 0.3, 8.0), 1):
        fewer = sum(exp(-when) * when**k / factorial(k) for k in range(n))
        assert 1 - fewer == pytest.approx(0.3, abs=2e-6)


@settings(max_examples=60, deadline=None)
@given(ratios, values, st.floats(0.01, 9), st.floats(0.01, 9), st.floats(0.001, 0.5))
def test_more_time_keeps_more_and_a_better_order_keeps_less(
    ratio: float, value: float, soon: float, late: float, better: float
) -> None:
    first, second = sorted((soon, late))
    assert exact.kept(first, ratio, value) <= exact.kept(second, ratio, value)
    assert exact.kept(second, ratio, value + better) <= exact.kept(second, ratio, value)
    times = exact.times(ratio, value, 16.0)
    assert list(times) == sorted(times)
    assert exact.kept(0.0, ratio, value) == 0


def test_many_orders_for_each_walk_in_do_not_keep_units_for_nothing() -> None:
    assert exact.kept(0.05, 1000.0, 0.5) == 3
    assert exact.kept(1e-9, 1e6, 0.5) == 0
    assert exact.kept(5.0, 2.0, 1.0) == exact.kept(5.0, 2.0, 7.0) == 0
    assert exact.kept(30.0, 1.0, 0.0) > 30


def test_machine_code_makes_the_same_list() -> None:
    plain = exact.times(1.7, 0.45, 16.0)
    exact.times.cache_clear()
    exact.compiled()
    assert exact.times(1.7, 0.45, 16.0) == pytest.approx(plain, abs=1e-9)


@pytest.mark.parametrize(
    ("at", "zone", "hours"),
    [
        (FRIDAY, "UTC", 66),
        (FRIDAY, "America/New_York", 70),  # The clocks go forward on the Sunday between.
        (datetime(2026, 3, 9, 6, tzinfo=UTC), "UTC", 0),
        (datetime(2026, 3, 9, 6, 0, 1, tzinfo=UTC), "UTC", 168 - 1 / 3600),
    ],
)
def test_the_next_delivery_is_on_the_nodes_own_clock(at: datetime, zone: str, hours: float) -> None:
    assert days_left(rule(), zone, at) * 24 == pytest.approx(hours)


def test_a_delivery_that_is_named_counts_once() -> None:
    once = rule(replenish_weekdays=(), replenish_at=FRIDAY + timedelta(days=1))
    assert days_left(once, "UTC", FRIDAY) == 1
    assert days_left(once, "UTC", FRIDAY + timedelta(days=2)) == 0
    both = rule(replenish_at=FRIDAY + timedelta(days=1))
    assert days_left(both, "UTC", FRIDAY) == 1
    assert days_left(both, "UTC", FRIDAY + timedelta(days=2)) == pytest.approx(0.75)


def test_the_floor_falls_to_nothing_at_the_delivery() -> None:
    truck = datetime(2026, 3, 9, 6, tzinfo=UTC)
    clocks = [Clock(truck - timedelta(hours=h), {7: "UTC"}) for h in range(72, -1, -1)]
    ready = [prepare("web", c.at.date(), [Protection(walk_in=rule())], c) for c in clocks]
    seen = [floor(one, 1, 7) for one in ready]
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == kept_with(rule(), 3.0) > 3
    assert seen[-1] == 0
    assert kept_with(rule(rate_per_day=0.0), 3.0) == 0


def test_the_most_specific_scope_decides_and_the_larger_of_what_it_says() -> None:
    clock = Clock(FRIDAY, {})
    by_clock = kept_with(rule(), days_left(rule(), "UTC", FRIDAY))

    def at(*rules: Protection, channel: str = "web") -> list[int]:
        ready = prepare(channel, FRIDAY.date(), rules, clock)
        cells = [(1, 7), (1, 8), (2, 7), (2, 8)]
        found = floors(cells, channel, FRIDAY.date(), ready).tolist()
        assert found == [sum(kept(ready, *cell)) for cell in cells]
        return [int(n) for n in found]

    everywhere, small, large = rule(), Protection(item=1, walk_in_qty=0), by_clock + 5
    assert at(Protection(walk_in=everywhere)) == [by_clock] * 4
    assert at(Protection(walk_in=everywhere), small) == [0, 0, by_clock, by_clock]
    assert at(Protection(node=7, walk_in=rule(), walk_in_qty=large)) == [large, 0, large, 0]
    assert at(Protection(node=7, walk_in=rule()), Protection(node=7, walk_in_qty=1)) == [
        by_clock, 0, by_clock, 0,
    ]  # fmt: skip
    assert at(Protection(walk_in=rule(), safety_qty=1), channel="pos") == [1] * 4


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"rate_per_day": -1.0}, "rate_per_day"),
        ({"rate_per_day": nan}, "rate_per_day"),
        ({"online_rate_per_day": 1e9}, "online_rate_per_day"),
        ({"margin_minor": 9.5}, "margin_minor"),
        ({"margin_minor": 0}, "margin_minor"),
        ({"margin_minor": True}, "margin_minor"),
        ({"online_value_minor": -1}, "online_value_minor"),
        ({"replenish_weekdays": (7,)}, "replenish_weekdays"),
        ({"replenish_weekdays": ()}, "replenish_at"),
        ({"replenish_minute": 1440}, "replenish_minute"),
        ({"replenish_at": datetime(2026, 3, 6)}, "replenish_at"),
    ],
)
def test_a_rule_of_no_sense_names_the_field(facts: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rule(**facts)


def test_a_rule_is_the_same_after_a_walk_through_json() -> None:
    one = rule(replenish_at=FRIDAY)
    assert msgspec.json.decode(msgspec.json.encode(one), type=WalkIn) == one
