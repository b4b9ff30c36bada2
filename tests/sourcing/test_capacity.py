"""A node's day takes so many orders and not one more, however many writers there are."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from everyshelf import network, sourcing, stock
from everyshelf.base.sql import Statement
from everyshelf.base.tx import Database, Tx
from everyshelf.orders import OrderId
from everyshelf.sourcing import capacity
from everyshelf.sourcing.reach import Network, Room
from tests.sourcing import shop
from tests.sourcing.test_resource import reject
from tests.sourcing.test_revoke import cancel
from tests.world import done

WRITERS = 32
CAP = 10


def limit(db: Database, node: str, cap: int | None, **more: Any) -> None:
    change = network.UpsertNode(key=f"cap:{node}:{cap}:{more}", node=node, daily_orders=cap, **more)
    done(db.run(lambda tx: network.upsert_nodes(tx, [change])))


def booked(db: Database) -> dict[object, object]:
    rows = shop.ask(db, "select node, orders from node_load where channel = ''")
    return {row[0]: row[1] for row in rows}


def test_a_full_node_is_passed_over_and_named(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S002", "TEA-1"): 9})
    limit(db, "S001", 2)
    made = shop.source(db, *(shop.order(("TEA-1", 1)) for _ in range(3)))
    assert [shop.nodes(db, o) for o in made] == [{"S001"}, {"S001"}, {"S002"}]
    assert booked(db) == {"S001": 2}
    [decision] = shop.why(db, made[2]).decisions
    assert {c.node: c.excluded_by for c in decision.candidates}["S001"] == "capacity"
    assert shop.findings(db) == []


def test_an_order_takes_one_place_however_many_lines_it_has(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S001", "MUG-1"): 9})
    limit(db, "S001", 1)
    [order_id] = shop.source(db, shop.order(("TEA-1", 2), ("MUG-1", 1)))
    assert shop.at(db, order_id) == {(1, "S001"): 2, (2, "S001"): 1}
    assert booked(db) == {"S001": 1}


def test_a_place_is_free_again_when_the_units_leave_the_node(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S002", "TEA-1"): 9})
    limit(db, "S001", 1)
    [first] = shop.source(db, shop.order(("TEA-1", 2)))
    reject(db, first, "S001", "too_busy")
    assert booked(db) == {"S001": 0}
    [second] = shop.source(db, shop.order(("TEA-1", 2)))
    assert shop.nodes(db, second) == {"S001"}
    cancel(db, second, 1)
    shop.hear(db)
    assert booked(db) == {"S001": 1}
    cancel(db, second, 1)
    shop.hear(db)
    shop.let_go(db)
    assert booked(db) == {"S001": 0}
    assert shop.findings(db) == []


def test_who_finds_the_day_full_waits_for_the_next(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9})
    limit(db, "S001", 1)
    made = shop.source(
        db, *(shop.order(("TEA-1", 1), method="pickup", at="S001") for _ in range(2))
    )
    assert [len(shop.at(db, o)) for o in made] == [1, 0]
    assert shop.waiting(db, made[1]) == {1: (1, "no_node")}
    assert db.run(sourcing.sweep, now=shop.later(hours=1)) == 1
    assert shop.at(db, made[1]) == {}
    assert db.run(sourcing.sweep, now=shop.later(days=1)) == 1
    assert shop.at(db, made[1]) == {(1, "S001"): 1}
    assert shop.findings(db) == []


def test_lines_and_units_are_limits_too_and_a_large_order_is_split(db: Database) -> None:
    shop.shop(db, {(s, i): 20 for s in ("S001", "S003") for i in ("TEA-1", "MUG-1")})
    limit(db, "S001", None, daily_units=5, daily_lines=3)
    large, next_ = shop.source(db, shop.order(("TEA-1", 4), ("MUG-1", 4)), shop.order(("TEA-1", 1)))
    here = sum(q for (_, node), q in shop.at(db, large).items() if node == "S001")
    assert sum(shop.at(db, large).values()) == 8
    assert here <= 5
    assert shop.at(db, next_) != {}
    [(lines, units)] = shop.ask(db, "select lines, units from node_load") or [(0, 0)]
    assert int(str(lines)) <= 3
    assert int(str(units)) <= 5
    assert shop.findings(db) == []


def test_an_order_larger_than_any_day_is_not_stuck(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 20})
    limit(db, "S001", None, daily_units=5)
    [order] = shop.source(db, shop.order(("TEA-1", 8)))
    assert shop.at(db, order) == {(1, "S001"): 5}
    assert shop.waiting(db, order) == {1: (3, "no_node")}
    assert db.run(sourcing.sweep, now=shop.later(days=1)) == 1
    assert sum(shop.at(db, order).values()) == 8 or shop.waiting(db, order) == {1: (3, "no_node")}
    assert shop.findings(db) == []


def test_a_channel_may_have_a_limit_of_its_own(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S002", "TEA-1"): 9})
    limit(db, "S001", None, channel_orders={"web": 1})
    first, second = shop.source(db, shop.order(("TEA-1", 1)), shop.order(("TEA-1", 1)))
    assert (shop.nodes(db, first), shop.nodes(db, second)) == ({"S001"}, {"S002"})
    rows = shop.ask(db, "select channel, orders, units from node_load order by channel")
    assert rows == [("", 1, 1), ("web", 1, 0)]
    reject(db, first, "S001", "too_busy")
    rows = shop.ask(db, "select channel, orders, units from node_load order by channel")
    assert rows == [("", 0, 0), ("web", 0, 0)]
    assert shop.findings(db) == []


@pytest.mark.parametrize(
    ("caps", "most"),
    [({"daily_units": CAP}, CAP), ({"daily_lines": CAP}, CAP), ({"channel_orders": {"web": 7}}, 7)],
)
def test_many_writers_never_pass_any_limit(db: Database, caps: dict[str, Any], most: int) -> None:
    assert _race(db, cap=None, **caps) == most
    assert shop.findings(db) == []


def _race(db: Database, now: datetime = shop.NOW, cap: int | None = CAP, **caps: Any) -> int:
    """Many writers each source one order at once; how many got the limited node."""
    shop.shop(db, {("S001", "TEA-1"): 100, ("S003", "TEA-1"): 100})
    limit(db, "S001", cap, **caps)
    made = shop.place(db, *(shop.order(("TEA-1", 1)) for _ in range(WRITERS)))

    def one(order_id: OrderId) -> None:
        wide.run(lambda tx: sourcing.source_now(tx, [order_id], sourcing.Trigger.PLACED), now=now)

    with Database(db.url, size=WRITERS) as wide, ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(one, made))
    assert sum(bool(shop.at(db, o)) for o in made) == WRITERS
    return sum(shop.nodes(db, o) == {"S001"} for o in made)


def test_many_writers_never_pass_a_limit_and_use_it_up(db: Database) -> None:
    assert _race(db) == CAP
    assert booked(db) == {"S001": CAP}
    assert shop.findings(db) == []


def test_without_the_guard_the_same_writers_do_pass_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the race is real, and it is the guard that wins it."""
    db.run(lambda tx: tx.run(Statement("t", "d", "", "alter table node_load "
                                       "drop constraint node_load_within_cap")))  # fmt: skip
    text = capacity.SQL.book.text
    guard = text.index("where (excluded.cap is null")
    unguarded = text[:guard] + "returning node, day, channel"
    book = Statement("everyshelf.sourcing", "book", "", unguarded)
    monkeypatch.setitem(capacity.SQL.found, "book", book)
    read = Network._read_room

    def stale(self: Network, tx: Tx) -> dict[int, Room]:
        return {n: Room(CAP, None, None, {}) for n in read(self, tx)}

    monkeypatch.setattr(Network, "_read_room", stale)
    assert _race(db) > CAP
    assert shop.findings(db) != []


