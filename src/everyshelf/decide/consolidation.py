"""Decides which orders of one customer to one address go as one: their union is decided once.

Orders placed within some minutes of the first may go together, and do where that is cheaper and
leaves nothing that would be served. It neither makes an order wait nor touches the ledger. What is
saved is understated where orders compete for a last unit: each alone may count on it.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from everyshelf.decide.sourcing import STANDARD, Policy, source
from everyshelf.decide.sourcing_facts import (
    FACTS,
    Bools,
    Decision,
    Ints,
    LineFacts,
    NodeFacts,
    Problem,
)

Rows = tuple[tuple[int, int, int], ...]
Key = tuple[str, str, str, str]

NODE_COSTS = (
    "parcel_minor",
    "per_kg_minor",
    "labour_order_minor",
    "labour_line_minor",
    "labour_unit_minor",
    "priority",
)


class Placed(msgspec.Struct, frozen=True):
    """An order with whose it is, where it goes and the minute in which it was placed."""

    customer: str
    address: str
    minute: int
    problem: Problem


class Parcel(msgspec.Struct, frozen=True):
    """Orders decided as one. `rows` gives (order, its line, line of the decision)."""

    orders: tuple[int, ...]
    decision: Decision
    rows: Rows
    saved_milli: int


def consolidate(
    placed: Sequence[Placed], window_min: int, policy: Policy = STANDARD
) -> list[Parcel]:
    """Every order in exactly one parcel: alone, or with others where that pays."""
    return [parcel for group in groups(placed, window_min) for parcel in _decided(group, policy)]


def groups(placed: Sequence[Placed], window_min: int) -> list[list[Placed]]:
    """The orders that could go together: none is placed later than the window after the first."""
    if window_min < 0:
        raise ValueError("a window has no negative minutes")
    open_: dict[Key, list[Placed]] = {}
    found = []
    for one in sorted(placed, key=lambda p: (p.minute, p.problem.order)):
        # Other channels and methods have other rules: their orders do not go together.
        asked = one.problem.asked
        key = (one.customer, one.address, asked.channel, asked.method)
        group = open_.get(key)
        if group is None or one.minute - group[0].minute > window_min:
            group = open_[key] = []
            found.append(group)
        group.append(one)
    return found


def _decided(group: Sequence[Placed], policy: Policy) -> list[Parcel]:
    """One parcel if the union is served no less and for less; otherwise each order alone."""
    alone = [_alone(one.problem, policy) for one in group]
    if len(group) < 2:
        return alone
    problem, rows = union([one.problem for one in group])
    told = source(problem, policy)
    apart = sum(one.decision.cost_milli for one in alone)
    left = sum(q for one in alone for _, q in one.decision.unfilled)
    able = told.feasible and all(one.decision.feasible for one in alone)
    if not able or sum(q for _, q in told.unfilled) > left or told.cost_milli >= apart:
        return alone
    orders = tuple(one.problem.order for one in group)
    return [Parcel(orders, told, rows, apart - told.cost_milli)]


def _alone(problem: Problem, policy: Policy) -> Parcel:
    rows = tuple((problem.order, r, r) for r in range(len(problem.item)))
    return Parcel((problem.order,), source(problem, policy), rows, 0)


def union(problems: Sequence[Problem]) -> tuple[Problem, Rows]:
    """One problem from the nodes that all know, a row per item; what binds one order binds all."""
    first = problems[0]
    nodes = [n for n in first.node.tolist() if all(n in p.node for p in problems)]
    columns = [np.array([p.node.tolist().index(n) for n in nodes], np.int64) for p in problems]
    pairs = list(zip(problems, columns, strict=True))
    origin: dict[int, tuple[int, int]] = {}
    for at, p in enumerate(problems):
        for r, item in enumerate(p.item.tolist()):
            origin.setdefault(item, (at, r))
    row = {item: i for i, item in enumerate(origin)}
    rows = tuple((p.order, r, row[i]) for p in problems for r, i in enumerate(p.item.tolist()))
    qty = np.zeros(len(row), np.int64)
    stock = np.full((len(row), len(nodes)), np.iinfo(np.int64).max)
    for p, c in pairs:
        for r, item in enumerate(p.item.tolist()):
            qty[row[item]] += p.qty[r]
            stock[row[item]] = np.minimum(stock[row[item]], p.stock[r, c])
    by_row = {
        name: np.array([getattr(problems[at], name)[r] for at, r in origin.values()], np.int64)
        for name in ("item", "weight_g", "volume_cm3", "value_minor")
    }
    by_node = {
        name: np.max([getattr(p, name)[c] for p, c in pairs], axis=0).astype(np.int64)
        for name in NODE_COSTS
    }
    made = msgspec.structs.replace(
        first, qty=qty, stock=stock, node=np.array(nodes, np.int64), **by_row, **by_node,
        filters=_filters(pairs), facts=_facts(pairs, list(origin.values())),
        nodes=_columns(first.nodes, columns[0]), lines=_lines(problems, list(origin.values())),
    )  # fmt: skip
    return made, rows


def _filters(pairs: Sequence[tuple[Problem, Ints]]) -> tuple[tuple[str, Bools], ...]:
    """A node that is out for one order is out for all."""
    found: dict[str, Bools] = {}
    for p, c in pairs:
        for name, mask in p.filters:
            found[name] = found[name] | mask[c] if name in found else mask[c]
    return tuple(found.items())


def _facts(
    pairs: Sequence[tuple[Problem, Ints]], origin: Sequence[tuple[int, int]]
) -> tuple[tuple[str, Ints], ...]:
    """Of a candidate the worst that holds for any order; of a line what its order says."""
    found = []
    for name in dict.fromkeys(name for p, _ in pairs for name, _ in p.facts):
        if FACTS[name][0] == "c":
            values = np.max([p.fact(name)[c] for p, c in pairs], axis=0)
        else:
            values = np.array([pairs[at][0].fact(name)[r, pairs[at][1]] for at, r in origin])
        found.append((name, values.astype(np.int64)))
    return tuple(found)


def _columns(nodes: NodeFacts, columns: Ints) -> NodeFacts:
    taken = {
        name: tuple(getattr(nodes, name)[c] for c in columns)
        for name in nodes.__struct_fields__
        if getattr(nodes, name)
    }
    return NodeFacts(**taken)


def _lines(problems: Sequence[Problem], origin: Sequence[tuple[int, int]]) -> LineFacts:
    taken = {
        name: tuple(getattr(problems[at].lines, name)[r] for at, r in origin)
        for name in LineFacts.__struct_fields__
        if all(getattr(p.lines, name) for p in problems)
    }
    return LineFacts(**taken)
