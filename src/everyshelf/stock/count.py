"""Counts: what a person counted becomes the truth, the difference a move with a reason.

Blind by design: the counter is not told what was expected. Units that are picked or packed are
not on the shelf and are not counted.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf.base import ids, outbox
from everyshelf.base.claims import once
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.stock.events import ItemCounted
from everyshelf.stock.facts import ADJUST, INSUFFICIENT, OUT, Bucket, CountId, Leg
from everyshelf.stock.known import in_turns, sift
from everyshelf.stock.ledger import COLUMN, lock, ordered, post

SQL = load("everyshelf.stock")


class Count(msgspec.Struct, frozen=True):
    """All units of an item on the node's shelf (sellable, held and allocated), as counted."""

    key: str
    node: str
    item: str
    counted: int
    reason: str = "cycle count"
    lot: str = ""


class Counted(msgspec.Struct, frozen=True):
    """The result of a count: the variance is counted less expected, and it has been posted."""

    count_id: CountId
    expected: int
    variance: int


def count(tx: Tx, commands: Sequence[Count]) -> list[Result[Counted]]:
    """Takes counts over. Refused stock.insufficient when fewer were counted than are promised to
    orders: then the work at the node has to be shorted first."""
    return once(tx, "stock.count", commands, _count, Counted)


def _count(tx: Tx, commands: list[Count]) -> list[Result[Counted]]:
    def in_order(good: list[Count]) -> list[Result[Counted]]:
        return in_turns(good, lambda some: _count_known(tx, some))

    return sift(tx, commands, lambda c: c.counted, in_order, least=0)


def _count_known(tx: Tx, commands: list[Count]) -> list[Result[Counted]]:
    rows = lock(tx, ordered((c.item, c.node) for c in commands))
    shelf = (Bucket.SELLABLE, Bucket.HELD, Bucket.ALLOCATED)
    expected = {cell: sum(row[COLUMN[b]] for b in shelf) for cell, row in rows.items()}
    facts = []
    for c in commands:
        before = expected[c.item, c.node]
        facts.append(Counted(ids.new(CountId), before, c.counted - before))
    shorts = post(tx, [_legs(c, f.variance) for c, f in zip(commands, facts, strict=True)])
    done = [(c, f) for c, f, s in zip(commands, facts, shorts, strict=True) if s is None]
    _record(tx, done)
    return [
        Result.done(fact)
        if s is None
        else Result.refused(
            INSUFFICIENT(f"{c.counted} of {c.item} were counted at {c.node}, but more are promised "
                         f"to orders there: {s.words()}")
        )
        for c, fact, s in zip(commands, facts, shorts, strict=True)
    ]  # fmt: skip


def _legs(c: Count, variance: int) -> list[Leg]:
    if variance == 0:
        return []
    inside, outside = (c.node, Bucket.SELLABLE), (ADJUST, OUT)
    source, target = (outside, inside) if variance > 0 else (inside, outside)
    return [Leg(c.item, *source, *target, abs(variance), c.reason, c.lot)]


def _record(tx: Tx, done: Sequence[tuple[Count, Counted]]) -> None:
    if not done:
        return
    names = ("parts", "ids", "items", "nodes", "counted", "expected", "variances", "reasons")
    rows = (
        (
            ids.part_of(c.item),
            f.count_id,
            c.item,
            c.node,
            c.counted,
            f.expected,
            f.variance,
            c.reason,
        )
        for c, f in done
    )
    tx.run(SQL.add_counts, **table(names, rows), actor=tx.actor, now=tx.now)
    outbox.emit(
        tx,
        (
            ItemCounted(item=c.item, node=c.node, counted=c.counted, variance=f.variance,
                        reason=c.reason)
            for c, f in done
        ),
    )  # fmt: skip
