"""What orders cost under today's rules and under ours, beside what hindsight could do at best.

The multi-item fulfilment benchmark (`quality_world`): per cent above the linear program that knows
every order beforehand, fractions allowed, so that no rule can reach it. Each rule meets the same
orders. `ours` decides each order at once, exactly, at scarcity prices that are reckoned again every
few orders over drawn futures; `ours_held` holds an order for four hours first, so that the prices
know the orders that came meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.quality_world import CASES, ORDERS, World, folder
from bench.scratch import machine
from everyshelf.decide.scarcity import Ahead, choose

Floats = NDArray[np.float64]
Orders = list[tuple[int, int]]

RULES: Final = ("nearest", "nearest_whole", "cheapest_now", "ours", "ours_held")
HOLD_HOURS: Final = 4
# Orders between two reckonings, and futures drawn for each.
EFFORT: Final = {"5x10_5": (10, 16), "5x10_2": (10, 16), "10x99_3": (25, 12)}


class Outcome(msgspec.Struct, frozen=True):
    """What a rule came to with one sequence."""

    cost: float
    boxes: int
    left: int
    ms: float


def options(parser: argparse.ArgumentParser) -> None:
    """Adds this benchmark's options."""
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sequences", type=int, default=20, help="each on an instance of its own")
    parser.add_argument("--cases", default=",".join(CASES), help="such as 5x10_2")
    parser.add_argument("--cycle-hours", type=float, default=24, help="in which all orders come")
    parser.add_argument("--effort", type=float, default=1.0, help="share of the drawn futures")


def run(asked: argparse.Namespace) -> dict[str, Any]:
    """Plays every case."""
    where = folder()
    if where is None:
        sys.exit("the cities and centres of this benchmark are not beside this checkout: skipped")
    began = time.monotonic()
    found: dict[str, Any] = {"name": "sourcing-quality", "cycle_hours": asked.cycle_hours,
                             "hold_hours": HOLD_HOURS}  # fmt: skip
    for case in asked.cases.split(","):
        jobs = [(str(where), case, asked.seed * 1000 + n, asked.cycle_hours, asked.effort)
                for n in range(asked.sequences)]  # fmt: skip
        with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
            found[case] = _summed(list(pool.map(play, jobs)))
    return found | {"seconds": round(time.monotonic() - began), "surroundings": machine()}


def play(job: tuple[str, str, int, float, float]) -> tuple[float, dict[str, Outcome]]:
    """One sequence on one instance under every rule: the bound, and what each rule came to."""
    where, case, seed, cycle, effort = job
    world = World(Path(where), case, seed)
    orders = world.sequence(seed + 500_000)
    ahead = Ahead(world.market)
    bound, _ = ahead.solve(world.stock, world.counted(orders))
    return bound, {rule: Rule(world, ahead, orders, case, seed, cycle, effort).play(rule)
                   for rule in RULES}  # fmt: skip


class Rule:
    """One sequence of orders as one rule serves it."""

    def __init__(
        self, world: World, ahead: Ahead, orders: Orders, case: str, seed: int, cycle: float,
        effort: float,
    ) -> None:  # fmt: skip
        self.world, self.ahead, self.orders, self.seed = world, ahead, orders, seed
        every, draws = EFFORT[case]
        self.every, self.draws = every, max(1, round(draws * effort))
        self.window = round(ORDERS * HOLD_HOURS / cycle)
        self.stock = world.stock.copy()
        self.price: Floats = np.zeros(world.stock.shape)
        self.deciding = 0.0

    def play(self, rule: str) -> Outcome:
        """Serves every order in its turn."""
        m, cost, boxes, left = self.world.market, 0.0, 0, 0
        for n, (pattern, place) in enumerate(self.orders):
            if rule.startswith("ours") and n % self.every == 0:
                self._look(n, self.window if rule == "ours_held" else 0)
            began = time.perf_counter()
            plan = self._plan(rule, pattern, place)
            self.deciding += time.perf_counter() - began
            used = {k for k in plan if k >= 0}
            cost += sum(m.parcel[place, k] for k in used)
            for i, k in zip(m.patterns[pattern], plan, strict=True):
                cost += m.left[place] if k < 0 else m.unit[place, k]
                left += k < 0
                if k >= 0:
                    self.stock[i, k] -= 1
            boxes += len(used)
        return Outcome(float(cost), boxes, left, 1000 * self.deciding / len(self.orders))

    def _look(self, n: int, window: int) -> None:
        """Reckons the prices again: what is held is known, what comes after it is drawn."""
        known = self.orders[n + 1 : n + 1 + window]
        more = len(self.orders) - n - 1 - len(known)
        future = self.world.future(known, more)
        draws = self.draws if more else 1
        self.price = self.ahead.prices(self.stock, future, draws, self.seed + n).price

    def _plan(self, rule: str, pattern: int, place: int) -> tuple[int, ...]:
        items = self.world.market.patterns[pattern]
        near = np.argsort(self.world.miles[place], kind="stable").tolist()
        if rule == "nearest":
            return tuple(next((k for k in near if self.stock[i, k] > 0), -1) for i in items)
        if rule == "nearest_whole":
            return self._covered(items, near)
        market = self.world.market
        return choose(market, pattern, place, self.stock, self.price, self.ahead.sets)

    def _covered(self, items: tuple[int, ...], near: list[int]) -> tuple[int, ...]:
        """The nearest that has all; else the one that has most of what is left, and so on."""
        plan = dict.fromkeys(items, -1)
        rest = set(items)
        while rest:
            has = {k: sum(self.stock[i, k] > 0 for i in rest) for k in near}
            k = max(near, key=lambda k: has[k])
            if not has[k]:
                break
            got = {i for i in rest if self.stock[i, k] > 0}
            plan |= dict.fromkeys(got, k)
            rest -= got
        return tuple(plan[i] for i in items)


def _summed(played: list[tuple[float, dict[str, Outcome]]]) -> dict[str, Any]:
    """Means over the sequences."""
    over = {rule: np.array([100 * (told[rule].cost / bound - 1) for bound, told in played])
            for rule in RULES}  # fmt: skip
    ratio = [100 * (told["ours"].cost / told["cheapest_now"].cost - 1) for _, told in played]

    def mean(field: str, share: float = 1.0) -> dict[str, float]:
        return {rule: round(float(np.mean([getattr(t[rule], field) for _, t in played])) * share, 4)
                for rule in RULES}  # fmt: skip

    spread = 1.96 * over["ours"].std(ddof=1) / np.sqrt(len(played)) if len(played) > 1 else 0.0
    return {
        **{rule: round(float(values.mean()), 3) for rule, values in over.items()},
        "ours_plus_minus": round(float(spread), 3), "worst_vs_cheapest_now": round(max(ratio), 3),
        "boxes_per_order": mean("boxes", 1 / ORDERS), "unfilled": mean("left"),
        "ms_per_decision": mean("ms"), "sequences": len(played),
    }  # fmt: skip
