"""The search is exact: on ten thousand small orders against every plan there is, and one by one
against the batch; more stock, nodes or parcels never cost more; the order of nodes is no matter."""

import os
import subprocess
import sys
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from everyshelf.decide import sourcing_batch as batch
from everyshelf.decide import sourcing_solve as solving
from everyshelf.decide import sourcing_subsets
from everyshelf.decide.sourcing import warm
from everyshelf.decide.sourcing_solve import Costs, costs, solve

Ints = NDArray[np.int64]
CASES = 10_000
CHUNKS = 10


def small(rng: np.random.Generator) -> tuple[Costs, tuple[Ints, ...]]:
    """An order of up to three lines among up to five nodes, with stock often too little."""
    lines, nodes = int(rng.integers(1, 4)), int(rng.integers(1, 6))
    opening = rng.integers(0, 90, nodes)
    unit = rng.integers(0, 30, (lines, nodes))
    entry = np.broadcast_to(rng.integers(0, 20, nodes), (lines, nodes))
    stock = rng.integers(0, 4, (lines, nodes)) * (rng.random((lines, nodes)) < 0.7)
    qty = rng.integers(1, 4, lines)
    penalty = rng.integers(1, 9, lines) * 1000
    most, split = int(rng.integers(1, 5)), bool(rng.integers(0, 2))
    given = (opening, unit, entry, stock, qty, penalty)
    return costs(*given, most, split), (*given, np.array([most, split]))


def brute(given: tuple[Ints, ...]) -> int:
    """The least cost over every set of nodes and every cut of every line, from the definition."""
    opening, unit, entry, stock, qty, penalty, (most, split) = given
    nodes = range(len(opening))
    best = int((penalty * qty).sum())
    for k in range(1, min(int(most), len(opening)) + 1):
        for chosen in combinations(nodes, k):
            total = int(opening[list(chosen)].sum())
            for r in range(len(qty)):
                total += min(
                    line_cost(amounts, chosen, unit[r], entry[r], int(qty[r]), int(penalty[r]))
                    for amounts in product(
                        *(range(min(int(stock[r, n]), int(qty[r])) + 1) for n in chosen)
                    )
                    if sum(amounts) <= qty[r] and (split or sum(a > 0 for a in amounts) <= 1)
                )
            best = min(best, total)
    return best


