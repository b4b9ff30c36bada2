"""Locks customers together with their heirs, so that a verb acts on who they are now."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from everyshelf.base.declare import expect
from everyshelf.base.ids import part_of
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer.facts import ERASED, UNKNOWN, Customer, CustomerId

SQL = load("everyshelf.customer")


class Kin:
    """Locked customers by id; `living` gives who somebody is now."""

    def __init__(self, rows: dict[CustomerId, Customer]) -> None:
        self.rows = rows
        self.heirs = {i: r.merged_into for i, r in rows.items() if r.merged_into is not None}

    def root(self, who: CustomerId) -> CustomerId:
        """The last heir."""
        while who in self.heirs:
            who = self.heirs[who]
        return who

    def living(self, who: CustomerId) -> CustomerId:
        """The last heir; refuses who is unknown or erased."""
        if who not in self.rows:
            raise UNKNOWN(f"There is no customer {CustomerId(who)}.")
        heir = self.root(who)
        if self.rows[heir].erased_at is not None:
            raise ERASED(f"The customer {heir} was erased.")
        return heir


def lock(tx: Tx, ids: Iterable[CustomerId]) -> Kin:
    """Locks these customers and their heirs. A merge in between starts the transaction over."""
    rows = _lock(tx, set(ids))
    rows |= _lock(tx, {r.merged_into for r in rows.values() if r.merged_into} - set(rows))
    missing = {r.merged_into for r in rows.values() if r.merged_into} - set(rows)
    expect(len(missing), 0)
    return Kin(rows)


def _lock(tx: Tx, ids: Collection[CustomerId]) -> dict[CustomerId, Customer]:
    found = tx.all(SQL.lock_customers, Customer, **keys(ids))
    return {c.id: c for c in found}


def keys(ids: Iterable[CustomerId]) -> dict[str, list[int]]:
    """The parts and ids of customers, as statements want them."""
    wanted = sorted(set(ids))
    return {"parts": [part_of(int(i)) for i in wanted], "ids": [int(i) for i in wanted]}
