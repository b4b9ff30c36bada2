"""Authorizations: opened with the order, granted by a provider or recorded by a person.

An order that grows asks for the difference. Does not capture.
"""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base import claims
from everyshelf.base.errors import INVALID
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.orders.events import OrderPlaced
from everyshelf.payment import clear
from everyshelf.payment.due import effect, order_money
from everyshelf.payment.facts import (
    MANUAL,
    MAX_MINOR,
    NO_PAYMENT,
    NOTHING,
    Authorize,
    Effect,
    Intent,
    Kind,
    Payment,
    State,
)
from everyshelf.payment.ledger import SQL, Book, parts


def open_now(tx: Tx, placed: Sequence[OrderPlaced]) -> None:
    """One payment for each order that was placed, granted at once when its channel says so."""
    opened = tx.tuples(
        SQL.open_payments,
        parts=parts(o.order_id for o in placed),
        order_ids=[o.order_id for o in placed],
        currencies=[o.currency for o in placed],
        providers=[o.provider for o in placed],
        totals=[o.total_minor for o in placed],
    )
    new = {order_id for (order_id,) in opened}
    book = Book(tx, (o.order_id for o in placed if o.order_id in new))
    for order in placed:
        if order.order_id in new and order.total_minor > 0:
            state = State.DONE if order.authorized else State.DUE
            book.add(order.order_id, Kind.AUTHORIZE, "placed", order.total_minor, state)
    book.write()


def authorize(tx: Tx, commands: Sequence[Authorize]) -> list[Result[Effect]]:
    """Records authorizations that were given outside; idempotent by key."""
    return claims.once(tx, "payment.authorize", commands, _authorize, Effect)


def _authorize(tx: Tx, commands: list[Authorize]) -> list[Result[Effect]]:
    held = clear.lock_held(tx, (c.order_id for c in commands))
    book = Book(tx, (c.order_id for c in commands))
    waiting = _waiting(tx, [c.order_id for c in commands])
    results = [_grant(book, c, waiting) for c in commands]
    book.write()
    clear.release_paid(tx, book, held)
    return results


def _grant(book: Book, command: Authorize, waiting: list[Intent]) -> Result[Effect]:
    payment = book.now.get(command.order_id)
    if payment is None:
        return Result.refused(NO_PAYMENT(f"The order {command.order_id} has no payment."))
    amount = command.amount_minor
    if amount is None:
        amount = missing(payment)
    if not 0 <= amount <= MAX_MINOR:
        return Result.refused(INVALID(f"{amount} is no amount that can be authorized."))
    for intent in [i for i in waiting if i.order_id == command.order_id]:
        waiting.remove(intent)
        if intent.amount_minor == amount:
            book.turn(intent, State.DONE, ref=command.ref)
            return Result.done(effect(intent))
        book.turn(intent, State.CANCELLED, detail="Another amount was authorized outside.")
    if amount == 0:
        return Result.done(NOTHING)
    made = book.add(
        command.order_id,
        Kind.AUTHORIZE,
        f"outside:{command.key}",
        amount,
        State.DONE,
        ref=command.ref,
    )
    return Result.done(effect(made))


def missing(payment: Payment) -> int:
    """What the order is worth beyond what is authorized and not given up."""
    return max(0, payment.total_minor - payment.authorized_minor + payment.voided_minor)


def _waiting(tx: Tx, order_ids: Sequence[OrderId]) -> list[Intent]:
    rows = tx.all(SQL.read_intents, Intent, parts=parts(order_ids), order_ids=list(order_ids))
    return [i for i in rows if i.kind is Kind.AUTHORIZE and i.state is State.DUE]


def follow_now(tx: Tx, orders: Sequence[tuple[OrderId, str]]) -> None:
    """The total follows the order as it stands; what it grew by is authorized under the cause.

    A manual payment that was granted in full before is granted the rest as well.
    """
    order_ids = sorted({o for o, _ in orders})
    money = order_money(tx, order_ids)
    worth = {o: m.at_most_minor for o, m in money.items()}
    before = Book(tx, order_ids).now
    known = [o for o in order_ids if o in before and o in worth]
    tx.run(SQL.set_totals, parts=parts(known), order_ids=known, totals=[worth[o] for o in known])
    asked = _asked(tx, known)
    book = Book(tx, known)
    for order_id, cause in orders:
        payment = book.now.get(order_id)
        if payment is None or (lacks := missing(payment) - asked.get(order_id, 0)) <= 0:
            continue
        granted = payment.provider == MANUAL and missing(before[order_id]) == 0
        state = State.DONE if granted else State.DUE
        book.add(order_id, Kind.AUTHORIZE, cause, lacks, state)
        asked[order_id] = asked.get(order_id, 0) + (0 if granted else lacks)
    book.write()


def _asked(tx: Tx, order_ids: Sequence[OrderId]) -> dict[OrderId, int]:
    """What a provider, or a person, was asked to authorize and has not granted yet."""
    rows = tx.all(SQL.read_intents, Intent, parts=parts(order_ids), order_ids=list(order_ids))
    asked: dict[OrderId, int] = {}
    for intent in rows:
        if intent.kind is Kind.AUTHORIZE and intent.state in (State.DUE, State.SENT):
            asked[intent.order_id] = asked.get(intent.order_id, 0) + intent.amount_minor
    return asked
