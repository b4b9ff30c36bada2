"""A wave decided jointly: 10,000 orders, 1,000 nodes, room for a tenth more parcels than lines.

Each line has 40 to 100 nodes that hold it. Beside the greedy rule (each order the cheapest it
finds, in order of arrival) and a bound below which no plan can be.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from everyshelf.decide.sourcing_joint import NONE, Effort, Wave, together


def wave(seed: int, orders: int, nodes: int, lines: int = 1, spare: float = 1.1) -> Wave:
    """Orders of one to `lines` lines from places in a square; cost grows with the distance."""
    rng = np.random.default_rng(seed)
    items = max(20, orders // 20)
    there, here = rng.random((nodes, 2)), rng.random((orders, 2))
    holds = [np.sort(rng.choice(nodes, min(nodes, int(rng.integers(40, 101))), replace=False))
             for _ in range(items)]  # fmt: skip
    count = rng.integers(1, lines + 1, orders)
    line = np.concatenate([[0], np.cumsum(count)])
    item = np.concatenate([rng.choice(items, n, replace=False) for n in count])
    room = rng.multinomial(round(len(item) * spare), rng.dirichlet(np.full(nodes, 4.0)))
    qty = np.ones(len(item), np.int64)
    wanted = np.bincount(item, minlength=items)
    start = np.concatenate([[0], np.cumsum([len(h) for h in holds])])
    free = np.concatenate([
        1 + rng.multinomial(round(1.5 * wanted[i]), np.full(len(h), 1 / len(h)))
        for i, h in enumerate(holds)
    ])  # fmt: skip
    first, node, opening, cost, cell = [0], [], [], [], []
    for o in range(orders):
        mine = item[line[o] : line[o + 1]]
        near = np.unique(np.concatenate([holds[i] for i in mine]))
        km = np.sqrt(((there[near] - here[o]) ** 2).sum(axis=1))
        c = np.full((len(near), lines), NONE)
        at = np.full((len(near), lines), -1)
        for r, i in enumerate(mine):
            k = np.searchsorted(near, holds[i])
            c[k, r] = 50_000 + np.rint(200_000 * km[k]).astype(np.int64)
            at[k, r] = start[i] + np.arange(len(holds[i]))
        node.append(near)
        opening.append(500_000 + np.rint(600_000 * km).astype(np.int64))
        cost.append(c)
        cell.append(at)
        first.append(first[-1] + len(near))
    return Wave(
        line, qty, np.full(len(item), 20_000_000), np.array(first), np.concatenate(node),
        np.concatenate(opening), np.concatenate(cost), np.concatenate(cell), free, room, 3,
    )  # fmt: skip


def measure(seed: int, orders: int, nodes: int) -> dict[str, Any]:
    """Seconds and gaps of waves of single lines, and of orders of up to three lines."""
    began = time.perf_counter()
    together(wave(seed, 50, 50, 2), Effort(2, 1))
    found: dict[str, Any] = {"compile_s": round(time.perf_counter() - began, 2)}
    for name, lines in (("single", 1), ("mixed", 3)):
        w = wave(seed + lines, orders, nodes, lines)
        began = time.perf_counter()
        told = together(w)
        found |= {
            f"{name}_seconds": round(time.perf_counter() - began, 2),
            f"{name}_gap_pct": round(100 * told.gap, 4),
            f"{name}_greedy_gap_pct": round(100 * (told.greedy / told.bound - 1), 3),
            f"{name}_left": int((told.candidate < 0).sum()),
        }
    return found | {
        "joint_seconds": found["single_seconds"], "joint_gap_pct": found["single_gap_pct"],
        "greedy_gap_pct": found["single_greedy_gap_pct"],
    }  # fmt: skip
