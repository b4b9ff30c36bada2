"""Units that are not wanted: waiting ones are dropped, others called back, each exactly once."""

from itertools import count

from everyshelf import orders, sourcing, stock
from everyshelf.base.tx import Database
from everyshelf.orders import OrderId
from everyshelf.sourcing import AllocationsRevoked
from tests.sourcing import shop
from tests.sourcing.test_resource import reject
from tests.world import TEXAN, done

_keys = count(1)


def cancel(db: Database, order_id: OrderId, qty: int) -> None:
    one = orders.Cancel(
        key=f"cancel:{next(_keys)}", order_id=order_id, lines=[orders.CancelLine(1, qty)]
    )
    done(db.run(lambda tx: orders.cancel(tx, [one]), now=shop.NOW))


def called_back(db: Database) -> list[tuple[int, str, int]]:
    found = []
    for event in shop.told(db, AllocationsRevoked):
        assert isinstance(event, AllocationsRevoked)
        found += [(x.line, x.node, x.qty) for x in event.lines]
    return found


def test_a_cancellation_before_sourcing_calls_nothing_back(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9})
    [order_id] = shop.place(db, shop.order(("TEA-1", 3)))
    cancel(db, order_id, 1)
    shop.hear(db)
    assert shop.at(db, order_id) == {(1, "S001"): 2}
    assert called_back(db) == []
    assert shop.findings(db) == []


def test_an_order_cancelled_before_it_was_heard_of_leaves_nothing(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9})
    [order_id] = shop.place(db, shop.order(("TEA-1", 3)))
    cancel(db, order_id, 3)
    shop.hear(db)
    assert (shop.at(db, order_id), shop.waiting(db, order_id)) == ({}, {})
    assert shop.ask(db, "select sellable, held from stock_balance where held + sellable > 0") == [
        (9, 0)
    ]


def test_units_at_nodes_are_called_back_once_for_each_cancellation(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9})
    [order_id] = shop.source(db, shop.order(("TEA-1", 5)))
    cancel(db, order_id, 1)
    shop.hear(db)
    cancel(db, order_id, 1)
    cancel(db, order_id, 1)
    shop.hear(db)
    assert called_back(db) == [(1, "S001", 1)] * 3
    shop.let_go(db)
    assert shop.at(db, order_id) == {(1, "S001"): 2}
    assert shop.ask(db, "select * from sourcing_unsettled") == []
    assert shop.findings(db) == []


def test_waiting_units_go_before_units_at_nodes(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 3, ("S003", "TEA-1"): 2})
    [order_id] = shop.source(db, shop.order(("TEA-1", 5)))
    reject(db, order_id, "S003")
    stuck = shop.waiting(db, order_id)
    assert stuck == {1: (2, "no_node")}
    cancel(db, order_id, 1)
    shop.hear(db)
    assert shop.waiting(db, order_id) == {1: (1, "no_node")}
    assert called_back(db) == []
    cancel(db, order_id, 2)
    shop.hear(db)
    assert shop.waiting(db, order_id) == {}
    assert called_back(db) == [(1, "S001", 1)]
    shop.let_go(db)
    assert shop.at(db, order_id) == {(1, "S001"): 2}
    assert shop.findings(db) == []


def test_the_least_worked_on_units_are_called_back_first(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 2, ("S003", "TEA-1"): 2})
    [order_id] = shop.source(db, shop.order(("TEA-1", 4)))
    rows = {a.node: a for a in db.run(lambda tx: stock.allocations_of(tx, [order_id]))}
    step = stock.Step(rows["S003"].id, "TEA-1", 2)
    done(db.run(lambda tx: stock.pick(tx, [step])))
    cancel(db, order_id, 3)
    shop.hear(db)
    assert called_back(db) == [(1, "S001", 2), (1, "S003", 1)]


def test_what_the_cancelled_line_held_up_goes_on(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 1, ("S002", "MUG-1"): 1})
    whole = shop.order(("MUG-1", 1), ("TEA-1", 1), short_policy=orders.ShortPolicy.SHIP_COMPLETE)
    [order_id] = shop.source(db, whole)
    reject(db, order_id, "S002")
    assert shop.at(db, order_id) == {(2, "S001"): 1}
    reject(db, order_id, "S001")
    shop.fill(db, {("DC1", "TEA-1"): 1})
    shop.hear(db)
    assert shop.at(db, order_id) == {}
    cancel(db, order_id, 1)
    shop.hear(db)
    assert shop.at(db, order_id) == {(2, "DC1"): 1}
    assert shop.findings(db) == []


def test_a_new_address_is_sourced_anew(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 2, ("S003", "TEA-1"): 2})
    [order_id] = shop.source(db, shop.order(("TEA-1", 2)))
    assert shop.nodes(db, order_id) == {"S001"}
    move = orders.Amend(key="a", order_id=order_id, ship_to=TEXAN)
    done(db.run(lambda tx: orders.amend(tx, [move]), now=shop.NOW))
    shop.hear(db)
    assert called_back(db) == [(1, "S001", 2)]
    assert shop.at(db, order_id) == {(1, "S001"): 2}
    shop.let_go(db)
    assert shop.at(db, order_id) == {(1, "S003"): 2}
    assert shop.findings(db) == []


def test_a_line_that_is_collected_now_finds_its_store(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 2, ("S002", "TEA-1"): 2})
    [order_id] = shop.source(db, shop.order(("TEA-1", 2)))
    fetch = orders.AmendLine(line=1, method=orders.Method.PICKUP, pickup_node="S002")
    move = orders.Amend(key="a", order_id=order_id, lines=[fetch])
    done(db.run(lambda tx: orders.amend(tx, [move]), now=shop.NOW))
    shop.hear(db)
    shop.let_go(db)
    assert shop.at(db, order_id) == {(1, "S002"): 2}
    assert shop.findings(db) == []


def test_the_sweep_settles_what_nobody_asked_for_again(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 2, ("S003", "TEA-1"): 2})
    [order_id] = shop.source(db, shop.order(("TEA-1", 2)))
    move = orders.Amend(key="a", order_id=order_id, ship_to=TEXAN)
    done(db.run(lambda tx: orders.amend(tx, [move]), now=shop.NOW))
    shop.hear(db)
    [row] = db.run(lambda tx: stock.allocations_of(tx, [order_id]))
    done(db.run(lambda tx: stock.release(tx, [stock.Step(row.id, "TEA-1", 2)])))
    assert db.run(sourcing.sweep, now=shop.later(minutes=20)) == 1
    assert shop.at(db, order_id) == {(1, "S003"): 2}
