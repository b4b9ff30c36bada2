"""Webhooks: who wants to be told which events, and the verbs about it.

A subscription reads the log with cursors of its own. How deliveries are sent is in `hooks_out`.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, TypeVar

import msgspec

from everyshelf.base import claims, codec, ids, outbox, subscribe
from everyshelf.base.errors import NOT_FOUND, Code, Refused
from everyshelf.base.events import Envelope, EventId, registry
from everyshelf.base.ids import Id
from everyshelf.base.outbox import Position
from everyshelf.base.results import Outcome, Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge import egress, queue
from everyshelf.edge.queue import Delivery

SQL = load("everyshelf.edge")
C = TypeVar("C")
V = TypeVar("V")

TEST_TYPE: Final = "everyshelf.edge.webhook.tested.v1"
TYPE_UNKNOWN: Final = Code(
    "webhook.type_unknown", 422, "No event has this type; the catalogue of events lists them all."
)


class WebhookId(Id):
    """Identifies a subscription."""

    prefix = "whk"

    @property
    def subscriber(self) -> str:
        """Its name among the readers of the log."""
        return f"webhook:{self}"


class State(StrEnum):
    """`disabled`: the other side said 410 Gone; a person may set it active again."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


class MakeWebhook(msgspec.Struct, frozen=True):
    """Tell a URL the events of these types; a type may end with `*`."""

    key: str
    url: str
    types: list[str]


class MadeWebhook(msgspec.Struct, frozen=True):
    """A new subscription. The secret that signs is told once: a replay answers without it."""

    webhook_id: WebhookId
    url: str
    types: list[str]
    secret: str | None = None


class ChangeWebhook(msgspec.Struct, frozen=True):
    """Change a subscription; what is left out stays."""

    key: str
    webhook_id: WebhookId
    url: str | None = None
    types: list[str] | None = None
    state: Literal["active", "paused"] | None = None


class DropWebhook(msgspec.Struct, frozen=True):
    """End a subscription and forget what it was still to be told."""

    key: str
    webhook_id: WebhookId


class TestWebhook(msgspec.Struct, frozen=True):
    """Send a test event soon."""

    key: str
    webhook_id: WebhookId


class ReplayWebhook(msgspec.Struct, frozen=True):
    """Tell everything since an instant again."""

    key: str
    webhook_id: WebhookId
    since: datetime


class ReviveWebhook(msgspec.Struct, frozen=True):
    """Give the dead letters of a subscription another ten attempts."""

    key: str
    webhook_id: WebhookId


class Webhook(msgspec.Struct, frozen=True):
    """A subscription as it stands; `failures` in a row."""

    id: WebhookId
    url: str
    types: list[str]
    state: State
    made_at: datetime
    failures: int


class Queued(msgspec.Struct, frozen=True):
    """How many deliveries wait because of this command."""

    webhook_id: WebhookId
    deliveries: int


def matching(patterns: Sequence[str]) -> list[str]:
    """The event types that patterns mean; refuses a pattern that means none."""
    found: set[str] = set()
    for pattern in patterns:
        stem = pattern[:-1] if pattern.endswith("*") else None
        hits = [t for t in registry() if t == pattern or (stem is not None and t.startswith(stem))]
        if not hits:
            raise TYPE_UNKNOWN(f"No event has the type {pattern[:200]!r}.")
        found.update(hits)
    if not found:
        raise TYPE_UNKNOWN("Name at least one type of events.")
    return sorted(found)


def make(tx: Tx, commands: Sequence[MakeWebhook]) -> list[Result[MadeWebhook]]:
    """Makes subscriptions that hear what happens from now on."""
    told: dict[WebhookId, str] = {}

    def one(tx: Tx, command: MakeWebhook) -> MadeWebhook:
        egress.check(command.url)
        matching(command.types)
        made, secret = ids.new(WebhookId), new_secret()
        told[made] = secret
        tx.run(
            SQL.make_webhook, id=made, url=command.url, secret=secret, types=command.types,
            now=tx.now,
        )  # fmt: skip
        _begin_here(tx, made.subscriber)
        return MadeWebhook(made, command.url, command.types)

    answers = claims.once(tx, "edge.make_webhook", commands, _each(one), MadeWebhook)
    return [_with_secret(answer, told) for answer in answers]


