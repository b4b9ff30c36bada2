"""What a policy says about turns, rejections and the way out when no node is left."""

import msgspec

from everyshelf import stock
from everyshelf.base import policy
from everyshelf.base.tx import Database
from everyshelf.sourcing import Rules
from tests.sourcing import shop
from tests.sourcing.test_resource import reject
from tests.world import done


def rule(db: Database, text: str) -> None:
    """Puts a document in force."""
    rules = msgspec.json.decode(text, type=Rules)
    version = db.run(lambda tx: policy.draft(tx, "sourcing", rules))
    db.run(lambda tx: policy.promote(tx, "sourcing", version), now=shop.NOW)


def test_after_so_many_rejections_a_person_decides(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S002", "TEA-1"): 9, ("S003", "TEA-1"): 9})
    rule(db, '{"limits": {"max_rejections": 2}}')
    [order] = shop.source(db, shop.order(("TEA-1", 1)))
    for left in (0, 1):
        [(_, node)] = shop.at(db, order)
        assert reject(db, order, node).waiting == left
    assert shop.waiting(db, order) == {1: (1, "no_node")}
    db.run(lambda tx: stock.receive(tx, []), now=shop.NOW)
    assert shop.findings(db) == []


def test_the_policy_says_who_takes_the_first_turn(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 5, ("S003", "TEA-1"): 100})
    rule(db, '{"turns": [{"when": "order.units == 2", "priority": 5}]}')
    small, large = shop.source(db, shop.order(("TEA-1", 4)), shop.order(("TEA-1", 2)))
    assert shop.nodes(db, large) == {"S001"}
    assert "S003" in shop.nodes(db, small)


def test_who_waits_is_told_what_can_be_done(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 2})
    rule(db, '{"filters": [{"part": "condition", "name": "no stores", '
             '"keep": "node.kind != \'store\'"}]}')  # fmt: skip
    [order] = shop.source(db, shop.order(("TEA-1", 1)))
    coming = stock.Expect(key="i", node="DC1", item="TEA-1", qty=7, due_on=shop.NOW.date())
    db.run(lambda tx: done(stock.expect(tx, [coming])), now=shop.NOW)
    told = shop.why(db, order)
    assert [(o.action, o.node, o.qty) for o in told.options] == [
        ("lift", "S001", None), ("wait", None, 7), ("cancel", None, 1),
    ]  # fmt: skip
    assert told.options[0].words == "Another choice, if S001 were not left out by no stores."


def test_nothing_is_offered_to_a_person_while_nothing_waits(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 2})
    [order] = shop.source(db, shop.order(("TEA-1", 1)))
    assert shop.why(db, order).options == ()


def test_a_hierarchy_is_followed_in_the_house(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 1, ("DC1", "TEA-1"): 9})
    rule(
        db,
        """{"sources": [
      {"name": "stores", "where": "node.kind == 'store'", "otherwise": "warehouses"},
      {"name": "warehouses", "where": "node.kind == 'dc'", "together": false}]}""",
    )
    one, two = shop.source(db, shop.order(("TEA-1", 1)), shop.order(("TEA-1", 1)))
    assert (shop.nodes(db, one), shop.nodes(db, two)) == ({"S001"}, {"DC1"})
    assert [shop.why(db, o).decisions[0].source for o in (one, two)] == ["stores", "warehouses"]
    assert all(shop.again(db, d.decision_id).same_answer
               for o in (one, two) for d in shop.why(db, o).decisions)  # fmt: skip
