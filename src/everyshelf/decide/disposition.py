"""Decides where a returned unit goes: the first rule that matches its state and the node's means.

Rules are data in the order of the policy; the rule that fired is the why. Two things are not up to
the rules: a recalled unit or an expired lot never goes back on sale, whoever wrote the policy. It
neither grades the unit nor moves stock.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Grade(StrEnum):
    """The condition found at the inspection, best first."""

    A = "a"
    B = "b"
    C = "c"
    D = "d"


class Outcome(StrEnum):
    """Where the unit goes."""

    RESTOCK = "restock"
    REFURBISH = "refurbish"
    OUTLET = "outlet"
    RETURN_TO_VENDOR = "return_to_vendor"
    RECYCLE = "recycle"
    SCRAP = "scrap"


FOR_SALE = frozenset({Outcome.RESTOCK, Outcome.REFURBISH, Outcome.OUTLET})


class Problem(msgspec.Struct, frozen=True):
    """One inspected unit; `capabilities` are the outcomes that its node can carry out."""

    grade: Grade
    sealed: bool
    lot_expired: bool = False
    recalled: bool = False
    value_minor: int = 0
    vendor_takes_back: bool = False
    capabilities: frozenset[Outcome] = frozenset(Outcome)


class Rule(msgspec.Struct, frozen=True):
    """A named condition; None matches anything. Bounds on value are inclusive."""

    name: str
    outcome: Outcome
    grades: frozenset[Grade] | None = None
    sealed: bool | None = None
    lot_expired: bool | None = None
    recalled: bool | None = None
    vendor_takes_back: bool | None = None
    value_from_minor: int | None = None
    value_to_minor: int | None = None


DEFAULT_RULES = (
    Rule("recall to vendor", Outcome.RETURN_TO_VENDOR, recalled=True, vendor_takes_back=True),
    Rule("recall", Outcome.SCRAP, recalled=True),
    Rule("expired to vendor", Outcome.RETURN_TO_VENDOR, lot_expired=True, vendor_takes_back=True),
    Rule("expired", Outcome.RECYCLE, lot_expired=True),
    Rule("as new", Outcome.RESTOCK, frozenset({Grade.A}), sealed=True),
    Rule("opened, worth renewing", Outcome.REFURBISH, frozenset({Grade.A, Grade.B}),
         value_from_minor=5_000),
    Rule("opened, as good as new", Outcome.RESTOCK, frozenset({Grade.A})),
    Rule("shows wear", Outcome.OUTLET, frozenset({Grade.B, Grade.C}), value_from_minor=500),
    Rule("faulty, vendor pays", Outcome.RETURN_TO_VENDOR, vendor_takes_back=True),
    Rule("not worth selling", Outcome.RECYCLE),
)  # fmt: skip


class Policy(msgspec.Struct, frozen=True):
    """The rules in the order in which they are tried, and the end of the line."""

    rules: tuple[Rule, ...] = DEFAULT_RULES
    fallback: Outcome = Outcome.SCRAP


STANDARD = Policy()


class Decision(msgspec.Struct, frozen=True):
    """The outcome, whether the node must send the unit elsewhere for it, and the rule that fired.

    `passed_over` names rules that matched but may not or cannot be carried out, with the reason.
    """

    outcome: Outcome
    elsewhere: bool
    why: str
    passed_over: tuple[tuple[str, str], ...]


def decide(problems: Sequence[Problem], policy: Policy = STANDARD) -> list[Decision]:
    """The disposition of every unit of the batch."""
    return [dispose(unit, policy) for unit in problems]


def dispose(unit: Problem, policy: Policy = STANDARD) -> Decision:
    """The first matching rule the node can carry out; else the first that is safe elsewhere."""
    matching = [rule for rule in policy.rules if matches(rule, unit)]
    passed = tuple((rule.name, why) for rule in matching if (why := _obstacle(rule.outcome, unit)))
    for rule in matching:
        if not _obstacle(rule.outcome, unit):
            before = passed[: _position(passed, rule, matching)]
            return Decision(rule.outcome, False, rule.name, before)
    for rule in matching:
        if not _unsafe(rule.outcome, unit):
            return Decision(rule.outcome, True, rule.name, passed)
    outcome = Outcome.SCRAP if _unsafe(policy.fallback, unit) else policy.fallback
    return Decision(outcome, outcome not in unit.capabilities, "fallback", passed)


def matches(rule: Rule, unit: Problem) -> bool:
    """Whether every condition that the rule states holds for the unit."""
    pairs = (
        (rule.sealed, unit.sealed),
        (rule.lot_expired, unit.lot_expired),
        (rule.recalled, unit.recalled),
        (rule.vendor_takes_back, unit.vendor_takes_back),
    )
    if any(wanted is not None and wanted != found for wanted, found in pairs):
        return False
    if rule.grades is not None and unit.grade not in rule.grades:
        return False
    above = rule.value_from_minor is None or unit.value_minor >= rule.value_from_minor
    return above and (rule.value_to_minor is None or unit.value_minor <= rule.value_to_minor)


def _position(passed: Sequence[tuple[str, str]], fired: Rule, matching: Sequence[Rule]) -> int:
    """How many of the passed-over rules stand before the one that fired."""
    return min(len(passed), next(i for i, rule in enumerate(matching) if rule is fired))


def _obstacle(outcome: Outcome, unit: Problem) -> str | None:
    if why := _unsafe(outcome, unit):
        return why
    return None if outcome in unit.capabilities else "node_cannot"


def _unsafe(outcome: Outcome, unit: Problem) -> str | None:
    if outcome in FOR_SALE and unit.recalled:
        return "recalled"
    if outcome in FOR_SALE and unit.lot_expired:
        return "lot_expired"
    return None
