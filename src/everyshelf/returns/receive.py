"""Receiving: units come in at any node that takes returns, are graded, put away and paid back.

All in one transaction and all or nothing per command: the order counts them, the stock of the
receiving node has them, the money is due. Two people who receive the same units at once wait for
each other at the order's row; the second is told that they have come.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from everyshelf import orders, stock
from everyshelf.base import claims, ids
from everyshelf.base.errors import INVALID, Refused
from everyshelf.base.quantities import Bag
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.decide.disposition import Decision, Grade
from everyshelf.orders import Line, Order, OrderId
from everyshelf.returns import book
from everyshelf.returns.attempt import each_whole
from everyshelf.returns.book import SQL, parts
from everyshelf.returns.facts import (
    GRADE_UNKNOWN,
    LIVE,
    NO_RECEIPT,
    NODE_REFUSES,
    NOT_EXPECTED,
    NOT_OPEN,
    SERIAL_NOT_SOLD,
    UNKNOWN,
    AskedLine,
    CounterReturn,
    OpenRma,
    ReceiptId,
    Received,
    ReceivedLine,
    ReceiveReturn,
    Rma,
    RmaId,
    RmaState,
)
from everyshelf.returns.finish import finish
from everyshelf.returns.grade import Unit, grade, put_away
from everyshelf.returns.money import Purse, purse
from everyshelf.returns.open import open_now

GRADES = frozenset(Grade)


class World(msgspec.Struct):
    """What receiving looks at; orders and RMAs are locked, `left` is counted down."""

    orders: dict[OrderId, Order]
    rmas: dict[RmaId, Rma]
    nodes: set[str]
    sold: dict[tuple[OrderId, int], set[str]]
    purse: Purse
    left: dict[tuple[RmaId, int], int]


def receive(tx: Tx, commands: Sequence[ReceiveReturn]) -> list[Result[Received]]:
    """Takes units of RMAs in; idempotent by key. Refused: returns.unknown, returns.not_open,
    returns.not_expected, returns.node_refuses, returns.serial_not_sold, returns.grade_unknown,
    and what stock says of lots and serial numbers."""

    def work(tx: Tx, fresh: list[ReceiveReturn]) -> list[Result[Received]]:
        return each_whole(tx, fresh, receive_now)

    return claims.once(tx, "returns.receive", commands, work, Received)


def counter_return(tx: Tx, commands: Sequence[CounterReturn]) -> list[Result[Received]]:
    """Opens and receives in one, at the counter. Refused: returns.no_receipt, and all that
    open_rma and receive refuse."""

    def work(tx: Tx, fresh: list[CounterReturn]) -> list[Result[Received]]:
        return each_whole(tx, fresh, _at_counter)

    return claims.once(tx, "returns.counter_return", commands, work, Received)


def _at_counter(tx: Tx, commands: list[CounterReturn]) -> list[Result[Received]]:
    known = [c for c in commands if c.order_id is not None]
    opened = iter(open_now(tx, [_opening(c) for c in known]))
    answers: list[Result[Received] | None] = []
    coming: list[ReceiveReturn] = []
    for command in commands:
        first = next(opened) if command.order_id is not None else None
        if first is None:
            answers.append(Result.refused(NO_RECEIPT()))
        elif first.value is None:
            answers.append(Result(first.outcome, None, first.refusal))
        else:
            answers.append(None)
            rma_id = first.value.rma_id
            coming.append(ReceiveReturn(command.key, rma_id, command.node, command.lines))
    received = iter(receive_now(tx, coming))
    return [answer if answer is not None else next(received) for answer in answers]


def _opening(c: CounterReturn) -> OpenRma:
    assert c.order_id is not None
    lines = [AskedLine(x.line, x.qty, c.reason) for x in c.lines]
    return OpenRma(c.key, c.order_id, lines, c.kind, c.channel, c.exchange, c.override)


def receive_now(tx: Tx, commands: Sequence[ReceiveReturn]) -> list[Result[Received]]:
    """The same without a claim. A refused command may have written: the caller undoes it."""
    if not commands:
        return []
    world = _world(tx, commands)
    units: list[Unit] = []
    refused: dict[int, Refused] = {}
    for n, command in enumerate(commands):
        try:
            units += _units(world, command)
        except Refused as refusal:
            refused[n] = refusal
    rules = book.policy(tx, world.orders)
    decisions = grade(tx, units, rules) if not refused else []
    refused = refused or _take_in(tx, commands, units, decisions)
    if not refused:
        received = finish(tx, commands, units, decisions, world.purse, rules)
        return [Result.done(r) for r in received]
    return [
        Result.refused(refused[n]) if n in refused else Result.done(_undone(c))
        for n, c in enumerate(commands)
    ]


def _undone(command: ReceiveReturn) -> Received:
    """Stands for a command that will be tried again, without the one that was refused."""
    return Received(command.rma_id, RmaState.OPEN, 0, 0, [])


def _world(tx: Tx, commands: Sequence[ReceiveReturn]) -> World:
    of = book.orders_of(tx, (c.rma_id for c in commands))
    found = book.lock_orders(tx, of.values())
    rmas = book.lock_rmas(tx, of)
    nodes = tx.tuples(
        SQL.nodes_that_take, nodes=sorted({c.node for c in commands}), on=tx.now.date()
    )
    left = {(r.id, x.line): x.open for r in rmas.values() for x in r.lines}
    return World(
        found,
        rmas,
        {n for (n,) in nodes},
        _sold(tx, commands, sorted(found)),
        purse(tx, found),
        left,
    )


def _sold(
    tx: Tx, commands: Sequence[ReceiveReturn], order_ids: list[OrderId]
) -> dict[tuple[OrderId, int], set[str]]:
    if not any(x.serials for c in commands for x in c.lines):
        return {}
    sold: dict[tuple[OrderId, int], set[str]] = {}
    for order_id, line, serial in tx.tuples(
        SQL.sold_serials, parts=parts(order_ids), order_ids=order_ids
    ):
        sold.setdefault((OrderId(order_id), line), set()).add(serial)
    return sold


def _units(world: World, command: ReceiveReturn) -> list[Unit]:
    """The units of a command, checked one by one; nothing is counted down when one is wrong."""
    rma = world.rmas.get(command.rma_id)
    if rma is None:
        raise UNKNOWN(f"There is no return {command.rma_id}.")
    if rma.state not in LIVE:
        raise NOT_OPEN(f"{rma.id} is {rma.state}.")
    if command.node not in world.nodes:
        raise NODE_REFUSES(f"{command.node} is unknown, closed, or takes no returns.")
    order = world.orders[rma.order_id]
    pieces = [
        (line, replace(found, qty=qty))
        for found in command.lines
        for line, qty in _pieces(order, rma, found)
    ]
    if not pieces:
        raise INVALID("Name the lines that came.")
    asked = Bag((line.line, found.qty) for line, found in pieces)
    for number, qty in asked:
        left = world.left.get((rma.id, number), 0)
        if qty > left:
            raise NOT_EXPECTED(f"{rma.id} expects {left} of line {number}, not {qty}.")
    for line, found in pieces:
        _check_serials(world, rma, line, found)
    for number, qty in asked:
        world.left[rma.id, number] -= qty
    return [
        Unit(ids.new(ReceiptId), command, rma, order, line, found,
             world.purse.take(line, found.qty))
        for line, found in pieces
    ]  # fmt: skip


def _pieces(order: Order, rma: Rma, found: ReceivedLine) -> list[tuple[Line, int]]:
    if found.grade not in GRADES:
        raise GRADE_UNKNOWN(f"{found.grade!r} is no grade.")
    pieces = book.apart(order, found.line, found.qty)
    if found.qty < 1 or not pieces:
        raise NOT_EXPECTED(f"{rma.id} does not expect {found.qty} of line {found.line}.")
    return pieces


def _check_serials(world: World, rma: Rma, line: Line, found: ReceivedLine) -> None:
    sold = world.sold.get((rma.order_id, line.line))
    strange = set(found.serials) - sold if sold else set()
    if strange:
        raise SERIAL_NOT_SOLD(f"{', '.join(sorted(strange))} was not sold with {rma.order_id}.")


def _take_in(
    tx: Tx, commands: Sequence[ReceiveReturn], units: Sequence[Unit], decisions: Sequence[Decision]
) -> dict[int, Refused]:
    """The order counts the units, then the node's stock has them; whose command was refused."""
    place = {id(c): n for n, c in enumerate(commands)}
    marked = orders.mark_returned(tx, [(u.order.id, u.line.line, u.found.qty) for u in units])
    late = {
        place[id(u.command)]: NOT_EXPECTED(f"Line {u.line.line} is no longer with the customer.")
        for u, ok in zip(units, marked, strict=True)
        if not ok
    }
    if late:
        return late
    moved = stock.return_in_now(tx, [put_away(u, d) for u, d in zip(units, decisions, strict=True)])
    return {
        place[id(u.command)]: r.refusal.error()
        for u, r in zip(units, moved, strict=True)
        if r.refusal is not None
    }
