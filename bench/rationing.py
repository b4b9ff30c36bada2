"""Units kept for people who walk in: our thresholds beside the optimum and beside fixed buffers.

Two hundred stores: units, demand from the street and from online orders, what an order is worth
there. Every rule is evaluated exactly on a fine grid of time, not by simulation.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import lru_cache
from itertools import product
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.scratch import machine
from everyshelf.decide import rationing, rationing_times, walk_in

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNITS: Final = (2, 4, 8, 12, 20)
WALK_IN: Final = (0.4, 0.7, 1.0, 1.5)
ONLINE: Final = (0.4, 1.0)
WORTH: Final = (0.3, 0.5, 0.7, 0.85, 0.95)
FINE: Final = 4_000
LOOKS: Final = 48
MARGIN: Final = 1_000
ROUNDS: Final = 9


class Report(msgspec.Struct, frozen=True):
    """Per cent of the optimum that each rule loses. Ours is the floor that stock applies, looked at
    `looks` times until the delivery and left alone between; stock itself looks at every request."""

    name: str
    cells: int
    worst_loss_pct: float
    mean_loss_pct: float
    fixed_buffer_worst_loss_pct: float
    best_fixed_worst_loss_pct: float
    no_buffer_worst_loss_pct: float
    us_per_cell: float
    us_per_look: float
    looks: int
    surroundings: dict[str, object]


def options(parser: argparse.ArgumentParser) -> None:
    """Adds this benchmark's options."""
    parser.add_argument("--looks", type=int, default=LOOKS, help="at the clock until the delivery")
    parser.add_argument("--fine", type=int, default=FINE, help="steps of the exact evaluation")


def run(asked: argparse.Namespace) -> Report:
    """Evaluates every rule in every cell."""
    losses = np.array([_losses(cell, asked.looks, asked.fine) for cell in cells()])
    ours, fixed, best, none = losses.T * 100
    first, again = _speed()
    return Report(
        "rationing", len(losses), round(float(ours.max()), 4), round(float(ours.mean()), 4),
        round(float(fixed.max()), 2), round(float(best.max()), 2), round(float(none.max()), 2),
        round(first, 1), round(again, 2), asked.looks, machine(),
    )  # fmt: skip


def cells() -> list[rationing.Problem]:
    """The grid: demand is stated as a share of the units."""
    return [
        rationing.Problem(c, round(c * w, 3), round(c * o, 3), 1.0, v)
        for c, w, o, v in product(UNITS, WALK_IN, ONLINE, WORTH)
    ]


def _losses(p: rationing.Problem, looks: int, fine: int) -> tuple[float, float, float, float]:
    """What ours, three units always, the best constant and no buffer lose of the optimum."""
    exact = rationing.table(p.units, p.walk_in, p.online, 1.0, p.online_value, fine)
    best = float(exact.value[-1, p.units])
    fixed = [_worth(p, np.full(fine + 1, k), fine) for k in range(p.units + 1)]
    ours = _worth(p, thresholds(p, looks, fine), fine)
    three = fixed[min(3, p.units)]
    return tuple(1 - x / best for x in (ours, three, max(fixed), fixed[0]))  # type: ignore[return-value]


def thresholds(p: rationing.Problem, looks: int, fine: int) -> Ints:
    """What the product keeps at each fine step: asked `looks` times with what is left of the time,
    unchanged between."""
    rule = rule_of(p)
    asked = [walk_in.kept_with(rule, (k + 1) / looks) for k in range(looks)]
    at = np.minimum(np.ceil(np.arange(fine + 1) / fine * looks).astype(np.int64), looks) - 1
    found: Ints = np.array(asked, np.int64)[np.maximum(at, 0)]
    return found


def _worth(p: rationing.Problem, keep: Ints, fine: int) -> float:
    """What a rule earns: an order is taken while more than `keep[t]` units are there."""
    any_ = -np.expm1(-(p.walk_in + p.online) / fine)
    a = any_ * p.walk_in / (p.walk_in + p.online)
    return _compiled()(np.zeros(p.units + 1), keep, a, any_ - a, p.online_value)


def _evaluate(value: Floats, keep: Ints, a: float, b: float, online_value: float) -> float:
    """Backward from the delivery, one step of time after another."""
    for t in range(1, len(keep)):
        for x in range(len(value) - 1, 0, -1):
            gain = value[x] - value[x - 1]
            value[x] += a * (1.0 - gain)
            if x > keep[t]:
                value[x] += b * (online_value - gain)
    return float(value[-1])


@lru_cache(maxsize=1)
def _compiled() -> Callable[[Floats, Ints, float, float, float], float]:
    from numba import njit

    jit: Any = njit
    made: Callable[[Floats, Ints, float, float, float], float] = jit(_evaluate)
    return made


def rule_of(p: rationing.Problem) -> walk_in.WalkIn:
    """The rule of stock that stands for a cell whose delivery comes in a day."""
    return walk_in.WalkIn(
        rate_per_day=p.walk_in, online_rate_per_day=p.online, margin_minor=MARGIN,
        online_value_minor=round(MARGIN * p.online_value), replenish_weekdays=tuple(range(7)),
    )  # fmt: skip


def _speed() -> tuple[float, float]:
    """Microseconds of processor time to protect a cell that was not asked before, and to look
    again later: the best of a few rounds."""
    rules = [rule_of(p) for p in cells()]
    rationing_times.compiled()
    rounds = []
    for _ in range(ROUNDS):
        rationing_times.times.cache_clear()
        rounds.append((_us(rules, 0.9), _us(rules, 0.8)))
    first, again = zip(*rounds, strict=True)
    return min(first), min(again)


def _us(rules: list[walk_in.WalkIn], days: float) -> float:
    began = time.process_time()
    for rule in rules:
        walk_in.kept_with(rule, days)
    return (time.process_time() - began) / len(rules) * 1e6
