"""The routes of insight: the exceptions desk, the figures, the audit of the books."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf import insight
from everyshelf.base.errors import INVALID
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Call, Face, Listing, Read, Verb, shown, view
from everyshelf.insight import CaseId, Finding, Handled, Kpi

SQL = load("everyshelf.edge.web", "lists.sql")

CaseView = view("CaseView", insight.Case, "part")
ONE = "/v1/exceptions/{case_id}"


class OneCase(msgspec.Struct, frozen=True):
    """Which case."""

    case_id: CaseId


class CaseQuery(msgspec.Struct, frozen=True):
    """Filters of cases."""

    state: str | None = None
    kind: str | None = None
    node: str | None = None


class CaseDetail(msgspec.Struct, frozen=True):
    """A case with what was written to it; the version is the case's."""

    case: CaseView  # type: ignore[valid-type]
    notes: list[insight.Note]
    version: int


class Period(msgspec.Struct, frozen=True):
    """Orders placed from `from_at` (included) to `to_at` (excluded)."""

    from_at: datetime
    to_at: datetime


class Audit(msgspec.Struct, frozen=True):
    """Run every check."""


class Audited(msgspec.Struct, frozen=True):
    """What the checks found; nothing is good."""

    findings: int
    found: list[Finding]


def _case(tx: Tx, query: OneCase) -> CaseDetail:
    case = declare.only(insight.get(tx, [query.case_id]), "case")
    return CaseDetail(shown(CaseView, case), insight.notes(tx, query.case_id), case.version)


def _kpis(tx: Tx, query: Period) -> list[Kpi]:
    if query.from_at >= query.to_at:
        raise INVALID("A period begins before it ends.")
    return insight.kpis(tx, query.from_at, query.to_at)


def _audit(tx: Tx, asked: Audit) -> Audited:
    """On one snapshot, so that work going on beside it is no finding."""
    tx.conn.execute("set transaction isolation level repeatable read read only")
    found = insight.audit(tx)
    return Audited(len(found), found)


FACE = Face(
    "insight",
    "What a person has to look at, how well it goes, whether the books are right.",
    (
        Listing("/v1/exceptions", SQL.list_cases, CaseView, CaseQuery, "List cases"),
        Read(ONE, _case, OneCase, CaseDetail, "Get a case with its notes"),
        Read("/v1/kpis", _kpis, Period, list[Kpi], "The figures of a period"),
        Call("/v1/audit", _audit, Audit, Audited, "Run every check of the books"),
        Verb(
            "POST", f"{ONE}/assign", insight.assign, insight.Assign, Handled,
            "Give a case to a person",
        ),
        Verb(
            "POST", f"{ONE}/resolve", insight.resolve, insight.Resolve, Handled, "Close a case"
        ),
        Verb(
            "POST", f"{ONE}/notes", insight.annotate, insight.Annotate, Handled,
            "Write something to a case",
        ),
    ),
)  # fmt: skip
