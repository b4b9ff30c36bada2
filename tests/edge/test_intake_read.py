"""Reading files of other systems: formats, encodings, broken rows, and what an order line is."""

from __future__ import annotations

import csv
import itertools
import json
import tracemalloc
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from everyshelf.base.errors import Refused
from everyshelf.edge import intake
from everyshelf.edge.intake import lines as text_lines
from everyshelf.edge.intake import parse
from everyshelf.edge.intake.facts import REASONS, Bad, Kind, Reason, Row, Unit
from everyshelf.edge.intake.group import MAX_LINES, OrderDraft, invoices
from everyshelf.edge.intake.mapping import Mapping, guess
from everyshelf.edge.intake.planning import plan_for
from everyshelf.edge.intake.readers import digest, open_source, rows

HEAD = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
LINE = "489434,85048,XMAS BALL,12,2009-12-01 07:45:00,6.95,13085.0,United Kingdom"
AT = datetime(2009, 12, 1, 7, 45, tzinfo=UTC)


def write(folder: Path, *lines: str, name: str = "in.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes("\r\n".join([*lines, ""]).encode(encoding))
    return path


def code_of(path: Path, mapping: Mapping | None = None) -> str:
    with pytest.raises(Refused) as refused:
        list(intake.read_lines(path, mapping))
    return refused.value.code


def raw(**more: object) -> intake.RawLine:
    told: dict[str, object] = {
        "row": 1, "invoice": "489434", "item": "85048", "description": "XMAS BALL", "qty": 12,
        "at": AT, "price_minor": 695, "customer": "13085", "country": "United Kingdom",
    }  # fmt: skip
    return intake.RawLine(**(told | more))  # type: ignore[arg-type]


def test_a_line_is_read_exactly(tmp_path: Path) -> None:
    [line] = intake.read_lines(write(tmp_path, HEAD, LINE))
    assert line == raw()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_delimiters_and_encodings_are_told_from_the_file(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    text = [x.replace(",", delimiter) for x in (HEAD, LINE.replace("XMAS BALL", "CAFÉ Ø"))]
    [line] = intake.read_lines(write(tmp_path, *text, encoding=encoding))
    assert isinstance(line, intake.RawLine)
    assert (line.description, line.price_minor) == ("CAFÉ Ø", 695)


def test_the_five_bytes_that_windows_leaves_undefined_are_read(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(f"{HEAD}\n{LINE}\n".encode().replace(b"XMAS", b"\x81\xe9"))
    [line] = intake.read_lines(path)
    assert isinstance(line, intake.RawLine)
    assert line.description == "\x81é BALL"


def test_all_formats_give_the_same_lines(tmp_path: Path) -> None:
    header, cells = HEAD.split(","), LINE.split(",")
    told = dict(zip(header, cells, strict=True)) | {"Quantity": 12, "Price": 6.95}
    jsonl = tmp_path / "in.jsonl"
    jsonl.write_text(json.dumps(told) + "\n\n" + json.dumps(told) + "\n")
    parquet = tmp_path / "in.parquet"
    columns = {name: [told[name]] * 2 for name in header} | {"Customer ID": [13085.0, None]}
    pq.write_table(pa.table(columns), parquet)
    plain = list(intake.read_lines(write(tmp_path, HEAD, LINE, LINE)))
    assert list(intake.read_lines(jsonl)) == plain
    first, second = intake.read_lines(parquet)
    assert first == plain[0]
    assert isinstance(second, intake.RawLine)
    assert second.customer == ""


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"Invoice": " "}, "invoice", "missing_invoice"),
        ({"StockCode": ""}, "item", "missing_item"),
        ({"Quantity": ""}, "qty", "missing_qty"),
        ({"Price": ""}, "price", "missing_price"),
        ({"InvoiceDate": ""}, "at", "missing_at"),
        ({"Quantity": "many"}, "qty", "qty_unreadable"),
        ({"Quantity": "1.5"}, "qty", "qty_unreadable"),
        ({"Quantity": "1_0"}, "qty", "qty_unreadable"),
        ({"Quantity": "9" * 5000}, "qty", "text_too_long"),
        ({"Price": "6.955"}, "price", "price_not_exact"),
        ({"Price": "six"}, "price", "price_unreadable"),
        ({"Price": "NaN"}, "price", "price_unreadable"),
        ({"Price": "1e999"}, "price", "price_unreadable"),
        ({"Price": "=1+1"}, "price", "price_unreadable"),
        ({"InvoiceDate": "2009-02-30"}, "at", "date_unreadable"),
        ({"InvoiceDate": "yesterday"}, "at", "date_unreadable"),
        ({"Description": "x" * 2_001}, "description", "text_too_long"),
        ({"Description": "a\0b"}, "description", "text_unreadable"),
    ],
)
def test_a_cell_that_cannot_be_understood_is_named(
    tmp_path: Path, change: dict[str, str], field: str, reason: str
) -> None:
    cells = dict(zip(HEAD.split(","), LINE.split(","), strict=True)) | change
    path = write(tmp_path, HEAD, LINE, ",".join(cells.values()), LINE)
    good, bad, after = intake.read_lines(path)
    assert bad == intake.Quarantined(2, field, reason)
    assert isinstance(good, intake.RawLine)
    assert isinstance(after, intake.RawLine)
    assert after.row == 3


