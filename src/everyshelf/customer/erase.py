"""Verb: erase a customer in place. The row and its id stay, so that the ledger keeps its sums.

Name, identities, addresses and words go, of the customer and of everybody merged into it; other
rooms hear customer.customer.erased and forget what they keep.
"""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base import claims, outbox
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer.events import CustomerErased
from everyshelf.customer.facts import UNKNOWN, CustomerId, Erase
from everyshelf.customer.kin import keys, lock
from everyshelf.customer.read import members

SQL = load("everyshelf.customer")


def erase(tx: Tx, commands: Sequence[Erase]) -> list[Result[bool]]:
    """Erases customers; the value says whether there was anything left to erase."""
    return claims.once(tx, "customer.erase", commands, _erase, bool)


def _erase(tx: Tx, commands: list[Erase]) -> list[Result[bool]]:
    kin = lock(tx, {c.customer_id for c in commands})
    results: list[Result[bool]] = []
    roots: dict[CustomerId, None] = {}
    for command in commands:
        if command.customer_id not in kin.rows:
            refusal = UNKNOWN(f"There is no customer {command.customer_id}.")
            results.append(Result.refused(refusal))
            continue
        root = kin.root(command.customer_id)
        fresh = kin.rows[root].erased_at is None and root not in roots
        if fresh:
            roots[root] = None
        results.append(Result.done(fresh))
    if roots:
        _write(tx, list(roots))
    return results


def _write(tx: Tx, roots: list[CustomerId]) -> None:
    families = members(tx, roots)
    everyone = lock(tx, {i for family in families.values() for i in family})
    where = keys(everyone.rows)
    tx.run(SQL.erase_customers, now=tx.now, **where)
    tx.run(SQL.erase_identities, ids=where["ids"])
    tx.run(SQL.erase_addresses, **where)
    tx.run(SQL.erase_contacts, **where)
    tx.run(SQL.erase_consents, now=tx.now, **where)
    outbox.emit(
        tx,
        [
            CustomerErased(customer_id=i, version=row.version + 1)
            for i, row in sorted(everyone.rows.items())
        ],
    )
