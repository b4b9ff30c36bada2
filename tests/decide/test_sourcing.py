"""Sourcing is exact: against every subset and every split, and against a mixed-integer program."""

from itertools import combinations, product
from typing import Any

import highspy
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everyshelf.decide import sourcing_kernel as kernel
from everyshelf.decide.sourcing import (
    Decision,
    Lever,
    Limits,
    OrderFacts,
    Policy,
    Problem,
    Rules,
    Shortage,
    decide,
    digest,
    source,
)
from everyshelf.decide.sourcing_costs import Carrier, Labour, Late
from everyshelf.decide.sourcing_why import explain

PARTIAL = Shortage.PARTIAL
LATE = Late(once_minor=250, day_minor=70)


def limited(shortage: Shortage = Shortage.REFUSE, **limits: Any) -> Policy:
    """The cheapest plan by these limits."""
    costs = (Carrier(), Labour(), LATE)
    return Policy(rules=Rules(costs=costs, limits=Limits(**limits)), shortage=shortage)


def order(rng: np.random.Generator, lines: int, nodes: int, most_qty: int = 3) -> Problem:
    """A random order with stock at about two thirds of the cells, some of it partial."""
    stock = rng.integers(0, most_qty + 2, (lines, nodes)) * (rng.random((lines, nodes)) < 0.7)
    return Problem(
        order=1,
        item=np.arange(lines),
        qty=rng.integers(1, most_qty + 1, lines),
        weight_g=rng.integers(1, 3000, lines),
        volume_cm3=rng.integers(1, 9000, lines),
        value_minor=rng.integers(1, 500, lines),
        node=rng.permutation(nodes) + 100,
        stock=stock,
        parcel_minor=rng.integers(0, 900, nodes),
        per_kg_minor=rng.integers(0, 300, nodes),
        labour_order_minor=rng.integers(0, 60, nodes),
        labour_line_minor=rng.integers(0, 60, nodes),
        labour_unit_minor=rng.integers(0, 60, nodes),
        priority=rng.integers(0, 2, nodes),
        facts=(("late_days", rng.integers(0, 2, nodes) * rng.integers(0, 4, nodes)),),
    )


def late_minor(p: Problem) -> Any:
    days = p.fact("late_days")
    return np.where(days > 0, 250 + 70 * days, 0)


def milli(p: Problem, parts: list[tuple[int, int, int]]) -> int:
    """The cost of (line, column, qty) parts, written out from the definition."""
    total = 0
    for n in {n for _, n, _ in parts}:
        total += 1000 * int(p.parcel_minor[n] + p.labour_order_minor[n] + late_minor(p)[n])
    for r, n, q in parts:
        total += 1000 * int(p.labour_line_minor[n] + q * p.labour_unit_minor[n])
        total += q * int(p.weight_g[r] * p.per_kg_minor[n])
    return total


def cuts(p: Problem, r: int, chosen: tuple[int, ...], split: bool) -> list[list[tuple[int, int]]]:
    """Every way to serve some of a line from the chosen columns."""
    ranges = [range(min(int(p.stock[r, n]), int(p.qty[r])) + 1) for n in chosen]
    found = []
    for amounts in product(*ranges):
        cut = [(n, q) for n, q in zip(chosen, amounts, strict=True) if q]
        if sum(amounts) <= p.qty[r] and (split or len(cut) <= 1):
            found.append(cut)
    return found


def brute(p: Problem, policy: Policy) -> tuple[int, int] | None:
    """(unfilled value, cost) of the best plan by trying everything; None when refused."""
    best: tuple[int, int] | None = None
    columns = range(len(p.node))
    for k in range(1, policy.rules.limits.max_nodes + 1):
        for chosen in combinations(columns, k):
            lost = cost = 0
            opened: set[int] = set(chosen)
            for r in range(len(p.qty)):
                options = []
                for cut in cuts(p, r, chosen, policy.rules.limits.split_lines):
                    left = int(p.qty[r]) - sum(q for _, q in cut)
                    options.append((left * int(p.value_minor[r]), line_cost(p, r, cut)))
                value, money = min(options)
                lost, cost = lost + value, cost + money
            cost += milli(p, [(0, n, 0) for n in opened]) - sum(
                1000 * int(p.labour_line_minor[n]) for n in opened
            )
            if policy.partial or lost == 0:
                best = min(best, (lost, cost)) if best else (lost, cost)
    return best


def line_cost(p: Problem, r: int, cut: list[tuple[int, int]]) -> int:
    opening = p.parcel_minor + p.labour_order_minor + late_minor(p)
    return milli(p, [(r, n, q) for n, q in cut]) - 1000 * sum(int(opening[n]) for n, _ in cut)


