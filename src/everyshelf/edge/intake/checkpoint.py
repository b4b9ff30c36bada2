"""Looks at a whole file before anything is written: fill, readable and known-code rates.

Reads the file once and the database for the codes that it names; writes nothing. Memory is
bounded: which codes are known is remembered only for so many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from everyshelf import catalog, network
from everyshelf.base.tx import Database
from everyshelf.edge.intake.facts import Kind, Quarantined, Reason, Row, Unit
from everyshelf.edge.intake.mapping import Plan
from everyshelf.edge.intake.readers import Source
from everyshelf.edge.intake.report import Checkpoint, Column
from everyshelf.edge.intake.units import names_of, units

CHUNK: Final = 1_000
REMEMBERED: Final = 200_000
# Which fields hold codes that must exist before the row can be taken.
NAMED: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.ORDERS: ("item", "pickup_node"),
    Kind.STOCK: ("item", "node"),
    Kind.ITEMS: (),
    Kind.NODES: (),
    Kind.CUSTOMERS: (),
}


class Known:
    """Which codes of one sort exist; asks for each new one once while it can remember."""

    def __init__(self, ask: Callable[[list[str]], Collection[str]]) -> None:
        self.ask = ask
        self.said: dict[str, bool] = {}
        self.codes = 0
        self.known = 0

    def learn(self, codes: Iterable[str]) -> None:
        fresh = sorted({c for c in codes if c not in self.said})
        if not fresh:
            return
        if len(self.said) > REMEMBERED:
            self.said.clear()
        there = self.ask(fresh)
        self.said.update((code, code in there) for code in fresh)
        self.codes += len(fresh)
        self.known += len(there)


class Survey:
    """Counts over all units of a file."""

    def __init__(self, source: Source, plan: Plan, db: Database, make_items: bool) -> None:
        self.source, self.plan, self.make_items = source, plan, make_items
        self.filled: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.unreadable: Counter[str] = Counter()
        self.rows = self.orders = 0
        self.items = Known(lambda codes: db.run(lambda tx: catalog.items(tx, codes)))
        self.nodes = Known(lambda codes: db.run(lambda tx: network.nodes(tx, codes)))

    def add(self, chunk: Sequence[Unit]) -> None:
        named = [pair for unit in chunk for pair in names_of(unit)]
        self.items.learn(item for item, _ in named)
        self.nodes.learn(node for _, node in named if node)
        for unit in chunk:
            self._count(unit)

    def _count(self, unit: Unit) -> None:
        self.rows += len(unit.rows)
        for row in unit.rows:
            self.filled.update(name for name, value in row.values.items() if value.strip())
        if unit.reason is not None:
            self._set_aside(unit.reason)
            return
        unknown = list(self._unknown(unit))
        self.reasons.update(unknown)
        self.orders += len(unknown) < len(unit.rows)

    def _set_aside(self, found: Quarantined) -> None:
        self.reasons[str(found.reason)] += 1
        if found.reason.endswith(("_unreadable", "_not_exact", "_too_long")):
            self.unreadable[found.field] += 1

    def _unknown(self, unit: Unit) -> Iterator[str]:
        """The reason of each row that names what does not exist."""
        for item, node in names_of(unit):
            if not self.items.said.get(item, True) and not self.make_items:
                yield str(Reason.UNKNOWN_ITEM)
            elif node and not self.nodes.said.get(node, True):
                yield str(Reason.UNKNOWN_NODE)

    def result(self) -> Checkpoint:
        fields = {column: field for field, column in self.plan.columns.items()}
        return Checkpoint(
            self.rows,
            self.orders,
            self.rows - sum(self.reasons.values()),
            self.plan.date_format,
            self.source.encoding,
            self.source.format,
            [self._column(c, fields.get(c, "")) for c in self.source.columns],
            dict(self.reasons.most_common()),
        )

    def _column(self, column: str, field: str) -> Column:
        names = NAMED[self.plan.kind]
        known = self.items if field == "item" else self.nodes
        codes = (known.codes, known.known) if field in names else (None, None)
        return Column(column, field, self.filled[column], self.unreadable[field], *codes)


def survey(
    source: Source,
    plan: Plan,
    db: Database,
    make_items: bool,
    tell: Callable[[int], None],
) -> Checkpoint:
    """The checkpoint of a file; `tell` hears how many rows were seen."""
    found = Survey(source, plan, db, make_items)
    stream = units(source, plan)
    while chunk := list(islice(stream, CHUNK)):
        found.add(chunk)
        tell(found.rows)
    return found.result()


def row_text(row: Row) -> dict[str, str]:
    """A row as it is kept: jsonb has no character zero, so it is shown by its picture."""
    return {_shown(name): _shown(value) for name, value in row.values.items()}


def _shown(text: str) -> str:
    return text.replace("\0", "\u2400")
