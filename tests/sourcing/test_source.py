"""An order finds its nodes: the cheapest that may serve it, with a reason, once."""

import pytest

from everyshelf import network, orders, sourcing, stock
from everyshelf.base import policy
from everyshelf.base.errors import Refused
from everyshelf.base.tx import Database
from everyshelf.decide.sourcing_costs import Split
from everyshelf.sourcing import DecisionId, LinesUnsourced, OrderAllocated, Rules
from everyshelf.sourcing.source import source_now
from tests.sourcing import shop
from tests.world import NEW_YORKER, TEXAN, done


def release(db: Database, command: orders.ReleaseHold) -> None:
    done(db.run(lambda tx: orders.release_hold(tx, [command]), now=shop.NOW))


def test_an_order_is_allocated_where_it_is_cheapest_and_says_why(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S003", "TEA-1"): 9, ("DC2", "TEA-1"): 9})
    [near, far] = shop.source(db, shop.order(("TEA-1", 2)), shop.order(("TEA-1", 2), to=TEXAN))
    assert shop.at(db, near) == {(1, "S001"): 2}
    assert shop.at(db, far) == {(1, "S003"): 2}
    [decision] = shop.why(db, near).decisions
    cost = {c.node: c.cost_minor for c in decision.candidates if c.cost_minor is not None}
    assert decision.winner == ("S001",)
    assert decision.runner_up
    assert decision.runner_up_extra_minor is not None
    assert min(cost, key=lambda n: cost[n]) == "S001"
    assert cost["S001"] + decision.runner_up_extra_minor == cost[decision.runner_up[0]]
    assert decision.parts == (("TEA-1", "S001", 2),)
    assert decision.policy_version == 1
    assert shop.findings(db) == []


def test_the_event_tells_the_later_rooms_all_they_need(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9})
    [order_id] = shop.source(db, shop.order(("TEA-1", 2)))
    [event] = shop.told(db, OrderAllocated)
    assert isinstance(event, OrderAllocated)
    [line] = event.allocations
    [row] = db.run(lambda tx: stock.allocations_of(tx, [order_id]))
    assert (line.allocation_id, line.line, line.item, line.node, line.qty) == (
        row.id, 1, "TEA-1", "S001", 2,
    )  # fmt: skip
    assert (event.order_id, line.method, line.pickup_node, line.service) == (
        order_id, "ship", None, "GROUND",
    )  # fmt: skip


def test_looking_twice_changes_nothing(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9})
    [order_id] = shop.source(db, shop.order(("TEA-1", 2)))
    answer = db.run(lambda tx: source_now(tx, [order_id]), now=shop.NOW)
    assert [(a.allocated, a.waiting) for a in answer] == [(0, 0)]
    assert shop.at(db, order_id) == {(1, "S001"): 2}
    assert len(shop.told(db, OrderAllocated)) == 1


def test_a_split_is_made_only_when_no_node_has_all(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("DC1", "TEA-1"): 1, ("DC1", "MUG-1"): 1,
                   ("S002", "MUG-1"): 5, ("S002", "LAMP-1"): 1})  # fmt: skip
    [both, split] = shop.source(
        db, shop.order(("TEA-1", 1), ("MUG-1", 1)), shop.order(("TEA-1", 1), ("LAMP-1", 1))
    )
    assert shop.at(db, both) == {(1, "DC1"): 1, (2, "DC1"): 1}
    assert shop.at(db, split) == {(1, "S001"): 1, (2, "S002"): 1}
    assert shop.findings(db) == []


def test_two_lines_of_one_item_never_count_a_unit_twice(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 3, ("S002", "TEA-1"): 2})
    [order_id] = shop.source(db, shop.order(("TEA-1", 2), ("TEA-1", 3)))
    found = shop.at(db, order_id)
    assert sum(q for (_, n), q in found.items() if n == "S001") == 3
    assert [sum(q for (line, _), q in found.items() if line == n) for n in (1, 2)] == [2, 3]
    assert shop.findings(db) == []


