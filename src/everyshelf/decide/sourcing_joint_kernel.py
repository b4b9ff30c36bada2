"""The loops of `sourcing_joint`, over flat arrays: the best nodes of one order at given prices,
prices by subgradients, and moves and swaps. Plain Python that numba also compiles.
"""

from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from everyshelf.decide import sourcing_subsets as subsets
from everyshelf.decide.sourcing_subsets import exact

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
FAR = int(subsets.FAR)


def one(
    o: int, line: Ints, qty: Ints, left: Ints, first: Ints, node: Ints, opening: Ints, cost: Ints,
    cell: Ints, free: Ints, room: Ints, most: int, unit_price: Floats, work_price: Floats,
    out: Ints,
) -> int:  # fmt: skip
    """The cheapest nodes of one order at these prices, where units and work are left; writes the
    candidates of its lines to `out`. Two lines of an order never draw on one cell."""
    a, lines = line[o], line[o + 1] - line[o]
    c, count = first[o], first[o + 1] - first[o]
    if lines == 1:
        best, at = left[a], -1
        for k in range(c, c + count):
            i = cell[k, 0]
            if i >= 0 and free[i] >= qty[a] and room[node[k]] > 0:
                total = opening[k] + cost[k, 0]
                total += np.int64(work_price[node[k]] + qty[a] * unit_price[i])
                if total < best:
                    best, at = total, k
        out[0] = at
        return int(best)
    opens, costs = np.empty(count, np.int64), np.empty((count, lines), np.int64)
    able, column = np.empty(count, np.int64), np.empty(count, np.int64)
    kept = 0
    for k in range(c, c + count):
        mask = 0
        if room[node[k]] > 0:
            for r in range(lines):
                i = cell[k, r]
                if i >= 0 and free[i] >= qty[a + r]:
                    costs[kept, r] = cost[k, r] + np.int64(qty[a + r] * unit_price[i])
                    mask |= 1 << r
        if mask:
            opens[kept] = opening[k] + np.int64(work_price[node[k]])
            able[kept], column[kept] = mask, k
            kept += 1
    sets = np.empty((3, 1 << lines), np.int64)
    tables = np.empty((2, most + 1, 1 << lines), np.int64)
    best = exact(
        opens[:kept], costs[:kept], able[:kept], left[a : a + lines], most, out, sets[0], sets[1],
        sets[2], tables[0], tables[1],
    )  # fmt: skip
    for r in range(lines):
        if out[r] >= 0:
            out[r] = column[out[r]]
    return int(best)


def price(
    o: int, line: Ints, qty: Ints, left: Ints, node: Ints, opening: Ints, cost: Ints, plan: Ints
) -> int:
    """What an order's plan costs."""
    total = 0
    for r in range(line[o + 1] - line[o]):
        k = plan[line[o] + r]
        if k < 0:
            total += left[line[o] + r]
            continue
        total += cost[k, r]
        if is_first(line[o], r, plan):
            total += opening[k]
    return total


def is_first(a: int, r: int, plan: Ints) -> bool:
    """Whether no earlier line of the order has the same candidate."""
    fresh = True
    for s in range(r):
        fresh = fresh and plan[a + s] != plan[a + r]
    return fresh


def draw(
    o: int, sign: int, line: Ints, qty: Ints, node: Ints, cell: Ints, free: Ints, room: Ints,
    plan: Ints,
) -> None:  # fmt: skip
    """Takes (or with -1 gives back) the units and the work of an order's plan."""
    a = line[o]
    for r in range(line[o + 1] - a):
        k = plan[a + r]
        if k >= 0:
            free[cell[k, r]] -= sign * qty[a + r]
            if is_first(a, r, plan):
                room[node[k]] -= sign


