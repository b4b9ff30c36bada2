"""Protection rules and the one availability function.

Safety stock, walk-in protection and ring fences are rows; `decide.atp` says how low a channel may
draw a node at this instant. Web, till, sourcing and feeds all come through here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from everyshelf import catalog
from everyshelf.base import ids, outbox
from everyshelf.base.claims import once
from everyshelf.base.errors import Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import atp
from everyshelf.decide.walk_in import Clock, WalkIn
from everyshelf.stock.events import RulesChanged
from everyshelf.stock.facts import (
    HANDLING,
    ITEM_UNKNOWN,
    MAX_QTY,
    NODE_UNKNOWN,
    QTY_INVALID,
    Ask,
    Availability,
    Balance,
    NodeATP,
    RuleId,
)

SQL = load("everyshelf.stock")
RULES = load("everyshelf.stock", "rules.sql")


class SetRules(msgspec.Struct, frozen=True):
    """Replaces all protection rules of a scope (same item, node and channel) by the ones given."""

    key: str
    rules: tuple[atp.Protection, ...]


class Candidate(msgspec.Struct, frozen=True):
    """A node of a pool that has sellable units of an item."""

    item: str
    node: str
    priority: int
    sellable: int


class _Rule(msgspec.Struct, frozen=True):
    item: str | None
    node: str | None
    channel: str | None
    starts_on: date | None
    ends_on: date | None
    safety_qty: int | None
    walk_in_qty: int | None
    ring_fence_qty: int | None
    walk_in: WalkIn | None


class _Due(msgspec.Struct, frozen=True):
    item: str
    due_on: date
    qty: int


def set_rules(tx: Tx, commands: Sequence[SetRules]) -> list[Result[int]]:
    """Stores protection rules; the value is how many. Refused: stock.qty_invalid, an item, node or
    channel that does not exist."""
    return once(tx, "stock.set_rules", commands, _set_rules, int)


def _set_rules(tx: Tx, commands: list[SetRules]) -> list[Result[int]]:
    scopes = _Scopes(tx, [rule for command in commands for rule in command.rules])
    errors = [next(filter(None, map(scopes.check, c.rules)), None) for c in commands]
    good = [c for c, error in zip(commands, errors, strict=True) if error is None]
    _store_rules(tx, [rule for command in good for rule in command.rules])
    return [
        Result.refused(error) if error is not None else Result.done(len(command.rules))
        for command, error in zip(commands, errors, strict=True)
    ]


def _store_rules(tx: Tx, rules: list[atp.Protection]) -> None:
    names = ("item", "node", "channel", "starts_on", "ends_on", "safety_qty", "walk_in_qty")
    fields = (*names, "ring_fence_qty", "walk_in")
    rows = table(fields, ([getattr(rule, f) for f in fields] for rule in rules))
    tx.run(RULES.drop_rules, items=rows["item"], nodes=rows["node"], channels=rows["channel"])
    tx.run(RULES.add_rules, ids=[ids.new(RuleId) for _ in rules], **rows)
    if rules:
        outbox.emit(tx, [RulesChanged(scope="all", rules=len(rules))])


class _Scopes:
    """What the rules of a batch are about, looked up once."""

    def __init__(self, tx: Tx, rules: Sequence[atp.Protection]) -> None:
        def named(field: str) -> list[str]:
            return sorted({str(v) for rule in rules if (v := getattr(rule, field)) is not None})

        self._items = {i for (i,) in tx.tuples(SQL.known_items, items=named("item"))}
        self._nodes = {row[0] for row in tx.tuples(SQL.known_nodes, nodes=named("node"))}
        self._channels = catalog.channels(tx, named("channel"))

    def check(self, rule: atp.Protection) -> Refused | None:
        """The refusal for a rule about nothing that exists, or one too large."""
        if rule.item is not None and rule.item not in self._items:
            return ITEM_UNKNOWN(f"There is no item {rule.item!r}.")
        if rule.node is not None and rule.node not in self._nodes:
            return NODE_UNKNOWN(f"There is no node {rule.node!r}.")
        if rule.channel is not None and rule.channel not in self._channels:
            return catalog.CHANNEL_UNKNOWN(f"There is no channel {rule.channel!r}.")
        kept = (rule.safety_qty, rule.walk_in_qty, rule.ring_fence_qty)
        if any(qty is not None and qty > MAX_QTY for qty in kept):
            return QTY_INVALID(f"A rule keeps at most {MAX_QTY:,} units.")
        return None


class Floors:
    """How low each channel may draw each cell, for one batch and its instant."""

    def __init__(self, tx: Tx, items: Iterable[str]) -> None:
        found = tx.all(RULES.rules_of, _Rule, items=sorted(set(items)))
        self._rules = [atp.Protection(**msgspec.structs.asdict(rule)) for rule in found]
        self._clock = Clock(tx.now, _zones(tx, found)) if found else None
        self._ready: dict[str, atp.Floors] = {}

    def __bool__(self) -> bool:
        """False when nothing is protected at all."""
        return bool(self._rules)

    def floor(self, channel: str, item: str, node: str) -> int:
        """Units that this channel must leave sellable at the cell."""
        if self._clock is None:
            return 0
        if channel not in self._ready:
            today = self._clock.at.date()
            self._ready[channel] = atp.prepare(channel, today, self._rules, self._clock)
        return atp.floor(self._ready[channel], item, node)


def _zones(tx: Tx, rules: Sequence[_Rule]) -> dict[int | str, str]:
    """The time zones of the nodes whose deliveries come on weekdays."""
    nodes = {r.node for r in rules if r.walk_in is not None and r.walk_in.replenish_weekdays}
    if not nodes:
        return {}
    named = None if None in nodes else sorted(node for node in nodes if node is not None)
    return dict(tx.tuples(RULES.zones_of_nodes, nodes=named))


def candidates(tx: Tx, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Candidate]]:
    """For each (item, pool): the pool's nodes with sellable units, preferred nodes first."""
    wanted = sorted(set(pairs))
    members = pool_members(tx, {pool for _, pool in wanted})
    items = sorted({item for item, _ in wanted})
    keys = table(("parts", "items"), ((ids.part_of(item), item) for item in items))
    rows = tx.tuples(SQL.free_units, **keys, handling=sorted(HANDLING))
    free = {item: (nodes, units) for item, nodes, units in rows}
    return {
        (item, pool): _members_with_units(item, members[pool], *free.get(item, ((), ())))
        for item, pool in wanted
    }


