"""Cancels units of lines: what is softly held is free at once, later rooms let go of the rest.

A kit is cancelled whole, by its kit line. What has left cannot be cancelled: that is a return.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from everyshelf import stock
from everyshelf.base.claims import once
from everyshelf.base.errors import INVALID, Refused
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.orders.book import Book
from everyshelf.orders.commands import Cancel, Cancelled, CancelLine
from everyshelf.orders.events import CancelledLine, LinesCancelled
from everyshelf.orders.facts import (
    KIT_COMPONENT,
    NOTHING_OPEN,
    NOTHING_TO_DO,
    Act,
    Line,
    Order,
    OrderId,
    OrderState,
    Supply,
)

Units = list[tuple[Line, int]]


class _Entry(msgspec.Struct, frozen=True):
    """A cancellation in the order's timeline."""

    lines: list[CancelLine]
    reason: str
    amount_minor: int


class Softly:
    """What orders have of the pool without a node: held units, and promises on dated supply.

    Both are given back as units are cancelled; those that still wait for supply go first.
    """

    def __init__(self, tx: Tx, orders: Iterable[Order]) -> None:
        found = list(orders)
        self._held: dict[tuple[str, int], int] = {}
        self._back: dict[tuple[str, int], int] = {}
        self._unpromised: list[tuple[stock.InboundId, str, int]] = []
        for row in stock.holds_of(tx, [str(o.id) for o in found]):
            key = row.owner, row.line
            self._held[key] = self._held.get(key, 0) + row.qty
        self._waiting = self._read_waiting(tx, found)

    def _read_waiting(self, tx: Tx, orders: list[Order]) -> dict[tuple[int, int], int]:
        """Open units of lines on dated supply that are neither held nor at a node yet."""
        late = [x for o in orders for x in o.lines if x.inbound_id is not None and x.open]
        waiting = {(int(x.order_id), x.line): x.open - self.held(x) for x in late}
        if late:
            for at in stock.allocations_of(tx, sorted({x.order_id for x in late})):
                key = at.order_id, at.line
                if key in waiting:
                    waiting[key] -= at.live
        return waiting

    def held(self, line: Line) -> int:
        return self._held.get((str(line.order_id), line.line), 0)

    def release(self, line: Line, qty: int) -> int:
        """Gives up to `qty` of the line's units back; how many came from its holds."""
        waiting = min(qty, max(0, self._waiting.get((int(line.order_id), line.line), 0)))
        if waiting and line.inbound_id is not None:
            self._waiting[int(line.order_id), line.line] -= waiting
            self._unpromised.append((line.inbound_id, line.item, waiting))
        key = str(line.order_id), line.line
        taken = min(qty - waiting, self._held.get(key, 0))
        if taken:
            self._held[key] -= taken
            self._back[key] = self._back.get(key, 0) + taken
        return taken

    def write(self, tx: Tx) -> None:
        """Gives the released units back to the pool, and the promises to the supply."""
        if self._back:
            stock.release_holds(tx, [(o, line, qty) for (o, line), qty in self._back.items()])
        if self._unpromised:
            stock.unpromise_inbound_now(tx, self._unpromised)


def cancel(tx: Tx, commands: Sequence[Cancel]) -> list[Result[Cancelled]]:
    """Cancels each command's units once. Refused: orders.unknown, orders.line_unknown,
    orders.ended, orders.nothing_open, orders.kit_component, version.stale, input.invalid."""
    return once(tx, "orders.cancel", commands, _cancel, Cancelled)


def _cancel(tx: Tx, commands: list[Cancel]) -> list[Result[Cancelled]]:
    book = Book.open(tx, [c.order_id for c in commands])
    softly = Softly(tx, book.orders.values())
    answers: list[Result[Cancelled]] = []
    for command in commands:
        try:
            order = book.order(command.order_id, command.version)
            units = _chosen(book, order, command)
            answers.append(Result.done(cancel_units(book, softly, order, units, command.reason)))
        except Refused as error:
            answers.append(Result.refused(error))
    softly.write(tx)
    book.write(tx)
    return answers