def test_a_race_for_the_last_units_has_as_many_winners_as_units(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 40})
    made = shop.place(db, *(shop.order(("TEA-1", 2)) for _ in range(16)))
    owners = [(str(o), None, None) for o in made]
    db.run(lambda tx: stock.release_holds(tx, owners))
    gone = stock.Adjust(key="a", node="S001", item="TEA-1", delta=-31, reason="lost")
    done(db.run(lambda tx: stock.adjust(tx, [gone])))

    def one(order_id: OrderId) -> None:
        wide.run(
            lambda tx: sourcing.source_now(tx, [order_id], sourcing.Trigger.PLACED), now=shop.NOW
        )

    with Database(db.url, size=16) as wide, ThreadPoolExecutor(16) as threads:
        list(threads.map(one, made))
    shop.hear(db)
    assert sum(sum(shop.at(db, o).values()) for o in made) == 9
    assert sum(qty for o in made for qty, _ in shop.waiting(db, o).values()) == 32 - 9
    assert shop.findings(db) == []


def test_the_same_order_sourced_by_many_at_once_is_sourced_once(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 40, ("S002", "TEA-1"): 40})
    [order_id] = shop.place(db, shop.order(("TEA-1", 2)))

    def again(_: int) -> None:
        wide.run(
            lambda tx: sourcing.source_now(tx, [order_id], sourcing.Trigger.PLACED), now=shop.NOW
        )

    with Database(db.url, size=8) as wide, ThreadPoolExecutor(8) as threads:
        list(threads.map(again, range(8)))
    assert shop.at(db, order_id) == {(1, "S001"): 2}
    assert len(shop.told(db, sourcing.OrderAllocated)) == 1
