"""The cheapest plan of one order of single units over every set of nodes; the loop of `scarcity`.

Plain Python that numba also compiles. It fits networks of some ten nodes: 2^nodes sets.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def subsets(nodes: int, most: int) -> Ints:
    """Bit masks of the sets of up to `most` nodes, the smallest first."""
    found = [m for m in range(1 << nodes) if m.bit_count() <= most]
    return np.array(sorted(found, key=lambda m: (m.bit_count(), m)), np.int64)


def best_plan(
    items: Ints, parcel: Floats, unit: Floats, left: float, price: Floats, sets: Ints, out: Ints
) -> float:
    """The least cost of serving one unit of each item; writes the node of each item (-1: left)."""
    nodes, lines = len(parcel), len(items)
    best, chosen = np.inf, np.int64(0)
    for mask in sets:
        total = 0.0
        count = 0
        for n in range(nodes):
            if mask >> n & 1:
                total += parcel[n]
                count += 1
        if count > lines:
            break
        for r in range(lines):
            least = left
            for n in range(nodes):
                if mask >> n & 1:
                    least = min(least, unit[n] + price[items[r], n])
            total += least
            if total >= best:
                break
        if total < best:
            best, chosen = total, mask
    for r in range(lines):
        least = left
        out[r] = -1
        for n in range(nodes):
            if chosen >> n & 1 and unit[n] + price[items[r], n] < least:
                least = unit[n] + price[items[r], n]
                out[r] = n
    return float(best)


@lru_cache(maxsize=1)
def compiled() -> Callable[..., float]:
    """`best_plan` as machine code."""
    from numba import njit

    jit: Any = njit
    made: Callable[..., float] = jit(best_plan)
    return made
