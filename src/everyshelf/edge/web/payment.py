"""The routes of payment: what an order's money did, and what a person may do about it."""

from __future__ import annotations

import msgspec

from everyshelf import payment
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Face, Listing, Read, Verb
from everyshelf.orders import OrderId
from everyshelf.payment import Effect, Intent, Payment

SQL = load("everyshelf.edge.web", "lists.sql")


class OnePayment(msgspec.Struct, frozen=True):
    """Which order's payment."""

    order_id: OrderId


class IntentQuery(msgspec.Struct, frozen=True):
    """Filters of intents."""

    state: str | None = None
    kind: str | None = None


class PaymentDetail(msgspec.Struct, frozen=True):
    """The sums and everything that was due; the version is the payment's."""

    payment: Payment
    intents: list[Intent]
    version: int


def _get(tx: Tx, query: OnePayment) -> PaymentDetail:
    found = declare.only(payment.get(tx, [query.order_id]), "payment")
    return PaymentDetail(found, payment.intents(tx, [query.order_id]), found.version)


FACE = Face(
    "payment",
    "Authorized, captured, refunded, voided: intents, settled by a provider.",
    (
        Listing("/v1/payment-intents", SQL.list_intents, Intent, IntentQuery, "List intents"),
        Read(
            "/v1/orders/{order_id}/payment", _get, OnePayment, PaymentDetail,
            "Get an order's payment",
        ),
        Verb(
            "POST", "/v1/orders/{order_id}/payment/authorize", payment.authorize,
            payment.Authorize, Effect, "Note that money was promised outside",
        ),
        Verb(
            "POST", "/v1/orders/{order_id}/payment/refund", payment.refund, payment.Refund,
            Effect, "Give money back for a reason that is no return",
        ),
        Verb(
            "POST", "/v1/orders/{order_id}/payment/intents/{intent_id}/retry", payment.retry,
            payment.Retry, Effect, "Try a failed intent again",
        ),
    ),
)  # fmt: skip
