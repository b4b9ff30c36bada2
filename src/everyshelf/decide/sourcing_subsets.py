"""The exact choice for orders of few lines: the best node for each set of lines, then the best way
to part the lines into sets.

Each line comes whole from one node, or is left at its penalty. A node is asked for every set of the
lines that it can serve; the sets are then put together by dynamic programming over parts of the
order (2^lines values, 3^lines steps). Exact in int64. The functions are plain Python over arrays
that numba also compiles.
"""

from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MOST_LINES = 10
# Nobody waits for a compiler: below this the plain functions answer, in some 50 ms at most, with
# the same plan to the last tie.
PLAIN_STEPS = 60_000
FAR = np.int64(1) << np.int64(62)
# The place of the lowest bit of each mask.
LOWEST = np.array([0] + [(s & -s).bit_length() - 1 for s in range(1, 1 << MOST_LINES)], np.int64)

Best = Callable[..., int]
Batch = Callable[..., None]


def best_nodes(opening: Ints, cost: Ints, able: Ints, value: Ints, node: Ints, sums: Ints) -> None:
    """Per set of lines (a bit mask) the least cost of one node that serves them, and which.

    `opening` (n), `cost` (n, r): the line whole from there, `able` (n): the lines it can serve.
    Writes `value` and `node` (2^r); the first of equals wins. `sums` is room for 2^r numbers.
    """
    for s in range(len(value)):
        value[s] = FAR
        node[s] = -1
    for n in range(len(opening)):
        mask = able[n]
        if mask == 0:
            continue
        base = opening[n]
        sums[0] = base
        s = mask & -mask
        while s:
            total = sums[s & (s - 1)] + cost[n, LOWEST[s]]
            sums[s] = total
            if total < value[s]:
                value[s] = total
                node[s] = n
            s = (s - mask) & mask


def part(value: Ints, dummy: Ints, most: int, table: Ints, took: Ints) -> int:
    """The least cost of serving all lines from at most `most` sets; what no set serves costs its
    penalty (`dummy`, r).

    Writes `table` and `took` (most + 1, 2^r): the least cost of the lines in a mask with so many
    sets, and the set taken last (0: none). Returns the least cost.
    """
    lines = len(dummy)
    full = (1 << lines) - 1
    table[0, 0] = 0
    for s in range(1, full + 1):
        table[0, s] = table[0, s & (s - 1)] + dummy[LOWEST[s]]
        took[0, s] = 0
    table[1, 0] = took[1, 0] = 0
    for s in range(1, full + 1):
        best, choice = value[s], s
        for r in range(lines):
            if s >> r & 1 and table[1, s ^ (1 << r)] + dummy[r] < best:
                best = table[1, s ^ (1 << r)] + dummy[r]
                choice = took[1, s ^ (1 << r)]
        table[1, s], took[1, s] = best, choice
    for k in range(2, most + 1):
        table[k, 0] = 0
        # The last round is asked for all lines only, and for what is left when the first lines go
        # unserved: the others are enough in fewer rounds.
        for step in range(1, (full if k < most else lines) + 1):
            s = step if k < most else full & ~((1 << (lines - step)) - 1)
            low = s & -s
            rest = s ^ low
            best = table[k, rest] + dummy[LOWEST[s]]
            choice = 0
            t = rest
            while True:
                if value[t | low] < best:
                    total = value[t | low] + table[k - 1, rest ^ t]
                    if total < best:
                        best = total
                        choice = t | low
                if t == 0:
                    break
                t = (t - 1) & rest
            table[k, s] = best
            took[k, s] = choice
    return int(table[most, full])


def chosen(node: Ints, took: Ints, most: int, lines: int, out: Ints) -> int:
    """Reads the plan back: writes the node of each line to `out` (-1: left); how many nodes."""
    s = (1 << lines) - 1
    k = most
    for r in range(lines):
        out[r] = -1
    while s and k > 0:
        block = took[k, s]
        if block == 0:
            s &= s - 1
            continue
        for r in range(lines):
            if block >> r & 1:
                out[r] = node[block]
        s ^= block
        k -= 1
    return most - k


