"""Lines and CSV records of a text file, bounded: neither a line nor a record may fill the memory.

What is longer than the limit comes out as a broken record with its beginning, and reading goes
on behind it. Decides which encoding a file has: UTF-8 when all of it is, else Windows Latin-1.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LONGEST_LINE: Final = 32 << 20
CHUNK: Final = 1 << 20
LATIN: Final = "everyshelf-latin"

csv.field_size_limit(LONGEST_LINE)


def _latin_fallback(error: UnicodeError) -> tuple[str, int]:
    """Windows-1252 leaves five bytes undefined; Latin-1 has a character for each."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(LATIN, _latin_fallback)


def encoding_of(path: Path) -> str:
    """`utf-8`, `utf-16` (by its mark) or `cp1252`; reads the whole file once, chunk by chunk."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        chunk = file.read(CHUNK)
        if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def lines(path: Path, encoding: str, limit: int = LONGEST_LINE) -> Iterator[str]:
    """The lines with their ends; of a line beyond the limit only its beginning."""
    name = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    with path.open(encoding=name, errors=LATIN, newline="") as file:
        while line := file.readline(limit):
            yield line
            while len(line) == limit and not line.endswith("\n"):
                line = file.readline(limit)


def records(
    path: Path, encoding: str, delimiter: str, limit: int = LONGEST_LINE
) -> Iterator[tuple[list[str], str | None]]:
    """The cells of each record; with the text itself when it is none (an unclosed quote)."""
    taken: list[str] = []

    def noted() -> Iterator[str]:
        for line in lines(path, encoding, limit):
            taken.append(line)
            yield line

    reader = csv.reader(noted(), delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield [], "".join(taken)[:limit]
        else:
            yield cells, None
        taken.clear()
