"""Handlers hear events exactly once: the cursor moves in the transaction of the effect.

A batch is run set-based, in rounds that keep each aggregate's order. If it fails, every event is
run alone; what fails alone waits in `delivery` with growing pauses, later events of the same
aggregate wait behind it, and after the last try it is a dead letter that a person can revive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog

from everyshelf.base import codec, outbox
from everyshelf.base.crash import crashpoint
from everyshelf.base.events import Event, EventId, full_type, registry
from everyshelf.base.outbox import Logged, Position
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Database, Tx

SQL = load("everyshelf.base")
LOG = structlog.get_logger()
BATCH = 512
TRIES = 8
LAG = 32  # Transactions that an idle subscriber's cursors may lie back.


class Heard(msgspec.Struct, frozen=True):
    """An event as a handler gets it: the body, and the envelope's facts."""

    id: EventId
    at: datetime
    actor: str
    cause: str
    event: Any


Handler = Callable[[Tx, Sequence[Heard]], None]
Handlers = Mapping[type[Event], Handler]
_ANY_ORDER: set[Handler] = set()


def any_order(handler: Handler) -> Handler:
    """Marks a handler that may get many events of one aggregate at once, because it asks what is
    there now and not what happened first."""
    _ANY_ORDER.add(handler)
    return handler


class Parked(msgspec.Struct, frozen=True):
    """An event that failed for a subscriber and waits for another try, or is dead."""

    subscriber: str
    event_id: EventId
    subject: str
    type: str
    body: str
    at: datetime
    attempts: int
    error: str
    state: str


class Look(msgspec.Struct, frozen=True):
    """Which subscribers have news, and which have parked events whose next try is due."""

    news: frozenset[str]
    due: frozenset[str]


def step(
    db: Database,
    subscriber: str,
    handlers: Handlers,
    *,
    now: datetime | None = None,
    batch: int = BATCH,
) -> int:
    """Handles the next events of a subscriber; how many were handled or parked."""
    if subscriber not in look(db, {subscriber: handlers}, now=now).news:
        return 0
    return hear(db, subscriber, handlers, now=now, batch=batch)


def hear(
    db: Database,
    subscriber: str,
    handlers: Handlers,
    *,
    now: datetime | None = None,
    batch: int = BATCH,
) -> int:
    """A step without the look before it; fewer than `batch` means that no more were there."""
    try:
        return db.run(lambda tx: _step(tx, subscriber, handlers, batch), now=now, actor=subscriber)
    except Exception as error:  # Any failure of a handler is handled event by event.
        LOG.warning("batch_failed", subscriber=subscriber, error=repr(error))
        return db.run(
            lambda tx: _step(tx, subscriber, handlers, batch, alone=True),
            now=now,
            actor=subscriber,
        )


def retry(db: Database, subscriber: str, handlers: Handlers, *, now: datetime | None = None) -> int:
    """Tries the parked events that are due, one by one, at most one of each aggregate: what waits
    behind it is due when it was handled or is dead. How many were tried."""

    def work(tx: Tx) -> int:
        due = tx.all(SQL.due_deliveries, Parked, subscriber=subscriber, now=tx.now, batch=BATCH)
        for parked in due:
            event = Logged(
                "0",
                parked.event_id,
                0,
                parked.subject,
                0,
                parked.type,
                parked.at,
                subscriber,
                str(parked.event_id),
                parked.body,
            )
            if _alone(tx, subscriber, handlers, event):
                tx.run(SQL.delivered, subscriber=subscriber, event_id=parked.event_id)
        return len(due)

    return db.run(work, now=now, actor=subscriber)


def look(db: Database, subscribers: Mapping[str, Handlers], *, now: datetime | None = None) -> Look:
    """Who has something to hear, and who something to try again. Cursors of the others that have
    fallen far behind are moved on."""

    def work(tx: Tx) -> Look:
        types = {name: " ".join(full_type(k) for k in heard) for name, heard in subscribers.items()}
        rows = tx.tuples(SQL.look, **table(("subscribers", "types"), types.items()), now=tx.now)
        lazy = [(name, types[name]) for name, news, _, behind in rows if not news and behind > LAG]
        if lazy:
            tx.run(SQL.pass_over, **table(("subscribers", "types"), lazy))
        return Look(
            frozenset(name for name, news, _, _ in rows if news),
            frozenset(name for name, _, due, _ in rows if due),
        )

    return db.run(work, now=now)


