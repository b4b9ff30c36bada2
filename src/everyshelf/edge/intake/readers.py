"""Rows of text from CSV, JSON lines and Parquet, in memory that does not grow with the file.

The format is told by the file's content, not its name. A row that is broken is still a row: it
comes out as `bad` with whatever of it could be read. Knows no field and no kind.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from everyshelf.edge.intake.facts import (
    FILE_EMPTY,
    FILE_MISSING,
    FILE_UNREADABLE,
    Reason,
    Row,
)
from everyshelf.edge.intake.lines import encoding_of, lines, records

PARQUET_ROWS: Final = 8_192
SNIFFED_ROWS: Final = 1_000
MAGIC: Final = b"PAR1"
OTHERS: Final = (b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"%PDF")
UNREADABLE: Final = "_unreadable"
EXTRA: Final = "_more_{n}"


class Format(StrEnum):
    """How a file holds its rows."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class Source(msgspec.Struct, frozen=True):
    """A file as it can be read: its format, how its text is written, and its columns."""

    path: Path
    format: Format
    columns: tuple[str, ...]
    encoding: str = "utf-8"
    delimiter: str = ","


def digest(path: Path) -> bytes:
    """SHA-256 of the file's bytes."""
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").digest()


def open_source(path: Path, encoding: str | None = None) -> Source:
    """Looks at the file. Refused: intake.file_missing, .file_empty, .file_unreadable."""
    with _opened(path) as file:
        head = file.read(4096)
    if not head.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise FILE_EMPTY(f"{path.name} holds nothing.")
    if head.startswith(OTHERS):
        raise FILE_UNREADABLE(f"{path.name} is a spreadsheet or an archive; save it as CSV.")
    if head.startswith(MAGIC):
        return Source(path, Format.PARQUET, _parquet_columns(path))
    written = encoding or encoding_of(path)
    first = next((text for text in lines(path, written) if text.strip()), None)
    if first is None:
        raise FILE_EMPTY(f"{path.name} holds nothing.")
    if first.lstrip().startswith("{"):
        return Source(path, Format.JSONL, _json_columns(path, written), written)
    delimiter = _delimiter(first)
    header, broken = next(r for r in records(path, written, delimiter) if r[0] or r[1])
    if broken is not None:
        raise FILE_UNREADABLE(f"The header of {path.name} has no end.")
    return Source(path, Format.CSV, _distinct(header), written, delimiter)


def rows(source: Source) -> Iterator[Row]:
    """All rows in the order of the file."""
    read = {Format.CSV: _csv_rows, Format.JSONL: _json_rows, Format.PARQUET: _parquet_rows}
    return read[source.format](source)


def _opened(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise FILE_MISSING(f"{path}: {error.strerror}") from None


def _delimiter(header: str) -> str:
    """The separator that cuts the header into most names; quoted names count once."""
    return max(",;\t|", key=lambda d: _width(header, d))


def _width(header: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([header], delimiter=delimiter), []))
    except csv.Error:
        return 0


def _distinct(header: list[str]) -> tuple[str, ...]:
    """Column names without blanks around them; a repeated one gets its number."""
    found: list[str] = []
    for n, cell in enumerate(header, 1):
        name = cell.strip() or f"column_{n}"
        found.append(name if name not in found else f"{name}_{n}")
    return tuple(found)


def _csv_rows(source: Source) -> Iterator[Row]:
    stream = records(source.path, source.encoding, source.delimiter)
    filled = (record for record in stream if record[0] or record[1])
    next(filled)  # The header.
    names, width = source.columns, len(source.columns)
    for number, (cells, broken) in enumerate(filled, 1):
        if broken is not None:
            yield Row(number, {UNREADABLE: broken}, Reason.ROW_UNREADABLE)
        elif len(cells) > width and any(cells[width:]):
            more = {EXTRA.format(n=n): c for n, c in enumerate(cells[width:], 1)}
            yield Row(number, dict(zip(names, cells, strict=False)) | more, Reason.TOO_MANY_CELLS)
        else:
            yield Row(number, dict(zip(names, cells, strict=False)))


def _json_rows(source: Source) -> Iterator[Row]:
    number = 0
    for line in lines(source.path, source.encoding):
        if line.strip():
            number += 1
            yield _json_row(number, line)


def _json_row(number: int, line: str) -> Row:
    """Numbers stay as they are written, so that no price passes through a binary fraction."""
    try:
        found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return Row(number, {UNREADABLE: line.rstrip("\r\n")}, Reason.ROW_UNREADABLE)
    values = {name: _said(value) for name, value in found.items()}
    if "\\ud" in line.lower():
        clean = {_whole(name): _whole(value) for name, value in values.items()}
        return Row(number, clean, "" if clean == values else Reason.TEXT_UNREADABLE)
    return Row(number, values)


def _whole(text: str) -> str:
    """JSON can name half a character (a lone surrogate), which is no text."""
    return text.encode("utf-8", "replace").decode()


def _said(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False)


def _json_columns(path: Path, encoding: str) -> tuple[str, ...]:
    """The names in the first rows, in order of appearance."""
    source = Source(path, Format.JSONL, (), encoding)
    names: dict[str, None] = {}
    for row in _json_rows(source):
        if not row.bad:
            names.update(dict.fromkeys(row.values))
        if row.number >= SNIFFED_ROWS:
            break
    return tuple(names)


def _parquet(path: Path) -> Any:
    """Column chunks are read in pages, not whole: a row group may be as large as the file."""
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
    except (ArrowException, OSError) as error:
        raise FILE_UNREADABLE(f"{path.name} is no sound Parquet file: {error}") from None


def _parquet_columns(path: Path) -> tuple[str, ...]:
    with _parquet(path) as file:
        return tuple(file.schema_arrow.names)


def _parquet_rows(source: Source) -> Iterator[Row]:
    from pyarrow import ArrowException

    number = 0
    try:
        with _parquet(source.path) as file:
            for batch in file.iter_batches(PARQUET_ROWS, use_threads=False):
                cells = [[_cell(v) for v in column.to_pylist()] for column in batch.columns]
                for values in zip(*cells, strict=True):
                    number += 1
                    yield Row(number, dict(zip(source.columns, values, strict=True)))
    except (ArrowException, OSError) as error:
        words = f"{source.path.name} breaks off after row {number}: {error}"
        raise FILE_UNREADABLE(words) from None


def _cell(value: object) -> str:
    """A value as text: a float in its shortest exact form, NaN as empty."""
    if isinstance(value, str):
        return value
    if value is None or value != value:  # NaN is the only value that is not itself.
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
