"""Policies: rules of the business as data, in immutable versions that can be tried and undone.

A version goes draft -> shadow -> live -> retired and its parameters never change; going back makes
a new version with the old parameters, so that history stays whole. Each step is kept with who took
it and why. Several versions may be live, each for its own orders (`base.scope`); the base, live for
every order and without end, is never left out. What a parameter means is decided by the pure
function that takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from everyshelf.base import codec, policy_guard, policy_kind, scope
from everyshelf.base.errors import INVALID, Code, Problem, Refused
from everyshelf.base.ids import MAKER
from everyshelf.base.policy_book import (
    SQL,
    UNKNOWN,
    Book,
    Change,
    Policy,
    Row,
    State,
    book,
    changes,
    get,
    live,
    names,
    row,
    shadows,
    versions,
)
from everyshelf.base.policy_guard import Guard, Metric
from everyshelf.base.policy_kind import TRIAL_FAILED, kind, kinds, register
from everyshelf.base.scope import EVERYBODY, Facts, Scope
from everyshelf.base.tx import Tx

__all__ = [
    "EVERYBODY", "UNKNOWN", "Book", "Change", "Facts", "Guard", "Metric", "Policy", "Problem",
    "Row", "Scope", "State", "Terms", "book", "changes", "draft", "draft_document", "get", "kind",
    "kinds", "live", "names", "promote", "register", "retire", "rollback", "row", "shadows",
    "trial", "turn", "versions",
]  # fmt: skip

MOVES: Final = {
    State.DRAFT: {State.SHADOW, State.LIVE, State.RETIRED},
    State.SHADOW: {State.SHADOW, State.LIVE, State.RETIRED},
    State.LIVE: {State.LIVE, State.RETIRED},
    State.RETIRED: set[State](),
}
TRIES: Final = 10

NOT_ALLOWED: Final = Code(
    "policy.not_allowed", 409, "A policy moves from draft over shadow and live to retired."
)
NO_EARLIER: Final = Code("policy.no_earlier", 409, "No earlier version was in force to go back to.")
IN_THE_PAST: Final = Code("policy.in_the_past", 422, "A policy cannot start in the past.")
OVERLAPS: Final = Code(
    "policy.overlaps", 409, "Another version decides for the same orders at the same time."
)
BASE_NEEDED: Final = Code(
    "policy.base_needed",
    409,
    "This version decides for all orders that no other takes; put another in its place instead.",
)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """For whom, from when and until when a version is promoted, and what it may not do worse.

    A version with an end is laid over what is in force and gives way to it again. `replace` ends
    the version that holds the same scope where this one starts; the base always does. `force` skips
    the trial. An experiment without guards of its own gets the usual ones.
    """

    scope: Scope = EVERYBODY
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    replace: bool = False
    force: bool = False
    guards: tuple[Guard, ...] | None = None
    reason: str = ""


def draft(tx: Tx, name: str, params: msgspec.Struct, reason: str = "") -> int:
    """Writes the next version; it decides nothing yet. Two writers get two numbers.

    Refused(policy.invalid) by the check of the room that owns the policy.
    """
    policy_kind.check(name, params)
    return _draft(tx, name, codec.encode(params).decode(), "draft", reason)


def draft_document(tx: Tx, name: str, document: object, reason: str = "") -> int:
    """The same from a document of builtins. Refused: policy.unknown, policy.invalid with every
    place that is wrong."""
    params = policy_kind.read(name, document)
    return _draft(tx, name, codec.encode(params).decode(), "draft", reason)


def _draft(tx: Tx, name: str, text: str, act: str, reason: str) -> int:
    for _ in range(TRIES):
        tx.run(SQL.policy_lock, name=name)
        made = tx.tuples(SQL.policy_draft, name=name, params=text, now=tx.now, actor=tx.actor)
        if made:
            _note(tx, name, int(made[0][0]), act, reason)
            return int(made[0][0])
    raise AssertionError(f"the first version of {name} is written again and again")


def trial(tx: Tx, name: str, version: int) -> list[Problem]:
    """What would become of recent work under a version; nothing is good."""
    return policy_kind.trial(tx, name, row(tx, name, version).params)


def promote(
    tx: Tx, name: str, version: int, to: State = State.LIVE, starts_at: datetime | None = None,
    ends_at: datetime | None = None, *, terms: Terms | None = None,
) -> None:  # fmt: skip
    """Moves a version on, or gives a live one other terms.

    A new base ends the one before it where it starts; a start in the future leaves the older in
    force until then. Refused: policy.not_allowed, policy.in_the_past, policy.overlaps,
    policy.base_needed, policy.trial_failed, input.invalid.
    """
    terms = terms or Terms(starts_at=starts_at, ends_at=ends_at)
    if to is State.RETIRED:
        retire(tx, name, version, terms.reason)
        return
    _try(tx, name, version, to, terms)
    found = _held(tx, name, version)
    if to not in MOVES[found.state]:
        raise _not_allowed(found, to)
    if to is State.SHADOW:
        _shade(tx, found, terms)
    else:
        _start(tx, found, terms)


def _held(tx: Tx, name: str, version: int) -> Row:
    """The version, with all of the policy held and their states brought up to the dates."""
    tx.run(SQL.policy_lock, name=name)
    turn(tx, name)
    return row(tx, name, version)


def _not_allowed(found: Row, to: State) -> Refused:
    return NOT_ALLOWED(
        f"Version {found.version} of {found.name!r} is {found.state} and cannot become {to}."
    )


def _try(tx: Tx, name: str, version: int, to: State, terms: Terms) -> None:
    """A version goes live the first time only when its owner's trial finds nothing."""
    found = row(tx, name, version)
    if to is not State.LIVE or terms.force or found.starts_at is not None:
        return
    if problems := policy_kind.trial(tx, name, found.params):
        raise TRIAL_FAILED(problems[0].words, problems)


