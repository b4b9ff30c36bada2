"""Decides many orders at once, each on the stock given, in one call of machine code.

The orders do not compete with each other here (`sourcing_joint` lets them). Costs come from tables:
the zone between a destination and a node, a price per parcel and kilogram by zone, work by node,
and a price for each unit of an item at a node. It agrees to the unit with `sourcing_solve`, to
which it leaves the few orders that only a split of a line could make cheaper.
"""

from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from everyshelf.decide import sourcing_kernel as kernel
from everyshelf.decide import sourcing_subsets as subsets
from everyshelf.decide.sourcing_kernel import evaluate
from everyshelf.decide.sourcing_solve import costs, cut_line, solve
from everyshelf.decide.sourcing_subsets import FAR, exact, trim

Ints = NDArray[np.int64]
Small = NDArray[np.int32]
Bytes = NDArray[np.uint8]

BEYOND = 255
LINES = subsets.MOST_LINES
ROOM = 32
FEW = 10


class Tables(msgspec.Struct, frozen=True):
    """What the orders have in common. All money in milli.

    `stock`, `price` (item, node): units, and what a unit there costs beyond carriage and work.
    `zone` (destination, node): a row of the rate card, or BEYOND. `parcel`, `per_kg` (zone).
    `order`, `line`, `unit` (node): work. `weight_g` (item).
    """

    stock: Small
    price: Small
    zone: Bytes
    parcel: Ints
    per_kg: Ints
    order: Ints
    line: Ints
    unit: Ints
    weight_g: Ints


class Orders(msgspec.Struct, frozen=True):
    """Orders one after the other: order o has the lines `start[o]` to `start[o + 1]`."""

    start: Ints
    item: Ints
    qty: Ints
    destination: Ints


class Answers(msgspec.Struct, frozen=True):
    """Per order its cost (penalties for what is left included), and whether that is proven; per
    line its node (-1: left). `cut` has the orders whose lines are split: (line, node, qty)."""

    cost: Ints
    proven: NDArray[np.bool_]
    node: Ints
    cut: dict[int, tuple[tuple[int, int, int], ...]]


def decide(
    t: Tables, orders: Orders, penalty: int, most: int = 4, split: bool = True,
    limit: int = 20_000,
) -> Answers:  # fmt: skip
    """The cheapest nodes of every order; a unit that is left costs `penalty`."""
    count = len(orders.start) - 1
    cost, node = np.empty(count, np.int64), np.empty(len(orders.item), np.int64)
    state, columns = np.empty(count, np.int64), np.empty((count, ROOM), np.int64)
    compiled()(*_arrays(t), *_arrays(orders), penalty, most, split, cost, node, state, columns)
    cut: dict[int, tuple[tuple[int, int, int], ...]] = {}
    proven = state == 0
    for o in np.flatnonzero(state).tolist():
        reach = np.flatnonzero(t.zone[orders.destination[o]] != BEYOND)
        reach = columns[o, : state[o]] if state[o] <= ROOM else reach
        total, sure, parts = _alone(t, orders, o, reach, penalty, most, split, limit)
        if total >= cost[o] >= 0 and sure:
            proven[o] = True
            continue
        cost[o], proven[o] = total, sure
        lines = slice(int(orders.start[o]), int(orders.start[o + 1]))
        node[lines] = [next((n for r, n, _ in parts if r == k), -1)
                       for k in range(lines.stop - lines.start)]  # fmt: skip
        if len({r for r, _, _ in parts}) < len(parts):
            cut[o] = parts
    return Answers(cost, proven, node, cut)


def _arrays(of: Tables | Orders) -> list[NDArray[Any]]:
    return [getattr(of, name) for name in of.__struct_fields__]


