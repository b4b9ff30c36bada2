"""What the network means for a choice: lateness and suppliers cost, a rate card is read right."""

from everyshelf import network
from everyshelf.base.tx import Database
from everyshelf.network import Address, Rate
from everyshelf.sourcing.reach import _card
from tests.sourcing import shop
from tests.world import done


def test_a_near_node_that_would_be_late_loses_to_a_far_one_in_time(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S003", "TEA-1"): 9})
    [order_id] = shop.place(db, shop.order(("TEA-1", 1)))
    slow = network.UpsertNode(key="slow", node="S001", processing_minutes=12 * 720)
    done(db.run(lambda tx: network.upsert_nodes(tx, [slow])))
    shop.hear(db)
    [decision] = shop.why(db, order_id).decisions
    late = {c.node: c.terms_minor.get("late", 0) for c in decision.candidates}
    assert late["S001"] > 0
    assert late["S003"] == 0
    assert shop.nodes(db, order_id) == {"S003"}


def test_what_only_the_supplier_has_comes_from_there(db: Database) -> None:
    shop.shop(db, {("SUP1", "DROP-1"): 3, ("S001", "TEA-1"): 3})
    [order_id] = shop.source(db, shop.order(("TEA-1", 1), ("DROP-1", 1)))
    assert shop.at(db, order_id) == {(1, "S001"): 1, (2, "SUP1"): 1}
    assert shop.findings(db) == []


def test_a_supplier_that_asks_more_loses_to_our_own_stock_next_door(db: Database) -> None:
    shop.shop(db, {("SUP1", "TEA-1"): 9, ("S002", "TEA-1"): 9})
    terms = network.UpsertSupplierItem(key="t", node="SUP1", item="TEA-1", cost_minor=5_000)
    done(db.run(lambda tx: network.upsert_supplier_items(tx, [terms])))
    [order_id] = shop.source(db, shop.order(("TEA-1", 1)))
    cost = {c.node: c.cost_minor or 0 for c in shop.why(db, order_id).decisions[0].candidates}
    assert shop.nodes(db, order_id) == {"S002"}
    assert cost["SUP1"] - cost["S002"] > 4_000


def test_an_address_that_is_on_no_map_is_served_all_the_same(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9})
    nowhere = Address(name="N. N.", street="1 Road", city="Nowhere", country="ZZ")
    [order_id] = shop.source(db, shop.order(("TEA-1", 1), to=nowhere))
    assert shop.nodes(db, order_id) == {"S001"}


def test_a_card_gives_the_price_of_the_whole_weight_exactly() -> None:
    steps = [Rate(1, 1_000, 700), Rate(1, 5_000, 1_100), Rate(1, 20_000, 2_000)]
    for grams, price in ((1, 700), (1_000, 700), (3_000, 1_100), (20_000, 2_000), (30_000, 4_000)):
        first, per_kg = _card(steps, grams)
        assert abs(first * 1_000 + per_kg * grams - price * 1_000) <= grams
    assert _card([], 500) == (0, 0)
