"""The policy `sourcing` as a document that people write: who checks it, and who tries it.

Other packages bring parts by entry points: under `everyshelf.sourcing.filters` a function
(problem, params) -> mask, under `everyshelf.sourcing.costs` (problem, params) -> Charge. The trial
decides the last orders again under the document, with the code that decides live, from what was
recorded of them; what only the world could say (who else came, who said no) it leaves.
"""

from __future__ import annotations

from collections import Counter
from importlib.metadata import entry_points
from typing import Final

import msgspec

from everyshelf.base import policy
from everyshelf.base.policy import Policy, Problem
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import sourcing as engine
from everyshelf.decide import sourcing_costs, sourcing_filters
from everyshelf.decide.sourcing_weigh import candidates, filter_names, weigh
from everyshelf.sourcing import recorded
from everyshelf.sourcing.facts import POLICY, Rules

SQL = load("everyshelf.sourcing")
FILTERS: Final = "everyshelf.sourcing.filters"
COSTS: Final = "everyshelf.sourcing.costs"
LAST: Final = 200
MOST_LOST: Final = 0.2
FEWEST: Final = 5


class _Kept(msgspec.Struct, frozen=True):
    problem: bytes
    why: bytes


def check(rules: Rules) -> list[Problem]:
    """Every place that cannot be meant: unknown names, conditions that do not parse, cycles."""
    return [Problem(flaw.path, flaw.detail, flaw.hint) for flaw in engine.flaws(rules)]


def trial(tx: Tx, rules: Rules) -> list[Problem]:
    """Whether recent orders that found their nodes would find none; with the filter to blame."""
    kept = tx.all(SQL.last_decisions, _Kept, after=0, most=LAST)
    served = [k for k in kept if recorded.answered(k.why).feasible]
    lost = [found for k in served if (found := _lost(k.problem, rules)) is not None]
    if len(served) < FEWEST or len(lost) <= MOST_LOST * len(served):
        return []
    blamed: Counter[str] = sum(lost, Counter())
    name, times = blamed.most_common(1)[0]
    detail = f"{len(lost)} of the last {len(served)} orders would find no node; "
    detail += f"{name!r} takes out {100 * times // blamed.total()} % of their nodes"
    return [Problem(_place(rules, name), detail, "loosen it, or force the version if it is meant")]


def _lost(body: bytes, rules: Rules) -> Counter[str] | None:
    """The filters that take out the nodes of an order that would not be served; None if it is."""
    names, asked = recorded.recorded(body)
    chosen = recorded.under(names, 0, rules, same=False)
    if engine.source(asked, chosen).feasible:
        return None
    weighed = weigh(asked, rules)
    excluded, _ = candidates(asked, weighed)
    labels = filter_names(weighed)
    out = Counter(labels[i] for i in excluded.tolist() if i >= 0)
    return out or Counter({"limits": 1})


def _place(rules: Rules, name: str) -> str:
    """Where in the document the filter of this name stands."""
    for i, part in enumerate(rules.filters):
        if part.label == name:
            return f"/filters/{i}"
    return "/sources" if rules.sources else "/limits"


def rules_of(tx: Tx, version: int | None = None) -> Policy[Rules]:
    """A version of the rules; without a number the one in force for everybody.
    Refused(policy.unknown)."""
    if version is None:
        return policy.live(tx, POLICY, Rules)
    return policy.get(tx, POLICY, version, Rules)


def find_plugins() -> list[str]:
    """Makes the plugins that are installed known to policies; their names."""
    for found in entry_points(group=FILTERS):
        sourcing_filters.PLUGINS[found.name] = found.load()
    for found in entry_points(group=COSTS):
        sourcing_costs.PLUGINS[found.name] = found.load()
    return sorted({*sourcing_filters.PLUGINS, *sourcing_costs.PLUGINS})


find_plugins()
policy.register(POLICY, Rules, check, trial)
