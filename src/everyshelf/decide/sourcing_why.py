"""Lays a decision out: every candidate, the runner-up, and the smallest changes that would flip it.

It is computed from the problem and the policy when somebody asks, by deciding again what would be
if; so that it can never differ from the decision, and a decision costs nothing more for it.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from everyshelf.decide import sourcing, sourcing_costs
from everyshelf.decide.sourcing import Policy
from everyshelf.decide.sourcing_facts import Change, Decision, Ints, Lever, Problem, Why
from everyshelf.decide.sourcing_weigh import SOURCE, candidates, filter_names, rungs, weigh

# Filters about what a node is (closed, unable, said no before) are no lever; these are.
LEVERS: Final = frozenset({"capacity", "paused"})
FIXED: Final = frozenset({SOURCE, "other_node"})
TRIED: Final = 48


def explain(p: Problem, policy: Policy, told: Decision | None = None) -> Why:
    """Everything behind the choice that this policy makes of this problem."""
    told = told or sourcing.source(p, policy)
    w = weigh(p, policy.rules)
    rung = next((r for r in rungs(p, policy.rules) if r.name == told.source), None)
    excluded, _ = candidates(p, w, rung.out if rung else None)
    took = np.minimum(w.stock, p.qty[:, None])
    labels, amounts = _terms(p, policy, took)
    alone = amounts.sum(axis=0)
    names = filter_names(w)
    other = _runner_up(p, policy, told)
    extra = other.cost_milli - told.cost_milli if other and _fills_as_much(other, told) else None
    return Why(
        policy=policy.name, version=policy.version, source=told.source, filter_names=names,
        nodes=tuple(p.node.tolist()), excluded=tuple(excluded.tolist()), terms=labels,
        amounts=tuple(map(tuple, amounts.T.tolist())), alone_milli=tuple(alone.tolist()),
        short_units=tuple((p.qty[:, None] - took).sum(axis=0).tolist()), winner=told.nodes,
        runner_up=other.nodes if other else (), runner_up_extra_milli=extra,
        changes=tuple(_changes(p, policy, told, other, excluded, names, alone)),
        proven=told.proven, gap_milli=told.gap_milli,
    )  # fmt: skip


def _terms(p: Problem, policy: Policy, took: Ints) -> tuple[tuple[str, ...], Ints]:
    """The costs (rows, by name) of each candidate for what it can serve alone."""
    labels, rows = [], []
    for part in policy.rules.costs:
        s = sourcing_costs.total(p, (part,))
        lines = (took > 0).sum(axis=0)
        rows.append(s.opening + s.entry * lines + (s.unit * took).sum(axis=0) + s.shift)
        labels.append(part.label)
    width = len(p.node)
    return tuple(labels), np.stack(rows) if rows else np.zeros((0, width), np.int64)


def _fills_as_much(other: Decision, told: Decision) -> bool:
    return other.feasible and sum(q for _, q in other.unfilled) <= sum(q for _, q in told.unfilled)


def _runner_up(p: Problem, policy: Policy, told: Decision) -> Decision | None:
    """The cheapest plan that does without one of the winner's nodes: any other useful plan does."""
    found = []
    for node in told.nodes:
        stock = np.where(p.node == node, 0, p.stock)
        other = sourcing.source(msgspec.structs.replace(p, stock=stock), policy)
        if other.feasible:
            found.append(other)
    return min(found, key=lambda d: (_lost(p, d), d.cost_milli, d.nodes), default=None)


def _lost(p: Problem, d: Decision) -> int:
    return sum(int(p.value_minor[r]) * q for r, q in d.unfilled)


