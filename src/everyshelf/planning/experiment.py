"""Experiments: what became of the orders that a version of a policy decided, beside the others.

An order belongs to the version that decided it first, whatever happened to it later. An experiment
that does worse than a guard allows, beyond chance, is ended at once, and the base decides again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from everyshelf.base import outbox, policy, policy_guard
from everyshelf.base.errors import Code
from everyshelf.base.policy import Guard, Metric, Row
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.planning.events import ExperimentStopped

SQL = load("everyshelf.planning")

MEASURED: Final = "sourcing"
SURE: Final = 2.0  # Standard errors; a chance of one in forty for a single look.
MOST: Final = 50_000  # The last decisions that are looked at.

NOT_MEASURED: Final = Code(
    "planning.not_measured", 409, "No decision tells by which version of this policy it was made."
)
NEVER_DECIDED: Final = Code(
    "planning.never_decided",
    409,
    "This version was never in force: there is nothing to compare.",
)


class Arm(msgspec.Struct, frozen=True):
    """One metric over the orders of one arm; `orders` are those of which it is known."""

    orders: int = 0
    mean: float | None = None
    variance: float = 0.0


class Figure(msgspec.Struct, frozen=True):
    """One metric in both arms. `worse_pct`: how much worse, in per cent of the others' figure, and
    `z`: in standard errors; below zero where the version does better."""

    metric: Metric
    inside: Arm
    others: Arm
    worse_pct: float | None
    z: float | None


class Comparison(msgspec.Struct, frozen=True):
    """The orders that a version decided since an instant, beside those of the others."""

    name: str
    number: int
    against: tuple[int, ...]
    since: datetime
    figures: tuple[Figure, ...]


class Breach(msgspec.Struct, frozen=True):
    """A guard that is broken, and the figure that broke it."""

    name: str
    number: int
    guard: Guard
    figure: Figure

    @property
    def words(self) -> str:
        """The sentence a person reads."""
        guard, figure = self.guard, self.figure
        bound = (
            f"{guard.worse_pct:g} % worse than {figure.others.mean:.4g}"
            if guard.worse_pct is not None
            else f"{guard.bound:g}"
        )
        return (
            f"{guard.metric.replace('_', ' ')} is {figure.inside.mean:.4g} over "
            f"{figure.inside.orders:,} orders; the guard allows {bound}"
        )


class _Measured(msgspec.Struct, frozen=True):
    inside: bool
    metric: Metric
    orders: int
    mean: float
    variance: float


def compare(tx: Tx, name: str, version: int, against: Sequence[int] | None = None) -> Comparison:
    """The figures of a version and of those it runs beside, since it has the scope it has now.

    Only orders count that the version could have been given, and only the last 50,000 decisions.
    Refused: policy.unknown, planning.not_measured, planning.never_decided.
    """
    if name != MEASURED:
        policy.kind(name)
        raise NOT_MEASURED(f"Decisions under the policy {name!r} do not tell their version.")
    found = policy.row(tx, name, version)
    if found.starts_at is None or found.starts_at > tx.now:
        raise NEVER_DECIDED(f"Version {version} of {name!r} has not been in force.")
    beside = tuple(against) if against is not None else _beside(tx, found)
    rows = tx.all(
        SQL.experiment_figures, _Measured, policy=name, version=version, against=list(beside),
        since_id=found.since_id, since=found.starts_at, most=MOST, now=tx.now,
        channels=found.channels, tiers=found.tiers, regions=found.regions,
    )  # fmt: skip
    arms = {(r.inside, r.metric): Arm(r.orders, r.mean, r.variance) for r in rows}
    figures = tuple(
        _figure(m, arms.get((True, m), Arm()), arms.get((False, m), Arm())) for m in Metric
    )
    return Comparison(name, version, beside, found.starts_at, figures)


def _beside(tx: Tx, found: Row) -> tuple[int, ...]:
    """The versions that decided for the other orders since this one began: no experiments."""
    assert found.starts_at is not None
    return tuple(
        r.version
        for r in policy.versions(tx, found.name)
        if r.version != found.version and r.starts_at is not None and not r.scope.experiment
        and (r.ends_at is None or r.ends_at > max(found.starts_at, r.starts_at))
    )  # fmt: skip


def _figure(metric: Metric, inside: Arm, others: Arm) -> Figure:
    if inside.mean is None or others.mean is None:
        return Figure(metric, inside, others, None, None)
    worse = _sign(metric) * (inside.mean - others.mean)
    pct = 100 * worse / abs(others.mean) if others.mean else None
    return Figure(metric, inside, others, pct, _z(worse, inside, others))


def _sign(metric: Metric) -> int:
    return -1 if metric.more_is_better else 1


def _z(difference: float, *arms: Arm) -> float:
    """Welch's statistic of a difference of means; of shares it is the test of two proportions."""
    error = math.sqrt(sum(arm.variance / arm.orders for arm in arms))
    if error == 0:
        return math.copysign(math.inf, difference) if difference else 0.0
    return difference / error


def broken(guard: Guard, figure: Figure) -> bool:
    """Whether the metric is past its guard by more than chance would have it.

    The guard itself is tested, not zero: a version that is as good as the others is let go on,
    however often it is looked at.
    """
    inside, others = figure.inside, figure.others
    if inside.mean is None or inside.orders < guard.min_orders:
        return False
    sign = _sign(guard.metric)
    if guard.bound is not None:
        return _z(sign * (inside.mean - guard.bound), inside) >= SURE
    if others.mean is None or others.orders < guard.min_orders or guard.worse_pct is None:
        return False
    allowed = abs(others.mean) * guard.worse_pct / 100
    return _z(sign * (inside.mean - others.mean) - allowed, inside, others) >= SURE


def watch(tx: Tx) -> list[Breach]:
    """Looks at every experiment that is due and ends those that break a guard. The worker calls it.

    One breach a version: the first of its guards that is broken is told.
    """
    found: list[Breach] = []
    for name, version in policy_guard.due(tx):
        if (breach := _breach(tx, name, version)) is not None:
            policy.rollback(tx, name, version, breach.words)
            found.append(breach)
    outbox.emit(tx, [_stopped(breach) for breach in found])
    return found


def _breach(tx: Tx, name: str, version: int) -> Breach | None:
    if name != MEASURED:
        return None
    figures = {f.metric: f for f in compare(tx, name, version).figures}
    for guard in policy_guard.guards(tx, name, version):
        if broken(guard, figures[guard.metric]):
            return Breach(name, version, guard, figures[guard.metric])
    return None


def _stopped(breach: Breach) -> ExperimentStopped:
    return ExperimentStopped(
        policy=breach.name, number=breach.number, metric=breach.guard.metric, detail=breach.words,
    )  # fmt: skip
