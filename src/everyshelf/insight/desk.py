"""The exceptions desk: troubles become cases, people take them, causes that vanish close them.

Of one kind and subject at most one case is open, whatever is heard how often. Nothing here repairs
anything: the desk says who looks, and until when.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from everyshelf.base import claims, ids, outbox
from everyshelf.base.errors import STALE, Refused
from everyshelf.base.ids import part_of
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.insight.events import CaseAssigned, CaseOpened, CaseResolved
from everyshelf.insight.facts import (
    RESOLVED,
    RULES,
    UNKNOWN,
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
    due,
)
from everyshelf.orders import OrderId

SQL = load("everyshelf.insight")


def open_now(tx: Tx, troubles: Sequence[Trouble]) -> list[CaseId]:
    """Opens a case for each trouble that has none; the ids of the new ones."""
    once = {(t.kind, t.subject): t for t in troubles}
    if not once:
        return []
    names = (
        "parts", "ids", "kinds", "subjects", "order_ids", "nodes", "details", "severities", "dues",
    )  # fmt: skip
    rows = (
        (t.part, ids.new(CaseId), t.kind, t.subject, t.order_id, t.node, t.detail[:2000],
         RULES[t.kind].severity, due(t.kind, tx.now))
        for _, t in sorted(once.items())
    )  # fmt: skip
    made = tx.all(SQL.open_cases, Case, now=tx.now, **table(names, rows))
    outbox.emit(tx, [_opened(case) for case in made])
    return [case.id for case in made]


def close_now(tx: Tx, gone: Sequence[tuple[CaseKind, str]], resolution: str) -> int:
    """Resolves what is open of these (kind, subject), because the cause is gone; how many."""
    if not gone:
        return 0
    rows = ((part_of(subject), kind, subject) for kind, subject in sorted(set(gone)))
    names = ("parts", "kinds", "subjects")
    closed = tx.all(SQL.close_cases, Case, now=tx.now, resolution=resolution, **table(names, rows))
    outbox.emit(tx, [_resolved(case) for case in closed])
    return len(closed)


def assign(tx: Tx, commands: Sequence[Assign]) -> list[Result[Handled]]:
    """Refused: insight.case_unknown, insight.case_resolved, version.stale."""
    return claims.once(tx, "insight.assign", commands, _assign, Handled)


def _assign(tx: Tx, commands: list[Assign]) -> list[Result[Handled]]:
    def turn(c: Assign, case: Case) -> tuple[CaseState, str, str]:
        return (CaseState.ASSIGNED if c.owner else CaseState.OPEN), c.owner, ""

    done = _turn_all(tx, commands, turn)
    outbox.emit(tx, [
        CaseAssigned(case_id=c.case_id, owner=c.owner, version=r.value.version)
        for c, r in zip(commands, done, strict=True) if r.value is not None
    ])  # fmt: skip
    return done


def resolve(tx: Tx, commands: Sequence[Resolve]) -> list[Result[Handled]]:
    """Refused: insight.case_unknown, insight.case_resolved, version.stale."""
    return claims.once(tx, "insight.resolve", commands, _resolve, Handled)


def _resolve(tx: Tx, commands: list[Resolve]) -> list[Result[Handled]]:
    def turn(c: Resolve, case: Case) -> tuple[CaseState, str, str]:
        return CaseState.RESOLVED, case.owner, c.resolution

    done = _turn_all(tx, commands, turn)
    good = [r.value.case_id for r in done if r.value is not None]
    outbox.emit(tx, [_resolved(case) for case in get(tx, good)] if good else [])
    return done


def annotate(tx: Tx, commands: Sequence[Annotate]) -> list[Result[Handled]]:
    """Writes notes; a resolved case takes them, too. Refused: insight.case_unknown."""
    return claims.once(tx, "insight.annotate", commands, _annotate, Handled)


def _annotate(tx: Tx, commands: list[Annotate]) -> list[Result[Handled]]:
    cases = _lock(tx, [c.case_id for c in commands])
    good = [(cases[c.case_id], c) for c in commands if c.case_id in cases]
    names = ("parts", "ids", "case_ids", "texts")
    rows = ((case.part, ids.new(NoteId), case.id, c.text) for case, c in good)
    if good:
        tx.run(SQL.write_notes, now=tx.now, actor=tx.actor, **table(names, rows))
    return [
        Result.done(Handled(c.case_id, cases[c.case_id].state, cases[c.case_id].version))
        if c.case_id in cases
        else Result.refused(UNKNOWN(f"There is no case {c.case_id}."))
        for c in commands
    ]


class _Command(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def case_id(self) -> CaseId: ...
    @property
    def version(self) -> int | None: ...


C = TypeVar("C", bound=_Command)
Turn = Callable[[C, Case], tuple[CaseState, str, str]]


def _turn_all(tx: Tx, commands: Sequence[C], turn: Turn[C]) -> list[Result[Handled]]:
    """Decides each command on its locked case, then writes all; the first of a case wins."""
    cases = _lock(tx, [c.case_id for c in commands])
    answers: list[Result[Handled]] = []
    rows: list[tuple[object, ...]] = []
    for c in commands:
        try:
            case = _usable(cases, c)
        except Refused as refused:
            answers.append(Result.refused(refused))
            continue
        state, owner, resolution = turn(c, case)
        del cases[case.id]
        rows.append((case.part, case.id, state, owner, resolution))
        answers.append(Result.done(Handled(case.id, state, case.version + 1)))
    names = ("parts", "ids", "states", "owners", "resolutions")
    if rows:
        tx.run(SQL.turn_cases, now=tx.now, **table(names, rows))
    return answers


def _usable(cases: dict[CaseId, Case], c: _Command) -> Case:
    case = cases.get(c.case_id)
    if case is None:
        raise UNKNOWN(f"There is no case {c.case_id}, or it was changed in this batch.")
    if c.version is not None and c.version != case.version:
        raise STALE(f"{case.id} is at version {case.version}, not {c.version}.")
    if case.state is CaseState.RESOLVED:
        raise RESOLVED(f"{case.id} was resolved: {case.resolution}")
    return case


def _lock(tx: Tx, wanted: Sequence[CaseId]) -> dict[CaseId, Case]:
    return {c.id: c for c in tx.all(SQL.lock_cases, Case, ids=sorted(set(wanted)))}


def get(tx: Tx, wanted: Sequence[CaseId]) -> list[Case]:
    """These cases, those that exist."""
    return tx.all(SQL.read_cases, Case, ids=sorted(set(wanted)))


def of_order(tx: Tx, order_id: OrderId) -> list[Case]:
    """All cases about an order, oldest first."""
    return tx.all(SQL.cases_of_order, Case, order_id=order_id)


def work_list(tx: Tx, *, node: str | None = None, limit: int = 100) -> list[Case]:
    """What waits, worst and most urgent first; of one node or of all."""
    return tx.all(SQL.work_list, Case, node=node, limit=limit)


def notes(tx: Tx, case_id: CaseId) -> list[Note]:
    """What was written to a case, oldest first."""
    return tx.all(SQL.read_notes, Note, case_id=case_id)


def _opened(case: Case) -> CaseOpened:
    return CaseOpened(
        case_id=case.id, kind=case.kind, about=case.subject, order_id=case.order_id,
        node=case.node, severity=case.severity, due_at=case.due_at, version=case.version,
    )  # fmt: skip


def _resolved(case: Case) -> CaseResolved:
    return CaseResolved(
        case_id=case.id, kind=case.kind, resolution=case.resolution, version=case.version
    )