def test_a_row_with_too_many_cells_keeps_them(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD, LINE + ",oops", LINE + ",,")
    first, second = rows(open_source(path))
    assert first.bad == Reason.TOO_MANY_CELLS
    assert "oops" in first.values.values()
    assert second.bad == ""


def test_broken_json_is_a_row_and_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    deep = "[" * 100_000
    half = '{"a": "\\ud800"}'
    path.write_text(
        "\n".join(['{"a": "1"}', "{broken", "[1]", deep, half, '{"a": "\\ud83d\\ude00"}'])
    )
    found = list(rows(open_source(path)))
    assert [r.bad for r in found] == ["", *["row_unreadable"] * 3, "text_unreadable", ""]
    assert found[1].values == {"_unreadable": "{broken"}
    assert found[5].values == {"a": "\U0001f600"}


def test_a_line_of_ten_megabytes_is_one_row(tmp_path: Path) -> None:
    long = LINE.replace("XMAS BALL", "x" * 10_000_000)
    first, second, third = intake.read_lines(write(tmp_path, HEAD, LINE, long, LINE))
    assert isinstance(first, intake.RawLine)
    assert second == intake.Quarantined(2, "description", Reason.TEXT_TOO_LONG)
    assert isinstance(third, intake.RawLine)


def test_neither_an_endless_line_nor_an_unclosed_quote_fills_the_memory(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b", "1," + "x" * 5_000, "2,y")
    read = list(text_lines.lines(path, "utf-8", limit=1_000))
    assert [len(x) for x in read] == [5, 1_000, 5]
    before = csv.field_size_limit(1_000)
    try:
        path = write(tmp_path, "a,b", '1,"open', *["more"] * 400, "2,y")
        found = list(text_lines.records(path, "utf-8", ",", limit=1_000))
    finally:
        csv.field_size_limit(before)
    assert found[0] == (["a", "b"], None)
    assert found[1][1] is not None
    assert found[1][1].startswith('1,"open')
    assert found[-1] == (["2", "y"], None)


def test_cells_over_several_lines_are_one_row(tmp_path: Path) -> None:
    text = LINE.replace("XMAS BALL", '"XMAS\nBALL, ""RED"""')
    [line] = intake.read_lines(write(tmp_path, HEAD, text))
    assert isinstance(line, intake.RawLine)
    assert line.description == 'XMAS\nBALL, "RED"'


def test_formula_cells_stay_text(tmp_path: Path) -> None:
    text = LINE.replace("XMAS BALL", '"=HYPERLINK(""http://x"")"')
    [line] = intake.read_lines(write(tmp_path, HEAD, text))
    assert isinstance(line, intake.RawLine)
    assert line.description == '=HYPERLINK("http://x")'


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"\xef\xbb\xbf \r\n")
    broken = tmp_path / "broken"
    broken.write_bytes(b"PAR1" + b"\0" * 50)
    sheet = tmp_path / "sheet.csv"
    sheet.write_bytes(b"PK\x03\x04" + b"\0" * 50)
    mark = tmp_path / "mark.csv"
    mark.write_bytes(b"\xff\xfe\n\0\n\0")
    assert code_of(sheet) == "intake.file_unreadable"
    assert code_of(mark) == "intake.file_empty"
    assert code_of(empty) == "intake.file_empty"
    assert code_of(broken) == "intake.file_unreadable"
    assert code_of(tmp_path / "absent") == "intake.file_missing"
    assert code_of(tmp_path) == "intake.file_missing"
    lacking = write(tmp_path, "Invoice,StockCode", "1,2")
    assert code_of(lacking) == "intake.columns_missing"


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert list(intake.read_lines(write(tmp_path, HEAD))) == []


