"""Make to order: a line that nobody has on the shelf is made for its order.

Requested when the order is clear to be worked on; cancelled with its line as long as the work has
not begun. What is made is received at the node that made it, and sourcing takes it from there.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf import stock
from everyshelf.base import claims, ids, outbox
from everyshelf.base.errors import INVALID, STALE, Refused
from everyshelf.base.events import Event
from everyshelf.base.ids import part_of
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.planning.events import MakeCancelled, MakeRequested, MakeStarted, UnitsMade
from everyshelf.planning.facts import (
    NOT_OPEN,
    NOT_REQUESTED,
    OPEN,
    TOO_MANY,
    UNKNOWN,
    Made,
    MakeChanged,
    MakeId,
    MakeOrder,
    MakeState,
    Start,
)

SQL = load("everyshelf.planning")
MAX_QTY = 1_000_000


class Wanted(msgspec.Struct, frozen=True):
    """Units of an order line that are to be made."""

    order_id: OrderId
    line: int
    item: str
    qty: int


class _Turn(msgspec.Struct, frozen=True):
    before: MakeOrder
    state: MakeState
    made: int = 0
    cancelled: int = 0


def request_now(tx: Tx, order_ids: Sequence[OrderId]) -> int:
    """Requests what these orders need made; how many make orders are new."""
    wanted = tx.all(
        SQL.lines_to_make, Wanted, parts=[part_of(o) for o in order_ids], order_ids=list(order_ids)
    )
    found = tx.tuples(SQL.node_that_makes, on=tx.now.date()) if wanted else []
    if not found:
        return 0
    node = found[0][0]
    rows = [(ids.new(MakeId), w) for w in wanted]
    new = tx.tuples(
        SQL.request_makes,
        parts=[part_of(w.order_id) for w in wanted],
        ids=[i for i, _ in rows],
        order_ids=[w.order_id for w in wanted],
        lines=[w.line for w in wanted],
        items=[w.item for w in wanted],
        nodes=[node] * len(wanted),
        qtys=[w.qty for w in wanted],
        now=tx.now,
    )
    made = {i for (i,) in new}
    outbox.emit(tx, (_requested(i, w, node) for i, w in rows if i in made))
    return len(made)


def _requested(make_id: MakeId, wanted: Wanted, node: str) -> Event:
    return MakeRequested(
        make_id=make_id, order_id=wanted.order_id, line=wanted.line, item=wanted.item, node=node,
        qty=wanted.qty, version=1,
    )  # fmt: skip


def cancel_now(tx: Tx, units: Sequence[tuple[OrderId, int, int]]) -> int:
    """Stops (order, line, qty) whose work has not begun; how many units will not be made."""
    order_ids = sorted({o for o, _, _ in units})
    found = tx.all(
        SQL.lock_makes_of_orders, MakeOrder, parts=[part_of(o) for o in order_ids],
        order_ids=order_ids,
    )  # fmt: skip
    asked: dict[tuple[OrderId, int], int] = {}
    for order_id, line, qty in units:
        asked[order_id, line] = asked.get((order_id, line), 0) + qty
    turns = [_stopped(m, asked.get((m.order_id, m.line), 0)) for m in found]
    turns = [t for t in turns if t.cancelled]
    _write(tx, turns)
    outbox.emit(
        tx,
        (
            MakeCancelled(
                make_id=t.before.id, order_id=t.before.order_id, line=t.before.line,
                qty=t.cancelled, version=t.before.version + 1,
            )
            for t in turns
        ),
    )  # fmt: skip
    return sum(t.cancelled for t in turns)


def _stopped(make: MakeOrder, qty: int) -> _Turn:
    if make.state is not MakeState.REQUESTED:
        return _Turn(make, make.state)
    stopped = min(qty, make.open)
    done = stopped == make.open
    ended = MakeState.MADE if make.made else MakeState.CANCELLED
    return _Turn(make, ended if done else make.state, 0, stopped)


def start(tx: Tx, commands: Sequence[Start]) -> list[Result[MakeChanged]]:
    """The work begins. Refused: planning.make_unknown, planning.not_requested, version.stale."""
    return claims.once(tx, "planning.start", commands, _start, MakeChanged)


def _start(tx: Tx, commands: list[Start]) -> list[Result[MakeChanged]]:
    found = _locked(tx, [c.make_id for c in commands])
    results: list[Result[MakeChanged]] = []
    turns: list[_Turn] = []
    for command in commands:
        try:
            make = _make(found, command.make_id)
            if command.version not in (None, make.version):
                raise STALE(f"{make.id} is at version {make.version}.")
            if make.state is not MakeState.REQUESTED:
                raise NOT_REQUESTED(f"{make.id} is {make.state}.")
        except Refused as refusal:
            results.append(Result.refused(refusal))
            continue
        after = _Turn(make, MakeState.STARTED)
        found[make.id] = msgspec.structs.replace(make, state=MakeState.STARTED)
        turns.append(after)
        results.append(Result.done(_changed(after)))
    _write(tx, turns)
    outbox.emit(tx, (MakeStarted(make_id=t.before.id, version=t.before.version + 1) for t in turns))
    return results


def made(tx: Tx, commands: Sequence[Made]) -> list[Result[MakeChanged]]:
    """Units are finished: received at their node at once. Refused: planning.make_unknown,
    planning.not_open, planning.too_many, and what stock says of lots and serial numbers."""
    return claims.once(tx, "planning.made", commands, _made, MakeChanged)


def _made(tx: Tx, commands: list[Made]) -> list[Result[MakeChanged]]:
    found = _locked(tx, [c.make_id for c in commands])
    checked: list[_Turn | Refused] = []
    seen: set[MakeId] = set()
    for command in commands:
        try:
            if command.make_id in seen:
                raise STALE(f"{command.make_id} is reported twice at once; send this one again.")
            checked.append(_finished(found, command))
            seen.add(command.make_id)
        except Refused as refusal:
            checked.append(refusal)
    received = iter(stock.receive(tx, _receipts(commands, checked)))
    results: list[Result[MakeChanged]] = []
    turns: list[_Turn] = []
    for turn in checked:
        if isinstance(turn, Refused):
            results.append(Result.refused(turn))
        elif (answer := next(received)).refusal is not None:
            results.append(Result.refused(answer.refusal.error()))
        else:
            turns.append(turn)
            results.append(Result.done(_changed(turn)))
    _write(tx, turns)
    outbox.emit(tx, (_units_made(t) for t in turns))
    return results


def _finished(found: dict[MakeId, MakeOrder], command: Made) -> _Turn:
    make = _make(found, command.make_id)
    if not 1 <= command.qty <= MAX_QTY:
        raise INVALID(f"A quantity lies between 1 and {MAX_QTY}.")
    if make.state not in OPEN:
        raise NOT_OPEN(f"{make.id} is {make.state}.")
    if command.qty > make.open:
        raise TOO_MANY(f"{make.id} wants {make.open} more, not {command.qty}.")
    left = make.open - command.qty
    return _Turn(make, MakeState.STARTED if left else MakeState.MADE, command.qty)


def _receipts(commands: Sequence[Made], checked: Sequence[_Turn | Refused]) -> list[stock.Receive]:
    return [
        stock.Receive(
            f"made:{c.key}", t.before.node, t.before.item, c.qty, lot=c.lot, serials=c.serials,
            reason="made",
        )
        for c, t in zip(commands, checked, strict=True)
        if isinstance(t, _Turn)
    ]  # fmt: skip


def _units_made(turn: _Turn) -> Event:
    make = turn.before
    return UnitsMade(
        make_id=make.id, order_id=make.order_id, line=make.line, item=make.item, node=make.node,
        qty=turn.made, open_qty=make.open - turn.made, version=make.version + 1,
    )  # fmt: skip


def _locked(tx: Tx, make_ids: Sequence[MakeId]) -> dict[MakeId, MakeOrder]:
    return {m.id: m for m in tx.all(SQL.lock_makes, MakeOrder, ids=sorted(set(make_ids)))}


def _make(found: dict[MakeId, MakeOrder], make_id: MakeId) -> MakeOrder:
    make = found.get(make_id)
    if make is None:
        raise UNKNOWN(f"There is no make order {make_id}.")
    return make


def _changed(turn: _Turn) -> MakeChanged:
    make = turn.before
    return MakeChanged(make.id, turn.state, make.made + turn.made, make.version + 1)


def _write(tx: Tx, turns: Sequence[_Turn]) -> None:
    if not turns:
        return
    tx.run(
        SQL.turn_makes,
        parts=[part_of(t.before.order_id) for t in turns],
        ids=[t.before.id for t in turns],
        made=[t.made for t in turns],
        cancelled=[t.cancelled for t in turns],
        states=[t.state for t in turns],
        now=tx.now,
    )


def open_makes(tx: Tx, node: str | None = None, limit: int = 100) -> list[MakeOrder]:
    """What is to be made, oldest first; at one node or at all."""
    return tx.all(SQL.open_makes, MakeOrder, node=node, batch=limit)


def get(tx: Tx, make_ids: Sequence[MakeId]) -> list[MakeOrder]:
    """These make orders, those that exist."""
    return tx.all(SQL.read_makes, MakeOrder, ids=list(make_ids))
