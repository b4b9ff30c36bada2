"""Verb: what a customer lets us do. Silence is not consent; the last word counts."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base import claims, outbox
from everyshelf.base.declare import require
from everyshelf.base.errors import Refused
from everyshelf.base.ids import part_of
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer.events import ConsentChanged
from everyshelf.customer.facts import PURPOSE, CustomerId, SetConsent
from everyshelf.customer.kin import lock

SQL = load("everyshelf.customer")


def set_consent(tx: Tx, commands: Sequence[SetConsent]) -> list[Result[bool]]:
    """Grants and withdraws; the value is what holds now."""
    return claims.once(tx, "customer.set_consent", commands, _set, bool)


def _set(tx: Tx, commands: list[SetConsent]) -> list[Result[bool]]:
    kin = lock(tx, {c.customer_id for c in commands})
    results: list[Result[bool]] = []
    said: dict[tuple[CustomerId, str], bool] = {}
    for command in commands:
        try:
            who = kin.living(command.customer_id)
            require(
                PURPOSE.fullmatch(command.purpose),
                "A purpose is a word such as marketing_email: a-z, 0-9 and _, at most 40.",
            )
        except Refused as error:
            results.append(Result.refused(error))
            continue
        said[who, command.purpose] = command.granted
        results.append(Result.done(command.granted))
    _write(tx, said)
    return results


def _write(tx: Tx, said: dict[tuple[CustomerId, str], bool]) -> None:
    if not said:
        return
    changed = tx.tuples(
        SQL.set_consents,
        parts=[part_of(int(who)) for who, _ in said],
        customers=[who for who, _ in said],
        purposes=[purpose for _, purpose in said],
        granted=list(said.values()),
        now=tx.now,
    )
    outbox.emit(
        tx,
        [
            ConsentChanged(
                customer_id=CustomerId(who),
                purpose=purpose,
                granted=said[CustomerId(who), purpose],
            )
            for who, purpose in changed
        ],
    )
