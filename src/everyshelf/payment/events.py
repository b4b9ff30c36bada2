"""The events of payment: one class each. The aggregate is the payment, with its own version."""

from __future__ import annotations

from everyshelf.base.events import Event
from everyshelf.orders import OrderId
from everyshelf.payment.facts import IntentId, Kind, PaymentId


class PaymentAuthorized(Event, frozen=True, kw_only=True):
    """The provider has granted this amount."""

    TYPE = "payment.payment.authorized"
    SUBJECT = "payment_id"
    payment_id: PaymentId
    order_id: OrderId
    intent_id: IntentId
    cause: str
    amount_minor: int
    currency: str


class CaptureDue(Event, frozen=True, kw_only=True):
    """This amount is to be captured by a provider outside; manual payments skip this event."""

    TYPE = "payment.capture.due"
    SUBJECT = "payment_id"
    payment_id: PaymentId
    order_id: OrderId
    intent_id: IntentId
    cause: str
    amount_minor: int
    currency: str


class PaymentCaptured(Event, frozen=True, kw_only=True):
    """This amount was taken."""

    TYPE = "payment.payment.captured"
    SUBJECT = "payment_id"
    payment_id: PaymentId
    order_id: OrderId
    intent_id: IntentId
    cause: str
    amount_minor: int
    currency: str


class RefundDue(Event, frozen=True, kw_only=True):
    """This amount is to be given back by a provider outside; manual payments skip this."""

    TYPE = "payment.refund.due"
    SUBJECT = "payment_id"
    payment_id: PaymentId
    order_id: OrderId
    intent_id: IntentId
    cause: str
    amount_minor: int
    currency: str


class PaymentRefunded(Event, frozen=True, kw_only=True):
    """This amount was given back."""

    TYPE = "payment.payment.refunded"
    SUBJECT = "payment_id"
    payment_id: PaymentId
    order_id: OrderId
    intent_id: IntentId
    cause: str
    amount_minor: int
    currency: str


class PaymentVoided(Event, frozen=True, kw_only=True):
    """This amount was authorized and will never be captured."""

    TYPE = "payment.payment.voided"
    SUBJECT = "payment_id"
    payment_id: PaymentId
    order_id: OrderId
    intent_id: IntentId
    cause: str
    amount_minor: int
    currency: str


class PaymentFailed(Event, frozen=True, kw_only=True):
    """An effect was refused, by the guard or by the provider; a person looks at `detail`."""

    TYPE = "payment.payment.failed"
    SUBJECT = "payment_id"
    payment_id: PaymentId
    order_id: OrderId
    intent_id: IntentId
    cause: str
    amount_minor: int
    currency: str
    kind: Kind
    detail: str