def _shade(tx: Tx, found: Row, terms: Terms) -> None:
    if found.starts_at is not None:
        raise NOT_ALLOWED(f"Version {found.version} of {found.name!r} is scheduled to go live.")
    _checked(terms.scope)
    tx.run(SQL.policy_shade, name=found.name, version=found.version, **_columns(terms.scope))
    _note(tx, found.name, found.version, "shadow", terms.reason)


def _start(tx: Tx, found: Row, terms: Terms) -> None:
    """Puts a version in force on its terms."""
    start = terms.starts_at or tx.now
    wanted = scope.tidy(terms.scope)
    _checked(wanted)
    if start < tx.now:
        raise IN_THE_PAST(f"{start.isoformat()} is before now, {tx.now.isoformat()}.")
    if terms.ends_at is not None and terms.ends_at <= start:
        raise INVALID(f"It would end at {terms.ends_at.isoformat()}, before it starts.")
    if found.base and found.in_force(tx.now):
        raise BASE_NEEDED(f"Version {found.version} is the base of {found.name!r}.")
    guards = _guards(wanted, terms)
    _reopen(tx, found, terms.reason)
    _make_room(tx, found, wanted, start, terms)
    tx.run(
        SQL.policy_start, name=found.name, version=found.version, starts_at=start,
        ends_at=terms.ends_at, since_id=MAKER.number(), **_columns(wanted),
    )  # fmt: skip
    policy_guard.keep(tx, found.name, found.version, guards)
    _note(tx, found.name, found.version, "live", terms.reason)
    turn(tx, found.name)


def _checked(wanted: Scope) -> None:
    if not 0 <= wanted.share_pct <= scope.ALL_PCT:
        raise INVALID("The share of orders lies between 0 and 100 per cent.")
    if any(not name for name in (*wanted.channels, *wanted.tiers, *wanted.regions)):
        raise INVALID("A scope names channels, tiers and regions by texts that are not empty.")


def _guards(wanted: Scope, terms: Terms) -> Sequence[Guard]:
    given = terms.guards
    if given and not wanted.experiment:
        raise INVALID("A guard compares a share of orders with the others; give a share below 100.")
    policy_guard.check(given or ())
    return (policy_guard.USUAL if wanted.experiment else ()) if given is None else given


def _make_room(tx: Tx, found: Row, wanted: Scope, start: datetime, terms: Terms) -> None:
    """Ends what this version replaces; refuses when it would tie with what stays."""
    dated = terms.ends_at is not None
    beside = tx.all(
        SQL.policy_beside, Row, name=found.name, version=found.version, starts_at=start,
        ends_at=terms.ends_at,
    )  # fmt: skip
    ties = [one for one in beside if scope.clash(wanted, dated, one.scope, one.dated)]
    base = wanted.everybody and not dated
    for one in ties:
        if not base and not (terms.replace and _same_orders(wanted, one.scope)):
            raise OVERLAPS(_overlap(one))
    if ties:
        ended = [one.version for one in ties]
        tx.run(SQL.policy_end, name=found.name, versions=ended, starts_at=start)
    for one in ties:
        _note(tx, found.name, one.version, "replaced", f"by version {found.version}")


