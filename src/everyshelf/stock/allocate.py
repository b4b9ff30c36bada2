"""Allocations: units of an order line committed at one node, and their way out of it.

`allocate` takes the unit from the line's holds, wherever they sit, in the same transaction; a hold
elsewhere is exchanged for a free unit at the chosen node. The steps after it (pick, pack, ship and
back) move units between buckets and the counts of the allocation's row together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from everyshelf.base import ids, outbox
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.stock.events import ItemCorrected
from everyshelf.stock.facts import (
    ADJUST,
    ALLOCATION_GONE,
    CUSTOMER,
    INSUFFICIENT,
    OUT,
    Allocate,
    Allocation,
    AllocationId,
    Bucket,
    HoldId,
    HoldRow,
    Leg,
    NotFound,
    Short,
    Step,
)
from everyshelf.stock.hold import holds_of
from everyshelf.stock.ledger import post
from everyshelf.stock.protection import Floors
from everyshelf.stock.seating import consume

SQL = load("everyshelf.stock")
Taken = list[tuple[HoldRow, int]]


def allocate(tx: Tx, commands: Sequence[Allocate]) -> list[Result[AllocationId]]:
    """Commits units at nodes, in order of arrival. Refused: stock.insufficient.

    For callers inside a transaction that is already exactly-once; it takes no key.
    """
    owners = {str(c.order_id) for c in commands if c.from_hold}
    rows = holds_of(tx, sorted(owners)) if owners else []
    floors = Floors(tx, (c.item for c in commands))
    left = {(row.id, row.node): row.qty for row in rows}
    by_line: dict[tuple[str, int, str], list[HoldRow]] = {}
    for row in rows:
        by_line.setdefault((row.owner, row.line, row.item), []).append(row)
    plans: list[tuple[list[Leg], Taken]] = []
    for c in commands:
        mine = by_line.get((str(c.order_id), c.line, c.item), []) if c.from_hold else []
        plans.append(_plan(c, mine, left, floors.floor(c.channel, c.item, c.node)))
    shorts = post(tx, [legs for legs, _ in plans])
    answers = [_answer(short) for short in shorts]
    done = [n for n, answer in enumerate(answers) if answer.ok]
    consume(tx, (taken for n in done for taken in plans[n][1]))
    if done:
        names = ("parts", "ids", "order_ids", "lines", "items", "nodes", "qtys")
        made = ((answers[n].get(), commands[n]) for n in done)
        made_rows = (
            (ids.part_of(c.item), a, c.order_id, c.line, c.item, c.node, c.qty) for a, c in made
        )
        tx.run(SQL.add_allocations, **table(names, made_rows), now=tx.now)
    return answers


def _plan(
    c: Allocate, mine: Sequence[HoldRow], left: dict[tuple[HoldId, str], int], floor: int
) -> tuple[list[Leg], Taken]:
    """The legs for one command: its holds at the node, then its holds elsewhere, exchanged."""
    legs: list[Leg] = []
    taken: Taken = []
    rest = c.qty
    for row in sorted(mine, key=lambda row: row.node != c.node):
        take = min(rest, left[row.id, row.node])
        if take <= 0:
            continue
        rest -= take
        left[row.id, row.node] -= take
        taken.append((row, take))
        if row.node == c.node:
            legs.append(_leg(c.item, c.node, Bucket.HELD, Bucket.ALLOCATED, take, "allocate"))
        else:
            legs.append(_leg(c.item, row.node, Bucket.HELD, Bucket.SELLABLE, take, "exchange"))
            legs.append(
                _leg(c.item, c.node, Bucket.SELLABLE, Bucket.ALLOCATED, take, "allocate", floor)
            )
    if rest:  # What no hold covers is taken from what the channel may still sell here.
        legs.append(
            _leg(c.item, c.node, Bucket.SELLABLE, Bucket.ALLOCATED, rest, "allocate", floor)
        )
    return legs, taken


def _leg(item: str, node: str, a: Bucket, b: Bucket, qty: int, reason: str, floor: int = 0) -> Leg:
    return Leg(item, node, a, node, b, qty, reason, floor=floor)


def _answer(short: Short | None) -> Result[AllocationId]:
    if short is not None:
        return Result.refused(INSUFFICIENT(short.words()))
    return Result.done(ids.new(AllocationId))


def allocations_of(tx: Tx, order_ids: Sequence[int]) -> list[Allocation]:
    """The allocations of these orders, oldest first."""
    return tx.all(SQL.allocations_of, Allocation, order_ids=[int(o) for o in order_ids])


class _Way(NamedTuple):
    """One step: from bucket to bucket (or account), and what it does to the row's counts."""

    reason: str
    source: Bucket
    target: str
    picked: int = 0
    packed: int = 0
    shipped: int = 0
    released: int = 0


Chain = Sequence[tuple[_Way, Step]]
Have = dict[AllocationId, dict[str, int]]

PICK = _Way("pick", Bucket.ALLOCATED, Bucket.PICKED, picked=1)
UNPICK = _Way("unpick", Bucket.PICKED, Bucket.ALLOCATED, picked=-1)
PACK = _Way("pack", Bucket.PICKED, Bucket.PACKED, picked=-1, packed=1)
UNPACK = _Way("unpack", Bucket.PACKED, Bucket.PICKED, picked=1, packed=-1)
SHIP = _Way("ship", Bucket.PACKED, CUSTOMER, packed=-1, shipped=1)
RELEASE = _Way("release", Bucket.ALLOCATED, Bucket.SELLABLE, released=1)
MISSING = _Way("not_found", Bucket.ALLOCATED, ADJUST, released=1)
SPOILT = _Way("damaged", Bucket.ALLOCATED, Bucket.DAMAGED, released=1)


