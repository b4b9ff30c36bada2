"""The hands at the nodes: accept, pick, come up short, pack, ship, hand over, deliver.

Everything random is drawn from the seed and the order's own reference, so a run repeats exactly
whatever the ids and the batches are. The rates are assumptions, said here once.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import msgspec

from everyshelf import fulfillment, pickup, transport
from everyshelf.base.sql import Statement, load
from everyshelf.base.tx import Database, Tx
from everyshelf.fulfillment import FulfillmentId
from everyshelf.pickup import PickupId
from everyshelf.simulate.retailer import EXPRESS_BANDS, GROUND_BANDS
from everyshelf.stock import AllocationId
from everyshelf.transport import ShipmentId, ShipmentState

SQL = load("everyshelf.simulate")
T = TypeVar("T")
BATCH = 200
REJECT_RATE = 0.015
SHORT_RATE = 0.004
NO_SHOW_RATE = 0.03
FAILED_ATTEMPT_RATE = 0.02
LOST_RATE = 0.0005
BANDS = {"GROUND": GROUND_BANDS, "EXPRESS": EXPRESS_BANDS}


class Work(msgspec.Struct, frozen=True):
    """Work that waits at a node."""

    id: FulfillmentId
    ref: str
    node: str
    state: str


class WorkLine(msgspec.Struct, frozen=True):
    """A line of that work, still to be picked."""

    fulfillment_id: FulfillmentId
    allocation_id: AllocationId
    qty: int


class Waiting(msgspec.Struct, frozen=True):
    """A pickup that waits for its customer."""

    id: PickupId
    ref: str
    staged_at: datetime


class Moving(msgspec.Struct, frozen=True):
    """A shipment that is on its way."""

    id: ShipmentId
    ref: str
    service: str
    zone: int
    shipped_at: datetime
    attempts: int


class People:
    """Everybody who works, delivers or collects, on a clock that is handed to them."""

    def __init__(self, db: Database, seed: int) -> None:
        self.db = db
        self.seed = seed

    def draw(self, *about: object) -> random.Random:
        """The dice for one question about one thing."""
        return random.Random(f"{self.seed}:{':'.join(map(str, about))}")

    def work(self, now: datetime) -> int:
        """Nodes accept or reject what was offered, pick, come up short and pack."""
        todo = self._read(SQL.open_work, Work, now)
        for start in range(0, len(todo), BATCH):
            batch = todo[start : start + BATCH]
            self.db.run(partial(self._prepare, todo=batch), now=now, actor="people")
        return len(todo)

    def _prepare(self, tx: Tx, todo: Sequence[Work]) -> None:
        refuse = [
            w for w in todo
            if w.state == "offered" and self.draw("reject", w.ref, w.node).random() < REJECT_RATE
        ]  # fmt: skip
        refused = {w.id for w in refuse}
        rest = [w for w in todo if w.id not in refused]
        refs = {w.id: w.ref for w in rest}
        lines = tx.all(SQL.open_work_lines, WorkLine, ids=[int(w.id) for w in rest])
        by_work: dict[FulfillmentId, list[WorkLine]] = {}
        for line in lines:
            by_work.setdefault(line.fulfillment_id, []).append(line)
        if refuse:
            reject = fulfillment.Reject
            reasons = fulfillment.RejectReason
            fulfillment.reject(
                tx, [reject(f"sim:reject:{w.id}", w.id, reasons.TOO_BUSY) for w in refuse]
            )
        commands = [self._command(refs[w.id], w.id, by_work.get(w.id, [])) for w in rest]
        fulfillment.prepare_now(tx, commands)

    def _command(
        self, ref: str, work: FulfillmentId, lines: Sequence[WorkLine]
    ) -> fulfillment.Prepare:
        dice = self.draw("short", ref, len(lines))
        missing = {n for n in range(len(lines)) if dice.random() < SHORT_RATE}
        if not missing or len(missing) == len(lines):
            return fulfillment.Prepare("", work)
        found = tuple(
            fulfillment.PickLine(line.allocation_id, line.qty)
            for n, line in enumerate(lines)
            if n not in missing
        )
        return fulfillment.Prepare("", work, found)

    def ship(self, now: datetime) -> int:
        """Carriers take what is packed."""
        todo = [work.id for work in self._read(SQL.packed_work, Work, now)]
        for start in range(0, len(todo), BATCH):
            commands = [transport.Ship("", work) for work in todo[start : start + BATCH]]
            self.db.run(partial(transport.ship_now, commands=commands), now=now, actor="carrier")
        return len(todo)

    def deliver(self, now: datetime) -> int:
        """Carriers report what has happened to the parcels until now."""
        said = [m for s in self._read(SQL.moving, Moving, now) for m in self._messages(s, now)]
        for start in range(0, len(said), BATCH):
            batch = said[start : start + BATCH]
            self.db.run(partial(transport.track, commands=batch), now=now, actor="carrier")
        return len(said)

    def _messages(self, s: Moving, now: datetime) -> list[transport.Track]:
        dice = self.draw("deliver", s.ref, s.zone, s.service)
        _, p50, p90 = BANDS[s.service][s.zone - 1]
        days = dice.choices((p50, min(p50 + 1, p90), p90, p90 + 2), (0.5, 0.35, 0.13, 0.02))[0]
        due = s.shipped_at + timedelta(days=days, hours=dice.uniform(0, 8))
        lost, failed = dice.random() < LOST_RATE, dice.random() < FAILED_ATTEMPT_RATE
        if lost:
            gone = due + timedelta(days=14)
            return [self._said(s, "lost", ShipmentState.LOST, gone)] if gone <= now else []
        if failed and s.attempts == 0:
            code = ShipmentState.ATTEMPT_FAILED
            return [self._said(s, "attempt", code, due)] if due <= now else []
        due += timedelta(days=s.attempts)
        return [self._said(s, "delivered", ShipmentState.DELIVERED, due)] if due <= now else []

    def _said(self, s: Moving, what: str, code: ShipmentState, at: datetime) -> transport.Track:
        source = f"{what}:{s.attempts}"
        return transport.Track(s.id, source, code, max(at, s.shipped_at))

    def collect(self, now: datetime) -> int:
        """Customers come for their pickups, most within two days, some never."""
        todo = [p for p in self._read(SQL.staged_pickups, Waiting, now) if self._comes(p, now)]
        for start in range(0, len(todo), BATCH):
            batch = todo[start : start + BATCH]
            self.db.run(partial(_hand_over, waiting=batch), now=now, actor="people")
        self.db.run(lambda tx: pickup.expire(tx, now, 500), now=now, actor="clock")
        return len(todo)

    def _comes(self, p: Waiting, now: datetime) -> bool:
        dice = self.draw("collect", p.ref)
        if dice.random() < NO_SHOW_RATE:
            return False
        return now >= p.staged_at + timedelta(hours=dice.uniform(1, 48))

    def _read(self, statement: Statement, kind: type[T], now: datetime) -> list[T]:
        with self.db.transaction(now=now) as tx:
            return tx.all(statement, kind)


def _hand_over(tx: Tx, waiting: Sequence[Waiting]) -> None:
    issued = pickup.issue_code(tx, [pickup.IssueCode(f"sim:issue:{p.id}", p.id) for p in waiting])
    commands = [
        pickup.HandOver(f"sim:hand:{p.id}", p.id, code=answer.get().code)
        for p, answer in zip(waiting, issued, strict=True)
        if answer.ok
    ]
    pickup.hand_over(tx, commands)
