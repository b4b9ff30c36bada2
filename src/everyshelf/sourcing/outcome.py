"""What a look at orders led to, and how it is kept: each decision, and what the shadows say of it.

A version in shadow decides the same problem without effect; only where it would have chosen
otherwise, and at what cost, is kept. Nothing is decided here that counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from everyshelf.base import ids
from everyshelf.base.parts import table
from everyshelf.base.policy import Book
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import sourcing as engine
from everyshelf.orders import OrderId
from everyshelf.sourcing import recorded
from everyshelf.sourcing.events import AllocatedLine
from everyshelf.sourcing.facts import POLICY, DecisionId, Rules, Trigger
from everyshelf.sourcing.problem import Ask
from everyshelf.sourcing.snapshot import Line, Order

SQL = load("everyshelf.sourcing")


@dataclass(slots=True)
class Choice:
    """One decision for one way of an order, with its units as (line, column, qty)."""

    asked: Ask
    policy: engine.Policy
    decision: engine.Decision
    units: list[tuple[Line, int, int]]


@dataclass(slots=True)
class Plan:
    """What is to be taken for an order."""

    order: Order
    choices: list[Choice]


@dataclass(slots=True)
class Outcome:
    """What was decided, and the allocations that the ledger gave for it."""

    plans: list[Plan] = field(default_factory=list)
    given: dict[OrderId, list[AllocatedLine]] = field(default_factory=dict)


def keep(tx: Tx, done: Outcome, book: Book[Rules], trigger: Trigger) -> None:
    """Keeps each decision with its problem and its answer. A wake that found nothing new is no
    decision worth keeping: the one that made the units wait is there already."""
    again = trigger in (Trigger.STOCK, Trigger.SWEEP)
    kept = [
        (ids.new(DecisionId), plan, c)
        for plan in done.plans
        for c in plan.choices
        if c.units or not again
    ]
    if not kept:
        return
    names = ("parts", "ids", "order_ids", "versions", "digests", "problems", "whys", "costs",
             "nodes", "unfilled")  # fmt: skip
    rows = (_row(*one) for one in kept)
    tx.run(SQL.add_decisions, **table(names, rows), now=tx.now, trigger=trigger, policy=POLICY)
    if book.shadows and (told := [s for one in kept for s in _shadows(book, *one)]):
        fields = ("parts", "ids", "versions", "differs", "costs", "befores", "nodes", "unfilled")
        tx.run(SQL.add_shadows, **table(fields, told), now=tx.now)


def _row(id_: DecisionId, plan: Plan, c: Choice) -> tuple[object, ...]:
    nodes = {c.asked.nodes[c.asked.columns.index(n)] for _, n, _ in c.units}
    return (
        ids.part_of(int(plan.order.id)), id_, plan.order.id, c.policy.version,
        bytes.fromhex(engine.digest(c.asked.problem)), recorded.record(c.asked, c.policy),
        recorded.answer(c.decision), c.decision.cost_minor, chr(31).join(sorted(nodes)),
        sum(c.asked.owed) - sum(qty for _, _, qty in c.units),
    )  # fmt: skip


def _shadows(
    book: Book[Rules], id_: DecisionId, plan: Plan, c: Choice
) -> Iterator[tuple[object, ...]]:
    """What each version in shadow would have decided."""
    for one in book.shadows_of(plan.order.scope):
        asked = engine.Policy(POLICY, one.version, one.params, c.policy.shortage)
        _, told = engine.source_fully(c.asked.problem, asked)
        nodes = sorted(c.asked.nodes[n] for n in told.nodes)
        differs = (told.parts, told.unfilled) != (c.decision.parts, c.decision.unfilled)
        left = sum(q for _, q in told.unfilled)
        yield (
            ids.part_of(int(plan.order.id)), id_, one.version, differs, told.cost_minor,
            c.decision.cost_minor, chr(31).join(nodes), left,
        )  # fmt: skip
