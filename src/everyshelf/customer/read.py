"""Reads of customers. Whoever was merged is read as one family: the heir and all who became it."""

from __future__ import annotations

from collections.abc import Iterable

from everyshelf.base.errors import Refused
from everyshelf.base.ids import part_of
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer.facts import (
    Consent,
    Contact,
    ContactId,
    Customer,
    CustomerId,
    Identity,
    IdentityKind,
    SavedAddress,
    normal_email,
    normal_phone,
)
from everyshelf.customer.kin import keys

SQL = load("everyshelf.customer")
PAGE = 500


def get(tx: Tx, ids: Iterable[CustomerId]) -> dict[CustomerId, Customer]:
    """These customers as they stand, with their identities; an unknown id is not in the answer."""
    return {c.id: c for c in tx.all(SQL.read_customers, Customer, **keys(ids))}


def resolve(tx: Tx, ids: Iterable[CustomerId]) -> dict[CustomerId, CustomerId]:
    """Who each of these customers is now; an unknown id is not in the answer."""
    return {i: c.merged_into or i for i, c in get(tx, ids).items()}


def members(tx: Tx, roots: Iterable[CustomerId]) -> dict[CustomerId, list[CustomerId]]:
    """Each heir with all who were merged into it."""
    found = {root: [root] for root in sorted(set(roots))}
    for heir, who in tx.tuples(SQL.members, ids=list(found)):
        found[CustomerId(heir)].append(CustomerId(who))
    return found


def family(tx: Tx, ids: Iterable[CustomerId]) -> dict[CustomerId, list[CustomerId]]:
    """All ids under which each of these people was ever known; facts may stand under any."""
    heirs = resolve(tx, ids)
    found = members(tx, heirs.values())
    return {who: found[heir] for who, heir in heirs.items()}


def find(tx: Tx, text: str, country: str = "US") -> list[Customer]:
    """The customers known by exactly this e-mail address, phone, loyalty number or external id."""
    wanted = sorted(_readings(text, country))
    rows = tx.tuples(
        SQL.find_identities,
        parts=[part_of(i.value) for i in wanted],
        kinds=[i.kind.value for i in wanted],
        texts=[i.value for i in wanted],
    )
    return list(get(tx, {CustomerId(who) for _, _, who in rows}).values())


def addresses(tx: Tx, ids: Iterable[CustomerId]) -> dict[CustomerId, list[SavedAddress]]:
    """The saved addresses of each of these people, oldest first."""
    families = family(tx, ids)
    rows: dict[CustomerId, list[SavedAddress]] = {}
    for row in tx.all(SQL.read_addresses, SavedAddress, **_all(families)):
        rows.setdefault(row.customer_id, []).append(row)
    return {
        who: sorted((a for i in everyone for a in rows.get(i, ())), key=lambda a: a.id)
        for who, everyone in families.items()
    }


def consents(tx: Tx, ids: Iterable[CustomerId]) -> dict[CustomerId, dict[str, Consent]]:
    """What each of these people last said about each purpose."""
    families = family(tx, ids)
    rows: dict[CustomerId, list[Consent]] = {}
    for row in tx.all(SQL.read_consents, Consent, **_all(families)):
        rows.setdefault(row.customer_id, []).append(row)
    return {
        who: {c.purpose: c for c in sorted(_of(rows, everyone), key=lambda c: c.at)}
        for who, everyone in families.items()
    }


def _of(rows: dict[CustomerId, list[Consent]], everyone: list[CustomerId]) -> Iterable[Consent]:
    """The heir's words last, so that they count when two were said in the same instant."""
    return (c for i in reversed(everyone) for c in rows.get(i, ()))


def timeline(
    tx: Tx, who: CustomerId, *, before: ContactId | None = None, size: int = 100
) -> list[Contact]:
    """The contacts with a person, newest first, at most 500; `before` gives the next page."""
    everyone = family(tx, [who])
    return tx.all(
        SQL.read_contacts,
        Contact,
        before=before,
        size=max(1, min(size, PAGE)),
        **_all(everyone),
    )


def _all(families: dict[CustomerId, list[CustomerId]]) -> dict[str, list[int]]:
    return keys(i for everyone in families.values() for i in everyone)


def _readings(text: str, country: str) -> set[Identity]:
    plain = text.strip()
    found = {Identity(IdentityKind.LOYALTY, plain), Identity(IdentityKind.EXTERNAL, plain)}
    for kind, read in (
        (IdentityKind.EMAIL, normal_email),
        (IdentityKind.PHONE, lambda t: normal_phone(t, country)),
    ):
        try:
            found.add(Identity(kind, read(plain)))
        except Refused:
            continue
    return found
