"""Scarcity prices are what a unit more would save, and decisions at them do better later."""

from itertools import product

import highspy
import numpy as np
import pytest

from everyshelf.decide import scarcity_plans
from everyshelf.decide.scarcity import Ahead, Future, Market, choose, decide


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


@pytest.mark.parametrize("seed", range(30))
def test_the_plan_of_one_order_is_the_cheapest_of_all(seed: int) -> None:
    dice = np.random.default_rng(seed)
    m = market(seed)
    stock, price = dice.integers(0, 2, (5, 3)), dice.uniform(0, 9, (5, 3))
    sets = scarcity_plans.subsets(3, 3)
    for k, items in enumerate(m.patterns):
        costs = []
        for plan in product((-1, 0, 1, 2), repeat=len(items)):
            if all(n < 0 or stock[i, n] for i, n in zip(items, plan, strict=True)):
                costs.append((cost(m, k, plan, price), plan))
        told = choose(m, k, 0, stock, price, sets)
        assert cost(m, k, told, price) == pytest.approx(min(costs)[0])
        assert all(n < 0 or stock[i, n] for i, n in zip(items, told, strict=True))


def cost(m: Market, kind: int, plan: tuple[int, ...], price: np.ndarray) -> float:
    items = m.patterns[kind]
    units = sum(m.left[0] if n < 0 else m.unit[0, n] + price[i, n]
                for i, n in zip(items, plan, strict=True))  # fmt: skip
    return float(units + sum(m.parcel[0, n] for n in set(plan) if n >= 0))


def test_a_price_is_what_one_unit_more_would_save() -> None:
    m = market()
    stock, future = some(m)
    demand = np.rint(future.expected).astype(np.int64) * 3
    ahead = Ahead(m)
    value, price = ahead.solve(stock, demand)
    for i, n in product(range(5), range(3)):
        more, less = stock.copy(), stock.copy()
        more[i, n] += 1
        less[i, n] -= 1
        saved = value - ahead.solve(more, demand)[0]
        assert saved <= price[i, n] + 1e-6
        if stock[i, n]:
            assert price[i, n] <= ahead.solve(less, demand)[0] - value + 1e-6


def test_more_units_are_worth_no_more_and_plenty_is_worth_nothing() -> None:
    m = market()
    stock, future = some(m)
    few, more, plenty = decide(m, [stock, stock + 3, stock + 1000], future, 32, 7)
    assert few.price.sum() > more.price.sum() > 0
    assert (more.price <= few.price + 3 * (few.error + more.error) + 1e-6).all()
    assert plenty.price.max() == pytest.approx(0.0, abs=1e-9)
    assert plenty.milli().max() == 0
    assert few.value > plenty.value


def test_the_same_seed_gives_the_same_prices() -> None:
    m = market()
    stock, future = some(m)
    a, b = (Ahead(m).prices(stock, future, 8, 3) for _ in range(2))
    assert a.price.tolist() == b.price.tolist()
    assert Ahead(m).prices(stock, future, 8, 4).price.tolist() != a.price.tolist()


def test_items_that_are_ordered_alone_can_be_priced_alone() -> None:
    m = market(3, largest=1)
    dice = np.random.default_rng(5)
    stock = dice.integers(0, 4, (5, 3))
    demand = dice.integers(0, 5, (len(m.patterns), 3))
    value, price = Ahead(m).solve(stock, demand)
    apart = 0.0
    for item in {p[0] for p in m.patterns}:
        mine = [k for k, p in enumerate(m.patterns) if p == (item,)]
        one = Market(((0,),), m.parcel, m.unit, m.left, 1)
        cost_, alone = Ahead(one).solve(stock[item : item + 1], demand[mine].sum(axis=0)[None, :])
        apart += cost_
        held = stock[item] > 0
        assert alone[0][held] == pytest.approx(price[item][held], abs=1e-6)
    assert apart == pytest.approx(value)


def test_what_is_known_is_not_drawn() -> None:
    m = market()
    stock, future = some(m)
    known = np.ones_like(future.known)
    sure = Future(known, np.zeros(future.expected.shape), 0)
    told = Ahead(m).prices(stock, sure, 4, 1)
    assert told.error.max() == pytest.approx(0.0, abs=1e-12)
    assert told.value == pytest.approx(Ahead(m).solve(stock, known)[0])


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