def _with_secret(answer: Result[MadeWebhook], told: dict[WebhookId, str]) -> Result[MadeWebhook]:
    if answer.value is None or answer.outcome is not Outcome.DONE:
        return answer
    secret = told[answer.value.webhook_id]
    return Result(answer.outcome, msgspec.structs.replace(answer.value, secret=secret))


def _begin_here(tx: Tx, subscriber: str) -> None:
    lanes = outbox.lock(tx, subscriber)
    below = outbox.horizon(tx)
    outbox.move(tx, subscriber, [Position(p.lane, below, 0) for p in lanes])


def new_secret() -> str:
    """A signing secret as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def change(tx: Tx, commands: Sequence[ChangeWebhook]) -> list[Result[Webhook]]:
    """Changes address, types or state."""

    def one(tx: Tx, command: ChangeWebhook) -> Webhook:
        if command.url is not None:
            egress.check(command.url)
        if command.types is not None:
            matching(command.types)
        changed = tx.one(
            SQL.change_webhook, Webhook, id=command.webhook_id, url=command.url,
            types=command.types, state=command.state,
        )  # fmt: skip
        if changed is None:
            raise NOT_FOUND()
        return changed

    return claims.once(tx, "edge.change_webhook", commands, _each(one), Webhook)


def drop(tx: Tx, commands: Sequence[DropWebhook]) -> list[Result[Queued]]:
    """Ends subscriptions."""

    def one(tx: Tx, command: DropWebhook) -> Queued:
        _known(tx, command.webhook_id)
        subscriber = command.webhook_id.subscriber
        forgotten = tx.run(SQL.forget_deliveries, subscriber=subscriber)
        tx.run(SQL.forget_cursors, subscriber=subscriber)
        tx.run(SQL.drop_webhook, id=command.webhook_id)
        return Queued(command.webhook_id, forgotten)

    return claims.once(tx, "edge.drop_webhook", commands, _each(one), Queued)


def test(tx: Tx, commands: Sequence[TestWebhook]) -> list[Result[Queued]]:
    """Queues a test event that means nothing."""

    def one(tx: Tx, command: TestWebhook) -> Queued:
        _known(tx, command.webhook_id)
        event_id, subject = ids.new(EventId), str(command.webhook_id)
        told = Envelope(
            event_id, TEST_TYPE, outbox.SOURCE, subject, tx.now, tx.actor, tx.cause, 0,
            msgspec.Raw(b'{"hello":"from Everyshelf"}'),
        )  # fmt: skip
        body = codec.encode(told).decode()
        queue.put(tx, command.webhook_id.subscriber, [Delivery(event_id, subject, TEST_TYPE, body)])
        return Queued(command.webhook_id, 1)

    return claims.once(tx, "edge.test_webhook", commands, _each(one), Queued)


def replay(tx: Tx, commands: Sequence[ReplayWebhook]) -> list[Result[Queued]]:
    """Sets the cursors back; the number of deliveries is known when they are read."""

    def one(tx: Tx, command: ReplayWebhook) -> Queued:
        _known(tx, command.webhook_id)
        subscribe.rewind(tx, command.webhook_id.subscriber, command.since)
        return Queued(command.webhook_id, 0)

    return claims.once(tx, "edge.replay_webhook", commands, _each(one), Queued)


def revive(tx: Tx, commands: Sequence[ReviveWebhook]) -> list[Result[Queued]]:
    """Gives dead letters another round."""

    def one(tx: Tx, command: ReviveWebhook) -> Queued:
        _known(tx, command.webhook_id)
        count = subscribe.revive(tx, command.webhook_id.subscriber)
        return Queued(command.webhook_id, count)

    return claims.once(tx, "edge.revive_webhook", commands, _each(one), Queued)


def get(tx: Tx, webhook_id: WebhookId) -> Webhook:
    """A subscription without its secret."""
    return _known(tx, webhook_id)


def _known(tx: Tx, webhook_id: WebhookId) -> Webhook:
    found = tx.one(SQL.webhook, Webhook, id=webhook_id)
    if found is None:
        raise NOT_FOUND("There is no such webhook.")
    return found


def _each(one: Callable[[Tx, C], V]) -> Callable[[Tx, list[C]], list[Result[V]]]:
    """Subscriptions are few: each command alone, refused alone."""

    def do(tx: Tx, commands: list[C]) -> list[Result[V]]:
        answers: list[Result[V]] = []
        for command in commands:
            try:
                with tx.savepoint():
                    answers.append(Result.done(one(tx, command)))
            except Refused as refused:
                answers.append(Result.refused(refused))
        return answers

    return do
