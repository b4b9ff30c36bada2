"""What people do to policies, each done once by its key: draft, promote, retire, roll back.

Also how a policy is shown. What a step means and refuses is decided in `base.policy`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from everyshelf.base import claims, policy, policy_guard, policy_kind
from everyshelf.base.claims import Command
from everyshelf.base.errors import Problem, Refused
from everyshelf.base.policy import Change, Guard, Row, Scope, State, Terms
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx

C = TypeVar("C", bound=Command)


class DraftPolicy(msgspec.Struct, frozen=True):
    """Write the next version of a policy; it decides nothing yet."""

    key: str
    name: str
    params: dict[str, Any]
    reason: str = ""


class PromotePolicy(msgspec.Struct, frozen=True):
    """Let a version decide: live, or beside the live ones as a shadow. A version with an end gives
    way again to what it was laid over; one for a share of the orders is an experiment."""

    key: str
    name: str
    number: int
    to: State = State.LIVE
    scope: Scope = policy.EVERYBODY
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    replace: bool = False
    force: bool = False
    guards: tuple[Guard, ...] | None = None
    reason: str = ""


class RetirePolicy(msgspec.Struct, frozen=True):
    """End a version at once; the less specific decide again."""

    key: str
    name: str
    number: int
    reason: str = ""


class RollBackPolicy(msgspec.Struct, frozen=True):
    """Go back at once: of the base to the parameters before, of any other version to none."""

    key: str
    name: str
    number: int | None = None
    reason: str = ""


class CheckPolicy(msgspec.Struct, frozen=True):
    """Check a document without writing it; `trial` also tries it on recent work."""

    name: str
    params: dict[str, Any]
    trial: bool = True


class Checked(msgspec.Struct, frozen=True):
    """Every place of a document that is wrong, and what would become of recent work; nothing is
    good."""

    errors: list[Problem]
    trial: list[Problem]


class PolicyVersion(msgspec.Struct, frozen=True):
    """A version as it stands: draft, shadow, scheduled, live or retired."""

    name: str
    number: int
    state: str
    scope: Scope
    starts_at: datetime | None
    ends_at: datetime | None
    dated: bool
    base: bool
    made_at: datetime
    made_by: str


class PolicyDetail(msgspec.Struct, frozen=True):
    """A version with its parameters, its guards and every step that was taken with it."""

    policy: PolicyVersion
    params: msgspec.Raw
    guards: list[Guard]
    changes: list[Change]


class PolicySummary(msgspec.Struct, frozen=True):
    """A policy with the versions that matter now: the most specific first, then what waits."""

    name: str
    versions: int
    in_force: list[PolicyVersion]
    waiting: list[PolicyVersion]


def draft(tx: Tx, commands: Sequence[DraftPolicy]) -> list[Result[PolicyVersion]]:
    """Refused: policy.unknown, policy.invalid."""

    def one(c: DraftPolicy) -> PolicyVersion:
        return version(tx, c.name, policy.draft_document(tx, c.name, c.params, c.reason))

    return _each(tx, "policy.draft", commands, one)


def promote(tx: Tx, commands: Sequence[PromotePolicy]) -> list[Result[PolicyVersion]]:
    """Refused: policy.unknown, policy.not_allowed, policy.in_the_past, policy.overlaps,
    policy.base_needed, policy.trial_failed, input.invalid."""

    def one(c: PromotePolicy) -> PolicyVersion:
        terms = Terms(
            scope=c.scope, starts_at=c.starts_at, ends_at=c.ends_at, replace=c.replace,
            force=c.force, guards=c.guards, reason=c.reason,
        )  # fmt: skip
        policy.promote(tx, c.name, c.number, c.to, terms=terms)
        return version(tx, c.name, c.number)

    return _each(tx, "policy.promote", commands, one)


def retire(tx: Tx, commands: Sequence[RetirePolicy]) -> list[Result[PolicyVersion]]:
    """Refused: policy.unknown, policy.not_allowed, policy.base_needed."""

    def one(c: RetirePolicy) -> PolicyVersion:
        policy.retire(tx, c.name, c.number, c.reason)
        return version(tx, c.name, c.number)

    return _each(tx, "policy.retire", commands, one)


def roll_back(tx: Tx, commands: Sequence[RollBackPolicy]) -> list[Result[PolicyVersion]]:
    """Answers with the version that decides for everybody then. Refused: policy.unknown,
    policy.not_allowed, policy.no_earlier."""

    def one(c: RollBackPolicy) -> PolicyVersion:
        return version(tx, c.name, policy.rollback(tx, c.name, c.number, c.reason))

    return _each(tx, "policy.roll_back", commands, one)


def _each(
    tx: Tx, scope: str, commands: Sequence[C], one: Callable[[C], PolicyVersion]
) -> list[Result[PolicyVersion]]:
    """Each command in a savepoint of its own, so that a refused one leaves nothing."""

    def do(tx: Tx, fresh: list[C]) -> list[Result[PolicyVersion]]:
        return [_alone(tx, command, one) for command in fresh]

    return claims.once(tx, scope, commands, do, PolicyVersion)


def _alone(tx: Tx, command: C, one: Callable[[C], PolicyVersion]) -> Result[PolicyVersion]:
    try:
        with tx.savepoint():
            return Result.done(one(command))
    except Refused as refused:
        return Result.refused(refused)


def check(tx: Tx, asked: CheckPolicy) -> Checked:
    """What is wrong with a document. Refused: policy.unknown."""
    wanted = policy.kind(asked.name)
    try:
        params = policy_kind.read(asked.name, asked.params)
    except Refused as refused:
        if refused.code != policy_kind.INVALID.code:
            raise
        return Checked(list(refused.errors), [])
    return Checked([], list(wanted.trial(tx, params)) if asked.trial else [])


def version(tx: Tx, name: str, number: int) -> PolicyVersion:
    """A version as it stands. Refused: policy.unknown."""
    return _shown(policy.row(tx, name, number), tx.now)


def versions(tx: Tx, name: str) -> list[PolicyVersion]:
    """All versions of a policy, newest first. Refused: policy.unknown."""
    policy.kind(name)
    return [_shown(row, tx.now) for row in reversed(policy.versions(tx, name))]


def detail(tx: Tx, name: str, number: int) -> PolicyDetail:
    """A version with all that is known of it. Refused: policy.unknown."""
    found = policy.row(tx, name, number)
    return PolicyDetail(
        _shown(found, tx.now),
        msgspec.Raw(found.params.encode()),
        policy_guard.guards(tx, name, number),
        policy.changes(tx, name, number),
    )


def summaries(tx: Tx) -> list[PolicySummary]:
    """Every policy that some room decides by, in the order of their names."""
    return [_summary(name, policy.versions(tx, name), tx.now) for name in policy.kinds()]


def _summary(name: str, rows: Sequence[Row], now: datetime) -> PolicySummary:
    live = sorted((r for r in rows if r.in_force(now)), key=lambda r: r.rank, reverse=True)
    waiting = [r for r in rows if r.stands(now) in ("draft", "shadow", "scheduled")]
    shown = ([_shown(r, now) for r in some] for some in (live, waiting))
    return PolicySummary(name, len(rows), *shown)


def _shown(row: Row, now: datetime) -> PolicyVersion:
    return PolicyVersion(
        row.name, row.version, row.stands(now), row.scope, row.starts_at, row.ends_at, row.dated,
        row.base, row.made_at, row.made_by,
    )  # fmt: skip
