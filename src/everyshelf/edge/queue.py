"""Deliveries to the outside: queued in a transaction, leased, sent outside of any, recorded.

Shared by webhooks and messages to customers. Order is kept per aggregate: the next event of a
subject waits until the one before it was delivered or given up. At least once, never at most once.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from everyshelf.base.events import EventId
from everyshelf.base.parts import columns
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx

SQL = load("everyshelf.edge")

LEASE: Final = timedelta(seconds=60)
BATCH: Final = 64
# Pauses of the Standard Webhooks specification: ten attempts in about 76 hours.
PAUSES: Final = tuple(
    timedelta(seconds=s) for s in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
ATTEMPTS: Final = len(PAUSES) + 1
JITTER: Final = 0.1


class Delivery(msgspec.Struct, frozen=True):
    """Something to be told to a subscriber; `body` is sent as it is at every attempt."""

    event_id: EventId
    subject: str
    type: str
    body: str


class Leased(msgspec.Struct, frozen=True):
    """A delivery in this worker's hands, for a minute."""

    subscriber: str
    event_id: EventId
    subject: str
    type: str
    body: str
    attempts: int


class Failed(msgspec.Struct, frozen=True):
    """A delivery that did not arrive, when it is tried next, and whether it is given up."""

    subscriber: str
    event_id: EventId
    next_try_at: datetime
    error: str
    state: str


def put(tx: Tx, subscriber: str, deliveries: Sequence[Delivery]) -> None:
    """Queues deliveries; the same event is queued once."""
    if deliveries:
        rows = columns(deliveries)
        tx.run(
            SQL.queue_deliveries, subscriber=subscriber, event_ids=rows["event_id"],
            subjects=rows["subject"], types=rows["type"], bodies=rows["body"], now=tx.now,
        )  # fmt: skip


def lease(tx: Tx, subscribers: Sequence[str]) -> list[Leased]:
    """Takes what is due, at most one of each subject; a worker that dies loses it in a minute."""
    return tx.all(
        SQL.lease_deliveries, Leased, subscribers=list(subscribers), now=tx.now,
        until=tx.now + LEASE, batch=BATCH,
    )  # fmt: skip


def delivered(tx: Tx, done: Sequence[Leased]) -> None:
    """What arrived leaves the queue."""
    if done:
        rows = columns(done, "subscriber", "event_id")
        tx.run(SQL.drop_deliveries, subscribers=rows["subscriber"], event_ids=rows["event_id"])


def failed(tx: Tx, done: Sequence[tuple[Leased, str]]) -> None:
    """What did not arrive is tried later, or is a dead letter after the last attempt."""
    if done:
        rows = columns([_failure(leased, error, tx.now) for leased, error in done])
        tx.run(
            SQL.fail_deliveries, subscribers=rows["subscriber"], event_ids=rows["event_id"],
            next_tries=rows["next_try_at"], errors=rows["error"], states=rows["state"],
        )  # fmt: skip


def _failure(leased: Leased, error: str, now: datetime) -> Failed:
    last = leased.attempts + 1 >= ATTEMPTS
    pause = PAUSES[min(leased.attempts, len(PAUSES) - 1)] * random.uniform(1, 1 + JITTER)
    state = "dead" if last else "waiting"
    return Failed(leased.subscriber, leased.event_id, now + pause, error[:2000], state)
