"""Verb: who is this? Finds the customer behind any identity, or makes one.

When identities disagree the strongest decides (loyalty, external id, e-mail, phone) and the others
stay where they are: a shared phone must not make two people one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from everyshelf.base import claims, outbox
from everyshelf.base.declare import expect
from everyshelf.base.errors import Refused
from everyshelf.base.ids import new, part_of
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer.events import CustomerIdentified
from everyshelf.customer.facts import (
    IDENTITY_MISSING,
    CustomerId,
    Identify,
    Identity,
    IdentityKind,
    Person,
    identities,
)

SQL = load("everyshelf.customer")
Known = dict[Identity, CustomerId]


class _Row(msgspec.Struct, frozen=True):
    kind: IdentityKind
    value: str
    customer_id: CustomerId


def identify(tx: Tx, commands: Sequence[Identify]) -> list[Result[CustomerId]]:
    """The customer of each command; refuses who gives no identity, or one that cannot be."""
    return claims.once(tx, "customer.identify", commands, _identify, CustomerId)


def identify_now(tx: Tx, people: Sequence[Person]) -> list[CustomerId]:
    """The customer of each person, for rooms that must not stop at a mistyped phone number.

    An identity that cannot be is passed over; who has none left is a new customer.
    """
    return _resolve(tx, [(tuple(_usable(p)), p.name) for p in people])


def _identify(tx: Tx, commands: list[Identify]) -> list[Result[CustomerId]]:
    answers: list[Result[CustomerId] | None] = []
    good: list[tuple[tuple[Identity, ...], str]] = []
    for command in commands:
        try:
            found = identities(command)
            if not found:
                raise IDENTITY_MISSING()
        except Refused as error:
            answers.append(Result.refused(error))
        else:
            answers.append(None)
            good.append((found, command.name))
    ids = iter(_resolve(tx, good))
    return [answer or Result.done(next(ids)) for answer in answers]


def _usable(person: Person) -> Iterable[Identity]:
    for kind in IdentityKind:
        text = getattr(person, kind.value)
        if not text:
            continue
        one = Person(country=person.country, **{kind.value: text})
        try:
            yield from identities(one)
        except Refused:
            continue


def _resolve(tx: Tx, people: Sequence[tuple[tuple[Identity, ...], str]]) -> list[CustomerId]:
    known = _find(tx, {i for found, _ in people for i in found})
    fresh: Known = {}
    made: dict[CustomerId, str] = {}
    chosen: list[CustomerId] = []
    for found, name in people:
        who = next((known[i] for i in found if i in known), None)
        if who is None:
            who = new(CustomerId)
            made[who] = ""
        if who in made and not made[who]:
            made[who] = name.strip()[:200]
        strange = {i: who for i in found if i not in known}
        known |= strange
        fresh |= strange
        chosen.append(who)
    _write(tx, fresh, made)
    return chosen


def _find(tx: Tx, wanted: set[Identity]) -> Known:
    if not wanted:
        return {}
    rows = tx.all(SQL.find_identities, _Row, **_columns(sorted(wanted)))
    return {Identity(r.kind, r.value): r.customer_id for r in rows}


def _write(tx: Tx, fresh: Known, made: dict[CustomerId, str]) -> None:
    versions = dict.fromkeys(made, 1)
    known = sorted(set(fresh.values()) - set(made))
    if known:
        rows = tx.tuples(SQL.touch_customers, parts=[part_of(int(i)) for i in known], ids=known)
        expect(len(rows), len(known))
        versions |= {CustomerId(i): version for i, version in rows}
    if fresh:
        order = sorted(fresh)
        added = tx.run(SQL.add_identities, customers=[fresh[i] for i in order], **_columns(order))
        expect(added, len(fresh))
    if made:
        tx.run(
            SQL.add_customers,
            parts=[part_of(int(i)) for i in made],
            ids=list(made),
            names=list(made.values()),
            now=tx.now,
        )
    kinds: dict[CustomerId, set[str]] = {}
    for identity, who in fresh.items():
        kinds.setdefault(who, set()).add(identity.kind.value)
    outbox.emit(
        tx,
        [
            CustomerIdentified(
                customer_id=who,
                made=who in made,
                kinds=tuple(sorted(kinds.get(who, ()))),
                version=version,
            )
            for who, version in versions.items()
        ],
    )


def _columns(found: Sequence[Identity]) -> dict[str, list[object]]:
    return {
        "parts": [part_of(i.value) for i in found],
        "kinds": [i.kind.value for i in found],
        "texts": [i.value for i in found],
    }
