"""What an import says: the state of the file before it, and what became of every row after it.

Plain data; how it looks on a terminal is the command's.
"""

from __future__ import annotations

import msgspec

from everyshelf.edge.intake.facts import Kind


class Column(msgspec.Struct, frozen=True):
    """One column: how many rows fill it, how many of those could not be read, and, where it names
    items or nodes, how many of its codes are known."""

    column: str
    field: str
    filled: int
    unreadable: int
    codes: int | None = None
    codes_known: int | None = None


class Checkpoint(msgspec.Struct, frozen=True):
    """The file as a whole, seen before anything is written. `reasons` are those that the rows give
    by themselves or by unknown codes; rooms may refuse more."""

    rows: int
    orders: int
    rows_good: int
    date_format: str
    encoding: str
    format: str
    columns: list[Column]
    reasons: dict[str, int]


class Report(msgspec.Struct, frozen=True):
    """What this call did. `rows_before`: rows that an earlier call had settled already.

    rows_in = rows_taken + rows_quarantined; a dry run counts what would happen.
    """

    kind: Kind
    file: str
    source: str
    run_id: str | None
    state: str
    rows_before: int
    rows_in: int
    rows_taken: int
    rows_quarantined: int
    quarantined_by_reason: dict[str, int]
    records_taken: int
    seconds: float
    checkpoint: Checkpoint

    def __post_init__(self) -> None:
        assert self.rows_in == self.rows_taken + self.rows_quarantined, "a row was lost"
        assert self.rows_quarantined == sum(self.quarantined_by_reason.values())
