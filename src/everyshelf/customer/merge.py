"""Verb: two customers are one person. The loser points at the winner; nothing else is copied.

Identities move, because they say who somebody is. Addresses, consents and contacts stay where they
were written and are read for the whole family, so that a merge never moves a row between parts.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf.base import claims, outbox
from everyshelf.base.errors import Refused
from everyshelf.base.ids import part_of
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer.describe import save
from everyshelf.customer.events import CustomerMerged
from everyshelf.customer.facts import MERGE_SELF, Customer, CustomerId, Merge, Merged
from everyshelf.customer.kin import Kin, lock

SQL = load("everyshelf.customer")


def merge(tx: Tx, commands: Sequence[Merge]) -> list[Result[Merged]]:
    """Merges losers into winners; two who are one already stay as they are."""
    return claims.once(tx, "customer.merge", commands, _merge, Merged)


def _merge(tx: Tx, commands: list[Merge]) -> list[Result[Merged]]:
    kin = lock(tx, {c.winner for c in commands} | {c.loser for c in commands})
    results: list[Result[Merged]] = []
    losers: list[CustomerId] = []
    for command in commands:
        try:
            results.append(Result.done(_join(kin, command, losers)))
        except Refused as error:
            results.append(Result.refused(error))
    if losers:
        _write(tx, kin, losers)
    return results


def _join(kin: Kin, command: Merge, losers: list[CustomerId]) -> Merged:
    if command.winner == command.loser:
        raise MERGE_SELF(f"{command.winner} was named as winner and loser.")
    winner, loser = kin.living(command.winner), kin.living(command.loser)
    if winner == loser:
        return Merged(winner, False)
    kin.heirs[loser] = winner
    losers.append(loser)
    return Merged(winner, True)


def _write(tx: Tx, kin: Kin, losers: list[CustomerId]) -> None:
    heirs = [kin.root(i) for i in losers]
    parts = [part_of(int(i)) for i in losers]
    tx.run(SQL.merge_customers, parts=parts, losers=losers, heirs=heirs)
    tx.run(SQL.shorten_chains, losers=losers, heirs=heirs)
    tx.run(SQL.move_identities, losers=losers, heirs=heirs)
    save(tx, [_heir(kin, heir, losers) for heir in dict.fromkeys(heirs)])
    outbox.emit(
        tx,
        [
            CustomerMerged(customer_id=i, into=heir, version=kin.rows[i].version + 1)
            for i, heir in zip(losers, heirs, strict=True)
        ],
    )


def _heir(kin: Kin, heir: CustomerId, losers: list[CustomerId]) -> Customer:
    """The heir with the value of those who became it, and a name and tier if it had none."""
    row = kin.rows[heir]
    joined = [kin.rows[i] for i in losers if kin.root(i) == heir]
    return msgspec.structs.replace(
        row,
        name=next((c.name for c in [row, *joined] if c.name), ""),
        tier=next((c.tier for c in [row, *joined] if c.tier), ""),
        value_minor=sum(c.value_minor for c in [row, *joined]),
        version=row.version + 1,
    )
