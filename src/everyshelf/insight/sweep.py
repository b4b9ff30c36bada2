"""What no event tells: dead letters open a case, and close it when they were revived."""

from __future__ import annotations

from typing import Final

import msgspec

from everyshelf.base.events import EventId
from everyshelf.base.tx import Tx
from everyshelf.insight.desk import SQL, close_now, open_now
from everyshelf.insight.facts import CaseKind, Trouble

LIMIT: Final = 1_000


class _Dead(msgspec.Struct, frozen=True):
    subscriber: str
    event_id: EventId
    subject: str
    type: str
    error: str


def sweep(tx: Tx) -> int:
    """Looks for dead letters; how many cases were opened or closed. The worker calls it."""
    dead = tx.all(SQL.dead_letters, _Dead, limit=LIMIT)
    now = {f"{d.event_id}:{d.subscriber}": d for d in dead}
    known = {subject for (subject,) in tx.tuples(SQL.open_dead_letters)}
    opened = open_now(tx, [
        Trouble(CaseKind.DEAD_LETTER, subject, f"{d.type} about {d.subject}: {d.error}")
        for subject, d in now.items() if subject not in known
    ])  # fmt: skip
    gone = [(CaseKind.DEAD_LETTER, subject) for subject in known - now.keys()]
    return len(opened) + close_now(tx, gone, "the event was handled")
