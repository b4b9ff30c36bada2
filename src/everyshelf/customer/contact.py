"""Verb: note that we spoke with a customer, on any channel: one timeline for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base import claims, outbox
from everyshelf.base.declare import require
from everyshelf.base.errors import Refused
from everyshelf.base.ids import new, part_of
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer.events import ContactLogged
from everyshelf.customer.facts import ContactId, CustomerId, LogContact
from everyshelf.customer.kin import lock

SQL = load("everyshelf.customer")
MAX_TEXT = 10_000


def log_contact(tx: Tx, commands: Sequence[LogContact]) -> list[Result[ContactId]]:
    """Adds entries to timelines."""
    return claims.once(tx, "customer.log_contact", commands, _log, ContactId)


def _log(tx: Tx, commands: list[LogContact]) -> list[Result[ContactId]]:
    kin = lock(tx, {c.customer_id for c in commands})
    results: list[Result[ContactId]] = []
    rows: list[tuple[ContactId, CustomerId, LogContact]] = []
    for command in commands:
        try:
            who = kin.living(command.customer_id)
            require(1 <= len(command.channel) <= 64, "A contact happens on a channel.")
            require(1 <= len(command.kind) <= 64, "A contact is of a kind, such as `complaint`.")
            require(len(command.text) <= MAX_TEXT, f"At most {MAX_TEXT} letters are kept.")
            require(command.at is None or command.at.tzinfo, "A time carries its UTC offset.")
        except Refused as error:
            results.append(Result.refused(error))
            continue
        rows.append((new(ContactId), who, command))
        results.append(Result.done(rows[-1][0]))
    _write(tx, rows)
    return results


def _write(tx: Tx, rows: list[tuple[ContactId, CustomerId, LogContact]]) -> None:
    if rows:
        tx.run(
            SQL.add_contacts,
            parts=[part_of(int(who)) for _, who, _ in rows],
            ids=[i for i, _, _ in rows],
            customers=[who for _, who, _ in rows],
            times=[c.at or tx.now for _, _, c in rows],
            channels=[c.channel for _, _, c in rows],
            kinds=[c.kind for _, _, c in rows],
            texts=[c.text for _, _, c in rows],
        )
    outbox.emit(
        tx,
        [
            ContactLogged(customer_id=who, contact_id=i, channel=c.channel, kind=c.kind)
            for i, who, c in rows
        ],
    )
