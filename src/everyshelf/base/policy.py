"""Policies: rules of the business as data, in immutable versions that can be tried and undone.

A version goes draft -> shadow -> live -> retired and its parameters never change; going back makes
a new version with the old parameters, so that history stays whole. What is in force at an instant
follows from the dates alone. This module keeps any struct; what a parameter means is decided by
the pure function that takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

import msgspec

from everyshelf.base import codec
from everyshelf.base.errors import Code
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx

SQL = load("everyshelf.base")
P = TypeVar("P", bound=msgspec.Struct)


class State(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


MOVES: Final = {
    State.DRAFT: {State.SHADOW, State.LIVE, State.RETIRED},
    State.SHADOW: {State.LIVE, State.RETIRED},
    State.LIVE: {State.RETIRED},
    State.RETIRED: set[State](),
}

UNKNOWN: Final = Code("policy.unknown", 404, "There is no such policy or version.")
NOT_ALLOWED: Final = Code(
    "policy.not_allowed", 409, "A policy moves from draft over shadow and live to retired."
)
NO_EARLIER: Final = Code("policy.no_earlier", 409, "No earlier version was in force to go back to.")
IN_THE_PAST: Final = Code("policy.in_the_past", 422, "A policy cannot start in the past.")


class Policy(msgspec.Struct, Generic[P], frozen=True):
    """One version with its parameters as the struct that the deciding function takes."""

    name: str
    version: int
    state: State
    params: P
    starts_at: datetime | None
    ends_at: datetime | None


class Row(msgspec.Struct, frozen=True):
    """One version as it is stored."""

    name: str
    version: int
    state: State
    params: str
    starts_at: datetime | None
    ends_at: datetime | None


@lru_cache(maxsize=256)
def _params(kind: type[Any], text: str) -> Any:
    """The parameters as a struct; a version is read from its text once in a process."""
    return codec.decode(text, kind)


def _typed(row: Row, kind: type[P]) -> Policy[P]:
    params: P = _params(kind, row.params)
    return Policy(row.name, row.version, row.state, params, row.starts_at, row.ends_at)


def live(tx: Tx, name: str, kind: type[P], now: datetime | None = None) -> Policy[P]:
    """The version in force at the instant. Refused(policy.unknown) when there is none."""
    row = tx.one(SQL.policy_in_force, Row, name=name, now=now or tx.now)
    if row is None:
        raise UNKNOWN(f"No version of the policy {name!r} is in force.")
    return _typed(row, kind)


def shadows(tx: Tx, name: str, kind: type[P]) -> list[Policy[P]]:
    """The versions that decide beside the live one without effect, oldest first."""
    found = tx.all(SQL.policy_shadows, Row, name=name)
    return [_typed(row, kind) for row in found]


def get(tx: Tx, name: str, version: int, kind: type[P]) -> Policy[P]:
    """A version, whatever its state: a recorded decision is replayed under its own."""
    return _typed(_row(tx, name, version), kind)


def versions(tx: Tx, name: str) -> Sequence[Row]:
    """All versions of a policy, oldest first."""
    return tx.all(SQL.policy_versions, Row, name=name)


def draft(tx: Tx, name: str, params: msgspec.Struct) -> int:
    """Writes the next version; it decides nothing yet. Two writers get two numbers."""
    tx.run(SQL.policy_lock, name=name)
    rows = tx.tuples(
        SQL.policy_draft,
        name=name,
        params=codec.encode(params).decode(),
        now=tx.now,
        actor=tx.actor,
    )
    return int(rows[0][0])


def promote(
    tx: Tx, name: str, version: int, to: State = State.LIVE, starts_at: datetime | None = None
) -> None:
    """Moves a version on; a new live one ends the one before it at the instant it starts.

    A start in the future leaves the older version in force until then.
    """
    tx.run(SQL.policy_lock, name=name)
    turn(tx, name)
    row = _row(tx, name, version)
    if to not in MOVES[row.state]:
        raise NOT_ALLOWED(f"Version {version} of {name!r} is {row.state} and cannot become {to}.")
    if to is not State.LIVE:
        tx.run(SQL.policy_mark, name=name, version=version, state=to, now=tx.now)
        return
    start = starts_at or tx.now
    if start < tx.now:
        raise IN_THE_PAST(f"{start.isoformat()} is before now, {tx.now.isoformat()}.")
    tx.run(SQL.policy_end_others, name=name, version=version, starts_at=start)
    tx.run(SQL.policy_start, name=name, version=version, starts_at=start)
    turn(tx, name)


def retire(tx: Tx, name: str, version: int) -> None:
    """Ends a version; when it was the live one, nothing is in force until another is promoted."""
    promote(tx, name, version, State.RETIRED)


def rollback(tx: Tx, name: str) -> int:
    """Puts the parameters that were in force before the present ones back in force.

    They come back as a new version, at once. Its number.
    """
    tx.run(SQL.policy_lock, name=name)
    earlier = tx.one(SQL.policy_before, Row, name=name, now=tx.now)
    if earlier is None:
        raise NO_EARLIER(f"The policy {name!r} has had one version in force only.")
    rows = tx.tuples(SQL.policy_draft, name=name, params=earlier.params, now=tx.now, actor=tx.actor)
    version = int(rows[0][0])
    promote(tx, name, version)
    return version


def turn(tx: Tx, name: str) -> None:
    """Brings the states up to the dates: the ended are retired before the begun become live."""
    tx.run(SQL.policy_end_due, name=name, now=tx.now)
    tx.run(SQL.policy_begin_due, name=name, now=tx.now)


def _row(tx: Tx, name: str, version: int) -> Row:
    row = tx.one(SQL.policy_version, Row, name=name, version=version)
    if row is None:
        raise UNKNOWN(f"There is no version {version} of the policy {name!r}.")
    return row