def _same_orders(a: Scope, b: Scope) -> bool:
    """Whether two scopes name the same facts, whatever their shares."""
    return (a.channels, a.tiers, a.regions) == (b.channels, b.tiers, b.regions)


def _overlap(one: Row) -> str:
    assert one.starts_at is not None
    until = one.ends_at.isoformat() if one.ends_at is not None else "without end"
    return (
        f"Version {one.version} holds {one.scope.words} from {one.starts_at.isoformat()} "
        f"{'to ' if one.ends_at is not None else ''}{until}. Retire it, choose other dates, or "
        "replace it."
    )


def retire(tx: Tx, name: str, version: int, reason: str = "") -> None:
    """Ends a version at once; the less specific decide again. Refused: policy.not_allowed, and
    policy.base_needed for the base in force."""
    found = _held(tx, name, version)
    if State.RETIRED not in MOVES[found.state]:
        raise _not_allowed(found, State.RETIRED)
    if found.base and found.in_force(tx.now):
        raise BASE_NEEDED(f"Version {version} is the base of {name!r}; promote another or go back.")
    _end(tx, found, "retired", reason)


def _end(tx: Tx, found: Row, act: str, reason: str) -> None:
    _reopen(tx, found, reason)
    tx.run(SQL.policy_mark, name=found.name, version=found.version, state=State.RETIRED, now=tx.now)
    _note(tx, found.name, found.version, act, reason)


def _reopen(tx: Tx, found: Row, reason: str) -> None:
    """What was to end where a scheduled version starts goes on, since that one does not start."""
    for (version,) in tx.tuples(
        SQL.policy_reopen, name=found.name, version=found.version, now=tx.now
    ):
        _note(tx, found.name, version, "reopened", reason)


def rollback(tx: Tx, name: str, version: int | None = None, reason: str = "") -> int:
    """Goes back, at once; the number of the version that decides for everybody then.

    Of the base the parameters that were in force before come back as a new version; any other
    version is ended. Without a version it is the base that goes back. Refused: policy.no_earlier.
    """
    tx.run(SQL.policy_lock, name=name)
    turn(tx, name)
    found = row(tx, name, version) if version is not None else None
    if found is not None and not (found.base and found.in_force(tx.now)):
        if found.starts_at is None or found.state is State.RETIRED:
            raise _not_allowed(found, State.RETIRED)
        _end(tx, found, "rolled_back", reason)
        return _base(tx, name)
    earlier = tx.one(SQL.policy_before, Row, name=name, now=tx.now)
    if earlier is None:
        raise NO_EARLIER(f"The policy {name!r} has had one version in force only.")
    words = f"back to version {earlier.version}" + (f": {reason}" if reason else "")
    made = _draft(tx, name, earlier.params, "draft", words)
    promote(tx, name, made, terms=Terms(force=True, reason=words))
    return made


def _base(tx: Tx, name: str) -> int:
    """The version that decides for everybody now; 0 when there is none."""
    found = [r.version for r in versions(tx, name) if r.base and r.in_force(tx.now)]
    return found[-1] if found else 0


def turn(tx: Tx, name: str) -> None:
    """Brings the states up to the dates: the ended are retired before the begun become live."""
    tx.run(SQL.policy_end_due, name=name, now=tx.now)
    tx.run(SQL.policy_begin_due, name=name, now=tx.now)


def _columns(wanted: Scope) -> dict[str, Any]:
    tidied = scope.tidy(wanted)
    return {
        "channels": list(tidied.channels), "tiers": list(tidied.tiers),
        "regions": list(tidied.regions), "share_pct": tidied.share_pct,
    }  # fmt: skip


def _note(tx: Tx, name: str, version: int, act: str, reason: str) -> None:
    """Keeps who did what and why, with the terms that the version has now."""
    tx.run(
        SQL.policy_note, name=name, version=version, act=act, reason=reason, now=tx.now,
        actor=tx.actor,
    )  # fmt: skip