def pick(tx: Tx, steps: Sequence[Step]) -> list[Result[AllocationId]]:
    """Allocated units leave the shelf. Lots and serials may be named; else FEFO."""
    return _each(tx, PICK, steps)


def unpick(tx: Tx, steps: Sequence[Step]) -> list[Result[AllocationId]]:
    """The undo of pick."""
    return _each(tx, UNPICK, steps)


def pack(tx: Tx, steps: Sequence[Step]) -> list[Result[AllocationId]]:
    """Picked units go into a package."""
    return _each(tx, PACK, steps)


def pick_and_pack(
    tx: Tx, work: Sequence[tuple[Sequence[Step], Sequence[Step]]]
) -> list[Result[AllocationId]]:
    """Picks, then packs, in one posting; each pair of them whole or not at all."""
    chains = [[*((PICK, s) for s in picks), *((PACK, s) for s in packs)] for picks, packs in work]
    return _advance(tx, chains)


def unpack(tx: Tx, steps: Sequence[Step]) -> list[Result[AllocationId]]:
    """The undo of pack."""
    return _each(tx, UNPACK, steps)


def ship(tx: Tx, steps: Sequence[Step]) -> list[Result[AllocationId]]:
    """Packed units leave for the customer. Irreversible: they come back only as a return."""
    return _each(tx, SHIP, steps)


def release(tx: Tx, steps: Sequence[Step]) -> list[Result[AllocationId]]:
    """Allocated units become sellable again."""
    return _each(tx, RELEASE, steps)


def short(tx: Tx, found: Sequence[NotFound]) -> list[Result[AllocationId]]:
    """Units that were not there leave the books (`not_found`); bad ones go to `damaged`."""
    steps = [Step(f.allocation_id, f.item, f.qty) for f in found]
    ways = [SPOILT if f.reason == "damaged" else MISSING for f in found]
    answers = _advance(tx, [[pair] for pair in zip(ways, steps, strict=True)])
    nodes = {row.id: row.node for row in _lock(tx, steps)} if any(a.ok for a in answers) else {}
    outbox.emit(
        tx,
        (
            ItemCorrected(
                item=f.item, node=nodes[f.allocation_id], qty=f.qty, reason=f.reason,
                allocation_id=f.allocation_id,
            )
            for f, answer in zip(found, answers, strict=True)
            if answer.ok
        ),
    )  # fmt: skip
    return answers


def _lock(tx: Tx, steps: Sequence[Step]) -> list[Allocation]:
    keys = sorted({(ids.part_of(s.item), s.allocation_id) for s in steps})
    return tx.all(SQL.lock_allocations, Allocation, **table(("parts", "ids"), keys))


def _each(tx: Tx, way: _Way, steps: Sequence[Step]) -> list[Result[AllocationId]]:
    return _advance(tx, [[(way, step)] for step in steps])


def _advance(tx: Tx, chains: Sequence[Chain]) -> list[Result[AllocationId]]:
    """Takes each chain of steps whole or not at all; its answer names its first allocation."""
    rows = {row.id: row for row in _lock(tx, [step for chain in chains for _, step in chain])}
    have: Have = {
        row.id: {"allocated": row.allocated, "picked": row.picked, "packed": row.packed}
        for row in rows.values()
    }
    plans = [_chain_legs(rows, have, chain) for chain in chains]
    shorts = post(tx, [legs for legs, _ in plans])
    answers = [
        _chain_answer(chain, words, short)
        for chain, (_, words), short in zip(chains, plans, shorts, strict=True)
    ]
    _write(tx, [c for c, answer in zip(chains, answers, strict=True) if answer.ok])
    return answers


def _chain_legs(
    rows: dict[AllocationId, Allocation], have: Have, chain: Chain
) -> tuple[list[Leg], str]:
    """The legs of a chain; or none, and the words that say which step cannot be taken."""
    legs: list[Leg] = []
    for n, (way, step) in enumerate(chain):
        row = rows.get(step.allocation_id)
        if row is None or not 0 < step.qty <= have[row.id][way.source]:
            for before, done in chain[:n]:
                _count(have, before, done, -1)
            words = f"{step.qty} of {step.item} cannot {way.reason}: fewer are {way.source}."
            return [], words
        _count(have, way, step, 1)
        legs.append(_step_leg(row, step, way))
    return legs, ""


def _count(have: Have, way: _Way, step: Step, sign: int) -> None:
    units = have[step.allocation_id]
    units[way.source] -= sign * step.qty
    if way.target in units:
        units[way.target] += sign * step.qty


def _step_leg(row: Allocation, step: Step, way: _Way) -> Leg:
    outside = way.target.startswith("@")
    return Leg(
        row.item, row.node, way.source, way.target if outside else row.node,
        OUT if outside else way.target, step.qty, way.reason, step.lot, step.serials,
        allocation_id=row.id,
    )  # fmt: skip


def _chain_answer(chain: Chain, words: str, short: Short | None) -> Result[AllocationId]:
    if words or short is not None:
        return Result.refused(ALLOCATION_GONE(words or (short.words() if short else "")))
    return Result.done(chain[0][1].allocation_id)


def _write(tx: Tx, chains: Sequence[Chain]) -> None:
    totals: dict[tuple[int, AllocationId], list[int]] = {}
    for way, step in (pair for chain in chains for pair in chain):
        total = totals.setdefault((ids.part_of(step.item), step.allocation_id), [0, 0, 0, 0])
        total[0] += way.picked * step.qty
        total[1] += way.packed * step.qty
        total[2] += way.shipped * step.qty
        total[3] += way.released * step.qty
    if totals:
        names = ("parts", "ids", "picked", "packed", "shipped", "released")
        tx.run(SQL.advance_allocations, **table(names, ((*k, *v) for k, v in totals.items())))
