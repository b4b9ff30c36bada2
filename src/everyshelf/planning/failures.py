"""Where decisions fail: nodes that say no, items that find no node, and the filters to blame.

A pattern is what repeats; one refusal is a case for a person, not for this. Reads only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Final

import msgspec

from everyshelf import sourcing
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide.sourcing_weigh import candidates, filter_names, weigh
from everyshelf.sourcing import Past, Rules

SQL = load("everyshelf.planning")
MOST: Final = 50_000
SHOWN: Final = 50


class NodeFails(msgspec.Struct, frozen=True):
    """How often a node said no for a reason, and in what share of the decisions that chose it."""

    node: str
    reason: str
    times: int
    share_pct: float


class ItemFails(msgspec.Struct, frozen=True):
    """Decisions in which units of an item found no node."""

    item: str
    decisions: int
    units: int


class FilterFails(msgspec.Struct, frozen=True):
    """How many nodes a filter took out of decisions that were left short."""

    filter: str
    nodes: int
    decisions: int


class Failures(msgspec.Struct, frozen=True):
    """The patterns of a period, the most frequent first."""

    since: datetime
    until: datetime
    decisions: int
    short: int
    nodes: tuple[NodeFails, ...]
    items: tuple[ItemFails, ...]
    filters: tuple[FilterFails, ...]


class _SaidNo(msgspec.Struct, frozen=True):
    node: str
    reason: str
    times: int


def failures(tx: Tx, since: datetime, until: datetime) -> Failures:
    """Looks at the last 50,000 decisions of the period and at every refusal in it."""
    versions: dict[int, Rules] = {}
    chosen: Counter[str] = Counter()
    items: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    blamed: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    decisions = short = 0
    for one in sourcing.past(tx, since, until, MOST):
        if one.version not in versions:
            versions[one.version] = sourcing.rules_of(tx, one.version).params
        told = one.under(one.version, versions[one.version])
        decisions += 1
        chosen.update(one.names.nodes[n] for n in told.nodes)
        if told.unfilled:
            short += 1
            _blame(one, versions[one.version], told.unfilled, items, blamed)
    no = tx.all(SQL.said_no, _SaidNo, since=since, until=until, most=SHOWN)
    return Failures(
        since, until, decisions, short,
        tuple(NodeFails(n.node, n.reason, n.times,
                        round(100 * n.times / max(n.times, chosen[n.node]), 1)) for n in no),
        tuple(ItemFails(k, *v) for k, v in _most(items)),
        tuple(FilterFails(k, *v) for k, v in _most(blamed)),
    )  # fmt: skip


def _most(found: dict[str, list[int]]) -> list[tuple[str, list[int]]]:
    return sorted(found.items(), key=lambda pair: (-pair[1][0], pair[0]))[:SHOWN]


def _blame(
    one: Past, rules: Rules, unfilled: tuple[tuple[int, int], ...],
    items: dict[str, list[int]], blamed: dict[str, list[int]],
) -> None:  # fmt: skip
    """Counts the items that were left, and the first filter that took each candidate out."""
    for row, units in unfilled:
        cell = items[one.names.items[row]]
        cell[0] += 1
        cell[1] += units
    weighed = weigh(one.problem, rules)
    excluded, _ = candidates(one.problem, weighed)
    labels = filter_names(weighed)
    out = Counter(labels[i] for i in excluded.tolist() if i >= 0)
    for label, nodes in out.items():
        blamed[label][0] += nodes
        blamed[label][1] += 1
