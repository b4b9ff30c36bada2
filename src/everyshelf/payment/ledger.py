"""The one way in which money is booked: intents and sums change together, under the row's lock.

`Book` is the working copy of a batch: payments locked in id order, effects decided one by one in
the order of arrival, then written with one statement per table. The CHECKs of the row stand behind
it and refuse whatever it may have missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from everyshelf.base import ids, outbox
from everyshelf.base.events import Event
from everyshelf.base.ids import part_of
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.payment import events
from everyshelf.payment.facts import MANUAL, MOVING, Intent, IntentId, Kind, Payment, State

SQL = load("everyshelf.payment")

DONE_EVENTS: dict[Kind, Callable[..., Event]] = {
    Kind.AUTHORIZE: events.PaymentAuthorized,
    Kind.CAPTURE: events.PaymentCaptured,
    Kind.REFUND: events.PaymentRefunded,
    Kind.VOID: events.PaymentVoided,
}
DUE_EVENTS: dict[Kind, Callable[..., Event]] = {
    Kind.CAPTURE: events.CaptureDue,
    Kind.REFUND: events.RefundDue,
}
FAILED_EVENT: Callable[..., Event] = events.PaymentFailed
SUM_OF = {
    Kind.AUTHORIZE: "authorized_minor",
    Kind.CAPTURE: "captured_minor",
    Kind.REFUND: "refunded_minor",
    Kind.VOID: "voided_minor",
}


class Turn(msgspec.Struct, frozen=True):
    """An intent that changes its state."""

    intent: Intent
    to: State
    ref: str
    detail: str


class Book:
    """The payments of a batch, locked; what is decided about them; one write at the end."""

    def __init__(self, tx: Tx, order_ids: Iterable[OrderId]) -> None:
        self.tx = tx
        wanted = sorted(set(order_ids))
        found = tx.all(SQL.lock_payments, Payment, parts=parts(wanted), order_ids=wanted)
        self.before = {p.order_id: p for p in found}
        self.now = dict(self.before)
        self.made: list[Intent] = []
        self.turns: list[Turn] = []
        self.told: list[Event] = []

    def add(
        self,
        order_id: OrderId,
        kind: Kind,
        cause: str,
        amount_minor: int,
        state: State,
        *,
        ref: str = "",
        detail: str = "",
    ) -> Intent:
        """A new intent; its amount is booked at once unless it failed or waits to be granted."""
        done_at = self.tx.now if state is State.DONE else None
        intent = Intent(
            ids.new(IntentId),
            order_id,
            kind,
            cause,
            amount_minor,
            state,
            ref,
            detail,
            0,
            self.tx.now,
            done_at,
        )
        self.made.append(intent)
        if counts(kind, state):
            self._sum(order_id, kind, amount_minor, ref)
        self._tell(intent, detail)
        return intent

    def turn(self, intent: Intent, to: State, *, ref: str = "", detail: str = "") -> None:
        """An intent that was due, sent or failed comes to a new state; the sums follow."""
        self.turns.append(Turn(intent, to, ref, detail))
        change = counts(intent.kind, to) - counts(intent.kind, intent.state)
        if change:
            kept = ref if intent.kind is Kind.AUTHORIZE else ""
            self._sum(intent.order_id, intent.kind, change * intent.amount_minor, kept)
        self._tell(msgspec.structs.replace(intent, state=to), detail)

    def write(self) -> None:
        """Writes what was decided. A CHECK that refuses ends the transaction with its refusal."""
        if self.turns:
            self._write_turns()
        if self.made:
            self._write_made()
        self._write_sums()
        outbox.emit(self.tx, self.told)

    def _sum(self, order_id: OrderId, kind: Kind, amount_minor: int, ref: str) -> None:
        payment = self.now[order_id]
        changes: dict[str, int | str] = {
            SUM_OF[kind]: getattr(payment, SUM_OF[kind]) + amount_minor
        }
        if kind is Kind.AUTHORIZE and ref:
            changes["provider_ref"] = ref
        self.now[order_id] = msgspec.structs.replace(payment, **changes)

    def _tell(self, intent: Intent, detail: str) -> None:
        payment = self.now[intent.order_id]
        payment = msgspec.structs.replace(payment, version=payment.version + 1)
        self.now[intent.order_id] = payment
        body: dict[str, object] = {
            "payment_id": payment.id,
            "order_id": intent.order_id,
            "intent_id": intent.id,
            "cause": intent.cause,
            "amount_minor": intent.amount_minor,
            "currency": payment.currency,
            "version": payment.version,
        }
        if intent.state is State.FAILED:
            self.told.append(FAILED_EVENT(kind=intent.kind, detail=detail, **body))
            return
        kinds = DONE_EVENTS if intent.state is State.DONE else DUE_EVENTS
        if intent.kind in kinds:
            self.told.append(kinds[intent.kind](**body))

    def _write_turns(self) -> None:
        turned = self.tx.tuples(
            SQL.turn_intents,
            parts=parts(t.intent.order_id for t in self.turns),
            ids=[t.intent.id for t in self.turns],
            from_states=[t.intent.state for t in self.turns],
            to_states=[t.to for t in self.turns],
            refs=[t.ref for t in self.turns],
            details=[t.detail for t in self.turns],
            now=self.tx.now,
        )
        assert len(turned) == len(self.turns), "an intent changed under the payment's lock"

    def _write_made(self) -> None:
        self.tx.run(
            SQL.insert_intents,
            parts=parts(i.order_id for i in self.made),
            ids=[i.id for i in self.made],
            order_ids=[i.order_id for i in self.made],
            kinds=[i.kind for i in self.made],
            causes=[i.cause for i in self.made],
            amounts=[i.amount_minor for i in self.made],
            states=[i.state for i in self.made],
            refs=[i.provider_ref for i in self.made],
            details=[i.detail for i in self.made],
            now=self.tx.now,
        )

    def _write_sums(self) -> None:
        pairs = [(self.before[o], now) for o, now in self.now.items() if now != self.before[o]]
        if not pairs:
            return
        self.tx.run(
            SQL.book,
            parts=parts(now.order_id for _, now in pairs),
            order_ids=[now.order_id for _, now in pairs],
            authorized=[n.authorized_minor - b.authorized_minor for b, n in pairs],
            captured=[n.captured_minor - b.captured_minor for b, n in pairs],
            refunded=[n.refunded_minor - b.refunded_minor for b, n in pairs],
            voided=[n.voided_minor - b.voided_minor for b, n in pairs],
            refs=[now.provider_ref for _, now in pairs],
            steps=[n.version - b.version for b, n in pairs],
        )


def counts(kind: Kind, state: State) -> int:
    """1 when an intent in this state is part of its sum, else 0.

    A grant counts when it is given; what we owe or take counts from the moment it is due.
    """
    return int(state is State.DONE if kind is Kind.AUTHORIZE else state in MOVING)


def first_state(payment: Payment) -> State:
    """A manual payment acts at once; an outside provider is asked after the commit."""
    return State.DONE if payment.provider == MANUAL else State.DUE


def parts(order_ids: Iterable[OrderId]) -> list[int]:
    """The parts of these orders, one each, in their order."""
    return [part_of(o) for o in order_ids]


def known(
    tx: Tx, kind: Kind, causes: Sequence[tuple[OrderId, str]]
) -> dict[tuple[OrderId, str], Intent]:
    """The intents that these causes have already made."""
    rows = tx.all(
        SQL.known_intents,
        Intent,
        parts=parts(o for o, _ in causes),
        order_ids=[o for o, _ in causes],
        causes=[c for _, c in causes],
        kind=kind,
    )
    return {(i.order_id, i.cause): i for i in rows}