def check_sound(p: Problem, policy: Policy, told: Decision) -> None:
    """Whatever the plan is, it must be possible, within the policy and costed truly."""
    column = {int(node): n for n, node in enumerate(p.node)}
    served = np.zeros_like(p.stock)
    for part in told.parts:
        assert part.qty > 0
        served[part.line, column[part.node]] += part.qty
    assert (served <= p.stock).all()
    assert len({part.node for part in told.parts}) <= policy.rules.limits.max_nodes
    left = p.qty - served.sum(axis=1)
    assert (left >= 0).all()
    assert dict(told.unfilled) == {r: int(q) for r, q in enumerate(left) if q}
    assert {part.node for part in told.parts} == (set(told.nodes) if told.parts else set())
    if told.feasible:
        parts = [(part.line, column[part.node], part.qty) for part in told.parts]
        assert told.cost_milli == milli(p, parts)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 5), st.integers(1, 3),
    st.booleans(), st.sampled_from(Shortage),
)  # fmt: skip
def test_no_plan_beats_it(
    seed: int, lines: int, nodes: int, most: int, split: bool, shortage: Shortage
) -> None:
    p = order(np.random.default_rng(seed), lines, nodes, 2)
    policy = limited(max_nodes=most, split_lines=split, shortage=shortage)
    told = source(p, policy)
    check_sound(p, policy, told)
    expected = brute(p, policy)
    if expected is None or not told.parts:
        assert not told.feasible
        assert expected is None or expected[0] == int((p.qty * p.value_minor).sum())
    else:
        lost = sum(int(p.value_minor[r]) * q for r, q in told.unfilled)
        assert (lost, told.cost_milli) == expected
        assert told.proven
        assert told.gap_milli == 0


def mip(p: Problem, policy: Policy) -> float | None:
    """The same order as a mixed-integer program, solved by HiGHS to zero gap."""
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    h.setOptionValue("mip_rel_gap", 0.0)
    h.setOptionValue("mip_abs_gap", 0.5)
    lines, nodes = p.stock.shape
    opening = p.parcel_minor + p.labour_order_minor + late_minor(p)
    y = [h.addBinary(obj=float(f)) for f in opening]
    used = [[h.addBinary(obj=float(c)) for c in p.labour_line_minor] for _ in range(lines)]
    unit = p.weight_g[:, None] * p.per_kg_minor / 1000 + p.labour_unit_minor
    q: list[list[Any]] = [
        [h.addIntegral(lb=0, ub=float(p.stock[r, n]), obj=float(unit[r, n])) for n in range(nodes)]
        for r in range(lines)
    ]
    for r in range(lines):
        h.addConstr(sum(q[r]) == float(p.qty[r]))
        if not policy.rules.limits.split_lines:
            h.addConstr(sum(used[r]) == 1.0)
        for n in range(nodes):
            h.addConstr(q[r][n] <= float(min(p.stock[r, n], p.qty[r])) * used[r][n])
            h.addConstr(used[r][n] <= y[n])
    h.addConstr(sum(y) <= float(policy.rules.limits.max_nodes))
    h.run()
    solved = h.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(h.getInfo().objective_function_value) if solved else None


@pytest.mark.parametrize("seed", range(60))
def test_larger_orders_equal_the_mixed_integer_program(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = order(rng, int(rng.integers(3, 8)), int(rng.integers(6, 14)))
    policy = limited(max_nodes=int(rng.integers(2, 6)), split_lines=bool(seed % 2))
    told = source(p, policy)
    check_sound(p, policy, told)
    expected = mip(p, policy)
    assert told.feasible == (expected is not None)
    if expected is not None:
        assert told.proven
        assert told.cost_milli / 1000 == pytest.approx(expected, abs=0.6)


@pytest.mark.parametrize("seed", range(25))
def test_machine_code_and_python_search_alike(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    lines, nodes = 4, 6
    stock = rng.integers(0, 4, (lines, nodes))
    qty = rng.integers(1, 4, lines)
    unit = rng.integers(0, 50, (lines, nodes))
    entry = rng.integers(0, 30, (lines, nodes))
    opening, penalty = rng.integers(0, 90, nodes), np.full(lines, 100_000)
    served = stock > 0
    took = np.minimum(stock, qty[:, None])
    dummy = (penalty * qty)[:, None]
    lack = (qty[:, None] - took) * penalty[:, None]
    whole = np.where(served, entry + took * unit + lack, dummy)
    low = np.where(served, entry + qty[:, None] * unit, dummy)
    by_unit = np.argsort(unit, axis=1, kind="stable")
    args = (
        opening,
        unit,
        entry,
        stock,
        qty,
        penalty,
        whole,
        low,
        by_unit,
        4,
        True,
        1 << 50,
        10_000,
    )
    plain, machine = kernel.search(*args), kernel.compiled()[0](*args)
    assert plain[0] == machine[0]
    assert plain[1].tolist() == machine[1].tolist()
    assert plain[2:] == machine[2:]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_the_order_of_candidates_does_not_matter(seed: int, split: bool) -> None:
    rng = np.random.default_rng(seed)
    p = order(rng, 4, 8)
    mix = rng.permutation(8)
    columns = {
        name: value[..., mix]
        for name in p.__struct_fields__
        if isinstance(value := getattr(p, name), np.ndarray) and value.shape[-1:] == (8,)
    }
    facts = tuple((name, values[..., mix]) for name, values in p.facts)
    policy = limited(split_lines=split, shortage=PARTIAL)
    mixed = msgspec.structs.replace(p, facts=facts, **columns)
    a, b = source(p, policy), source(mixed, policy)
    assert (a.parts, a.cost_milli, a.nodes) == (b.parts, b.cost_milli, b.nodes)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_more_stock_never_costs_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = order(rng, 3, 6)
    more = msgspec.structs.replace(p, stock=p.stock + rng.integers(0, 2, p.stock.shape))
    a, b = decide([p, more])
    assert not a.feasible or (b.feasible and b.cost_milli <= a.cost_milli)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32))
