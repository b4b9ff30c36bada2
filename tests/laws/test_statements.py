"""Laws 3, 7 and 9 on the product, and each of them on a planted violation."""

import importlib
import pkgutil
import types
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import psycopg
import pytest

import everyshelf
from everyshelf.base.ids import Id
from everyshelf.base.migrate import apply
from everyshelf.base.server import Server
from everyshelf.base.sql import Statement, Statements, parse
from everyshelf.journey import ROOMS
from tests.conftest import fresh_database
from tests.laws import checkers_sql as law

ROOT = Path(everyshelf.__file__).parent
MIGRATIONS = ROOT / "db" / "migrations"
OWNERS = law.owners(MIGRATIONS)
HOT = law.hot_tables(MIGRATIONS)
PRODUCT = law.statements(ROOT)
LISTS = law.statements(ROOT, "lists.sql")
QUERIES = law.statements(ROOT, "queries.sql") + LISTS

# Statements that look at a hot table as a whole, each for a reason; nothing else may.
WHOLE_ON_PURPOSE = {
    "everyshelf.insight.kpis": "a report over a period, on no hot path",
    "everyshelf.insight.cases_by_kind": "a report over a period, on no hot path",
    "everyshelf.planning.worth_cells": "a reckoning of every cell, in the background",
    "everyshelf.planning.worth_wanted": "a reckoning over weeks, in the background",
    "everyshelf.planning.worth_lost": "a reckoning over weeks, in the background",
    "everyshelf.planning.worth_returned": "a reckoning over weeks, in the background",
    "everyshelf.sourcing.drop_worth": "ends the reckoning before, in the background",
}


@pytest.fixture
def conn(db_url: str) -> Iterator[law.Connection]:
    with psycopg.connect(db_url, autocommit=True) as connection:
        yield connection


def planted(package: str, text: str) -> list[Statement]:
    return list(parse(package, f"-- name: planted\n{text}").values())


