"""Units kept for walk-ins by the clock: exact over overlapping pools, refused when senseless, and
the rates that the tills teach."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyshelf import stock
from everyshelf.base.tx import Database
from everyshelf.decide.walk_in import days_left, kept_with
from everyshelf.stock import Want
from tests.look import rows
from tests.stock.conftest import Clean, Fill
from tests.stock.test_holds import NODES, POOLS, most_that_fit

TRUCK = datetime(2026, 3, 9, 6, tzinfo=UTC)  # A Monday.
GUARDED = ("S1", "S3")
RULE = stock.WalkIn(
    rate_per_day=0.7, online_rate_per_day=1.0, margin_minor=1000, online_value_minor=400,
    replenish_weekdays=(0,), replenish_minute=360,
)  # fmt: skip
RULES = stock.SetRules(
    "walk-in", tuple(stock.Protection(item="TEA", node=n, walk_in=RULE) for n in GUARDED)
)


def set_rules(db: Database, command: stock.SetRules = RULES) -> int:
    return db.run(lambda tx: stock.set_rules(tx, [command]))[0].get()


def floors(now: datetime) -> dict[str, int]:
    """What the rule keeps at each node, from the decision alone."""
    by_clock = kept_with(RULE, days_left(RULE, "UTC", now))
    return {n: by_clock if n in GUARDED else 0 for n in NODES}


def on_shelf(db: Database) -> dict[str, int]:
    found = db.run(lambda tx: stock.balances(tx, ["TEA"]))
    return dict.fromkeys(NODES, 0) | {b.node: b.sellable for b in found}


def free_at(db: Database, channel: str, now: datetime) -> int:
    """What the channel may promise at S1."""
    with db.transaction(now=now) as tx:
        [found] = stock.availability(tx, [stock.Ask("TEA", channel, "pickup:S1")])
    return found.total


def hold(db: Database, n: int, pool: str, qty: int, now: datetime) -> bool:
    want = Want("TEA", qty, pool, "web", f"o{n}", 1, None, "")
    return db.run(lambda tx: stock.hold_now(tx, [want]), now=now)[0].ok


def dug_below(stocked: dict[str, int], left: dict[str, int], kept: dict[str, int]) -> list[str]:
    """Nodes where online orders got a unit that is kept."""
    return [n for n in NODES if left[n] < min(stocked[n], kept[n])]


def reset(db: Database, stocked: dict[str, int]) -> None:
    with db.transaction() as tx:
        for name in ("stock_balance", "stock_hold", "stock_move"):
            tx.conn.execute(f"delete from {name}")
        stock.receive_now(tx, [stock.Receive("", n, "TEA", q) for n, q in stocked.items() if q])


@pytest.fixture
def guarded(shelf: Database) -> Database:
    set_rules(shelf)
    return shelf


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.fixed_dictionaries({n: st.integers(0, 6) for n in NODES}),
    st.lists(st.tuples(st.sampled_from(POOLS), st.integers(1, 3), st.integers(0, 96)), max_size=7),
)
def test_overlapping_pools_are_exact_under_a_floor_that_moves(
    guarded: Database,
    clean: Clean,
    stocked: dict[str, int],
    wants: list[tuple[str, int, int]],
) -> None:
    """Promised if and only if Hall's condition holds for what is not kept at that instant."""
    reset(guarded, stocked)
    granted: list[tuple[str, int]] = []
    for n, (pool, qty, hours) in enumerate(sorted(wants, key=lambda w: -w[2])):
        now = TRUCK - timedelta(hours=hours)
        kept = floors(now)
        may = {node: max(stocked[node] - kept[node], 0) for node in NODES}
        fits = most_that_fit(may, [*granted, (pool, qty)])
        assert hold(guarded, n, pool, qty, now) == fits
        granted += [(pool, qty)] if fits else []
        assert dug_below(stocked, on_shelf(guarded), kept) == []
    clean()


def test_a_floor_that_is_not_kept_is_seen(shelf: Database, clean: Clean) -> None:
    """The negative control: without the rule the check above finds the unit."""
    stocked = {"DC1": 0, "S1": 3, "S2": 0, "S3": 0}
    early = TRUCK - timedelta(days=3)
    reset(shelf, stocked)
    assert floors(early)["S1"] == 3
    assert hold(shelf, 1, "pickup:S1", 2, early)
    assert dug_below(stocked, on_shelf(shelf), floors(early)) == ["S1"]
    clean()


def test_one_function_answers_web_till_holds_and_allocations(guarded: Database, fill: Fill) -> None:
    fill(S1=4)
    for hours, free in ((72, 1), (1, 4)):
        now = TRUCK - timedelta(hours=hours)
        assert floors(now)["S1"] == 4 - free
        assert free_at(guarded, "web", now) == free
        assert free_at(guarded, "pos", now) == 4
        taken = [stock.Allocate(9, 1, "TEA", "S1", free + 1, "web")]
        if free < 4:
            with guarded.transaction(now=now) as tx:
                [answer] = stock.allocate(tx, taken)
            assert answer.refusal is not None
            assert answer.refusal.code == "stock.insufficient"
            assert not hold(guarded, 1, "pickup:S1", free + 1, now)
    assert hold(guarded, 2, "pickup:S1", 4, TRUCK)
    assert on_shelf(guarded)["S1"] == 0


