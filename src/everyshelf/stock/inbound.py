"""Dated supply: what is on its way may be promised once, up to its quantity plus a cap.

Promising is a conditional UPDATE on the supply's row, so two channels never promise one inbound
unit. Who waits is released first come, first served, when the units arrive (sourcing does it).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from everyshelf.base import ids, outbox
from everyshelf.base.claims import once
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.stock.events import InboundExpected
from everyshelf.stock.facts import InboundId
from everyshelf.stock.known import sift

SQL = load("everyshelf.stock")


class Expect(msgspec.Struct, frozen=True):
    """Supply that will arrive: a purchase order, a production run, a preorder's first delivery.

    `cap`: units that may be promised beyond `qty` (a backorder limit).
    """

    key: str
    item: str
    node: str
    qty: int
    due_on: date
    kind: str = "purchase_order"
    ref: str = ""
    cap: int = 0


class InboundRow(msgspec.Struct, frozen=True):
    """Expected supply as it stands."""

    id: InboundId
    item: str
    node: str
    due_on: date
    qty: int
    received: int
    promised: int
    cap: int


class Due(msgspec.Struct, frozen=True):
    """Inbound units promised to somebody: from which supply, and its day."""

    inbound_id: InboundId
    due_on: date
    node: str


def expect(tx: Tx, commands: Sequence[Expect]) -> list[Result[InboundId]]:
    """Announces dated supply."""
    return once(tx, "stock.expect", commands, _expect, InboundId)


def _expect(tx: Tx, commands: list[Expect]) -> list[Result[InboundId]]:
    return sift(tx, commands, lambda c: c.qty, lambda good: _expect_known(tx, good), least=0)


def _expect_known(tx: Tx, commands: list[Expect]) -> list[Result[InboundId]]:
    made = [ids.new(InboundId) for _ in commands]
    names = ("parts", "ids", "items", "nodes", "kinds", "refs", "dues", "qtys", "caps")
    rows = (
        (ids.part_of(c.item), i, c.item, c.node, c.kind, c.ref, c.due_on, c.qty, max(c.cap, 0))
        for i, c in zip(made, commands, strict=True)
    )
    tx.run(SQL.add_inbound, **table(names, rows))
    outbox.emit(
        tx,
        (
            InboundExpected(item=c.item, node=c.node, inbound_id=i, qty=c.qty, due_on=c.due_on,
                            kind=c.kind)
            for i, c in zip(made, commands, strict=True)
        ),
    )  # fmt: skip
    return [Result.done(i) for i in made]


def promise_inbound_now(tx: Tx, wants: Sequence[tuple[str, int, str]]) -> list[Due | None]:
    """Promises inbound units: (item, qty, pool) in order of arrival; the earliest supply that can
    take the whole quantity, or None. The row's CHECK keeps promised <= qty + cap.

    Units that have arrived are not coming any more, whoever got them: those that were promised go
    to their orders, the others were sold.
    """
    rows = tx.all(
        SQL.lock_inbound,
        InboundRow,
        parts=sorted({ids.part_of(item) for item, _, _ in wants}),
        items=sorted({item for item, _, _ in wants}),
    )
    free = {row.id: row.qty + row.cap - max(row.promised, row.received) for row in rows}
    taken: dict[InboundId, int] = {}
    answers: list[Due | None] = []
    for item, qty, pool in wants:
        only = pool.partition(":")[2]
        fits = (r for r in rows if r.item == item and free[r.id] >= qty and only in ("", r.node))
        row = next(fits, None)
        if row is not None:
            free[row.id] -= qty
            taken[row.id] = taken.get(row.id, 0) + qty
        answers.append(Due(row.id, row.due_on, row.node) if row is not None else None)
    _promise(tx, {row.id: row.item for row in rows}, taken)
    return answers


def unpromise_inbound_now(tx: Tx, given: Sequence[tuple[InboundId, str, int]]) -> None:
    """Gives promised inbound units back: (supply, item, qty), when the order is cancelled."""
    totals: dict[InboundId, int] = {}
    for inbound_id, _, qty in given:
        totals[inbound_id] = totals.get(inbound_id, 0) - qty
    _promise(tx, {i: item for i, item, _ in given}, totals)


def _promise(tx: Tx, items: dict[InboundId, str], deltas: dict[InboundId, int]) -> None:
    if deltas:
        rows = sorted((ids.part_of(items[i]), i, qty) for i, qty in deltas.items())
        tx.run(SQL.promise_inbound, **table(("parts", "ids", "qtys"), rows))
