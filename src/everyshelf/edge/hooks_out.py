"""Sends webhooks: reads the log for each subscription, signs, posts, records what came back.

Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`; the body is the
CloudEvents envelope, the same bytes at every attempt. 410 Gone ends a subscription.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

import msgspec

from everyshelf.base import codec, outbox
from everyshelf.base.errors import Refused
from everyshelf.base.outbox import Logged, Position
from everyshelf.base.sql import load
from everyshelf.base.tx import Database, Tx
from everyshelf.edge import queue
from everyshelf.edge.egress import Egress, Reply
from everyshelf.edge.queue import Delivery, Leased
from everyshelf.edge.webhooks import WebhookId, matching

SQL = load("everyshelf.edge")

READ: Final = 256
BACKLOG: Final = 5_000
SENDERS: Final = 8
GONE: Final = 410


class Target(msgspec.Struct, frozen=True):
    """Where to, and what signs."""

    id: WebhookId
    url: str
    secret: str
    types: list[str]


class Sent(msgspec.Struct, frozen=True):
    """One attempt and what came back."""

    target: Target
    leased: Leased
    reply: Reply


def deliver(db: Database, egress: Egress, *, now: datetime | None = None) -> int:
    """Queues what is new, sends what is due, once; how much was queued or sent."""
    targets = db.run(lambda tx: tx.all(SQL.active_webhooks, Target), now=now, actor="webhooks")
    if not targets:
        return 0
    by_name = {t.id.subscriber: t for t in targets}
    queued = db.run(lambda tx: _queue_all(tx, by_name), now=now, actor="webhooks")
    leased = db.run(lambda tx: queue.lease(tx, list(by_name)), now=now, actor="webhooks")
    if leased:
        at = now or db.run(lambda tx: tx.now)
        sent = _send_all(egress, [(by_name[one.subscriber], one) for one in leased], at)
        db.run(lambda tx: _record(tx, sent), now=now, actor="webhooks")
    return queued + len(leased)


def _queue_all(tx: Tx, targets: dict[str, Target]) -> int:
    """Queues for each subscription, but not for one whose receiver is far behind."""
    behind = dict(tx.tuples(SQL.backlog, subscribers=list(targets)))
    return sum(_queue(tx, t) for name, t in targets.items() if behind.get(name, 0) < BACKLOG)


def _queue(tx: Tx, target: Target) -> int:
    """Moves the subscription's cursors over new events and queues them, in one transaction."""
    positions = outbox.lock(tx, target.id.subscriber)
    if not positions:
        return 0
    below = outbox.horizon(tx)
    found = outbox.read(tx, positions, matching(target.types), below, READ)
    if not found:
        return 0
    queue.put(tx, target.id.subscriber, [_delivery(event) for event in found])
    if len(found) < READ:
        after = [Position(p.lane, below, 0) for p in positions]
    else:
        after = list({e.lane: Position(e.lane, e.xid, int(e.id)) for e in found}.values())
    outbox.move(tx, target.id.subscriber, after)
    return len(found)


def _delivery(event: Logged) -> Delivery:
    body = codec.encode(outbox.envelope(event)).decode()
    return Delivery(event.id, event.subject, event.type, body)


def _send_all(egress: Egress, work: Sequence[tuple[Target, Leased]], at: datetime) -> list[Sent]:
    def one(pair: tuple[Target, Leased]) -> Sent:
        target, leased = pair
        return Sent(target, leased, _send(egress, target, leased, at))

    with ThreadPoolExecutor(min(SENDERS, len(work))) as threads:
        return list(threads.map(one, work))


def _send(egress: Egress, target: Target, leased: Leased, at: datetime) -> Reply:
    body = leased.body.encode()
    try:
        return egress.post(target.url, body, signed(target.secret, str(leased.event_id), at, body))
    except Refused as refused:
        return Reply(None, refused.detail)


def signed(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks."""
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = b".".join((message_id.encode(), stamp.encode(), body))
    mark = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{mark}",
    }


def _record(tx: Tx, sent: Sequence[Sent]) -> None:
    queue.delivered(tx, [s.leased for s in sent if s.reply.ok])
    queue.failed(tx, [(s.leased, _words(s.reply)) for s in sent if not s.reply.ok])
    tx.run(
        SQL.record_attempts,
        webhooks=[s.target.id for s in sent],
        event_ids=[s.leased.event_id for s in sent],
        attempts=[s.leased.attempts + 1 for s in sent],
        statuses=[s.reply.status for s in sent],
        errors=["" if s.reply.ok else s.reply.text for s in sent],
        now=tx.now,
    )
    tx.run(
        SQL.note_outcomes,
        webhooks=[s.target.id for s in sent],
        good=[s.reply.ok for s in sent],
        gone=[s.reply.status == GONE for s in sent],
    )


def _words(reply: Reply) -> str:
    return f"HTTP {reply.status}: {reply.text}" if reply.status else reply.text