def test_more_units_flip_the_choice_and_one_less_does_not(seed: int) -> None:
    p = order(np.random.default_rng(seed), 3, 6)
    told = source(p, limited())
    for change in explain(p, limited(), told).changes:
        if change.lever is not Lever.UNITS:
            continue
        cell = int(change.what), p.node.tolist().index(change.node)
        after = source(with_units(p, cell, change.amount), limited())
        before = source(with_units(p, cell, change.amount - 1), limited())
        assert after.feasible
        assert after.nodes != told.nodes
        assert before.nodes == told.nodes or not before.feasible
        if change.saves_milli is not None:
            assert told.cost_milli - after.cost_milli == change.saves_milli


def with_units(p: Problem, cell: tuple[int, int], units: int) -> Problem:
    stock = p.stock.copy()
    stock[cell] += units
    return msgspec.structs.replace(p, stock=stock)


def test_the_first_filter_is_named_and_the_terms_add_up() -> None:
    p = order(np.random.default_rng(5), 3, 5)
    masks = (
        ("inactive", np.array([True, False, False, False, False])),
        ("closed", np.array([True, True, False, False, False])),
    )
    stock = np.full((3, 5), 9)
    stock[:, 2] = 0
    p = msgspec.structs.replace(p, stock=stock, filters=masks)
    told = source(p)
    why = explain(p, Policy(), told)
    named = [why.filter_names[i] if i >= 0 else None for i in why.excluded]
    assert named == ["inactive", "closed", "no_stock", None, None]
    assert [sum(t) for t in why.amounts] == list(why.alone_milli)
    assert told.cost_milli == min(why.alone_milli[3:])
    assert why.runner_up_extra_milli == max(why.alone_milli[3:]) - min(why.alone_milli[3:])
    assert why.nodes == tuple(p.node.tolist())
    assert msgspec.json.decode(msgspec.json.encode(told), type=Decision) == told


def test_a_limit_reports_the_gap_and_small_orders_stay_whole() -> None:
    rng = np.random.default_rng(3)
    p = order(rng, 14, 24)
    cut = source(p, limited(max_nodes=8, shortage=PARTIAL, max_expansions=1))
    full = source(p, limited(max_nodes=8, shortage=PARTIAL))
    assert full.proven
    assert not cut.proven
    assert cut.cost_milli - cut.gap_milli <= full.cost_milli <= cut.cost_milli
    alone = source(p, limited(shortage=PARTIAL, min_value_to_split_minor=10**9))
    assert len(alone.nodes) == 1


def test_nothing_in_reach_is_refused_with_every_candidate_named() -> None:
    p = order(np.random.default_rng(9), 2, 3)
    p = msgspec.structs.replace(p, stock=np.zeros((2, 3), np.int64))
    told, why = source(p), explain(p, Policy())
    assert not told.feasible
    assert [why.filter_names[i] for i in why.excluded] == ["no_stock"] * 3
    assert told.unfilled == tuple(enumerate(p.qty.tolist()))


def test_the_digest_sees_every_array() -> None:
    p = order(np.random.default_rng(1), 2, 3)
    prints = {digest(p)}
    for name in p.__struct_fields__:
        value = getattr(p, name)
        if isinstance(value, np.ndarray):
            prints.add(digest(msgspec.structs.replace(p, **{name: value + 1})))
    prints.add(digest(msgspec.structs.replace(p, filters=(("closed", np.zeros(3, bool)),))))
    facts = (("km", np.ones(3, np.int64)),)
    prints.add(digest(msgspec.structs.replace(p, facts=facts)))
    prints.add(digest(msgspec.structs.replace(p, asked=OrderFacts(channel="web"))))
    assert len(prints) == 17
    assert digest(order(np.random.default_rng(1), 2, 3)) == digest(p)
