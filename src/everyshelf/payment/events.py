"""The events of payment: one class each. The aggregate is the payment, with its own version."""

from __future__ import annotations

from typing import ClassVar

from everyshelf.base.events import Event
from everyshelf.orders.facts import OrderId
from everyshelf.payment.facts import IntentId, Kind, PaymentId


class _Moved(Event, frozen=True, kw_only=True):
    SUBJECT: ClassVar[str] = "payment_id"
    payment_id: PaymentId
    order_id: OrderId
    intent_id: IntentId
    cause: str
    amount_minor: int
    currency: str


class PaymentAuthorized(_Moved, frozen=True, kw_only=True):
    """The provider has granted this amount."""

    TYPE: ClassVar[str] = "payment.payment.authorized"


class CaptureDue(_Moved, frozen=True, kw_only=True):
    """This amount is to be captured by a provider outside; manual payments skip this event."""

    TYPE: ClassVar[str] = "payment.capture.due"


class PaymentCaptured(_Moved, frozen=True, kw_only=True):
    """This amount was taken."""

    TYPE: ClassVar[str] = "payment.payment.captured"


class RefundDue(_Moved, frozen=True, kw_only=True):
    """This amount is to be given back by a provider outside; manual payments skip this event."""

    TYPE: ClassVar[str] = "payment.refund.due"


class PaymentRefunded(_Moved, frozen=True, kw_only=True):
    """This amount was given back."""

    TYPE: ClassVar[str] = "payment.payment.refunded"


class PaymentVoided(_Moved, frozen=True, kw_only=True):
    """This amount was authorized and will never be captured."""

    TYPE: ClassVar[str] = "payment.payment.voided"


class PaymentFailed(_Moved, frozen=True, kw_only=True):
    """An effect was refused, by the guard or by the provider; a person looks at `detail`."""

    TYPE: ClassVar[str] = "payment.payment.failed"
    kind: Kind
    detail: str