def cancel_now(tx: Tx, units: Sequence[tuple[OrderId, int, int, str]]) -> list[bool]:
    """For later rooms (short for good, not collected): (order, line, qty, reason), claim-free.

    False when so many units are not open any more. Takes components of kits one by one; the kit
    line follows.
    """
    book = Book.open(tx, [order_id for order_id, _, _, _ in units])
    softly = Softly(tx, book.orders.values())
    answers, groups = [], dict[tuple[OrderId, str], dict[int, int]]()
    left: dict[tuple[OrderId, int], int] = {}
    for order_id, number, qty, reason in units:
        line = next((x for x in book.order(order_id).real if x.line == number), None)
        free = left.get((order_id, number), line.open if line is not None else 0)
        answers.append(0 < qty <= free)
        if 0 < qty <= free:
            left[order_id, number] = free - qty
            group = groups.setdefault((order_id, reason), {})
            group[number] = group.get(number, 0) + qty
    for (order_id, reason), wanted in groups.items():
        chosen = [(book.line(order_id, n), qty) for n, qty in sorted(wanted.items())]
        cancel_units(book, softly, book.order(order_id), chosen, reason)
    softly.write(tx)
    book.write(tx)
    return answers


def cancel_units(book: Book, softly: Softly, order: Order, units: Units, reason: str) -> Cancelled:
    """Cancels units that were found open; tells what that was worth."""
    amount = sum(line.worth_cancelled(qty) for line, qty in units)
    told = []
    for line, qty in units:
        book.count(line, cancelled=qty)
        told.append(CancelledLine(line.line, line.item, qty, softly.release(line, qty)))
    _follow(book, order)
    order = book.touch(order)
    if order.state is OrderState.CANCELLED:
        amount += order.shipping_minor
    entry = _Entry([CancelLine(x.line, q) for x, q in units], reason, amount)
    book.log(order.id, "cancel", entry)
    book.tell(
        LinesCancelled(
            version=order.version, order_id=order.id, lines=told, reason=reason,
            amount_minor=amount, currency=order.currency,
        )
    )  # fmt: skip
    count = sum(qty for _, qty in units)
    return Cancelled(order.id, count, amount, order.state, order.version)


def _chosen(book: Book, order: Order, command: Cancel) -> Units:
    if not any(x.open for x in order.real):
        code = order.real[0].refusal(Act.CANCEL, bool(order.holds))
        assert code is not None, "a line without open units cannot be cancelled"
        raise code(f"{order.id} has no open units.")
    if command.lines is None:
        return [(x, x.open) for x in order.real if x.open]
    if not command.lines:
        raise NOTHING_TO_DO("Name the lines to cancel, or leave them out to cancel all.")
    wanted: dict[int, int] = {}
    for asked in command.lines:
        if asked.qty < 1:
            raise INVALID(f"Line {asked.line}: a quantity is at least 1, not {asked.qty}.")
        wanted[asked.line] = wanted.get(asked.line, 0) + asked.qty
    return [
        pair
        for number, qty in sorted(wanted.items())
        for pair in units_of(book, book.line(order.id, number), qty)
    ]


def units_of(book: Book, line: Line, qty: int) -> Units:
    """The unit-carrying lines behind `qty` of a line; refuses what is not open."""
    if line.kit_line is not None:
        raise KIT_COMPONENT(f"Line {line.line} belongs to the kit on line {line.kit_line}.")
    if line.supply is not Supply.KIT:
        if qty > line.open:
            words = f"{line.open} of {line.item} on line {line.line} are open, not {qty}."
            raise NOTHING_OPEN(words)
        return [(line, qty)]
    return _kit_units(book, line, qty)


def _kit_units(book: Book, kit: Line, qty: int) -> Units:
    if qty > kit.open:
        raise NOTHING_OPEN(f"{kit.open} of the kit on line {kit.line} are open, not {qty}.")
    parts = [x for x in book.lines(kit.order_id) if x.kit_line == kit.line]
    found: Units = []
    for item in sorted({x.item for x in parts}):
        same = [x for x in parts if x.item == item]
        per_kit = sum(x.qty for x in same) // kit.qty
        left = per_kit * (kit.cancelled + qty) - sum(x.cancelled for x in same)
        for part in reversed(same):  # The units that wait longest go first.
            take = max(0, min(left, part.open))
            left -= take
            if take:
                found.append((part, take))
        if left > 0:
            raise NOTHING_OPEN(f"Units of {item} of the kit on line {kit.line} have left.")
    return sorted(found, key=lambda pair: pair[0].line)


def _follow(book: Book, order: Order) -> None:
    """A kit line counts the kits that can no longer be completed."""
    lines = book.lines(order.id)
    for kit in (x for x in lines if x.supply is Supply.KIT):
        totals: dict[str, list[int]] = {}
        for part in (x for x in lines if x.kit_line == kit.line):
            total = totals.setdefault(part.item, [0, 0])
            total[0] += part.qty
            total[1] += part.cancelled
        gone = min(cancelled // (qty // kit.qty) for qty, cancelled in totals.values())
        if gone > kit.cancelled:
            book.count(kit, cancelled=gone - kit.cancelled)
