"""One import from beginning to end: look, check, take in batches, say what became of every row.

A batch, the rows it set aside and the position behind it are one transaction, so a broken import
continues where it stopped. The position counts settled units in the order in which the file always
gives them, not lines of the file: an invoice may still be open while later rows are done.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from everyshelf import catalog
from everyshelf.base import codec, ids
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Database, Tx
from everyshelf.catalog import CHANNEL_UNKNOWN
from everyshelf.edge.intake import readers
from everyshelf.edge.intake.checkpoint import row_text, survey
from everyshelf.edge.intake.facts import (
    NOTHING_TO_RESUME,
    RUN_OVERTAKEN,
    Kind,
    Quarantined,
    Row,
    Unit,
)
from everyshelf.edge.intake.mapping import Mapping, Plan, check
from everyshelf.edge.intake.planning import plan_for
from everyshelf.edge.intake.report import Checkpoint, Report
from everyshelf.edge.intake.setup import RunId, Setup
from everyshelf.edge.intake.take import take
from everyshelf.edge.intake.units import units

SQL = load("everyshelf.edge.intake")
BATCH: Final = 500
ROWS_PER_UNIT: Final = 40
Tell = Callable[[int], None]
Kept = list[tuple[Row, Quarantined]]


class Job(msgspec.Struct, frozen=True):
    """What is to be imported and how. `again` takes a finished file once more from its first row;
    `resume` refuses unless an unfinished import of the file is there to go on with."""

    kind: Kind
    path: Path
    mapping: Mapping = Mapping()
    source: str = "file"
    batch: int = BATCH
    dry_run: bool = False
    resume: bool = False
    again: bool = False
    make_items: bool = False


class Listener:
    """Hears how an import goes on; a terminal shows it."""

    def surveying(self, rows: int) -> None: ...
    def checked(self, found: Checkpoint) -> None: ...
    def taking(self, rows: int) -> None: ...


class _Run(msgspec.Struct, frozen=True):
    id: RunId
    state: str
    position: int
    rows_taken: int = 0
    rows_quarantined: int = 0


def run(db: Database, job: Job, listener: Listener | None = None) -> Report:
    """Imports a file. Refused, with nothing written: intake.* codes, catalog.channel_unknown."""
    listener = listener or Listener()
    began = time.monotonic()
    source = readers.open_source(job.path, check(job.mapping).encoding)
    now = db.run(lambda tx: tx.now)
    plan = plan_for(source, job.kind, job.mapping, now.date())
    plan = msgspec.structs.replace(plan, currency=_currency(db, plan))
    digest = readers.digest(job.path)
    before = _Run(RunId(0), "new", 0) if job.again else _find(db, job, plan, digest)
    if job.resume and before.state != "running":
        raise NOTHING_TO_RESUME(f"{job.path.name}: the last import of it is {before.state}.")
    found = survey(source, plan, db, job.make_items, listener.surveying)
    listener.checked(found)
    if job.dry_run:
        return _dry(job, found, before, time.monotonic() - began)
    this = before if before.state != "new" else _begin(db, job, plan, digest, now)
    setup = Setup(this.id, job.source, digest.hex(), plan, plan.currency, job.make_items)
    done = _take_all(db, job, setup, source, this, listener)
    return Report(
        job.kind, job.path.name, job.source, str(this.id), "done", this.position,
        done.taken + sum(done.reasons.values()), done.taken, sum(done.reasons.values()),
        dict(done.reasons.most_common()), done.records, round(time.monotonic() - began, 3), found,
    )  # fmt: skip


def _currency(db: Database, plan: Plan) -> str:
    """Orders are in the currency of their channel; other files say their own."""
    if plan.kind is not Kind.ORDERS:
        return plan.currency
    channel = plan.mapping.channel
    found = db.run(lambda tx: catalog.channels(tx, [channel])).get(channel)
    if found is None:
        raise CHANNEL_UNKNOWN(f"There is no channel {channel!r}; make it, or name another one.")
    return plan.mapping.currency or found.currency


def _identity(job: Job, plan: Plan) -> str:
    """What makes two imports of a file the same one: how it is read, and for whom."""
    told = {"source": job.source, "columns": plan.columns, "date_format": plan.date_format}
    return codec.encode(told | {"currency": plan.currency, "mapping": plan.mapping}).decode()


def _find(db: Database, job: Job, plan: Plan, digest: bytes) -> _Run:
    mapping = _identity(job, plan)
    return db.run(
        lambda tx: tx.one(SQL.find_run, _Run, kind=job.kind, digest=digest, mapping=mapping)
    ) or _Run(RunId(0), "new", 0)


def _begin(db: Database, job: Job, plan: Plan, digest: bytes, now: datetime) -> _Run:
    this = ids.new(RunId)
    row = {"kind": job.kind, "file": job.path.name, "digest": digest}
    mapping = _identity(job, plan)
    db.run(lambda tx: tx.run(SQL.begin_run, id=this, mapping=mapping, now=now, **row))
    return _Run(this, "running", 0)


def _dry(job: Job, found: Checkpoint, before: _Run, seconds: float) -> Report:
    aside = sum(found.reasons.values())
    return Report(
        job.kind, job.path.name, job.source, None, "dry_run", before.position, found.rows,
        found.rows_good, aside, found.reasons, found.orders, round(seconds, 3), found,
    )  # fmt: skip


class _Done:
    """The counts of this call."""

    def __init__(self) -> None:
        self.taken = 0
        self.records = 0
        self.reasons: Counter[str] = Counter()


def _take_all(
    db: Database, job: Job, setup: Setup, source: readers.Source, this: _Run, listener: Listener
) -> _Done:
    done = _Done()
    if this.state == "done":
        return done
    position = this.position
    for batch in batches(_rest(units(source, setup.plan), position), job.batch):
        records, kept = db.run(partial(settle, batch=batch, setup=setup, position=position))
        rows = sum(len(unit.rows) for unit in batch)
        position += rows
        done.taken += rows - len(kept)
        done.records += records
        done.reasons.update(str(reason.reason) for _, reason in kept)
        listener.taking(position)
    db.run(lambda tx: tx.run(SQL.end_run, id=setup.run_id, now=tx.now))
    return done


def _rest(stream: Iterator[Unit], position: int) -> Iterator[Unit]:
    """The units behind a position; it lies between two units, for the stream is always the same."""
    passed = 0
    while passed < position:
        passed += len(next(stream).rows)
    assert passed == position, "the file does not give the units it gave before"
    return stream


def batches(stream: Iterator[Unit], size: int) -> Iterator[list[Unit]]:
    """Units in batches of so many drafts, or of so many rows if those come first."""
    batch: list[Unit] = []
    drafts = rows = 0
    for unit in stream:
        batch.append(unit)
        drafts += unit.draft is not None
        rows += len(unit.rows)
        if drafts >= size or rows >= size * ROWS_PER_UNIT:
            yield batch
            batch, drafts, rows = [], 0, 0
    if batch:
        yield batch


def settle(tx: Tx, batch: Sequence[Unit], setup: Setup, position: int) -> tuple[int, Kept]:
    """Takes a batch and keeps what it could not take; how many units were taken, and the rows
    that were kept. Refused: intake.run_overtaken."""
    if tx.tuples(SQL.lock_run, id=setup.run_id) != [(position,)]:
        raise RUN_OVERTAKEN()
    drafted = [unit for unit in batch if unit.draft is not None]
    left = take(tx, drafted, setup)
    raw = {row.number: row for unit in batch for row in unit.rows}
    aside = [unit.reason for unit in batch if unit.reason is not None]
    aside += [reason for reasons in left for reason in reasons]
    kept = [(raw[reason.row], reason) for reason in aside]
    taken = len(raw) - len(kept)
    tx.run(SQL.advance_run, id=setup.run_id, taken=taken, quarantined=len(kept))
    _keep(tx, setup.run_id, kept)
    records = sum(len(u.rows) > len(reasons) for u, reasons in zip(drafted, left, strict=True))
    return records, kept


def _keep(tx: Tx, run_id: RunId, kept: Kept) -> None:
    rows = (
        (row.number, str(reason.reason), reason.field, codec.encode(row_text(row)).decode())
        for row, reason in kept
    )
    columns = table(("row_numbers", "reasons", "fields", "raws"), rows)
    if kept:
        tx.run(SQL.add_quarantine, run=run_id, **columns)
