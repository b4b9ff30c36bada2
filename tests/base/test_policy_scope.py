"""Versions side by side: each for its orders and its time, and what may not stand beside what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from everyshelf.base import policy, policy_guard
from everyshelf.base.errors import Problem, Refused
from everyshelf.base.policy import Facts, Guard, Metric, Row, Scope, State, Terms
from everyshelf.base.sql import Statement, load
from everyshelf.base.tx import Database, Tx
from tests.base.test_policy import HOUR, NOW, Rule, _draft, _promote

WEB = Scope(("web",))
TENTH = Scope(share_pct=10)


class Tried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy that its room checks and tries."""

    weight: int = 1


def _check(params: Tried) -> list[Problem]:
    return [Problem("/weight", "It is below zero.", "0 or more.")] if params.weight < 0 else []


def _trial(tx: Tx, params: Tried) -> list[Problem]:
    return [Problem("/weight", "No order finds a node.")] if params.weight > 100 else []


policy.register("tried", Tried, _check, _trial)


def live(db: Database, version: int, now: datetime = NOW, **terms: Any) -> None:
    """Puts a version in force on these terms."""
    made = Terms(**terms)
    db.run(lambda tx: policy.promote(tx, "rule", version, terms=made), now=now, actor="ann")


def refused(work: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        work()
    return caught.value


def rows(db: Database) -> list[Row]:
    return list(db.run(lambda tx: policy.versions(tx, "rule")))


def chosen(db: Database, now: datetime, **facts: Any) -> int:
    """The weight of the version that decides for an order."""
    book = db.run(lambda tx: policy.book(tx, "rule", Rule), now=now)
    return book.of(Facts(facts.pop("order_id", 1), **facts)).params.weight


def findings(db: Database) -> set[str]:
    """The checks of base that find something."""
    with db.transaction() as tx:
        return {
            name
            for name, check in load("everyshelf.base", "checks.sql").found.items()
            if tx.tuples(Statement("test", name, "", check.text))
        }


@pytest.fixture
def base(db: Database) -> Database:
    """A database with a base of weight 1, and drafts of the weights 2 to 5."""
    _promote(db, _draft(db, 1))
    for weight in (2, 3, 4, 5):
        _draft(db, weight)
    return db


def test_the_most_specific_version_decides_and_the_base_stands_behind_it(base: Database) -> None:
    live(base, 2, scope=WEB)
    live(base, 3, scope=Scope(tiers=("gold",)))
    live(base, 4, scope=Scope(("web",), regions=("NY",)))
    assert chosen(base, NOW, channel="app") == 1
    assert chosen(base, NOW, channel="web") == 2
    assert chosen(base, NOW, channel="web", tier="gold") == 3
    assert chosen(base, NOW, channel="web", tier="gold", region="NY") == 4
    live(base, 5, scope=TENTH)
    taken = [chosen(base, NOW, order_id=n, channel="web") for n in range(400)]
    assert set(taken) == {2, 5}
    assert 20 < taken.count(5) < 60
    assert findings(base) == set()


def test_the_book_is_one_statement_and_says_whether_facts_matter(base: Database) -> None:
    def look(tx: Tx) -> tuple[int, bool]:
        found = policy.book(tx, "rule", Rule)
        return tx.statements, found.scoped

    assert base.run(look, now=NOW) == (1, False)
    live(base, 2, scope=WEB)
    assert base.run(look, now=NOW) == (1, True)


def test_a_shadow_of_some_orders_is_asked_about_them_only(base: Database) -> None:
    terms = Terms(scope=WEB)
    base.run(lambda tx: policy.promote(tx, "rule", 2, State.SHADOW, terms=terms), now=NOW)
    book = base.run(lambda tx: policy.book(tx, "rule", Rule), now=NOW)
    assert [p.version for p in book.shadows_of(Facts(1, "web"))] == [2]
    assert book.shadows_of(Facts(1, "app")) == []
    assert book.of(Facts(1, "web")).version == 1


def test_a_promotion_for_a_time_ends_by_itself(base: Database) -> None:
    live(base, 2, starts_at=NOW + HOUR, ends_at=NOW + 3 * HOUR)
    assert [chosen(base, NOW + n * HOUR) for n in (0, 1, 2, 3, 9)] == [1, 2, 2, 1, 1]
    assert base.run(lambda tx: policy.live(tx, "rule", Rule), now=NOW + HOUR).version == 2
    stands = [r.stands(NOW + n * HOUR) for n in (0, 1, 3) for r in rows(base)[:2]]
    assert stands == ["live", "scheduled", "live", "live", "live", "retired"]


def test_a_base_promoted_meanwhile_is_in_force_when_the_time_is_over(base: Database) -> None:
    live(base, 2, ends_at=NOW + 3 * HOUR)
    live(base, 3, now=NOW + HOUR)
    assert [chosen(base, NOW + n * HOUR) for n in (0, 1, 2, 3)] == [2, 2, 2, 3]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"scope": WEB}, {"scope": Scope(("app", "web"))}),
        ({"scope": TENTH}, {"scope": Scope(("web",), share_pct=50)}),
        ({"ends_at": NOW + 2 * HOUR}, {"starts_at": NOW + HOUR, "ends_at": NOW + 3 * HOUR}),
    ],
)
def test_two_versions_that_would_tie_are_refused(
    base: Database, first: dict[str, Any], second: dict[str, Any]
) -> None:
    live(base, 2, **first)
    before = rows(base)
    error = refused(lambda: live(base, 3, **second))
    assert error.code == "policy.overlaps"
    assert "Version 2" in error.detail
    assert NOW.isoformat() in error.detail
    assert rows(base) == before


