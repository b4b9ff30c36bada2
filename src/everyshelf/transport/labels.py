"""Labels of carriers outside: intent, call, record, all under one key.

The intent is committed before the carrier is asked. When the answer is lost, the carrier is asked
for the key first, so that a package never has two paid labels. No network call happens inside a
transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from everyshelf.base import claims, outbox
from everyshelf.base.crash import crashpoint
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.tx import Database, Tx
from everyshelf.fulfillment import FulfillmentId, PackageId
from everyshelf.network import Address
from everyshelf.transport.events import LabelBought, LabelVoided
from everyshelf.transport.facts import (
    FULFILLMENT_UNKNOWN,
    NOT_PACKED,
    Label,
    LabelState,
)
from everyshelf.transport.work import SQL, Work, lock_work, refusal

LOG = structlog.get_logger()
OWN: Final = "own"


class Request(msgspec.Struct, frozen=True):
    """What a carrier is asked for; `key` is stable for ever."""

    key: str
    service: str
    weight_g: int
    to: Address


class Bought(msgspec.Struct, frozen=True):
    """What the carrier answered."""

    tracking: str
    cost_minor: int
    currency: str


class Carrier(Protocol):
    """The port for a carrier outside. Each call may fail or lose its answer."""

    def find(self, key: str) -> Bought | None:
        """The label that was bought under this key, if there is one."""

    def buy(self, request: Request) -> Bought:
        """Buys a label."""

    def void(self, key: str) -> None:
        """Gives a label back; giving it back twice is harmless."""


class BuyLabels(msgspec.Struct, frozen=True):
    """Order labels for all packages of packed work from a carrier outside."""

    key: str
    fulfillment_id: FulfillmentId
    carrier: str
    service: str


class LabelsOrdered(msgspec.Struct, frozen=True):
    """The intents that were written."""

    fulfillment_id: FulfillmentId
    packages: tuple[PackageId, ...]


class _Waiting(msgspec.Struct, frozen=True):
    part: int
    package_id: PackageId
    fulfillment_id: FulfillmentId
    key: str
    carrier: str
    service: str
    state: LabelState
    tracking: str
    weight_g: int | None
    ship_to: Address | None


def buy_labels(tx: Tx, commands: Sequence[BuyLabels]) -> list[Result[LabelsOrdered]]:
    """Writes the intents; `settle_labels` asks the carrier.

    Refused: transport.fulfillment_unknown and what forbids to ship.
    """
    return claims.once(tx, "transport.buy_labels", commands, _buy, LabelsOrdered)


def _buy(tx: Tx, commands: list[BuyLabels]) -> list[Result[LabelsOrdered]]:
    works = lock_work(tx, [c.fulfillment_id for c in commands])
    answers: list[Result[LabelsOrdered]] = []
    rows: list[tuple[object, ...]] = []
    for c in commands:
        work = works.get(c.fulfillment_id)
        code = FULFILLMENT_UNKNOWN if work is None else refusal(work)
        if work is None or code is not None:
            answers.append(Result.refused((code or NOT_PACKED)()))
            continue
        rows += _intents(c, work)
        answers.append(Result.done(LabelsOrdered(work.id, tuple(work.packages))))
    names = ("parts", "package_ids", "fulfillment_ids", "keys", "carriers", "services")
    if rows:
        tx.run(SQL.put_intents, now=tx.now, **table(names, rows))
    return answers


def _intents(c: BuyLabels, work: Work) -> list[tuple[object, ...]]:
    return [(work.part, p, work.id, f"label:{p}", c.carrier, c.service) for p in work.packages]


def settle_labels(db: Database, carriers: Mapping[str, Carrier], limit: int = 100) -> int:
    """Asks the carriers for what waits and records what they say; how many were settled.

    Two workers may ask at once: the carrier knows the key, and the record is made once.
    """
    waiting = db.run(
        lambda tx: tx.all(SQL.waiting_labels, _Waiting, carriers=sorted(carriers), limit=limit)
    )
    if waiting:
        crashpoint("label.waiting")
    return sum(_settle(db, carriers[label.carrier], label) for label in waiting)


def _settle(db: Database, carrier: Carrier, label: _Waiting) -> bool:
    try:
        wanted = label.state is LabelState.INTENT and label.ship_to is not None
        bought = _ask(carrier, label) if wanted else None
        if bought is None:
            carrier.void(label.key)
    except Exception as error:  # Whatever the carrier's connector raises, the others go on.
        LOG.warning("label_failed", key=label.key, carrier=label.carrier, error=repr(error))
        problem = repr(error)[:500]
        db.run(lambda tx: tx.run(
            SQL.fail_labels, parts=[label.part], package_ids=[label.package_id], errors=[problem],
            now=tx.now,
        ))  # fmt: skip
        return False
    crashpoint("label.answered")
    return db.run(lambda tx: _record(tx, label, bought))


def _ask(carrier: Carrier, label: _Waiting) -> Bought:
    assert label.ship_to is not None
    found = carrier.find(label.key)
    request = Request(label.key, label.service, label.weight_g or 0, label.ship_to)
    return found if found is not None else carrier.buy(request)


def _record(tx: Tx, label: _Waiting, bought: Bought | None) -> bool:
    key = {"parts": [label.part], "package_ids": [label.package_id]}
    if bought is None:
        rows = tx.all(SQL.void_labels, Label, **key)
        outbox.emit(tx, [voided(row) for row in rows])
        return bool(rows)
    rows = tx.all(
        SQL.pay_labels, Label, **key, trackings=[bought.tracking], costs=[bought.cost_minor],
        currencies=[bought.currency],
    )  # fmt: skip
    outbox.emit(tx, [_bought(row) for row in rows])
    return bool(rows)


def void_orphans_now(tx: Tx, fulfillments: Sequence[FulfillmentId]) -> int:
    """Gives back the paid labels of packages that were opened before they left."""
    rows = tx.all(SQL.void_orphans, Label, ids=sorted(set(fulfillments)), own=OWN)
    outbox.emit(tx, [voided(row) for row in rows if row.state is LabelState.VOID])
    return len(rows)


def _bought(label: Label) -> LabelBought:
    return LabelBought(
        package_id=label.package_id, fulfillment_id=label.fulfillment_id, carrier=label.carrier,
        service=label.service, tracking=label.tracking, cost_minor=label.cost_minor,
        currency=label.currency,
    )  # fmt: skip


def voided(label: Label) -> LabelVoided:
    """The event of a label that was given back."""
    return LabelVoided(
        package_id=label.package_id, fulfillment_id=label.fulfillment_id, carrier=label.carrier,
        tracking=label.tracking,
    )  # fmt: skip
