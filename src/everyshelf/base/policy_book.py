"""Reads policies: every version, and which of them decides for an order. Changes nothing.

What is in force at an instant follows from the dates alone, for whom from the scopes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

import msgspec

from everyshelf.base import codec, scope
from everyshelf.base.errors import Code
from everyshelf.base.scope import Facts, Scope
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx

SQL = load("everyshelf.base", "policy.sql")
P = TypeVar("P", bound=msgspec.Struct)

UNKNOWN: Final = Code("policy.unknown", 404, "There is no such policy or version.")


class State(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


class Policy(msgspec.Struct, Generic[P], frozen=True):
    """One version with its parameters as the struct that the deciding function takes.

    `dated`: promoted for a time; when it ends, what it stood before is in force again.
    """

    name: str
    version: int
    state: State
    params: P
    starts_at: datetime | None
    ends_at: datetime | None
    scope: Scope = scope.EVERYBODY
    dated: bool = False

    def takes(self, facts: Facts) -> bool:
        """Whether its scope takes this order in."""
        return scope.takes(self.scope, self.name, facts)


class Row(msgspec.Struct, frozen=True):
    """One version as it is stored; `since_id` is less than the id of all that it decided."""

    name: str
    version: int
    state: State
    params: str
    starts_at: datetime | None
    ends_at: datetime | None
    channels: list[str]
    tiers: list[str]
    regions: list[str]
    share_pct: int
    dated: bool
    since_id: int
    made_at: datetime
    made_by: str

    @property
    def scope(self) -> Scope:
        """For whom it decides."""
        named = tuple(self.channels), tuple(self.tiers), tuple(self.regions)
        return Scope(*named, self.share_pct)

    @property
    def base(self) -> bool:
        """Whether it decides, while in force, for every order that no other version takes."""
        return self.starts_at is not None and not self.dated and self.scope.everybody

    @property
    def rank(self) -> tuple[int, ...]:
        """How specific it is; the greater decides."""
        return scope.rank(self.scope, self.dated)

    def in_force(self, now: datetime) -> bool:
        """Whether the dates say that it decides at the instant."""
        begun = self.starts_at is not None and self.starts_at <= now
        return begun and (self.ends_at is None or self.ends_at > now)

    def stands(self, now: datetime) -> str:
        """Its state as the dates have it: the stored one is brought up when a version is moved."""
        if self.starts_at is None or self.state is State.RETIRED:
            return self.state.value
        if self.in_force(now):
            return State.LIVE.value
        return "scheduled" if self.starts_at > now else State.RETIRED.value


class Change(msgspec.Struct, frozen=True):
    """Who did what to a version, when and why, and the terms it had afterwards."""

    version: int
    at: datetime
    actor: str
    act: str
    reason: str
    channels: list[str]
    tiers: list[str]
    regions: list[str]
    share_pct: int
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Book(Generic[P]):
    """The versions of one policy at one instant: those in force, the most specific first, and
    the shadows, oldest first. Read once for a batch, then asked for each order."""

    name: str
    live: tuple[Policy[P], ...]
    shadows: tuple[Policy[P], ...]

    @property
    def scoped(self) -> bool:
        """Whether the facts of an order make a difference; else nobody has to read them."""
        return any(not one.scope.everybody for one in (*self.live, *self.shadows))

    def find(self, facts: Facts) -> Policy[P] | None:
        """The one version that decides for an order, if any is in force for it."""
        return next((one for one in self.live if one.takes(facts)), None)

    def of(self, facts: Facts) -> Policy[P]:
        """The one version that decides for an order. Refused(policy.unknown) without a base."""
        found = self.find(facts)
        if found is None:
            raise UNKNOWN(f"No version of the policy {self.name!r} is in force for this order.")
        return found

    def shadows_of(self, facts: Facts) -> list[Policy[P]]:
        """The versions that decide beside it without effect."""
        return [one for one in self.shadows if one.takes(facts)]


@lru_cache(maxsize=256)
def _params(kind: type[Any], text: str) -> Any:
    """The parameters as a struct; a version is read from its text once in a process."""
    return codec.decode(text, kind)


def _typed(row: Row, kind: type[P]) -> Policy[P]:
    params: P = _params(kind, row.params)
    return Policy(
        row.name, row.version, row.state, params, row.starts_at, row.ends_at, row.scope, row.dated
    )


def book(tx: Tx, name: str, kind: type[P], now: datetime | None = None) -> Book[P]:
    """All versions that decide at the instant or stand in shadow, in one statement."""
    rows = tx.all(SQL.policy_book, Row, name=name, now=now or tx.now)
    live = sorted((r for r in rows if r.starts_at is not None), key=lambda r: r.rank, reverse=True)
    shadows = (r for r in rows if r.starts_at is None)
    return Book(name, tuple(_typed(r, kind) for r in live), tuple(_typed(r, kind) for r in shadows))


def live(tx: Tx, name: str, kind: type[P], now: datetime | None = None) -> Policy[P]:
    """The version in force for every order of which nothing is known. Refused(policy.unknown)
    when there is none."""
    found = book(tx, name, kind, now).live
    for one in found:
        if one.scope.everybody:
            return one
    raise UNKNOWN(f"No version of the policy {name!r} is in force.")


def shadows(tx: Tx, name: str, kind: type[P]) -> list[Policy[P]]:
    """The versions that decide beside the live one without effect, oldest first."""
    return list(book(tx, name, kind).shadows)


def get(tx: Tx, name: str, version: int, kind: type[P]) -> Policy[P]:
    """A version, whatever its state: a recorded decision is replayed under its own."""
    return _typed(row(tx, name, version), kind)


def row(tx: Tx, name: str, version: int) -> Row:
    """A version as it is stored. Refused(policy.unknown)."""
    found = tx.one(SQL.policy_version, Row, name=name, version=version)
    if found is None:
        raise UNKNOWN(f"There is no version {version} of the policy {name!r}.")
    return found


def versions(tx: Tx, name: str) -> Sequence[Row]:
    """All versions of a policy, oldest first."""
    return tx.all(SQL.policy_versions, Row, name=name)


def names(tx: Tx) -> list[str]:
    """The policies that have a version."""
    return [name for (name,) in tx.tuples(SQL.policy_names)]


def changes(tx: Tx, name: str, version: int | None = None) -> list[Change]:
    """What was done to a policy, or to one version of it, oldest first."""
    return tx.all(SQL.policy_changes, Change, name=name, version=version)
