"""Availability: the formula, the precedence of rules and the reason of a zero."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyshelf.decide.atp import (
    Problem,
    Protection,
    Reason,
    atp,
    decide,
    explain,
    floors,
    kept,
    prepare,
)

DAY = date(2026, 3, 8)
maybe_qty = st.none() | st.integers(0, 9)


@st.composite
def rules(draw: st.DrawFn) -> Protection:
    channel = draw(st.sampled_from([None, "web", "pos", "market"]))
    starts = draw(st.none() | st.integers(-3, 3))
    ends = draw(st.none() | st.integers(-3, 3))
    return Protection(
        item=draw(st.sampled_from([None, 1, 2])),
        node=draw(st.sampled_from([None, 7, 8])),
        channel=channel,
        starts_on=None if starts is None else DAY + timedelta(days=starts),
        ends_on=None if ends is None else DAY + timedelta(days=ends),
        safety_qty=draw(maybe_qty),
        walk_in_qty=draw(maybe_qty),
        ring_fence_qty=draw(maybe_qty) if channel else None,
    )


def slow_pick(found: list[tuple[int, Protection]], kind: str) -> int:
    """The precedence written out plainly: score every rule, take the best."""
    said = [(i, r) for i, r in found if getattr(r, kind) is not None]
    if not said:
        return 0

    def rank(entry: tuple[int, Protection]) -> tuple[int, int, int]:
        i, r = entry
        scope = 4 * (r.item is not None) + 2 * (r.node is not None) + (r.channel is not None)
        return -scope, -(r.starts_on is not None or r.ends_on is not None), i

    return int(getattr(min(said, key=rank)[1], kind))


def slow_floor(item: int, node: int, channel: str, given_rules: list[Protection]) -> int:
    found = [
        (i, r)
        for i, r in enumerate(given_rules)
        if r.item in (None, item) and r.node in (None, node)
        and (r.starts_on or DAY) <= DAY <= (r.ends_on or DAY)
    ]  # fmt: skip
    mine = [(i, r) for i, r in found if r.channel in (None, channel)]
    total = slow_pick(mine, "safety_qty")
    total += 0 if channel == "pos" else slow_pick(mine, "walk_in_qty")
    for other in {"web", "pos", "market"} - {channel}:
        total += slow_pick([(i, r) for i, r in found if r.channel == other], "ring_fence_qty")
    return total


@given(st.lists(rules(), max_size=8), st.sampled_from(["web", "pos", "market"]))
def test_floors_follow_the_written_precedence(given_rules: list[Protection], channel: str) -> None:
    cells = [(i, n) for i in (1, 2, 3) for n in (7, 8, 9)]
    expected = [slow_floor(i, n, channel, given_rules) for i, n in cells]
    assert floors(cells, channel, DAY, given_rules).tolist() == expected
    ready = prepare(channel, DAY, given_rules)
    assert [sum(kept(ready, i, n)) for i, n in cells] == expected
    assert floors(np.array(cells), channel, DAY, ready).tolist() == expected


@given(st.lists(st.tuples(*[st.integers(0, 50)] * 5), min_size=1))
def test_arrays_and_scalars_agree(rows: list[tuple[int, int, int, int, int]]) -> None:
    a, b, c, d, e = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    assert atp(a, b, c, d, e).tolist() == [atp(*row) for row in rows]
    assert all(atp(*row) >= 0 for row in rows)


@given(st.tuples(*[st.integers(0, 12)] * 7), st.booleans(), st.booleans())
def test_the_subtraction_ends_at_the_formula(
    q: tuple[int, int, int, int, int, int, int], listed: bool, node_open: bool
) -> None:
    cell = Problem(*q, listed=listed, node_open=node_open)
    told = explain(cell)
    sellable = cell.on_hand - cell.committed - cell.held
    plain = atp(sellable, cell.safety, cell.walk_in, cell.ring_fence_other, cell.inbound_due)
    assert told.atp == (plain if listed and node_open else 0)
    assert (told.why is None) == (told.atp > 0)
    assert sum(step.delta for step in told.steps) == told.steps[-1].left


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (Problem(5, listed=False, node_open=False), Reason.NOT_LISTED),
        (Problem(5, node_open=False), Reason.NODE_CLOSED),
        (Problem(0), Reason.SOLD_OUT),
        (Problem(5, committed=5, safety=3), Reason.SOLD_OUT),
        (Problem(5, committed=2, held=3), Reason.HELD),
        (Problem(5, safety=2, walk_in=3), Reason.PROTECTED),
        (Problem(5, safety=2, ring_fence_other=3), Reason.RING_FENCED),
        (Problem(5, safety=2, ring_fence_other=2), None),
    ],
)
def test_the_first_reason_is_told(cell: Problem, reason: Reason | None) -> None:
    assert decide([cell])[0].why == reason


def test_a_ring_fence_lowers_only_the_others() -> None:
    fence = [Protection(item=1, node=7, channel="web", ring_fence_qty=4)]
    assert floors([(1, 7)], "web", DAY, fence).tolist() == [0]
    assert floors([(1, 7)], "pos", DAY, fence).tolist() == [4]


def test_the_till_ignores_walk_in_protection_but_not_safety() -> None:
    rule = [Protection(safety_qty=1, walk_in_qty=2)]
    assert floors([(1, 7)], "pos", DAY, rule).tolist() == [1]
    assert floors([(1, 7)], "web", DAY, rule).tolist() == [3]


def test_an_explicit_zero_beats_a_broader_rule() -> None:
    both = [Protection(safety_qty=5), Protection(item=1, safety_qty=0)]
    assert floors([(1, 7), (2, 7)], "web", DAY, both).tolist() == [0, 5]


def test_nameless_fences_and_negative_quantities_are_refused() -> None:
    with pytest.raises(ValueError, match="name the channel"):
        Protection(ring_fence_qty=1)
    with pytest.raises(ValueError, match="negative"):
        Protection(safety_qty=-1)
