"""Soft holds on overlapping pools: a request is granted if and only if a flow exists."""

from itertools import product

import highspy
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from everyshelf.decide.holding import (
    Decision,
    Held,
    Move,
    Policy,
    Problem,
    Refusal,
    Request,
    decide,
    place,
)

NODES = (1, 2, 3, 4)


@st.composite
def problems(draw: st.DrawFn, floors: bool) -> Problem:
    free = tuple((n, draw(st.integers(0, 4))) for n in NODES)
    holds, requests = [], []
    for i in range(draw(st.integers(0, 6))):
        nodes = tuple(draw(st.lists(st.sampled_from(NODES), min_size=1, unique=True)))
        low = tuple(draw(st.integers(0, 2)) if floors else 0 for _ in nodes)
        at, qty = draw(st.sampled_from(nodes)), draw(st.integers(1, 4))
        holds.append(Held(i, at, nodes, qty, low))
    for i in range(draw(st.integers(1, 5))):
        nodes = tuple(draw(st.lists(st.sampled_from(NODES), min_size=1, unique=True)))
        low = tuple(draw(st.integers(0, 2)) if floors else 0 for _ in nodes)
        requests.append(Request(100 + i, nodes, draw(st.integers(1, 6)), low))
    return Problem(free, tuple(holds), tuple(requests))


def most_by_lp(
    free: dict[int, int], rows: list[tuple[tuple[int, ...], int]], nodes: tuple[int, ...]
) -> float:
    """Independent check without floors: seat all rows, and as many units of the asker as fit."""
    lp = highspy.Highs()
    lp.setOptionValue("output_flag", False)
    room = {n: free[n] for n in NODES}
    terms: dict[int, list[int]] = {n: [] for n in NODES}
    count = 0
    for pool, qty in rows:
        cols = []
        for n in pool:
            lp.addCol(0.0, 0.0, highspy.kHighsInf, 0, np.array([], np.int32), np.array([]))
            terms[n].append(count)
            cols.append(count)
            count += 1
        lp.addRow(qty, qty, len(cols), np.array(cols, np.int32), np.ones(len(cols)))
    for n in nodes:
        lp.addCol(-1.0, 0.0, highspy.kHighsInf, 0, np.array([], np.int32), np.array([]))
        terms[n].append(count)
        count += 1
    for n in NODES:
        used = terms[n]
        lp.addRow(
            -highspy.kHighsInf, room[n], len(used), np.array(used, np.int32), np.ones(len(used))
        )
    lp.run()
    return -float(lp.getInfo().objective_function_value)


def seats(problem: Problem, decision: Decision) -> dict[int, dict[int, int]]:
    """Where everything sits after the decision, from its parts and moves alone."""
    at: dict[int, dict[int, int]] = {}
    for held in problem.holds:
        row = at.setdefault(held.id, {})
        row[held.node] = row.get(held.node, 0) + held.qty
    for move in decision.moves:
        row = at[move.hold]
        row[move.from_node] -= move.qty
        row[move.to_node] = row.get(move.to_node, 0) + move.qty
    for grant in decision.grants:
        at[grant.request] = dict(grant.parts)
    return at


@settings(max_examples=250, deadline=None)
@given(problems(floors=False))
def test_a_request_is_granted_exactly_when_the_flow_exists(problem: Problem) -> None:
    capacity = dict(problem.free)
    rows = [(held.nodes, held.qty) for held in problem.holds]
    for held in problem.holds:
        capacity[held.node] += held.qty
    for request, grant in zip(problem.requests, place(problem).grants, strict=True):
        fits = min(most_by_lp(capacity, rows, request.nodes), request.qty)
        assert (grant.why is None) == (fits >= request.qty - 1e-6)
        assert grant.could_have == round(fits)
        if grant.why is None:
            rows.append((request.nodes, request.qty))


@settings(max_examples=300, deadline=None)
@given(problems(floors=True))
def test_units_are_conserved_and_stay_in_their_pools(problem: Problem) -> None:
    decision = place(problem)
    at = seats(problem, decision)
    pools = {h.id: h.nodes for h in problem.holds} | {r.id: r.nodes for r in problem.requests}
    total = dict(problem.free)
    for held in problem.holds:
        total[held.node] += held.qty
    for who, places in at.items():
        assert all(qty >= 0 for qty in places.values())
        assert all(node in pools[who] for node, qty in places.items() if qty)
    for node in NODES:
        assert sum(places.get(node, 0) for places in at.values()) <= total[node]
    for request, grant in zip(problem.requests, decision.grants, strict=True):
        assert sum(q for _, q in grant.parts) == (0 if grant.why else request.qty)
    assert all(move.qty > 0 and move.from_node != move.to_node for move in decision.moves)


