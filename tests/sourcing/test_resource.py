"""A node says no: the units find another node at once, or wait and somebody is told."""

from everyshelf import orders, sourcing, stock
from everyshelf.base.tx import Database, Tx
from everyshelf.orders import OrderId
from everyshelf.sourcing import LinesUnsourced, OrderAllocated, Resource, Sourced, Waits
from tests.sourcing import shop
from tests.world import done


def reject(db: Database, order_id: OrderId, node: str, reason: str = "not_found") -> Sourced:
    """What fulfillment does when a node says no: it gives the units back and asks for others."""

    def work(tx: Tx) -> Sourced:
        sourcing.lock_orders(tx, [order_id])
        gone = [a for a in stock.allocations_of(tx, [order_id]) if a.node == node and a.live]
        assert gone
        done(stock.release(tx, [stock.Step(a.id, a.item, a.live) for a in gone]))
        lost = [Resource(order_id, a.line, a.item, a.live, node, reason) for a in gone]
        [answer] = sourcing.resource_now(tx, lost)
        return answer

    return db.run(work, now=shop.NOW)


def test_each_refusal_moves_the_units_on_and_none_has_two_nodes(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S002", "TEA-1"): 9, ("S003", "TEA-1"): 9})
    [order_id] = shop.source(db, shop.order(("TEA-1", 2)))
    seen = []
    for _ in range(3):
        [(_, node)] = shop.at(db, order_id)
        assert shop.at(db, order_id) == {(1, node): 2}
        seen.append(node)
        answer = reject(db, order_id, node)
        assert shop.findings(db) == []
    assert sorted(seen) == ["S001", "S002", "S003"]
    assert (answer.allocated, answer.waiting) == (0, 2)
    assert shop.at(db, order_id) == {}
    assert shop.waiting(db, order_id) == {1: (2, "no_node")}
    [event] = shop.told(db, LinesUnsourced)
    assert isinstance(event, LinesUnsourced)
    assert [(x.line, x.item, x.qty, x.reason) for x in event.lines] == [
        (1, "TEA-1", 2, Waits.NO_NODE)
    ]
    why = shop.why(db, order_id)
    assert [d.winner for d in why.decisions] == [(n,) for n in seen] + [()]
    assert {c.excluded_by for c in why.decisions[-1].candidates} == {"said_no"}
    assert [(line, node) for line, node, _ in why.said_no] == [(1, n) for n in sorted(seen)]


def test_a_node_that_said_no_to_a_line_is_offered_other_orders(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S003", "TEA-1"): 9})
    [first] = shop.source(db, shop.order(("TEA-1", 1)))
    reject(db, first, "S001", "too_busy")
    assert shop.nodes(db, first) == {"S003"}
    [second] = shop.source(db, shop.order(("TEA-1", 1)))
    assert shop.nodes(db, second) == {"S001"}


def test_only_what_is_still_owed_is_sourced_again(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S002", "TEA-1"): 9})
    [order_id] = shop.source(db, shop.order(("TEA-1", 3)))
    one = orders.Cancel(key="c", order_id=order_id, lines=[orders.CancelLine(1, 1)])
    done(db.run(lambda tx: orders.cancel(tx, [one]), now=shop.NOW))
    answer = reject(db, order_id, "S001")
    assert answer.allocated == 2
    shop.hear(db)
    assert shop.told(db, sourcing.AllocationsRevoked) == []
    assert shop.at(db, order_id) == {(1, "S002"): 2}
    assert shop.findings(db) == []


def test_units_that_wait_go_on_when_stock_arrives_at_another_node(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 2})
    [order_id] = shop.source(db, shop.order(("TEA-1", 2)))
    reject(db, order_id, "S001")
    shop.fill(db, {("S001", "TEA-1"): 5})
    shop.hear(db)
    assert shop.at(db, order_id) == {}
    assert len(shop.told(db, LinesUnsourced)) == 1
    shop.fill(db, {("DC2", "TEA-1"): 1})
    shop.hear(db)
    assert shop.at(db, order_id) == {(1, "DC2"): 1}
    assert shop.waiting(db, order_id) == {1: (1, "no_node")}
    shop.fill(db, {("DC1", "TEA-1"): 1})
    shop.hear(db)
    assert shop.at(db, order_id) == {(1, "DC1"): 1, (1, "DC2"): 1}
    assert shop.waiting(db, order_id) == {}
    assert len(shop.told(db, OrderAllocated)) == 3
    assert shop.findings(db) == []


def test_waiting_orders_are_served_first_come_first_but_for_priority(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 4})
    made = []
    for n, priority in enumerate((0, 0, 5, 0)):
        at = shop.later(minutes=n)
        made += shop.source(db, shop.order(("TEA-1", 1), priority=priority), now=at)
    for order_id in made:
        reject(db, order_id, "S001")
    served = []
    for n in range(4):
        shop.fill(db, {("DC1", "TEA-1"): 1}, now=shop.later(hours=1 + n))
        shop.hear(db, now=shop.later(hours=1 + n))
        served += [o for o in made if shop.at(db, o) and o not in served]
    assert served == [made[2], made[0], made[1], made[3]]


def test_an_order_on_dated_supply_stands_behind_who_waited_before(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 1})
    coming = stock.Expect(
        key="e", item="TEA-1", node="DC1", qty=2, due_on=shop.later(days=2).date()
    )
    done(db.run(lambda tx: stock.expect(tx, [coming]), now=shop.NOW))
    [first] = shop.source(db, shop.order(("TEA-1", 1)))
    reject(db, first, "S001")
    sold = stock.Sell(key="s", node="S001", item="TEA-1", qty=1, channel="pos")
    done(db.run(lambda tx: stock.sell(tx, [sold]), now=shop.NOW))
    at = shop.later(minutes=5)
    [second] = shop.source(db, shop.order(("TEA-1", 1), allow_backorder=True), now=at)
    assert shop.waiting(db, second) == {1: (1, "inbound")}
    shop.fill(db, {("DC1", "TEA-1"): 1}, now=shop.later(hours=2))
    shop.hear(db, now=shop.later(hours=2))
    assert (shop.at(db, first), shop.at(db, second)) == ({(1, "DC1"): 1}, {})
    shop.fill(db, {("DC1", "TEA-1"): 1}, now=shop.later(hours=3))
    shop.hear(db, now=shop.later(hours=3))
    assert shop.at(db, second) == {(1, "DC1"): 1}
    assert shop.findings(db) == []


def test_the_sweep_looks_at_what_is_due_and_then_leaves_it_alone(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 1})
    [order_id] = shop.source(db, shop.order(("TEA-1", 1)))
    reject(db, order_id, "S001")
    assert db.run(sourcing.sweep, now=shop.later(minutes=1)) == 0
    assert db.run(sourcing.sweep, now=shop.later(minutes=16)) == 1
    assert db.run(sourcing.sweep, now=shop.later(minutes=17)) == 0
    assert len(shop.told(db, LinesUnsourced)) == 1
    assert len(shop.why(db, order_id).decisions) == 2
