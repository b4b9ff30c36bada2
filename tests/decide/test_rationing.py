"""Walk-in protection is the optimum of its model, and behaves as a shopkeeper expects."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.rationing import _losses, cells
from everyshelf.decide import rationing
from everyshelf.decide.rationing import Problem, protect, table

USUAL = Problem(8, 5.0, 6.0, 1.0, 0.5)


@pytest.mark.parametrize(("units", "walk_in", "online", "value"), [(3, 2.0, 3.0, 0.5),
                                                                  (5, 1.0, 4.0, 0.8)])  # fmt: skip
def test_it_is_value_iteration_written_out(
    units: int, walk_in: float, online: float, value: float
) -> None:
    steps = 60
    any_ = 1 - np.exp(-(walk_in + online) / steps)
    a = any_ * walk_in / (walk_in + online)

    @cache
    def worth(x: int, t: int) -> float:
        if x == 0 or t == 0:
            return 0.0
        stay = worth(x, t - 1)
        street = max(1.0 + worth(x - 1, t - 1), stay)
        order = max(value + worth(x - 1, t - 1), stay)
        return float((1 - any_) * stay + a * street + (any_ - a) * order)

    made = table(units, walk_in, online, 1.0, value, steps)
    assert made.value[steps, units] == pytest.approx(worth(units, steps), abs=1e-12)
    for t in range(1, steps + 1):
        marginal = [worth(x, t) - worth(x - 1, t) for x in range(1, units + 1)]
        assert made.keep[t] == sum(m > value for m in marginal)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.floats(0.1, 9), st.floats(0.1, 9), st.floats(0.05, 1.2))
def test_more_time_keeps_more_and_a_better_order_keeps_less(
    units: int, walk_in: float, online: float, value: float
) -> None:
    made = table(units, walk_in, online, 1.0, value)
    assert (np.diff(made.keep) >= 0).all()
    p = Problem(units, walk_in, online, 1.0, value)
    assert protect(replace(p, online_value=value + 0.1)).keep <= protect(p).keep
    assert protect(replace(p, walk_in=walk_in * 1.5)).keep >= protect(p).keep
    assert protect(replace(p, walk_in=0.0)).keep == 0 or value < 0


def test_nothing_is_kept_for_nobody_and_orders_worth_as_much_are_taken() -> None:
    assert protect(replace(USUAL, walk_in=0.0, online=0.0)).keep == 0
    assert protect(replace(USUAL, online_value=1.0)).keep == 0
    assert protect(replace(USUAL, units=0)) == rationing.Decision(0, 0.0, 1.0)
    assert 0 < protect(USUAL).keep < 8


def test_a_unit_is_worth_less_the_more_there_are() -> None:
    worths = [protect(replace(USUAL, units=n)).worth for n in range(1, 20)]
    assert worths == sorted(worths, reverse=True)
    assert worths[0] == pytest.approx(0.99, abs=0.02)


def test_every_cell_of_the_grid_is_close_and_fixed_buffers_are_not() -> None:
    some = cells()[::9]
    losses = np.array([_losses(p, 48, 1000) for p in some])
    assert losses[:, 0].max() <= 0.003
    assert losses[:, 1].max() > 0.05
    assert (losses > -1e-9).all()


def test_a_threshold_that_does_not_look_at_the_clock_is_seen() -> None:
    """The negative control: ours with one look only is as bad as a constant."""
    losses = [_losses(p, 1, 1000)[0] for p in cells()[::9]]
    assert max(losses) > 0.003
