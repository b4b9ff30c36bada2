"""Tells customers what concerns them: collect it with this code, it is on its way, it is off.

Hears events, writes messages to the queue in the same transaction, sends them outside of any by a
messenger: e-mail where a mail server is set (`mail`), else nobody; others stand behind the port.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec
import structlog

from everyshelf import orders, pickup
from everyshelf.base import codec, outbox, subscribe
from everyshelf.base.outbox import Position
from everyshelf.base.sql import load
from everyshelf.base.subscribe import Handler, Handlers, Heard
from everyshelf.base.tx import Database, Tx
from everyshelf.edge import queue
from everyshelf.edge.queue import Delivery
from everyshelf.orders import LinesCancelled, Order, OrderId
from everyshelf.pickup.events import PickupStaged
from everyshelf.sourcing import LinesUnsourced, Trigger
from everyshelf.transport import ShipmentAttemptFailed, ShipmentDelivered, ShipmentShipped

SQL = load("everyshelf.edge")
LOG = structlog.get_logger()

SUBSCRIBER: Final = "notify"
OUTGOING: Final = "notify:messages"


class Message(msgspec.Struct, frozen=True):
    """What one customer is told."""

    email: str
    phone: str
    name: str
    order_id: OrderId
    text: str


class Messenger(Protocol):
    """The port for what carries messages: e-mail, text message. Raises when it could not."""

    def send(self, message_id: str, message: Message) -> None: ...


class Silent:
    """Tells nobody: notes that there was something to tell, without a name, address or code."""

    def send(self, message_id: str, message: Message) -> None:
        """Never fails."""
        LOG.info("message_not_sent", id=message_id, order=str(message.order_id))


def _staged(tx: Tx, heard: Heard) -> str | None:
    """The code is made for the customer here and stands in no event."""
    event: PickupStaged = heard.event
    command = pickup.IssueCode(key=f"notify:{heard.id}", pickup_id=event.pickup_id)
    issued = pickup.issue_code(tx, [command])[0].value
    if issued is None:
        return None  # It was collected or ended meanwhile.
    return (
        f"Your order is ready at {event.node} until {event.expires_at:%Y-%m-%d %H:%M} UTC. "
        f"Your code is {issued.code}."
    )


def _shipped(tx: Tx, heard: Heard) -> str:
    event: ShipmentShipped = heard.event
    parcels = ", ".join(parcel.tracking for parcel in event.parcels)
    return f"Your order is on its way with {event.carrier}: {parcels}."


def _delivered(tx: Tx, heard: Heard) -> str:
    return "Your parcel was delivered."


def _attempt_failed(tx: Tx, heard: Heard) -> str:
    return "The carrier came and could not hand over your parcel; it will try again."


def _unsourced(tx: Tx, heard: Heard) -> str | None:
    """Only when units lost their place: at first nobody was promised a place."""
    event: LinesUnsourced = heard.event
    if event.trigger not in (Trigger.RESOURCE, Trigger.REVOKED):
        return None
    units = sum(line.qty for line in event.lines)
    return f"{units} of your order cannot come from where we planned. We look for another place."


def _cancelled(tx: Tx, heard: Heard) -> str:
    event: LinesCancelled = heard.event
    units = sum(line.qty for line in event.lines)
    return f"{units} of your order were cancelled: {event.reason}. You do not pay for them."


Write = Callable[[Tx, Heard], str | None]

WRITERS: Final[Mapping[type[Any], Write]] = {
    PickupStaged: _staged,
    ShipmentShipped: _shipped,
    ShipmentDelivered: _delivered,
    ShipmentAttemptFailed: _attempt_failed,
    LinesCancelled: _cancelled,
    LinesUnsourced: _unsourced,
}


def _handler(write: Write) -> Handler:
    def hear(tx: Tx, heard: Sequence[Heard]) -> None:
        found = {o.id: o for o in orders.get(tx, {h.event.order_id for h in heard})}
        told = [_delivery(found[h.event.order_id], h, write(tx, h)) for h in heard]
        queue.put(tx, OUTGOING, [one for one in told if one is not None])

    return hear


def _delivery(order: Order, heard: Heard, text: str | None) -> Delivery | None:
    buyer = order.buyer
    if text is None or not (buyer.email or buyer.phone):
        return None
    message = Message(buyer.email or "", buyer.phone or "", buyer.name, order.id, text)
    kind = type(heard.event).TYPE
    return Delivery(heard.id, str(order.id), kind, codec.encode(message).decode())


HANDLERS: Final[Handlers] = {kind: _handler(write) for kind, write in WRITERS.items()}


def begin(db: Database) -> None:
    """At the first start nobody is told about the past."""
    db.run(_begin, actor=SUBSCRIBER)


def _begin(tx: Tx) -> None:
    if tx.tuples(SQL.subscriber_known, subscriber=SUBSCRIBER):
        return
    lanes = outbox.lock(tx, SUBSCRIBER)
    below = outbox.horizon(tx)
    outbox.move(tx, SUBSCRIBER, [Position(p.lane, below, 0) for p in lanes])


def run(db: Database, messenger: Messenger, *, now: datetime | None = None) -> int:
    """Hears what is new and sends what is due; how much."""
    heard = subscribe.step(db, SUBSCRIBER, HANDLERS, now=now)
    heard += subscribe.retry(db, SUBSCRIBER, HANDLERS, now=now)
    leased = db.run(lambda tx: queue.lease(tx, [OUTGOING]), now=now, actor=SUBSCRIBER)
    errors = {one: _send(messenger, one) for one in leased}

    def record(tx: Tx) -> None:
        queue.delivered(tx, [one for one, error in errors.items() if error is None])
        queue.failed(tx, [(one, error) for one, error in errors.items() if error is not None])

    if leased:
        db.run(record, now=now, actor=SUBSCRIBER)
    return heard + len(leased)


def _send(messenger: Messenger, leased: queue.Leased) -> str | None:
    try:
        messenger.send(str(leased.event_id), codec.decode(leased.body, Message))
    except Exception as error:  # A messenger may fail in any way; it is tried again.
        return repr(error)
    return None
