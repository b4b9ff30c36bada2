"""Grading: what the inspection found decides, by the rules of the policy, where units go.

A unit whose lot has expired, or that was recalled, is never put back on sale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from everyshelf import stock
from everyshelf.base.ids import part_of
from everyshelf.base.tx import Tx
from everyshelf.decide import disposition
from everyshelf.decide.disposition import Decision, Grade
from everyshelf.orders import Line, Order, OrderId
from everyshelf.returns.book import SQL
from everyshelf.returns.facts import (
    BUCKET_OF,
    ReceiptId,
    ReceivedLine,
    ReceiveReturn,
    ReturnsPolicy,
    Rma,
)
from everyshelf.returns.money import Worth


class Unit(msgspec.Struct, frozen=True):
    """Units of one line that came back alike, on their way into the books."""

    id: ReceiptId
    command: ReceiveReturn
    rma: Rma
    order: Order
    line: Line
    found: ReceivedLine
    worth: Worth


def grade(tx: Tx, units: Sequence[Unit], rules: Mapping[OrderId, ReturnsPolicy]) -> list[Decision]:
    """The disposition of each of the units."""
    expired = _expired(tx, units)
    problems = [
        disposition.Problem(
            grade=Grade(u.found.grade),
            sealed=u.found.grade == Grade.A if u.found.sealed is None else u.found.sealed,
            lot_expired=(u.line.item, u.found.lot) in expired,
            recalled=u.found.recalled,
            value_minor=u.worth.total_minor // u.found.qty,
            vendor_takes_back=u.found.vendor_takes_back,
        )
        for u in units
    ]
    return [
        disposition.dispose(problem, disposition.Policy(rules=rules[u.order.id].rules))
        for u, problem in zip(units, problems, strict=True)
    ]


def _expired(tx: Tx, units: Sequence[Unit]) -> set[tuple[str, str]]:
    lots = [(u.line.item, u.found.lot) for u in units if u.found.lot]
    if not lots:
        return set()
    rows = tx.tuples(
        SQL.expired_lots,
        parts=[part_of(item) for item, _ in lots],
        items=[item for item, _ in lots],
        lots=[lot for _, lot in lots],
        on=tx.now.date(),
    )
    return {(item, lot) for item, lot in rows}


def put_away(unit: Unit, decision: Decision) -> stock.ReturnIn:
    """The move that brings the units into the bucket of their disposition."""
    return stock.ReturnIn(
        item=unit.line.item,
        node=unit.command.node,
        bucket=BUCKET_OF[decision.outcome],
        qty=unit.found.qty,
        lot=unit.found.lot,
        serials=tuple(unit.found.serials),
        reason=f"return:{decision.outcome}",
    )
