"""Where from: nodes with their hours and exceptions, who is in a pool, who is paused."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from everyshelf import network
from everyshelf.base.declare import Saved
from everyshelf.base.results import Result
from everyshelf.base.tx import Database
from everyshelf.network import Hours, NodeException, NodeKind, Pause, Resume, UpsertNode
from tests.look import code, picture, rows, told
from tests.world import small_world

TABLES = ("node", "node_hours", "node_exception")
NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)


def nodes(db: Database, *commands: UpsertNode) -> list[Result[Saved]]:
    return db.run(lambda tx: network.upsert_nodes(tx, commands))


def pool(db: Database, name: str, now: datetime = NOON) -> list[str]:
    return db.run(lambda tx: network.pool(tx, name), now=now)


def test_hours_are_replaced_as_stated_and_only_then(db: Database) -> None:
    morning, evening = Hours(0, 540, 720), Hours(0, 840, 1080)
    holiday = NodeException(date(2026, 12, 25), reason="Christmas")
    nodes(db, UpsertNode(key="1", node="A", hours=(evening, morning), exceptions=(holiday,)))
    nodes(db, UpsertNode(key="2", node="A", name="Shop"))
    with db.transaction() as tx:
        assert network.hours(tx, ["A"]) == {"A": [morning, evening]}
        assert network.exceptions(tx, ["A"]) == {"A": [holiday]}
        assert network.exceptions(tx, ["A"], date(2026, 12, 26)) == {}

    same = nodes(db, UpsertNode(key="3", node="A", hours=(morning, evening)))[0].get()
    assert same == Saved("A", 2, False)

    nodes(db, UpsertNode(key="4", node="A", hours=(), exceptions=()))
    with db.transaction() as tx:
        assert network.hours(tx, ["A"]) == {}
    assert told(db, "network.node.upserted") == [("A", 1), ("A", 2), ("A", 3)]


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (UpsertNode(key="x", node="B", zone="Mars/Olympus"), "network.zone_unknown"),
        (UpsertNode(key="x", node="B", zone="../etc/passwd"), "network.zone_unknown"),
        (UpsertNode(key="x", node="B", zone=""), "network.zone_unknown"),
        (UpsertNode(key="x", node="B", lat=90.1, lon=0.0), "network.place_invalid"),
        (UpsertNode(key="x", node="B", lat=0.0, lon=-180.5), "network.place_invalid"),
        (UpsertNode(key="x", node="B", lat=float("nan"), lon=1.0), "network.place_invalid"),
        (UpsertNode(key="x", node="B", lat=float("inf"), lon=1.0), "network.place_invalid"),
        (UpsertNode(key="x", node="B", country="Atlantis"), "network.country_unknown"),
        (UpsertNode(key="x", node="B", capabilities=("fly",)), "network.capability_unknown"),
        (
            UpsertNode(key="x", node="B", hours=(Hours(0, 540, 720), Hours(0, 700, 800))),
            "network.hours_invalid",
        ),
        (
            UpsertNode(key="x", node="B", hours=(Hours(0, 540, 720), Hours(0, 540, 720))),
            "network.hours_invalid",
        ),
        (UpsertNode(key="x", node="B", hours=(Hours(0, 720, 540),)), "network.hours_invalid"),
        (UpsertNode(key="x", node="B", hours=(Hours(7, 540, 720),)), "network.hours_invalid"),
        (UpsertNode(key="x", node="B", hours=(Hours(0, 540, 1441),)), "network.hours_invalid"),
        (
            UpsertNode(key="x", node="B", exceptions=(NodeException(date(2026, 1, 1), 540),)),
            "network.hours_invalid",
        ),
        (
            UpsertNode(key="x", node="B", exceptions=(NodeException(date(2026, 1, 1)),) * 2),
            "network.hours_invalid",
        ),
        (UpsertNode(key="x", node="@customer"), "input.invalid"),
        (UpsertNode(key="x", node="A:B"), "input.invalid"),
        (UpsertNode(key="x", node=""), "input.invalid"),
        (UpsertNode(key="x", node="B", name=""), "input.invalid"),
        (UpsertNode(key="x", node="B", cutoff_minute=1441), "input.invalid"),
        (UpsertNode(key="x", node="B", labour_unit_minor=-1), "input.invalid"),
        (UpsertNode(key="x", node="B", daily_orders=-1), "input.invalid"),
        (
            UpsertNode(key="x", node="B", opens_on=date(2026, 2, 1), closes_on=date(2026, 1, 1)),
            "input.invalid",
        ),
        (UpsertNode(key="x", node="B", version=3), "version.stale"),
    ],
)
def test_a_bad_node_is_refused_alone_and_writes_nothing(
    db: Database, bad: UpsertNode, expected: str
) -> None:
    before = picture(db, *TABLES)
    assert code(nodes(db, bad)[0]) == expected
    assert picture(db, *TABLES) == before

    results = nodes(db, bad, UpsertNode(key="good", node="G"))
    assert [r.ok for r in results] == [False, True]
    assert rows(db, "select node from node") == [("G",)]


def test_a_node_without_a_place_lies_in_the_middle_of_its_region(db: Database) -> None:
    nodes(
        db,
        UpsertNode(key="1", node="T", region="Texas"),
        UpsertNode(key="2", node="E", country="EIRE"),
        UpsertNode(key="3", node="P", region="TX", lat=29.76, lon=-95.37),
    )
    with db.transaction() as tx:
        found = network.nodes(tx)
    assert (found["T"].lat, found["T"].lon) == network.centroid("US", "TX")
    assert (found["E"].country, found["E"].lat) == ("IE", 53.3)
    assert (found["P"].lat, found["P"].lon) == (29.76, -95.37)


def test_a_pool_has_who_can_and_may_serve_now(db: Database) -> None:
    small_world(db)
    assert pool(db, "ship") == ["D001", "DC1", "DC2", "S001", "S002", "S003", "SUP1", "TPL1"]
    assert pool(db, "curbside:S002") == ["S002"]
    assert pool(db, "locker:L001") == ["L001"]
    assert pool(db, "pickup:DC1") == pool(db, "locker:S001") == pool(db, "nonsense") == []

    nodes(db, UpsertNode(key="1", node="S002", priority=1))
    nodes(db, UpsertNode(key="2", node="S003", active=False))
    nodes(db, UpsertNode(key="3", node="D001", capabilities=("ship",)))
    assert pool(db, "same_day") == ["S002", "S001"]


def test_a_pop_up_opens_and_closes_by_its_own_calendar(db: Database) -> None:
    day = date(2026, 3, 2)
    nodes(
        db,
        UpsertNode(
            key="1", node="P", kind=NodeKind.POPUP, zone="America/Los_Angeles", opens_on=day,
            closes_on=day,
        ),
    )  # fmt: skip
    assert pool(db, "ship", datetime(2026, 3, 2, 7, 59, tzinfo=UTC)) == []
    assert pool(db, "ship", datetime(2026, 3, 2, 8, 0, tzinfo=UTC)) == ["P"]
    assert pool(db, "ship", datetime(2026, 3, 3, 7, 59, tzinfo=UTC)) == ["P"]
    assert pool(db, "ship", datetime(2026, 3, 3, 8, 0, tzinfo=UTC)) == []


def test_a_paused_node_leaves_its_pools_until_it_is_resumed(db: Database) -> None:
    small_world(db)
    stop = [Pause(key="1", node="S001", reason="flood"), Pause(key="2", node="S001")]
    results = db.run(lambda tx: network.pause(tx, stop))
    assert [r.get().changed for r in results] == [True, False]
    assert pool(db, "pickup:S001") == []

    nodes(db, UpsertNode(key="n", node="S001", name="Flagship"))
    assert pool(db, "pickup:S001") == []

    db.run(lambda tx: network.resume(tx, [Resume(key="1", node="S001")]))
    assert pool(db, "pickup:S001") == ["S001"]
    assert told(db, "network.node.paused") == [("S001", 2)]
    assert told(db, "network.node.resumed") == [("S001", 4)]


def test_pausing_nothing_is_refused(db: Database) -> None:
    before = picture(db, *TABLES)
    assert code(db.run(lambda tx: network.pause(tx, [Pause(key="1", node="X")]))[0]) == (
        "network.node_unknown"
    )
    stale = Pause(key="1", node="X", version=9)
    assert code(db.run(lambda tx: network.pause(tx, [stale]))[0]) == "version.stale"
    assert picture(db, *TABLES) == before


def test_the_calendar_has_hours_holidays_and_dates(db: Database) -> None:
    nodes(
        db,
        UpsertNode(
            key="1",
            node="A",
            zone="America/Chicago",
            closes_on=date(2026, 12, 29),
            hours=(Hours(0, 540, 1260), Hours(6, 600, 1080)),
            exceptions=(
                NodeException(date(2026, 12, 24), 540, 720),
                NodeException(date(2026, 12, 25)),
                NodeException(date(2027, 7, 4)),
            ),
        ),
    )
    first, last = date(2026, 12, 20), date(2026, 12, 31)
    with db.transaction() as tx:
        calendar = network.calendar(tx, ["A", "NO"], first, last)

    assert set(calendar) == {"A"}
    assert calendar["A"].zone == "America/Chicago"
    assert calendar["A"].weekly == (((540, 1260),), (), (), (), (), (), ((600, 1080),))
    assert calendar["A"].special == ((date(2026, 12, 24), ((540, 720),)),)
    assert calendar["A"].closed_dates == (
        date(2026, 12, 25), date(2026, 12, 30), date(2026, 12, 31),
    )  # fmt: skip
