"""A wave is decided together: never beyond what there is, never below its bound, close to the
optimum, and never dearer than what stands."""

from itertools import product

import numpy as np
import pytest
from msgspec.structs import replace

from bench.sourcing_joint import wave
from everyshelf.decide.sourcing_joint import (
    NONE,
    Effort,
    Together,
    Wave,
    changed,
    decide,
    together,
)


def tiny(seed: int) -> Wave:
    """Up to four orders of one or two lines that fight for few units and little work."""
    rng = np.random.default_rng(seed)
    orders, nodes, items = int(rng.integers(2, 5)), 3, 2
    count = rng.integers(1, 3, orders)
    line = np.concatenate([[0], np.cumsum(count)])
    item = np.concatenate([rng.choice(items, n, replace=False) for n in count])
    first, node, opening, cost, cell = [0], [], [], [], []
    for o in range(orders):
        c, at = np.full((nodes, 2), NONE), np.full((nodes, 2), -1)
        for r, i in enumerate(item[line[o] : line[o + 1]]):
            for n in range(nodes):
                if rng.random() < 0.8:
                    c[n, r], at[n, r] = rng.integers(1, 50), i * nodes + n
        node.append(np.arange(nodes))
        opening.append(rng.integers(1, 90, nodes))
        cost.append(c)
        cell.append(at)
        first.append(first[-1] + nodes)
    return Wave(
        line, rng.integers(1, 3, len(item)), np.full(len(item), 1000), np.array(first),
        np.concatenate(node), np.concatenate(opening), np.concatenate(cost), np.concatenate(cell),
        rng.integers(0, 4, items * nodes), rng.integers(0, 3, nodes), int(rng.integers(1, 3)),
    )  # fmt: skip


def priced(w: Wave, plan: tuple[int, ...]) -> tuple[int, bool]:
    """What a plan costs, and whether there is enough of everything, from the definition."""
    free, room, total, fits = w.free.copy(), w.room.copy(), 0, True
    for o in range(len(w.line) - 1):
        lines = range(int(w.line[o]), int(w.line[o + 1]))
        opened = {plan[a] for a in lines if plan[a] >= 0}
        fits = fits and len(opened) <= w.most
        for k in opened:
            total += int(w.opening[k])
            room[w.node[k]] -= 1
        for r, a in enumerate(lines):
            if (k := plan[a]) < 0:
                total += int(w.left[a])
                continue
            fits = fits and bool(w.cell[k, r] >= 0)
            total += int(w.cost[k, r])
            free[w.cell[k, r]] -= w.qty[a]
    return total, fits and bool((free >= 0).all() and (room >= 0).all())


def best(w: Wave) -> int:
    """The optimum, by trying everything."""
    options = []
    for o in range(len(w.line) - 1):
        for _ in range(int(w.line[o]), int(w.line[o + 1])):
            options.append([-1, *range(int(w.first[o]), int(w.first[o + 1]))])
    sure = int(w.left.sum())
    for plan in product(*options):
        total, fits = priced(w, plan)
        if fits:
            sure = min(sure, total)
    return sure


def sound(w: Wave, told: Together) -> None:
    total, fits = priced(w, tuple(told.candidate.tolist()))
    assert fits
    assert total == told.cost
    assert told.bound <= told.cost <= told.greedy


@pytest.mark.parametrize("chunk", range(4))
def test_the_bound_is_below_and_the_plan_near_the_optimum(chunk: int) -> None:
    exact, dearer = 0, 0.0
    for seed in range(chunk * 40, chunk * 40 + 40):
        w = tiny(seed)
        told, optimum = together(w), best(w)
        sound(w, told)
        assert told.bound <= optimum <= told.cost
        exact += told.cost == optimum
        dearer += told.cost / optimum - 1
    assert exact >= 34
    assert dearer / 40 < 0.02


def test_a_plan_that_takes_too_much_is_seen() -> None:
    """The negative control: with room that is not there the same plan no longer fits."""
    w = wave(3, 300, 40, 2)
    told = together(w)
    sound(w, told)
    used = np.bincount(w.node[told.candidate[told.candidate >= 0]], minlength=len(w.room))
    less = replace(w, room=np.minimum(w.room, used - 1))
    assert not priced(less, tuple(told.candidate.tolist()))[1]
    wide = together(replace(w, room=w.room + 1000, free=w.free + 1000))
    assert not priced(w, tuple(wide.candidate.tolist()))[1]


