"""What stays the same through one import: its plan, its source, and the keys of its commands."""

from __future__ import annotations

import msgspec

from everyshelf.base.ids import Id
from everyshelf.edge.intake.facts import Row
from everyshelf.edge.intake.mapping import Plan


class RunId(Id):
    """One import of one file."""

    prefix = "imp"


class Setup(msgspec.Struct, frozen=True):
    """An import under way."""

    run_id: RunId
    source: str
    digest: str
    plan: Plan
    currency: str
    make_items: bool = False

    def run_key(self, row: Row) -> str:
        """The key of what a row states: stating it again in a later import must have effect."""
        return f"import:{self.source}:{self.run_id}:{row.number}"

    def file_key(self, number: int) -> str:
        """The key of what a row does: the same row of the same file must not do it twice."""
        return f"import:{self.source}:{self.digest[:16]}:{number}"

    def record_key(self, record: str) -> str:
        """The key of a record that the source itself has named, whatever file it comes in."""
        return f"import:{self.source}:{record}"
