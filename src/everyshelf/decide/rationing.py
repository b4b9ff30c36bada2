"""Decides how many of a store's units are kept for people who walk in, until the next delivery.

Two kinds of demand arrive at random (Poisson) for the same units: a walk-in sale earns its margin,
an online order earns less here, since it can be served from elsewhere. With so many units and so
much time left an online order is worth taking as long as it earns at least what the unit is worth
to those still to come (a threshold in time: Topkis 1968). What is left at the delivery is worth
nothing more here. It does not know seasons within a day, nor lots.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# One step of time sees so much demand: with one arrival a step at most, the error is of its order.
DEMAND_PER_STEP: Final = 0.05
MOST_STEPS: Final = 4_000
MOST_UNITS: Final = 500


class Problem(msgspec.Struct, frozen=True):
    """One item at one node: `units` there, expected `walk_in` and `online` units until the next
    delivery, what a unit earns sold to either (`walk_in_value`, `online_value`; any one money)."""

    units: int
    walk_in: float
    online: float
    walk_in_value: float
    online_value: float


class Decision(msgspec.Struct, frozen=True):
    """`keep`: how many units are kept for walk-ins now. `worth`: what the last unit is worth to
    those who come later, so what a sale online must earn at least. `sold`: the chance that the last
    unit would be sold to somebody who walks in."""

    keep: int
    worth: float
    sold: float


class Table(msgspec.Struct, frozen=True):
    """`value[t, x]`: what x units earn with t steps to go; `keep[t]`: units kept for walk-ins."""

    value: Floats
    keep: Ints


def decide(problems: Sequence[Problem]) -> list[Decision]:
    """How many units each cell keeps now."""
    return [protect(problem) for problem in problems]


def protect(p: Problem) -> Decision:
    """How many units are kept now."""
    units = min(max(p.units, 0), MOST_UNITS)
    made = table(_cap(units), p.walk_in, p.online, p.walk_in_value, p.online_value)
    value = made.value[-1]
    worth = float(value[units] - value[units - 1]) if units else 0.0
    return Decision(int(min(made.keep[-1], units)), worth, at_least(p.walk_in, units))


def _cap(units: int) -> int:
    """Tables are made for round numbers of units, so that a sale does not make a new one."""
    cap = 4
    while cap < units:
        cap *= 2
    return cap


@lru_cache(maxsize=4096)
def table(
    units: int, walk_in: float, online: float, walk_in_value: float, online_value: float,
    steps: int | None = None,
) -> Table:  # fmt: skip
    """Backward in time over `steps` (None: as many as the demand asks for), at most one arrival in
    a step. With demand far above the units, what lies beyond them is still the same to a unit."""
    many = steps or steps_for(walk_in, online)
    a, b = _chances(walk_in, online, many)
    value = np.zeros((many + 1, units + 1))
    keep = np.zeros(many + 1, np.int64)
    compiled()(value, keep, a, b, walk_in_value, online_value)
    return Table(value, keep)


def fill(
    value: Floats, keep: Ints, a: float, b: float, walk_in_value: float, online_value: float
) -> None:
    """Fills the table from the delivery backward; `a`, `b`: the chances of one step."""
    for t in range(1, value.shape[0]):
        count = 0
        for x in range(1, value.shape[1]):
            gain = value[t - 1, x] - value[t - 1, x - 1]
            more = a * max(walk_in_value - gain, 0.0) + b * max(online_value - gain, 0.0)
            value[t, x] = value[t - 1, x] + more
            if value[t, x] - value[t, x - 1] > online_value:
                count += 1
        keep[t] = count


@lru_cache(maxsize=1)
def compiled() -> Callable[..., None]:
    """`fill` as machine code."""
    from numba import njit

    made: Callable[..., None] = njit(fill)
    return made


def steps_for(walk_in: float, online: float) -> int:
    """Steps in which so much demand comes one by one."""
    return int(min(MOST_STEPS, max(20, np.ceil((walk_in + online) / DEMAND_PER_STEP))))


def _chances(walk_in: float, online: float, steps: int) -> tuple[float, float]:
    """Chances of a walk-in and of an order in one step: uniformised, so that they add up to one
    step's arrivals at most."""
    total = (walk_in + online) / steps
    any_ = -np.expm1(-total)
    share = walk_in / (walk_in + online) if walk_in + online else 0.0
    return any_ * share, any_ * (1 - share)


def at_least(mean: float, units: int) -> float:
    """The chance that a Poisson count of this mean reaches `units`."""
    if units <= 0:
        return 1.0
    term, below = float(np.exp(-mean)), 0.0
    for k in range(units):
        below += term
        term *= mean / (k + 1)
    return max(0.0, 1.0 - below)