def pool_members(tx: Tx, pools: Iterable[str]) -> dict[str, dict[str, int]]:
    """The nodes that serve these pools today, each with its priority (lower is preferred)."""
    names = sorted(set(pools))
    found: dict[str, dict[str, int]] = {pool: {} for pool in names}
    for pool, node, priority in tx.tuples(SQL.pool_members, pools=names, today=tx.now.date()):
        found[pool][node] = priority
    return found


def _members_with_units(
    item: str, members: dict[str, int], nodes: Sequence[str], units: Sequence[int]
) -> list[Candidate]:
    found = [
        Candidate(item, node, members[node], sellable)
        for node, sellable in zip(nodes, units, strict=True)
        if node in members
    ]
    return sorted(found, key=lambda c: (c.priority, -c.sellable, c.node))


def availability(tx: Tx, asks: Sequence[Ask]) -> list[Availability]:
    """What each channel may promise now, node by node; when nothing is there, why and what is due.

    The quantity of a node is `sellable` less its floor for the channel (safety stock, walk-in
    protection, ring fences of other channels); see `decide.atp`.
    """
    found = candidates(tx, ((ask.item, ask.pool) for ask in asks))
    floors = Floors(tx, (ask.item for ask in asks))
    empty = sorted({ask.item for ask in asks if not found[ask.item, ask.pool]})
    due = {row.item: row for row in tx.all(SQL.next_due, _Due, items=[a.item for a in asks])}
    held = {b.item: b for b in balances(tx, empty)} if empty else {}
    return [_answer(ask, found[ask.item, ask.pool], floors, due, held) for ask in asks]


def _answer(
    ask: Ask,
    nodes: list[Candidate],
    floors: Floors,
    due: dict[str, _Due],
    held: dict[str, Balance],
) -> Availability:
    answers = []
    for c in nodes:
        free = atp.atp(c.sellable, floors.floor(ask.channel, ask.item, c.node), 0, 0, 0)
        answers.append(NodeATP(c.node, free, None if free else atp.Reason.PROTECTED.value))
    total = sum(a.atp for a in answers)
    coming = due.get(ask.item)
    reason = None
    if total == 0:
        other = held.get(ask.item)
        busy = other is not None and other.held > 0
        reason = (
            atp.Reason.PROTECTED if answers else atp.Reason.HELD if busy else atp.Reason.SOLD_OUT
        ).value
    return Availability(
        ask.item, ask.pool, ask.channel, total, tuple(answers),
        coming.due_on if coming else None, coming.qty if coming else 0, reason,
    )  # fmt: skip


def balances(tx: Tx, items: Sequence[str], nodes: Sequence[str] | None = None) -> list[Balance]:
    """The rows of the pool for these items (all nodes unless named)."""
    return tx.all(
        SQL.balances,
        Balance,
        parts=sorted({ids.part_of(item) for item in items}),
        items=list(items),
        nodes=list(nodes) if nodes is not None else None,
    )
