"""Cartons: every claimed fit is checked by geometry that shares no code with the packer."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everyshelf.decide.cartons import (
    Box,
    Decision,
    Fit,
    Item,
    Parcel,
    Policy,
    Problem,
    carton,
    decide,
)

BOXES = (
    Box("large", (400, 300, 200), 20_000, 300),
    Box("small", (200, 150, 100), 5_000, 100),
    Box("long", (600, 100, 100), 8_000, 150),
    Box("cube", (220, 220, 220), 9_000, 180),
)
sides = st.tuples(*[st.integers(5, 330)] * 3)
kinds = st.lists(
    st.tuples(sides, st.integers(1, 9_000), st.integers(1, 4), st.booleans()),
    min_size=1, max_size=5,
)  # fmt: skip


def order(rows: list[tuple[tuple[int, int, int], int, int, bool]]) -> Problem:
    items = (Item(i, size, g, qty, up) for i, (size, g, qty, up) in enumerate(rows))
    return Problem(tuple(items), BOXES)


def spans(parcel: Parcel) -> list[list[tuple[int, int]]]:
    return [
        [(at, at + side) for at, side in zip(p.at_mm, p.size_mm, strict=True)]
        for p in parcel.placed
    ]


def check_geometry(problem: Problem, policy: Policy, told: Decision) -> None:
    """Inside the walls, apart from each other, turned as allowed, light enough, nothing lost."""
    items = {item.item: item for item in problem.items}
    boxes = {box.name: box for box in problem.boxes}
    counted = Counter(p.item for parcel in told.parcels for p in parcel.placed)
    assert counted == {item.item: item.qty for item in problem.items}
    for parcel in told.parcels:
        contents = sum(items[p.item].weight_g for p in parcel.placed)
        for p in parcel.placed:
            assert sorted(p.size_mm) == sorted(items[p.item].size_mm)
            assert not items[p.item].upright or p.size_mm[2] == items[p.item].size_mm[2]
        for a, b in combinations(spans(parcel), 2):
            overlap = [min(x[1], y[1]) > max(x[0], y[0]) for x, y in zip(a, b, strict=True)]
            assert not all(overlap)
        if parcel.box is None:
            assert len(parcel.placed) == 1
            assert parcel.weight_g == contents
            continue
        box = boxes[parcel.box]
        assert parcel.weight_g == contents + box.tare_g <= box.max_weight_g
        for unit in spans(parcel):
            for (start, end), wall in zip(unit, box.inner_mm, strict=True):
                assert 0 <= start < end <= wall - 2 * policy.padding_mm


@settings(max_examples=150, deadline=None)
@given(kinds, st.sampled_from([0, 5, 20]), st.sampled_from([1.0, 0.7]))
def test_no_fit_is_claimed_that_is_not_one(
    rows: list[tuple[tuple[int, int, int], int, int, bool]], padding: int, fill: float
) -> None:
    problem, policy = order(rows), Policy(padding, fill)
    told = carton(problem, policy)
    check_geometry(problem, policy, told)
    for parcel in told.parcels:
        alone = parcel.why in (Fit.OVERSIZE, Fit.OVERWEIGHT)
        assert alone == (parcel.box is None)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 3), st.integers(1, 3),
    st.integers(10, 50), st.integers(10, 50), st.integers(10, 50),
)  # fmt: skip
def test_a_grid_of_bricks_fills_its_box_exactly(
    nx: int, ny: int, nz: int, a: int, b: int, c: int
) -> None:
    """A box cut into equal bricks must be found full: nothing less is an honest packer."""
    brick = Item(1, (c, a, b), 10, nx * ny * nz)
    box = Box("exact", (nx * a, ny * b, nz * c), 10**6)
    told = carton(Problem((brick,), (box,)))
    check_geometry(Problem((brick,), (box,)), Policy(), told)
    assert [p.fill for p in told.parcels] == [1.0]


def test_the_smallest_carton_wins_and_the_smaller_ones_say_why_not() -> None:
    told = decide([Problem((Item(1, (210, 100, 100), 900),), BOXES)])[0]
    assert [(p.box, p.why) for p in told.parcels] == [("long", Fit.WHOLE)]
    assert told.why == (("small", "item_too_long"),)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (Item(1, (700, 10, 10), 100), Fit.OVERSIZE),
        (Item(1, (10, 10, 10), 25_000), Fit.OVERWEIGHT),
        (Item(1, (100, 100, 350), 100, upright=True), Fit.OVERSIZE),
    ],
)
def test_what_no_carton_takes_travels_alone(item: Item, why: Fit) -> None:
    other = Item(2, (50, 50, 50), 100)
    told = carton(Problem((item, other), BOXES))
    assert [(p.box, p.why) for p in told.parcels] == [(None, why), ("small", Fit.WHOLE)]


def test_volume_alone_never_makes_a_fit() -> None:
    """Two rods have little volume, yet only one of them can lie in the long carton."""
    rods = Item(1, (590, 60, 60), 100, 2)
    told = carton(Problem((rods,), BOXES))
    assert [p.box for p in told.parcels] == ["long", "long"]
    assert {p.why for p in told.parcels} == {Fit.SPLIT}


def test_weight_splits_an_order_that_would_fit() -> None:
    bars = Item(1, (100, 50, 20), 6_000, 5)
    told = carton(Problem((bars,), BOXES))
    check_geometry(Problem((bars,), BOXES), Policy(), told)
    assert len(told.parcels) == 2


def test_no_cartons_means_everything_alone() -> None:
    told = carton(Problem((Item(1, (10, 10, 10), 5, 2),), ()))
    assert [p.why for p in told.parcels] == [Fit.OVERSIZE, Fit.OVERSIZE]
