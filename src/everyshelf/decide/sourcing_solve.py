"""Finds the cheapest set of nodes for one order's arrays: one node, a pair, or a proven search.

Most orders end at a bound that two additions prove; the branch and bound of `sourcing_kernel` is
the rest. It knows nothing of filters, policies or explanations.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from everyshelf.decide import sourcing_kernel as kernel
from everyshelf.decide import sourcing_subsets as subsets

Ints = NDArray[np.int64]

# Matrices of node pairs stay small, and a search visits at most CELLS cells times its expansions:
# about 10 ms, after which the gap is reported instead. What a longer one finds is less than what
# `improve` does in a few; where it proves nothing, it would keep the orders of a batch waiting.
PAIR_NODES = 1024
PYTHON_CELLS = 80
CELLS = 1_000_000
PYTHON_EXPANSIONS = 12


class Costs(msgspec.Struct, frozen=True):
    """The order's arrays; `whole[r, n]` = line r from n alone, what is lacking there penalised.

    `low` is a floor of what line r costs once n is open, however it is split.
    """

    opening: Ints
    unit: Ints
    entry: Ints
    stock: Ints
    qty: Ints
    penalty: Ints
    whole: Ints
    low: Ints
    most: int
    split: bool


class Plan(msgspec.Struct, frozen=True):
    """Columns to open and their full cost, and the proof."""

    nodes: tuple[int, ...]
    cost: int
    proven: bool
    bound: int
    expansions: int


def costs(
    opening: Ints, unit: Ints, entry: Ints, stock: Ints, qty: Ints, penalty: Ints,
    most: int, split: bool,
) -> Costs:  # fmt: skip
    """Derive the matrices that the search reads; splitting matters only where stock is partial."""
    need = qty[:, None]
    took = np.minimum(stock, need)
    dummy = (penalty * qty)[:, None]
    served = stock > 0
    whole = np.where(served, entry + took * unit + (need - took) * penalty[:, None], dummy)
    partial = split and bool((served & (stock < need)).any())
    low = _floors(unit, entry, stock, qty, whole) if partial else whole
    return Costs(opening, unit, entry, stock, qty, penalty, whole, low, most, partial)


def _floors(unit: Ints, entry: Ints, stock: Ints, qty: Ints, whole: Ints) -> Ints:
    """What a line costs at least when a node has a part in it. A node that holds too little leaves
    the rest to another one (a second entry, units no cheaper than the cheapest) or unserved; one
    that holds enough may share with a cheaper one that does not."""
    need, served = qty[:, None], stock > 0
    little = served & (stock < need)
    far = np.iinfo(np.int64).max // 4 // np.maximum(need, 1)
    cheap = np.where(served, unit, far).min(axis=1)[:, None]
    cheap_little = np.where(little, unit, far).min(axis=1)[:, None]
    few = np.where(served, entry, far).min(axis=1)[:, None]
    others = np.where(little, cheap, np.minimum(cheap_little, unit))
    shared = entry + few + unit + (need - 1) * others
    floors: Ints = np.where(served, np.minimum(whole, shared), whole)
    return floors


def solve(c: Costs, limit: int) -> Plan:
    """The cheapest plan; each stage stops as soon as no larger set can beat what is found."""
    alone = c.opening + c.whole.sum(axis=0)
    first = int(np.argmin(alone))
    nothing = int((c.penalty * c.qty).sum())
    best = min(int(alone[first]), nothing)
    floor = int(np.minimum(c.low.min(axis=1), c.penalty * c.qty).sum())
    plan = Plan((first,) if best < nothing else (), best, True, best, 0)
    ladder = np.sort(c.opening)
    if c.most < 2 or len(ladder) < 2 or best <= int(ladder[:2].sum()) + floor:
        return plan
    plan = msgspec.structs.replace(plan, bound=floor)
    if len(c.qty) <= subsets.MOST_LINES:
        plan, able = _by_subsets(c, plan)
        if plan.proven:
            return plan
        return _search(c, np.flatnonzero(able), plan, limit)
    elif c.split:
        # Whole lines first: that search is short, and its plan prunes the one with splits.
        plan = solve(msgspec.structs.replace(c, split=False, low=c.whole), limit)
        plan = msgspec.structs.replace(plan, bound=floor)
    keep = np.flatnonzero(c.opening + int(ladder[0]) + floor < plan.cost)
    if len(keep) <= PAIR_NODES:
        keep = _undominated(c, keep)
    if not c.split and len(keep) <= PAIR_NODES:
        plan = _pairs(c, keep, plan)
    three = np.sort(c.opening[keep])[:3]
    paired = not c.split and len(keep) <= PAIR_NODES
    pairs_suffice = c.most < 3 or len(three) < 3 or plan.cost <= int(three.sum()) + floor
    if len(keep) < 2 or (paired and pairs_suffice):
        return msgspec.structs.replace(plan, proven=True, bound=plan.cost)
    return _search(c, keep, plan, limit)


def _by_subsets(c: Costs, plan: Plan) -> tuple[Plan, NDArray[np.bool_]]:
    """The best plan with whole lines, and the nodes that a cheaper one with splits could use. It is
    proven when no line can be split, or when no plan would be cheaper at the lines' floors."""
    bits = np.left_shift(1, np.arange(len(c.qty), dtype=np.int64))
    able = bits @ (c.stock > 0).astype(np.int64)
    dummy = c.penalty * c.qty
    cost, lines = subsets.solve(c.opening, np.ascontiguousarray(c.whole.T), able, dummy, c.most)
    if cost < plan.cost:
        nodes = tuple(sorted({int(n) for n in lines if n >= 0}))
        plan = msgspec.structs.replace(plan, nodes=nodes, cost=cost)
    if not c.split:
        return msgspec.structs.replace(plan, bound=plan.cost), able > 0
    low = np.ascontiguousarray(c.low.T)
    bound, keep = subsets.bound(c.opening, low, able, dummy, c.most, plan.cost)
    bound = min(bound, plan.cost)
    done = bound == plan.cost or not keep.any()
    return msgspec.structs.replace(plan, proven=done, bound=plan.cost if done else bound), keep


