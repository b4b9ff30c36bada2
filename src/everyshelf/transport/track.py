"""Tracking: what carriers say, in whatever order and how often they say it.

Every message is kept once by the carrier's own id; the state is the fold of all of them. Delivered,
returned and lost end a shipment: what is said later is kept, and a contradiction is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from everyshelf.base import outbox
from everyshelf.base.errors import INVALID
from everyshelf.base.events import Event
from everyshelf.base.parts import table
from everyshelf.base.results import Outcome, Result
from everyshelf.base.tx import Tx
from everyshelf.transport import events
from everyshelf.transport.facts import (
    FINAL,
    UNKNOWN,
    Message,
    Shipment,
    ShipmentId,
    ShipmentState,
    Standing,
    Track,
    Tracked,
    standing,
)
from everyshelf.transport.undelivered import Back, take_back
from everyshelf.transport.work import SQL

S = ShipmentState


def track(tx: Tx, commands: Sequence[Track]) -> list[Result[Tracked]]:
    """Takes carriers' messages; `source_id` makes each of them count once.

    Refused: transport.unknown, input.invalid.
    """
    locked = tx.all(SQL.lock_shipments, Shipment, ids=sorted({c.shipment_id for c in commands}))
    before = {shipment.id: shipment for shipment in locked}
    valid = [c for c in commands if c.shipment_id in before and _valid(c)]
    fresh = _keep(tx, valid, before)
    after = _fold(tx, before, {id_ for id_, _ in fresh})
    new = [c for c in valid if (c.shipment_id, c.source_id) in fresh]
    _write(tx, before, after, new)
    return [_answer(c, before, after, fresh) for c in commands]


def _valid(c: Track) -> bool:
    return bool(c.source_id) and c.code is not S.SHIPPED


def _keep(
    tx: Tx, valid: Sequence[Track], before: Mapping[ShipmentId, Shipment]
) -> set[tuple[ShipmentId, str]]:
    names = ("parts", "shipment_ids", "source_ids", "codes", "places", "ats")
    rows = (
        (before[c.shipment_id].part, c.shipment_id, c.source_id, c.code, c.place, c.at)
        for c in {(c.shipment_id, c.source_id): c for c in reversed(valid)}.values()
    )
    if not valid:
        return set()
    kept = tx.tuples(SQL.keep_messages, now=tx.now, **table(names, rows))
    return {(ShipmentId(id_), source) for id_, source in kept}


def _fold(
    tx: Tx, before: Mapping[ShipmentId, Shipment], touched: set[ShipmentId]
) -> dict[ShipmentId, Standing]:
    """Where the touched shipments stand now; an end stays the end."""
    keys = table(("parts", "ids"), ((before[id_].part, id_) for id_ in sorted(touched)))
    heard: dict[ShipmentId, list[Message]] = {id_: [] for id_ in touched}
    for message in tx.all(SQL.read_messages, Message, **keys) if touched else ():
        heard[message.shipment_id].append(message)
    found = {}
    for id_, messages in heard.items():
        now, then = standing(messages), before[id_]
        if then.state in FINAL:
            now = Standing(then.state, now.attempts, then.delivered_at)
        found[id_] = now
    return found


def _write(
    tx: Tx,
    before: Mapping[ShipmentId, Shipment],
    after: Mapping[ShipmentId, Standing],
    new: Sequence[Track],
) -> None:
    changed = {
        id_: now for id_, now in after.items()
        if (now.state, now.attempts) != (before[id_].state, before[id_].attempts)
    }  # fmt: skip
    names = ("parts", "ids", "states", "attempts", "delivered")
    rows = (
        (before[id_].part, id_, now.state, now.attempts, now.delivered_at)
        for id_, now in sorted(changed.items())
    )
    if changed:
        tx.run(SQL.move_shipments, **table(names, rows))
    ended = {
        id_: before[id_] for id_, now in changed.items()
        if now.state in (S.RETURNED, S.LOST) and before[id_].state is not now.state
    }  # fmt: skip
    back = take_back(tx, {id_: (s, after[id_].state) for id_, s in ended.items()})
    outbox.emit(tx, _told(before, after, new, back))


def _told(
    before: Mapping[ShipmentId, Shipment],
    after: Mapping[ShipmentId, Standing],
    new: Sequence[Track],
    back: Mapping[ShipmentId, Back],
) -> list[Event]:
    last = {c.shipment_id: c for c in sorted(new, key=lambda c: c.at)}
    told: list[Event] = []
    for id_, c in last.items():
        was, now = before[id_], after[id_]
        version = was.version + 1
        if was.state in FINAL:
            told += [_disputed(was, x) for x in new if x.shipment_id == id_ and _denies(was, x)]
            continue
        if now.attempts > was.attempts:
            told.append(events.ShipmentAttemptFailed(
                shipment_id=id_, order_id=was.order_id, node=was.node, attempts=now.attempts,
                at=c.at, place=c.place, version=version,
            ))  # fmt: skip
        if now.state is not was.state:
            told += _arrived(was, now, c.at, c.place, back.get(id_))
    return told


def _denies(was: Shipment, c: Track) -> bool:
    return c.code in FINAL and c.code is not was.state


def _disputed(was: Shipment, c: Track) -> Event:
    return events.ShipmentDisputed(
        shipment_id=was.id, order_id=was.order_id, node=was.node, state=was.state, said=c.code,
        at=c.at, version=was.version,
    )  # fmt: skip


def _arrived(
    was: Shipment, now: Standing, at: datetime, place: str, back: Back | None
) -> list[Event]:
    """The event of a new state; a failed attempt is told apart."""
    told = {
        S.DELIVERED: _delivered,
        S.IN_TRANSIT: _moving(events.ShipmentInTransit),
        S.OUT_FOR_DELIVERY: _moving(events.ShipmentOutForDelivery),
        S.RETURNING: _returning,
        S.RETURNED: _returned,
        S.LOST: _lost,
    }.get(now.state)
    return [] if told is None else [told(was, now, at, place, back or Back(0, 0, was.currency))]


Tell = Callable[[Shipment, Standing, datetime, str, Back], Event]
Moving = type[events.ShipmentInTransit] | type[events.ShipmentOutForDelivery]


def _moving(kind: Moving) -> Tell:
    def tell(was: Shipment, now: Standing, at: datetime, place: str, back: Back) -> Event:
        return kind(
            shipment_id=was.id,
            order_id=was.order_id,
            version=was.version + 1,
            at=at,
            place=place,
        )

    return tell


def _delivered(was: Shipment, now: Standing, at: datetime, place: str, back: Back) -> Event:
    assert now.delivered_at is not None
    late = was.promised_latest is not None and now.delivered_at > was.promised_latest
    return events.ShipmentDelivered(
        shipment_id=was.id,
        order_id=was.order_id,
        version=was.version + 1,
        at=now.delivered_at,
        on_time=None if was.promised_latest is None else not late,
    )


def _returning(was: Shipment, now: Standing, at: datetime, place: str, back: Back) -> Event:
    return events.ShipmentReturning(
        shipment_id=was.id,
        order_id=was.order_id,
        version=was.version + 1,
        node=was.node,
        at=at,
        place=place,
    )


def _returned(was: Shipment, now: Standing, at: datetime, place: str, back: Back) -> Event:
    return events.ShipmentReturned(
        shipment_id=was.id,
        order_id=was.order_id,
        version=was.version + 1,
        node=was.node,
        units=back.units,
        refund_minor=back.refund_minor,
        currency=back.currency,
    )


def _lost(was: Shipment, now: Standing, at: datetime, place: str, back: Back) -> Event:
    return events.ShipmentLost(
        shipment_id=was.id,
        order_id=was.order_id,
        version=was.version + 1,
        node=was.node,
        carrier=was.carrier,
        units=back.units,
        refund_minor=back.refund_minor,
        currency=back.currency,
    )


def _answer(
    c: Track,
    before: Mapping[ShipmentId, Shipment],
    after: Mapping[ShipmentId, Standing],
    fresh: set[tuple[ShipmentId, str]],
) -> Result[Tracked]:
    was = before.get(c.shipment_id)
    if was is None:
        return Result.refused(UNKNOWN(f"There is no shipment {c.shipment_id}."))
    if not _valid(c):
        return Result.refused(INVALID("A message has a source_id and a code other than shipped."))
    now = after.get(was.id)
    tracked = Tracked(
        was.id, now.state if now else was.state, now.attempts if now else was.attempts
    )
    if (c.shipment_id, c.source_id) in fresh:
        return Result.done(tracked)
    return Result(Outcome.EXISTS, tracked)


def shipments_of_tracking(tx: Tx, trackings: Sequence[str]) -> dict[str, ShipmentId]:
    """Which shipment a tracking number belongs to."""
    rows = tx.tuples(SQL.shipment_of_tracking, trackings=sorted(set(trackings)))
    return {tracking: ShipmentId(id_) for tracking, id_ in rows}