@pytest.mark.parametrize("lines", [1, 3])
def test_a_wave_is_within_a_thousandth_of_its_bound(lines: int) -> None:
    w = wave(7, 1500, 150, lines)
    told = together(w, Effort(rounds=200))
    sound(w, told)
    assert told.gap < 0.001
    assert told.greedy > told.cost * 1.01


def test_it_is_the_same_every_time() -> None:
    a, b = decide([wave(5, 400, 60, 2)] * 2)
    assert a.candidate.tolist() == b.candidate.tolist()


@pytest.mark.parametrize("seed", range(20))
def test_what_stands_never_becomes_dearer(seed: int) -> None:
    w = wave(seed, 200, 30, 2)
    stands = together(w, Effort(rounds=1, sweeps=0))
    again = together(replace(w, start=stands.candidate), Effort(rounds=1, sweeps=2))
    sound(w, again)
    assert again.cost <= stands.cost


@pytest.mark.parametrize("seed", range(10))
def test_the_turns_of_the_orders_matter_less_than_the_gap(seed: int) -> None:
    w = wave(seed, 200, 30, 1)
    mix = np.random.default_rng(seed).permutation(200)
    spans = [slice(int(w.first[o]), int(w.first[o + 1])) for o in mix]
    first = np.concatenate([[0], np.cumsum([s.stop - s.start for s in spans])])
    pick = np.concatenate([np.arange(s.start, s.stop) for s in spans])
    mixed = replace(w, first=first, node=w.node[pick], opening=w.opening[pick], cost=w.cost[pick],
                    cell=w.cell[pick], qty=w.qty[mix], left=w.left[mix])  # fmt: skip
    a, b = together(w), together(mixed)
    assert abs(a.cost - b.cost) <= max(a.cost - a.bound, b.cost - b.bound)


def test_prices_are_paid_only_for_what_is_scarce() -> None:
    w = wave(1, 300, 40, 1)
    told = together(w)
    assert told.work_price.max() > 0
    plenty = together(replace(w, room=w.room + 1000, free=w.free + 1000))
    assert plenty.work_price.max() == plenty.unit_price.max() == 0
    assert plenty.gap == 0


def scarce(seed: int) -> Wave:
    """A wave of which a good part cannot be served, and nodes of different lateness."""
    w = wave(seed, 60, 12, 2)
    late = np.random.default_rng(seed).integers(0, 4, len(w.node))
    return replace(
        w, room=np.maximum(w.room * 6 // 10, 1), free=np.maximum(w.free - 1, 0), late=late
    )


def worse(w: Wave, before: Together, after: Together) -> list[int]:
    """The orders of which a served line is left, or that are later than they were."""
    assert w.late is not None
    found = []
    for o in range(len(w.line) - 1):
        span = slice(int(w.line[o]), int(w.line[o + 1]))
        was, now = before.candidate[span], after.candidate[span]
        left = bool(((was >= 0) & (now < 0)).any())
        latest = max((int(w.late[k]) for k in was if k >= 0), default=99)
        if left or any(int(w.late[k]) > latest for k in now if k >= 0):
            found.append(o)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_no_promise_becomes_worse_when_a_wave_is_planned_again(seed: int) -> None:
    w = scarce(seed)
    stands = together(w, Effort(rounds=1, sweeps=0))
    again = together(replace(w, start=stands.candidate))
    assert worse(w, stands, again) == []
    assert priced(w, tuple(again.candidate.tolist())) == (again.cost, True)
    assert again.cost <= stands.cost
    moved = {int(np.searchsorted(w.line, a, side="right")) - 1
             for a in range(len(w.qty)) if stands.candidate[a] != again.candidate[a]}  # fmt: skip
    assert changed(replace(w, start=stands.candidate), again) == sorted(moved)


def test_without_what_stands_promises_would_be_broken() -> None:
    """The negative control: planned afresh, the same waves leave or delay orders."""
    w = scarce(1)
    stands = together(w, Effort(rounds=1, sweeps=0))
    assert worse(w, stands, together(w)) != []
    assert changed(w, stands) == []