def _undominated(c: Costs, keep: Ints) -> Ints:
    """Drop a node if another opens no dearer and serves every line no dearer (first of equals)."""
    opening = c.opening[keep]
    beats = opening[:, None] <= opening[None, :]
    for r in range(len(c.qty)):
        beats &= _no_dearer(c, keep, r)
    tie = beats & beats.T
    beats &= ~(tie & ~np.tri(len(keep), k=-1, dtype=np.bool_).T)
    return keep[~beats.any(axis=0)]


def _no_dearer(c: Costs, keep: Ints, r: int) -> NDArray[np.bool_]:
    """Whether [b, a]: b serves line r no dearer than a; where lines split, b must hold it all."""
    if not c.split:
        row = c.whole[r, keep]
        beats: NDArray[np.bool_] = row[:, None] <= row[None, :]
        return beats
    unit, entry, stock = c.unit[r, keep], c.entry[r, keep], c.stock[r, keep]
    cheap = (unit[:, None] <= unit[None, :]) & (entry[:, None] <= entry[None, :])
    able: NDArray[np.bool_] = (stock <= 0)[None, :] | (cheap & (stock >= c.qty[r])[:, None])
    return able


def _pairs(c: Costs, keep: Ints, plan: Plan) -> Plan:
    """The best two nodes of which both are needed."""
    if len(keep) < 2:
        return plan
    opening, whole = c.opening[keep], c.whole[:, keep]
    served = np.zeros((len(keep), len(keep)), np.int64)
    for row in whole:
        served += np.minimum(row[:, None], row[None, :])
    sums = whole.sum(axis=0)
    total = served + opening[:, None] + opening[None, :]
    useless = served >= np.minimum(sums[:, None], sums[None, :])
    total[useless] = np.iinfo(np.int64).max
    at = int(np.argmin(total))
    a, b = sorted(divmod(at, len(keep)))
    cost = int(total[a, b])
    return _improved(plan, (int(keep[a]), int(keep[b])), cost)


def _improved(plan: Plan, nodes: tuple[int, ...], cost: int) -> Plan:
    """The better of the two."""
    if cost < plan.cost:
        return msgspec.structs.replace(plan, nodes=nodes, cost=cost)
    return plan


