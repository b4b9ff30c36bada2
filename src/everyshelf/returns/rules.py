"""Checks a document of the policy `returns` before it can be drafted: what no unit could ever meet,
and what could never be reached. The shape is checked before; what a rule means is decided in
`decide.disposition`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from everyshelf.base import policy, shape
from everyshelf.base.policy import Problem
from everyshelf.decide.disposition import FOR_SALE, Rule
from everyshelf.returns.facts import POLICY, ReturnsPolicy

MAX_DAYS: Final = 3_650
MAX_RULES: Final = 200


def check(params: ReturnsPolicy) -> Sequence[Problem]:
    """Every place that cannot be meant."""
    return [*_days(params), *_rules(params.rules)]


def _days(params: ReturnsPolicy) -> Iterator[Problem]:
    for name, days in (("window_days", params.window_days), ("rma_days", params.rma_days)):
        if not 0 <= days <= MAX_DAYS:
            yield Problem(
                shape.pointer(name), f"{days} is no number of days.", f"From 0 to {MAX_DAYS}."
            )


def _rules(rules: Sequence[Rule]) -> Iterator[Problem]:
    if len(rules) > MAX_RULES:
        yield Problem("/rules", f"{len(rules)} rules.", f"At most {MAX_RULES}.")
    names = Counter(rule.name for rule in rules)
    whole: int | None = None
    for n, rule in enumerate(rules):
        if not rule.name or names[rule.name] > 1:
            yield Problem(
                shape.pointer("rules", n, "name"),
                f"The name {rule.name!r} tells no rule from another.",
                "Give each rule a name of its own; it is kept as the reason.",
            )
        yield from _rule(rule, n)
        if whole is not None:
            yield Problem(
                shape.pointer("rules", n), "It is never reached.",
                f"Rule {whole} before it takes every unit.",
            )  # fmt: skip
        elif _takes_all(rule):
            whole = n


def _rule(rule: Rule, n: int) -> Iterator[Problem]:
    low, high = rule.value_from_minor, rule.value_to_minor
    if low is not None and high is not None and low > high:
        yield Problem(
            shape.pointer("rules", n, "value_to_minor"), f"{high} is below {low}.",
            "value_from_minor and value_to_minor are both inside the range.",
        )  # fmt: skip
    if rule.grades is not None and not rule.grades:
        yield Problem(
            shape.pointer("rules", n, "grades"), "No unit has none of the grades.",
            "Name one at least, or leave the field out for any.",
        )  # fmt: skip
    for name in ("recalled", "lot_expired"):
        if getattr(rule, name) and rule.outcome in FOR_SALE:
            yield Problem(
                shape.pointer("rules", n, "outcome"),
                f"A unit that is {name.replace('_', ' ')} is never sold again.",
                "One of return_to_vendor, recycle, scrap.",
            )


def _takes_all(rule: Rule) -> bool:
    """Whether a rule states no condition and can be carried out with any unit at any node."""
    asked = (
        rule.grades, rule.sealed, rule.lot_expired, rule.recalled, rule.vendor_takes_back,
        rule.value_from_minor, rule.value_to_minor,
    )  # fmt: skip
    return all(one is None for one in asked) and rule.outcome not in FOR_SALE


policy.register(POLICY, ReturnsPolicy, check)
