"""The plan for one file: its columns, and the one form in which its dates are written.

Reads the first rows of the file, to see their dates; decides nothing per row.
"""

from __future__ import annotations

from datetime import date
from itertools import islice
from typing import Final

from everyshelf.edge.intake import parse
from everyshelf.edge.intake.facts import Kind
from everyshelf.edge.intake.mapping import Mapping, Plan, columns_of, plan
from everyshelf.edge.intake.readers import SNIFFED_ROWS, Source, rows

DATES: Final = {
    Kind.ORDERS: ("at",),
    Kind.NODES: ("opens_on", "closes_on"),
    Kind.STOCK: ("expires_on",),
    Kind.ITEMS: (),
    Kind.CUSTOMERS: (),
}


def plan_for(source: Source, kind: Kind, mapping: Mapping, today: date) -> Plan:
    """Refused: intake.columns_missing, intake.map_invalid."""
    found = columns_of(kind, source.columns, mapping)
    dated = [found[f] for f in DATES[kind] if f in found]
    form = mapping.date_format or _form(source, dated)
    return plan(kind, source.columns, mapping, form, today)


def _form(source: Source, columns: list[str]) -> str:
    if not columns:
        return parse.ISO
    first = islice(rows(source), SNIFFED_ROWS)
    return parse.date_form(row.values.get(c, "") for row in first for c in columns)
