"""What the orders room hears: customers that became one, and those that want to be forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base.sql import load
from everyshelf.base.subscribe import Handlers, Heard
from everyshelf.base.tx import Tx
from everyshelf.customer import CustomerErased, CustomerMerged

SQL = load("everyshelf.orders")


def customers_merged(tx: Tx, heard: Sequence[Heard]) -> None:
    """The orders of a merged customer are the heir's."""
    tx.run(
        SQL.set_customers,
        losers=[h.event.customer_id for h in heard],
        winners=[h.event.into for h in heard],
    )


def customers_erased(tx: Tx, heard: Sequence[Heard]) -> None:
    """Orders keep what accounts need (country, region, postcode) and forget the person."""
    forgotten = [h.event.customer_id for h in heard]
    tx.run(SQL.forget_changes, customer_ids=forgotten)
    tx.run(SQL.forget_buyers, customer_ids=forgotten)


HANDLERS: Handlers = {CustomerMerged: customers_merged, CustomerErased: customers_erased}
