"""Orders of one customer to one address go as one where that is cheaper, and never for less."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from everyshelf.decide.consolidation import Placed, consolidate, groups, union
from everyshelf.decide.sourcing import OrderFacts, Policy, Problem, Rules, source
from everyshelf.decide.sourcing_costs import Carrier, Labour, Late

POLICY = Policy(rules=Rules(costs=(Carrier(), Labour(), Late(once_minor=250, day_minor=70))))


def order(number: int, items: list[int], stock: list[list[int]], **changes: Any) -> Problem:
    """An order of one unit per item; two nodes, of which the second is dearer."""
    lines, nodes = len(items), len(stock[0])
    return replace(
        Problem(
            order=number,
            item=np.array(items),
            qty=np.ones(lines, np.int64),
            weight_g=np.full(lines, 100),
            volume_cm3=np.full(lines, 100),
            value_minor=np.full(lines, 500),
            node=np.arange(nodes) + 100,
            stock=np.array(stock),
            parcel_minor=np.arange(nodes) * 100 + 500,
            per_kg_minor=np.full(nodes, 10),
            labour_order_minor=np.full(nodes, 50),
            labour_line_minor=np.full(nodes, 10),
            labour_unit_minor=np.full(nodes, 5),
            priority=np.zeros(nodes, np.int64),
        ),
        **changes,
    )


def placed(problem: Problem, minute: int, customer: str = "ann", address: str = "home") -> Placed:
    return Placed(customer, address, minute, problem)


def both(**changes: Any) -> list[Placed]:
    one = placed(order(1, [7], [[5, 5]]), 0)
    return [one, placed(order(2, [8], [[5, 5]], **changes), 10)]


def test_two_orders_go_in_one_parcel_and_save_one_opening() -> None:
    (parcel,) = consolidate(both(), 30, POLICY)
    assert parcel.orders == (1, 2)
    assert parcel.saved_milli == 550_000
    assert parcel.rows == ((1, 0, 0), (2, 0, 1))
    assert {(p.line, p.node, p.qty) for p in parcel.decision.parts} == {(0, 100, 1), (1, 100, 1)}


@pytest.mark.parametrize(
    "second",
    [
        placed(order(2, [8], [[5, 5]]), 31),
        placed(order(2, [8], [[5, 5]]), 1, customer="ben"),
        placed(order(2, [8], [[5, 5]]), 1, address="work"),
        placed(order(2, [8], [[5, 5]], asked=OrderFacts(method="pickup")), 1),
    ],
)
def test_what_does_not_belong_together_goes_alone(second: Placed) -> None:
    told = consolidate([placed(order(1, [7], [[5, 5]]), 0), second], 30, POLICY)
    assert [p.orders for p in told] == [(1,), (2,)]
    assert [p.saved_milli for p in told] == [0, 0]


def test_the_window_begins_with_the_first_order_and_does_not_move() -> None:
    orders = [placed(order(n, [n], [[5]]), minute) for n, minute in ((1, 0), (2, 20), (3, 40))]
    told = [[p.problem.order for p in group] for group in groups(orders[::-1], 30)]
    assert told == [[1, 2], [3]]


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        consolidate(both(), -1, POLICY)


def test_one_unit_is_not_promised_to_both() -> None:
    orders = [placed(order(n, [7], [[1, 1]]), n) for n in (1, 2)]
    problem, rows = union([p.problem for p in orders])
    assert problem.qty.tolist() == [2]
    assert problem.stock.tolist() == [[1, 1]]
    assert rows == ((1, 0, 0), (2, 0, 0))
    told = consolidate(orders, 30, POLICY)
    assert all(p.saved_milli >= 0 for p in told)


def test_what_excludes_a_node_for_one_excludes_it_for_both() -> None:
    out = (("market", np.array([True, False])),)
    problem, _ = union([p.problem for p in both(filters=out)])
    assert [(name, mask.tolist()) for name, mask in problem.filters] == [("market", [True, False])]


def test_the_promise_of_each_binds_both() -> None:
    late = (("late_days", np.array([2, 0])),)
    problem, _ = union([p.problem for p in both(facts=late)])
    assert problem.fact("late_days").tolist() == [2, 0]


def test_only_nodes_that_both_know_can_serve_both() -> None:
    problem, _ = union([p.problem for p in both(node=np.array([101, 102]))])
    assert problem.node.tolist() == [101]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(0, 40))
def test_together_never_costs_more_nor_serves_less(seed: int, count: int, window: int) -> None:
    rng = np.random.default_rng(seed)
    shelf = rng.integers(0, 4, (6, 3))
    orders = []
    for n in range(count):
        items = np.sort(rng.choice(6, int(rng.integers(1, 3)), replace=False)).tolist()
        orders.append(placed(order(n, items, shelf[items].tolist()), int(rng.integers(0, 60)),
                             customer=str(rng.integers(0, 2))))  # fmt: skip
    told = consolidate(orders, window, POLICY)
    assert sorted(o for p in told for o in p.orders) == list(range(count))
    by_order = {p.problem.order: p.problem for p in orders}
    for parcel in told:
        alone = [source(by_order[o], POLICY) for o in parcel.orders]
        apart = sum(one.cost_milli for one in alone)
        assert parcel.decision.cost_milli + parcel.saved_milli == apart
        assert parcel.saved_milli > 0 or len(parcel.orders) == 1
        assert parcel.decision.feasible or len(parcel.orders) == 1
    assert told == consolidate(orders[::-1], window, POLICY)
