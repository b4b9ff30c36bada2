"""Holds: exact over overlapping pools, expiring once, turned into allocations wherever they sit."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from everyshelf import stock
from everyshelf.base.results import Result
from everyshelf.base.tx import Database
from everyshelf.stock import Allocate, Held, Want
from tests.stock.conftest import Clean, Fill

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def want(
    qty: int,
    pool: str = "ship",
    owner: str = "o",
    line: int = 1,
    group: str = "",
    channel: str = "web",
    expires_at: datetime | None = None,
) -> Want:
    return Want("TEA", qty, pool, channel, owner, line, expires_at, group)


def held(db: Database, *owners: str) -> list[tuple[str, str, int]]:
    rows = db.run(lambda tx: stock.holds_of(tx, list(owners)))
    return sorted((row.owner, row.node, row.qty) for row in rows)


def hold(db: Database, *wants: Want, now: datetime | None = None) -> list[Result[Held]]:
    return db.run(lambda tx: stock.hold_now(tx, list(wants)), now=now)


def test_a_hold_sits_whole_on_the_preferred_node_that_has_it(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=2, S1=5)
    assert all(a.ok for a in hold(shelf, want(3), want(2, owner="p")))
    assert held(shelf, "o", "p") == [("o", "S1", 3), ("p", "DC1", 2)]
    clean()


def test_a_hold_that_no_node_has_whole_is_split(shelf: Database, fill: Fill, clean: Clean) -> None:
    fill(DC1=2, S1=2)
    assert hold(shelf, want(3))[0].ok
    assert held(shelf, "o") == [("o", "DC1", 2), ("o", "S1", 1)]
    clean()


def test_a_narrow_hold_moves_a_flexible_one_along_its_pool(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=1, S1=1)
    hold(shelf, want(1, owner="flexible"))
    hold(shelf, want(1, owner="other"))
    assert held(shelf, "flexible", "other") == [("flexible", "DC1", 1), ("other", "S1", 1)]
    fill(DC1=1)
    assert hold(shelf, want(1, "pickup:S1", "narrow"))[0].ok
    assert held(shelf, "flexible", "narrow", "other") == [
        ("flexible", "DC1", 1), ("narrow", "S1", 1), ("other", "DC1", 1),
    ]  # fmt: skip
    clean()


def test_a_group_is_held_whole_or_not_at_all(shelf: Database, fill: Fill, clean: Clean) -> None:
    fill(DC1=3)
    answers = hold(shelf, want(2, group="a"), want(2, group="a", line=2), want(3, owner="p"))
    assert [a.ok for a in answers] == [False, False, True]
    assert answers[0].refusal is not None
    assert "3" not in answers[0].refusal.code
    assert answers[0].refusal.code == "stock.insufficient"
    clean()


def test_protection_is_kept_from_other_channels(shelf: Database, fill: Fill) -> None:
    fill(DC1=5)
    rules = (
        stock.Protection(item="TEA", safety_qty=1),
        stock.Protection(item="TEA", channel="app", ring_fence_qty=2),
    )
    shelf.run(lambda tx: stock.set_rules(tx, [stock.SetRules("r", rules)]))
    assert not hold(shelf, want(3))[0].ok
    assert hold(shelf, want(2))[0].ok
    assert hold(shelf, want(2, channel="app", owner="a"))[0].ok
    ask = [stock.Ask("TEA", "app", "ship"), stock.Ask("TEA", "web", "ship")]
    app, web = shelf.run(lambda tx: stock.availability(tx, ask))
    assert (app.total, web.total) == (0, 0)
    assert web.reason == "protected"


def test_an_expired_hold_is_released_once(shelf: Database, fill: Fill, clean: Clean) -> None:
    fill(DC1=5)
    hold(shelf, want(2, expires_at=NOON + timedelta(minutes=30)), now=NOON)
    early = shelf.run(lambda tx: stock.expire(tx), now=NOON + timedelta(minutes=29))
    late = shelf.run(lambda tx: stock.expire(tx), now=NOON + timedelta(minutes=31))
    again = shelf.run(lambda tx: stock.expire(tx), now=NOON + timedelta(minutes=31))
    assert (early, late, again) == (0, 1, 0)
    assert held(shelf, "o") == []
    clean()


def test_extending_moves_the_end_and_adoption_removes_it(shelf: Database, fill: Fill) -> None:
    fill(DC1=5)
    hold(shelf, want(2, expires_at=NOON), now=NOON - timedelta(hours=1))
    shelf.run(lambda tx: stock.extend(tx, ["o"], NOON + timedelta(hours=1)))
    assert shelf.run(lambda tx: stock.expire(tx), now=NOON) == 0
    shelf.run(lambda tx: stock.adopt(tx, [("o", 1, "order", 7)]))
    assert shelf.run(lambda tx: stock.expire(tx), now=NOON + timedelta(days=9)) == 0
    row = shelf.run(lambda tx: stock.holds_of(tx, ["order"]))[0]
    assert (row.line, row.qty, row.expires_at) == (7, 2, None)


def test_a_hold_elsewhere_is_exchanged_when_sourcing_chooses_another_node(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=1, S1=2)
    order = 4711
    hold(shelf, want(2, owner=str(order)))
    assert held(shelf, str(order)) == [(str(order), "S1", 2)]
    answers = shelf.run(lambda tx: stock.allocate(tx, [Allocate(order, 1, "TEA", "DC1", 1, "web")]))
    assert answers[0].ok
    assert held(shelf, str(order)) == [(str(order), "S1", 1)]
    refused = shelf.run(lambda tx: stock.allocate(tx, [Allocate(order, 1, "TEA", "DC1", 1, "web")]))
    assert refused[0].refusal is not None
    assert refused[0].refusal.code == "stock.insufficient"
    assert held(shelf, str(order)) == [(str(order), "S1", 1)]
    clean()


@pytest.mark.parametrize("qty", [0, -3, 10**12])
def test_a_hold_of_no_sense_is_refused(shelf: Database, fill: Fill, qty: int) -> None:
    fill(DC1=5)
    answer = hold(shelf, want(qty))[0]
    assert answer.refusal is not None
    assert answer.refusal.code == "stock.qty_invalid"


NODES = ("DC1", "S1", "S2", "S3")
POOLS = ("ship", "pickup:S1", "pickup:S2", "pickup:S3")
REACH = {"ship": {"DC1", "S1", "S3"}, "pickup:S1": {"S1"}, "pickup:S2": {"S2"},
         "pickup:S3": {"S3"}}  # fmt: skip


def most_that_fit(stocked: dict[str, int], wants: list[tuple[str, int]]) -> bool:
    """By Hall's theorem: all fit if and only if no set of nodes is asked for more than it has."""
    for mask in range(1 << len(NODES)):
        nodes = {n for i, n in enumerate(NODES) if mask >> i & 1}
        asked = sum(qty for pool, qty in wants if REACH[pool] <= nodes)
        if asked > sum(stocked[n] for n in nodes):
            return False
    return True


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.fixed_dictionaries({n: st.integers(0, 3) for n in NODES}),
    st.lists(st.tuples(st.sampled_from(POOLS), st.integers(1, 3)), max_size=7),
    st.booleans(),
)  # fmt: skip
# The second waits for the first to move; the third, of the same batch, must not overtake it.
@example({"DC1": 0, "S1": 1, "S2": 0, "S3": 3}, [("ship", 2), ("pickup:S3", 2), ("ship", 1)], True)
def test_a_hold_is_granted_if_and_only_if_all_can_fit(
    shelf: Database,
    clean: Clean,
    stocked: dict[str, int],
    wants: list[tuple[str, int]],
    batch: bool,
) -> None:
    with shelf.transaction() as tx:
        for name in ("stock_balance", "stock_hold", "stock_move"):
            tx.conn.execute(f"delete from {name}")
        stock.receive_now(tx, [stock.Receive("", n, "TEA", q) for n, q in stocked.items() if q])
    asked = [want(qty, pool, owner=f"o{n}") for n, (pool, qty) in enumerate(wants)]
    answers = hold(shelf, *asked) if batch else [hold(shelf, one)[0] for one in asked]
    granted: list[tuple[str, int]] = []
    for pair, answer in zip(wants, answers, strict=True):
        assert answer.ok == most_that_fit(stocked, [*granted, pair])
        if answer.ok:
            granted.append(pair)
    clean()


