"""A page that is written while a story runs: what is done, heard and said, and the rows it left.

Ids differ from run to run, so they are shown by the order in which they appear: `ord_A`, `alc_B`.
It knows no story.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime
from string import ascii_uppercase
from typing import Any, Final, TypeVar

from everyshelf.base.results import Result
from everyshelf.base.sql import Statement, load
from everyshelf.base.tx import Database, Tx
from everyshelf.edge import worker
from everyshelf.journey import ROOMS

SQL = load("everyshelf.edge", "journey_doc.sql")
KINDS: Final = ("ord", "dec", "alc", "ful", "pkg", "shp", "rma", "rcp")
WIDTH: Final = 100
V = TypeVar("V")


class Page:
    """The page as it grows, and the database that it looks at."""

    def __init__(self, db: Database, now: datetime) -> None:
        self.db = db
        self.now = now
        self.text: list[str] = []
        self._names: dict[tuple[str, int], str] = {}
        self._told: dict[str, int] = {}

    def say(self, words: str, wrap: bool = True) -> None:
        """A paragraph, or a heading; `wrap` False keeps its lines."""
        self.text.append("\n".join(textwrap.wrap(words, WIDTH)) if wrap else words)

    def do(self, verb: Callable[[Tx, Sequence[Any]], list[Result[V]]], *commands: Any) -> list[V]:
        """A verb at the walk's time, before anybody hears of it."""
        found = self.db.run(lambda tx: verb(tx, commands), now=self.now, actor="walk")
        return [result.get() for result in found]

    def hear(self) -> None:
        """All rooms hear all that was said."""
        worker.drain(self.db, now=self.now)

    def told(self) -> None:
        """The events since the last time, room by room in the order of the journey."""
        rows = self.db.run(lambda tx: tx.tuples(SQL.told))
        counts = {kind.split(".", 1)[1].removesuffix(".v1"): n for kind, n in rows}
        new = {t: n - self._told.get(t, 0) for t, n in counts.items() if n > self._told.get(t, 0)}
        self._told = counts
        ordered = sorted(new, key=lambda t: (ROOMS.index(t.split(".")[0]), t))
        said = (f"`{t}`" + (f" ({new[t]} times)" if new[t] > 1 else "") for t in ordered)
        self.say("Told: " + ", ".join(said) + ".")

    def table(self, title: str, statement: Statement, **params: Any) -> None:
        """The rows of a statement under their column names."""
        found = self.db.run(lambda tx: _rows(tx, statement, params))
        names, rows = found
        heads = ["" if n in KINDS else n for n in names]
        lines = [heads, ["---"] * len(names)]
        lines += [[self._cell(n, v) for n, v in zip(names, row, strict=True)] for row in rows]
        drawn = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
        self.say(f"`{title}`\n\n{drawn}" if rows else f"`{title}`: no rows.", wrap=False)

    def _cell(self, name: str, value: object) -> str:
        if name in KINDS and isinstance(value, int):
            return self._symbol(name, value)
        if isinstance(value, datetime):
            return f"{value:%a %d %b %H:%M}"
        return "" if value is None else str(value)

    def _symbol(self, kind: str, value: int) -> str:
        if (kind, value) not in self._names:
            taken = sum(1 for k, _ in self._names if k == kind)
            self._names[kind, value] = f"{kind}_{ascii_uppercase[taken]}"
        return self._names[kind, value]


def _rows(tx: Tx, statement: Statement, params: dict[str, Any]) -> tuple[list[str], list[Any]]:
    cursor = tx.conn.execute(statement.text.encode(), params)
    assert cursor.description is not None
    return [column.name for column in cursor.description], cursor.fetchall()
