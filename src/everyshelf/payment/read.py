"""Reading payments: sums and intents of orders. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.payment.facts import Intent, Payment
from everyshelf.payment.ledger import SQL, parts


def get(tx: Tx, order_ids: Sequence[OrderId]) -> list[Payment]:
    """The payments of these orders, those that exist."""
    wanted = list(order_ids)
    return tx.all(SQL.read_payments, Payment, parts=parts(wanted), order_ids=wanted)


def intents(tx: Tx, order_ids: Sequence[OrderId]) -> list[Intent]:
    """Everything that was due, is due or has failed for these orders, oldest first."""
    wanted = list(order_ids)
    return tx.all(SQL.read_intents, Intent, parts=parts(wanted), order_ids=wanted)
