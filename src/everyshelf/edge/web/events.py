"""The log of events by HTTP: a feed to follow, or the newest first to look at.

Ordered by (transaction, id) below the horizon, so that whoever follows `next` misses nothing.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from everyshelf.base import ids, outbox
from everyshelf.base.errors import INVALID
from everyshelf.base.events import Envelope
from everyshelf.base.outbox import Logged
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge import webhooks
from everyshelf.edge.web.declare import Face, Read
from everyshelf.edge.web.pages import MOST, USUAL
from everyshelf.edge.web.problems import BAD_CURSOR

SQL = load("everyshelf.edge.web")


class EventQuery(msgspec.Struct, frozen=True):
    """Which events: of a type (may end with `*`), of a subject; `newest` turns the order round."""

    cursor: str = ""
    limit: int = USUAL
    type: str = "*"
    subject: str | None = None
    newest: bool = False


class EventPage(msgspec.Struct, frozen=True):
    """Some events; `next` goes on behind them, also when there are none yet."""

    items: list[Envelope]
    next: str


def look(tx: Tx, query: EventQuery) -> EventPage:
    """A page of the log."""
    if not 1 <= query.limit <= MOST:
        raise INVALID(f"limit is a number from 1 to {MOST}.")
    xid, last = _place(query)
    lanes = list(range(ids.LANES)) if query.subject is None else [ids.lane_of(query.subject)]
    found = tx.all(
        SQL.events_back if query.newest else SQL.events_on, Logged, xid=xid, last=last,
        lanes=lanes, types=webhooks.matching([query.type]), subject=query.subject,
        below=outbox.horizon(tx), limit=query.limit,
    )  # fmt: skip
    if found:
        xid, last = found[-1].xid, int(found[-1].id)
    packed = base64.urlsafe_b64encode(f"{xid}.{last}".encode()).decode().rstrip("=")
    return EventPage([outbox.envelope(event) for event in found], packed)


def _place(query: EventQuery) -> tuple[str, int]:
    if not query.cursor:
        return (str((1 << 64) - 1), 0) if query.newest else ("0", 0)
    try:
        raw = base64.urlsafe_b64decode(query.cursor[:100] + "=" * (-len(query.cursor) % 4))
        xid, last = (int(part) for part in raw.decode("ascii").split("."))
    except (binascii.Error, ValueError):
        raise BAD_CURSOR() from None
    if not (0 <= xid < 1 << 64 and 0 <= last < 1 << 63):
        raise BAD_CURSOR()
    return str(xid), last


FACE = Face(
    "events",
    "What happened, in CloudEvents envelopes; follow `next` and nothing is missed.",
    (Read("/v1/events", look, EventQuery, EventPage, "Follow the log of events"),),
)
