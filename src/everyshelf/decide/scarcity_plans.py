"""The cheapest plan of one order of single units over every set of nodes; the loop of `scarcity`.

Plain Python that numba also compiles. It fits orders of few items or networks of some ten nodes.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST_NODES: Final = 62


def subsets(nodes: int, most: int) -> Ints:
    """Bit masks of the sets of up to `most` of at most 62 nodes, the smallest first."""
    assert nodes <= MOST_NODES, "the sets of so many nodes do not fit into a word"
    sizes = range(min(most, nodes) + 1)
    found = [sum(1 << n for n in some) for k in sizes for some in combinations(range(nodes), k)]
    return np.array(found, np.int64)


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
