"""When the n-th unit of a store begins to be kept for walk-ins: the exact optimum, without a grid.

With d[n] = what the n-th unit is worth to those still to come (a walk-in sale = 1, an online one =
v), r online orders come for each walk-in, time runs backward from the delivery and is counted in
expected walk-ins: d[n]' = g(d[n-1]) - g(d[n]), g(x) = x + r * min(x, v), d[0] = 1. Each d[n] grows,
and unit n is kept once it has passed v: its time. Between two such times the equations are linear,
so uniformisation (Grassmann 1977) solves them to the last digit: convex steps with Poisson weights.
The times do not depend on how many units there are, nor on the clock: one list serves a rule.
"""

from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache
from math import frexp, ldexp
from types import FunctionType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_UNITS: Final = 500  # Beyond so many a store is not short of units.
MOST_DEMAND: Final = 4_000.0  # Walk-ins and orders; with more ahead the floor grows no further.
STRIDE: Final = 2.0  # Events of a step; `TERMS` of them leave 1e-18 of the weight out.
TERMS: Final = 26
NOTHING: Final = 1e-17
SURE: Final = 1e-6  # Of a walk-in sale: an order is refused only if keeping the unit gains so much.
CLOSE: Final = 1e-12
MANY: Final = 1_000  # Lists that a process makes before machine code is worth its seconds.


def kept(walk_ins: float, ratio: float, value: float) -> int:
    """Units kept with so many walk-ins still expected: an order is taken while more are there."""
    if walk_ins <= 0 or value >= 1:
        return 0
    return bisect_left(times(ratio, value, horizon(walk_ins)), walk_ins)


def horizon(walk_ins: float) -> float:
    """The power of two above: a clock that moves does not make a new list at every look."""
    return ldexp(1.0, frexp(walk_ins)[1])


@lru_cache(maxsize=1 << 16)
def times(ratio: float, value: float, ahead: float) -> tuple[float, ...]:
    """For each unit, in expected walk-ins, how long before the delivery it begins to be kept."""
    quick = compiled.cache_info().currsize or times.cache_info().misses > MANY
    found: Floats = np.zeros(MOST_UNITS)
    count = (compiled() if quick else march)(ratio, value, ahead, found)
    return tuple(found[:count].tolist())


def march(ratio: float, value: float, ahead: float, found: Floats) -> int:
    """Writes the times within `ahead` walk-ins into `found`; how many."""
    speed = 1.0 + ratio
    end = min(ahead * speed, MOST_DEMAND)
    # Units that not even all demand together reaches are never kept: a billionth at most.
    most = min(len(found), int(end + 8.0 * np.sqrt(end)) + 30)
    ways = np.zeros((TERMS, most + 2))
    ways[0, 0] = 1.0
    weights = np.zeros(TERMS)
    now, top, passed, count = 0.0, 0, 0, 0
    while now < end and count < most:
        top = min(top + TERMS, most + 1)
        n = min(passed, most) + 1
        iterate(ways, top, n, ratio, value)
        step = min(STRIDE, end - now)
        weigh(weights, step)
        if mix(weights, ways[:, n]) > value:
            step = crossing(weights, ways[:, n], step, value)
            passed += 1
        weigh(weights, step)
        while count < min(passed, most) and mix(weights, ways[:, count + 1]) > value + SURE:
            found[count] = (now + crossing(weights, ways[:, count + 1], step, value + SURE)) / speed
            weigh(weights, step)
            count += 1
        ways[0, 1 : top + 1] *= weights[0]
        for j in range(1, TERMS):
            ways[0, 1 : top + 1] += weights[j] * ways[j, 1 : top + 1]
        now += step
        while ways[0, top] < NOTHING:
            ways[0, top] = 0.0
            top -= 1
    return count


def iterate(ways: Floats, top: int, n: int, ratio: float, value: float) -> None:
    """Row j becomes the expected worths after j events, while the units below n are kept."""
    a, b = 1.0 / (1.0 + ratio), ratio / (1.0 + ratio)
    for j in range(1, TERMS):
        old, new = ways[j - 1], ways[j]
        new[0] = 1.0
        new[1:n] = a * old[: n - 1] + b * old[1:n]
        new[n] = a * old[n - 1] + b * value
        new[n + 1 : top + 1] = old[n:top]


def weigh(weights: Floats, step: float) -> None:
    """The chances of 0, 1, 2... events in a step."""
    weights[0] = np.exp(-step)
    for j in range(1, TERMS):
        weights[j] = weights[j - 1] * step / j


def mix(weights: Floats, way: Floats) -> float:
    """The expected worth of a unit."""
    return float(np.sum(weights * way))


def crossing(weights: Floats, way: Floats, step: float, value: float) -> float:
    """The instant in the step at which the worth passes the value: Newton's, kept in brackets."""
    low, high, at = 0.0, step, step
    for _ in range(60):
        over = mix(weights, way) - value
        if over > 0:
            high = at
        else:
            low = at
        slope = float(np.sum(weights[:-1] * (way[1:] - way[:-1])))
        nearer = at - over / slope if slope > 0 else low
        if abs(nearer - at) < CLOSE or high - low < CLOSE:
            break
        at = nearer if low < nearer < high else (low + high) / 2
        weigh(weights, at)
    return at


@lru_cache(maxsize=1)
def compiled() -> Callable[[float, float, float, Floats], int]:
    """`march` as machine code; takes seconds the first time in a process."""
    from numba import njit

    jit: Any = njit
    names: dict[str, Any] = dict(globals())
    for part in (iterate, weigh, mix, crossing, march):
        names[part.__name__] = jit(FunctionType(part.__code__, names, part.__name__))
    made: Callable[[float, float, float, Floats], int] = names["march"]
    made(1.0, 0.5, 1.0, np.zeros(MOST_UNITS))
    return made
