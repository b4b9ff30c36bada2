"""Absolute snapshots of another system (WMS, POS, 3PL, supplier): only what differs moves.

A source numbers its snapshots; an older one never overwrites a newer one. The feed says how many
units stand on the node's shelf; units that orders hold there stay theirs.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf.base import outbox
from everyshelf.base.claims import once
from everyshelf.base.errors import INVALID, Refused
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.stock.events import FeedApplied
from everyshelf.stock.facts import ADJUST, FEED_STALE, OUT, SUPPLIER, Bucket, Leg
from everyshelf.stock.known import Known
from everyshelf.stock.ledger import COLUMN, lock, ordered, post

SQL = load("everyshelf.stock")


class FeedLine(msgspec.Struct, frozen=True):
    """Units of one item on the shelf."""

    item: str
    qty: int


class Feed(msgspec.Struct, frozen=True):
    """One snapshot of one source for one node. `sequence` grows with every snapshot."""

    key: str
    source: str
    node: str
    sequence: int
    lines: tuple[FeedLine, ...]


class Fed(msgspec.Struct, frozen=True):
    """What a snapshot did: cells that changed; units that orders hold beyond what it reports; lines
    that differ and cannot be taken over, because the item is tracked by lot or serial: count it."""

    lines: int
    changed: int
    oversold: int
    skipped: int = 0


def feed(tx: Tx, commands: Sequence[Feed]) -> list[Result[Fed]]:
    """Takes snapshots over, in order. Refused: stock.feed_stale, unknown item or node,
    input.invalid when one reports an item twice."""
    return once(tx, "stock.feed", commands, lambda t, fresh: [_feed(t, c) for c in fresh], Fed)


def _feed(tx: Tx, command: Feed) -> Result[Fed]:
    error = _wrong(tx, command)
    if error is not None:
        return Result.refused(error)
    taken = tx.run(
        SQL.advance_feed,
        source=command.source, node=command.node, sequence=command.sequence, now=tx.now,
    )  # fmt: skip
    if not taken:
        words = f"Snapshot {command.sequence} of {command.source} for {command.node} came too late."
        return Result.refused(FEED_STALE(words))
    fed = _apply(tx, command)
    event = FeedApplied(
        node=command.node, source=command.source, sequence=command.sequence, lines=fed.lines,
        changed=fed.changed,
    )  # fmt: skip
    outbox.emit(tx, [event])
    return Result.done(fed)


def _wrong(tx: Tx, command: Feed) -> Refused | None:
    known = Known(tx, [line.item for line in command.lines], [command.node])
    if len({line.item for line in command.lines}) < len(command.lines):
        return INVALID("A snapshot reports each item once.")
    errors = (known.check(line.item, command.node, line.qty, 0) for line in command.lines)
    return next((error for error in errors if error is not None), None)


def _apply(tx: Tx, command: Feed) -> Fed:
    reported = {line.item: line.qty for line in command.lines}
    rows = lock(tx, ordered((item, command.node) for item in reported))
    groups, oversold = [], 0
    for (item, node), row in rows.items():
        promised = row[COLUMN[Bucket.HELD]] + row[COLUMN[Bucket.ALLOCATED]]
        target = max(0, reported[item] - promised)
        oversold += max(0, promised - reported[item])
        delta = target - row[COLUMN[Bucket.SELLABLE]]
        if delta > 0:
            groups.append([Leg(item, SUPPLIER, OUT, node, Bucket.SELLABLE, delta, "feed")])
        elif delta < 0:
            groups.append([Leg(item, node, Bucket.SELLABLE, ADJUST, OUT, -delta, "feed")])
    shorts = post(tx, groups)
    changed = sum(short is None for short in shorts)
    return Fed(len(reported), changed, oversold, len(shorts) - changed)
