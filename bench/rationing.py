"""Units kept for people who walk in: our thresholds beside the optimum and beside fixed buffers.

Two hundred stores: units, demand from the street and from online orders, what an order is worth
there. Every rule is evaluated exactly on a fine grid of time, not by simulation.
"""

from __future__ import annotations

import argparse
import time
from itertools import product
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.scratch import machine
from everyshelf.decide import rationing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNITS: Final = (2, 4, 8, 12, 20)
WALK_IN: Final = (0.4, 0.7, 1.0, 1.5)
ONLINE: Final = (0.4, 1.0)
WORTH: Final = (0.3, 0.5, 0.7, 0.85, 0.95)
FINE: Final = 4_000
LOOKS: Final = 48


class Report(msgspec.Struct, frozen=True):
    """Per cent of the optimum that each rule loses; ours looks at the clock `looks` times until the
    delivery, as the product does every half hour of a day."""

    name: str
    cells: int
    worst_loss_pct: float
    mean_loss_pct: float
    fixed_buffer_worst_loss_pct: float
    best_fixed_worst_loss_pct: float
    no_buffer_worst_loss_pct: float
    us_per_cell: float
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
    return Report(
        "rationing", len(losses), round(float(ours.max()), 4), round(float(ours.mean()), 4),
        round(float(fixed.max()), 2), round(float(best.max()), 2), round(float(none.max()), 2),
        round(_speed(), 1), asked.looks, machine(),
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
    asked = [
        rationing.protect(msgspec.structs.replace(
            p, walk_in=p.walk_in * (k + 1) / looks, online=p.online * (k + 1) / looks
        )).keep
        for k in range(looks)
    ]  # fmt: skip
    at = np.minimum(np.ceil(np.arange(fine + 1) / fine * looks).astype(np.int64), looks) - 1
    found: Ints = np.array(asked, np.int64)[np.maximum(at, 0)]
    return found


def _worth(p: rationing.Problem, keep: Ints, fine: int) -> float:
    """What a rule earns: an order is taken while more than `keep[t]` units are there."""
    any_ = -np.expm1(-(p.walk_in + p.online) / fine)
    a = any_ * p.walk_in / (p.walk_in + p.online)
    b = any_ - a
    value: Floats = np.zeros(p.units + 1)
    for t in range(1, fine + 1):
        gain = np.diff(value)
        fresh = value.copy()
        fresh[1:] += a * (1.0 - gain)
        takes = np.arange(1, p.units + 1) > keep[t]
        fresh[1:] += b * np.where(takes, p.online_value - gain, 0.0)
        value = fresh
    return float(value[p.units])


def _speed() -> float:
    """Microseconds to protect a cell that was not asked before."""
    some = cells()
    rationing.decide(some[:1])
    rationing.table.cache_clear()
    began = time.perf_counter()
    rationing.decide(some)
    return (time.perf_counter() - began) / len(some) * 1e6
