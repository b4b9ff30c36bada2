"""Units come from outside: a delivery, production, a return; and go back by correction.

Receiving counts what arrived, never what was announced; expected supply is only marked as served.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from everyshelf.base import ids, outbox
from everyshelf.base.claims import once
from everyshelf.base.parts import table
from everyshelf.base.results import Refusal, Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.stock.events import ItemAdjusted, ItemReceived, ItemRegraded
from everyshelf.stock.facts import (
    ADJUST,
    BUCKET_UNKNOWN,
    CUSTOMER,
    INBOUND_UNKNOWN,
    INSUFFICIENT,
    OUT,
    SUPPLIER,
    Bucket,
    InboundId,
    Leg,
    Short,
)
from everyshelf.stock.known import sift
from everyshelf.stock.ledger import post

SQL = load("everyshelf.stock")
ARRIVES_IN = frozenset({Bucket.SELLABLE, Bucket.QUALITY_HOLD, Bucket.DAMAGED, Bucket.DISPLAY})


class Receive(msgspec.Struct, frozen=True):
    """Units that arrived at a node. Lot items need `lot`, serial items one serial per unit."""

    key: str
    node: str
    item: str
    qty: int
    bucket: str = Bucket.SELLABLE
    lot: str = ""
    expires_on: date | None = None
    serials: tuple[str, ...] = ()
    inbound_id: InboundId | None = None
    reason: str = "receipt"


class ReturnIn(msgspec.Struct, frozen=True):
    """Units that a customer brought back."""

    item: str
    node: str
    bucket: str
    qty: int
    lot: str = ""
    serials: tuple[str, ...] = ()
    reason: str = "return"


class Adjust(msgspec.Struct, frozen=True):
    """A correction of the books by `delta` units (negative: they are gone) with its reason."""

    key: str
    node: str
    item: str
    delta: int
    reason: str
    bucket: str = Bucket.SELLABLE
    lot: str = ""
    serials: tuple[str, ...] = ()


class Regrade(msgspec.Struct, frozen=True):
    """Units change their bucket inside a node: set aside, put on display, found good again."""

    key: str
    node: str
    item: str
    from_bucket: str
    to_bucket: str
    qty: int
    reason: str


def refusal(short: Short) -> Refusal:
    """The refusal that tells what was short."""
    return Refusal(short.code, 409 if short.code == INSUFFICIENT.code else 422, short.words())


def answers(shorts: Sequence[Short | None], values: Sequence[int]) -> list[Result[int]]:
    """One result per posting: its value, or what it was short of."""
    pairs = zip(shorts, values, strict=True)
    return [Result.done(v) if s is None else Result.refused(refusal(s).error()) for s, v in pairs]


def receive(tx: Tx, commands: Sequence[Receive]) -> list[Result[int]]:
    """Takes units in; the value is how many. Refused: unknown item or node, lot or serial missing,
    a bucket units cannot arrive in, stock.inbound_unknown."""
    return once(tx, "stock.receive", commands, _receive, int)


def _receive(tx: Tx, commands: list[Receive]) -> list[Result[int]]:
    return sift(tx, commands, lambda c: c.qty, lambda good: _receive_known(tx, good))


def _receive_known(tx: Tx, commands: list[Receive]) -> list[Result[int]]:
    """Those that name expected supply name one of their own item and node."""
    named = {(ids.part_of(c.item), c.inbound_id) for c in commands if c.inbound_id is not None}
    found = tx.tuples(SQL.cells_of_inbound, **table(("parts", "ids"), named)) if named else []
    cells = {i: (item, node) for i, item, node in found}
    fits = [c.inbound_id is None or cells.get(c.inbound_id) == (c.item, c.node) for c in commands]
    good = [c for c, ok in zip(commands, fits, strict=True) if ok]
    answers = iter(receive_now(tx, good) if good else [])
    return [
        next(answers)
        if ok
        else Result.refused(INBOUND_UNKNOWN(f"{c.inbound_id} is not of {c.item} at {c.node}."))
        for c, ok in zip(commands, fits, strict=True)
    ]


def receive_now(tx: Tx, commands: Sequence[Receive]) -> list[Result[int]]:
    """The same without a claim, for callers that are already exactly-once."""
    legs = [
        [
            Leg(c.item, SUPPLIER, OUT, c.node, c.bucket, c.qty, c.reason, c.lot, c.serials,
                expires_on=c.expires_on)
        ]
        if c.bucket in ARRIVES_IN
        else []
        for c in commands
    ]  # fmt: skip
    found = answers(post(tx, legs), [c.qty for c in commands])
    found = [
        f if group else Result.refused(BUCKET_UNKNOWN(f"Units cannot arrive in {c.bucket!r}."))
        for f, group, c in zip(found, legs, commands, strict=True)
    ]
    done = [c for c, f in zip(commands, found, strict=True) if f.ok]
    served = [c for c in done if c.inbound_id is not None]
    if served:
        rows = ((ids.part_of(c.item), c.inbound_id, c.qty) for c in served)
        tx.run(SQL.serve_inbound, **table(("parts", "ids", "qtys"), rows))
    outbox.emit(
        tx,
        (
            ItemReceived(item=c.item, node=c.node, bucket=c.bucket, qty=c.qty, reason=c.reason,
                         inbound_id=c.inbound_id)
            for c in done
        ),
    )  # fmt: skip
    return found


def return_in_now(tx: Tx, units: Sequence[ReturnIn]) -> list[Result[int]]:
    """Units come back from customers into a bucket of the receiving node, at once."""
    legs = [
        [Leg(u.item, CUSTOMER, OUT, u.node, u.bucket, u.qty, u.reason, u.lot, u.serials)]
        for u in units
    ]
    found = answers(post(tx, legs), [u.qty for u in units])
    outbox.emit(
        tx,
        (
            ItemReceived(item=u.item, node=u.node, bucket=u.bucket, qty=u.qty, reason=u.reason)
            for u, f in zip(units, found, strict=True)
            if f.ok
        ),
    )
    return found


def adjust(tx: Tx, commands: Sequence[Adjust]) -> list[Result[int]]:
    """Corrects the books; the value is the delta. A bucket never falls below zero."""
    return once(tx, "stock.adjust", commands, _adjust, int)


def _adjust(tx: Tx, commands: list[Adjust]) -> list[Result[int]]:
    return sift(tx, commands, lambda c: abs(c.delta), lambda good: _adjust_known(tx, good))


def _adjust_known(tx: Tx, commands: list[Adjust]) -> list[Result[int]]:
    found = answers(post(tx, [_adjust_legs(c) for c in commands]), [c.delta for c in commands])
    found = [
        f if c.bucket in ARRIVES_IN
        else Result.refused(BUCKET_UNKNOWN(f"{c.bucket!r} cannot be adjusted."))
        for f, c in zip(found, commands, strict=True)
    ]  # fmt: skip
    outbox.emit(
        tx,
        (
            ItemAdjusted(item=c.item, node=c.node, delta=c.delta, reason=c.reason)
            for c, f in zip(commands, found, strict=True)
            if f.ok
        ),
    )
    return found


def _adjust_legs(c: Adjust) -> list[Leg]:
    if c.bucket not in ARRIVES_IN:
        return []
    inside, outside = (c.node, c.bucket), (ADJUST, OUT)
    source, target = (outside, inside) if c.delta > 0 else (inside, outside)
    return [Leg(c.item, *source, *target, abs(c.delta), c.reason, c.lot, c.serials)]


def regrade(tx: Tx, commands: Sequence[Regrade]) -> list[Result[int]]:
    """Moves units between sellable, quality_hold, damaged and display of one node."""
    return once(tx, "stock.regrade", commands, _regrade, int)


def _regrade(tx: Tx, commands: list[Regrade]) -> list[Result[int]]:
    return sift(tx, commands, lambda c: c.qty, lambda good: _regrade_known(tx, good))


def _regrade_known(tx: Tx, commands: list[Regrade]) -> list[Result[int]]:
    fine = [
        c.from_bucket in ARRIVES_IN and c.to_bucket in ARRIVES_IN and c.from_bucket != c.to_bucket
        for c in commands
    ]
    legs = [
        [Leg(c.item, c.node, c.from_bucket, c.node, c.to_bucket, c.qty, c.reason)] if ok else []
        for c, ok in zip(commands, fine, strict=True)
    ]
    found = answers(post(tx, legs), [c.qty for c in commands])
    found = [
        f if ok else Result.refused(BUCKET_UNKNOWN(f"{c.from_bucket} to {c.to_bucket} is no way."))
        for f, c, ok in zip(found, commands, fine, strict=True)
    ]
    outbox.emit(
        tx,
        (
            ItemRegraded(item=c.item, node=c.node, from_bucket=c.from_bucket,
                         to_bucket=c.to_bucket, qty=c.qty, reason=c.reason)
            for c, f in zip(commands, found, strict=True)
            if f.ok
        ),
    )  # fmt: skip
    return found


__all__ = [
    "Adjust", "Receive", "Regrade", "ReturnIn", "adjust", "answers", "receive",
    "receive_now", "refusal", "regrade", "return_in_now",
]  # fmt: skip
