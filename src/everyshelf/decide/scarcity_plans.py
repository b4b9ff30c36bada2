"""The cheapest plan of one order of single units over every set of nodes; the loop of `scarcity`.

Plain Python that numba also compiles. It fits orders of few items or networks of some ten nodes.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from types import FunctionType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# A plan must be cheaper by more than this to replace another.
EPSILON: Final = 1e-9
NOBODY: Final = -1


def subsets(nodes: int, most: int) -> Ints:
    """The sets of up to `most` nodes, the smallest first, a row each, filled up with -1."""
    most = min(most, nodes)
    chosen = [c for size in range(1, most + 1) for c in combinations(range(nodes), size)]
    found = np.full((len(chosen), most), NOBODY, np.int64)
    for row, some in zip(found, chosen, strict=True):
        row[: len(some)] = some
    return found


def best_plan(
    items: Ints, parcel: Floats, unit: Floats, left: float, price: Floats, sets: Ints, out: Ints
) -> float:
    """The least cost of serving one unit of each item; writes the node of each item (-1: left).

    `items` ends at its first -1. An infinite price bars a cell.
    """
    lines = 0
    while lines < len(items) and items[lines] >= 0:
        out[lines] = NOBODY
        lines += 1
    best = left * lines
    trial = np.empty(len(items), np.int64)
    for s in range(len(sets)):
        size = 0
        total = 0.0
        while size < sets.shape[1] and sets[s, size] >= 0:
            total += parcel[sets[s, size]]
            size += 1
        if size > lines:
            break
        for r in range(lines):
            least = left
            trial[r] = NOBODY
            for b in range(size):
                n = sets[s, b]
                if unit[n] + price[items[r], n] < least:
                    least = unit[n] + price[items[r], n]
                    trial[r] = n
            total += least
            if total >= best:
                break
        if total < best - EPSILON:
            best = total
            out[:lines] = trial[:lines]
    return float(best)


def best_plans(
    asked: Bools, items: Ints, parcel: Floats, unit: Floats, left: Floats, price: Floats,
    sets: Ints, cost: Floats, out: Ints,
) -> None:  # fmt: skip
    """`best_plan` of every kind of order asked for: kind = pattern * places + place."""
    places = len(left)
    for kind in range(len(asked)):
        if asked[kind]:
            p = kind % places
            cost[kind] = best_plan(
                items[kind // places], parcel[p], unit[p], left[p], price, sets, out[kind]
            )


@lru_cache(maxsize=1)
def compiled() -> tuple[Callable[..., float], Callable[..., None]]:
    """`best_plan` and `best_plans` as machine code."""
    from numba import njit

    jit: Any = njit
    names: dict[str, Any] = dict(globals())
    for part in (best_plan, best_plans):
        names[part.__name__] = jit(FunctionType(part.__code__, names, part.__name__))
    return names["best_plan"], names["best_plans"]
