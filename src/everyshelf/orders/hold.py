"""Stops orders before they are sourced and lets them go: fraud, payment, address, date, review.

An order waits while any kind of hold is open. Its units stay held in the pool meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf.base import ids
from everyshelf.base.claims import once
from everyshelf.base.errors import INVALID, Code, Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.orders.book import Book
from everyshelf.orders.commands import HoldOrder, OrderHolds, ReleaseHold
from everyshelf.orders.events import HoldPlaced, HoldReleased
from everyshelf.orders.facts import ALREADY_HELD, NOT_HELD, Act, ChangeId, HoldKind, Order

SQL = load("everyshelf.orders")


class _Entry(msgspec.Struct, frozen=True):
    """A hold in the order's timeline."""

    hold: str
    reason: str = ""


def hold(tx: Tx, commands: Sequence[HoldOrder]) -> list[Result[OrderHolds]]:
    """Places holds. Refused: orders.unknown, orders.ended, orders.already_held, version.stale."""
    return once(tx, "orders.hold", commands, _hold, OrderHolds)


def release_hold(tx: Tx, commands: Sequence[ReleaseHold]) -> list[Result[OrderHolds]]:
    """Clears holds. Refused: orders.unknown, orders.ended, orders.not_held, version.stale."""
    return once(tx, "orders.release_hold", commands, _release, OrderHolds)


def _hold(tx: Tx, commands: list[HoldOrder]) -> list[Result[OrderHolds]]:
    book = Book.open(tx, [c.order_id for c in commands])
    rows: list[tuple[object, ...]] = []
    answers: list[Result[OrderHolds]] = []
    for c in commands:
        try:
            answers.append(Result.done(_hold_one(book, c)))
            rows.append((ids.part_of(c.order_id), ids.new(ChangeId), c.order_id, c.kind, c.reason))
        except Refused as error:
            answers.append(Result.refused(error))
    if rows:
        columns = table(("parts", "ids", "order_ids", "kinds", "reasons"), rows)
        tx.run(SQL.insert_holds, **columns, actor=tx.actor, now=tx.now)
    book.write(tx)
    return answers


def _hold_one(book: Book, c: HoldOrder) -> OrderHolds:
    if c.kind not in list(HoldKind) or "\0" in c.reason or len(c.reason) > 2000:
        raise INVALID(f"A hold is one of {', '.join(HoldKind)}, with a reason in plain text.")
    order = book.order(c.order_id, c.version)
    check_order(order, Act.HOLD)
    if c.kind in order.holds:
        raise ALREADY_HELD(f"{order.id} is on hold for {c.kind} already.")
    order = book.touch(order, holds=sorted([*order.holds, c.kind]))
    book.log(order.id, "hold", _Entry(c.kind, c.reason))
    book.tell(HoldPlaced(version=order.version, order_id=order.id, kind=c.kind, reason=c.reason))
    return OrderHolds(order.id, order.holds, order.version)


def _release(tx: Tx, commands: list[ReleaseHold]) -> list[Result[OrderHolds]]:
    book = Book.open(tx, [c.order_id for c in commands])
    done: list[tuple[object, ...]] = []
    answers: list[Result[OrderHolds]] = []
    for c in commands:
        try:
            answers.append(Result.done(_release_one(book, c)))
            done.append((ids.part_of(c.order_id), c.order_id, c.kind))
        except Refused as error:
            answers.append(Result.refused(error))
    if done:
        columns = table(("parts", "order_ids", "kinds"), done)
        tx.run(SQL.release_holds, **columns, actor=tx.actor, now=tx.now)
    book.write(tx)
    return answers


def _release_one(book: Book, c: ReleaseHold) -> OrderHolds:
    order = book.order(c.order_id, c.version)
    check_order(order, Act.RELEASE)
    if c.kind not in order.holds:
        raise NOT_HELD(f"{order.id} is not on hold for {c.kind}.")
    order = book.touch(order, holds=[k for k in order.holds if k != c.kind])
    book.log(order.id, "release_hold", _Entry(c.kind))
    clear = not order.holds
    book.tell(HoldReleased(version=order.version, order_id=order.id, kind=c.kind, all_clear=clear))
    return OrderHolds(order.id, order.holds, order.version)


def check_order(order: Order, act: Act) -> None:
    """An act on a whole order may be done when it may be done to one of its lines."""
    found: list[Code | None] = [x.refusal(act, bool(order.holds)) for x in order.real]
    if None not in found:
        code = found[0]
        assert code is not None
        raise code(f"{order.id}: {code.meaning}")
