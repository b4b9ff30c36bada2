"""What insight tells: cases of the exceptions desk."""

from __future__ import annotations

from datetime import datetime

from everyshelf.base.events import Event
from everyshelf.insight.facts import CaseId, CaseKind
from everyshelf.orders import OrderId


class CaseOpened(Event, frozen=True, kw_only=True):
    """A person has to look at something before `due_at`."""

    TYPE = "insight.case.opened"
    SUBJECT = "case_id"
    case_id: CaseId
    kind: CaseKind
    about: str
    order_id: OrderId | None
    node: str | None
    severity: int
    due_at: datetime


class CaseAssigned(Event, frozen=True, kw_only=True):
    """Somebody takes care of it."""

    TYPE = "insight.case.assigned"
    SUBJECT = "case_id"
    case_id: CaseId
    owner: str


class CaseResolved(Event, frozen=True, kw_only=True):
    """It is done, by a person or because its cause is gone."""

    TYPE = "insight.case.resolved"
    SUBJECT = "case_id"
    case_id: CaseId
    kind: CaseKind
    resolution: str
