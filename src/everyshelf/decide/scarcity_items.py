"""Scarcity prices of items that never share a parcel: each item alone, thousands of them at once.

Then the linear program of `scarcity` falls apart into one transport problem for each item, solved
exactly by shortest paths; the prices are the same. Where items do share parcels a part of the
parcel can be put into `unit`; that is an estimate. Plain Python that numba also compiles.
"""

from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from everyshelf.decide.scarcity import Prices, averaged, deal

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NOBODY: Final = -1
# Two chains of moves that differ by less cost the same.
EPSILON: Final = 1e-9


def decide(
    unit: Floats, left: Floats, stock: Ints, expected: Floats, scenarios: int = 16, seed: int = 0
) -> Prices:
    """Average prices (item, node) over so many drawn futures.

    `unit` (place, node): serving one unit, infinite where no lane goes. `left` (item, place): a
    unit that nobody serves. `expected` (item, place): units until the horizon.
    """
    dice = np.random.default_rng(seed)
    found = np.zeros((scenarios, *stock.shape))
    values = np.zeros(scenarios)
    for s, units in enumerate(deal(dice, expected, None, scenarios)):
        demand = np.bincount(units, minlength=expected.size).reshape(expected.shape)
        values[s] = compiled()(unit, left, demand, stock.astype(np.int64), found[s])
    return averaged(values, found)


def shortest(
    p: int, unit: Floats, left: Floats, stock: Ints, flow: Ints, free: Ints, dual: Floats,
    far: Floats, done: Bools, before: Ints, through: Ints,
) -> tuple[float, int, int]:  # fmt: skip
    """How far a unit for place p has to go: the length, the last node, and who is given up there.

    The vertices are the nodes; from k to n leads whoever is served from k and could be from n.
    """
    places, nodes = unit.shape
    for k in range(nodes):
        far[k] = unit[p, k] + dual[k]
        done[k] = stock[k] <= 0
        before[k] = NOBODY
        through[k] = p
    nearest, end, given_up = left[p], NOBODY, p
    while True:
        k = NOBODY
        for n in range(nodes):
            if not done[n] and far[n] < nearest and (k < 0 or far[n] < far[k]):
                k = n
        if k < 0:
            return nearest, end, given_up
        if free[k] > 0:
            return far[k], k, NOBODY
        done[k] = True
        for q in range(places):
            if flow[q, k] > 0:
                base = far[k] - unit[q, k] - dual[k]
                if base + left[q] < nearest:
                    nearest, end, given_up = base + left[q], k, q
                for n in range(nodes):
                    step = base + unit[q, n] + dual[n]
                    if not done[n] and step < far[n]:
                        far[n] = step
                        before[n] = k
                        through[n] = q


def push(
    amount: int, end: int, given_up: int, flow: Ints, free: Ints, before: Ints, through: Ints
) -> int:
    """Moves as many units along the path as it carries; returns how many."""
    if given_up < 0:
        amount = min(amount, free[end])
    elif end >= 0:
        amount = min(amount, flow[given_up, end])
    k = end
    while k >= 0 and before[k] >= 0:
        amount = min(amount, flow[through[k], before[k]])
        k = before[k]
    if given_up < 0:
        free[end] -= amount
    elif end >= 0:
        flow[given_up, end] -= amount
    k = end
    while k >= 0:
        flow[through[k], k] += amount
        if before[k] >= 0:
            flow[through[k], before[k]] -= amount
        k = before[k]
    return amount


def transport(unit: Floats, left: Floats, demand: Ints, stock: Ints, price: Floats) -> float:
    """The least cost of one item's demand; writes what one unit less at each node would cost.

    Serves place after place along shortest paths of the residual graph, with the potentials of
    Edmonds and Karp (1972), so that each step is optimal for its part.
    """
    places, nodes = unit.shape
    flow = np.zeros((places, nodes), np.int64)
    free = stock.copy()
    dual = np.zeros(nodes)
    far = np.empty(nodes)
    done = np.empty(nodes, np.bool_)
    before = np.empty(nodes, np.int64)
    through = np.empty(nodes, np.int64)
    total = 0.0
    for p in range(places):
        rest = demand[p]
        total += rest * left[p]
        while rest > 0:
            length, end, given_up = shortest(
                p, unit, left, stock, flow, free, dual, far, done, before, through
            )
            for k in range(nodes):
                if stock[k] > 0 and far[k] < length:
                    dual[k] += length - far[k]
            rest -= push(rest, end, given_up, flow, free, before, through)
    for p in range(places):
        for k in range(nodes):
            if flow[p, k] > 0:
                total -= flow[p, k] * (left[p] - unit[p, k])
    lacks(unit, left, stock, flow, free, price)
    return float(total)


def lacks(unit: Floats, left: Floats, stock: Ints, flow: Ints, free: Ints, price: Floats) -> None:
    """What a unit less at a node costs: the cheapest chain of moves that ends at a unit left over
    or at a customer who is not served. Nothing where units are left over, or where none are."""
    places, nodes = unit.shape
    for k in range(nodes):
        price[k] = np.inf if free[k] <= 0 and stock[k] > 0 else 0.0
    changed = True
    while changed:
        changed = False
        for k in range(nodes):
            if free[k] <= 0 and stock[k] > 0:
                for p in range(places):
                    if flow[p, k] > 0:
                        least = left[p]
                        for n in range(nodes):
                            if n != k and stock[n] > 0:
                                least = min(least, unit[p, n] + price[n])
                        if least - unit[p, k] < price[k] - EPSILON:
                            price[k] = least - unit[p, k]
                            changed = True


def transport_each(unit: Floats, left: Floats, demand: Ints, stock: Ints, price: Floats) -> float:
    """`transport` for every item; returns what all of them cost."""
    total = 0.0
    for i in range(len(stock)):
        total += transport(unit, left[i], demand[i], stock[i], price[i])
    return total


@lru_cache(maxsize=1)
def compiled() -> Callable[..., float]:
    """`transport_each` as machine code; takes seconds the first time in a process."""
    from numba import njit

    jit: Any = njit
    names: dict[str, Any] = dict(globals())
    for part in (shortest, push, lacks, transport, transport_each):
        names[part.__name__] = jit(FunctionType(part.__code__, names, part.__name__))
    made: Callable[..., float] = names["transport_each"]
    return made