def test_a_mapping_names_columns_constants_and_settings(tmp_path: Path) -> None:
    told = tmp_path / "map.toml"
    told.write_text(
        'decimal = ","\ndate_format = "%d.%m.%Y"\nzone = "Europe/Berlin"\n'
        '[columns]\ninvoice = "Beleg"\nitem = "Artikel"\nqty = "Menge"\nat = "Tag"\n'
        'price = "Preis"\n[constants]\ncountry = "Germany"\n'
    )
    path = write(tmp_path, "Beleg;Artikel;Menge;Tag;Preis", "R1;tee;1.000;03.04.2025;1.234,50")
    [line] = intake.read_lines(path, intake.load(told))
    at = datetime(2025, 4, 2, 22, tzinfo=UTC)
    assert line == intake.RawLine(1, "R1", "tee", "tee", 1000, at, 123450, "", "Germany")


@pytest.mark.parametrize(
    "text",
    ['{"colums": {}}', '{"columns": {"colour": "x"}}', '{"columns": {"item": "absent"}}',
     '{"not_products": "("}', '{"zone": "Mars"}', '{"encoding": "morse"}', '{"short": "x"}', "{"],
)  # fmt: skip
def test_a_mapping_that_is_of_no_use_is_refused(tmp_path: Path, text: str) -> None:
    told = tmp_path / "map.json"
    told.write_text(text)
    with pytest.raises(Refused) as refused:
        list(intake.read_lines(write(tmp_path, HEAD, LINE), intake.load(told)))
    assert refused.value.code == "intake.map_invalid"


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["12/1/2009 8:26", "12/13/2009 8:26"], "%m/%d/%Y %H:%M"),
        (["1/12/2009 8:26", "13/12/2009 8:26"], "%d/%m/%Y %H:%M"),
        (["7/1/62", "8/31/64"], "%m/%d/%y"),
        (["2009-12-01T07:45:00Z", ""], parse.ISO),
    ],
)
def test_dates_have_one_form_in_a_file(values: list[str], form: str) -> None:
    assert parse.date_form(values) == form


def test_money_and_days_are_exact() -> None:
    assert parse.minor("0.29", "price") == 29
    assert parse.minor("500", "price", 0) == 500
    assert parse.minor("1.234", "price", 3) == 1234
    assert parse.day("7/1/62", "opens_on", "%m/%d/%y", date(2026, 1, 1)) == date(1962, 7, 1)
    assert parse.day("7/1/28", "closes_on", "%m/%d/%y", date(2026, 1, 1)) == date(2028, 7, 1)
    with pytest.raises(Bad):
        parse.minor("0.001", "price")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"item": "POST"}, "not_a_product"),
        ({"item": "m"}, "not_a_product"),
        ({"item": "BANK CHARGES", "qty": -1}, "not_a_product"),
        ({"item": "gift_0001_30"}, "not_a_product"),
        ({"item": "TEST001"}, "not_a_product"),
        ({"description": "", "price_minor": 0}, "adjustment"),
        ({"description": "damaged", "price_minor": 0, "qty": -5}, "adjustment"),
        ({"price_minor": 0}, "price_not_positive"),
        ({"price_minor": -100}, "price_not_positive"),
        ({"qty": 0}, "qty_not_positive"),
        ({"qty": 1_000_001}, "qty_too_large"),
        ({"qty": 10**6, "price_minor": 10**12}, "price_too_large"),
        ({"invoice": "C489434"}, "return_qty_positive"),
    ],
)
def test_what_is_no_sale_has_a_reason(more: dict[str, object], reason: str) -> None:
    found = intake.classify(raw(**more))
    assert isinstance(found, intake.Quarantined)
    assert found.reason == reason