def _changes(
    p: Problem, policy: Policy, told: Decision, other: Decision | None, excluded: Ints,
    names: tuple[str, ...], alone: Ints,
) -> Iterator[Change]:  # fmt: skip
    """The smallest change of each kind, if any flips the choice."""
    near = np.lexsort((p.node, alone))
    yield from _units(p, policy, told, near[np.isin(excluded[near], (-1, len(names) - 1))][:TRIED])
    late, in_time = p.fact("late_days"), p.fact("late_days_in_time")
    missed = near[(late[near] > in_time[near]) & (excluded[near] < 0)][:TRIED]
    yield from _cutoff(p, policy, told, missed)
    yield from _filters(p, policy, told, near[excluded[near] >= 0], excluded, names)
    if other is not None and _fills_as_much(other, told) and not policy.rules.bands:
        extra = other.cost_milli - told.cost_milli
        entering = next((n for n in other.nodes if n not in told.nodes), None)
        if entering is not None:
            yield Change(Lever.PRICE, entering, extra + 1, 1)


def _flips(p: Problem, after: Decision, told: Decision) -> bool:
    """Whether the order would be served otherwise, and no worse."""
    if not after.feasible or after.nodes == told.nodes:
        return False
    return not told.feasible or _lost(p, after) <= _lost(p, told)


def _saves(p: Problem, after: Decision, told: Decision) -> int | None:
    same = told.feasible and _lost(p, after) == _lost(p, told)
    return told.cost_milli - after.cost_milli if same else None


def _units(p: Problem, policy: Policy, told: Decision, columns: Ints) -> Iterator[Change]:
    """The fewest units that one more line at one node would need."""
    best: tuple[int, int, Change] | None = None
    for n in columns.tolist():
        for r in range(len(p.qty)):
            lacking = int(p.qty[r]) - int(p.stock[r, n])
            if lacking <= 0 or (best is not None and best[0] == 1):
                continue
            found = _fewest(p, policy, told, r, n, min(lacking, best[0] - 1) if best else lacking)
            if found is not None:
                units, after = found
                change = Change(Lever.UNITS, int(p.node[n]), units, _saves(p, after, told), str(r))
                best = (units, int(p.node[n]), change)
    if best is not None:
        yield best[2]


def _fewest(
    p: Problem, policy: Policy, told: Decision, r: int, n: int, most: int
) -> tuple[int, Decision] | None:
    """The fewest units up to `most` at one cell that flip the choice, by halving: more stock never
    makes a node less attractive."""
    low, found = 1, None
    while low <= most:
        units = most if found is None else (low + most) // 2
        stock = p.stock.copy()
        stock[r, n] += units
        after = sourcing.source(msgspec.structs.replace(p, stock=stock), policy)
        if _flips(p, after, told):
            found, most = (units, after), units - 1
        elif found is None:
            return None
        else:
            low = units + 1
    return found


def _cutoff(p: Problem, policy: Policy, told: Decision, columns: Ints) -> Iterator[Change]:
    """The fewest minutes by which a cutoff would have to be later."""
    past = p.fact("past_cutoff_min")
    for n in columns[np.argsort(past[columns], kind="stable")].tolist():
        late = p.fact("late_days").copy()
        late[n] = p.fact("late_days_in_time")[n]
        facts = tuple((k, late if k == "late_days" else v) for k, v in p.facts)
        after = sourcing.source(msgspec.structs.replace(p, facts=facts), policy)
        if _flips(p, after, told):
            saves = _saves(p, after, told)
            yield Change(Lever.CUTOFF, int(p.node[n]), int(past[n]), saves)
            return


def _filters(
    p: Problem, policy: Policy, told: Decision, columns: Ints, excluded: Ints,
    names: tuple[str, ...],
) -> Iterator[Change]:  # fmt: skip
    """For each filter that is a lever, the node that would gain most from being spared it."""
    ours = {part.label for part in policy.rules.filters}
    for i, name in enumerate(names[:-1]):
        if name in FIXED or not (name in LEVERS or name in ours):
            continue
        found = []
        for n in columns[excluded[columns] == i][:TRIED].tolist():
            after = sourcing.source(p, policy, (name, n))
            if _flips(p, after, told):
                found.append((_lost(p, after), after.cost_milli, n, after))
        if found:
            _, _, n, after = min(found, key=lambda f: f[:3])
            lever = Lever.CAPACITY if name == "capacity" else Lever.FILTER
            yield Change(lever, int(p.node[n]), 1, _saves(p, after, told), name)
