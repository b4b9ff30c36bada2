"""What is too much goes back: refunds after a cancellation, voids when an order is complete.

Nothing is given back twice: a cancelled order's refunds are the excess over what it can still
cost, less what earlier cancellations have already returned.
"""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base import claims
from everyshelf.base.errors import NOT_FOUND
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.payment.due import order_money, refund_due_now
from everyshelf.payment.facts import (
    NOT_DUE,
    OVER_AUTHORIZED,
    OVER_CAPTURED,
    Effect,
    Intent,
    IntentId,
    Kind,
    Refund,
    Retry,
    State,
)
from everyshelf.payment.grant import _waiting
from everyshelf.payment.ledger import SQL, Book, first_state, parts


def refund(tx: Tx, commands: Sequence[Refund]) -> list[Result[Effect]]:
    """Gives money back for a reason that is no return; idempotent by key."""

    def work(tx: Tx, fresh: list[Refund]) -> list[Result[Effect]]:
        return refund_due_now(
            tx, [(c.order_id, f"given:{c.reason}:{c.key}", c.amount_minor) for c in fresh]
        )

    return claims.once(tx, "payment.refund", commands, work, Effect)


def refund_excess_now(tx: Tx, cancelled: Sequence[tuple[OrderId, str]]) -> None:
    """Refunds what was captured for units that are cancelled now (paid in advance)."""
    causes = dict(cancelled)
    order_ids = sorted(causes)
    money = order_money(tx, order_ids)
    book = Book(tx, order_ids)
    back = dict(tx.tuples(SQL.cancel_refunds, parts=parts(order_ids), order_ids=order_ids))
    dues: list[tuple[OrderId, str, int]] = []
    for order_id, payment in book.now.items():
        if order_id not in money:
            continue
        excess = payment.captured_minor - money[order_id].at_most_minor - back.get(order_id, 0)
        if (amount := min(excess, payment.refundable_minor)) > 0:
            dues.append((order_id, f"cancel:{causes[order_id]}", amount))
    for result in refund_due_now(tx, dues):
        result.get()


def void_rest_now(tx: Tx, order_ids: Sequence[OrderId], cause: str) -> None:
    """Gives up what was authorized and will not be captured: every line has left or is cancelled.

    What is earned and not captured yet stays capturable.
    """
    wanted = sorted(set(order_ids))
    money = order_money(tx, wanted)
    waiting = _waiting(tx, wanted)
    book = Book(tx, wanted)
    ended = [o for o in book.now if o in money and money[o].settled]
    for intent in (i for i in waiting if i.order_id in ended):
        book.turn(intent, State.CANCELLED, detail="The order ended before it was authorized.")
    for order_id in ended:
        payment = book.now[order_id]
        earned = max(0, money[order_id].to_capture_minor - payment.captured_minor)
        if (rest := payment.capturable_minor - earned) > 0:
            cause_now = f"{cause}:{payment.version}"
            book.add(order_id, Kind.VOID, cause_now, rest, first_state(payment))
    book.write()


def retry(tx: Tx, commands: Sequence[Retry]) -> list[Result[Effect]]:
    """Makes failed intents due again; the guards are asked again."""
    return claims.once(tx, "payment.retry", commands, _retry, Effect)


def _retry(tx: Tx, commands: list[Retry]) -> list[Result[Effect]]:
    book = Book(tx, (c.order_id for c in commands))
    found = tx.all(
        SQL.intents_by_id,
        Intent,
        parts=parts(c.order_id for c in commands),
        ids=[c.intent_id for c in commands],
    )
    by_id = {i.id: i for i in found}
    results = [_retry_one(book, c, by_id) for c in commands]
    book.write()
    return results


def _retry_one(book: Book, command: Retry, by_id: dict[IntentId, Intent]) -> Result[Effect]:
    intent = by_id.pop(command.intent_id, None)
    if intent is None or intent.order_id != command.order_id:
        return Result.refused(NOT_FOUND(f"{command.order_id} has no intent {command.intent_id}."))
    if intent.state is not State.FAILED:
        return Result.refused(NOT_DUE(f"{intent.id} is {intent.state}."))
    payment = book.now[intent.order_id]
    if intent.kind is Kind.CAPTURE and intent.amount_minor > payment.capturable_minor:
        return Result.refused(OVER_AUTHORIZED())
    if intent.kind is Kind.REFUND and intent.amount_minor > payment.refundable_minor:
        return Result.refused(OVER_CAPTURED())
    state = first_state(payment)
    book.turn(intent, state)
    return Result.done(Effect(intent.id, intent.amount_minor, state))
