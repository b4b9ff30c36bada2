"""insight: what goes wrong, how well it goes, and whether the books are right.

Owns exception_case, exception_note and the views order_fact and fulfillment_cost. Hears troubles of
stock, sourcing, fulfillment, transport, pickup, payment, returns and planning, and what heals them.
Emits insight.case.opened, .assigned, .resolved. Never repairs anything and stores no figure.
"""

from everyshelf.insight.audit import Finding, audit, audit_database, checks
from everyshelf.insight.desk import (
    annotate,
    assign,
    close_now,
    get,
    notes,
    of_order,
    open_now,
    resolve,
    work_list,
)
from everyshelf.insight.events import CaseAssigned, CaseOpened, CaseResolved
from everyshelf.insight.facts import (
    Annotate,
    Assign,
    Case,
    CaseId,
    CaseKind,
    CaseState,
    Handled,
    Note,
    NoteId,
    Resolve,
    Trouble,
)
from everyshelf.insight.kpis import KPIS, Definition, Kpi, kpis
from everyshelf.insight.sweep import sweep

__all__ = [
    "KPIS",
    "Annotate",
    "Assign",
    "Case",
    "CaseAssigned",
    "CaseId",
    "CaseKind",
    "CaseOpened",
    "CaseResolved",
    "CaseState",
    "Definition",
    "Finding",
    "Handled",
    "Kpi",
    "Note",
    "NoteId",
    "Resolve",
    "Trouble",
    "annotate",
    "assign",
    "audit",
    "audit_database",
    "checks",
    "close_now",
    "get",
    "kpis",
    "notes",
    "of_order",
    "open_now",
    "resolve",
    "sweep",
    "work_list",
]
