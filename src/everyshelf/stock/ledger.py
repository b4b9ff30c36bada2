"""The double entry: `post` moves units between buckets, all of a group or none of it.

Balances are locked in (part, item, node) order, groups are decided in order of arrival, one
UPDATE changes each balance once and one INSERT writes the moves. The CHECKs on the row are the
guard; what is computed here only tells which group has to be refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from everyshelf.base import ids
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.stock import finer
from everyshelf.stock.facts import BUCKETS, Leg, MoveId, Short

SQL = load("everyshelf.stock")
Group = Sequence[Leg]
Cell = tuple[str, str]
COLUMN = {bucket.value: n for n, bucket in enumerate(BUCKETS)}
MOVE = (
    "parts", "move_ids", "items", "from_nodes", "from_buckets", "to_nodes", "to_buckets", "qtys",
    "lots", "serials", "reasons",
)  # fmt: skip


def post(tx: Tx, groups: Sequence[Group]) -> list[Short | None]:
    """Posts each group of legs whole, or says what it was short of. In order of arrival."""
    cells = ordered(cell for g in groups for leg in g for cell in _inside(leg))
    if not cells:
        return [None for _ in groups]
    balances = lock(tx, cells)
    tracked = finer.open_positions(tx, groups)
    before = {cell: list(row) for cell, row in balances.items()}
    answers: list[Short | None] = []
    posted: list[Leg] = []
    for group in groups:
        short = _try(balances, group)
        if short is None:
            legs, short = tracked.split(group)
            if short is None:
                posted += legs
            else:
                for leg in group:
                    _shift(balances, leg, -1)
        answers.append(short)
    _write(tx, before, balances, posted)
    tracked.write(tx)
    return answers


def ordered(cells: Iterable[Cell]) -> list[Cell]:
    """Cells in the one order in which locks are taken: part, item, node."""
    return sorted(set(cells), key=lambda cell: (ids.part_of(cell[0]), cell))


def lock(tx: Tx, cells: Sequence[Cell]) -> dict[Cell, list[int]]:
    """Locks the balances of these cells (made empty where missing), in lock order."""
    names = table(
        ("parts", "items", "nodes"), ((ids.part_of(item), item, node) for item, node in cells)
    )
    rows = tx.tuples(SQL.lock_balances, **names)
    if len(rows) < len(cells):
        tx.run(SQL.open_balances, **names)
        rows = tx.tuples(SQL.lock_balances, **names)
    return {(row[0], row[1]): list(row[2:]) for row in rows}


def _inside(leg: Leg) -> set[Cell]:
    """The cells a leg touches; the outside world keeps no balance."""
    nodes = {leg.from_node, leg.to_node}
    return {(leg.item, node) for node in nodes if node[0] != "@"}


def _try(balances: dict[Cell, list[int]], group: Group) -> Short | None:
    """Applies the group to the locked balances; on a shortage undoes what it did."""
    for n, leg in enumerate(group):
        source = balances.get((leg.item, leg.from_node))
        if source is not None:
            free = source[COLUMN[leg.from_bucket]] - leg.floor
            if free < leg.qty:
                for earlier in group[:n]:
                    _shift(balances, earlier, -1)
                return Short(leg.item, leg.from_node, leg.from_bucket, leg.qty, free)
        _shift(balances, leg, 1)
    return None


def _shift(balances: dict[Cell, list[int]], leg: Leg, sign: int) -> None:
    if source := balances.get((leg.item, leg.from_node)):
        source[COLUMN[leg.from_bucket]] -= sign * leg.qty
    if target := balances.get((leg.item, leg.to_node)):
        target[COLUMN[leg.to_bucket]] += sign * leg.qty


def _write(
    tx: Tx, before: dict[Cell, list[int]], after: dict[Cell, list[int]], legs: Sequence[Leg]
) -> None:
    changed = [cell for cell in after if after[cell] != before[cell]]
    if changed:
        deltas = (
            (ids.part_of(c[0]), *c, *(a - b for a, b in zip(after[c], before[c], strict=True)))
            for c in changed
        )
        names = ("parts", "items", "nodes", *COLUMN)
        tx.run(SQL.move_balances, **table(names, deltas))
    if legs:
        tx.run(
            SQL.append_moves,
            **table(MOVE, (_row(leg) for leg in legs)),
            cause=tx.cause,
            actor=tx.actor,
            now=tx.now,
        )


def _row(leg: Leg) -> tuple[object, ...]:
    serial = leg.serials[0] if leg.serials else ""
    return (
        ids.part_of(leg.item), ids.new(MoveId), leg.item, leg.from_node, leg.from_bucket,
        leg.to_node, leg.to_bucket, leg.qty, leg.lot, serial, leg.reason,
    )  # fmt: skip