def test_sales_and_returns_are_told_apart() -> None:
    assert type(intake.classify(raw())) is intake.Sale
    assert type(intake.classify(raw(item="DCGS0058"))) is intake.Sale
    back = intake.classify(raw(invoice="C489435", qty=-3))
    assert isinstance(back, intake.Return)
    assert (back.qty, back.price_minor) == (3, 695)
    assert type(intake.classify(raw(qty=-1))) is intake.Return


def test_other_retailers_have_other_rules() -> None:
    none = intake.Rules("", "")
    assert type(intake.classify(raw(item="M", invoice="C1"), none)) is intake.Sale


def grouped(path: Path, window: int = 2_000, mapping: Mapping | None = None) -> list[Unit]:
    source = open_source(path)
    plan = plan_for(source, Kind.ORDERS, mapping or Mapping(), date(2026, 1, 1))
    return list(invoices(rows(source), plan, window))


def line(invoice: int, item: int = 1, customer: str = "7") -> str:
    return f"{invoice},{item},TOY,1,2009-12-01 07:45:00,1.00,{customer},France"


def test_lines_come_together_by_invoice_within_the_window(tmp_path: Path) -> None:
    text = [line(1), line(2), line(1, 2), *(line(n) for n in range(3, 8)), line(1, 3)]
    found = grouped(write(tmp_path, HEAD, *text), window=4)
    sizes = [(u.draft.invoice, len(u.rows)) for u in found if isinstance(u.draft, OrderDraft)]
    assert sizes[:2] == [("2", 1), ("1", 2)]
    assert sizes[-1] == ("1", 1)
    assert sum(n for _, n in sizes) == len(text)


def test_rows_that_cannot_belong_to_their_invoice_are_set_aside(tmp_path: Path) -> None:
    text = [line(1), line(1), line(1, 2, "8"), line(1, 2)]
    found = grouped(write(tmp_path, HEAD, *text))
    assert [u.reason and u.reason.reason for u in found] == ["duplicate_row", "invoice_mixed", None]
    kept = grouped(write(tmp_path, HEAD, *text), mapping=Mapping(duplicates="keep"))
    assert [len(u.rows) for u in kept] == [1, 3]


def test_an_order_beyond_the_limit_is_set_aside_whole(tmp_path: Path) -> None:
    text = [line(1, n) for n in range(MAX_LINES + 5)] + [line(2)]
    found = grouped(write(tmp_path, HEAD, *text))
    reasons = Counter(u.reason.reason for u in found if u.reason is not None)
    assert reasons == {Reason.TOO_MANY_LINES: MAX_LINES + 5}
    assert [len(u.rows) for u in found if u.draft is not None] == [1]


def test_usual_names_are_guessed() -> None:
    stores = ["storenum", "OPENDATE", "STREETADDR", "STRCITY", "STRSTATE", "ZIPCODE", "LAT", "LON"]
    assert guess(Kind.NODES, stores) == {
        "node": "storenum", "opens_on": "OPENDATE", "street": "STREETADDR", "city": "STRCITY",
        "region": "STRSTATE", "postcode": "ZIPCODE", "lat": "LAT", "lon": "LON",
    }  # fmt: skip
    assert guess(Kind.STOCK, ["Location", "SKU", "On hand"]) == {
        "node": "Location", "item": "SKU", "qty": "On hand",
    }  # fmt: skip


def test_every_reason_is_documented() -> None:
    assert set(REASONS) == set(Reason)


def test_reading_is_a_stream(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD, *itertools.repeat(LINE, 3))
    found = rows(open_source(path))
    assert isinstance(next(found), Row)
    assert len(digest(path)) == 32


def peak(path: Path) -> int:
    """The most memory, in bytes, that sorting all rows of a file into units ever held."""
    source = open_source(path)
    plan = plan_for(source, Kind.ORDERS, Mapping(), date(2026, 1, 1))
    tracemalloc.start()
    try:
        for _ in invoices(rows(source), plan, window=200):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    short = write(tmp_path, HEAD, *(line(n // 3, n) for n in range(4_000)), name="short")
    long = write(tmp_path, HEAD, *(line(n // 3, n) for n in range(24_000)), name="long")
    assert long.stat().st_size > 5 * short.stat().st_size
    assert peak(long) < 1.3 * peak(short)
