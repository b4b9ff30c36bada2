"""The routes of webhooks: subscriptions, their attempts and dead letters."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf.base.events import EventId
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge import webhooks
from everyshelf.edge.web.declare import Face, Listing, NoQuery, Read, Verb
from everyshelf.edge.webhooks import Webhook, WebhookId

SQL = load("everyshelf.edge.web", "lists.sql")


class OneWebhook(msgspec.Struct, frozen=True):
    """Which webhook."""

    webhook_id: WebhookId


class Attempt(msgspec.Struct, frozen=True):
    """One attempt to deliver; `place` orders the list."""

    place: str
    event_id: EventId
    attempt: int
    at: datetime
    status: int | None
    error: str


class LetterQuery(msgspec.Struct, frozen=True):
    """Filters of dead letters."""

    subscriber: str | None = None


class DeadLetter(msgspec.Struct, frozen=True):
    """Something that could not be handled or delivered, and waits for a person."""

    place: str
    subscriber: str
    event_id: EventId
    subject: str
    type: str
    at: datetime
    attempts: int
    error: str


def _get(tx: Tx, query: OneWebhook) -> Webhook:
    return webhooks.get(tx, query.webhook_id)


FACE = Face(
    "webhooks",
    "Tell other systems what happens, signed by Standard Webhooks, in order per record.",
    (
        Listing("/v1/webhooks", SQL.list_webhooks, Webhook, NoQuery, "List subscriptions"),
        Read("/v1/webhooks/{webhook_id}", _get, OneWebhook, Webhook, "Get a subscription"),
        Listing(
            "/v1/webhooks/{webhook_id}/attempts", SQL.list_attempts, Attempt, OneWebhook,
            "List attempts to deliver", by="place",
        ),
        Listing(
            "/v1/dead-letters", SQL.list_dead_letters, DeadLetter, LetterQuery,
            "List what could not be handled or delivered", by="place", newest=False,
        ),
        Verb(
            "POST", "/v1/webhooks", webhooks.make, webhooks.MakeWebhook, webhooks.MadeWebhook,
            "Subscribe a URL to events; the answer holds the signing secret, once", 201,
            location="/v1/webhooks/{webhook_id}", bulk=False,
        ),
        Verb(
            "PATCH", "/v1/webhooks/{webhook_id}", webhooks.change, webhooks.ChangeWebhook, Webhook,
            "Change, pause or resume a subscription", bulk=False,
        ),
        Verb(
            "DELETE", "/v1/webhooks/{webhook_id}", webhooks.drop, webhooks.DropWebhook,
            webhooks.Queued, "End a subscription", bulk=False,
        ),
        Verb(
            "POST", "/v1/webhooks/{webhook_id}/test", webhooks.test, webhooks.TestWebhook,
            webhooks.Queued, "Send a test event", bulk=False,
        ),
        Verb(
            "POST", "/v1/webhooks/{webhook_id}/replay", webhooks.replay, webhooks.ReplayWebhook,
            webhooks.Queued, "Tell everything since an instant again", bulk=False,
        ),
        Verb(
            "POST", "/v1/webhooks/{webhook_id}/revive", webhooks.revive, webhooks.ReviveWebhook,
            webhooks.Queued, "Give the dead letters another ten attempts", bulk=False,
        ),
    ),
)  # fmt: skip
