"""What would have been: recorded orders decided again under other rules, beside the rules in force.

Both sides are decided by the code that decides live, from what was recorded of each order, so that
the difference is the rules' alone. Nothing is written, no unit moves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from everyshelf import sourcing
from everyshelf.base import policy
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import sourcing as engine
from everyshelf.decide.sourcing_why import explain
from everyshelf.orders import OrderId
from everyshelf.sourcing import DecisionId, Past, Rules

SQL = load("everyshelf.planning")
NAME: Final = "sourcing"
SHOWN: Final = 20
MOST: Final = 1_000_000


class Side(msgspec.Struct, frozen=True):
    """What one set of rules comes to over the orders of a replay.

    `km` is the mean distance of a parcel; `late` counts parcels that would come after the promise;
    `split` decisions that take more than one parcel. `nodes`: parcels by node.
    """

    label: str
    decisions: int
    units: int
    unfilled: int
    cost_minor: int
    parcels: int
    split: int
    late: int
    km: float
    nodes: dict[str, int]

    @property
    def cost_per_decision(self) -> float:
        """Minor units a decision."""
        return self.cost_minor / max(1, self.decisions)


class Choice(msgspec.Struct, frozen=True):
    """What one side chose for an order, and why not the next best."""

    nodes: tuple[str, ...]
    cost_minor: int
    unfilled: int
    terms_minor: dict[str, float]
    left_out: dict[str, str]


class Changed(msgspec.Struct, frozen=True):
    """An order that the other rules would have sent from elsewhere."""

    decision_id: DecisionId
    order_id: OrderId
    at: datetime
    before: Choice
    after: Choice


class Report(msgspec.Struct, frozen=True):
    """Both sides, how many decisions differ, and the dearest differences."""

    since: datetime
    until: datetime
    before: Side
    after: Side
    changed: int
    examples: tuple[Changed, ...]


class _Sum:
    """Adds up one side."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.count: Counter[str] = Counter()
        self.nodes: Counter[str] = Counter()
        self.milli = 0

    def add(self, one: Past, told: engine.Decision) -> None:
        opened = told.nodes
        km, late = one.problem.fact("km"), one.problem.fact("late_days")
        self.milli += told.cost_milli
        self.nodes.update(one.names.nodes[n] for n in opened)
        self.count.update(
            decisions=1, units=sum(p.qty for p in told.parts), parcels=len(opened),
            unfilled=sum(q for _, q in told.unfilled), split=len(opened) > 1,
            late=sum(int(late[n] > 0) for n in opened), km=sum(int(km[n]) for n in opened),
        )  # fmt: skip

    def side(self) -> Side:
        c = self.count
        return Side(
            self.label, c["decisions"], c["units"], c["unfilled"], (self.milli + 500) // 1000,
            c["parcels"], c["split"], c["late"], round(c["km"] / max(1, c["parcels"]), 1),
            dict(sorted(self.nodes.items())),
        )  # fmt: skip


def replay(
    tx: Tx, rules: Rules, label: str, since: datetime, until: datetime, against: int | None = None,
    most: int = MOST, progress: Callable[[int], None] = lambda _: None,
) -> Report:  # fmt: skip
    """Decides the orders of a period under `rules` and under the version `against` (None: the one
    in force for everybody). Refused: policy.unknown."""
    base = sourcing.rules_of(tx, against)
    before, after = _Sum(f"version {base.version}"), _Sum(label)
    changed: list[tuple[int, Past, engine.Decision, engine.Decision]] = []
    both = _both(tx, base, rules, since, until, most)
    for count, (one, old, new) in enumerate(both, 1):
        before.add(one, old)
        after.add(one, new)
        progress(count)
        if (old.parts, old.unfilled) != (new.parts, new.unfilled):
            changed.append((abs(new.cost_milli - old.cost_milli), one, old, new))
    shown = sorted(changed, key=lambda c: (-c[0], c[1].id))[:SHOWN]
    examples = tuple(
        Changed(
            one.id, one.order_id, one.at, _choice(one, base.params, old),
            _choice(one, rules, new),
        )
        for _, one, old, new in shown
    )  # fmt: skip
    return Report(since, until, before.side(), after.side(), len(changed), examples)


def _both(
    tx: Tx, base: policy.Policy[Rules], rules: Rules, since: datetime, until: datetime, most: int
) -> Iterator[tuple[Past, engine.Decision, engine.Decision]]:
    for one in sourcing.past(tx, since, until, most):
        yield one, one.under(base.version, base.params), one.under(0, rules)


def _choice(one: Past, rules: Rules, told: engine.Decision) -> Choice:
    """The choice as a person reads it: its terms, and the filter that took each other node out."""
    said = explain(one.problem, one.policy(0, rules), told)
    at = [said.nodes.index(n) for n in said.winner]
    terms = {term: sum(said.amounts[n][i] for n in at) / 1000 for i, term in enumerate(said.terms)}
    left_out = {
        one.names.nodes[n]: said.filter_names[i] for n, i in enumerate(said.excluded) if i >= 0
    }
    return Choice(
        tuple(one.names.nodes[n] for n in said.winner), told.cost_minor,
        sum(q for _, q in told.unfilled), {t: v for t, v in terms.items() if v}, left_out,
    )  # fmt: skip


class Shadowed(msgspec.Struct, frozen=True):
    """What a version in shadow would have come to over the live decisions of a period."""

    decisions: int
    changed: int
    before_minor: int
    cost_minor: int
    parcels: int
    unfilled: int


def shadowed(tx: Tx, version: int, since: datetime, until: datetime) -> Shadowed:
    """Adds up what was kept while the version ran in shadow. Refused: policy.unknown."""
    policy.row(tx, NAME, version)
    found = tx.one(SQL.shadow_sums, Shadowed, version=version, since=since, until=until)
    assert found is not None
    return found
