"""The returns a verb works on: their orders locked in key order, then read, so that they stand
still. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from everyshelf import orders
from everyshelf.base import ids
from everyshelf.base import policy as policies
from everyshelf.base.ids import part_of
from everyshelf.base.policy import Facts
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.orders import Line, Order, OrderId, Supply
from everyshelf.returns.facts import POLICY, ReturnsPolicy, Rma, RmaId, RmaLine, RmaState

SQL = load("everyshelf.returns")


class Reached(msgspec.Struct, frozen=True):
    """When the last part of an order reached its customer; None: not known."""

    order_id: OrderId
    last_at: datetime | None
    on_its_way: bool


class Turn(msgspec.Struct, frozen=True):
    """A new state of an RMA."""

    rma: Rma
    state: RmaState
    credit_minor: int = 0
    exchange_order_id: OrderId | None = None


def parts(order_ids: Iterable[OrderId]) -> list[int]:
    """The parts of these orders, one each."""
    return [part_of(o) for o in order_ids]


def lock_orders(tx: Tx, order_ids: Iterable[OrderId]) -> dict[OrderId, Order]:
    """The orders, locked and read with their lines."""
    wanted = sorted(set(order_ids))
    if not wanted:
        return {}
    tx.run(SQL.lock_orders, parts=parts(wanted), order_ids=wanted)
    return {o.id: o for o in orders.get(tx, wanted)}


def orders_of(tx: Tx, rma_ids: Iterable[RmaId]) -> dict[RmaId, OrderId]:
    """Which order each return belongs to; that never changes, so no lock is needed."""
    rows = tx.tuples(SQL.order_of, ids=sorted(set(rma_ids)))
    return {RmaId(rma): OrderId(order) for rma, order in rows}


def lock_rmas(tx: Tx, order_of: dict[RmaId, OrderId]) -> dict[RmaId, Rma]:
    """The returns with their lines, locked after their orders."""
    wanted = sorted(order_of)
    keys = {"parts": parts(order_of[r] for r in wanted), "ids": wanted}
    return with_lines(tx, tx.all(SQL.lock_rmas, Rma, **keys))


def with_lines(tx: Tx, found: Sequence[Rma]) -> dict[RmaId, Rma]:
    """The same returns with their lines."""
    lines: dict[RmaId, list[RmaLine]] = {}
    keys = {"parts": parts(r.order_id for r in found), "ids": [r.id for r in found]}
    for line in tx.all(SQL.read_rma_lines, RmaLine, **keys):
        lines.setdefault(line.rma_id, []).append(line)
    return {r.id: msgspec.structs.replace(r, lines=tuple(lines.get(r.id, ()))) for r in found}


def turn(tx: Tx, turns: Sequence[Turn]) -> None:
    """Writes new states, one statement."""
    if not turns:
        return
    tx.run(
        SQL.turn_rmas,
        parts=parts(t.rma.order_id for t in turns),
        ids=[t.rma.id for t in turns],
        states=[t.state for t in turns],
        credits=[t.credit_minor for t in turns],
        exchange_orders=[t.exchange_order_id for t in turns],
        now=tx.now,
    )


def policy(tx: Tx, order_ids: Iterable[OrderId]) -> dict[OrderId, ReturnsPolicy]:
    """For each order the version of the policy `returns` in force for it, else the default."""
    wanted = sorted(set(order_ids))
    book = policies.book(tx, POLICY, ReturnsPolicy)
    facts = orders.facts_for_policies(tx, wanted) if book.scoped else {}
    found = {o: book.find(facts.get(o) or Facts(int(o))) for o in wanted}
    return {o: one.params if one is not None else ReturnsPolicy() for o, one in found.items()}


def apart(order: Order, number: int, qty: int) -> list[tuple[Line, int]]:
    """A line with its units; a kit line taken apart into its components."""
    line = next((x for x in order.lines if x.line == number), None)
    if line is None:
        return []
    if line.supply is not Supply.KIT:
        return [(line, qty)]
    return [(x, qty * x.qty // line.qty) for x in order.lines if x.kit_line == number]


def new_rma() -> RmaId:
    """An id for a new return."""
    return ids.new(RmaId)