def test_a_rule_for_all_nodes_goes_by_the_clock_of_each(shelf: Database, fill: Fill) -> None:
    fill(S1=9, S3=9)
    with shelf.transaction() as tx:
        tx.conn.execute("update node set zone = 'America/New_York' where node = 'S3'")
    rule = stock.Protection(item="TEA", walk_in=RULE)
    set_rules(shelf, stock.SetRules("all", (rule,)))
    now = TRUCK + timedelta(hours=1)  # The truck was at S1; it comes to S3 in three hours.
    ask = [stock.Ask("TEA", "web", "ship")]
    [found] = shelf.run(lambda tx: stock.availability(tx, ask), now=now)
    free = {n.node: n.atp for n in found.nodes}
    assert free == {"S1": 9 - kept_with(RULE, 7 - 1 / 24), "S3": 9}
    assert free["S1"] < 6


def test_the_larger_of_quantity_and_clock_is_kept(shelf: Database, fill: Fill) -> None:
    fill(S1=6)
    both = stock.Protection(item="TEA", node="S1", walk_in=RULE, walk_in_qty=1)
    set_rules(shelf, stock.SetRules("both", (both,)))
    for hours, free in ((72, 3), (0, 5)):
        now = TRUCK - timedelta(hours=hours)
        assert free_at(shelf, "web", now) == free


def test_rules_by_the_clock_cost_a_constant_number_of_reads(guarded: Database, fill: Fill) -> None:
    fill(S1=3, S3=3)
    more = tuple(
        stock.Protection(item=i, node=n, walk_in=RULE)
        for i in ("TEA", "MUG", "MILK") for n in ("DC1", *GUARDED)
    )  # fmt: skip

    def statements(items: list[str]) -> int:
        with guarded.transaction() as tx:
            stock.availability(tx, [stock.Ask(i, "web", "ship") for i in items])
            return tx.statements

    few = statements(["TEA"])
    set_rules(guarded, stock.SetRules("more", more))
    assert statements(["TEA", "MUG", "MILK"]) <= few + 1  # One more asks what the empty ones hold.


@pytest.mark.parametrize(
    "kept", [{"item": "NOPE", "walk_in": RULE}, {"node": "NOPE", "walk_in": RULE}]
)
def test_a_rule_about_nothing_is_refused_and_nothing_is_written(
    guarded: Database, kept: dict[str, Any]
) -> None:
    before = rows(guarded, "select * from stock_rule order by id")
    command = stock.SetRules("bad", (stock.Protection(**kept),))
    [answer] = guarded.run(lambda tx: stock.set_rules(tx, [command]))
    assert answer.refusal is not None
    assert rows(guarded, "select * from stock_rule order by id") == before


def test_the_tills_teach_what_walks_out(shelf: Database, fill: Fill) -> None:
    fill(S1=50, S3=50)
    fill(item="MUG", S1=50)
    now = datetime(2026, 3, 6, 12, tzinfo=UTC)

    def sells(key: str, node: str, item: str, qty: int, at: datetime) -> None:
        sale = stock.Sell(key, node, item, qty)
        shelf.run(lambda tx: stock.sell(tx, [sale]), now=at)[0].get()

    sells("a", "S1", "TEA", 3, now - timedelta(days=9))
    sells("b", "S1", "TEA", 4, now - timedelta(days=2))
    sells("c", "S1", "TEA", 60, now - timedelta(days=1))  # More than the books knew.
    sells("d", "S1", "MUG", 5, now - timedelta(days=1))
    sells("e", "S3", "TEA", 2, now)
    hold(shelf, 1, "ship", 2, now)
    ids = [9]
    order = [stock.Allocate(ids[0], 1, "TEA", "S3", 2, "web")]
    shelf.run(lambda tx: stock.allocate(tx, order), now=now)

    def rates(items: list[str], nodes: list[str] | None, days: int) -> list[tuple[Any, ...]]:
        with shelf.transaction(now=now) as tx:
            found = stock.walk_in_rates(tx, items, nodes, now - timedelta(days=days))
            assert tx.statements == 1
            return [(r.item, r.node, r.qty, r.rate_per_day) for r in found]

    assert rates(["TEA", "MUG"], None, 8) == [
        ("MUG", "S1", 5, 5 / 8), ("TEA", "S1", 64, 8.0), ("TEA", "S3", 2, 0.25),
    ]  # fmt: skip
    assert rates(["TEA"], ["S1"], 10) == [("TEA", "S1", 67, 6.7)]
    assert rates(["MILK"], None, 10) == []
    with pytest.raises(Exception, match="lies before"):
        rates(["TEA"], None, 0)
