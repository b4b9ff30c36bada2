"""The two real shapes: a year of a retailer's order lines, and a network of stores.

The files are read where they are; without them these tests are skipped.
"""

from __future__ import annotations

import csv
from collections import Counter
from itertools import islice
from pathlib import Path

import psycopg
import pytest

from everyshelf.base.tx import Database
from everyshelf.edge import intake
from everyshelf.edge.intake.facts import Kind
from everyshelf.edge.intake.readers import open_source, rows
from tests.world import small_world

DATA = Path(__file__).parents[2].resolve().parent / "shared" / "data"
RETAIL = DATA / "online_retail_2009_2010.parquet"
STORES = DATA / "walmart_store_openings_1962_2006.csv"
LINES = 6_000
YEAR = 525_461
CHANNEL = "web"


def present(path: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not path.exists(), reason=f"the real file {path.name} is not there")


@present(RETAIL)
def test_a_year_of_real_lines_is_told_apart() -> None:
    found: Counter[str] = Counter()
    for line in intake.read_lines(RETAIL):
        told = line if isinstance(line, intake.Quarantined) else intake.classify(line)
        found[told.reason if isinstance(told, intake.Quarantined) else type(told).__name__] += 1
    assert sum(found.values()) == YEAR
    assert found == {
        "Sale": 509_244, "Return": 9_581, "adjustment": 3_193, "not_a_product": 2_970,
        "price_not_positive": 459, "price_not_exact": 14,
    }  # fmt: skip


@present(STORES)
def test_a_real_network_of_stores_is_imported(db: Database) -> None:
    report = intake.run(db, intake.Job(Kind.NODES, STORES))
    assert report.rows_in == 2_992
    assert report.rows_taken == 2_992, report.quarantined_by_reason
    with psycopg.connect(db.url) as conn:
        told = conn.execute(
            "select min(opens_on)::text, max(opens_on)::text, count(distinct zone),"
            " count(*) filter (where length(postcode) <> 5) from node"
        ).fetchone()
    assert told is not None
    assert told[:2] == ("1962-07-01", "2006-01-31")
    assert told[2] == 5
    assert told[3] == 0


@present(RETAIL)
def test_real_orders_are_taken_once(db: Database, tmp_path: Path) -> None:
    small_world(db)
    orders, items, stock = tmp_path / "orders.csv", tmp_path / "items.csv", tmp_path / "stock.csv"
    lines = [r.values for r in islice(rows(open_source(RETAIL)), LINES)]
    write(orders, lines)
    codes = sorted({x["StockCode"].upper() for x in lines})
    write(items, [{"sku": c, "name": f"Item {c}", "currency": "USD"} for c in codes])
    write(stock, [{"node": "DC1", "sku": c, "qty": "100000"} for c in codes])
    assert intake.run(db, intake.Job(Kind.ITEMS, items)).rows_taken == len(codes)
    assert intake.run(db, intake.Job(Kind.STOCK, stock)).rows_taken == len(codes)
    job = intake.Job(Kind.ORDERS, orders)
    report = intake.run(db, job)
    assert report.rows_in == LINES
    assert report.rows_taken > 0.9 * LINES
    room = {r for r in report.quarantined_by_reason if "." in r}
    assert room == set()
    assert report.checkpoint.rows_good == report.rows_taken
    with psycopg.connect(db.url) as conn:
        [(count, orders_count)] = conn.execute(
            "select (select count(*) from order_line), (select count(*) from sales_order)"
        ).fetchall()
    assert (count, orders_count) == (report.rows_taken, report.records_taken)
    assert intake.run(db, job).rows_taken == 0


def write(path: Path, told: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        sink = csv.DictWriter(file, list(told[0]))
        sink.writeheader()
        sink.writerows(told)
