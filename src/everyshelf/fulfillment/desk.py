"""The desk: locks fulfillment orders, lets a verb decide each command, writes all at once.

A verb is a pure `decide(order, command) -> Turn` or a refusal. The desk runs a batch of them in
order of arrival in a constant number of statements: lock, read lines, move stock, write lines,
write orders, re-source, tell. If stock refuses one command, that one is refused and the others
are posted again without it, so that a refused command leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from everyshelf import sourcing, stock
from everyshelf.base import ids
from everyshelf.base.errors import STALE, Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.fulfillment.facts import (
    UNKNOWN,
    Done,
    FulfillmentId,
    FulfillmentOrder,
    Line,
)
from everyshelf.fulfillment.turn import BACKWARD, Moves, Turn
from everyshelf.fulfillment.write import write
from everyshelf.orders import OrderId

SQL = load("everyshelf.fulfillment")


class WorkCommand(Protocol):
    """What every command on a fulfillment order has."""

    @property
    def key(self) -> str: ...
    @property
    def fulfillment_id(self) -> FulfillmentId: ...
    @property
    def version(self) -> int | None: ...


C = TypeVar("C", bound=WorkCommand)
Desk = dict[FulfillmentId, FulfillmentOrder]
NO_MOVES = Moves()
Decide = Callable[[FulfillmentOrder, C], Turn]


class _Undo(Exception):
    """Leaves the savepoint: stock refused these commands."""

    def __init__(self, failed: dict[int, Refused]) -> None:
        super().__init__(f"{len(failed)} commands were refused by stock")
        self.failed = failed


def open_desk(tx: Tx, wanted: Sequence[FulfillmentId]) -> Desk:
    """Locks these fulfillment orders in id order and reads them with their lines."""
    found = tx.all(SQL.lock_orders, FulfillmentOrder, ids=sorted(set(wanted)))
    return with_lines(tx, found)


def open_desk_of(tx: Tx, orders: Sequence[OrderId]) -> Desk:
    """Locks what is still worked on for these orders."""
    wanted = sorted(set(orders))
    parts = sorted({ids.part_of(order) for order in wanted})
    found = tx.all(SQL.lock_orders_of, FulfillmentOrder, parts=parts, order_ids=wanted)
    return with_lines(tx, found)


def with_lines(tx: Tx, orders: Sequence[FulfillmentOrder]) -> Desk:
    """The orders with their lines, by id."""
    if not orders:
        return {}
    names = table(("parts", "ids"), ((order.part, order.id) for order in orders))
    lines: dict[FulfillmentId, list[Line]] = {order.id: [] for order in orders}
    for line in tx.all(SQL.read_lines, Line, **names):
        lines[line.fulfillment_id].append(line)
    return {o.id: msgspec.structs.replace(o, lines=tuple(lines[o.id])) for o in orders}


def work(tx: Tx, desk: Desk, commands: Sequence[C], decide: Decide[C]) -> list[Result[Done]]:
    """Decides and does a batch of commands; one result for each, in order."""
    refused: dict[int, Refused] = {}
    while True:
        turns = _decide_all(desk, commands, decide, refused)
        if all(t.moves == NO_MOVES for t in turns.values()):
            break
        _lock_orders(tx, turns)
        try:
            with tx.savepoint():
                if failed := _post(tx, turns):
                    raise _Undo(failed)
            break
        except _Undo as undo:
            refused |= undo.failed
    write(tx, desk, turns)
    return [_answer(turns.get(n), refused.get(n)) for n in range(len(commands))]


def _answer(turn: Turn | None, refusal: Refused | None) -> Result[Done]:
    if turn is None:
        assert refusal is not None
        return Result.refused(refusal)
    order = turn.order
    packages = tuple(p.id for p in turn.packages)
    return Result.done(Done(order.id, order.state, order.version, packages))


def _decide_all(
    desk: Desk, commands: Sequence[C], decide: Decide[C], refused: dict[int, Refused]
) -> dict[int, Turn]:
    """Each command sees the order as the commands before it in the batch left it."""
    current = dict(desk)
    turns: dict[int, Turn] = {}
    for n, command in enumerate(commands):
        if n in refused:
            continue
        try:
            order = _find(current, command)
            turns[n] = decide(order, command)
        except Refused as refusal:
            refused[n] = refusal
            continue
        current[order.id] = turns[n].order
    return turns


def _find(current: Desk, command: WorkCommand) -> FulfillmentOrder:
    order = current.get(command.fulfillment_id)
    if order is None:
        raise UNKNOWN(f"There is no fulfillment order {command.fulfillment_id}.")
    if command.version is not None and command.version != order.version:
        raise STALE(f"{order.id} is at version {order.version}, not {command.version}.")
    return order


def _lock_orders(tx: Tx, turns: dict[int, Turn]) -> None:
    """Units that lose their place make sourcing look at their orders; orders are locked after
    fulfillment orders and before stock everywhere."""
    sourcing.lock_orders(
        tx, {t.order.order_id for t in turns.values() if t.resource or t.moves.release}
    )


def _post(tx: Tx, turns: dict[int, Turn]) -> dict[int, Refused]:
    """Moves the stock of all turns, one call a kind; which commands stock refused."""
    failed: dict[int, Refused] = {}
    verbs = {"unpack": stock.unpack, "unpick": stock.unpick, "release": stock.release}
    for kind in BACKWARD:
        owned = [(n, step) for n, t in turns.items() for step in getattr(t.moves, kind)]
        if not owned:
            continue
        steps = [step for _, step in owned]
        results = stock.short(tx, steps) if kind == "short" else verbs[kind](tx, steps)
        _note(failed, [n for n, _ in owned], results)
    forward = {n: (t.moves.pick, t.moves.pack) for n, t in turns.items()}
    forward = {n: moves for n, moves in forward.items() if any(moves)}
    if forward:
        _note(failed, list(forward), stock.pick_and_pack(tx, list(forward.values())))
    return failed


def _note(
    failed: dict[int, Refused], owners: Sequence[int], results: Sequence[Result[stock.AllocationId]]
) -> None:
    for n, result in zip(owners, results, strict=True):
        if result.refusal is not None:
            failed.setdefault(n, result.refusal.error())