def _alone(
    t: Tables, orders: Orders, o: int, reach: Ints, penalty: int, most: int, split: bool, limit: int
) -> tuple[int, bool, tuple[tuple[int, int, int], ...]]:
    """One order among some nodes by the search that splits lines: cost, proof, parts."""
    lines = slice(int(orders.start[o]), int(orders.start[o + 1]))
    item, qty = orders.item[lines], orders.qty[lines]
    there = t.zone[orders.destination[o]][reach]
    opening = t.parcel[there] + t.order[reach]
    unit = t.weight_g[item][:, None] * t.per_kg[there] // 1000 + t.unit[reach]
    unit = unit + t.price[item][:, reach]
    entry = np.broadcast_to(t.line[reach], unit.shape)
    stock = t.stock[item][:, reach].astype(np.int64)
    c = costs(opening, unit, entry, stock, qty, np.full(len(qty), penalty), most, split)
    plan = solve(c, limit)
    parts = tuple(
        (r, int(reach[n]), q) for r in range(len(qty)) for n, q in cut_line(c, plan.nodes, r)
    )
    return plan.cost, plan.proven, parts


def gather(
    stock: Small, price: Small, zones: Bytes, parcel: Ints, per_kg: Ints, order: Ints, line: Ints,
    unit: Ints, weight_g: Ints, item: Ints, qty: Ints, penalty: int, opening: Ints, able: Ints,
    column: Ints, whole: Ints, each: Ints, short: Ints,
) -> int:  # fmt: skip
    """The nodes that hold something of an order, one after the other, and what they would cost;
    how many. `short` is what a node lacks of a line."""
    lines = len(item)
    carried = np.empty((len(parcel), lines), np.int64)
    for z in range(len(parcel)):
        for r in range(lines):
            carried[z, r] = weight_g[item[r]] * per_kg[z] // 1000
    kept = 0
    for n in range(len(zones)):
        z = zones[n]
        mask = 0
        if z != 255:
            for r in range(lines):
                held = np.int64(stock[item[r], n])
                if held > 0:
                    q = qty[r]
                    got = min(q, held)
                    price_each = carried[z, r] + unit[n] + price[item[r], n]
                    each[kept, r] = price_each
                    whole[kept, r] = line[n] + got * price_each + (q - got) * penalty
                    short[kept, r] = q - got
                    mask |= 1 << r
        if mask:
            opening[kept], able[kept], column[kept] = parcel[z] + order[n], mask, n
            kept += 1
    return kept


def floors(
    kept: int, able: Ints, column: Ints, whole: Ints, each: Ints, short: Ints, line: Ints,
    qty: Ints,
) -> bool:  # fmt: skip
    """Turns `each` into what a line costs at least when the node has a part in it; whether any
    line can be split at all.

    A node that holds too little leaves the rest to another one: a second entry, and units no
    cheaper than the cheapest. One that holds enough may share with a cheaper one that does not.
    """
    lines = len(qty)
    cheap, cheap_little = np.full(lines, FAR), np.full(lines, FAR)
    fewest = FAR
    partial = False
    for k in range(kept):
        fewest = min(fewest, line[column[k]])
        for r in range(lines):
            if able[k] >> r & 1:
                cheap[r] = min(cheap[r], each[k, r])
                if short[k, r] > 0:
                    partial = True
                    cheap_little[r] = min(cheap_little[r], each[k, r])
    for k in range(kept):
        for r in range(lines):
            if able[k] >> r & 1:
                mine = each[k, r]
                other = cheap[r] if short[k, r] > 0 else min(mine, cheap_little[r])
                shared = line[column[k]] + fewest + mine + (qty[r] - 1) * other
                each[k, r] = min(whole[k, r], shared)
    return partial