def put(
    line: Ints, qty: Ints, left: Ints, first: Ints, node: Ints, opening: Ints, cost: Ints,
    cell: Ints, free: Ints, room: Ints, most: int, order: Ints, unit_price: Floats,
    work_price: Floats, plan: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Puts the orders in, in this order, each the cheapest way at these prices; what all cost."""
    out = np.empty(64, np.int64)
    total, unserved = 0, 0
    for o in order:
        one(
            o, line, qty, left, first, node, opening, cost, cell, free, room, most, unit_price,
            work_price, out,
        )  # fmt: skip
        for r in range(line[o + 1] - line[o]):
            plan[line[o] + r] = out[r]
            unserved += out[r] < 0
        draw(o, 1, line, qty, node, cell, free, room, plan)
        total += price(o, line, qty, left, node, opening, cost, plan)
    return total, unserved


def search(
    line: Ints, qty: Ints, left: Ints, first: Ints, node: Ints, opening: Ints, cost: Ints,
    cell: Ints, free: Ints, room: Ints, most: int, rounds: int, target: float,
) -> tuple[float, Floats, Floats, Floats]:  # fmt: skip
    """Prices by subgradients (Held, Wolfe, Crowder 1974): the best bound, its prices, and per order
    how much it pays for scarce things."""
    orders = len(line) - 1
    plenty_units, plenty_work = np.full(len(free), FAR), np.full(len(room), FAR)
    mu, lam = np.zeros(len(free)), np.zeros(len(room))
    best_mu, best_lam, best = mu.copy(), lam.copy(), -1.0e300
    regret = np.zeros(orders)
    used, busy = np.empty(len(free)), np.empty(len(room))
    last_used, last_busy = np.zeros(len(free)), np.zeros(len(room))
    out = np.empty(64, np.int64)
    step, stale = 1.0, 0
    for _ in range(rounds):
        used[:], busy[:] = 0.0, 0.0
        total = 0.0
        for o in range(orders):
            total += one(
                o, line, qty, left, first, node, opening, cost, cell, plenty_units, plenty_work,
                most, mu, lam, out,
            )  # fmt: skip
            for r in range(line[o + 1] - line[o]):
                k = out[r]
                if k >= 0:
                    used[cell[k, r]] += qty[line[o] + r]
                    if is_first(0, r, out):
                        busy[node[k]] += 1.0
        bound = total - (mu * free).sum() - (lam * room).sum()
        if bound > best:
            best, stale = bound, 0
            best_mu[:], best_lam[:] = mu, lam
        else:
            stale += 1
            if stale >= 3:
                step, stale = step * 0.6, 0
        last_used = 0.7 * (used - free) + 0.3 * last_used
        last_busy = 0.7 * (busy - room) + 0.3 * last_busy
        norm = 0.0
        for i in range(len(free)):
            if mu[i] > 0.0 or last_used[i] > 0.0:
                norm += last_used[i] * last_used[i]
        for n in range(len(room)):
            if lam[n] > 0.0 or last_busy[n] > 0.0:
                norm += last_busy[n] * last_busy[n]
        if norm == 0.0:
            break
        size = step * max(target - bound, 1.0) / norm
        for i in range(len(free)):
            mu[i] = max(0.0, mu[i] + size * last_used[i])
        for n in range(len(room)):
            lam[n] = max(0.0, lam[n] + size * last_busy[n])
    for o in range(orders):
        dear = one(
            o, line, qty, left, first, node, opening, cost, cell, plenty_units, plenty_work, most,
            best_mu, best_lam, out,
        )  # fmt: skip
        plain = 0.0
        for r in range(line[o + 1] - line[o]):
            k = out[r]
            if k >= 0:
                plain += qty[line[o] + r] * best_mu[cell[k, r]]
                if is_first(0, r, out):
                    plain += best_lam[node[k]]
        regret[o] = plain if dear >= 0 else 0.0
    return best, best_mu, best_lam, regret


def sweep(
    line: Ints, qty: Ints, left: Ints, first: Ints, node: Ints, opening: Ints, cost: Ints,
    cell: Ints, free: Ints, room: Ints, most: int, sweeps: int, plan: Ints,
) -> int:  # fmt: skip
    """Moves orders to what is free, and lets them push another one out where both together gain;
    what all cost then."""
    orders = len(line) - 1
    none_units, none_work = np.zeros(len(free)), np.zeros(len(room))
    plenty_units, plenty_work = np.full(len(free), FAR), np.full(len(room), FAR)
    out, want = np.empty(64, np.int64), np.empty(64, np.int64)
    spent = np.empty(orders, np.int64)
    for o in range(orders):
        spent[o] = price(o, line, qty, left, node, opening, cost, plan)
    head, follow = np.full(len(room), -1, np.int64), np.full(len(plan), -1, np.int64)
    for _ in range(sweeps):
        gained = 0
        head[:] = -1
        for o in range(orders):
            for r in range(line[o + 1] - line[o]):
                k = plan[line[o] + r]
                if k >= 0 and is_first(line[o], r, plan):
                    follow[line[o] + r] = head[node[k]]
                    head[node[k]] = line[o] + r
        for o in range(orders):
            a, lines = line[o], line[o + 1] - line[o]
            ideal = one(
                o, line, qty, left, first, node, opening, cost, cell, plenty_units, plenty_work,
                most, none_units, none_work, want,
            )  # fmt: skip
            if ideal >= spent[o]:
                continue
            draw(o, -1, line, qty, node, cell, free, room, plan)
            now = one(
                o, line, qty, left, first, node, opening, cost, cell, free, room, most, none_units,
                none_work, out,
            )  # fmt: skip
            if now < spent[o]:
                gained += spent[o] - now
                spent[o] = now
                for r in range(lines):
                    plan[a + r] = out[r]
            draw(o, 1, line, qty, node, cell, free, room, plan)
            if ideal < spent[o]:
                gained += pushed(
                    o, ideal, want, line, qty, left, first, node, opening, cost, cell, free, room,
                    most, plan, spent, head, follow, none_units, none_work, out,
                )  # fmt: skip
        if gained == 0:
            break
    return int(spent.sum())


def pushed(
    o: int, ideal: int, want: Ints, line: Ints, qty: Ints, left: Ints, first: Ints, node: Ints,
    opening: Ints, cost: Ints, cell: Ints, free: Ints, room: Ints, most: int, plan: Ints,
    spent: Ints, head: Ints, follow: Ints, none_units: Floats, none_work: Floats, out: Ints,
) -> int:  # fmt: skip
    """Gives the order some single node that it wants, if one of those who work there moves
    elsewhere for less than that saves; what is gained."""
    a, lines = line[o], line[o + 1] - line[o]
    best_gain, best_p, best_k = 0, -1, -1
    draw(o, -1, line, qty, node, cell, free, room, plan)
    old = plan[a : a + lines].copy()
    if lines == 1:
        for k in range(first[o], first[o + 1]):
            i = cell[k, 0]
            gain = spent[o] - opening[k] - cost[k, 0] if i >= 0 else 0
            if gain <= best_gain:
                continue
            p, j = other(
                o, k, gain - best_gain, line, qty, left, first, node, opening, cost, cell, free,
                room, most, plan, spent, head, follow, none_units, none_work, out,
            )  # fmt: skip
            if p >= 0:
                best_gain, best_p, best_k = best_gain + j, p, k
    if best_p >= 0:
        p, b = best_p, line[best_p]
        draw(p, -1, line, qty, node, cell, free, room, plan)
        plan[a] = best_k
        draw(o, 1, line, qty, node, cell, free, room, plan)
        spent[o] = opening[best_k] + cost[best_k, 0]
        spent[p] = one(
            p, line, qty, left, first, node, opening, cost, cell, free, room, most, none_units,
            none_work, out,
        )  # fmt: skip
        for r in range(line[p + 1] - b):
            plan[b + r] = out[r]
        draw(p, 1, line, qty, node, cell, free, room, plan)
        return best_gain
    for r in range(lines):
        plan[a + r] = old[r]
    draw(o, 1, line, qty, node, cell, free, room, plan)
    return 0


def other(
    o: int, k: int, gain: int, line: Ints, qty: Ints, left: Ints, first: Ints, node: Ints,
    opening: Ints, cost: Ints, cell: Ints, free: Ints, room: Ints, most: int, plan: Ints,
    spent: Ints, head: Ints, follow: Ints, none_units: Floats, none_work: Floats, out: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Who works at the candidate's node and would move for the least, if less than `gain`; and what
    is left of the gain."""
    n, i, q = node[k], cell[k, 0], qty[line[o]]
    found, rest = -1, 0
    at = head[n]
    tried = 0
    while at >= 0 and tried < 12:
        p = np.searchsorted(line, at, side="right") - 1
        here = plan[at]
        if p != o and here >= 0 and node[here] == n:
            tried += 1
            draw(p, -1, line, qty, node, cell, free, room, plan)
            if free[i] >= q and room[n] > 0:
                free[i] -= q
                room[n] -= 1
                moved = one(
                    p, line, qty, left, first, node, opening, cost, cell, free, room, most,
                    none_units, none_work, out,
                )  # fmt: skip
                free[i] += q
                room[n] += 1
                saved = gain - (moved - spent[p])
                if saved > rest:
                    found, rest = p, saved
            draw(p, 1, line, qty, node, cell, free, room, plan)
        at = follow[at]
    return found, rest


@lru_cache(maxsize=1)
def _machine() -> dict[str, Any]:
    """Every function here as machine code, by its name."""
    from numba import njit

    jit: Any = njit
    names: dict[str, Any] = {**globals(), "exact": subsets.compiled()}
    for part in (is_first, one, price, draw, put, search, other, pushed, sweep):
        names[part.__name__] = jit(FunctionType(part.__code__, names, part.__name__))
    return names


def compiled() -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """`search`, `put` and `sweep` as machine code; takes seconds the first time in a process."""
    names = _machine()
    return names["search"], names["put"], names["sweep"]


def compiled_draw() -> Callable[..., Any]:
    """`draw` as machine code."""
    found: Callable[..., Any] = _machine()["draw"]
    return found