def test_versions_of_one_scope_follow_each_other_without_a_tie(base: Database) -> None:
    live(base, 2, scope=WEB, ends_at=NOW + HOUR)
    live(base, 3, scope=WEB, starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    assert [chosen(base, NOW + n * HOUR, channel="web") for n in (0, 1, 2)] == [2, 3, 1]


def test_a_replacement_ends_what_holds_the_same_scope(base: Database) -> None:
    live(base, 2, scope=WEB)
    live(base, 3, scope=WEB, starts_at=NOW + HOUR, replace=True)
    assert [chosen(base, NOW + n * HOUR, channel="web") for n in (0, 1)] == [2, 3]
    other = Scope(("app", "web"))
    assert refused(lambda: live(base, 4, scope=other, replace=True)).code == "policy.overlaps"


def test_a_scheduled_version_that_is_retired_leaves_no_gap(base: Database) -> None:
    live(base, 2, starts_at=NOW + HOUR)
    base.run(lambda tx: policy.retire(tx, "rule", 2), now=NOW)
    assert [chosen(base, NOW + n * HOUR) for n in (0, 1, 2)] == [1, 1, 1]
    assert findings(base) == set()


def test_a_scheduled_version_may_be_given_another_time(base: Database) -> None:
    live(base, 2, starts_at=NOW + HOUR)
    live(base, 2, starts_at=NOW + 2 * HOUR)
    assert [chosen(base, NOW + n * HOUR) for n in (0, 1, 2)] == [1, 1, 2]


def test_the_share_of_an_experiment_is_raised_and_becomes_everybody(base: Database) -> None:
    live(base, 2, scope=TENTH)
    few = {n for n in range(300) if chosen(base, NOW, order_id=n) == 2}
    live(base, 2, now=NOW + HOUR, scope=Scope(share_pct=20))
    more = {n for n in range(300) if chosen(base, NOW + HOUR, order_id=n) == 2}
    assert few < more
    live(base, 2, now=NOW + 2 * HOUR)
    assert chosen(base, NOW + 2 * HOUR) == 2
    assert chosen(base, NOW + HOUR + timedelta(minutes=1)) == 1
    assert base.run(lambda tx: policy_guard.guards(tx, "rule", 2)) == []


@pytest.mark.parametrize(
    "act",
    [
        lambda tx: policy.retire(tx, "rule", 1),
        lambda tx: policy.promote(tx, "rule", 1, terms=Terms(scope=WEB)),
        lambda tx: policy.promote(tx, "rule", 1, ends_at=NOW + HOUR),
    ],
)
def test_the_base_is_never_taken_away(base: Database, act: Any) -> None:
    before = rows(base)
    error = refused(lambda: base.run(act, now=NOW))
    assert error.code == "policy.base_needed"
    assert rows(base) == before


@pytest.mark.parametrize(
    "terms",
    [
        {"ends_at": NOW - HOUR},
        {"scope": Scope(share_pct=101)},
        {"scope": Scope(("",))},
        {"scope": TENTH, "guards": (Guard(Metric.SPLIT_RATE),)},
        {"scope": TENTH, "guards": (Guard(Metric.SPLIT_RATE, 1.0), Guard(Metric.SPLIT_RATE, 2.0))},
        {"guards": (Guard(Metric.SPLIT_RATE, 1.0),)},
    ],
)
def test_terms_that_cannot_be_meant_are_refused(base: Database, terms: dict[str, Any]) -> None:
    before = rows(base)
    assert refused(lambda: live(base, 2, **terms)).code == "input.invalid"
    assert rows(base) == before


def test_an_experiment_gets_the_usual_guards_unless_it_is_given_others(base: Database) -> None:
    live(base, 2, scope=TENTH)
    assert tuple(base.run(lambda tx: policy_guard.guards(tx, "rule", 2))) == policy_guard.USUAL
    own = (Guard(Metric.REJECTION_RATE, None, 0.05, 50),)
    live(base, 2, scope=Scope(share_pct=20), guards=own)
    assert tuple(base.run(lambda tx: policy_guard.guards(tx, "rule", 2))) == own


def test_an_experiment_rolled_back_leaves_the_base(base: Database) -> None:
    live(base, 2, scope=Scope(share_pct=99))
    told = base.run(lambda tx: policy.rollback(tx, "rule", 2, "harm"), now=NOW + HOUR)
    assert told == 1
    assert {chosen(base, NOW + HOUR, order_id=n) for n in range(50)} == {1}


def test_a_rollback_of_the_base_passes_over_experiments_and_times(base: Database) -> None:
    live(base, 2, now=NOW + HOUR)
    live(base, 3, now=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    live(base, 4, now=NOW + HOUR, scope=TENTH)
    base.run(lambda tx: policy.retire(tx, "rule", 4), now=NOW + 2 * HOUR)
    assert base.run(lambda tx: policy.rollback(tx, "rule"), now=NOW + 3 * HOUR) == 6
    assert chosen(base, NOW + 3 * HOUR) == 1


def test_every_step_is_kept_with_who_took_it_and_why(base: Database) -> None:
    live(base, 2, scope=TENTH, reason="fewer splits?")
    live(base, 2, now=NOW + HOUR, reason="it does")
    steps = base.run(lambda tx: policy.changes(tx, "rule"))
    told = [(s.version, s.act, s.actor, s.reason, s.share_pct) for s in steps[-3:]]
    assert told == [
        (2, "live", "ann", "fewer splits?", 10),
        (1, "replaced", "ann", "by version 2", 100),
        (2, "live", "ann", "it does", 100),
    ]
    only = base.run(lambda tx: policy.changes(tx, "rule", 2))
    assert [s.act for s in only] == ["draft", "live", "live"]


def test_two_first_drafts_at_once_get_two_numbers(db: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: _draft(db, n), range(16)))
    assert sorted(made) == list(range(1, 17))


def test_two_experiments_promoted_at_once_do_not_both_begin(base: Database) -> None:
    def begin(version: int) -> str:
        try:
            live(base, version, scope=TENTH)
        except Refused as error:
            return error.code
        return "live"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(begin, (2, 3, 4, 5))) == ["live", *["policy.overlaps"] * 3]
    assert findings(base) == set()


