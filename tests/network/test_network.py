"""Where from: nodes, hours, pools, services and lanes, and what of them cannot be."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from everyshelf import network
from everyshelf.base.declare import Saved
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Database
from everyshelf.network import (
    Hours,
    NodeException,
    NodeKind,
    Pause,
    Rate,
    Resume,
    ServiceZone,
    UpsertLane,
    UpsertNode,
    UpsertService,
    UpsertSupplierItem,
)
from tests.world import NEW_YORKER, TEXAN, small_world

TABLES = ("node", "node_hours", "node_exception", "service", "service_zone", "rate", "lane",
          "supplier_item", "event", "claim")  # fmt: skip
NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)


def rows(db: Database, query: str) -> list[tuple[object, ...]]:
    with db.pool.connection() as conn:
        return conn.execute(query.encode()).fetchall()


def snapshot(db: Database) -> list[list[tuple[object, ...]]]:
    return [rows(db, f"select * from {t} order by 1, 2") for t in TABLES]


def told(db: Database, kind: str) -> list[tuple[object, ...]]:
    return rows(
        db, f"select subject, version from event where type = 'everyshelf.{kind}.v1' order by id"
    )


def nodes(db: Database, *commands: UpsertNode) -> list[Result[Saved]]:
    return db.run(lambda tx: network.upsert_nodes(tx, commands))


def code(result: Result[Saved]) -> str:
    assert result.refusal is not None
    return result.refusal.code


def pool(db: Database, name: str, now: datetime = NOON) -> list[str]:
    return db.run(lambda tx: network.pool(tx, name), now=now)


def check(db: Database) -> None:
    with db.transaction() as tx:
        for statement in load("everyshelf.network", "checks.sql").found.values():
            assert tx.tuples(statement) == [], statement.name


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
    before = snapshot(db)
    assert code(nodes(db, bad)[0]) == expected
    assert snapshot(db) == before

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
    before = snapshot(db)
    assert code(db.run(lambda tx: network.pause(tx, [Pause(key="1", node="X")]))[0]) == (
        "network.node_unknown"
    )
    stale = Pause(key="1", node="X", version=9)
    assert code(db.run(lambda tx: network.pause(tx, [stale]))[0]) == "version.stale"
    assert snapshot(db) == before


def test_distance_chooses_the_zone(db: Database) -> None:
    small_world(db)
    with db.transaction() as tx:
        near = network.zones(tx, "GROUND", ["DC1", "DC2", "S001"], NEW_YORKER)
        far = network.zones(tx, "SAME_DAY", ["DC2", "S001"], NEW_YORKER)
    assert {n: r.zone for n, r in near.items()} == {"S001": 1, "DC1": 2, "DC2": 4}
    assert near["DC1"].km == pytest.approx(770, abs=15)  # Columbus OH to Manhattan.
    assert set(far) == {"S001"}


def test_an_address_without_a_place_is_taken_at_its_state_or_country(db: Database) -> None:
    small_world(db)
    with db.transaction() as tx:
        texas = network.zones(tx, "GROUND", ["S003", "DC2"], TEXAN)
        ireland = network.zones(tx, "GROUND", ["DC1"], network.Address(country="EIRE"))
        nowhere = network.zones(tx, "GROUND", ["DC1"], network.Address(country="Unspecified"))
    assert texas["S003"].zone < texas["DC2"].zone
    assert ireland["DC1"].km == pytest.approx(5500, rel=0.05)
    assert nowhere == {}


def test_a_lane_speaks_before_the_distance(db: Database) -> None:
    small_world(db)
    lane = UpsertLane(
        key="1", node="DC1", region="US-TX", service="GROUND", zone=1, days_p50=1, days_p90=1
    )
    assert db.run(lambda tx: network.upsert_lanes(tx, [lane]))[0].get().version == 1
    with db.transaction() as tx:
        assert network.zones(tx, "GROUND", ["DC1"], TEXAN)["DC1"].zone == 1
        assert network.zones(tx, "EXPRESS", ["DC1"], TEXAN)["DC1"].days_p50 == 1
    assert told(db, "network.lane.upserted") == [("DC1/US-TX/GROUND", 1)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"node": "NO"}, "network.node_unknown"),
        ({"service": "NO"}, "network.service_unknown"),
        ({"zone": 9}, "input.invalid"),
        ({"days_p50": 4}, "input.invalid"),
        ({"days_p50": -1}, "input.invalid"),
        ({"region": " "}, "input.invalid"),
    ],
)
def test_a_bad_lane_writes_nothing(
    db: Database, change: dict[str, str | int], expected: str
) -> None:
    small_world(db)
    before = snapshot(db)
    facts: dict[str, str | int] = {
        "node": "DC1", "region": "US-TX", "service": "GROUND", "zone": 1, "days_p50": 1,
        "days_p90": 2,
    }  # fmt: skip
    bad = UpsertLane(key="x", **(facts | change))  # type: ignore[arg-type]

    assert code(db.run(lambda tx: network.upsert_lanes(tx, [bad]))[0]) == expected
    assert snapshot(db) == before


def test_a_service_keeps_its_rates_when_only_its_name_changes(db: Database) -> None:
    small_world(db)
    renamed = UpsertService(key="1", service="GROUND", name="Slow")
    saved = db.run(lambda tx: network.upsert_services(tx, [renamed]))[0].get()
    same = UpsertService(key="2", service="GROUND", name="Slow")
    again = db.run(lambda tx: network.upsert_services(tx, [same]))[0].get()

    with db.transaction() as tx:
        ground = network.services(tx, ["GROUND"])["GROUND"]
    assert (saved.version, again.changed) == (2, False)
    assert (len(ground.zones), len(ground.rates)) == (4, 16)
    assert [z.max_km for z in ground.zones] == sorted(z.max_km for z in ground.zones)


ZONE = ServiceZone(1, 100.0, 1, 2)


@pytest.mark.parametrize(
    ("zones", "rates"),
    [
        ((ZONE, ZONE), ()),
        ((ServiceZone(1, 0.0, 1, 2),), ()),
        ((ServiceZone(1, float("nan"), 1, 2),), ()),
        ((ServiceZone(1, 10.0, 3, 2),), ()),
        ((ZONE,), (Rate(2, 1000, 500),)),
        ((ZONE,), (Rate(1, 0, 500),)),
        ((ZONE,), (Rate(1, 1000, -1),)),
        ((ZONE,), (Rate(1, 1000, 1, "x"),)),
        ((ZONE,), (Rate(1, 1000, 1), Rate(1, 1000, 2))),
        ((ZONE,), (Rate(1, 1000, 1, "USD"), Rate(1, 2000, 2, "EUR"))),
    ],
)
def test_a_bad_tariff_writes_nothing(
    db: Database, zones: tuple[ServiceZone, ...], rates: tuple[Rate, ...]
) -> None:
    before = snapshot(db)
    bad = UpsertService(key="x", service="S", zones=zones, rates=rates)
    assert code(db.run(lambda tx: network.upsert_services(tx, [bad]))[0]) == (
        "network.tariff_invalid"
    )
    assert snapshot(db) == before


@pytest.mark.parametrize(
    ("node", "item", "cost", "expected"),
    [
        ("NO", "TEA-1", 1, "network.node_unknown"),
        ("DC1", "TEA-1", 1, "network.not_a_supplier"),
        ("SUP1", "NO-1", 1, "catalog.item_unknown"),
        ("SUP1", "TEA-1", -1, "input.invalid"),
    ],
)
def test_bad_terms_write_nothing(
    db: Database, node: str, item: str, cost: int, expected: str
) -> None:
    small_world(db)
    before = snapshot(db)
    bad = UpsertSupplierItem(key="x", node=node, item=item, cost_minor=cost)
    assert code(db.run(lambda tx: network.upsert_supplier_items(tx, [bad]))[0]) == expected
    assert snapshot(db) == before
    with db.transaction() as tx:
        assert [s.lead_days for s in network.supplier_items(tx, ["TEA-1"])["TEA-1"]] == [3]


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


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("United Kingdom", "GB"), ("EIRE", "IE"), ("Channel Islands", "JE"), ("RSA", "ZA"),
        ("USA", "US"), ("gb", "GB"), ("  czech   republic ", "CZ"), ("Unspecified", None),
        ("European Community", None), ("", None),
    ],
)  # fmt: skip
def test_country_names_have_one_code(text: str, code: str | None) -> None:
    assert network.iso_country(text) == code


def test_every_named_country_and_state_has_a_place() -> None:
    from everyshelf.network import places

    assert set(places.COUNTRY_NAMES.values()) <= set(places.COUNTRIES)
    assert set(places.US_STATE_NAMES.values()) == set(places.US_STATES)
    assert all(abs(lat) <= 90 and abs(lon) <= 180 for lat, lon in places.COUNTRIES.values())


def test_known_distances() -> None:
    london, paris = (51.5074, -0.1278), (48.8566, 2.3522)
    assert network.haversine_km(london, paris) == pytest.approx(343.6, abs=1)
    assert network.haversine_km(london, london) == 0
    assert network.haversine_km((0, 179.9), (0, -179.9)) == pytest.approx(22.2, abs=0.1)


def test_the_statements_do_not_grow_with_the_network(db: Database) -> None:
    def walk(n: int) -> int:
        codes = [f"N{n}-{i}" for i in range(n)]
        with db.transaction() as tx:
            results = [
                *network.upsert_nodes(tx, [
                    UpsertNode(key=c, node=c, hours=(Hours(0, 1, 2),)) for c in codes]),
                *network.upsert_services(tx, [
                    UpsertService(key=c, service=c, zones=(ZONE,), rates=(Rate(1, 1, 1),))
                    for c in codes]),
                *network.upsert_lanes(tx, [
                    UpsertLane(key=c, node=c, region="DE", service=c, zone=1, days_p50=1,
                               days_p90=2) for c in codes]),
                *network.pause(tx, [Pause(key=c, node=c) for c in codes]),
            ]  # fmt: skip
            assert all(r.ok for r in results)
            assert len(network.calendar(tx, codes, date(2026, 1, 1), date(2026, 1, 2))) == n
            assert len(network.services(tx, codes)) == n
            assert len(network.pools(tx, [f"pickup:{c}" for c in codes])) == n
            return tx.statements

    assert walk(10) == walk(1000)
    check(db)


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        ("insert into node_hours values ('S001', 0, 600, 700)", "hours_overlap"),
        ("update node set lat = 99 where node = 'S001'", "node_off_earth"),
        ("insert into rate values ('GROUND', 9, 1, 1, 'USD')", "rate_without_zone"),
        ("insert into supplier_item values ('SUP1', 'NO-1', 1, 'USD', 0)", "terms_without_item"),
    ],
)
def test_each_check_finds_what_it_is_for(db: Database, harm: str, name: str) -> None:
    small_world(db)
    check(db)
    with db.transaction() as tx:
        tx.conn.execute(harm.encode())
        found = tx.tuples(getattr(load("everyshelf.network", "checks.sql"), name))
    assert [what for what, _ in found] == [name]