def _search(c: Costs, keep: Ints, plan: Plan, limit: int) -> Plan:
    """Branch and bound over the nodes kept; small ones in Python, the rest as machine code."""
    limit = max(1, min(limit, CELLS // (len(keep) * len(c.qty))))
    k = _kept(c, keep)
    if len(keep) * len(c.qty) <= PYTHON_CELLS:
        # The same way whether compiled or not, so that ties end alike in every process.
        quick = kernel.compiled()[0] if kernel.is_compiled() else kernel.search
        found = _run(quick, k, plan.cost, min(limit, PYTHON_EXPANSIONS))
        if found[4] or limit <= PYTHON_EXPANSIONS:
            return _finish(c, keep, plan, found)
    search, improve = kernel.compiled()
    cost, nodes = improve(
        np.flatnonzero(np.isin(keep, plan.nodes)), k.whole, k.opening, k.unit, k.entry, k.stock,
        k.qty, k.penalty, k.split, k.most,
    )  # fmt: skip
    plan = _improved(plan, tuple(int(n) for n in keep[nodes]), int(cost))
    return _finish(c, keep, plan, _run(search, k, plan.cost, limit))


def _kept(c: Costs, keep: Ints) -> Costs:
    """The arrays of the nodes kept, laid out as the kernel reads them."""
    unit, entry, stock = (np.ascontiguousarray(a[:, keep]) for a in (c.unit, c.entry, c.stock))
    whole, low = (np.ascontiguousarray(a[:, keep]) for a in (c.whole, c.low))
    opening = np.ascontiguousarray(c.opening[keep])
    return msgspec.structs.replace(
        c, opening=opening, unit=unit, entry=entry, stock=stock, whole=whole, low=low
    )


def _run(
    search: kernel.Search, c: Costs, best: int, limit: int
) -> tuple[int, Ints, int, int, bool]:
    by_unit = np.argsort(c.unit, axis=1, kind="stable")
    return search(
        c.opening, c.unit, c.entry, c.stock, c.qty, c.penalty, c.whole, c.low, by_unit,
        c.most, c.split, best, limit,
    )  # fmt: skip


def _finish(c: Costs, keep: Ints, plan: Plan, found: tuple[int, Ints, int, int, bool]) -> Plan:
    cost, winner, root, expansions, finished = found
    if len(winner):
        plan = _improved(plan, tuple(int(n) for n in keep[winner]), int(cost))
    # With more holders than the subset search tries, a line's split is only an upper bound.
    exact = not c.split or c.most <= kernel.MASK_NODES or not c.entry.any()
    proven = bool(finished) and exact
    bound = plan.cost if proven else min(max(int(root), plan.bound), plan.cost)
    return msgspec.structs.replace(plan, proven=proven, bound=bound, expansions=int(expansions))


def cut_line(c: Costs, nodes: Sequence[int], r: int) -> list[tuple[int, int]]:
    """The cheapest cut of one line over the chosen columns; the twin of the kernel's `cheapest`."""
    holders = sorted((n for n in nodes if c.stock[r, n] > 0), key=lambda n: int(c.unit[r, n]))
    need = int(c.qty[r])
    sets = [[n] for n in holders]
    if c.split and len(holders) <= kernel.MASK_NODES:
        sets = [
            [n for i, n in enumerate(holders) if mask >> i & 1]
            for mask in range(1, 1 << len(holders))
        ]
    elif c.split:
        sets.append(holders)
    filled = [(_price(c, r, took, need), took) for took in (_fill(c, r, s, need) for s in sets)]
    return min(filled, key=lambda pair: pair[0], default=(0, []))[1]


def _fill(c: Costs, r: int, holders: Sequence[int], need: int) -> list[tuple[int, int]]:
    parts = []
    for n in holders:
        took = min(need, int(c.stock[r, n]))
        if took:
            parts.append((n, took))
            need -= took
    return parts


def _price(c: Costs, r: int, parts: Sequence[tuple[int, int]], need: int) -> int:
    served = sum(int(c.entry[r, n]) + q * int(c.unit[r, n]) for n, q in parts)
    return served + (need - sum(q for _, q in parts)) * int(c.penalty[r])
