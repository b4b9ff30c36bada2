"""Policies: what is in force at an instant, what may follow what, and the way back."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from everyshelf.base import policy
from everyshelf.base.errors import Refused
from everyshelf.base.policy import State
from everyshelf.base.tx import Database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy of this test."""

    weight: int


def _draft(db: Database, weight: int, now: datetime = NOW) -> int:
    return db.run(lambda tx: policy.draft(tx, "rule", Rule(weight)), now=now, actor="ann")


def _promote(
    db: Database,
    version: int,
    to: State = State.LIVE,
    *,
    now: datetime = NOW,
    starts_at: datetime | None = None,
) -> None:
    db.run(lambda tx: policy.promote(tx, "rule", version, to, starts_at), now=now)


def _weight(db: Database, now: datetime) -> int:
    return db.run(lambda tx: policy.live(tx, "rule", Rule), now=now).params.weight


def test_a_draft_decides_nothing_until_it_is_live(db: Database) -> None:
    assert _draft(db, 7) == 1
    with pytest.raises(Refused) as refused:
        _weight(db, NOW)
    assert refused.value.code == "policy.unknown"
    _promote(db, 1)
    assert _weight(db, NOW) == 7


def test_one_version_is_in_force_at_an_instant_and_the_past_stays_known(db: Database) -> None:
    for n, weight in enumerate((1, 2, 3)):
        _promote(db, _draft(db, weight), now=NOW + n * HOUR)
    assert [_weight(db, NOW + n * HOUR) for n in (0, 1, 2, 9)] == [1, 2, 3, 3]
    states = db.run(lambda tx: [row.state for row in policy.versions(tx, "rule")], now=NOW)
    assert states == [State.RETIRED, State.RETIRED, State.LIVE]


def test_a_scheduled_version_takes_over_at_its_instant_without_a_switch(db: Database) -> None:
    _promote(db, _draft(db, 1))
    _promote(db, _draft(db, 2), starts_at=NOW + 5 * HOUR)
    assert _weight(db, NOW + 5 * HOUR - timedelta(microseconds=1)) == 1
    assert _weight(db, NOW + 5 * HOUR) == 2
    db.run(lambda tx: policy.turn(tx, "rule"), now=NOW + 6 * HOUR)
    states = db.run(lambda tx: [row.state for row in policy.versions(tx, "rule")])
    assert states == [State.RETIRED, State.LIVE]


def test_a_version_promoted_now_replaces_one_that_was_scheduled(db: Database) -> None:
    _promote(db, _draft(db, 1))
    _promote(db, _draft(db, 2), starts_at=NOW + 5 * HOUR)
    _promote(db, _draft(db, 3), now=NOW + HOUR)
    assert [_weight(db, NOW + n * HOUR) for n in (0, 1, 9)] == [1, 3, 3]


def test_rollback_brings_the_parameters_back_as_a_new_version(db: Database) -> None:
    _promote(db, _draft(db, 1))
    _promote(db, _draft(db, 2), now=NOW + HOUR)
    version = db.run(lambda tx: policy.rollback(tx, "rule"), now=NOW + 2 * HOUR)
    assert version == 3
    assert [_weight(db, NOW + n * HOUR) for n in (0, 1, 2)] == [1, 2, 1]


def test_rollback_without_an_earlier_version_is_refused_and_writes_nothing(db: Database) -> None:
    _promote(db, _draft(db, 1))
    with pytest.raises(Refused) as refused:
        db.run(lambda tx: policy.rollback(tx, "rule"), now=NOW + HOUR)
    assert refused.value.code == "policy.no_earlier"
    assert db.run(lambda tx: len(policy.versions(tx, "rule"))) == 1


def test_shadow_versions_are_listed_and_a_retired_one_never_returns(db: Database) -> None:
    _promote(db, _draft(db, 1))
    _promote(db, _draft(db, 2), State.SHADOW)
    found = db.run(lambda tx: policy.shadows(tx, "rule", Rule))
    assert [(p.version, p.params.weight) for p in found] == [(2, 2)]
    db.run(lambda tx: policy.retire(tx, "rule", 2), now=NOW)
    with pytest.raises(Refused) as refused:
        _promote(db, 2)
    assert refused.value.code == "policy.not_allowed"
    assert _weight(db, NOW) == 1


def test_a_start_in_the_past_is_refused(db: Database) -> None:
    version = _draft(db, 1)
    with pytest.raises(Refused) as refused:
        _promote(db, version, starts_at=NOW - HOUR)
    assert refused.value.code == "policy.in_the_past"
    assert db.run(lambda tx: policy.versions(tx, "rule"))[0].state is State.DRAFT
