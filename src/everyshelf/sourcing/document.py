"""The policy `sourcing` as a document that people write: who checks it before it is drafted."""

from __future__ import annotations

from everyshelf.base import policy
from everyshelf.base.policy import Problem
from everyshelf.decide import sourcing as engine
from everyshelf.sourcing.facts import POLICY, Rules


def check(rules: Rules) -> list[Problem]:
    """Every place that cannot be meant: unknown names, conditions that do not parse, cycles."""
    return [Problem(flaw.path, flaw.detail, flaw.hint) for flaw in engine.flaws(rules)]


policy.register(POLICY, Rules, check)
