"""Where a returned unit goes, and which rule said so."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyshelf.decide.disposition import (
    FOR_SALE,
    Decision,
    Grade,
    Outcome,
    Policy,
    Problem,
    Rule,
    decide,
    dispose,
    matches,
)

maybe_bool = st.none() | st.booleans()
rule = st.builds(
    Rule, st.text("abc", min_size=1, max_size=3), st.sampled_from(Outcome),
    st.none() | st.frozensets(st.sampled_from(Grade), min_size=1),
    maybe_bool, maybe_bool, maybe_bool, maybe_bool,
    st.none() | st.integers(0, 99), st.none() | st.integers(0, 99),
)  # fmt: skip
unit = st.builds(
    Problem, st.sampled_from(Grade), st.booleans(), st.booleans(), st.booleans(),
    st.integers(0, 99), st.booleans(), st.frozensets(st.sampled_from(Outcome)),
)  # fmt: skip
policies = st.builds(Policy, st.lists(rule, max_size=6).map(tuple), st.sampled_from(Outcome))


@given(unit, policies)
def test_no_policy_sells_a_recalled_or_expired_unit(found: Problem, policy: Policy) -> None:
    told = dispose(found, policy)
    if found.recalled or found.lot_expired:
        assert told.outcome not in FOR_SALE
    assert told.elsewhere == (told.outcome not in found.capabilities)


@given(unit, policies)
def test_the_first_rule_that_can_be_carried_out_fires(found: Problem, policy: Policy) -> None:
    told = dispose(found, policy)
    barred = FOR_SALE if found.recalled or found.lot_expired else frozenset()
    hits = [r for r in policy.rules if matches(r, found)]
    able = [i for i, r in enumerate(hits) if r.outcome in found.capabilities - barred]
    if able:
        first = able[0]
        assert (told.why, told.outcome) == (hits[first].name, hits[first].outcome)
        assert [name for name, _ in told.passed_over] == [r.name for r in hits[:first]]
    else:
        assert told.elsewhere or told.why == "fallback"


@pytest.mark.parametrize(
    ("found", "outcome", "why"),
    [
        (Problem(Grade.A, True), Outcome.RESTOCK, "as new"),
        (Problem(Grade.A, False), Outcome.RESTOCK, "opened, as good as new"),
        (Problem(Grade.B, False, value_minor=5000), Outcome.REFURBISH, "opened, worth renewing"),
        (Problem(Grade.C, False, value_minor=500), Outcome.OUTLET, "shows wear"),
        (Problem(Grade.C, False, value_minor=499), Outcome.RECYCLE, "not worth selling"),
        (Problem(Grade.A, True, lot_expired=True), Outcome.RECYCLE, "expired"),
        (Problem(Grade.A, True, recalled=True), Outcome.SCRAP, "recall"),
        (Problem(Grade.D, False, vendor_takes_back=True), Outcome.RETURN_TO_VENDOR,
         "faulty, vendor pays"),
    ],
)  # fmt: skip
def test_the_rules_shipped(found: Problem, outcome: Outcome, why: str) -> None:
    assert decide([found]) == [Decision(outcome, False, why, ())]


def test_a_node_that_cannot_refurbish_passes_to_the_next_rule_or_elsewhere() -> None:
    able = frozenset({Outcome.OUTLET})
    told = dispose(Problem(Grade.B, False, value_minor=9000, capabilities=able))
    assert (told.outcome, told.elsewhere) == (Outcome.OUTLET, False)
    assert told.passed_over == (("opened, worth renewing", "node_cannot"),)
    far = dispose(Problem(Grade.A, True, capabilities=frozenset()))
    assert (far.outcome, far.elsewhere) == (Outcome.RESTOCK, True)


def test_every_state_has_a_disposition_under_the_shipped_rules() -> None:
    either = (False, True)
    states = product(Grade, either, either, either, (0, 600, 9000), either)
    told = [dispose(Problem(*state)) for state in states]
    assert len(told) == 4 * 8 * 3 * 2
    assert all(d.why != "fallback" and not d.elsewhere for d in told)
