"""What a case on the exceptions desk is: kinds with their severity and time to act; pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id, part_of
from everyshelf.orders import OrderId


class CaseId(Id):
    """Something a person has to look at."""

    prefix = "exc"


class NoteId(Id):
    """What somebody wrote to a case."""

    prefix = "not"


class CaseState(StrEnum):
    """How far the case is."""

    OPEN = "open"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


class CaseKind(StrEnum):
    """Why a person has to look. Only what the rooms cannot heal by themselves."""

    UNSOURCED = "unsourced"
    AT_RISK = "at_risk"
    REJECTED = "rejected"
    SHORTED = "shorted"
    SUPPLIER_REFUSED = "supplier_refused"
    LOST = "lost"
    UNDELIVERED = "undelivered"
    DISPUTED = "disputed"
    NOT_COLLECTED = "not_collected"
    CODE_LOCKED = "code_locked"
    PAYMENT_FAILED = "payment_failed"
    EXCHANGE_FAILED = "exchange_failed"
    CORRECTED = "corrected"
    UNKNOWN_SALE = "unknown_sale"
    TRANSFER_LOSS = "transfer_loss"
    DEAD_LETTER = "dead_letter"
    EXPERIMENT_STOPPED = "experiment_stopped"


class Rule(msgspec.Struct, frozen=True):
    """How grave a kind is (1 worst, 4 least) and how long a person has."""

    severity: int
    hours: int


RULES: Final = {
    CaseKind.UNSOURCED: Rule(1, 4),
    CaseKind.AT_RISK: Rule(2, 8),
    CaseKind.REJECTED: Rule(3, 24),
    CaseKind.SHORTED: Rule(3, 24),
    CaseKind.SUPPLIER_REFUSED: Rule(2, 8),
    CaseKind.LOST: Rule(2, 24),
    CaseKind.UNDELIVERED: Rule(2, 24),
    CaseKind.DISPUTED: Rule(2, 24),
    CaseKind.NOT_COLLECTED: Rule(4, 72),
    CaseKind.CODE_LOCKED: Rule(1, 1),
    CaseKind.PAYMENT_FAILED: Rule(1, 4),
    CaseKind.EXCHANGE_FAILED: Rule(2, 24),
    CaseKind.CORRECTED: Rule(3, 48),
    CaseKind.UNKNOWN_SALE: Rule(3, 48),
    CaseKind.TRANSFER_LOSS: Rule(3, 48),
    CaseKind.DEAD_LETTER: Rule(1, 1),
    CaseKind.EXPERIMENT_STOPPED: Rule(2, 24),
}

UNKNOWN: Final = Code("insight.case_unknown", 404, "There is no such case.")
RESOLVED: Final = Code("insight.case_resolved", 409, "The case is resolved.")


class Trouble(msgspec.Struct, frozen=True):
    """What happened, before it is a case. Of one (kind, subject) at most one case is open."""

    kind: CaseKind
    subject: str
    detail: str
    order_id: OrderId | None = None
    node: str | None = None

    @property
    def part(self) -> int:
        return part_of(self.subject)


class Case(msgspec.Struct, frozen=True):
    """A case as it stands."""

    part: int
    id: CaseId
    kind: CaseKind
    subject: str
    order_id: OrderId | None
    node: str | None
    detail: str
    severity: int
    state: CaseState
    owner: str
    opened_at: datetime
    due_at: datetime
    resolved_at: datetime | None
    resolution: str
    version: int


class Note(msgspec.Struct, frozen=True):
    """What somebody wrote to a case."""

    id: NoteId
    case_id: CaseId
    at: datetime
    actor: str
    text: str


class Assign(msgspec.Struct, frozen=True):
    """Give a case to a person; "" gives it back to the desk."""

    key: str
    case_id: CaseId
    owner: str
    version: int | None = None


class Resolve(msgspec.Struct, frozen=True):
    """Close a case with what was done."""

    key: str
    case_id: CaseId
    resolution: str
    version: int | None = None


class Annotate(msgspec.Struct, frozen=True):
    """Write something to a case."""

    key: str
    case_id: CaseId
    text: str


class Handled(msgspec.Struct, frozen=True):
    """Where the case stands now."""

    case_id: CaseId
    state: CaseState
    version: int


def due(kind: CaseKind, now: datetime) -> datetime:
    """Until when somebody has to act."""
    return now + timedelta(hours=RULES[kind].hours)
