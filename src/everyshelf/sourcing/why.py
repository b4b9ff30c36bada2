"""Reads decisions back: for a person, and to prove that each can be taken again."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf.base import ids, policy
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import sourcing as engine
from everyshelf.orders import OrderId
from everyshelf.sourcing import problem
from everyshelf.sourcing.facts import (
    DECISION_UNKNOWN,
    POLICY,
    Candidate,
    DecisionId,
    Flip,
    Replay,
    Rules,
    Trigger,
    Waiting,
    Why,
    WhyDecision,
)
from everyshelf.sourcing.problem import Answer, Recorded
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
    waiting = tx.all(SQL.demand_of, Demand, **keys)
    said_no = tx.all(SQL.exclusions_of, Exclusion, **keys)
    return Why(
        order_id,
        tuple(_readable(k) for k in kept),
        tuple(Waiting(d.line, d.item, d.qty, d.reason, d.due_at, d.since) for d in waiting),
        tuple((e.line, e.node, e.reason) for e in said_no),
    )


def audit_replay(tx: Tx, decision_id: DecisionId) -> Replay:
    """Takes a recorded decision again. Refused(sourcing.decision_unknown) when there is none."""
    kept = tx.one(SQL.decision, _Kept, id=int(decision_id))
    if kept is None:
        raise DECISION_UNKNOWN(f"There is no decision {decision_id}.")
    rules = policy.get(tx, POLICY, kept.policy_version, Rules)
    names, asked = problem.recorded(kept.problem)
    chosen = msgspec.structs.replace(
        rules.params.engine(rules.version, names.whole), max_nodes=names.most
    )
    again = problem.answer(engine.source(asked, chosen))
    same_problem = bytes.fromhex(engine.digest(asked)) == kept.digest
    return Replay(decision_id, same_problem, again == kept.why)


def _readable(kept: _Kept) -> WhyDecision:
    names, _ = problem.recorded(kept.problem)
    answer = problem.answered(kept.why)
    said = answer.why
    extra = said.runner_up_extra_milli
    return WhyDecision(
        decision_id=kept.id, at=kept.at, trigger=kept.trigger, policy=kept.policy,
        policy_version=kept.policy_version, digest=kept.digest.hex(), method=names.method,
        parts=tuple((names.items[p.line], names.nodes[p.node], p.qty) for p in answer.parts),
        unfilled=tuple((names.items[r], qty) for r, qty in answer.unfilled),
        cost_minor=(answer.cost_milli + 500) // 1000,
        winner=tuple(names.nodes[n] for n in said.winner),
        runner_up=tuple(names.nodes[n] for n in said.runner_up),
        runner_up_extra_minor=None if extra is None else extra / 1000,
        flip=_flip(names, said), proven=said.proven, gap_minor=said.gap_milli / 1000,
        candidates=_candidates(names, answer),
    )  # fmt: skip


def _flip(names: Recorded, said: engine.Why) -> Flip | None:
    change = said.counterfactual
    if change is None:
        return None
    return Flip(names.nodes[change.node], change.units, change.saves_milli / 1000)


def _candidates(names: Recorded, answer: Answer) -> tuple[Candidate, ...]:
    """The candidates in the order of their codes; the ones left out name their first filter."""
    said = answer.why
    weighed = {node: at for at, node in enumerate(said.weighed)}
    found = []
    for node, out in zip(said.nodes, said.excluded, strict=True):
        at = weighed.get(node)
        if at is None:
            found.append(Candidate(names.nodes[node], said.filter_names[out], None, {}, 0))
            continue
        terms = {t: milli / 1000 for t, milli in zip(engine.TERMS, said.terms[at], strict=True)}
        cost = said.alone_milli[at] / 1000
        found.append(Candidate(names.nodes[node], None, cost, terms, said.short_units[at]))
    return tuple(found)
