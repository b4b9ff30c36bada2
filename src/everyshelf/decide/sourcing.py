"""Decides which nodes serve the lines of an order: the cheapest feasible set, exactly, and why.

It sees one order's snapshot only: what a unit will be worth later must come in as cost. It neither
allocates stock nor re-checks it; the ledger does. Larger searches stop at `max_expansions` and then
state how far from the optimum they can be.
"""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from everyshelf.decide.sourcing_facts import (
    NO_STOCK,
    TERMS,
    Change,
    Decision,
    Ints,
    Part,
    Policy,
    Problem,
    Shortage,
    Why,
    digest,
)
from everyshelf.decide.sourcing_kernel import MASK_NODES, compiled
from everyshelf.decide.sourcing_solve import Costs, Plan, costs, solve

STANDARD = Policy()

__all__ = [
    "NO_STOCK",
    "TERMS",
    "Change",
    "Decision",
    "Part",
    "Policy",
    "Problem",
    "Shortage",
    "Why",
    "decide",
    "digest",
    "source",
    "warm",
]

PENALTY_ROOM = 1 << 60


def decide(problems: Sequence[Problem], policy: Policy = STANDARD) -> list[Decision]:
    """Source every order of the batch, each on its own snapshot."""
    return [source(problem, policy) for problem in problems]


def warm() -> None:
    """Compile the search now, so that no customer waits for it."""
    one = np.ones((1, 1), np.int64)
    none = np.zeros((1, 1), np.int64)
    search, improve = compiled()
    search(one[0], one, none, one, one[0], one[0], one, one, none, 1, False, 9, 9)
    improve(none[0], one, one[0], one, none, one, one[0], one[0], False, 1)


def source(problem: Problem, policy: Policy = STANDARD) -> Decision:
    """Filter, weigh, solve, cut the lines, and say why."""
    excluded, columns = _eligible(problem)
    opening, unit, entry = _money(problem, policy, columns)
    stock = problem.stock[:, columns]
    most = _most_nodes(problem, policy)
    qty = _reachable(stock, problem.qty, policy.split_lines and most > 1)
    short = bool((qty < problem.qty).any())
    if not len(columns) or (short and policy.shortage is Shortage.REFUSE):
        why = _why(problem, policy, excluded, columns, (opening, unit, entry), None)
        return _refused(problem, why)
    penalty = _penalties(problem, policy, opening, unit, entry, qty)
    c = costs(opening, unit, entry, stock, qty, penalty, most, policy.split_lines)
    plan = solve(c, policy.max_expansions)
    return _decision(problem, policy, excluded, columns, c, plan)


def _eligible(problem: Problem) -> tuple[Ints, Ints]:
    """Per candidate the first filter that excludes it (-1: none), and the rest in tie order."""
    excluded = np.full(len(problem.node), -1, np.int64)
    for i, (_, mask) in enumerate(problem.filters):
        excluded[(excluded < 0) & mask] = i
    empty = (np.minimum(problem.stock, problem.qty[:, None]) <= 0).all(axis=0)
    excluded[(excluded < 0) & empty] = len(problem.filters)
    order = np.lexsort((problem.node, problem.priority))
    return excluded, order[excluded[order] < 0]


def _money(problem: Problem, policy: Policy, columns: Ints) -> tuple[Ints, Ints, Ints]:
    """Costs in milli: of opening a node, of a unit of a line there, of the line itself there."""
    opening = problem.parcel_minor + problem.labour_order_minor + problem.late_minor
    unit = np.outer(_billed_g(problem, policy), problem.per_kg_minor[columns])
    unit += problem.labour_unit_minor[columns] * 1000
    entry = np.broadcast_to(problem.labour_line_minor[columns] * 1000, unit.shape)
    return opening[columns] * 1000, unit, entry


def _billed_g(problem: Problem, policy: Policy) -> Ints:
    bulk = np.ceil(problem.volume_cm3 * policy.dim_g_per_cm3).astype(np.int64)
    billed: Ints = np.maximum(problem.weight_g, bulk)
    return billed


