"""Finds orders for lists: the newest, those of a customer, those with a channel's reference; and
what policies look at to tell for which orders they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from everyshelf.base import ids
from everyshelf.base.policy import Facts
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer import CustomerId
from everyshelf.orders.book import get
from everyshelf.orders.facts import Order, OrderId, OrderState

SQL = load("everyshelf.orders")
PAGE: Final = 500
LAST: Final = OrderId((1 << 63) - 1)


def page(
    tx: Tx,
    *,
    before: OrderId = LAST,
    size: int = 50,
    channel: str | None = None,
    state: OrderState | None = None,
) -> list[Order]:
    """The newest orders below an id, newest first, at most 500; of a channel, in a state."""
    rows = tx.tuples(SQL.page_orders, before=before, size=_size(size), channel=channel, state=state)
    return _read(tx, rows)


def of_customers(
    tx: Tx, customers: Iterable[CustomerId], *, before: OrderId = LAST, size: int = 50
) -> list[Order]:
    """The newest orders of these customers, newest first."""
    wanted = sorted(set(customers))
    rows = tx.tuples(SQL.orders_of_customers, customer_ids=wanted, before=before, size=_size(size))
    return _read(tx, rows)


def by_ref(tx: Tx, refs: Iterable[str], channel: str | None = None) -> list[Order]:
    """The orders that a channel (or any) knows by these references."""
    wanted = sorted(set(refs))
    return _read(tx, tx.tuples(SQL.orders_by_ref, refs=wanted, channel=channel, size=PAGE))


def facts_for_policies(tx: Tx, order_ids: Iterable[OrderId]) -> dict[OrderId, Facts]:
    """What the scope of a policy looks at of each of these orders."""
    wanted = sorted(set(order_ids))
    parts = [ids.part_of(int(o)) for o in wanted]
    rows = tx.all(SQL.facts_for_policies, Facts, parts=parts, order_ids=wanted)
    return {OrderId(row.order_id): row for row in rows}


def _size(size: int) -> int:
    return max(1, min(size, PAGE))


def _read(tx: Tx, rows: list[tuple[Any, ...]]) -> list[Order]:
    return get(tx, [OrderId(i) for (i,) in rows])[::-1] if rows else []
