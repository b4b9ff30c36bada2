"""Decides which nodes serve the lines of an order: the cheapest feasible set, exactly, and why.

It sees one order's snapshot only: what a unit will be worth later must come in as cost. It neither
allocates stock nor re-checks it; the ledger does. Larger searches stop at `max_expansions` and then
state how far from the optimum they can be.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from everyshelf.decide import sourcing_subsets as subsets
from everyshelf.decide.sourcing_facts import (
    FACTS,
    NO_STOCK,
    Change,
    Decision,
    Ints,
    Lever,
    LineFacts,
    NodeFacts,
    OrderFacts,
    Part,
    Problem,
    Shortage,
    Why,
    digest,
)
from everyshelf.decide.sourcing_kernel import compiled
from everyshelf.decide.sourcing_rules import Fill, Flaw, Limits, Rules, flaws
from everyshelf.decide.sourcing_solve import Costs, Plan, costs, cut_line, solve
from everyshelf.decide.sourcing_weigh import Rung, Weighed, candidates, from_zero, rungs, weigh

__all__ = [
    "FACTS",
    "NO_STOCK",
    "Change",
    "Decision",
    "Flaw",
    "Lever",
    "Limits",
    "LineFacts",
    "NodeFacts",
    "OrderFacts",
    "Part",
    "Policy",
    "Problem",
    "Rules",
    "Shortage",
    "Why",
    "decide",
    "digest",
    "flaws",
    "source",
    "source_fully",
    "warm",
]

PENALTY_ROOM = 1 << 61


class Policy(msgspec.Struct, frozen=True):
    """A version of the rules. `shortage` is what the order wants when the rules leave it to it."""

    name: str = "cheapest"
    version: int = 1
    rules: Rules = Rules()
    shortage: Shortage = Shortage.REFUSE

    @property
    def partial(self) -> bool:
        """Whether to fill as much value as there is, and only then to look at cost."""
        fill = self.rules.limits.fill
        if fill is Fill.AS_ORDERED:
            return self.shortage is Shortage.PARTIAL
        return fill is Fill.PARTIAL


STANDARD = Policy()


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
    subsets.solve(one[0], one, one[0], one[0], 1)
    subsets.bound(one[0], one, one[0], one[0], 1, 1)


def source(
    problem: Problem, policy: Policy = STANDARD, forgive: tuple[str, int] | None = None
) -> Decision:
    """Filter, weigh, solve and cut the lines, on the first source that can fill the order; when
    none can, on the one that fills most value. `forgive`: see `sourcing_weigh.weigh`."""
    weighed = weigh(problem, policy.rules, forgive)
    best, lost = None, -1
    for rung in rungs(problem, policy.rules):
        told = _from_rung(problem, policy, weighed, rung)
        short = sum(int(problem.value_minor[r]) * q for r, q in told.unfilled)
        if told.feasible and not told.unfilled:
            return told
        if best is None or short < lost:
            best, lost = told, short
    assert best is not None
    return best


def source_fully(problem: Problem, policy: Policy) -> tuple[Policy, Decision]:
    """The decision, and the policy under which it was found: an order that must go whole may use as
    many nodes as it takes, when it cannot go by fewer."""
    told = source(problem, policy)
    limits = policy.rules.limits
    if policy.partial or told.feasible or len(problem.node) <= limits.max_nodes:
        return policy, told
    limits = replace(limits, max_nodes=len(problem.node))
    wide = replace(policy, rules=replace(policy.rules, limits=limits))
    return wide, source(problem, wide)


def _from_rung(problem: Problem, policy: Policy, weighed: Weighed, rung: Rung) -> Decision:
    """The decision among the nodes of one source."""
    columns = candidates(problem, weighed, rung.out)[1]
    c = _costs(problem, policy, weighed, columns)
    if c is None:
        return _refused(problem, rung.name)
    plan = solve(c, policy.rules.limits.max_expansions)
    return _decision(problem, policy, weighed, columns, c, plan, rung.name)


def _costs(problem: Problem, policy: Policy, weighed: Weighed, columns: Ints) -> Costs | None:
    """The arrays of these columns as the search reads them; None when no plan can be feasible."""
    stock = weighed.stock[:, columns]
    most = most_nodes(problem, policy.rules.limits)
    split = policy.rules.limits.split_lines
    qty = _reachable(stock, problem.qty, split and most > 1)
    short = bool((qty < problem.qty).any())
    if not len(columns) or (short and not policy.partial):
        return None
    sums, gain = from_zero(weighed.sums)
    opening, unit = sums.opening[columns], sums.unit[:, columns]
    entry = np.broadcast_to(sums.entry[columns], unit.shape)
    penalty = _penalties(problem, policy, opening, unit, entry, qty) + gain
    return costs(opening, unit, entry, stock, qty, penalty, most, split)


def most_nodes(problem: Problem, limits: Limits) -> int:
    """How many nodes may serve the order."""
    value = int((problem.qty * problem.value_minor).sum())
    return 1 if value < limits.min_value_to_split_minor else limits.max_nodes


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
    most = policy.rules.limits.max_nodes
    dearest = unit.max(axis=1) * qty + entry.max(axis=1) * most
    ceiling = 1 + int(np.sort(opening)[-most:].sum()) + int(dearest.sum())
    if not policy.partial:
        return np.full(len(qty), ceiling, np.int64)
    value = np.maximum(problem.value_minor, 1)
    # Very large orders get coarser values rather than an overflow.
    coarse = max(1, -(-ceiling * int((value * qty).sum()) // PENALTY_ROOM))
    penalty: Ints = np.maximum(value // coarse, 1) * ceiling
    return penalty


def _decision(
    problem: Problem, policy: Policy, weighed: Weighed, columns: Ints, c: Costs, plan: Plan,
    rung: str,
) -> Decision:  # fmt: skip
    cuts = [cut_line(c, plan.nodes, r) for r in range(len(c.qty))]
    plan = _trimmed(c, plan, cuts)
    ids = problem.node[columns]
    parts = tuple(Part(r, int(ids[n]), q) for r, cut in enumerate(cuts) for n, q in cut)
    left = [int(problem.qty[r]) - sum(q for _, q in cut) for r, cut in enumerate(cuts)]
    unfilled = tuple((r, q) for r, q in enumerate(left) if q)
    if not parts or (unfilled and not policy.partial):
        return _refused(problem, rung)
    cells = [(r, int(columns[n]), q) for r, cut in enumerate(cuts) for n, q in cut]
    milli = _money(weighed, cells)
    gap = plan.cost - plan.bound if not policy.rules.bands or plan.proven else milli
    return Decision(
        problem.order, True, parts, unfilled, milli, rung, plan.proven, gap, plan.expansions
    )


def _money(weighed: Weighed, cells: Sequence[tuple[int, int, int]]) -> int:
    """What (line, candidate, qty) cost: the plain sum, whatever the bands say."""
    m = weighed.money
    opened = {n for _, n, _ in cells}
    served = sum(int(m.entry[n]) + q * int(m.unit[r, n]) for r, n, q in cells)
    return served + sum(int(m.opening[n]) for n in opened) + m.shift


def _trimmed(c: Costs, plan: Plan, cuts: Sequence[list[tuple[int, int]]]) -> Plan:
    """Leave out nodes that the cut lines do not use: they were open at no gain."""
    used = {n for cut in cuts for n, _ in cut}
    idle = [n for n in plan.nodes if n not in used]
    if not idle:
        return plan
    cost = plan.cost - int(c.opening[idle].sum())
    nodes = tuple(n for n in plan.nodes if n in used)
    return replace(plan, nodes=nodes, cost=cost, bound=min(plan.bound, cost))


def _refused(problem: Problem, rung: str) -> Decision:
    unfilled = tuple((r, int(q)) for r, q in enumerate(problem.qty))
    return Decision(problem.order, False, (), unfilled, 0, rung)
