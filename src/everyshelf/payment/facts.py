"""The facts of a payment: its sums, its intents and the words with which it says no. Pure.

An intent is one effect at the provider, named for ever by (order, kind, cause). What moves the
money stands behind `Provider`; this module does not know how.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id
from everyshelf.orders import OrderId

MANUAL: Final = "manual"
MAX_MINOR: Final = 10**15

NO_PAYMENT: Final = Code("payment.unknown", 404, "This order has no payment.")
OVER_AUTHORIZED: Final = Code(
    "payment.over_authorized",
    409,
    "More would be captured than was authorized; authorize the rest first.",
    constraint="payment_captured_within_authorized",
)
OVER_CAPTURED: Final = Code(
    "payment.over_captured",
    409,
    "More would be refunded than was captured; refund at most what is left.",
    constraint="payment_refunded_within_captured",
)
CAUSE_REUSED: Final = Code(
    "payment.cause_reused", 422, "This cause already moved another amount; name a new cause."
)
NOT_DUE: Final = Code("payment.not_due", 409, "This intent does not wait for another try.")


class PaymentId(Id):
    """Identifies a payment: the number of its order, under its own prefix."""

    prefix = "pay"


class IntentId(Id):
    """Identifies one effect that is due, or was done, at the provider."""

    prefix = "pin"


class Kind(StrEnum):
    """What an intent does."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    REFUND = "refund"
    VOID = "void"


class State(StrEnum):
    """Where an intent stands.

    `sent`: the provider was asked and has not been heard. `failed`: a person must look.
    `cancelled`: nobody was asked and nobody needs to be.
    """

    DUE = "due"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.DUE: frozenset({State.SENT, State.DONE, State.FAILED, State.CANCELLED}),
    State.SENT: frozenset({State.DONE, State.FAILED}),
    State.FAILED: frozenset({State.DUE, State.DONE}),
    State.DONE: frozenset(),
    State.CANCELLED: frozenset(),
}
MOVING: Final = frozenset({State.DUE, State.SENT, State.DONE})


class Payment(msgspec.Struct, frozen=True):
    """The money of one order. captured, refunded and voided include what is still due."""

    order_id: OrderId
    currency: str
    provider: str
    provider_ref: str
    total_minor: int
    authorized_minor: int
    captured_minor: int
    refunded_minor: int
    voided_minor: int
    version: int

    @property
    def id(self) -> PaymentId:
        return PaymentId(self.order_id)

    @property
    def capturable_minor(self) -> int:
        """What may still be captured."""
        return self.authorized_minor - self.captured_minor - self.voided_minor

    @property
    def refundable_minor(self) -> int:
        """What may still be refunded."""
        return self.captured_minor - self.refunded_minor


class Intent(msgspec.Struct, frozen=True):
    """One effect: due, sent, done or failed."""

    id: IntentId
    order_id: OrderId
    kind: Kind
    cause: str
    amount_minor: int
    state: State
    provider_ref: str
    detail: str
    attempts: int
    due_at: datetime
    done_at: datetime | None


class Effect(msgspec.Struct, frozen=True):
    """What a due amount became: the intent (None when the amount is zero) and its state."""

    intent_id: IntentId | None
    amount_minor: int
    state: State


NOTHING: Final = Effect(None, 0, State.DONE)


class Authorize(msgspec.Struct, frozen=True):
    """Records that money was promised outside: by a storefront's provider, or by a person.

    `amount_minor` None means all that is still missing; `ref` is the provider's own name for it.
    """

    key: str
    order_id: OrderId
    amount_minor: int | None = None
    ref: str = ""


class Refund(msgspec.Struct, frozen=True):
    """Gives money back for a reason that is no return: an apology, a price match."""

    key: str
    order_id: OrderId
    amount_minor: int
    reason: str


class Retry(msgspec.Struct, frozen=True):
    """Tries a failed intent again, once its reason is gone."""

    key: str
    order_id: OrderId
    intent_id: IntentId
