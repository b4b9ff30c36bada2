"""Tracking: late, double and shuffled messages; what ends a shipment and what it costs."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from everyshelf import insight, payment, transport
from everyshelf.base.results import Outcome
from everyshelf.base.tx import Database
from everyshelf.orders import OrderId
from everyshelf.transport import Message, ShipmentId, ShipmentState, Track, standing
from tests.walk import NOW, ask, hear, placed, say, shipped
from tests.world import done, small_world

S = ShipmentState


@pytest.fixture
def shop(db: Database) -> Database:
    small_world(db)
    hear(db)
    return db


def sent(db: Database, *lines: tuple[str, int]) -> ShipmentId:
    (made,) = shipped(db, placed(db, *lines))
    assert made.shipment_id is not None
    return made.shipment_id


def message(minute: int, code: ShipmentState) -> Message:
    return Message(ShipmentId(1), f"m{minute}", code, "", NOW + timedelta(minutes=minute))


STORY = [S.IN_TRANSIT, S.OUT_FOR_DELIVERY, S.ATTEMPT_FAILED, S.OUT_FOR_DELIVERY, S.DELIVERED]


@pytest.mark.parametrize("length", range(1, 6))
def test_the_order_of_arrival_does_not_matter(length: int) -> None:
    heard = [message(n, code) for n, code in enumerate(STORY[:length])]
    ends = {standing(list(order)) for order in permutations(heard)}
    assert len(ends) == 1
    assert ends.pop().state is STORY[length - 1]


def test_the_third_failed_attempt_sends_it_back() -> None:
    heard = [message(n, S.ATTEMPT_FAILED) for n in range(3)]
    assert standing(heard[:2]).state is S.ATTEMPT_FAILED
    assert standing(heard).state is S.RETURNING
    assert standing([*heard, message(4, S.OUT_FOR_DELIVERY)]).state is S.RETURNING
    assert standing([*heard, message(5, S.DELIVERED)]).state is S.DELIVERED


def test_delivered_on_time(shop: Database) -> None:
    id_ = sent(shop, ("TEA-1", 1))
    say(shop, id_, ["in_transit", "delivered"], NOW + timedelta(hours=20))
    (row,) = ask(shop, "select state, delivered_at <= promised_latest, attempts from shipment")
    assert row == ("delivered", True, 0)
    (told,) = ask(shop, "select body from event where type like '%%shipment.delivered.v1'")
    assert '"on_time":true' in str(told[0])


def test_a_message_counts_once(shop: Database) -> None:
    id_ = sent(shop, ("TEA-1", 1))
    told = Track(id_, "carrier-7", S.ATTEMPT_FAILED, NOW)
    first = shop.run(lambda tx: transport.track(tx, [told, told]), now=NOW)
    again = shop.run(lambda tx: transport.track(tx, [told]), now=NOW)
    assert again[0].outcome is Outcome.EXISTS
    assert {r.get().attempts for r in [*first, *again]} == {1}
    count = "select count(*) from event where type like '%%attempt_failed.v1'"
    assert ask(shop, count) == [(1,)]


def test_what_is_no_message_is_refused(shop: Database) -> None:
    id_ = sent(shop, ("TEA-1", 1))
    bad = [
        Track(ShipmentId(5), "a", S.DELIVERED, NOW),
        Track(id_, "", S.DELIVERED, NOW),
        Track(id_, "b", S.SHIPPED, NOW),
    ]
    results = shop.run(lambda tx: transport.track(tx, bad), now=NOW)
    codes = [r.refusal.code for r in results if r.refusal is not None]
    assert codes == ["transport.unknown", "input.invalid", "input.invalid"]
    assert ask(shop, "select count(*) from tracking_event") == [(0,)]


def test_a_returned_shipment_is_restocked_and_refunded(shop: Database) -> None:
    before = ask(shop, "select sum(sellable) from stock_balance where item = 'TEA-1'")
    id_ = sent(shop, ("TEA-1", 3))
    failed = say(shop, id_, ["attempt_failed", "attempt_failed", "attempt_failed"])
    assert [t.state for t in failed] == [S.ATTEMPT_FAILED, S.ATTEMPT_FAILED, S.RETURNING]
    say(shop, id_, ["returned", "returned"])
    assert ask(shop, "select sum(sellable) from stock_balance where item = 'TEA-1'") == before
    assert ask(shop, "select shipped, returned from order_line") == [(3, 3)]
    (money,) = ask(shop, "select captured_minor, refunded_minor from payment")
    assert money == (3 * 899 + 500, 3 * 899 + 500)
    assert insight.audit_database(shop) == []


def test_a_lost_shipment_is_refunded_and_not_restocked(shop: Database) -> None:
    before = ask(shop, "select sum(sellable) from stock_balance where item = 'TEA-1'")[0][0]
    id_ = sent(shop, ("TEA-1", 2))
    say(shop, id_, ["lost"])
    after = ask(shop, "select sum(sellable) from stock_balance where item = 'TEA-1'")[0][0]
    assert after == int(str(before)) - 2
    assert ask(shop, "select refunded_minor from payment") == [(2 * 899 + 500,)]
    (case,) = shop.run(insight.work_list)
    assert (case.kind, case.subject) == (insight.CaseKind.LOST, str(id_))
    assert insight.audit_database(shop) == []


def test_what_was_given_back_before_is_not_given_back_for_a_loss(shop: Database) -> None:
    id_ = sent(shop, ("TEA-1", 2))
    (order,) = ask(shop, "select order_id from shipment")
    sorry = payment.Refund("sorry", OrderId(int(str(order[0]))), 1000, "late")
    shop.run(lambda tx: done(payment.refund(tx, [sorry])), now=NOW)
    say(shop, id_, ["lost"])
    total = 2 * 899 + 500
    assert ask(shop, "select captured_minor, refunded_minor from payment") == [(total, total)]
    (told,) = ask(shop, "select body from event where type like '%%shipment.lost.v1'")
    assert f'"refund_minor":{total - 1000}' in str(told[0])
    assert insight.audit_database(shop) == []


def test_an_end_stays_the_end_and_a_contradiction_is_told(shop: Database) -> None:
    id_ = sent(shop, ("TEA-1", 1))
    say(shop, id_, ["lost"])
    say(shop, id_, ["in_transit", "delivered"], NOW + timedelta(days=9))
    assert ask(shop, "select state from shipment") == [("lost",)]
    kinds = {case.kind for case in shop.run(insight.work_list)}
    assert kinds == {insight.CaseKind.LOST, insight.CaseKind.DISPUTED}


def test_a_manifest_takes_everything_once(shop: Database) -> None:
    ids = {sent(shop, ("TEA-1", 1)), sent(shop, ("MUG-1", 2))}
    nodes = ask(shop, "select distinct node from shipment")
    commands = [transport.CloseManifest(f"m{n}", str(n), "Demo Parcel") for (n,) in nodes]
    made = shop.run(lambda tx: done(transport.close_manifest(tx, commands)), now=NOW)
    assert sum(m.shipments for m in made) == len(ids)
    again = [transport.CloseManifest("again", commands[0].node, "Demo Parcel")]
    (refused,) = shop.run(lambda tx: transport.close_manifest(tx, again), now=NOW)
    assert refused.refusal is not None
    assert refused.refusal.code == "transport.nothing_to_manifest"
    assert insight.audit_database(shop) == []
