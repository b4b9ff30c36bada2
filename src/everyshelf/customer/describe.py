"""Verb: state a customer's name, tier and value, as loyalty and analytics know them."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base import claims, outbox
from everyshelf.base.declare import Saved, changed, expect, fold, require
from everyshelf.base.ids import part_of
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer.events import CustomerDescribed
from everyshelf.customer.facts import Customer, CustomerId, Describe
from everyshelf.customer.kin import lock

SQL = load("everyshelf.customer")


def describe(tx: Tx, commands: Sequence[Describe]) -> list[Result[Saved]]:
    """Changes what is known of customers; a merged one's heir is changed."""
    return claims.once(tx, "customer.describe", commands, _describe, Saved)


def _describe(tx: Tx, commands: list[Describe]) -> list[Result[Saved]]:
    kin = lock(tx, {c.customer_id for c in commands})

    def state(command: Describe, before: Customer | None) -> Customer:
        kin.living(command.customer_id)
        assert before is not None
        customer = changed(before, command)
        require(len(customer.name) <= 200, "A name has at most 200 letters.")
        require(len(customer.tier) <= 40, "A tier has at most 40 letters.")
        require(customer.value_minor >= 0, "A customer's value is 0 or more.")
        return customer

    folded = fold(commands, kin.rows, lambda c: kin.root(c.customer_id), state)
    rows = list(folded.rows.values())
    save(tx, rows)
    outbox.emit(
        tx,
        [
            CustomerDescribed(customer_id=CustomerId(c.id), tier=c.tier, version=c.version)
            for _, c in folded.changes
        ],
    )
    return folded.results


def save(tx: Tx, rows: Sequence[Customer]) -> None:
    """Writes what is known of customers that are locked."""
    if not rows:
        return
    touched = tx.run(
        SQL.describe_customers,
        parts=[part_of(int(c.id)) for c in rows],
        ids=[c.id for c in rows],
        names=[c.name for c in rows],
        tiers=[c.tier for c in rows],
        amounts=[c.value_minor for c in rows],
        versions=[c.version for c in rows],
    )
    expect(touched, len(rows))