def test_a_document_is_checked_before_it_is_drafted(db: Database) -> None:
    def wrong(document: object) -> Refused:
        return refused(lambda: db.run(lambda tx: policy.draft_document(tx, "tried", document)))

    told = wrong({"weight": "x", "wait": 1})
    assert told.code == "policy.invalid"
    assert [e.path for e in told.errors] == ["/weight", "/wait"]
    assert wrong({"weight": -1}).errors == (_check(Tried(-1))[0],)
    assert refused(lambda: db.run(lambda tx: policy.draft(tx, "tried", Tried(-1)))).errors
    assert db.run(lambda tx: policy.versions(tx, "tried")) == []
    assert db.run(lambda tx: policy.draft_document(tx, "tried", {"weight": 2})) == 1


def test_a_policy_of_no_room_is_unknown(db: Database) -> None:
    error = refused(lambda: db.run(lambda tx: policy.draft_document(tx, "sourcin", {})))
    assert error.code == "policy.unknown"
    assert "sourcing" in error.detail


def test_a_version_that_fails_its_trial_goes_live_by_force_only(db: Database) -> None:
    db.run(lambda tx: policy.draft(tx, "tried", Tried(101)))
    before = db.run(lambda tx: policy.versions(tx, "tried"))
    error = refused(lambda: db.run(lambda tx: policy.promote(tx, "tried", 1)))
    assert (error.code, [e.path for e in error.errors]) == ("policy.trial_failed", ["/weight"])
    assert db.run(lambda tx: policy.versions(tx, "tried")) == before
    db.run(lambda tx: policy.promote(tx, "tried", 1, State.SHADOW))
    db.run(lambda tx: policy.promote(tx, "tried", 1, terms=Terms(force=True)))
    assert db.run(lambda tx: policy.live(tx, "tried", Tried)).params.weight == 101


PLANTED = {
    "one_policy_in_force": "update policy set starts_at = '2026-1-1', ends_at = null "
    "where version = {n}",
    "policy_steps_are_whole": "delete from policy_change where version = {n}",
}


@pytest.mark.parametrize("check", PLANTED)
@pytest.mark.parametrize("n", [1, 2])
def test_a_planted_corruption_is_found(base: Database, check: str, n: int) -> None:
    """Two bases at once, two versions of one scope at once, a step that is gone."""
    live(base, 2, scope=WEB, now=NOW + HOUR)
    live(base, 3, scope=WEB, now=NOW + 2 * HOUR, replace=True)
    live(base, 4, now=NOW + 3 * HOUR)
    assert findings(base) == set()
    text = PLANTED[check].format(n=n)
    base.run(lambda tx: tx.run(Statement("test", "plant", "", text)))
    assert findings(base) == {check}