def test_a_pickup_has_one_candidate(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S002", "TEA-1"): 1})
    [order_id] = shop.source(db, shop.order(("TEA-1", 1), method="pickup", at="S002"))
    assert shop.at(db, order_id) == {(1, "S002"): 1}
    [decision] = shop.why(db, order_id).decisions
    assert {c.node: c.excluded_by for c in decision.candidates} == {
        "S001": "other_node", "S002": None,
    }  # fmt: skip


def test_each_filter_names_itself(db: Database) -> None:
    shelf = {(n, "PAINT-1"): 5 for n in ("DC1", "DC2", "S001", "S002", "S003", "TPL1", "D001")}
    shop.shop(db, shelf)
    [order_id] = shop.place(db, shop.order(("PAINT-1", 1)))
    done(db.run(lambda tx: network.pause(tx, [network.Pause(key="p", node="DC1")])))
    gone = network.UpsertNode(key="g", node="S003", active=False)
    far = network.UpsertNode(key="f", node="TPL1", capabilities=("returns",))
    done(db.run(lambda tx: network.upsert_nodes(tx, [gone, far])))
    shop.hear(db)
    [decision] = shop.why(db, order_id).decisions
    assert {c.node: c.excluded_by for c in decision.candidates} == {
        "DC1": "paused", "DC2": None, "S001": "handling", "S002": "handling", "S003": "inactive",
        "TPL1": "capability", "D001": "handling",
    }  # fmt: skip
    assert shop.nodes(db, order_id) == {"DC2"}


def test_same_day_is_served_from_where_the_courier_can_ride(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 2, ("S002", "TEA-1"): 9})
    [order_id] = shop.source(db, shop.order(("TEA-1", 1), method="same_day"))
    assert shop.nodes(db, order_id) == {"S001"}
    [decision] = shop.why(db, order_id).decisions
    assert {c.node: c.excluded_by for c in decision.candidates}["S002"] == "beyond_reach"


def test_an_order_that_is_held_waits_and_is_sourced_when_all_holds_are_gone(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9})
    kinds = [orders.HoldKind.FRAUD, orders.HoldKind.REVIEW]
    [order_id] = shop.source(db, shop.order(("TEA-1", 2), hold_kinds=kinds))
    assert shop.at(db, order_id) == {}
    assert shop.waiting(db, order_id) == {1: (2, "order_hold")}
    assert shop.told(db, LinesUnsourced) == []
    for kind in kinds:
        assert shop.at(db, order_id) == {}
        release(db, orders.ReleaseHold(key=f"free:{kind}", order_id=order_id, kind=kind))
        shop.hear(db)
    assert shop.at(db, order_id) == {(1, "S001"): 2}
    assert shop.waiting(db, order_id) == {}
    assert shop.findings(db) == []


