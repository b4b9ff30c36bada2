"""The event log: appended in the verb's own transaction, read by cursors, never changed.

`emit` is the only writer. `read` is the only reader: it gives what is finished (below the
snapshot's xmin), so that no event is lost behind a slow transaction and none is seen twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from everyshelf.base import codec, ids
from everyshelf.base.events import Envelope, Event, EventId, full_type
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx

SQL = load("everyshelf.base")
SOURCE = "/everyshelf"


class Logged(msgspec.Struct, frozen=True):
    """One event as it stands in the log."""

    xid: str
    id: EventId
    lane: int
    subject: str
    version: int
    type: str
    at: datetime
    actor: str
    cause: str
    body: str


class Position(msgspec.Struct, frozen=True):
    """How far a subscriber has read one lane."""

    lane: int
    xid: str
    id: int


def emit(tx: Tx, events: Iterable[Event]) -> None:
    """Appends events to the log; they are heard if and only if this transaction commits."""
    batch = list(events)
    if not batch:
        return
    tx.run(
        SQL.append_events,
        ids=[ids.new(EventId) for _ in batch],
        lanes=[ids.lane_of(e.subject) for e in batch],
        subjects=[e.subject for e in batch],
        versions=[e.version for e in batch],
        types=[full_type(type(e)) for e in batch],
        bodies=[codec.encode(e).decode() for e in batch],
        now=tx.now,
        actor=tx.actor,
        cause=tx.cause,
    )


def envelope(event: Logged) -> Envelope:
    """The CloudEvents form of a logged event, as webhooks and exports carry it."""
    return Envelope(
        id=event.id,
        type=event.type,
        source=SOURCE,
        subject=event.subject,
        time=event.at,
        actor=event.actor,
        cause=event.cause,
        aggregateversion=event.version,
        data=msgspec.Raw(event.body.encode()),
    )


def lock(tx: Tx, subscriber: str) -> list[Position]:
    """Takes the subscriber's lanes that no other worker reads now; makes them at first use."""
    found = tx.all(SQL.lock_cursors, Position, subscriber=subscriber)
    if not found and tx.run(SQL.open_cursors, subscriber=subscriber):
        found = tx.all(SQL.lock_cursors, Position, subscriber=subscriber)
    return found


def horizon(tx: Tx) -> str:
    """The transaction id below which everything is finished."""
    return str(tx.tuples(SQL.horizon)[0][0])


def read(
    tx: Tx, positions: list[Position], types: list[str], below: str, batch: int
) -> list[Logged]:
    """The next events of these lanes, oldest first, at most `batch`."""
    return tx.all(
        SQL.read_events,
        Logged,
        lanes=[p.lane for p in positions],
        xids=[p.xid for p in positions],
        ids=[p.id for p in positions],
        types=types,
        below=below,
        batch=batch,
    )


def move(tx: Tx, subscriber: str, positions: list[Position]) -> None:
    """Moves the cursors, in the transaction of the effects: exactly once inside the database."""
    tx.run(
        SQL.move_cursors,
        subscriber=subscriber,
        lanes=[p.lane for p in positions],
        xids=[p.xid for p in positions],
        ids=[p.id for p in positions],
    )
