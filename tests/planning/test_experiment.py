"""Experiments: the figures of both arms, and the end of the one that does harm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any, Final

import numpy as np
import pytest

from everyshelf import fulfillment, insight, orders, planning
from everyshelf.base import policy
from everyshelf.base.errors import Refused
from everyshelf.base.policy import Facts, Guard, Metric, Scope, Terms
from everyshelf.base.sql import Statement
from everyshelf.base.tx import Database, Tx
from everyshelf.edge import chores, worker
from everyshelf.fulfillment import RejectReason
from everyshelf.orders import OrderId
from everyshelf.planning import Arm, Figure, broken
from everyshelf.sourcing import Rules
from tests.walk import NOW, ask, say, shipped
from tests.world import NEW_YORKER, TEXAN, done, small_world

LATER: Final = NOW + timedelta(minutes=10)
REJECTIONS: Final = (Guard(Metric.REJECTION_RATE, 50.0, None, 30),)
THIRTY: Final = Scope(share_pct=30)
ORDERS: Final = 200
_numbers = count(1)


@pytest.fixture
def retailer(db: Database) -> Database:
    small_world(db, {("DC1", "TEA-1"): 5_000, ("DC2", "TEA-1"): 5_000, ("S001", "MUG-1"): 50})
    return db


def begin(
    db: Database, guards: tuple[Guard, ...] | None = REJECTIONS, scope: Scope = THIRTY
) -> int:
    """A version on trial."""
    version = db.run(lambda tx: policy.draft(tx, "sourcing", Rules()), now=NOW)
    terms = Terms(scope=scope, guards=guards, force=True)
    db.run(lambda tx: policy.promote(tx, "sourcing", version, terms=terms), now=NOW)
    return version


def place(db: Database, n: int, channel: str = "web", item: str = "TEA-1") -> list[OrderId]:
    """Orders that everybody has heard of."""
    commands = [
        orders.Place(
            key=f"x{(k := next(_numbers))}", channel=channel, channel_ref=f"x{k}",
            buyer=orders.Buyer("Ada", "ada@example.com"), currency="USD",
            lines=[orders.PlaceLine(item, 1)], ship_to=TEXAN if channel == "app" else NEW_YORKER,
        )
        for _ in range(n)
    ]  # fmt: skip
    made = db.run(lambda tx: done(orders.place(tx, commands)), now=NOW)
    worker.drain(db, now=NOW)
    return [one.order_id for one in made]


def _run(statement: Statement, tx: Tx) -> int:
    return tx.run(statement)


def stamp(db: Database, placed: Sequence[OrderId]) -> tuple[list[OrderId], list[OrderId]]:
    """Writes to each decision the version that the book names: (on trial, the others)."""
    book = db.run(lambda tx: policy.book(tx, "sourcing", Rules), now=NOW)
    arms: tuple[list[OrderId], list[OrderId]] = ([], [])
    for order in placed:
        version = book.of(Facts(int(order), "web")).version
        arms[version == 1].append(order)
        text = f"set policy_version = {version} where order_id = {int(order)}"
        stamped = Statement("test", "stamp", "", f"update sourcing_decision {text}")
        db.run(partial(_run, stamped))
    return arms


def reject(db: Database, placed: Sequence[OrderId]) -> None:
    """The nodes say no to the work of these orders."""
    wanted = ", ".join(str(int(o)) for o in placed)
    rows = ask(db, f"select id from fulfillment_order where order_id in ({wanted})")
    commands = [
        fulfillment.Reject(
            f"x{next(_numbers)}", fulfillment.FulfillmentId(int(str(i))), RejectReason.TOO_BUSY
        )
        for (i,) in rows
    ]
    db.run(lambda tx: done(fulfillment.reject(tx, commands)), now=NOW)
    worker.drain(db, now=NOW)


def trial(db: Database, bad_share: float, guards: tuple[Guard, ...] | None = REJECTIONS) -> int:
    """An experiment at 30 % in which nodes reject so many of its orders, and 5 % of the others."""
    version = begin(db, guards)
    tried, others = stamp(db, place(db, ORDERS))
    assert 30 <= len(tried) <= 95
    reject(db, [*tried[: int(len(tried) * bad_share)], *others[: len(others) // 20]])
    return version


def deciding(db: Database) -> set[int]:
    """The versions that would decide the next orders."""
    book = db.run(lambda tx: policy.book(tx, "sourcing", Rules), now=LATER)
    return {book.of(Facts(n, "web")).version for n in range(200)}


def test_a_bad_version_is_rolled_back_by_itself_and_the_base_decides_again(
    retailer: Database,
) -> None:
    version = trial(retailer, 0.5)
    assert deciding(retailer) == {1, version}
    assert chores.run(retailer, now=LATER) >= 1
    assert deciding(retailer) == {1}
    last = retailer.run(lambda tx: policy.changes(tx, "sourcing", version))[-1]
    assert (last.act, last.actor) == ("rolled_back", "planning.watch")
    assert last.reason.startswith("rejection rate is 0.")
    worker.drain(retailer, now=LATER)
    cases = retailer.run(lambda tx: insight.work_list(tx))
    stopped = [case.subject for case in cases if case.kind is insight.CaseKind.EXPERIMENT_STOPPED]
    assert stopped == [f"sourcing/{version}"]
    assert retailer.run(planning.watch, now=LATER + timedelta(hours=1)) == []


def test_a_good_version_goes_on(retailer: Database) -> None:
    version = trial(retailer, 0.05)
    assert retailer.run(planning.watch, now=LATER) == []
    assert deciding(retailer) == {1, version}


@pytest.mark.parametrize(
    "guards", [(), (Guard(Metric.REJECTION_RATE, 50.0, None, 1_000),),
               (Guard(Metric.SPLIT_RATE, 50.0, None, 40),)]
)  # fmt: skip
def test_without_its_guard_the_same_harm_goes_on(
    retailer: Database, guards: tuple[Guard, ...]
) -> None:
    """The negative control: no guard, one that waits for more orders, one of another metric."""
    version = trial(retailer, 0.5, guards)
    assert retailer.run(planning.watch, now=LATER) == []
    assert deciding(retailer) == {1, version}


def test_guards_are_looked_at_now_and_then(retailer: Database) -> None:
    trial(retailer, 0.5)
    start = retailer.run(lambda tx: tx.statements, now=NOW)
    assert start == 0
    quiet = (Guard(Metric.SPLIT_RATE, 10.0, None, 40),)
    retailer.run(
        lambda tx: policy.promote(
            tx, "sourcing", 2, terms=Terms(scope=Scope(share_pct=40), guards=quiet)
        ),
        now=NOW,
    )

    def statements(now: Any) -> int:
        def look(tx: Any) -> int:
            planning.watch(tx)
            return int(tx.statements)

        return retailer.run(look, now=now)

    assert statements(LATER) > 1
    assert statements(LATER + timedelta(minutes=1)) == 1
    assert statements(LATER + timedelta(minutes=6)) > 1


def test_figures_agree_with_the_kpis(retailer: Database) -> None:
    """The base alone: what is compared is what the retailer is run by."""
    placed = [*place(retailer, 6), *place(retailer, 3, item="MUG-1"), *place(retailer, 2, "app")]
    for made in shipped(retailer, *placed):
        assert made.shipment_id is not None
        say(retailer, made.shipment_id, ["delivered"], NOW + timedelta(days=1))
    found = retailer.run(lambda tx: planning.compare(tx, "sourcing", 1), now=LATER)
    figures = {f.metric: f.inside for f in found.figures}
    kpis = {
        k.name: k.value
        for k in retailer.run(lambda tx: insight.kpis(tx, NOW, LATER))
        if not k.scope
    }
    assert figures[Metric.COST_PER_ORDER].mean == pytest.approx(kpis["cost_per_order"])
    assert figures[Metric.SPLIT_RATE].mean == kpis["split_rate"]
    assert figures[Metric.ON_TIME_SHARE].mean == kpis["on_time_rate"]
    assert {arm.orders for arm in figures.values()} == {11}
    assert figures[Metric.UNFILLED_SHARE].mean == figures[Metric.REJECTION_RATE].mean == 0


def test_orders_that_wait_count_as_unfilled_and_cost_nothing_yet(retailer: Database) -> None:
    put = (("MUG-1", 3), ("TEA-1", 1))
    command = orders.Place(
        key="w", channel="web", channel_ref="w", buyer=orders.Buyer("Ada", "ada@example.com"),
        currency="USD", ship_to=NEW_YORKER,
        lines=[orders.PlaceLine(item, qty) for item, qty in put],
    )  # fmt: skip
    retailer.run(lambda tx: done(orders.place(tx, [command])), now=NOW)
    worker.drain(retailer, now=NOW)
    reject(retailer, [OrderId(int(str(o))) for (o,) in ask(retailer, "select id from sales_order")])
    found = retailer.run(lambda tx: planning.compare(tx, "sourcing", 1), now=LATER)
    figures = {f.metric: f.inside for f in found.figures}
    assert figures[Metric.UNFILLED_SHARE].mean == 0.75
    assert figures[Metric.REJECTION_RATE].mean == 1
    assert figures[Metric.COST_PER_ORDER].orders == 0


def test_only_orders_that_the_experiment_could_have_taken_are_compared(
    retailer: Database,
) -> None:
    version = begin(retailer, scope=Scope(("web",), share_pct=30))
    tried, others = stamp(retailer, place(retailer, 40))
    place(retailer, 25, "app")
    found = retailer.run(lambda tx: planning.compare(tx, "sourcing", version), now=LATER)
    figure = next(f for f in found.figures if f.metric is Metric.REJECTION_RATE)
    assert (figure.inside.orders, figure.others.orders) == (len(tried), len(others))
    assert found.against == (1,)


@pytest.mark.parametrize(
    ("name", "version", "code"),
    [
        ("returns", 1, "planning.not_measured"),
        ("sourcin", 1, "policy.unknown"),
        ("sourcing", 9, "policy.unknown"),
        ("sourcing", 2, "planning.never_decided"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    db: Database, name: str, version: int, code: str
) -> None:
    db.run(lambda tx: policy.draft(tx, "sourcing", Rules()))
    with pytest.raises(Refused) as refused:
        db.run(lambda tx: planning.compare(tx, name, version))
    assert refused.value.code == code


def arm(values: np.ndarray[Any, np.dtype[np.float64]]) -> Arm:
    return Arm(len(values), float(values.mean()), float(values.var(ddof=1)))


def broke(seed: int, tried: float, others: float, guard: Guard) -> bool:
    """Whether an experiment of 2,000 orders was ended at one of 20 looks."""
    draw = np.random.default_rng(seed)
    mine, theirs = draw.random(2_000) < tried, draw.random(6_000) < others
    for look in range(1, 21):
        arms = arm(mine[: look * 100].astype(float)), arm(theirs[: look * 300].astype(float))
        if broken(guard, Figure(guard.metric, *arms, None, None)):
            return True
    return False


def test_chance_seldom_ends_an_experiment_and_harm_does() -> None:
    guard = Guard(Metric.REJECTION_RATE, 25.0)
    assert sum(broke(seed, 0.05, 0.05, guard) for seed in range(200)) <= 10
    assert sum(broke(seed, 0.12, 0.05, guard) for seed in range(200)) >= 195


def test_a_bound_of_its_own_needs_no_other_arm() -> None:
    guard = Guard(Metric.ON_TIME_SHARE, None, 0.9, 100)

    def at(mean: float, orders: int = 400) -> bool:
        return broken(guard, Figure(guard.metric, Arm(orders, mean, 0.1), Arm(), None, None))

    assert at(0.8)
    assert not at(0.89)
    assert not at(0.95)
    assert not at(0.8, 99)


def test_more_of_what_is_good_breaks_nothing() -> None:
    guard = Guard(Metric.ON_TIME_SHARE, 5.0)
    good, bad = Arm(500, 0.99, 0.01), Arm(500, 0.80, 0.16)
    assert not broken(guard, Figure(guard.metric, good, bad, None, None))
    assert broken(guard, Figure(guard.metric, bad, good, None, None))
