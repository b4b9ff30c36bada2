"""The search behind sourcing: which nodes to open, as branch and bound over integer arrays.

Opening node n costs `opening[n]`; q units of line r there cost `entry[r, n] + q * unit[r, n]`; a
unit left unserved costs `penalty[r]`. All is exact in int64. The functions are plain Python over
arrays that numba also compiles; numba is imported only when `compiled` is first called.
"""

from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Search = Callable[..., tuple[int, Ints, int, int, bool]]
Improve = Callable[..., tuple[int, Ints]]

MASK_NODES = 10
PASSES = 64


def cheapest(
    r: int,
    opened: Ints,
    whole: Ints,
    unit: Ints,
    entry: Ints,
    stock: Ints,
    qty: Ints,
    penalty: Ints,
    split: bool,
) -> int:
    """The cost of one line from the opened nodes: whole at one, or split over a subset of them."""
    best = penalty[r] * qty[r]
    count = 0
    holders = np.empty(len(opened), np.int64)
    for n in opened:
        if stock[r, n] > 0:
            best = min(best, whole[r, n])
            holders[count] = n
            count += 1
    if not split or count < 2:
        return int(best)
    for i in range(1, count):
        for j in range(i, 0, -1):
            if unit[r, holders[j]] < unit[r, holders[j - 1]]:
                kept = holders[j]
                holders[j] = holders[j - 1]
                holders[j - 1] = kept
    every = count > MASK_NODES
    for mask in range(1, 2 if every else 1 << count):
        left = qty[r]
        cost = np.int64(0)
        for i in range(count):
            if (every or mask >> i & 1) and left > 0:
                took = min(left, stock[r, holders[i]])
                cost += entry[r, holders[i]] + took * unit[r, holders[i]]
                left -= took
        best = min(best, cost + left * penalty[r])
    return int(best)


def evaluate(
    opened: Ints,
    whole: Ints,
    opening: Ints,
    unit: Ints,
    entry: Ints,
    stock: Ints,
    qty: Ints,
    penalty: Ints,
    split: bool,
) -> int:
    """The exact cost of opening these nodes and serving every line from them."""
    total = 0
    for n in opened:
        total += int(opening[n])
    for r in range(len(qty)):
        total += cheapest(r, opened, whole, unit, entry, stock, qty, penalty, split)
    return total


def dual_bound(
    low: Ints, dummy: Ints, opening: Ints, status: Ints, slack: Ints, price: Ints
) -> int:
    """A lower bound by dual ascent (Erlenkotter 1978): raise line prices while nodes can pay."""
    base = 0
    for n in range(len(opening)):
        slack[n] = opening[n] if status[n] < 0 else 0
        if status[n] == 1:
            base += int(opening[n])
    for r in range(len(dummy)):
        price[r] = dummy[r]
        for n in range(len(opening)):
            if status[n] != 0 and low[r, n] < price[r]:
                price[r] = low[r, n]
    for _ in range(PASSES):
        changed = False
        for r in range(len(dummy)):
            step = dummy[r] - price[r]
            for n in range(len(opening)):
                if status[n] != 0 and step > 0:
                    above = low[r, n] - price[r]
                    step = min(step, above if above > 0 else slack[n])
            if step > 0:
                changed = True
                for n in range(len(opening)):
                    if status[n] != 0 and low[r, n] <= price[r]:
                        slack[n] -= step
                price[r] += step
        if not changed:
            break
    for r in range(len(dummy)):
        base += int(price[r])
    return base


def fill_bound(
    opening: Ints,
    status: Ints,
    by_unit: Ints,
    unit: Ints,
    entry: Ints,
    stock: Ints,
    qty: Ints,
    penalty: Ints,
) -> int:
    """A lower bound that respects stock: fill each line from its cheapest units, all nodes open."""
    total = 0
    for n in range(len(opening)):
        if status[n] == 1:
            total += int(opening[n])
    for r in range(len(qty)):
        left = qty[r]
        cost = np.int64(0)
        for n in by_unit[r]:
            if left > 0 and status[n] != 0 and stock[r, n] > 0:
                took = min(left, stock[r, n])
                cost += took * unit[r, n]
                left -= took
        cost += left * penalty[r]
        total += int(cost)
    return total


