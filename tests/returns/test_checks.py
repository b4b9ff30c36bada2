"""The checks of payment and returns find what is planted, and nothing before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from everyshelf import returns
from everyshelf.base.tx import Database
from everyshelf.orders import PlaceLine
from everyshelf.returns import CounterReturn, ReceivedLine
from tests.returns.sold import NOON, findings, sold, world

PLANTED = {
    "payment.captured_within_authorized": (
        "alter table payment drop constraint payment_captured_within_authorized;"
        "update payment set voided_minor = voided_minor + 1"
    ),
    "payment.refunded_within_captured": (
        "alter table payment drop constraint payment_refunded_within_captured;"
        "update payment set refunded_minor = captured_minor + 1"
    ),
    "payment.sums_are_intents": "update payment set refunded_minor = refunded_minor - 1",
    "payment.intent_has_payment": "delete from payment",
    "payment.payment_has_order": "update payment set order_id = order_id + 1",
    "payment.currency_of_order": "update payment set currency = 'EUR'",
    "payment.captured_within_worth": "update order_line set amount_minor = 1",
    "payment.done_has_time": "update payment_intent set done_at = null",
    "payment.one_provider_ref_an_effect": (
        "insert into payment_intent select part, id + 1, order_id, kind, cause || 'x',"
        " amount_minor, state, 'same', detail, attempts, due_at, done_at from payment_intent"
        " where kind = 'refund'; update payment_intent set provider_ref = 'same'"
    ),
    "payment.one_effect_a_cause": (
        "alter table payment_intent drop constraint payment_intent_once;"
        "insert into payment_intent select part, id + 1, order_id, kind, cause, amount_minor,"
        " state, provider_ref, detail, attempts, due_at, done_at from payment_intent"
    ),
    "returns.one_disposition_a_unit": "delete from return_receipt",
    "returns.receipt_is_expected": "delete from rma_line",
    "returns.received_is_counted_by_order": "update order_line set returned = 0",
    "returns.live_within_sold": (
        "update rma set state = 'open', closed_at = null; update rma_line set qty = 99"
    ),
    "returns.refund_within_worth": (
        "alter table return_receipt drop constraint return_receipt_refund_within_worth;"
        "update return_receipt set refund_minor = worth_minor + 1"
    ),
    "returns.refund_is_paid": "update return_receipt set refund_minor = refund_minor - 1",
    "returns.exchange_has_order": "update rma set exchange_order_id = 1",
    "returns.closed_has_time": "update rma set closed_at = null",
}


@pytest.mark.parametrize("check", PLANTED)
def test_a_planted_fault_is_found(db: Database, check: str) -> None:
    world(db)
    order_id = sold(db, PlaceLine("TEA-1", 2, 1000, 80))
    back = CounterReturn("c", order_id, "S001", [ReceivedLine(1, 1)])
    later = NOON + timedelta(days=1)
    db.run(lambda tx: returns.counter_return(tx, [back]), now=later)[0].get()
    assert findings(db) == []
    with db.pool.connection() as conn:
        for statement in PLANTED[check].split(";"):
            conn.execute(statement.encode())
    assert check in {f.split(": ")[0] for f in findings(db)}