def run(
    stock: Small, price: Small, zone: Bytes, parcel: Ints, per_kg: Ints, order: Ints, line: Ints,
    unit: Ints, weight_g: Ints, start: Ints, item: Ints, qty: Ints, destination: Ints,
    penalty: int, most: int, split: bool, cost: Ints, node: Ints, state: Ints,
    columns: Ints,
) -> None:  # fmt: skip
    """Fills `cost` and `node`. `state` is 0 where the cost is proven, else how many nodes a cheaper
    plan could use: those are in `columns`, unless they are too many. `cost` is -1 where nothing was
    tried."""
    nodes = stock.shape[1]
    heads = np.empty((3, nodes), np.int64)
    opening, able, column = heads[0], heads[1], heads[2]
    for o in range(len(start) - 1):
        first, lines = start[o], start[o + 1] - start[o]
        state[o], cost[o] = ROOM + 1, -1
        if lines > LINES or lines == 0:
            continue
        cells = np.empty((3, nodes, lines), np.int64)
        whole, low, short = cells[0], cells[1], cells[2]
        sets = np.empty((3, 1 << lines), np.int64)
        tables = np.empty((2, most + 1, 1 << lines), np.int64)
        zones, items = zone[destination[o]], item[first : first + lines]
        qtys, out = qty[first : first + lines], node[first : first + lines]
        dummy = qtys * penalty
        k = gather(
            stock, price, zones, parcel, per_kg, order, line, unit, weight_g, items, qtys, penalty,
            opening, able, column, whole, low, short,
        )  # fmt: skip
        total = exact(
            opening[:k], whole[:k], able[:k], dummy, most, out, sets[0], sets[1], sets[2],
            tables[0], tables[1],
        )  # fmt: skip
        for r in range(lines):
            if out[r] >= 0:
                out[r] = column[out[r]]
        state[o], cost[o] = 0, total
        if not split or most < 2 or not floors(k, able, column, whole, low, short, line, qtys):
            continue
        spare = np.empty(lines, np.int64)
        bound = exact(
            opening[:k], low[:k], able[:k], dummy, most, spare, sets[0], sets[1], sets[2],
            tables[0], tables[1],
        )  # fmt: skip
        if bound < total:
            keep = np.empty(k, np.bool_)
            trim(opening[:k], low[:k], able[:k], most, total, sets[2], tables[0], keep)
            at = np.flatnonzero(keep)
            state[o] = len(at)
            if 0 < len(at) <= FEW and not cheaper(
                at, opening, whole, line, column, stock, price, zones, per_kg, unit, weight_g,
                items, qtys, penalty, most, total,
            ):  # fmt: skip
                state[o] = 0
            for j in range(min(len(at), ROOM)):
                columns[o, j] = column[at[j]]


def cheaper(
    at: Ints, opening: Ints, whole: Ints, line: Ints, column: Ints, stock: Small, price: Small,
    zones: Bytes, per_kg: Ints, unit: Ints, weight_g: Ints, item: Ints, qty: Ints, penalty: int,
    most: int, total: int,
) -> bool:  # fmt: skip
    """Whether some set of these few nodes serves the order for less than `total`, lines split."""
    few, lines = len(at), len(item)
    costs, opens = np.empty((4, lines, few), np.int64), np.empty(few, np.int64)
    each = np.full(lines, penalty)
    for k in range(few):
        n = column[at[k]]
        opens[k] = opening[at[k]]
        for r in range(lines):
            i = item[r]
            held = np.int64(stock[i, n])
            costs[1, r, k] = weight_g[i] * per_kg[zones[n]] // 1000 + unit[n] + price[i, n]
            costs[2, r, k], costs[3, r, k] = line[n], held
            costs[0, r, k] = whole[at[k], r] if held > 0 else qty[r] * penalty
    for chosen in range(1, 1 << few):
        count = 0
        for k in range(few):
            count += chosen >> k & 1
        if count < 2 or count > most:
            continue
        nodes = np.empty(count, np.int64)
        count = 0
        for k in range(few):
            if chosen >> k & 1:
                nodes[count] = k
                count += 1
        spent = evaluate(
            nodes, costs[0], opens, costs[1], costs[2], costs[3], qty, each, True
        )  # fmt: skip
        if spent < total:
            return True
    return False


@lru_cache(maxsize=1)
def compiled() -> Callable[..., None]:
    """`run` as machine code."""
    from numba import njit

    jit: Any = njit
    names: dict[str, Any] = dict(globals())
    names |= {"exact": subsets.compiled(), "trim": subsets.compiled_trim(),
              "evaluate": kernel.compiled_evaluate()}  # fmt: skip
    for one in (gather, floors, cheaper):
        names[one.__name__] = jit(FunctionType(one.__code__, names, one.__name__))
    made: Callable[..., None] = jit(FunctionType(run.__code__, names, "run"))
    return made
