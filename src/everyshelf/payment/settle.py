"""Settling: due intents are taken, sent outside of any transaction, and recorded.

A worker may die at any point: what it had marked sent comes back when its lease is over and is
looked up by its key before it is sent again. Two workers never hold the same intent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from everyshelf.base.crash import crashpoint
from everyshelf.base.ids import part_of
from everyshelf.base.tx import Database, Tx
from everyshelf.orders import OrderId
from everyshelf.payment import clear
from everyshelf.payment.facts import Intent, IntentId, Kind, State
from everyshelf.payment.ledger import SQL, Book, parts
from everyshelf.payment.provider import Answer, Provider, ProviderAnswer, Unheard

LEASE: Final = timedelta(minutes=2)
PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=1)


class Sent(msgspec.Struct, frozen=True):
    """An intent in this worker's hands."""

    id: IntentId
    order_id: OrderId
    kind: Kind
    cause: str
    amount_minor: int
    before: State
    attempts: int
    currency: str
    ref: str

    @property
    def key(self) -> str:
        """The stable key under which the provider knows this effect."""
        return str(self.id)


def settle(
    db: Database, name: str, provider: Provider, limit: int = 100, *, now: datetime | None = None
) -> int:
    """Sends the due intents of the payments of provider `name`; how many were heard."""
    sent = db.run(lambda tx: _take(tx, name, limit), now=now, actor="settle")
    if not sent:
        return 0
    crashpoint("payment.taken")
    answers = [(s, _ask(provider, s)) for s in sent]
    crashpoint("payment.answered")
    return db.run(lambda tx: _record(tx, answers), now=now, actor="settle")


def _take(tx: Tx, name: str, limit: int) -> list[Sent]:
    return tx.all(
        SQL.take_due, Sent, provider=name, batch=limit, now=tx.now, lease_until=tx.now + LEASE
    )


def _ask(provider: Provider, sent: Sent) -> ProviderAnswer | Unheard:
    try:
        if sent.before is State.SENT:
            found = provider.lookup(sent.key, sent.kind, sent.ref)
            return found if found is not None else _send(provider, sent)
        return _send(provider, sent)
    except Unheard as silence:
        return silence


def _send(provider: Provider, sent: Sent) -> ProviderAnswer:
    verbs = {
        Kind.AUTHORIZE: provider.authorize,
        Kind.CAPTURE: provider.capture,
        Kind.REFUND: provider.refund,
        Kind.VOID: provider.void,
    }
    return verbs[sent.kind](sent.key, sent.amount_minor, sent.currency, sent.ref)


def _record(tx: Tx, answers: Sequence[tuple[Sent, ProviderAnswer | Unheard]]) -> int:
    granting = [s.order_id for s, _ in answers if s.kind is Kind.AUTHORIZE]
    held = clear.lock_held(tx, granting) if granting else []
    book = Book(tx, (s.order_id for s, _ in answers))
    intents = tx.all(
        SQL.intents_by_id,
        Intent,
        parts=parts(s.order_id for s, _ in answers),
        ids=[s.id for s, _ in answers],
    )
    open_ = {i.id: i for i in intents if i.state is State.SENT}
    heard = 0
    silent: list[tuple[Sent, str]] = []
    for sent, answer in answers:
        if (intent := open_.get(sent.id)) is None:
            continue  # Another worker has recorded it.
        if isinstance(answer, Unheard) or answer.answer is Answer.PENDING:
            silent.append((sent, str(answer) if isinstance(answer, Unheard) else answer.detail))
            continue
        _turn(tx, book, intent, answer)
        heard += 1
    book.write()
    clear.release_paid(tx, book, held)
    _put_off(tx, silent)
    return heard


def _turn(tx: Tx, book: Book, intent: Intent, answer: ProviderAnswer) -> None:
    if answer.answer is Answer.DONE:
        book.turn(intent, State.DONE, ref=answer.ref, detail=answer.detail)
        return
    if intent.kind is Kind.CAPTURE:
        _fail_refunds_of(tx, book, intent)
    book.turn(intent, State.FAILED, ref=answer.ref, detail=answer.detail)


def _fail_refunds_of(tx: Tx, book: Book, capture: Intent) -> None:
    """A refund that waited for a capture which failed has nothing to give back."""
    left = book.now[capture.order_id].refundable_minor - capture.amount_minor
    rows = tx.all(
        SQL.read_intents, Intent, parts=[part_of(capture.order_id)], order_ids=[capture.order_id]
    )
    for intent in reversed(rows):
        if left < 0 and intent.kind is Kind.REFUND and intent.state is State.DUE:
            left += intent.amount_minor
            book.turn(intent, State.FAILED, detail="The capture before it failed.")


def _put_off(tx: Tx, silent: Sequence[tuple[Sent, str]]) -> None:
    if not silent:
        return
    tx.run(
        SQL.put_off,
        parts=parts(s.order_id for s, _ in silent),
        ids=[s.id for s, _ in silent],
        due=[tx.now + pause(s.attempts) for s, _ in silent],
        details=[words for _, words in silent],
    )


def pause(attempts: int) -> timedelta:
    """How long an unheard intent waits: doubling, an hour at most."""
    return min(LONGEST_PAUSE, PAUSE * (1 << min(attempts, 12)))
