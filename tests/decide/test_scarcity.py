"""Scarcity prices are what a unit less would cost, and decisions at them do better later."""

from itertools import product
from typing import Final

import highspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everyshelf.decide import scarcity_items, scarcity_plans
from everyshelf.decide.scarcity import Ahead, Future, Market, choose, deal, decide
from everyshelf.decide.scarcity_outlook import Outlook
from everyshelf.decide.sourcing_solve import costs, solve

# The stock of a program lacks a hair everywhere, for the duals.
NEAR: Final = 0.02


def market(seed: int = 1, places: int = 3, nodes: int = 3, largest: int = 3) -> Market:
    dice = np.random.default_rng(seed)
    patterns = tuple(
        tuple(sorted(dice.choice(5, n, replace=False).tolist()))
        for n in range(1, largest + 1)
        for _ in range(2)
    )
    unit = dice.uniform(0.2, 2.0, (places, nodes))
    return Market(patterns, np.full((places, nodes), 8.0), unit, np.full(places, 22.0), 5)


def some(m: Market, seed: int = 2) -> tuple[np.ndarray, Future]:
    dice = np.random.default_rng(seed)
    stock = dice.integers(0, 9, (5, 3))
    expected = dice.uniform(0.2, 3.0, (len(m.patterns), 3))
    return stock, Future(np.zeros(expected.shape, np.int64), expected)


def cost(m: Market, kind: int, plan: tuple[int, ...], price: np.ndarray) -> float:
    items = m.patterns[kind]
    units = sum(m.left[0] if n < 0 else m.unit[0, n] + price[i, n]
                for i, n in zip(items, plan, strict=True))  # fmt: skip
    return float(units + sum(m.parcel[0, n] for n in set(plan) if n >= 0))


@pytest.mark.parametrize("seed", range(30))
def test_the_plan_of_one_order_is_the_cheapest_of_all(seed: int) -> None:
    dice = np.random.default_rng(seed)
    m = market(seed)
    stock, price = dice.integers(0, 2, (5, 3)), dice.uniform(0, 9, (5, 3))
    sets = scarcity_plans.subsets(3, 3)
    for k, items in enumerate(m.patterns):
        found = []
        for plan in product((-1, 0, 1, 2), repeat=len(items)):
            if all(n < 0 or stock[i, n] for i, n in zip(items, plan, strict=True)):
                found.append((cost(m, k, plan, price), plan))
        told = choose(m, k, 0, stock, price, sets)
        assert cost(m, k, told, price) == pytest.approx(min(found)[0])
        assert all(n < 0 or stock[i, n] for i, n in zip(items, told, strict=True))


@pytest.mark.parametrize("seed", range(30))
def test_sourcing_finds_the_same_cost_when_the_price_is_a_cost_of_the_unit(seed: int) -> None:
    dice = np.random.default_rng(seed)
    m = market(seed)
    stock, price = dice.integers(0, 2, (5, 3)), dice.uniform(0, 9, (5, 3))
    sets = scarcity_plans.subsets(3, 3)

    def milli(amount: np.ndarray) -> np.ndarray:
        return np.asarray(np.rint(amount * 1000), np.int64)

    for k, items in enumerate(m.patterns):
        rows = list(items)
        told = cost(m, k, choose(m, k, 0, stock, price, sets), price)
        unit = milli(m.unit[0] + price[rows])
        left = np.full(len(rows), int(milli(m.left)[0]))
        ones = np.ones(len(rows), np.int64)
        c = costs(milli(m.parcel[0]), unit, np.zeros_like(unit), stock[rows], ones, left, 3, False)
        assert solve(c, 10_000).cost == pytest.approx(1000 * told, abs=5)


def test_a_price_lies_between_a_unit_more_and_a_unit_less() -> None:
    m = market()
    stock, future = some(m)
    demand = np.rint(future.expected).astype(np.int64) * 3
    ahead = Ahead(m)
    value, price = ahead.solve(stock, demand)
    for i, n in np.argwhere(stock > 0):
        more, less = stock.copy(), stock.copy()
        more[i, n] += 1
        less[i, n] -= 1
        assert value - ahead.solve(more, demand)[0] <= price[i, n] + NEAR
        assert price[i, n] <= ahead.solve(less, demand)[0] - value + NEAR
    assert price[stock == 0].tolist() == [0.0] * int((stock == 0).sum())