def test_an_order_that_must_go_whole_takes_all_or_nothing(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S002", "MUG-1"): 1})
    whole = shop.order(("TEA-1", 1), ("MUG-1", 1), short_policy=orders.ShortPolicy.SHIP_COMPLETE)
    [order_id] = shop.place(db, whole)
    done(db.run(lambda tx: network.pause(tx, [network.Pause(key="p", node="S002")])))
    shop.hear(db)
    assert shop.at(db, order_id) == {}
    assert shop.waiting(db, order_id) == {1: (1, "no_node"), 2: (1, "no_node")}
    shop.fill(db, {("DC1", "MUG-1"): 1})
    shop.hear(db)
    assert shop.at(db, order_id) == {(1, "S001"): 1, (2, "DC1"): 1}
    assert shop.findings(db) == []


def test_an_order_of_two_ways_that_must_go_whole_draws_nothing_when_one_fails(
    db: Database,
) -> None:
    shop.shop(db, {("S001", "TEA-1"): 1, ("S002", "TEA-1"): 1})
    lines = [
        orders.PlaceLine("TEA-1", 1),
        orders.PlaceLine("TEA-1", 1, method=orders.Method.PICKUP, pickup_node="S002"),
    ]
    whole = orders.Place(
        key="two", channel="web", channel_ref="two", buyer=orders.Buyer(), currency="USD",
        lines=lines, ship_to=NEW_YORKER, short_policy=orders.ShortPolicy.SHIP_COMPLETE,
    )  # fmt: skip
    [order_id] = shop.place(db, whole)
    done(db.run(lambda tx: network.pause(tx, [network.Pause(key="p", node="S002")])))
    shop.hear(db)
    assert shop.at(db, order_id) == {}
    done(db.run(lambda tx: network.resume(tx, [network.Resume(key="r", node="S002")])))
    assert db.run(sourcing.sweep, now=shop.later(hours=1)) == 1
    assert shop.at(db, order_id) == {(1, "S001"): 1, (2, "S002"): 1}
    assert shop.findings(db) == []


def test_more_nodes_than_the_policy_allows_become_a_further_shipment(db: Database) -> None:
    shelf = {("S001", "TEA-1"): 1, ("S002", "MUG-1"): 1, ("S003", "LAMP-1"): 1,
             ("DC1", "BOOK-1"): 1, ("DC2", "SOCK-1"): 1, ("TPL1", "DESK-1"): 1}  # fmt: skip
    shop.shop(db, {k: v for k, v in shelf.items() if k[1] != "DESK-1"})
    [order_id] = shop.source(db, shop.order(*((item, 1) for _, item in shelf if item != "DESK-1")))
    assert len(shop.nodes(db, order_id)) == 5
    assert len(shop.why(db, order_id).decisions) == 2
    assert shop.findings(db) == []


def test_a_held_unit_is_exchanged_for_the_one_that_is_cheaper_to_send(db: Database) -> None:
    shop.shop(db, {("S003", "TEA-1"): 1})
    [order_id] = shop.place(db, shop.order(("TEA-1", 1)))
    [hold] = db.run(lambda tx: stock.holds_of(tx, [str(order_id)]))
    assert hold.node == "S003"
    shop.fill(db, {("S001", "TEA-1"): 1})
    shop.hear(db)
    assert shop.at(db, order_id) == {(1, "S001"): 1}
    assert shop.ask(db, "select node, sellable, held from stock_balance order by node") == [
        ("S001", 0, 0), ("S003", 1, 0),
    ]  # fmt: skip


def test_every_decision_is_taken_again_to_the_same_answer(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 3, ("S002", "TEA-1"): 3, ("DC1", "MUG-1"): 4,
                   ("DC2", "LAMP-1"): 2, ("DC2", "TEA-1"): 5})  # fmt: skip
    made = shop.source(
        db, shop.order(("TEA-1", 5), ("MUG-1", 2)), shop.order(("LAMP-1", 2), to=TEXAN),
        shop.order(("MUG-1", 2), ("TEA-1", 2)),
        shop.order(("TEA-1", 1), method="pickup", at="S002"),
    )  # fmt: skip
    ids = [d.decision_id for o in made for d in shop.why(db, o).decisions]
    new = db.run(lambda tx: policy.draft(tx, "sourcing", Rules(costs=(Split(),))))
    db.run(lambda tx: policy.promote(tx, "sourcing", new))
    again = [shop.again(db, i) for i in ids]
    assert len(again) >= 4
    assert all(r.same_problem and r.same_answer for r in again)
    shop.ask(db, "update sourcing_decision set problem = why where false returning id")
    broken = "update sourcing_decision set policy_version = 2 where unfilled = 0 returning id"
    assert shop.ask(db, broken)
    assert not all(shop.again(db, i).same_answer for i in ids)


def test_a_decision_that_is_not_there_is_refused(db: Database) -> None:
    with pytest.raises(Refused) as refused:
        db.run(lambda tx: sourcing.audit_replay(tx, DecisionId(1)))
    assert refused.value.code == "sourcing.decision_unknown"


def test_the_seeded_policy_is_what_the_code_takes_for_granted(db: Database) -> None:
    found = db.run(lambda tx: policy.live(tx, "sourcing", Rules))
    assert (found.version, found.params) == (1, Rules())