def choose(low: Ints, status: Ints, slack: Ints, price: Ints) -> int:
    """The undecided node to branch on: the tight one that the line prices lean on most."""
    best = -1
    best_tight = False
    best_score = np.int64(0)
    for n in range(len(status)):
        if status[n] < 0:
            score = np.int64(0)
            for r in range(len(price)):
                score += max(np.int64(0), price[r] - low[r, n])
            tight = slack[n] == 0
            if (
                best < 0
                or (tight and not best_tight)
                or (tight == best_tight and score > best_score)
            ):
                best, best_tight, best_score = n, tight, score
    return best


def search(
    opening: Ints,
    unit: Ints,
    entry: Ints,
    stock: Ints,
    qty: Ints,
    penalty: Ints,
    whole: Ints,
    low: Ints,
    by_unit: Ints,
    most: int,
    split: bool,
    best: int,
    limit: int,
) -> tuple[int, Ints, int, int, bool]:
    """Depth first over in/out; returns cost, nodes, root bound, expansions, whether it finished."""
    count = len(opening)
    dummy = penalty * qty
    status = np.full(count, -1, np.int64)
    trail = np.empty(count + 1, np.int64)
    slack = np.empty(count, np.int64)
    price = np.empty(len(qty), np.int64)
    winner = np.empty(0, np.int64)
    depth = expansions = root = 0
    while True:
        expansions += 1
        opened = np.flatnonzero(status == 1)
        bound = dual_bound(low, dummy, opening, status, slack, price)
        if split:
            bound = max(
                bound, fill_bound(opening, status, by_unit, unit, entry, stock, qty, penalty)
            )
        if expansions == 1:
            root = bound
        branch = -1
        if bound < best:
            cost = evaluate(opened, whole, opening, unit, entry, stock, qty, penalty, split)
            if cost < best:
                best, winner = cost, opened
            tight = np.flatnonzero((status == 1) | ((status < 0) & (slack == 0)))
            if len(opened) < len(tight) <= most:
                cost = evaluate(tight, whole, opening, unit, entry, stock, qty, penalty, split)
                if cost < best:
                    best, winner = cost, tight
            if len(opened) < most:
                branch = choose(low, status, slack, price)
        if branch >= 0 and bound < best:
            status[branch] = 1
            trail[depth] = branch
            depth += 1
        else:
            while depth > 0 and status[trail[depth - 1]] == 0:
                depth -= 1
                status[trail[depth]] = -1
            if depth == 0:
                return best, winner, root, expansions, True
            status[trail[depth - 1]] = 0
        if expansions >= limit:
            return best, winner, root, expansions, False


def improve(
    start: Ints,
    whole: Ints,
    opening: Ints,
    unit: Ints,
    entry: Ints,
    stock: Ints,
    qty: Ints,
    penalty: Ints,
    split: bool,
    most: int,
) -> tuple[int, Ints]:
    """Adds a node, or exchanges one, as long as that pays: a good plan before the proof begins."""
    nodes = start
    opened = np.zeros(len(opening), np.bool_)
    for n in nodes:
        opened[n] = True
    best = evaluate(nodes, whole, opening, unit, entry, stock, qty, penalty, split)
    while True:
        found = best
        enters = leaves = 0
        for n in np.flatnonzero(~opened):
            opened[n] = True
            for k in range(min(len(nodes) + 1, most)):
                if k < len(nodes):
                    opened[nodes[k]] = False
                trial = np.flatnonzero(opened)
                cost = evaluate(trial, whole, opening, unit, entry, stock, qty, penalty, split)
                if cost < found:
                    found, enters, leaves = cost, int(n), k
                if k < len(nodes):
                    opened[nodes[k]] = True
            opened[n] = False
        if found >= best:
            return best, nodes
        opened[enters] = True
        if leaves < len(nodes):
            opened[nodes[leaves]] = False
        best, nodes = found, np.flatnonzero(opened)


@lru_cache(maxsize=1)
def _machine() -> dict[str, Any]:
    """Every function here as machine code, by its name."""
    from numba import njit

    jit: Any = njit
    names: dict[str, Any] = dict(globals())
    for part in (cheapest, evaluate, dual_bound, fill_bound, choose, search, improve):
        names[part.__name__] = jit(FunctionType(part.__code__, names, part.__name__))
    return names


@lru_cache(maxsize=1)
def compiled() -> tuple[Search, Improve]:
    """The search and its beginning as machine code; takes seconds the first time in a process."""
    return _machine()["search"], _machine()["improve"]


def compiled_evaluate() -> Callable[..., int]:
    """`evaluate` as machine code."""
    found: Callable[..., int] = _machine()["evaluate"]
    return found


def is_compiled() -> bool:
    """Whether this process already has the machine code."""
    return compiled.cache_info().currsize > 0
