"""A till's sale. It has happened, so it is never refused for want of stock.

Units the books did not know are found by the sale (a move from `@adjust`) and the difference is
told in the event, where the exceptions desk hears it. No bucket falls below zero, and units that
are held or allocated for somebody are not taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf.base import outbox
from everyshelf.base.claims import once
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.stock.events import ItemSold
from everyshelf.stock.facts import ADJUST, CUSTOMER, OUT, Bucket, Leg
from everyshelf.stock.known import Known, in_turns
from everyshelf.stock.ledger import COLUMN, lock, ordered, post
from everyshelf.stock.receive import answers


class Sell(msgspec.Struct, frozen=True):
    """Units sold over the counter. `strict`: refuse rather than find what the books do not know."""

    key: str
    node: str
    item: str
    qty: int
    channel: str = "pos"
    lot: str = ""
    serials: tuple[str, ...] = ()
    strict: bool = False


def sell(tx: Tx, commands: Sequence[Sell]) -> list[Result[int]]:
    """Books sales at tills; the value is how many of the units the books did not know."""
    return once(tx, "stock.sell", commands, _sell, int)


def _sell(tx: Tx, commands: list[Sell]) -> list[Result[int]]:
    known = Known(tx, [c.item for c in commands], [c.node for c in commands])
    errors = [known.check(c.item, c.node, c.qty) for c in commands]
    good = [c for c, e in zip(commands, errors, strict=True) if e is None]
    replies = iter(in_turns(good, lambda some: _sell_known(tx, some, known)))
    return [Result.refused(e) if e is not None else next(replies) for e in errors]


def _sell_known(tx: Tx, commands: list[Sell], known: Known) -> list[Result[int]]:
    rows = lock(tx, ordered((c.item, c.node) for c in commands))
    free = {cell: row[COLUMN[Bucket.SELLABLE]] for cell, row in rows.items()}
    groups: list[list[Leg]] = []
    unknown: list[int] = []
    for c in commands:
        may_find = known.nodes[c.node] and not c.strict
        missing = max(0, c.qty - free[c.item, c.node]) if may_find else 0
        unknown.append(missing)
        found = [
            Leg(c.item, ADJUST, OUT, c.node, Bucket.SELLABLE, missing, "found by sale", c.lot,
                c.serials[:missing])
        ]  # fmt: skip
        sale = Leg(c.item, c.node, Bucket.SELLABLE, CUSTOMER, OUT, c.qty, "sale", c.lot, c.serials)
        groups.append([*(found if missing else []), sale])
    shorts = post(tx, groups)
    outbox.emit(
        tx,
        (
            ItemSold(item=c.item, node=c.node, qty=c.qty, unknown=u, channel=c.channel)
            for c, u, s in zip(commands, unknown, shorts, strict=True)
            if s is None
        ),
    )
    return answers(shorts, unknown)