def test_a_node_that_cannot_handle_an_item_promises_none_of_it(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=2, S1=5)
    with shelf.transaction() as tx:
        tx.conn.execute("update item set handling = '{cold,fragile}' where item = 'TEA'")
        tx.conn.execute("update node set capabilities = '{ship,cold}' where node = 'DC1'")
    [answer] = hold(shelf, want(1, "pickup:S1"))
    assert answer.refusal is not None
    assert answer.refusal.code == "stock.insufficient"
    [found] = shelf.run(lambda tx: stock.availability(tx, [stock.Ask("TEA", "web", "ship")]))
    assert [(n.node, n.atp) for n in found.nodes] == [("DC1", 2)]
    assert hold(shelf, want(2))[0].ok
    assert held(shelf, "o") == [("o", "DC1", 2)]
    clean()


def test_a_hold_ends_when_its_owner_says_so(shelf: Database, fill: Fill, clean: Clean) -> None:
    fill(DC1=5)
    hold(shelf, want(2, owner="app-1"), want(1, owner="app-2"), want(1, owner="app-1", line=2))
    end = [
        stock.EndHold("e1", "app", "app-1"),  # Another channel's hold is not its.
        stock.EndHold("e2", "web", "app-1", "TEA"),
        stock.EndHold("e3", "web", "app-1"),
        stock.EndHold("e4", "web", "ord_0000000000000"),
    ]
    answers = shelf.run(lambda tx: stock.end_hold(tx, end))
    codes = [a.refusal.code if a.refusal else a.get() for a in answers]
    assert codes == ["stock.hold_gone", 3, "stock.hold_gone", "input.invalid"]
    assert held(shelf, "app-1", "app-2") == [("app-2", "DC1", 1)]
    again = shelf.run(lambda tx: stock.end_hold(tx, end[1:2]))
    assert again[0].get() == 3
    clean()
