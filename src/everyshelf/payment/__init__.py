"""payment: what is authorized, captured, refunded and voided for an order.

Owns: payment, payment_intent. Hears: orders.order.placed, orders.order.amended,
orders.line.cancelled, orders.order.completed. Emits: payment.payment.authorized, .captured,
.refunded, .voided, .failed, payment.capture.due, payment.refund.due.
Never calls a provider inside a transaction, and never decides what an order is worth: that is on
its lines.
"""

from everyshelf.payment.due import (
    Due,
    OrderMoney,
    capture_due_now,
    capture_shipped_now,
    order_money,
    refund_due_now,
)
from everyshelf.payment.facts import (
    MANUAL,
    Authorize,
    Effect,
    Intent,
    IntentId,
    Kind,
    Payment,
    PaymentId,
    Refund,
    Retry,
    State,
)
from everyshelf.payment.give_back import refund, refund_excess_now, retry, void_rest_now
from everyshelf.payment.grant import authorize, follow_now, open_now
from everyshelf.payment.provider import Answer, Provider, ProviderAnswer, Unheard
from everyshelf.payment.read import get, intents
from everyshelf.payment.settle import settle

__all__ = [
    "MANUAL",
    "Answer",
    "Authorize",
    "Due",
    "Effect",
    "Intent",
    "IntentId",
    "Kind",
    "OrderMoney",
    "Payment",
    "PaymentId",
    "Provider",
    "ProviderAnswer",
    "Refund",
    "Retry",
    "State",
    "Unheard",
    "authorize",
    "capture_due_now",
    "capture_shipped_now",
    "follow_now",
    "get",
    "intents",
    "open_now",
    "order_money",
    "refund",
    "refund_due_now",
    "refund_excess_now",
    "retry",
    "settle",
    "void_rest_now",
]
