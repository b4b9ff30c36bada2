"""Verb: keep what units are worth where they are, as it was reckoned; and say when that was.

Each reckoning is a run of its own number; what it does not name any more is worth nothing special.
Nothing is reckoned here (planning does).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from everyshelf.base import ids
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.sourcing.facts import WORTHS, Worth

SQL = load("everyshelf.sourcing")


class WorthRun(msgspec.Struct, frozen=True):
    """A reckoning: its number, when it was made, how many cells it has, from how many drawn futures
    with which seed, and for how many days ahead."""

    run: int
    at: datetime
    cells: int
    scenarios: int
    seed: int
    horizon_days: int
    made_by: str


def set_worth(
    tx: Tx, rows: Sequence[Worth], scenarios: int, seed: int, horizon_days: int
) -> WorthRun:
    """Puts a reckoning in the place of the one before."""
    cells = [w for w in rows if any(getattr(w, f) for f in WORTHS)]
    found = tx.all(
        SQL.add_worth_run, WorthRun, now=tx.now, cells=len(cells), scenarios=scenarios, seed=seed,
        horizon_days=horizon_days, actor=tx.actor,
    )  # fmt: skip
    run = found[0]
    if cells:
        fields = ("item", "node", *WORTHS)
        made = ((ids.part_of(w.item), *(getattr(w, f) for f in fields)) for w in cells)
        names = ("parts", "items", "nodes", "scarcities", "walk_ins", "markdowns", "losts",
                 "returns")  # fmt: skip
        tx.run(SQL.put_worth, **table(names, made), run=run.run)
    tx.run(SQL.drop_worth, run=run.run)
    return run


def last_run(tx: Tx) -> WorthRun | None:
    """The latest reckoning, if there was any."""
    return tx.one(SQL.last_worth_run, WorthRun)
