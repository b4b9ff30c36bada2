"""Reading returns: by id, by order, with their lines and receipts. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.returns.book import SQL, orders_of, parts, with_lines
from everyshelf.returns.facts import Receipt, Rma, RmaId


def get(tx: Tx, rma_ids: Sequence[RmaId]) -> list[Rma]:
    """These returns with their lines, those that exist."""
    of = orders_of(tx, rma_ids)
    wanted = sorted(of)
    keys = {"parts": parts(of[r] for r in wanted), "ids": wanted}
    return list(with_lines(tx, tx.all(SQL.read_rmas, Rma, **keys)).values())


def of_orders(tx: Tx, order_ids: Sequence[OrderId]) -> list[Rma]:
    """All returns of these orders, with their lines."""
    wanted = list(order_ids)
    found = tx.all(SQL.rmas_of_orders, Rma, parts=parts(wanted), order_ids=wanted)
    return list(with_lines(tx, found).values())


def receipts(tx: Tx, rma_ids: Sequence[RmaId]) -> list[Receipt]:
    """What has come for these returns."""
    of = orders_of(tx, rma_ids)
    return tx.all(SQL.receipts_of_rmas, Receipt, parts=parts(of.values()), ids=list(of))
