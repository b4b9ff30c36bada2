"""Captures and refunds fall due: decided under the payment's lock, at most once per cause.

What was authorized bounds the captures, what was captured bounds the refunds (P1). A capture that
does not fit leaves a failed intent, because the goods have gone; a refund that does not fit leaves
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf.base.errors import INVALID, Code, Refused
from everyshelf.base.results import Outcome, Result
from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.payment.facts import (
    CAUSE_REUSED,
    MAX_MINOR,
    NO_PAYMENT,
    NOTHING,
    OVER_AUTHORIZED,
    OVER_CAPTURED,
    Effect,
    Intent,
    Kind,
    Payment,
    State,
)
from everyshelf.payment.ledger import SQL, Book, first_state, known, parts

Due = tuple[OrderId, str, int]


class OrderMoney(msgspec.Struct, frozen=True):
    """What an order's lines are worth as they stand: in all, shipped, and not cancelled."""

    order_id: OrderId
    shipping_minor: int
    lines_minor: int
    earned_minor: int
    kept_minor: int
    any_shipped: bool
    any_kept: bool
    settled: bool

    @property
    def total_minor(self) -> int:
        return self.lines_minor + self.shipping_minor

    @property
    def to_capture_minor(self) -> int:
        """Earned so far: shipping is earned with the first unit that leaves."""
        return self.earned_minor + (self.shipping_minor if self.any_shipped else 0)

    @property
    def at_most_minor(self) -> int:
        """What the customer owes when everything that was not cancelled is delivered."""
        return self.kept_minor + (self.shipping_minor if self.any_kept else 0)


def capture_due_now(tx: Tx, dues: Sequence[Due]) -> list[Result[Effect]]:
    """Captures (order, cause, amount) each once; claim-free, for the rooms that hand goods over."""
    return _fall_due(tx, Kind.CAPTURE, dues, OVER_AUTHORIZED)


def refund_due_now(tx: Tx, dues: Sequence[Due], *, up_to: bool = False) -> list[Result[Effect]]:
    """Refunds (order, cause, amount) each once; claim-free, for returns, no-shows, losses.

    `up_to`: when less is left to refund, or nothing was ever paid, the refund is what is left.
    """
    return _fall_due(tx, Kind.REFUND, dues, OVER_CAPTURED, up_to)


def capture_shipped_now(tx: Tx, shipped: Sequence[tuple[OrderId, str]]) -> list[Result[Effect]]:
    """Captures what the shipped units have earned beyond what is captured already.

    Call it after `orders.mark_shipped`. The last shipment captures the rest to the last cent,
    whatever was rounded before. Several causes of one order: the first takes it all.
    """
    order_ids = sorted({o for o, _ in shipped})
    left = {o: p.captured_minor for o, p in Book(tx, order_ids).now.items()}
    money = order_money(tx, order_ids)
    before = known(tx, Kind.CAPTURE, shipped)
    dues: list[Due] = []
    for order_id, cause in shipped:
        if (intent := before.get((order_id, cause))) is not None:
            dues.append((order_id, cause, intent.amount_minor))
            continue
        earned = money[order_id].to_capture_minor if order_id in money else 0
        amount = max(0, earned - left.get(order_id, 0))
        left[order_id] = left.get(order_id, 0) + amount
        dues.append((order_id, cause, amount))
    return capture_due_now(tx, dues)


def order_money(tx: Tx, order_ids: Sequence[OrderId]) -> dict[OrderId, OrderMoney]:
    """The worth of these orders' lines now."""
    rows = tx.all(SQL.money_of_orders, OrderMoney, parts=parts(order_ids), order_ids=order_ids)
    return {m.order_id: m for m in rows}


def _fall_due(
    tx: Tx, kind: Kind, dues: Sequence[Due], over: Code, up_to: bool = False
) -> list[Result[Effect]]:
    book = Book(tx, (o for o, _, _ in dues))
    done = known(tx, kind, [(o, c) for o, c, _ in dues])
    results: list[Result[Effect]] = []
    for due in dues:
        fitting = _at_most_left(book, due, done) if up_to else due
        results.append(_one(book, kind, fitting, done, over))
    book.write()
    return results


def _one(
    book: Book, kind: Kind, due: Due, done: dict[tuple[OrderId, str], Intent], over: Code
) -> Result[Effect]:
    order_id, cause, amount = due
    payment = book.now.get(order_id)
    if payment is None:
        return Result.refused(NO_PAYMENT(f"The order {order_id} has no payment."))
    if not 0 <= amount <= MAX_MINOR or not cause:
        return Result.refused(INVALID(f"{amount} for {cause!r} is no amount that can fall due."))
    if (before := done.get((order_id, cause))) is not None:
        return _again(before, amount)
    if amount == 0:
        return Result.done(NOTHING)
    refusal = _refusal(payment, kind, amount, over)
    if refusal is not None and kind is Kind.REFUND:
        return Result.refused(refusal)
    state = first_state(payment) if refusal is None else State.FAILED
    intent = book.add(
        order_id, kind, cause, amount, state, detail=refusal.detail if refusal else ""
    )
    done[(order_id, cause)] = intent
    return Result.done(effect(intent)) if refusal is None else Result.refused(refusal)


def _at_most_left(book: Book, due: Due, done: dict[tuple[OrderId, str], Intent]) -> Due:
    order_id, cause, amount = due
    if (before := done.get((order_id, cause))) is not None:
        return order_id, cause, before.amount_minor
    payment = book.now.get(order_id)
    return due if payment is None else (order_id, cause, min(amount, payment.refundable_minor))


def _refusal(payment: Payment, kind: Kind, amount: int, over: Code) -> Refused | None:
    left = payment.capturable_minor if kind is Kind.CAPTURE else payment.refundable_minor
    if amount <= left:
        return None
    return over(f"{left} {payment.currency} (minor units) are left to {kind}; {amount} was asked.")


def _again(before: Intent, amount: int) -> Result[Effect]:
    if before.amount_minor != amount:
        return Result.refused(
            CAUSE_REUSED(f"{before.cause} moved {before.amount_minor}, not {amount}.")
        )
    return Result(Outcome.EXISTS, effect(before))


def effect(intent: Intent) -> Effect:
    """The intent as an answer."""
    return Effect(intent.id, intent.amount_minor, intent.state)