def test_where_supply_just_meets_demand_the_price_is_that_of_a_unit_less() -> None:
    m = Market(((0,),), np.zeros((1, 1)), np.ones((1, 1)), np.array([7.0]), 1)
    assert Ahead(m).solve(np.array([[4]]), np.array([[4]]))[1][0, 0] == pytest.approx(6)
    assert Ahead(m).solve(np.array([[5]]), np.array([[4]]))[1][0, 0] == 0


def test_a_warm_program_says_what_a_new_one_says() -> None:
    m = market()
    dice = np.random.default_rng(4)
    warm = Ahead(m)
    for _ in range(12):
        stock, demand = dice.integers(0, 9, (5, 3)), dice.integers(0, 6, (len(m.patterns), 3))
        value, _ = warm.solve(stock, demand)
        assert value == pytest.approx(Ahead(m).solve(stock, demand)[0])
        assert value == pytest.approx(Ahead(m, warm).solve(stock, demand)[0])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 4), st.integers(0, 2), st.integers(1, 4))
def test_a_unit_more_never_raises_the_price_of_its_cell(seed: int, i: int, n: int, q: int) -> None:
    m = market(seed % 7)
    stock, future = some(m, seed)
    stock[i, n] = max(1, stock[i, n])
    more = stock.copy()
    more[i, n] += q
    few, many = decide(m, [stock, more], future, 4, seed)
    assert many.price[i, n] <= few.price[i, n] + 1e-5
    assert many.value <= few.value + 1e-5


def test_more_units_are_worth_no_more_and_plenty_is_worth_nothing() -> None:
    m = market()
    stock, future = some(m)
    held = stock > 0
    few, more, plenty = decide(m, [stock, stock + 3, stock + 1000], future, 32, 7)
    assert few.price.sum() > more.price.sum() > 0
    assert (more.price <= few.price + 3 * (few.error + more.error) + 1e-6)[held].all()
    assert plenty.price.max() == pytest.approx(0.0, abs=1e-9)
    assert plenty.milli().max() == 0
    assert few.value > plenty.value


def test_the_same_seed_gives_the_same_prices() -> None:
    m = market()
    stock, future = some(m)
    a, b = (Ahead(m).prices(stock, future, 8, 3) for _ in range(2))
    assert a.price.tolist() == b.price.tolist()
    assert Ahead(m).prices(stock, future, 8, 4).price.tolist() != a.price.tolist()


def test_what_is_known_is_not_drawn() -> None:
    m = market()
    stock, future = some(m)
    known = np.ones_like(future.known)
    sure = Future(known, np.zeros(future.expected.shape), 0)
    told = Ahead(m).prices(stock, sure, 4, 1)
    assert told.error.max() == pytest.approx(0.0, abs=1e-12)
    assert told.value == pytest.approx(Ahead(m).solve(stock, known)[0])


def test_the_futures_together_are_what_is_expected() -> None:
    expected = np.array([[0.5, 7.25, 0.0], [3.0, 0.25, 1.0]])
    hands = deal(np.random.default_rng(1), expected, 12, 8)
    assert [len(hand) for hand in hands] == [12] * 8
    together = np.bincount(np.concatenate(hands), minlength=6)
    assert (np.abs(together - 8 * expected.ravel()) <= 1).all()
    assert together[2] == 0
    drawn = [len(hand) for hand in deal(np.random.default_rng(1), expected, None, 200)]
    assert np.mean(drawn) == pytest.approx(12, abs=1)
    assert np.var(drawn) == pytest.approx(12, rel=0.4)


