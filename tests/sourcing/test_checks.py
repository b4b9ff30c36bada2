"""The checks of sourcing find each kind of corruption that is planted."""

import pytest

from everyshelf import network
from everyshelf.base.sql import Statement
from everyshelf.base.tx import Database
from tests.sourcing import shop
from tests.sourcing.test_resource import reject
from tests.world import done

PLANTED = {
    "demand_is_owed": "update sourcing_demand set qty = qty + 1",
    "units_have_one_place": "delete from sourcing_demand",
    "load_is_counted": "update node_load set orders = orders + 1",
    "load_has_its_day": "delete from node_load",
    "capacity_is_kept": "update node_load set cap = 0",
}


@pytest.mark.parametrize("check", PLANTED)
def test_a_planted_corruption_is_found(db: Database, check: str) -> None:
    shop.shop(db, {("S001", "TEA-1"): 2, ("S003", "TEA-1"): 2})
    cap = network.UpsertNode(key="c", node="S001", daily_orders=5)
    done(db.run(lambda tx: network.upsert_nodes(tx, [cap])))
    first, second = shop.source(db, shop.order(("TEA-1", 2)), shop.order(("TEA-1", 2)))
    assert shop.nodes(db, first) == {"S001"}
    reject(db, second, "S003")
    assert shop.waiting(db, second) == {1: (2, "no_node")}
    assert shop.findings(db) == []
    free = "alter table node_load drop constraint node_load_within_cap"
    db.run(lambda tx: tx.run(Statement("test", "free", "", free)))
    db.run(lambda tx: tx.run(Statement("test", "plant", "", PLANTED[check])))
    assert check in {name for _, name, _ in shop.findings(db)}
