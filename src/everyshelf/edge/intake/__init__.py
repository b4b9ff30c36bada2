"""intake: files of other systems become commands of the rooms.

Reads CSV, JSON lines and Parquet as a stream, translates each row by a pure function, and gives
what it took and what it set aside; no row is dropped. Decides no rule of a room.
"""

from everyshelf.edge.intake.engine import Job, Listener, run
from everyshelf.edge.intake.facts import REASONS, Kind, Quarantined, Reason, Row
from everyshelf.edge.intake.mapping import Mapping, load
from everyshelf.edge.intake.report import Checkpoint, Column, Report
from everyshelf.edge.intake.translate_orders import (
    RawLine,
    Return,
    Rules,
    Sale,
    classify,
    read_lines,
)

__all__ = [
    "REASONS",
    "Checkpoint",
    "Column",
    "Job",
    "Kind",
    "Listener",
    "Mapping",
    "Quarantined",
    "RawLine",
    "Reason",
    "Report",
    "Return",
    "Row",
    "Rules",
    "Sale",
    "classify",
    "load",
    "read_lines",
    "run",
]