def line_cost(
    amounts: tuple[int, ...], chosen: tuple[int, ...], unit: Ints, entry: Ints, qty: int,
    penalty: int,
) -> int:  # fmt: skip
    taken = [(n, q) for n, q in zip(chosen, amounts, strict=True) if q]
    served = sum(int(entry[n]) + q * int(unit[n]) for n, q in taken)
    return served + (qty - sum(amounts)) * penalty


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_ten_thousand_small_orders_are_solved_exactly(chunk: int) -> None:
    warm()
    rng = np.random.default_rng(chunk)
    for _ in range(CASES // CHUNKS):
        c, given = small(rng)
        plan = solve(c, 20_000)
        assert plan.proven
        assert plan.cost == plan.bound == brute(given)


def test_a_search_that_looks_at_pairs_only_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the same comparison, with a search that stops at two nodes."""
    warm()
    monkeypatch.setattr(solving, "_search", lambda c, keep, plan, limit: plan)
    monkeypatch.setattr(sourcing_subsets, "MOST_LINES", 0)
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(2_000):
        c, given = small(rng)
        wrong += solve(c, 20_000).cost != brute(given)
    assert wrong


@pytest.mark.parametrize("seed", range(200))
def test_more_stock_another_node_or_another_parcel_never_cost_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    _, (opening, unit, entry, stock, qty, penalty, (most, split)) = small(rng)
    how = (int(most), bool(split))

    def cost(kept: slice = slice(None), more: Ints | int = 0, extra: int = 0) -> int:
        given = (opening[kept], unit[:, kept], entry[:, kept], (stock + more)[:, kept])
        return solve(costs(*given, qty, penalty, how[0] + extra, how[1]), 20_000).cost

    plain = cost()
    assert cost(more=rng.integers(0, 2, stock.shape)) <= plain
    assert cost(extra=1) <= plain
    if len(opening) > 1:
        assert plain <= cost(kept=slice(0, -1))


@pytest.mark.parametrize("seed", range(200))
def test_the_order_of_nodes_and_lines_is_no_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    c, (opening, unit, entry, stock, qty, penalty, (most, split)) = small(rng)
    n, r = rng.permutation(len(opening)), rng.permutation(len(qty))
    mixed = (opening[n], unit[r][:, n], entry[r][:, n], stock[r][:, n], qty[r], penalty[r])
    again = solve(costs(*mixed, int(most), bool(split)), 20_000)
    assert again.cost == solve(c, 20_000).cost


def many(seed: int, nodes: int, lines: int, count: int) -> tuple[batch.Tables, batch.Orders]:
    """Orders of up to so many lines, some of them for more than a node holds."""
    rng = np.random.default_rng(seed)
    items = 15
    stock = rng.integers(1, 4, (items, nodes)) * (rng.random((items, nodes)) < 0.6)
    tables = batch.Tables(
        stock.astype(np.int32), rng.integers(-50, 50, (items, nodes)).astype(np.int32),
        rng.choice(np.array([0, 1, 2, batch.BEYOND], np.uint8), (4, nodes), p=[0.3, 0.3, 0.3, 0.1]),
        rng.integers(100, 900, 3), rng.integers(0, 300, 3), rng.integers(0, 99, nodes),
        rng.integers(0, 50, nodes), rng.integers(50, 90, nodes), rng.integers(1, 3000, items),
    )  # fmt: skip
    sizes = rng.integers(1, lines + 1, count)
    start = np.concatenate([[0], np.cumsum(sizes)])
    item = np.concatenate([rng.choice(items, size, replace=False) for size in sizes])
    qty, where = rng.integers(1, 4, len(item)), rng.integers(0, 4, count)
    return tables, batch.Orders(start, item, qty, where)


@pytest.mark.parametrize(("nodes", "lines", "split"), [(8, 4, True), (8, 4, False), (40, 12, True)])
def test_the_batch_agrees_with_one_by_one(nodes: int, lines: int, split: bool) -> None:
    tables, orders = many(nodes, nodes, lines, 300)
    told = batch.decide(tables, orders, 10_000_000, 3, split)
    for o in range(300):
        one = alone(tables, orders, o, split)
        assert told.cost[o] == one.cost
        assert told.proven[o] == one.proven
        assert told.cost[o] == priced(tables, orders, o, told)


def alone(t: batch.Tables, orders: batch.Orders, o: int, split: bool) -> solving.Plan:
    """The order by the search for one order, its arrays made here."""
    lines = slice(int(orders.start[o]), int(orders.start[o + 1]))
    item, qty = orders.item[lines], orders.qty[lines]
    zone = t.zone[orders.destination[o]]
    near = zone < batch.BEYOND
    at = zone[near]
    unit = t.weight_g[item][:, None] * t.per_kg[at] // 1000 + t.unit[near] + t.price[item][:, near]
    entry = np.broadcast_to(t.line[near], unit.shape)
    given = (t.parcel[at] + t.order[near], unit, entry, t.stock[item][:, near].astype(np.int64))
    return solve(costs(*given, qty, np.full(len(qty), 10_000_000), 3, split), 20_000)


def priced(t: batch.Tables, orders: batch.Orders, o: int, told: batch.Answers) -> int:
    """What the answer costs by its nodes and cuts, from the definition."""
    first = int(orders.start[o])
    lines = range(int(orders.start[o + 1]) - first)
    parts = told.cut.get(o)
    if parts is None:
        where = [(r, int(told.node[first + r])) for r in lines]
        parts = tuple(
            (r, n, min(int(orders.qty[first + r]), int(t.stock[orders.item[first + r], n])))
            for r, n in where
            if n >= 0
        )
    zone, total = t.zone[orders.destination[o]], 0
    left = {r: int(orders.qty[first + r]) for r in lines}
    for n in {n for _, n, _ in parts}:
        total += int(t.parcel[zone[n]] + t.order[n])
    for r, n, q in parts:
        i = orders.item[first + r]
        each = int(t.weight_g[i]) * int(t.per_kg[zone[n]]) // 1000 + int(t.unit[n] + t.price[i, n])
        total += int(t.line[n]) + q * each
        left[r] -= q
        assert q <= t.stock[i, n]
    assert len({n for _, n, _ in parts}) <= 3
    return total + sum(left.values()) * 10_000_000


TWIN = """
import hashlib, json, sys
import numpy as np
from everyshelf.decide.sourcing import warm
from everyshelf.decide.sourcing_solve import solve
from tests.decide.test_sourcing_exact import small
if sys.argv[1] == "warm":
    warm()
rng = np.random.default_rng(11)
plans = []
for _ in range(300):
    c, _ = small(rng)
    plan = solve(c, 20_000)
    plans.append([list(map(int, plan.nodes)), int(plan.cost)])
print(json.dumps(plans))
"""


def test_a_process_that_compiled_and_one_that_did_not_choose_the_same_nodes() -> None:
    """What was decided by a warm worker is taken again, tie for tie, by a command that is cold."""
    root = Path(__file__).parents[2]
    env = os.environ | {"PYTHONPATH": f"{root / 'src'}:{root}"}
    told = [
        subprocess.run(
            [sys.executable, "-c", TWIN, word], capture_output=True, text=True, check=True, env=env
        ).stdout
        for word in ("warm", "cold")
    ]
    assert told[0] == told[1]
    assert len(told[0]) > 1000
