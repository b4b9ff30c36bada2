"""The exceptions desk and the figures, on rooms that really run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from everyshelf import fulfillment, insight, stock
from everyshelf.base.tx import Database
from everyshelf.insight import Assign, CaseKind, CaseState, Resolve, Trouble
from tests.insight.walked import walk
from tests.walk import NOW, ask, hear, placed, work_of
from tests.world import done, small_world


@pytest.fixture
def shop(db: Database) -> Database:
    small_world(db, {("S001", "TEA-1"): 5, ("S002", "TEA-1"): 5})
    hear(db)
    return db


def kinds(db: Database) -> set[CaseKind]:
    return {case.kind for case in db.run(insight.work_list)}


def test_a_rejection_opens_a_case_and_another_node_closes_it(shop: Database) -> None:
    order = placed(shop, ("TEA-1", 1))
    (id_,) = work_of(shop, order)
    no = fulfillment.Reject("r", id_, fulfillment.RejectReason.TOO_BUSY)
    shop.run(lambda tx: done(fulfillment.reject(tx, [no])), now=NOW)
    hear(shop)
    made = ask(shop, "select kind, state from exception_case")
    assert made in ([("rejected", "resolved")], [("rejected", "open")])
    assert len(work_of(shop, order)) == 1


def test_a_count_closes_what_a_picker_opened(shop: Database) -> None:
    order = placed(shop, ("TEA-1", 1))
    (id_,) = work_of(shop, order)
    no = fulfillment.Reject("r", id_, fulfillment.RejectReason.NOT_FOUND)
    shop.run(lambda tx: done(fulfillment.reject(tx, [no])), now=NOW)
    hear(shop)
    assert CaseKind.CORRECTED in kinds(shop)
    ((subject,),) = ask(shop, "select subject from exception_case where kind = 'corrected'")
    node = str(subject).split("@")[1]
    recount = stock.Count("c", node, "TEA-1", 5, "recount")
    shop.run(lambda tx: done(stock.count(tx, [recount])), now=NOW)
    hear(shop)
    assert CaseKind.CORRECTED not in kinds(shop)


def test_one_open_case_a_subject(shop: Database) -> None:
    trouble = Trouble(CaseKind.LOST, "shp_1", "gone")
    for _ in range(2):
        shop.run(lambda tx: insight.open_now(tx, [trouble, trouble]), now=NOW)
    (case,) = shop.run(insight.work_list)
    assert case.due_at == NOW + timedelta(hours=24)
    shop.run(lambda tx: insight.close_now(tx, [(trouble.kind, trouble.subject)], "found"))
    assert shop.run(lambda tx: insight.open_now(tx, [trouble]), now=NOW) != [case.id]


def test_a_person_takes_a_case_and_resolves_it(shop: Database) -> None:
    trouble = Trouble(CaseKind.LOST, "shp_1", "gone")
    (id_,) = shop.run(lambda tx: insight.open_now(tx, [trouble]), now=NOW)
    (taken,) = shop.run(lambda tx: done(insight.assign(tx, [Assign("a", id_, "kim", 1)])))
    assert (taken.state, taken.version) == (CaseState.ASSIGNED, 2)
    (stale,) = shop.run(lambda tx: insight.resolve(tx, [Resolve("r", id_, "claimed", 1)]))
    assert stale.refusal is not None
    assert stale.refusal.code == "version.stale"
    shop.run(lambda tx: done(insight.resolve(tx, [Resolve("r", id_, "claimed")])))
    (twice,) = shop.run(lambda tx: insight.resolve(tx, [Resolve("r2", id_, "again")]))
    assert twice.refusal is not None
    assert twice.refusal.code == "insight.case_resolved"
    (case,) = shop.run(lambda tx: insight.get(tx, [id_]))
    assert (case.owner, case.resolution) == ("kim", "claimed")
    assert ask(shop, "select count(*) from event where type like '%%case.resolved.v1'") == [(1,)]


def test_a_dead_letter_is_a_case_until_it_is_gone(shop: Database) -> None:
    make = """insert into delivery (subscriber, event_id, subject, type, body, at, attempts,
      next_try_at, error, state)
      values ('orders', 9, 's', 't', '{}', '2026-01-01', 8, '2026-01-01', 'why', 'dead')
      returning 1"""
    ask(shop, make)
    assert shop.run(insight.sweep, now=NOW) == 1
    assert shop.run(insight.sweep, now=NOW) == 0
    assert kinds(shop) == {CaseKind.DEAD_LETTER}
    ask(shop, "delete from delivery returning 1")
    assert shop.run(insight.sweep, now=NOW) == 1
    assert kinds(shop) == set()


def test_the_figures_of_a_walked_world(db: Database) -> None:
    walk(db)
    found = db.run(lambda tx: insight.kpis(tx, NOW - timedelta(days=1), NOW + timedelta(days=1)))
    value = {(k.name, k.scope): k.value for k in found}
    assert {name for name, _ in value} == {k.name for k in insight.KPIS}
    ((orders, units, shipped, cancelled, returned),) = ask(
        db,
        "select count(distinct order_id), sum(qty), sum(shipped), sum(cancelled), sum(returned) "
        "from order_line where supply <> 'kit'",
    )
    assert value["orders", ""] == orders == 8
    assert value["units_ordered", ""] == float(str(units))
    assert value["units_shipped", ""] == float(str(shipped))
    left = int(str(shipped)) + int(str(cancelled))
    assert value["fill_rate", ""] == pytest.approx(int(str(shipped)) / left)
    assert value["returns_rate", ""] == pytest.approx(int(str(returned)) / int(str(shipped)))
    assert value["oversold", ""] == 0
    assert value["no_show_rate", ""] == 0
    assert value["stock_accuracy", ""] is None
    cost = value["cost_per_order", "ship"]
    assert cost is not None
    assert cost > 0
    perfect = value["perfect_order_rate", ""]
    assert perfect is not None
    assert 0 < perfect < 1