def gains(problem: Problem, at: dict[int, dict[int, int]]) -> list[tuple[int, int, int]]:
    """(node, floor, units gained) of every drawer whose units at a node grew."""
    scopes = [(h.id, h.nodes, h.floors) for h in problem.holds]
    scopes += [(r.id, r.nodes, r.floors) for r in problem.requests]
    found = []
    for who, nodes, floors in scopes:
        old: dict[int, int] = {}
        for held in problem.holds:
            if held.id == who:
                old[held.node] = old.get(held.node, 0) + held.qty
        for node, floor in zip(nodes, floors, strict=True):
            grown = at[who].get(node, 0) - old.get(node, 0)
            if grown > 0:
                found.append((node, floor, grown))
    return found


@settings(max_examples=400, deadline=None)
@given(problems(floors=True))
def test_no_drawer_digs_below_its_floor(problem: Problem) -> None:
    one = Problem(problem.free, problem.holds, problem.requests[:1])
    at = seats(one, place(one))
    held = dict.fromkeys(NODES, 0)
    for h in one.holds:
        held[h.node] += h.qty
    free = dict(one.free)
    used = {n: sum(p.get(n, 0) for p in at.values()) - held[n] for n in NODES}
    asked = at[one.requests[0].id]
    for node, floor in zip(one.requests[0].nodes, one.requests[0].floors, strict=True):
        assert not asked.get(node) or free[node] - max(0, used[node]) >= floor
    for node, floor, _ in gains(one, at):
        assert free[node] >= floor
        # The asker is the last to draw, so only its units may lie below another's floor.
        assert used[node] - asked.get(node, 0) <= free[node] - floor


@settings(max_examples=250, deadline=None)
@given(problems(floors=True))
def test_one_request_with_floors_gets_all_that_exhaustive_search_finds(problem: Problem) -> None:
    asked = problem.requests[0]
    units = [(h, n) for h in problem.holds for n in [h.node] for _ in range(h.qty)][:3]
    kept = tuple(Held(h.id * 10 + i, n, h.nodes, 1, h.floors) for i, (h, n) in enumerate(units))
    small = Problem(
        problem.free, kept, (Request(900, asked.nodes, min(asked.qty, 2), asked.floors),)
    )
    grant = place(small).grants[0]
    assert (grant.why is None) == exhaustive(small)


def exhaustive(problem: Problem) -> bool:
    """Try every seat of every unit hold and of every asked unit, and check the rule of floors."""
    asked = problem.requests[0]
    scopes: list[Held | Request] = [*problem.holds, *[asked] * asked.qty]
    return any(
        all(_legal(problem, spots, node) for node in NODES)
        for spots in product(*(scope.nodes for scope in scopes))
    )


def _legal(problem: Problem, spots: tuple[int, ...], node: int) -> bool:
    """The rule of the module, written per node for one complete seating."""
    free = dict(problem.free)[node]
    asked = problem.requests[0]
    moved = [(h, s) for h, s in zip(problem.holds, spots, strict=False) if s != h.node]
    into = [h.floors[h.nodes.index(s)] for h, s in moved if s == node]
    gone = sum(h.node == node for h, _ in moved)
    mine = sum(s == node for s in spots[len(problem.holds) :])
    low = asked.floors[asked.nodes.index(node)] if node in asked.nodes else 0
    used = max(0, mine + len(into) - gone)
    if any(floor > free for floor in into) or (mine and used > free - low):
        return False
    drawn: tuple[Held | Request, ...] = (*problem.holds, asked)
    known = [f for x in drawn for n, f in zip(x.nodes, x.floors, strict=True) if n == node]
    keep = max((f for f in known if f <= free), default=0)
    return max(0, used - mine) <= free - keep


def test_a_narrow_request_pushes_a_flexible_hold_along_a_chain() -> None:
    problem = Problem(
        ((1, 0), (2, 0), (3, 1)),
        (Held(10, 1, (1, 2), 1), Held(11, 2, (2, 3), 1)),
        (Request(99, (1,), 1),),
    )
    told = decide([problem])[0]
    assert told.grants[0].parts == ((1, 1),)
    assert set(told.moves) == {Move(10, 1, 2, 1), Move(11, 2, 3, 1)}
    refused = decide([problem], Policy(move_holds=False))[0]
    assert refused.grants[0].why is Refusal.SHORTAGE
    assert refused.moves == ()


def test_part_of_a_hold_moves_and_free_units_need_no_search() -> None:
    problem = Problem(((1, 0), (2, 5)), (Held(10, 1, (1, 2), 4),), (Request(99, (1,), 3),))
    told = place(problem)
    assert told.moves == (Move(10, 1, 2, 3),)
    easy = place(Problem(((1, 2), (2, 5)), (), (Request(99, (1, 2), 4),))).grants[0]
    assert (easy.parts, easy.searched) == (((2, 4),), False)


def test_a_floor_keeps_units_from_the_one_and_not_from_the_other() -> None:
    asks = (Request(1, (1,), 2, (2,)), Request(2, (1,), 3, (0,)))
    web, till = place(Problem(((1, 3),), (), asks)).grants
    assert (web.why, web.could_have) == (Refusal.SHORTAGE, 1)
    assert till.parts == ((1, 3),)
    assert place(Problem((), (), (Request(1, (), 1),))).grants[0].why is Refusal.NO_NODES
