"""Exact decisions a second at 1,000 nodes, beside HiGHS; one live, with its snapshot and its write.

`us` is the time of a decision in a batch on one core, compiled; `cold_start_s` what compiling
takes. Quantity splits are allowed, the stock is at three nodes of ten.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any, Final

import highspy
import msgspec
import numpy as np

from bench import sourcing_joint, sourcing_live
from bench.scratch import machine
from everyshelf.decide import sourcing_batch as batch
from everyshelf.decide.sourcing import warm
from everyshelf.decide.sourcing_solve import costs, solve

LINES: Final = (1, 3, 6, 10)
ITEMS: Final = 500
PLACES: Final = 500
PENALTY: Final = 100_000_000
MOST: Final = 3


class Report(msgspec.Struct, frozen=True):
    """Microseconds a decision by the number of lines; whether a sample equals HiGHS to the milli;
    how many times longer numpy and HiGHS take for the same orders; the live decision; the wave."""

    name: str
    us: dict[str, float]
    decisions_per_s: dict[str, int]
    exact: bool
    proven_pct: float
    cold_start_s: float
    numpy_times: dict[str, float]
    highs_times: dict[str, float]
    live_p50_ms: float
    live_p99_ms: float
    live_decisions: int
    joint_seconds: float
    joint_gap_pct: float
    greedy_gap_pct: float
    joint: dict[str, Any]
    surroundings: dict[str, object]


def options(parser: argparse.ArgumentParser) -> None:
    """Adds this benchmark's options."""
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--orders", type=int, default=1000, help="for each number of lines")
    parser.add_argument("--checked", type=int, default=6, help="orders of each size by HiGHS")
    parser.add_argument("--live", type=int, default=400, help="live decisions; 0 leaves them out")
    parser.add_argument("--wave", type=int, default=10_000, help="orders decided jointly")


def run(asked: argparse.Namespace) -> Report:
    """Measures batches, then live decisions, then a wave."""
    began = time.perf_counter()
    warm()
    one = world(asked.seed, 20, 5, 3)
    batch.decide(*one, PENALTY, MOST)
    cold = time.perf_counter() - began
    sizes = {n: world(asked.seed + n, asked.nodes, asked.orders, n) for n in LINES}
    speed = {n: _timed(*made) for n, made in sizes.items()}
    told = {n: batch.decide(*made, PENALTY, MOST) for n, made in sizes.items()}
    checks = {n: _checked(*sizes[n], told[n], asked.checked) for n in LINES}
    live = sourcing_live.measure(asked.seed, asked.nodes, asked.live)
    joint = sourcing_joint.measure(asked.seed, asked.wave, asked.nodes)
    return Report(
        "sourcing-speed", {str(n): round(us, 1) for n, us in speed.items()},
        {str(n): round(1e6 / us) for n, us in speed.items()},
        all(same for same, _, _ in checks.values()),
        round(100 * float(np.mean([told[n].proven.mean() for n in LINES])), 2), round(cold, 2),
        {str(n): round(plain / speed[n], 1) for n, (_, plain, _) in checks.items()},
        {str(n): round(highs / speed[n]) for n, (_, _, highs) in checks.items()},
        live.p50_ms, live.p99_ms, live.decisions, joint["joint_seconds"], joint["joint_gap_pct"],
        joint["greedy_gap_pct"], joint, machine(),
    )  # fmt: skip


