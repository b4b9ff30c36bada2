"""Read: how many units people who walk in buy, learned from the tills' sales in the ledger.

Sales are not demand: a day on which the shelf was empty counts as a day without a sale.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from everyshelf.base import ids
from everyshelf.base.errors import INVALID
from everyshelf.base.parts import table
from everyshelf.base.retention import first_id
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx

SQL = load("everyshelf.stock")

# How far the clock of the process that made an id may be behind the database's.
SKEW: Final = timedelta(days=1)


class WalkInRate(msgspec.Struct, frozen=True):
    """Units of an item that tills of a node sold, in all and a day."""

    item: str
    node: str
    qty: int
    rate_per_day: float


class _Sold(msgspec.Struct, frozen=True):
    item: str
    node: str
    qty: int


def walk_in_rates(
    tx: Tx, items: Sequence[str], nodes: Sequence[str] | None, since: datetime
) -> list[WalkInRate]:
    """What walked out of each node (None: all) a day; cells that sold nothing are left out.

    Refused: input.invalid, when the period has not begun.
    """
    days = (tx.now - since) / timedelta(days=1)
    if days <= 0:
        raise INVALID("`since` lies before now.")
    keys = table(("parts", "items"), ((ids.part_of(item), item) for item in sorted(set(items))))
    named = None if nodes is None else sorted(set(nodes))
    sold = tx.all(
        SQL.walk_in_sales, _Sold, **keys, nodes=named, since=since, first=first_id(since - SKEW)
    )
    return [WalkInRate(s.item, s.node, s.qty, s.qty / days) for s in sold]
