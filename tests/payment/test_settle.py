"""Settling with a provider over a real connection: one effect per key, whatever gets lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from everyshelf import payment
from everyshelf.base.results import Outcome
from everyshelf.base.tx import Database
from everyshelf.orders import OrderId
from everyshelf.payment import Provider
from everyshelf.payment.settle import LEASE, _take
from tests.payment.loopback import Loopback, Till, loopback
from tests.payment.shop import NOON, findings, order

LATER = NOON + timedelta(hours=3)


@pytest.fixture
def till() -> Iterator[tuple[Till, Loopback]]:
    with loopback() as both:
        yield both


def paid(db: Database, order_id: OrderId) -> payment.Payment:
    return db.run(lambda tx: payment.get(tx, [order_id]))[0]


def states(db: Database, order_id: OrderId) -> list[tuple[str, str]]:
    return [(i.kind, i.state) for i in db.run(lambda tx: payment.intents(tx, [order_id]))]


def settle_all(db: Database, provider: Provider, rounds: int = 10) -> int:
    """Lets time pass until the provider has nothing more to do."""
    heard, now = 0, LATER
    for _ in range(rounds):
        heard += payment.settle(db, "loop", provider, now=now)
        now += timedelta(hours=2)
    return heard


def due(db: Database, kind: str, order_id: OrderId, cause: str, amount: int) -> Outcome:
    verb = payment.capture_due_now if kind == "capture" else payment.refund_due_now
    return db.run(lambda tx: verb(tx, [(order_id, cause, amount)]), now=NOON)[0].outcome


def test_an_outside_provider_is_asked_in_order(db: Database, till: tuple[Till, Loopback]) -> None:
    order_id = order(db, [(1, 1000, 0)], provider="loop", authorized=False)
    assert due(db, "capture", order_id, "early", 1000) is Outcome.REFUSED
    assert settle_all(db, till[1]) == 1
    assert paid(db, order_id).authorized_minor == 1000
    due(db, "capture", order_id, "a", 1000)
    due(db, "refund", order_id, "r", 300)
    assert paid(db, order_id).refunded_minor == 300
    assert settle_all(db, till[1]) == 2
    assert till[0].calls == ["authorize", "capture", "refund"]
    assert states(db, order_id) == [
        ("authorize", "done"),
        ("capture", "failed"),
        ("capture", "done"),
        ("refund", "done"),
    ]
    assert findings(db) == []


@pytest.mark.parametrize("fault", ["drop", "mute"])
def test_a_lost_answer_has_exactly_one_effect(
    db: Database, till: tuple[Till, Loopback], fault: str
) -> None:
    order_id = order(db, [(1, 1000, 0)], provider="loop")
    due(db, "capture", order_id, "a", 1000)
    setattr(till[0], fault, 1)
    assert payment.settle(db, "loop", till[1], now=NOON) == 0
    assert states(db, order_id)[-1] == ("capture", "sent")
    assert payment.settle(db, "loop", till[1], now=NOON) == 0  # It waits; nothing is guessed.
    assert settle_all(db, till[1]) == 1
    asked = {"drop": ["capture", "lookup"], "mute": ["lookup", "capture"]}[fault]
    assert till[0].calls == asked
    assert till[0].sum("capture") == paid(db, order_id).captured_minor == 1000
    assert states(db, order_id)[-1] == ("capture", "done")
    assert findings(db) == []


def test_a_worker_that_dies_after_sending_is_looked_up(
    db: Database, till: tuple[Till, Loopback]
) -> None:
    order_id = order(db, [(1, 1000, 0)], provider="loop")
    due(db, "capture", order_id, "a", 1000)
    (sent,) = db.run(lambda tx: _take(tx, "loop", 10), now=NOON)
    till[1].capture(sent.key, sent.amount_minor, sent.currency, sent.ref)
    assert payment.settle(db, "loop", till[1], now=NOON) == 0
    assert payment.settle(db, "loop", till[1], now=NOON + LEASE) == 1
    assert till[0].sum("capture") == 1000
    assert till[0].calls == ["capture", "lookup"]


def test_fifty_refunds_at_once_and_four_workers(db_url: str, till: tuple[Till, Loopback]) -> None:
    with Database(db_url, size=10) as db:
        order_id = order(db, [(1, 1000, 0)], provider="loop")
        due(db, "capture", order_id, "a", 1000)
        settle_all(db, till[1])
        till[0].drop = 3
        with ThreadPoolExecutor(10) as pool:
            outcomes = list(
                pool.map(lambda n: due(db, "refund", order_id, f"r{n}", 130), range(50))
            )
            list(pool.map(lambda _: settle_all(db, till[1]), range(4)))
            settle_all(db, till[1], rounds=20)
        assert outcomes.count(Outcome.DONE) == 7
        assert till[0].sum("refund") == paid(db, order_id).refunded_minor == 910
        assert till[0].calls.count("refund") == 7
        assert findings(db) == []


def test_a_declined_capture_takes_its_refund_with_it(
    db: Database, till: tuple[Till, Loopback]
) -> None:
    order_id = order(db, [(1, 1000, 0)], provider="loop")
    due(db, "capture", order_id, "a", 600)
    due(db, "refund", order_id, "r", 500)
    till[0].decline = {"capture"}
    settle_all(db, till[1])
    assert states(db, order_id)[1:] == [("capture", "failed"), ("refund", "failed")]
    after = paid(db, order_id)
    assert (after.captured_minor, after.refunded_minor) == (0, 0)
    assert till[0].sum("refund") == 0
    assert findings(db) == []


def test_a_failed_intent_is_retried_under_the_same_guard(
    db: Database, till: tuple[Till, Loopback]
) -> None:
    order_id = order(db, [(1, 1000, 0)], provider="manual")
    due(db, "capture", order_id, "a", 900)
    due(db, "capture", order_id, "b", 200)
    failed = db.run(lambda tx: payment.intents(tx, [order_id]))[-1]
    again = payment.Retry("k1", order_id, failed.id)
    result = db.run(lambda tx: payment.retry(tx, [again]))[0]
    assert result.outcome is Outcome.REFUSED
    more = payment.Authorize("k2", order_id, 100)
    db.run(lambda tx: payment.authorize(tx, [more]))[0].get()
    assert db.run(lambda tx: payment.retry(tx, [again]))[0].get().state == "done"
    assert paid(db, order_id).captured_minor == 1100