def _step(tx: Tx, subscriber: str, handlers: Handlers, batch: int, alone: bool = False) -> int:
    positions = outbox.lock(tx, subscriber)
    if not positions:
        return 0
    below = outbox.horizon(tx)
    found = outbox.read(tx, positions, [full_type(k) for k in handlers], below, batch)
    complete = len(found) < batch
    if not found:
        outbox.move(tx, subscriber, _after(positions, found, below, complete))
        return 0
    waiting = {subject for (subject,) in tx.tuples(SQL.waiting_subjects, subscriber=subscriber)}
    for event in (e for e in found if e.subject in waiting):
        _park(tx, subscriber, event)
    free = [e for e in found if e.subject not in waiting]
    if alone:
        _each_alone(tx, subscriber, handlers, free)
    else:
        for round_ in rounds(free, _loose(handlers)):
            _hear(tx, handlers, round_)
    crashpoint("handler.before_cursor")
    outbox.move(tx, subscriber, _after(positions, found, below, complete))
    return len(found)


def _after(
    positions: list[Position], found: list[Logged], below: str, complete: bool
) -> list[Position]:
    """Where the cursors stand now: at the horizon when all was read, else at the last event."""
    if complete:
        return [Position(p.lane, below, 0) for p in positions]
    return list({e.lane: Position(e.lane, e.xid, int(e.id)) for e in found}.values())


def _loose(handlers: Handlers) -> frozenset[str]:
    return frozenset(full_type(kind) for kind, h in handlers.items() if h in _ANY_ORDER)


def rounds(events: Sequence[Logged], loose: frozenset[str] = frozenset()) -> list[list[Logged]]:
    """Splits a batch so that each round has one event per aggregate and type, order kept; of a
    `loose` type those that follow each other stay together.

    Within a batch an aggregate's events follow its version, because transaction ids are given
    before row locks are.
    """
    by_subject: dict[str, list[Logged]] = {}
    for event in events:
        by_subject.setdefault(event.subject, []).append(event)
    made: list[list[Logged]] = []
    for group in by_subject.values():
        n, before = -1, ""
        for event in sorted(group, key=lambda e: (e.version, e.id)):
            if event.type != before or event.type not in loose:
                n += 1
            before = event.type
            if n == len(made):
                made.append([])
            made[n].append(event)
    return made


def _hear(tx: Tx, handlers: Handlers, events: Sequence[Logged]) -> None:
    by_type: dict[str, list[Heard]] = {}
    kinds = registry()
    for e in events:
        body = codec.decode(e.body, kinds[e.type])
        by_type.setdefault(e.type, []).append(Heard(e.id, e.at, e.actor, e.cause, body))
    for type_, heard in by_type.items():
        handlers[kinds[type_]](tx, heard)


def _each_alone(tx: Tx, subscriber: str, handlers: Handlers, events: Sequence[Logged]) -> None:
    failed: set[str] = set()
    for event in (e for round_ in rounds(events) for e in round_):
        if event.subject in failed:
            _park(tx, subscriber, event)
        elif not _alone(tx, subscriber, handlers, event):
            failed.add(event.subject)


def _alone(tx: Tx, subscriber: str, handlers: Handlers, event: Logged) -> bool:
    try:
        with tx.savepoint():
            _hear(tx, handlers, [event])
    except Exception as error:  # Whatever it is, it must not stop the other aggregates.
        LOG.error(
            "handler_failed", subscriber=subscriber, event_id=str(event.id), error=repr(error)
        )
        _fail(tx, subscriber, event, error)
        return False
    return True


def _fail(tx: Tx, subscriber: str, event: Logged, error: Exception) -> None:
    tx.run(
        SQL.fail_delivery,
        subscriber=subscriber,
        event_id=event.id,
        subject=event.subject,
        type=event.type,
        body=event.body,
        now=tx.now,
        next_try_at=tx.now + timedelta(seconds=5),
        error=repr(error)[:2000],
        limit=TRIES,
    )


def _park(tx: Tx, subscriber: str, event: Logged) -> None:
    tx.run(
        SQL.park_delivery,
        subscriber=subscriber,
        event_id=event.id,
        subject=event.subject,
        type=event.type,
        body=event.body,
        at=tx.now,
    )


def dead(tx: Tx, subscriber: str | None = None) -> list[Parked]:
    """The dead letters, of one subscriber or of all."""
    return tx.all(SQL.dead_deliveries, Parked, subscriber=subscriber, batch=BATCH)


def revive(tx: Tx, subscriber: str | None = None) -> int:
    """Gives the dead letters another round of tries; how many."""
    return tx.run(SQL.revive_deliveries, subscriber=subscriber, now=tx.now)


def rewind(tx: Tx, subscriber: str, since: datetime) -> None:
    """Replays from a point: the subscriber hears again everything from `since` on."""
    outbox.lock(tx, subscriber)
    tx.run(SQL.rewind, subscriber=subscriber, since=since)
