"""The facts that later rooms report: units shipped, not shipped after all, returned.

Each triple (order, line, qty) is answered alone: False when the units were cancelled meanwhile,
or were never shipped. Nothing here moves stock or money.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from everyshelf.base.tx import Tx
from everyshelf.orders.book import Book
from everyshelf.orders.events import (
    LineCount,
    LinesReturned,
    LinesShipped,
    LinesUnshipped,
)
from everyshelf.orders.facts import LINE_UNKNOWN, Act, Line, OrderId, Supply

Units = Sequence[tuple[OrderId, int, int]]
Told = type[LinesShipped] | type[LinesUnshipped] | type[LinesReturned]


def mark_shipped(tx: Tx, units: Units) -> list[bool]:
    """Counts units as shipped or handed over. False: so many are not open (cancelled meanwhile).

    Call it before moving their stock: orders are locked before balances everywhere.
    """
    return _mark(tx, units, Act.SHIP, lambda x: x.open, {"shipped": 1}, LinesShipped)


def unship(tx: Tx, units: Units) -> list[bool]:
    """Takes back a mark_shipped whose units never left. False: so many are not with the buyer."""
    return _mark(tx, units, Act.UNSHIP, lambda x: x.shipped - x.returned, {"shipped": -1},
                 LinesUnshipped)  # fmt: skip


def mark_returned(tx: Tx, units: Units) -> list[bool]:
    """Counts units as returned. False: so many are not with the buyer."""
    return _mark(tx, units, Act.RETURN, lambda x: x.shipped - x.returned, {"returned": 1},
                 LinesReturned)  # fmt: skip


def _mark(
    tx: Tx, units: Units, act: Act, free: Callable[[Line], int], sign: dict[str, int], told: Told
) -> list[bool]:
    book = Book.open(tx, [order_id for order_id, _, _ in units])
    done: dict[OrderId, list[LineCount]] = {}
    answers = []
    for order_id, number, qty in units:
        held = bool(book.order(order_id).holds)
        line = book.line(order_id, number)
        if line.supply is Supply.KIT:
            raise LINE_UNKNOWN(f"Line {number} is a kit; name its components.")
        good = line.refusal(act, held) is None and 0 < qty <= free(line)
        answers.append(good)
        if good:
            book.count(line, **{name: step * qty for name, step in sign.items()})
            done.setdefault(order_id, []).append(LineCount(number, line.item, qty))
    for order_id, counts in done.items():
        order = book.touch(book.order(order_id))
        book.tell(told(version=order.version, order_id=order_id, lines=counts))
    book.write(tx)
    return answers