def modules() -> Iterator[types.ModuleType]:
    for found in pkgutil.walk_packages([str(ROOT)], "everyshelf."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def test_every_statement_is_understood(conn: law.Connection) -> None:
    assert len(PRODUCT) > 20
    assert law.unprepared(conn, PRODUCT) == []


@pytest.mark.parametrize(
    "text", ["select absent from item", "select item from item where item = %(x)s::bigint", "selec"]
)
def test_a_statement_that_is_not_understood_is_seen(conn: law.Connection, text: str) -> None:
    assert len(law.unprepared(conn, planted("everyshelf.catalog", text))) == 1


def test_every_struct_is_what_its_statement_returns(conn: law.Connection) -> None:
    found = [bad for module in modules() for bad in law.mismatched(conn, module)]
    assert found == []


def test_the_calls_of_the_product_are_found() -> None:
    assert sum(1 for module in modules() for _ in law.calls(module)) > 5


class Fits(msgspec.Struct):
    """What `select item, version` returns."""

    item: str
    version: Id
    later: datetime | None = None


class Odd(msgspec.Struct):
    """A struct with another name, another type and a field that nobody fills."""

    item: int
    number: int


def test_a_struct_that_does_not_fit_is_seen(
    conn: law.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "planted_calls.py").write_text(
        "def f(tx):\n    tx.all(SQL.planted, Fits, x=1)\n    tx.one(SQL.planted, Odd)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("planted_calls")
    found = {s.name: s for s in planted("everyshelf.catalog", "select item, version from item")}
    vars(module).update(SQL=Statements("everyshelf.catalog", found), Fits=Fits, Odd=Odd)
    bad = law.mismatched(conn, module)
    assert len(bad) == 3
    assert all("planted_calls:3" in b for b in bad)


def test_a_room_writes_its_own_tables_and_reads_earlier_ones(conn: law.Connection) -> None:
    assert law.trespasses(conn, PRODUCT, OWNERS, ROOMS) == []


@pytest.mark.parametrize(
    "text",
    [
        "update order_line set shipped = shipped + 1 where part = 1",
        "insert into item_barcode (barcode, item) values ('a', 'b')",
        "with gone as (delete from item returning item) select item from gone",
        "select id from sales_order",
        "select b.item from stock_balance b where exists (select from rma r where r.part = b.part)",
    ],
)
def test_a_trespass_is_seen(conn: law.Connection, text: str) -> None:
    assert len(law.trespasses(conn, planted("everyshelf.stock", text), OWNERS, ROOMS)) >= 1


def test_what_a_room_may_do_is_no_trespass(conn: law.Connection) -> None:
    text = "update stock_balance b set sellable = 1 from item i where i.item = b.item"
    assert law.trespasses(conn, planted("everyshelf.stock", text), OWNERS, ROOMS) == []


def test_edge_writes_no_room(conn: law.Connection) -> None:
    found = planted("everyshelf.edge", "update item set name = ''")
    bad = law.trespasses(conn, found, OWNERS, ROOMS)
    assert bad == ["everyshelf.edge.planted writes item of catalog"]


def test_base_touches_no_room(conn: law.Connection) -> None:
    found = planted("everyshelf.base", "select item from item")
    assert len(law.trespasses(conn, found, OWNERS, ROOMS)) == 1


def test_hot_statements_use_an_index(conn: law.Connection) -> None:
    hot = [s for s in QUERIES if law.room_of(s) != "simulate"]  # It reads a scratch database.
    found = [s for s in hot if f"{s.package}.{s.name}" not in WHOLE_ON_PURPOSE]
    assert law.unindexed(conn, found, HOT) == []


def test_every_list_has_an_index_in_its_order(conn: law.Connection) -> None:
    assert len(LISTS) > 20
    assert law.sorting(conn, LISTS) == []


@pytest.mark.parametrize(
    ("order", "bad"), [("qty", 1), ("id desc", 1), ("part, id desc", 1), ("part, id", 0)]
)
def test_a_list_without_an_index_is_seen(conn: law.Connection, order: str, bad: int) -> None:
    found = planted("everyshelf.stock", f"select id from stock_move order by {order} limit 9")
    assert len(law.sorting(conn, found)) == bad


def test_every_exception_is_still_one(conn: law.Connection) -> None:
    bad = {line.partition(" ")[0] for line in law.unindexed(conn, QUERIES, HOT)}
    assert bad >= WHOLE_ON_PURPOSE.keys()


@pytest.mark.parametrize("table", ["order_line", "event"])
def test_a_scan_is_seen(conn: law.Connection, table: str) -> None:
    found = planted("everyshelf.orders", f"select count(*) from {table}")
    assert len(law.unindexed(conn, found, {table})) == 1


def test_a_look_up_by_key_is_no_scan(conn: law.Connection) -> None:
    found = planted("everyshelf.orders", "select qty from order_line where part = %(p)s::int")
    assert law.unindexed(conn, found, {"order_line"}) == []


def test_hot_tables_begin_with_their_part(conn: law.Connection) -> None:
    assert len(HOT) > 25
    assert law.unsharded(conn, HOT) == []


def test_a_table_that_cannot_be_sharded_is_seen(conn: law.Connection) -> None:
    conn.execute("create table bad (id bigint primary key, part int, item text references item)")
    conn.execute("create table bare (part int)")
    assert law.unsharded(conn, {"bad", "bare"}) == [
        "bad has the key (id)",
        "bad refers to item",
        "bare has no primary key",
    ]


def test_the_schema_stands_when_partitioned_by_part(server: Server) -> None:
    with fresh_database(server, "template1") as url:
        names = apply(url, by_part=True)
        with psycopg.connect(url) as conn:
            found = conn.execute("select relname from pg_class where relkind = 'p'").fetchall()
            assert {name for (name,) in found} == HOT | {"event"}
        assert names
        assert apply(url, by_part=True) == []