def test_a_plan_of_whole_orders_serves_each_with_units_that_are_there() -> None:
    m = market()
    stock, future = some(m)
    demand = np.rint(future.expected).astype(np.int64)
    ahead = Ahead(m)
    bound, _ = ahead.solve(stock, demand)
    plans = ahead.whole(stock, demand)
    left, total = stock.copy(), 0.0
    for kind, some_plans in plans.items():
        assert len(some_plans) == demand.ravel()[kind]
        for plan in some_plans:
            total += ahead.cost(kind, plan)
            for i, n in zip(m.patterns[kind // 3], plan, strict=True):
                left[i, n] -= n >= 0
    assert sum(map(len, plans.values())) == demand.sum()
    assert left.min() >= 0
    assert bound - 1e-6 <= total <= 1.02 * bound


def test_an_outlook_says_at_first_what_a_program_says() -> None:
    m = market()
    stock, future = some(m)
    told = Outlook(m, future.expected, None, 8, 3).prices(stock)
    alone = Ahead(m).prices(stock, future, 8, 3)
    assert told.value == pytest.approx(alone.value)
    assert told.price == pytest.approx(alone.price, abs=1e-5)


def test_an_outlook_sees_less_demand_as_time_passes_and_what_is_known() -> None:
    m = market()
    stock, future = some(m)
    looks = [(1.0, None), (0.5, None), (0.0, None), (0.0, np.ones_like(future.known))]
    one, two = Outlook(m, future.expected, None, 6, 3), Outlook(m, future.expected, None, 6, 3)
    told = [one.prices(stock, share, known) for share, known in looks]
    assert told[0].value > told[1].value > told[2].value == 0
    assert told[2].price.max() == 0
    assert told[3].value == pytest.approx(Ahead(m).solve(stock, np.ones_like(future.known))[0])
    again = [two.prices(stock, share, known).price.tolist() for share, known in looks]
    assert [one.price.tolist() for one in told] == again


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 30))
def test_an_item_alone_costs_what_its_program_says(seed: int) -> None:
    dice = np.random.default_rng(seed)
    places, nodes = dice.integers(1, 6, 2)
    unit, left = dice.uniform(1, 9, (places, nodes)), dice.uniform(6, 14, places)
    unit[dice.random(unit.shape) < 0.2] = 99.0
    stock, demand = dice.integers(0, 5, (1, nodes)), dice.integers(0, 6, (1, places))
    alone = np.zeros(stock.shape)
    value = scarcity_items.compiled()(unit, left[None], demand, stock, alone)
    m = Market(((0,),), np.zeros(unit.shape), unit, left, 1)
    joint, price = Ahead(m).solve(stock, demand)
    assert value == pytest.approx(joint, abs=1e-5)
    assert alone == pytest.approx(price, abs=1e-5)
    for n in np.flatnonzero(stock[0]):
        less, ignored = stock.copy(), np.zeros(stock.shape)
        less[0, n] -= 1
        without = scarcity_items.compiled()(unit, left[None], demand, less, ignored)
        assert without - value == pytest.approx(alone[0, n], abs=1e-9)


def test_items_that_are_ordered_alone_can_be_priced_alone() -> None:
    dice = np.random.default_rng(5)
    unit, left = dice.uniform(9, 14, (3, 4)), np.full(3, 22.0)
    m = Market(tuple((i,) for i in range(6)), np.zeros((3, 4)), unit, left, 6)
    stock, expected = dice.integers(0, 4, (6, 4)), dice.uniform(0, 5, (6, 3))
    together = Ahead(m).prices(stock, Future(np.zeros((6, 3), np.int64), expected), 8, 2)
    apart = scarcity_items.decide(unit, np.tile(left, (6, 1)), stock, expected, 8, 2)
    assert apart.price == pytest.approx(together.price, abs=1e-5)
    assert apart.error == pytest.approx(together.error, abs=1e-5)
    assert apart.value == pytest.approx(together.value, abs=1e-5)
    assert together.price.max() > 1


def test_a_lane_that_does_not_exist_is_never_used() -> None:
    unit = np.array([[np.inf, 2.0]])
    told = scarcity_items.decide(unit, np.array([[9.0]]), np.array([[5, 1]]), np.array([[40.0]]), 8)
    assert told.price.tolist() == [[0.0, 7.0]]


def test_decisions_at_scarcity_prices_cost_less_in_the_end() -> None:
    """Two nodes, both can serve the near place; only the second reaches the far one cheaply."""
    unit = np.array([[1.0, 0.9], [8.0, 1.0]])
    m = Market(((0,),), np.full((2, 2), 5.0), unit, np.full(2, 40.0), 1)
    sets = scarcity_plans.subsets(2, 1)

    def play(ahead: bool) -> float:
        stock, total = np.array([[10, 10]]), 0.0
        outlook = Outlook(m, np.array([[10.0, 10.0]]), 20, 4, 1)
        for at, place in enumerate([0] * 10 + [1] * 10):
            price = np.zeros((1, 2))
            if ahead:
                price = outlook.prices(stock, 1 - (at + 1) / 20).price
            (node,) = choose(m, 0, place, stock, price, sets)
            total += m.left[place] if node < 0 else 5.0 + unit[place, node]
            if node >= 0:
                stock[0, node] -= 1
        return float(total)

    assert play(ahead=True) < play(ahead=False) - 30


def test_another_program_in_the_same_process_does_not_matter() -> None:
    """The library keeps one scheduler in a process: whoever came first must not decide."""
    other = highspy.Highs()
    other.setOptionValue("output_flag", False)
    x = other.addIntegral(lb=0, ub=3, obj=-1.0)
    other.addConstr(2 * x <= 5.0)
    other.run()
    m = market()
    stock, future = some(m)
    assert Ahead(m).prices(stock, future, 4, 1).price.max() > 0