def _most_nodes(problem: Problem, policy: Policy) -> int:
    value = int((problem.qty * problem.value_minor).sum())
    return 1 if value < policy.min_value_to_split_minor else policy.max_nodes


def _reachable(stock: Ints, qty: Ints, split: bool) -> Ints:
    """What any plan could fill at most of each line: the rest is lost before the search begins."""
    if not stock.shape[1]:
        return np.zeros_like(qty)
    held = stock.sum(axis=1) if split else stock.max(axis=1)
    reach: Ints = np.minimum(qty, held)
    return reach


def _penalties(
    problem: Problem, policy: Policy, opening: Ints, unit: Ints, entry: Ints, qty: Ints
) -> Ints:
    """Price an unfilled unit above any cost of filling, in proportion to its value if partial."""
    dearest = unit.max(axis=1) * qty + entry.max(axis=1) * policy.max_nodes
    ceiling = 1 + int(np.sort(opening)[-policy.max_nodes :].sum()) + int(dearest.sum())
    if policy.shortage is Shortage.REFUSE:
        return np.full(len(qty), ceiling, np.int64)
    value = np.maximum(problem.value_minor, 1)
    # Very large orders get coarser values rather than an overflow.
    coarse = max(1, -(-ceiling * int((value * qty).sum()) // PENALTY_ROOM))
    penalty: Ints = np.maximum(value // coarse, 1) * ceiling
    return penalty


def _cut(c: Costs, nodes: Sequence[int], r: int) -> list[tuple[int, int]]:
    """The cheapest cut of one line over the chosen columns; the twin of the kernel's `cheapest`."""
    holders = sorted((n for n in nodes if c.stock[r, n] > 0), key=lambda n: int(c.unit[r, n]))
    need = int(c.qty[r])
    sets = [[n] for n in holders]
    if c.split and len(holders) <= MASK_NODES:
        sets = [
            [n for i, n in enumerate(holders) if mask >> i & 1]
            for mask in range(1, 1 << len(holders))
        ]
    elif c.split:
        sets.append(holders)
    filled = [(_price(c, r, took, need), took) for took in (_fill(c, r, s, need) for s in sets)]
    return min(filled, key=lambda pair: pair[0], default=(0, []))[1]


def _fill(c: Costs, r: int, holders: Sequence[int], need: int) -> list[tuple[int, int]]:
    parts = []
    for n in holders:
        took = min(need, int(c.stock[r, n]))
        if took:
            parts.append((n, took))
            need -= took
    return parts


def _price(c: Costs, r: int, parts: Sequence[tuple[int, int]], need: int) -> int:
    served = sum(int(c.entry[r, n]) + q * int(c.unit[r, n]) for n, q in parts)
    return served + (need - sum(q for _, q in parts)) * int(c.penalty[r])


def _decision(
    problem: Problem, policy: Policy, excluded: Ints, columns: Ints, c: Costs, plan: Plan
) -> Decision:
    cuts = [_cut(c, plan.nodes, r) for r in range(len(c.qty))]
    plan = _trimmed(c, plan, cuts)
    why = _why(problem, policy, excluded, columns, (c.opening, c.unit, c.entry), (c, plan))
    ids = problem.node[columns]
    parts = tuple(Part(r, int(ids[n]), q) for r, cut in enumerate(cuts) for n, q in cut)
    left = [int(problem.qty[r]) - sum(q for _, q in cut) for r, cut in enumerate(cuts)]
    unfilled = tuple((r, q) for r, q in enumerate(left) if q)
    if not parts or (unfilled and policy.shortage is Shortage.REFUSE):
        return _refused(problem, why)
    served = sum(_price(c, r, cut, sum(q for _, q in cut)) for r, cut in enumerate(cuts))
    milli = served + int(c.opening[list(plan.nodes)].sum())
    return Decision(problem.order, True, parts, unfilled, milli, (milli + 500) // 1000, why)


def _trimmed(c: Costs, plan: Plan, cuts: Sequence[list[tuple[int, int]]]) -> Plan:
    """Leave out nodes that the cut lines do not use: they were open at no gain."""
    used = {n for cut in cuts for n, _ in cut}
    idle = [n for n in plan.nodes if n not in used]
    if not idle:
        return plan
    cost = plan.cost - int(c.opening[idle].sum())
    nodes = tuple(n for n in plan.nodes if n in used)
    return replace(plan, nodes=nodes, cost=cost, bound=min(plan.bound, cost))


def _refused(problem: Problem, why: Why) -> Decision:
    unfilled = tuple((r, int(q)) for r, q in enumerate(problem.qty))
    return Decision(problem.order, False, (), unfilled, 0, 0, why)


def _why(
    problem: Problem,
    policy: Policy,
    excluded: Ints,
    columns: Ints,
    money: tuple[Ints, Ints, Ints],
    solved: tuple[Costs, Plan] | None,
) -> Why:
    """Lay the arrays of the decision out for storage; only plain integers and names remain."""
    ids = problem.node[columns]
    took = np.minimum(problem.stock[:, columns], problem.qty[:, None])
    terms = _terms(problem, policy, columns, took)
    plan = solved[1] if solved else None
    extra = plan.other_cost - plan.cost if plan and plan.other_cost is not None else None
    return Why(
        policy=policy.name,
        version=policy.version,
        filter_names=(*(name for name, _ in problem.filters), NO_STOCK),
        nodes=tuple(problem.node.tolist()),
        excluded=tuple(excluded.tolist()),
        weighed=tuple(ids.tolist()),
        terms=tuple(map(tuple, terms.T.tolist())),
        alone_milli=tuple(terms.sum(axis=0).tolist()),
        short_units=tuple((problem.qty[:, None] - took).sum(axis=0).tolist()),
        winner=tuple(int(ids[n]) for n in plan.nodes) if plan else (),
        runner_up=tuple(int(ids[n]) for n in plan.other) if plan else (),
        runner_up_extra_milli=extra,
        counterfactual=_counterfactual(problem, ids, took, money, solved),
        proven=plan.proven if plan else True,
        gap_milli=plan.cost - plan.bound if plan else 0,
        expansions=plan.expansions if plan else 0,
    )


def _terms(problem: Problem, policy: Policy, columns: Ints, took: Ints) -> Ints:
    """The cost terms (rows as in TERMS) of each weighed node for what it can serve alone."""
    fixed = (problem.parcel_minor, problem.labour_order_minor, problem.late_minor)
    weight = _billed_g(problem, policy) @ took * problem.per_kg_minor[columns]
    lines = (took > 0).sum(axis=0) * problem.labour_line_minor[columns] * 1000
    units = took.sum(axis=0) * problem.labour_unit_minor[columns] * 1000
    return np.stack([*(a[columns] * 1000 for a in fixed), weight, lines, units])


def _counterfactual(
    problem: Problem,
    ids: Ints,
    took: Ints,
    money: tuple[Ints, Ints, Ints],
    solved: tuple[Costs, Plan] | None,
) -> Change | None:
    """The node that would win alone with the fewest extra units (then the greatest saving)."""
    if solved is None:
        return None
    c, plan = solved
    opening, unit, entry = money
    lost = int(((problem.qty - c.qty) * c.penalty).sum())
    alone = opening + (entry + unit * problem.qty[:, None]).sum(axis=0)
    saves = plan.cost + lost - alone
    missing = (problem.qty[:, None] - took).sum(axis=0)
    flips = np.flatnonzero((missing > 0) & (saves > 0))
    if not len(flips):
        return None
    best = flips[np.lexsort((-saves[flips], missing[flips]))[0]]
    return Change(int(ids[best]), int(missing[best]), int(saves[best]))
