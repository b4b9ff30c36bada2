"""Decides many orders together: who gets the units and the work that several of them want.

Stock and work are priced (Lagrange multipliers); at these prices each order is decided exactly and
alone, which bounds what any plan can cost; then the orders are put in, those that would lose most
first, and moved and swapped as long as that pays. Lines stay whole. It stops after `rounds`, not
after a time, so that the same wave always has the same answer; the gap to the bound is reported.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from everyshelf.decide import sourcing_joint_kernel as kernel

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
NONE = kernel.FAR


class Wave(msgspec.Struct, frozen=True):
    """Orders one after the other, each with its lines and its candidate nodes. Money in milli.

    Order o has the lines `line[o]` to `line[o + 1]` and the candidates `first[o]` to
    `first[o + 1]`. Per line: `qty`, and `left`, what it costs to leave it. Per candidate: `node`,
    `opening`; per candidate and line of the order (`width` columns): `cost` of the whole line there
    (NONE: it cannot) and `cell`, which of the units in `free` it draws on. `room` (node): orders
    that it can still take. `start` (line): the candidate that serves it already (-1: none), for a
    wave that is planned again: the answer is never dearer, all together, than what stands; it
    leaves no line that is served, and where `late` (candidate: how late an order would be from
    there) is given, no order becomes later than it is.
    """

    line: Ints
    qty: Ints
    left: Ints
    first: Ints
    node: Ints
    opening: Ints
    cost: Ints
    cell: Ints
    free: Ints
    room: Ints
    most: int = 4
    start: Ints | None = None
    late: Ints | None = None


class Effort(msgspec.Struct, frozen=True):
    """How long to try: rounds of prices, and sweeps of moves and swaps."""

    rounds: int = 80
    sweeps: int = 6


class Together(msgspec.Struct, frozen=True):
    """Per line its candidate, as a place in `Wave.node` (-1: left); the sum, what no plan can be
    below, and the prices of units (cell) and work (node)."""

    candidate: Ints
    cost: int
    bound: int
    unit_price: Ints
    work_price: Ints
    greedy: int

    @property
    def gap(self) -> float:
        """How far from the optimum it is at most, as a share of the bound."""
        return (self.cost - self.bound) / max(1, self.bound)


def decide(waves: Sequence[Wave], effort: Effort = Effort()) -> list[Together]:  # noqa: B008
    """Each wave by itself."""
    return [together(wave, effort) for wave in waves]


def changed(w: Wave, told: Together) -> list[int]:
    """The orders, by their place in the wave, that are served otherwise than they were."""
    if w.start is None:
        return []
    lines = np.flatnonzero(w.start != told.candidate)
    orders = np.unique(np.searchsorted(w.line, lines, side="right") - 1)
    return [int(o) for o in orders]


def together(w: Wave, effort: Effort = Effort()) -> Together:  # noqa: B008
    """The best plan found for a wave."""
    search, put, _ = kernel.compiled()
    if w.start is not None:
        w = _kept(w, w.start)
    given = (w.line, w.qty, w.left, w.first, w.node, w.opening, w.cost, w.cell)
    zeros = (np.zeros(len(w.free)), np.zeros(len(w.room)))
    plan = np.full(len(w.qty), -1, np.int64)
    arrival = np.arange(len(w.line) - 1)
    greedy, _ = put(*given, w.free.copy(), w.room.copy(), w.most, arrival, *zeros, plan)
    found = [(int(greedy), plan)]
    if w.start is not None:
        found.append(_swept(w, effort, w.start.copy()))
    target = min(cost for cost, _ in found)
    bound, mu, lam, regret = search(*given, w.free, w.room, w.most, effort.rounds, float(target))
    trial = np.full(len(w.qty), -1, np.int64)
    turns = np.argsort(-regret, kind="stable")
    put(*given, w.free.copy(), w.room.copy(), w.most, turns, mu, lam, trial)
    found.append(_swept(w, effort, trial))
    cost, plan = min(found, key=lambda pair: pair[0])
    return Together(
        plan, cost, min(cost, int(np.floor(bound))), np.rint(mu).astype(np.int64),
        np.rint(lam).astype(np.int64), int(greedy),
    )  # fmt: skip


def _kept(w: Wave, start: Ints) -> Wave:
    """The wave in which leaving a served line is dearer than all that stands together, so that no
    plan as cheap as what stands does it, and in which no order can be later than it is."""
    stands = sum(
        int(kernel.price(o, w.line, w.qty, w.left, w.node, w.opening, w.cost, start))
        for o in range(len(w.line) - 1)
    )
    cell = w.cell if w.late is None else _in_time(w, start, w.late)
    cost = np.where(cell < 0, NONE, w.cost)
    left = np.where(start >= 0, stands + 1, w.left)
    return msgspec.structs.replace(w, left=left, cell=cell, cost=cost)


def _in_time(w: Wave, start: Ints, late: Ints) -> Ints:
    """The cells without the candidates that are later than the latest that serves the order."""
    cell = w.cell.copy()
    for o in range(len(w.line) - 1):
        mine = start[w.line[o] : w.line[o + 1]]
        if (mine >= 0).any():
            span = slice(w.first[o], w.first[o + 1])
            cell[span][late[span] > late[mine[mine >= 0]].max()] = -1
    return cell


def _swept(w: Wave, effort: Effort, plan: Ints) -> tuple[int, Ints]:
    """What a plan costs after moves and swaps, and the plan then."""
    given = (w.line, w.qty, w.left, w.first, w.node, w.opening, w.cost, w.cell)
    free, room = w.free.copy(), w.room.copy()
    draw = kernel.compiled_draw()
    for o in range(len(w.line) - 1):
        draw(o, 1, w.line, w.qty, w.node, w.cell, free, room, plan)
    return int(kernel.compiled()[2](*given, free, room, w.most, effort.sweeps, plan)), plan