def exact(
    opening: Ints, cost: Ints, able: Ints, dummy: Ints, most: int, out: Ints, value: Ints,
    node: Ints, sums: Ints, table: Ints, took: Ints,
) -> int:  # fmt: skip
    """The least cost of one order, and in `out` the node of each line."""
    best_nodes(opening, cost, able, value, node, sums)
    best = part(value, dummy, most, table, took)
    chosen(node, took, most, len(dummy), out)
    return int(best)


def trim(
    opening: Ints,
    low: Ints,
    able: Ints,
    most: int,
    total: int,
    sums: Ints,
    table: Ints,
    keep: Bools,
) -> None:
    """Writes to `keep` the nodes that could be in a plan cheaper than `total`.

    `low` (n, r): no less than what the line costs when the node has a part in it; `table`: of
    `exact` on those costs. A plan with the node costs no less than its opening, its lines at their
    floors, and the others' lines by the fewer nodes that are left.
    """
    full = table.shape[1] - 1
    for n in range(len(opening)):
        mask = able[n]
        sums[0] = opening[n]
        best = FAR
        s = mask & -mask
        while s:
            sums[s] = sums[s & (s - 1)] + low[n, LOWEST[s]]
            best = min(best, sums[s] + table[most - 1, full ^ s])
            s = (s - mask) & mask
        keep[n] = best < total


@lru_cache(maxsize=1)
def compiled() -> Best:
    """`exact` as machine code."""
    from numba import njit

    jit: Any = njit
    names: dict[str, Any] = dict(globals())
    for one in (best_nodes, part, chosen, exact):
        names[one.__name__] = jit(FunctionType(one.__code__, names, one.__name__))
    found: Best = names["exact"]
    return found


@lru_cache(maxsize=1)
def compiled_trim() -> Callable[..., None]:
    """`trim` as machine code."""
    from numba import njit

    jit: Any = njit
    made: Callable[..., None] = jit(FunctionType(trim.__code__, dict(globals()), "trim"))
    return made


def is_compiled() -> bool:
    """Whether this process already has the machine code."""
    return compiled.cache_info().currsize > 0


def solve(opening: Ints, cost: Ints, able: Ints, dummy: Ints, most: int) -> tuple[int, Ints]:
    """The least cost of one order and the node of each line (-1: left); see `exact`."""
    best, out, _ = _exact(opening, cost, able, dummy, most)
    return best, out


def bound(
    opening: Ints, low: Ints, able: Ints, dummy: Ints, most: int, total: int
) -> tuple[int, Bools]:
    """The least cost at these floors, and the nodes that could be in a plan below `total`."""
    best, _, table = _exact(opening, low, able, dummy, most)
    keep = np.empty(len(opening), np.bool_)
    sums = np.empty(table.shape[1], np.int64)
    plain = not is_compiled() and _steps(len(opening), len(dummy), most) <= PLAIN_STEPS
    (trim if plain else compiled_trim())(opening, low, able, most, total, sums, table, keep)
    return best, keep


def _exact(opening: Ints, cost: Ints, able: Ints, dummy: Ints, most: int) -> tuple[int, Ints, Ints]:
    lines = len(dummy)
    out = np.empty(lines, np.int64)
    rows = np.empty((3, 1 << lines), np.int64)
    tables = np.empty((2, most + 1, 1 << lines), np.int64)
    plain = not is_compiled() and _steps(len(opening), lines, most) <= PLAIN_STEPS
    run = exact if plain else compiled()
    best = run(opening, cost, able, dummy, most, out, *rows, *tables)
    return int(best), out, tables[0]


def _steps(nodes: int, lines: int, most: int) -> int:
    """About how many steps `exact` takes."""
    return int(nodes * 2**lines + most * 3**lines)
