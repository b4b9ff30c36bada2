"""What an experiment may not do worse than the others, kept with its version.

Who measures and ends the experiment is not known here: a room that sees outcomes asks for what is
due and looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import INVALID
from everyshelf.base.parts import table
from everyshelf.base.policy_book import SQL
from everyshelf.base.tx import Tx

EVERY: Final = timedelta(minutes=5)


class Metric(StrEnum):
    """What is measured of an order, by the version that first decided it."""

    COST_PER_ORDER = "cost_per_order"
    SPLIT_RATE = "split_rate"
    UNFILLED_SHARE = "unfilled_share"
    ON_TIME_SHARE = "on_time_share"
    REJECTION_RATE = "rejection_rate"
    DECISION_SECONDS = "decision_seconds"

    @property
    def more_is_better(self) -> bool:
        """Which way is worse."""
        return self is Metric.ON_TIME_SHARE


class Guard(msgspec.Struct, frozen=True):
    """A bound on one metric, looked at once both arms have so many orders: worse than the others by
    `worse_pct` per cent of their figure, or beyond `bound` itself (a rate is between 0 and 1)."""

    metric: Metric
    worse_pct: float | None = None
    bound: float | None = None
    min_orders: int = 200


USUAL: Final = (
    Guard(Metric.COST_PER_ORDER, 10.0),
    Guard(Metric.ON_TIME_SHARE, 5.0),
    Guard(Metric.REJECTION_RATE, 25.0),
    Guard(Metric.SPLIT_RATE, 25.0),
    Guard(Metric.UNFILLED_SHARE, 10.0),
)


def check(guards: Sequence[Guard]) -> None:
    """Refuses guards that bound nothing, or the same metric twice."""
    for one in guards:
        if (one.worse_pct is None) == (one.bound is None):
            raise INVALID(f"The guard of {one.metric} states either worse_pct or bound.")
        if (one.worse_pct or 0) < 0 or (one.bound or 0) < 0 or one.min_orders < 2:
            raise INVALID(f"The guard of {one.metric} has no negative bound and 2 orders or more.")
    if len({one.metric for one in guards}) < len(guards):
        raise INVALID("One guard a metric.")


def keep(tx: Tx, name: str, version: int, guards: Sequence[Guard]) -> None:
    """Makes these the guards of a version."""
    tx.run(SQL.policy_unguard, name=name, version=version)
    if guards:
        rows = ((g.metric, g.worse_pct, g.bound, g.min_orders) for g in guards)
        columns = table(("metrics", "worse_pcts", "bounds", "min_orders"), rows)
        tx.run(SQL.policy_guard, name=name, version=version, **columns)


def guards(tx: Tx, name: str, version: int) -> list[Guard]:
    """The guards of a version."""
    return tx.all(SQL.policy_guards, Guard, name=name, version=version)


def due(tx: Tx, every: timedelta = EVERY) -> list[tuple[str, int]]:
    """The versions in force whose guards nobody has looked at for that long; they are this
    caller's to look at now."""
    rows = tx.tuples(SQL.policy_guards_due, now=tx.now, before=tx.now - every)
    return sorted(set(rows))
