"""The ways: zones by distance, lanes, tariffs, terms, and what of them cannot be."""

from __future__ import annotations

from datetime import date

import pytest

from everyshelf import network
from everyshelf.base.tx import Database
from everyshelf.network import (
    Hours,
    Pause,
    Rate,
    ServiceZone,
    UpsertLane,
    UpsertNode,
    UpsertService,
    UpsertSupplierItem,
)
from tests.look import check, code, findings, picture, told
from tests.world import NEW_YORKER, TEXAN, small_world

TABLES = ("service", "service_zone", "rate", "lane", "supplier_item")


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
    before = picture(db, *TABLES)
    facts: dict[str, str | int] = {
        "node": "DC1", "region": "US-TX", "service": "GROUND", "zone": 1, "days_p50": 1,
        "days_p90": 2,
    }  # fmt: skip
    bad = UpsertLane(key="x", **(facts | change))  # type: ignore[arg-type]

    assert code(db.run(lambda tx: network.upsert_lanes(tx, [bad]))[0]) == expected
    assert picture(db, *TABLES) == before


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
    before = picture(db, *TABLES)
    bad = UpsertService(key="x", service="S", zones=zones, rates=rates)
    assert code(db.run(lambda tx: network.upsert_services(tx, [bad]))[0]) == (
        "network.tariff_invalid"
    )
    assert picture(db, *TABLES) == before


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
    before = picture(db, *TABLES)
    bad = UpsertSupplierItem(key="x", node=node, item=item, cost_minor=cost)
    assert code(db.run(lambda tx: network.upsert_supplier_items(tx, [bad]))[0]) == expected
    assert picture(db, *TABLES) == before
    with db.transaction() as tx:
        assert [s.lead_days for s in network.supplier_items(tx, ["TEA-1"])["TEA-1"]] == [3]


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
    check(db, "network")


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        ("insert into node_hours values ('S001', 0, 600, 700)", "hours_do_not_overlap"),
        ("update node set lat = 99 where node = 'S001'", "nodes_are_on_earth"),
        ("insert into rate values ('GROUND', 9, 1, 1, 'USD')", "rates_have_a_zone"),
        ("insert into supplier_item values ('SUP1', 'NO-1', 1, 'USD', 0)", "terms_have_an_item"),
    ],
)
def test_each_check_finds_what_it_is_for(db: Database, harm: str, name: str) -> None:
    small_world(db)
    check(db, "network")
    with db.transaction() as tx:
        tx.conn.execute(harm.encode())
    assert findings(db, "network", name) == {name}
