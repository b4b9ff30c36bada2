"""What orders cost under today's rules and under ours, beside what hindsight could do at best.

The multi-item fulfilment benchmark (`quality_world`): per cent above the linear program that knows
every order beforehand, fractions allowed, so that no rule can reach it. Each rule meets the same
orders. `ours` decides each order at once, exactly, at scarcity prices that are reckoned again every
few orders over drawn futures; `ours_held` holds each order for four hours first, so that the prices
know the orders that came meanwhile and the last hours are planned together.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.quality_world import CASES, ORDERS, World, folder
from bench.scratch import machine
from everyshelf.decide.scarcity import Ahead, Plan, choose, subsets
from everyshelf.decide.scarcity_outlook import Outlook

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Orders = list[tuple[int, int]]

TODAY: Final = ("nearest", "nearest_whole", "cheapest_now")
WHOLE: Final = "hindsight_whole"
HOLD_HOURS: Final = 4
WEEK_HOURS: Final = 168
# Orders between two reckonings, and futures looked at in each.
EFFORT: Final = {"5x10_5": (10, 16), "5x10_2": (5, 32), "10x99_3": (10, 16)}


class Outcome(msgspec.Struct, frozen=True):
    """What a rule came to with one sequence; `look_ms` is one reckoning of the prices."""

    cost: float
    boxes: int
    left: int
    ms: float
    look_ms: float


def options(parser: argparse.ArgumentParser) -> None:
    """Adds this benchmark's options."""
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sequences", type=int, default=20, help="each on an instance of its own")
    parser.add_argument("--cases", default=",".join(CASES), help="such as 5x10_2")
    parser.add_argument("--cycle-hours", type=float, default=24, help="in which all orders come")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
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
        with ProcessPoolExecutor(asked.processes) as pool:
            found[case] = _summed(list(pool.map(play, jobs)))
    return found | {"seconds": round(time.monotonic() - began), "surroundings": machine()}


def rules(cycle: float) -> dict[str, int]:
    """Every rule, and how many orders it sees ahead while it holds one."""
    held = {"ours_held": cycle, "ours_held_week": WEEK_HOURS}
    return dict.fromkeys((*TODAY, "ours"), 0) | {
        rule: round(ORDERS * HOLD_HOURS / hours) for rule, hours in held.items()
    }


def play(job: tuple[str, str, int, float, float]) -> tuple[float, dict[str, Outcome]]:
    """One sequence on one instance under every rule: the bound, and what each rule came to."""
    where, case, seed, cycle, effort = job
    world = World(Path(where), case, seed)
    orders = world.sequence(seed + 500_000)
    ahead = Ahead(world.market)
    bound, _ = ahead.solve(world.stock, world.counted(orders))
    every, futures = EFFORT[case]
    sets = subsets(world.market.parcel.shape[1], max(map(len, world.market.patterns)))
    told = {WHOLE: _whole(world, ahead, orders)}
    for rule, window in rules(cycle).items():
        outlook = None
        if rule not in TODAY:
            outlook = world.outlook(max(1, round(futures * effort)), seed)
        told[rule] = Rule(world, orders, sets, rule, outlook, every, window).play()
    return bound, told


def _whole(world: World, ahead: Ahead, orders: Orders) -> Outcome:
    """What hindsight comes to when it may not cut orders: the part of the gap that no rule is to
    blame for."""
    plans = ahead.whole(world.stock, world.counted(orders))
    each = [(kind, plan) for kind, some in plans.items() for plan in some]
    cost = sum(ahead.cost(kind, plan) for kind, plan in each)
    boxes = sum(len({n for n in plan if n >= 0}) for _, plan in each)
    left = sum(n < 0 for _, plan in each for n in plan)
    return Outcome(cost, boxes, left, 0.0, 0.0)


class Rule:
    """One sequence of orders as one rule serves it."""

    def __init__(
        self, world: World, orders: Orders, sets: Ints, rule: str, outlook: Outlook | None,
        every: int, window: int,
    ) -> None:  # fmt: skip
        self.world, self.orders, self.sets = world, orders, sets
        self.rule, self.outlook, self.every, self.window = rule, outlook, every, window
        self.stock = world.stock.copy()
        self.price: Floats = np.zeros(world.stock.shape)
        self.plans: dict[int, list[Plan]] = {}
        self.looks = 0
        self.looking = self.deciding = 0.0

    def play(self) -> Outcome:
        """Serves every order in its turn."""
        m, cost, boxes, left = self.world.market, 0.0, 0, 0
        for n, (pattern, place) in enumerate(self.orders):
            if self.outlook and n % self.every == 0 and not self.plans:
                self._look(self.outlook, n)
            began = time.perf_counter()
            plan = self._plan(pattern, place)
            self.deciding += time.perf_counter() - began
            used = {k for k in plan if k >= 0}
            cost += sum(m.parcel[place, k] for k in used)
            for i, k in zip(m.patterns[pattern], plan, strict=True):
                cost += m.left[place] if k < 0 else m.unit[place, k]
                left += k < 0
                if k >= 0:
                    self.stock[i, k] -= 1
            boxes += len(used)
        each = 1000 * self.deciding / len(self.orders)
        return Outcome(float(cost), boxes, left, each, 1000 * self.looking / max(1, self.looks))

    def _look(self, outlook: Outlook, n: int) -> None:
        """Reckons the prices again: what is held is known, what comes after it is drawn. Orders of
        which none is left to come are planned together."""
        began = time.perf_counter()
        held = self.orders[n : n + 1 + self.window]
        more = len(self.orders) - n - len(held)
        if self.window and not more:
            self.plans = outlook.whole(self.stock, self.world.counted(held))
        else:
            known = self.world.counted(held[1:])
            self.price = outlook.prices(self.stock, more / len(self.orders), known).price
        self.looking += time.perf_counter() - began
        self.looks += 1

    def _plan(self, pattern: int, place: int) -> Plan:
        if self.plans:
            return self.plans[pattern * len(self.world.place) + place].pop()
        items = self.world.market.patterns[pattern]
        near = np.argsort(self.world.miles[place], kind="stable").tolist()
        if self.rule == "nearest":
            return tuple(next((k for k in near if self.stock[i, k] > 0), -1) for i in items)
        if self.rule == "nearest_whole":
            return self._covered(items, near)
        market = self.world.market
        return choose(market, pattern, place, self.stock, self.price, self.sets)

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
    names = list(played[0][1])
    over = {rule: np.array([100 * (told[rule].cost / bound - 1) for bound, told in played])
            for rule in names}  # fmt: skip
    ratio = [100 * (told["ours"].cost / told["cheapest_now"].cost - 1) for _, told in played]

    def mean(field: str, share: float = 1.0, some: Sequence[str] = names) -> dict[str, float]:
        return {rule: round(float(np.mean([getattr(t[rule], field) for _, t in played])) * share, 4)
                for rule in some}  # fmt: skip

    spread = 1.96 * over["ours"].std(ddof=1) / np.sqrt(len(played)) if len(played) > 1 else 0.0
    return {
        **{rule: round(float(values.mean()), 3) for rule, values in over.items()},
        "ours_plus_minus": round(float(spread), 3), "worst_vs_cheapest_now": round(max(ratio), 3),
        "boxes_per_order": mean("boxes", 1 / ORDERS), "unfilled": mean("left"),
        "ms_per_decision": mean("ms", 1, names[1:]),
        "ms_per_look": mean("look_ms", 1, [rule for rule in names if rule.startswith("ours")]),
        "sequences": len(played),
    }  # fmt: skip
