"""Reads decisions back: for a person, and to prove that each can be taken again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

import msgspec

from everyshelf.base import ids, policy
from everyshelf.base.policy import Policy
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import sourcing as engine
from everyshelf.decide.sourcing_why import explain
from everyshelf.orders import OrderId
from everyshelf.sourcing import recorded
from everyshelf.sourcing.facts import (
    DECISION_UNKNOWN,
    POLICY,
    Action,
    Candidate,
    DecisionId,
    Flip,
    Option,
    Replay,
    Rules,
    Trigger,
    Waiting,
    Waits,
    Why,
    WhyDecision,
)
from everyshelf.sourcing.recorded import Recorded
from everyshelf.sourcing.snapshot import Demand, Exclusion

SQL = load("everyshelf.sourcing")


class _Kept(msgspec.Struct, frozen=True):
    """A decision's row."""

    id: DecisionId
    at: datetime
    trigger: Trigger
    policy: str
    policy_version: int
    digest: bytes
    problem: bytes
    why: bytes


def why(tx: Tx, order_id: OrderId) -> Why:
    """Everything that sourcing decided about an order, oldest first, and what waits and why."""
    part = ids.part_of(int(order_id))
    keys = {"parts": [part], "order_ids": [int(order_id)]}
    kept = tx.all(SQL.decisions_of, _Kept, part=part, order_id=int(order_id))
    versions = sorted({k.policy_version for k in kept})
    rules = {v: policy.get(tx, POLICY, v, Rules) for v in versions}
    waiting = tx.all(SQL.demand_of, Demand, **keys)
    said_no = tx.all(SQL.exclusions_of, Exclusion, **keys)
    told = tuple(_readable(k, rules[k.policy_version]) for k in kept)
    supply = {s.item: s for s in tx.all(SQL.supply_of, _Supply, items=[d.item for d in waiting])}
    return Why(
        order_id,
        told,
        tuple(Waiting(d.line, d.item, d.qty, d.reason, d.due_at, d.since) for d in waiting),
        tuple((e.line, e.node, e.reason) for e in said_no),
        tuple(_options(told, [d for d in waiting if d.reason is Waits.NO_NODE], supply)),
    )


class _Supply(msgspec.Struct, frozen=True):
    """The next supply of an item that nobody was promised."""

    item: str
    due_on: date
    qty: int


def _options(
    told: Sequence[WhyDecision], waiting: Sequence[Demand], supply: Mapping[str, _Supply]
) -> Iterator[Option]:
    """What a person can do about units that find no node: lift what keeps a node out, wait for what
    is coming, or cancel."""
    stuck = [d for d in told if d.unfilled][-1:] if waiting else []
    for decision in stuck:
        for flip in decision.flips:
            yield Option(Action.LIFT, flip.words, flip.node, flip.item)
    for d in waiting:
        if (coming := supply.get(d.item)) is not None:
            words = f"Wait: {coming.qty} x {d.item} are due on {coming.due_on}."
            yield Option(Action.WAIT, words, None, d.item, coming.qty, coming.due_on)
        words = f"Cancel {d.qty} x {d.item} of line {d.line}."
        yield Option(Action.CANCEL, words, None, d.item, d.qty)


def audit_replay(tx: Tx, decision_id: DecisionId) -> Replay:
    """Takes a recorded decision again. Refused(sourcing.decision_unknown) when there is none."""
    kept = tx.one(SQL.decision, _Kept, id=int(decision_id))
    if kept is None:
        raise DECISION_UNKNOWN(f"There is no decision {decision_id}.")
    rules = policy.get(tx, POLICY, kept.policy_version, Rules)
    names, asked = recorded.recorded(kept.problem)
    chosen = recorded.under(names, rules.version, rules.params)
    again = recorded.answer(engine.source(asked, chosen))
    same_problem = bytes.fromhex(engine.digest(asked)) == kept.digest
    return Replay(decision_id, same_problem, again == kept.why)


def _readable(kept: _Kept, rules: Policy[Rules]) -> WhyDecision:
    names, asked = recorded.recorded(kept.problem)
    answer = recorded.answered(kept.why)
    said = explain(asked, recorded.under(names, rules.version, rules.params), answer)
    extra = said.runner_up_extra_milli
    return WhyDecision(
        decision_id=kept.id, at=kept.at, trigger=kept.trigger, policy=kept.policy,
        policy_version=kept.policy_version, digest=kept.digest.hex(), source=said.source,
        method=names.asked.method,
        parts=tuple((names.items[p.line], names.nodes[p.node], p.qty) for p in answer.parts),
        unfilled=tuple((names.items[r], qty) for r, qty in answer.unfilled),
        cost_minor=answer.cost_minor, winner=tuple(names.nodes[n] for n in said.winner),
        runner_up=tuple(names.nodes[n] for n in said.runner_up),
        runner_up_extra_minor=None if extra is None else extra / 1000,
        flips=tuple(_flip(names, change) for change in said.changes), proven=said.proven,
        gap_minor=said.gap_milli / 1000, candidates=tuple(_candidates(names, said)),
    )  # fmt: skip


def _flip(names: Recorded, change: engine.Change) -> Flip:
    price = change.lever is engine.Lever.PRICE
    saves = None if change.saves_milli is None or price else change.saves_milli / 1000
    units = change.lever is engine.Lever.UNITS
    barred = change.lever in (engine.Lever.FILTER, engine.Lever.CAPACITY)
    return Flip(
        change.lever, names.nodes[change.node], change.amount / 1000 if price else change.amount,
        saves, names.items[int(change.what)] if units else None, change.what if barred else None,
    )  # fmt: skip


def _candidates(names: Recorded, said: engine.Why) -> Iterator[Candidate]:
    """The candidates in the order of their codes; the ones left out name their first filter."""
    for n, node in enumerate(names.nodes):
        out = said.excluded[n]
        if out >= 0:
            yield Candidate(node, said.filter_names[out], None, {}, 0)
            continue
        terms = {t: a / 1000 for t, a in zip(said.terms, said.amounts[n], strict=True) if a}
        yield Candidate(node, None, said.alone_milli[n] / 1000, terms, said.short_units[n])
