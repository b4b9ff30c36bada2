"""Importing dirty files into a real database: nothing lost, nothing twice, broken runs go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from everyshelf import network, orders, stock
from everyshelf.base.errors import Refused
from everyshelf.base.tx import Database, Tx
from everyshelf.edge import intake
from everyshelf.edge.intake import engine
from everyshelf.edge.intake.facts import Kind, Unit
from everyshelf.edge.intake.setup import Setup
from tests.world import small_world

HEAD = "Order No,SKU,Qty,Date,Unit Price,Email,Country"
STOCKED = ("TEA-1", "MUG-1", "SOCK-1", "BOOK-1")


def line(order: str, item: str = "TEA-1", qty: str = "2", price: str = "8.99") -> str:
    return f"{order},{item},{qty},2025-03-01 10:00:00,{price},ada@example.com,US"


@pytest.fixture
def shop(db: Database) -> Database:
    """The small world with units of some items at a DC."""
    small_world(db)
    units = [stock.Receive(f"s:{i}", "DC1", i, 1_000) for i in STOCKED]
    assert all(r.ok for r in db.run(lambda tx: stock.receive(tx, units)))
    return db


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, name: str = "in.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join([*lines, ""]))
        return path

    return write


def rows_of(db: Database, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(db.url) as conn:
        return conn.execute(text.encode()).fetchall()


def count(db: Database, table: str) -> int:
    return int(rows_of(db, f"select count(*) from {table}")[0][0])


def orders_job(path: Path, **more: Any) -> intake.Job:
    return intake.Job(Kind.ORDERS, path, **more)


DIRTY = (
    line("A1"), line("A1", "MUG-1", "1", "12.50"), line("A2", qty="0"), line("A3", price="0.00"),
    line("A4", "NOPE-1"), line("A5", qty="x"), line("A6", price="-1.00"), line("A7", "SOCK-1"),
    line("A7", "NOPE-2"), line("A8", qty="-1"), line("A9", qty="5000"), line("A1"),
    line("A10", "BOOK-1", "1", "=2+2"), "A11,TEA-1,1,not a day,1.00,,",
    line("B1", "GIFT-1", "1", "27.99"), line("B2", "T\0A"),
)  # fmt: skip
REASONS = {
    "qty_not_positive": 1, "price_not_positive": 2, "unknown_item": 2, "qty_unreadable": 1,
    "return_row": 1, "orders.short": 1, "duplicate_row": 1, "price_unreadable": 1,
    "date_unreadable": 1, "text_unreadable": 1,
}  # fmt: skip


def test_every_row_is_taken_or_kept_with_its_reason(
    shop: Database, put: Callable[..., Path]
) -> None:
    report = intake.run(shop, orders_job(put(HEAD, *DIRTY)))
    assert report.rows_in == len(DIRTY)
    assert report.quarantined_by_reason == REASONS
    assert (report.rows_taken, report.records_taken) == (4, 3)
    assert count(shop, "sales_order") == 3
    kept = dict(rows_of(shop, "select row_number, reason from import_quarantine"))
    assert len(kept) == report.rows_quarantined == sum(REASONS.values())
    assert kept[9] == "unknown_item"
    [(raw,)] = rows_of(shop, "select raw from import_quarantine where row_number = 13")
    assert raw["Unit Price"] == "=2+2"
    [told] = rows_of(shop, "select state, position, rows_taken, rows_quarantined from import_run")
    assert told == ("done", 16, 4, 12)


def test_the_order_is_what_the_file_says(shop: Database, put: Callable[..., Path]) -> None:
    intake.run(shop, orders_job(put(HEAD, *DIRTY)))
    found = rows_of(
        shop,
        "select l.item, l.qty, l.amount_minor, o.placed_at from order_line l join sales_order o"
        " on o.part = l.part and o.id = l.order_id where o.channel_ref = 'A1' order by l.line",
    )
    assert [x[:3] for x in found] == [("TEA-1", 2, 1798), ("MUG-1", 1, 1250)]
    assert found[0][3].isoformat() == "2025-03-01T10:00:00+00:00"


def test_a_second_import_takes_nothing(shop: Database, put: Callable[..., Path]) -> None:
    path = put(HEAD, *DIRTY)
    intake.run(shop, orders_job(path))
    twice = intake.run(shop, orders_job(path))
    assert (twice.rows_before, twice.rows_in, twice.rows_taken) == (16, 0, 0)
    again = intake.run(shop, orders_job(path, again=True))
    assert (again.rows_in, again.rows_taken) == (16, 0)
    assert again.quarantined_by_reason["already_taken"] == 4
    assert count(shop, "sales_order") == 3


def test_another_file_of_the_source_takes_only_what_is_new(
    shop: Database, put: Callable[..., Path]
) -> None:
    intake.run(shop, orders_job(put(HEAD, line("A1"), line("A2"))))
    more = put(HEAD, line("A1"), line("A2"), line("A2", "MUG-1"), line("A3"), name="next.csv")
    report = intake.run(shop, orders_job(more))
    assert report.quarantined_by_reason == {"already_taken": 1, "invoice_taken_before": 2}
    assert (report.rows_taken, count(shop, "sales_order")) == (1, 3)
    other = intake.run(shop, orders_job(more, source="elsewhere"))
    assert other.rows_taken == 0


def test_a_late_row_does_not_change_its_order(
    shop: Database, put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("everyshelf.edge.intake.group.invoices.__defaults__", (3,))
    text = [line("A1"), *(line(f"B{n}") for n in range(6)), line("A1", "MUG-1"), line("A1")]
    report = intake.run(shop, orders_job(put(HEAD, *text)))
    assert report.quarantined_by_reason == {"invoice_taken_before": 2}
    assert (report.rows_in, report.records_taken) == (9, 7)


class Killed(Exception):
    """A process that is gone."""


def test_a_broken_import_goes_on_where_it_stopped(
    shop: Database, put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = [line(f"A{n}") for n in range(30)] + [line("A30", qty="x")]
    text[5], text[20] = line("A5", "NOPE-1"), line("A3", "MUG-1")
    path = put(HEAD, *text)
    calls = 0
    real = engine.settle

    def dying(tx: Tx, batch: Sequence[Unit], setup: Setup, position: int) -> Any:
        nonlocal calls
        calls += 1
        done = real(tx, batch, setup, position)
        if calls == 3:  # The work of the third batch is done, but not committed.
            raise Killed
        return done

    monkeypatch.setattr(engine, "settle", dying)
    with pytest.raises(Killed):
        intake.run(shop, orders_job(path, batch=5))
    monkeypatch.setattr(engine, "settle", real)
    [(state, position)] = rows_of(shop, "select state, position from import_run")
    assert (state, count(shop, "sales_order")) == ("running", 9)
    rest = intake.run(shop, orders_job(path, batch=7, resume=True))
    assert rest.rows_before == position
    assert rest.rows_before + rest.rows_in == 31
    [whole] = rows_of(shop, "select state, position, rows_taken, rows_quarantined from import_run")
    assert whole == ("done", 31, 29, 2)
    assert count(shop, "sales_order") == 28
    with pytest.raises(Refused) as refused:
        intake.run(shop, orders_job(path, resume=True))
    assert refused.value.code == "intake.nothing_to_resume"


def test_of_two_imports_at_once_one_stops(shop: Database, put: Callable[..., Path]) -> None:
    path = put(HEAD, *(line(f"A{n}") for n in range(4)))

    class Rival(intake.Listener):
        def taking(self, rows: int) -> None:
            if rows == 1:
                intake.run(shop, orders_job(path, batch=1))

    with pytest.raises(Refused) as refused:
        intake.run(shop, orders_job(path, batch=1), Rival())
    assert refused.value.code == "intake.run_overtaken"
    assert count(shop, "sales_order") == 4
    assert rows_of(shop, "select position, rows_taken from import_run") == [(4, 4)]


TABLES = ("import_run", "import_quarantine", "sales_order", "item", "claim", "event", "stock_move")


def test_a_dry_run_writes_nothing(shop: Database, put: Callable[..., Path]) -> None:
    before = [count(shop, t) for t in TABLES]
    report = intake.run(shop, orders_job(put(HEAD, *DIRTY), dry_run=True, make_items=True))
    assert [count(shop, t) for t in TABLES] == before
    assert (report.state, report.rows_in) == ("dry_run", 16)
    assert "unknown_item" not in report.quarantined_by_reason


def test_the_checkpoint_tells_the_state_of_the_file(
    shop: Database, put: Callable[..., Path]
) -> None:
    found = intake.run(shop, orders_job(put(HEAD, *DIRTY), dry_run=True)).checkpoint
    by_name = {c.field: c for c in found.columns}
    assert (found.rows, found.orders, found.format) == (16, 4, "csv")
    assert (by_name["email"].filled, by_name["price"].unreadable) == (15, 1)
    assert (by_name["item"].codes, by_name["item"].codes_known) == (6, 4)


@pytest.mark.parametrize(
    ("text", "told", "code"),
    [
        ((), {}, "intake.file_empty"),
        (("a,b", "1,2"), {}, "intake.columns_missing"),
        (
            (HEAD, line("A1")),
            {"mapping": intake.Mapping(channel="moon")},
            "catalog.channel_unknown",
        ),
        ((HEAD, line("A1")), {"mapping": intake.Mapping(zone="Mars")}, "intake.map_invalid"),
    ],
)
def test_a_refused_file_writes_nothing(
    shop: Database, put: Callable[..., Path], text: Sequence[str], told: Any, code: str
) -> None:
    before = [count(shop, t) for t in TABLES]
    with pytest.raises(Refused) as refused:
        intake.run(shop, orders_job(put(*text), **told))
    assert refused.value.code == code
    assert [count(shop, t) for t in TABLES] == before


def test_items_are_made_when_asked(shop: Database, put: Callable[..., Path]) -> None:
    path = put(HEAD, line("A1", "NEW-1", "1", "3.50"), line("A2", "no good@code"))
    report = intake.run(shop, orders_job(path, make_items=True))
    assert report.quarantined_by_reason == {"unknown_item": 1, "orders.short": 1}
    [made] = rows_of(shop, "select name, price_minor, currency from item where item = 'NEW-1'")
    assert made == ("NEW-1", 350, "USD")


def test_a_row_the_database_cannot_hold_does_not_stop_the_others(
    shop: Database, put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from everyshelf.edge.intake import take

    real = take.TAKERS[Kind.ORDERS]

    def picky(tx: Tx, units: Sequence[Unit], setup: Setup) -> Any:
        found = real(tx, units, setup)
        if any("A3" in u.rows[0].values.values() for u in units):
            tx.conn.execute("select 'x'::int")
        return found

    monkeypatch.setitem(take.TAKERS, Kind.ORDERS, picky)
    report = intake.run(shop, orders_job(put(HEAD, *(line(f"A{n}") for n in range(8)))))
    assert report.quarantined_by_reason == {"refused_by_database": 1}
    assert (report.rows_taken, count(shop, "sales_order")) == (7, 7)


def test_items_are_imported(db: Database, put: Callable[..., Path]) -> None:
    path = put(
        "SKU,Title,Price,Weight,Barcode,Handling,Active",
        "A-1,Lamp,12.50,900,4006381333931,fragile,yes",
        "A-2,Sofa,99.00,,,,no",
        "bad@code,X,1.00,,,,",
        ",Nameless,1.00,,,,",
        "A-3,Y,1.005,,,,",
        "A-4,Z,1.00,heavy,,,",
        "A-5,Z,1.00,1,4006381333931,,",
        "A-6,Z,1.00,1,,dangerous,maybe",
    )
    report = intake.run(db, intake.Job(Kind.ITEMS, path))
    assert report.quarantined_by_reason == {
        "input.invalid": 1, "missing_item": 1, "price_not_exact": 1, "number_unreadable": 1,
        "catalog.barcode_taken": 1, "value_unknown": 1,
    }  # fmt: skip
    found = rows_of(db, "select item, name, price_minor, weight_g, active from item order by item")
    assert found[:2] == [("A-1", "Lamp", 1250, 900, True), ("A-2", "Sofa", 9900, 500, False)]


def test_nodes_are_imported(db: Database, put: Callable[..., Path]) -> None:
    path = put(
        "storenum,OPENDATE,STREETADDR,STRCITY,STRSTATE,ZIPCODE,LAT,LON",
        "1,7/1/62,2110 W WALNUT,Rogers,AR,72756,36.342235,-94.07141",
        "2,10/31/05,1 MAIN,Reno,NV,1234,39.5,-119.8",
        "3,13/45/05,1 MAIN,Reno,NV,89501,39.5,-119.8",
        "4,1/1/05,1 MAIN,Reno,NV,89501,139.5,-119.8",
        "@5,1/1/05,1 MAIN,Reno,NV,89501,39.5,-119.8",
    )
    report = intake.run(db, intake.Job(Kind.NODES, path))
    assert report.quarantined_by_reason == {
        "date_unreadable": 1, "network.place_invalid": 1, "input.invalid": 1,
    }  # fmt: skip
    found = db.run(lambda tx: network.nodes(tx, ["1", "2"]))
    assert found["1"].zone == "America/Chicago"
    assert str(found["1"].opens_on) == "1962-07-01"
    assert (found["2"].postcode, found["2"].name) == ("01234", "Reno, NV")


def sellable(db: Database, item: str) -> int:
    told = rows_of(db, f"select sellable from stock_balance where item = '{item}' and node = 'DC1'")
    return int(told[0][0]) if told else 0


STOCK = (
    "Location,SKU,On Hand,Lot", "DC1,TEA-1,40,", "DC1,MUG-1,0,", "DC1,NOPE,5,", "MOON,TEA-1,5,",
    "DC1,SOCK-1,-1,", "DC1,TEA-1,41,", "DC1,MILK-1,5,", "DC1,MILK-1,7,L1", "DC1,BOOK-1,2.5,",
    "DC1,LAMP-1,99999999,",
)  # fmt: skip


def test_a_snapshot_of_stock_is_absolute(shop: Database, put: Callable[..., Path]) -> None:
    job = intake.Job(Kind.STOCK, put(*STOCK))
    report = intake.run(shop, job)
    assert report.quarantined_by_reason == {
        "unknown_item": 1, "unknown_node": 1, "qty_not_positive": 1, "duplicate_row": 1,
        "lot_or_serial_needed": 2, "qty_unreadable": 1, "qty_too_large": 1,
    }  # fmt: skip
    assert (sellable(shop, "TEA-1"), sellable(shop, "MUG-1")) == (40, 0)
    intake.run(shop, msgspec.structs.replace(job, again=True))
    assert sellable(shop, "TEA-1") == 40


def test_receipts_add_up_once(shop: Database, put: Callable[..., Path]) -> None:
    told = intake.Mapping(stock="receipt")
    job = intake.Job(Kind.STOCK, put(*STOCK), told)
    assert intake.run(shop, job).rows_taken == 3
    assert sellable(shop, "TEA-1") == 1_181
    again = intake.run(shop, msgspec.structs.replace(job, again=True))
    assert (again.rows_taken, again.quarantined_by_reason["already_taken"]) == (0, 3)
    assert sellable(shop, "TEA-1") == 1_181


def test_customers_are_imported(db: Database, put: Callable[..., Path]) -> None:
    path = put(
        "Customer ID,Name,Email,Phone",
        "17,Ada,ada@example.com,",
        ",Ada M,ADA@example.com,",
        ",Nobody,,",
        ",Bo,not-an-address,",
    )
    report = intake.run(db, intake.Job(Kind.CUSTOMERS, path))
    assert report.rows_taken == 2
    assert report.quarantined_by_reason["missing_identity"] == 1
    assert count(db, "customer") == 1


BACK = (
    line("A1", qty="5"), line("A2", qty="4"), line("R1", qty="-6"), line("R2", qty="-4"),
    line("R3", "MUG-1", "-1"), line("R4", qty="-1", price="1.00"), line("R1", qty="-6"),
)  # fmt: skip


def test_returns_are_matched_to_what_was_sold(shop: Database, put: Callable[..., Path]) -> None:
    path = put(HEAD, *BACK)
    assert intake.run(shop, orders_job(path)).quarantined_by_reason == {"return_row": 5}
    told = intake.Mapping(with_returns=True)
    report = intake.run(shop, orders_job(path, mapping=told, batch=3))
    assert report.quarantined_by_reason == {
        "already_taken": 2 + 1, "return_unmatched": 3,
    }  # fmt: skip
    found = rows_of(shop, "select sum(qty), sum(cancelled), sum(shipped) from order_line")
    assert found == [(9, 6, 0)]
    again = intake.run(shop, orders_job(path, mapping=told, again=True))
    assert again.rows_taken == 0
    assert rows_of(shop, "select sum(cancelled) from order_line") == [(6,)]


def test_shipped_units_are_expected_back(shop: Database, put: Callable[..., Path]) -> None:
    intake.run(shop, orders_job(put(HEAD, BACK[0])))
    [(order_id,)] = rows_of(shop, "select id from sales_order")
    sent = [(orders.OrderId(order_id), 1, 3)]
    assert shop.run(lambda tx: orders.mark_shipped(tx, sent)) == [True]
    told = intake.Mapping(with_returns=True)
    path = put(HEAD, line("R1", qty="-4"), line("R2", qty="-2"), line("R3", qty="-1"))
    report = intake.run(shop, orders_job(path, mapping=told))
    assert report.quarantined_by_reason == {"return_unmatched": 1}
    assert rows_of(shop, "select cancelled, shipped, returned from order_line") == [(2, 3, 0)]
    assert rows_of(shop, "select sum(qty) from rma_line") == [(3,)]
    more = intake.run(shop, orders_job(put(HEAD, line("R9", qty="-1"), name="b"), mapping=told))
    assert more.quarantined_by_reason == {"return_unmatched": 1}