def world(seed: int, nodes: int, orders: int, lines: int) -> tuple[batch.Tables, batch.Orders]:
    """Orders of so many lines: four lines of five ask for one unit. A node holds 1 to 19 units."""
    rng = np.random.default_rng(seed)
    stock = rng.integers(1, 20, (ITEMS, nodes)) * (rng.random((ITEMS, nodes)) < 0.3)
    tables = batch.Tables(
        stock.astype(np.int32), np.zeros((ITEMS, nodes), np.int32),
        rng.integers(0, 8, (PLACES, nodes)).astype(np.uint8), 500_000 + 90_000 * np.arange(8),
        20_000 + 10_000 * np.arange(8), rng.integers(20_000, 90_000, nodes),
        rng.integers(1_000, 9_000, nodes), rng.integers(500, 3_000, nodes),
        rng.integers(100, 3_000, ITEMS),
    )  # fmt: skip
    item = np.concatenate([rng.choice(ITEMS, lines, replace=False) for _ in range(orders)])
    qty = rng.choice([1, 2, 3], len(item), p=[0.8, 0.15, 0.05])
    start = np.arange(orders + 1) * lines
    return tables, batch.Orders(start, item, qty, rng.integers(0, PLACES, orders))


def _timed(tables: batch.Tables, orders: batch.Orders) -> float:
    """Microseconds a decision, the median of five runs."""
    spent = []
    for _ in range(5):
        began = time.perf_counter()
        batch.decide(tables, orders, PENALTY, MOST)
        spent.append(time.perf_counter() - began)
    return float(np.median(spent)) / (len(orders.start) - 1) * 1e6


def _checked(
    tables: batch.Tables, orders: batch.Orders, told: batch.Answers, count: int
) -> tuple[bool, float, float]:
    """Whether the first orders cost what HiGHS says; microseconds by numpy and by HiGHS."""
    same, plain, highs = True, [], []
    for o in range(min(count, len(told.cost))):
        opening, unit, entry, stock, qty, penalty = given = arrays(tables, orders, o)
        began = time.perf_counter()
        solve(costs(opening, unit, entry, stock, qty, penalty, MOST, True), 20_000)
        plain.append(time.perf_counter() - began)
        began = time.perf_counter()
        best = by_highs(*given)
        highs.append(time.perf_counter() - began)
        same = same and abs(best - int(told.cost[o])) < 1
    return same, float(np.median(plain)) * 1e6, float(np.median(highs)) * 1e6


def arrays(t: batch.Tables, orders: batch.Orders, o: int) -> tuple[Any, ...]:
    """One order as the search for one order reads it."""
    lines = slice(int(orders.start[o]), int(orders.start[o + 1]))
    item, qty = orders.item[lines], orders.qty[lines]
    zone = t.zone[orders.destination[o]]
    unit = t.weight_g[item][:, None] * t.per_kg[zone] // 1000 + t.unit + t.price[item]
    entry = np.broadcast_to(t.line, unit.shape)
    stock = t.stock[item].astype(np.int64)
    return t.parcel[zone] + t.order, unit, entry, stock, qty, np.full(len(qty), PENALTY)


def by_highs(opening: Any, unit: Any, entry: Any, stock: Any, qty: Any, penalty: Any) -> float:
    """The same order as a mixed-integer program, from the definition, to zero gap."""
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    h.setOptionValue("mip_rel_gap", 0.0)
    h.setOptionValue("mip_abs_gap", 0.4)
    near = np.flatnonzero((stock > 0).any(axis=0))
    y = {n: h.addBinary(obj=float(opening[n])) for n in near.tolist()}
    h.addConstr(sum(y.values()) <= float(MOST))
    for r in range(len(qty)):
        left = h.addVariable(lb=0, ub=float(qty[r]), obj=float(penalty[r]))
        taken: list[Any] = [left]
        for n in np.flatnonzero(stock[r]).tolist():
            most = float(min(stock[r, n], qty[r]))
            used = h.addBinary(obj=float(entry[r, n]))
            q = h.addIntegral(lb=0, ub=most, obj=float(unit[r, n]))
            h.addConstr(q <= most * used)
            h.addConstr(used <= y[n])
            taken.append(q)
        h.addConstr(sum(taken) == float(qty[r]))
    h.run()
    return float(h.getInfo().objective_function_value)


def percent(values: Sequence[float], share: int) -> float:
    """A percentile."""
    return float(np.percentile(np.array(values), share))
