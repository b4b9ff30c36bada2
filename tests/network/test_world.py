"""The small retailer of the tests is what it says, and its rooms pass their own checks."""

from everyshelf import catalog, network
from everyshelf.base.sql import load
from everyshelf.base.tx import Database
from tests.world import CHANNELS, ITEMS, NODES, opening_stock, small_world


def test_the_small_world_is_complete(db: Database) -> None:
    world = small_world(db)

    with db.transaction() as tx:
        assert set(catalog.items(tx, ITEMS)) == set(world.items)
        assert set(catalog.channels(tx)) == set(CHANNELS)
        assert set(network.nodes(tx)) == set(NODES)
        assert set(network.services(tx)) == set(world.services)
        assert network.pool(tx, "pickup:S001") == ["S001"]
        assert network.pool(tx, "same_day") == ["D001", "S001", "S002", "S003"]
        kept = tx.conn.execute("select node, item, sellable from stock_balance").fetchall()
        assert {(n, i): qty for n, i, qty in kept} == opening_stock()
        for room in ("catalog", "network", "stock"):
            for check in load(f"everyshelf.{room}", "checks.sql").found.values():
                assert tx.tuples(check) == []
