"""Opening a return: what was bought, has arrived and is not promised back yet may come back.

Within the window of the policy, counted from the day on which the last part of the order reached
its customer; a manager may lift the window with a reason. Takes nothing in and refunds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from everyshelf.base import claims, codec, outbox
from everyshelf.base.errors import INVALID, Refused
from everyshelf.base.quantities import Bag
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.orders import LINE_UNKNOWN, UNKNOWN, Line, Order, OrderId
from everyshelf.returns.book import SQL, Reached, apart, lock_orders, new_rma, parts, policy
from everyshelf.returns.events import ReturnedUnits, RmaOpened
from everyshelf.returns.facts import (
    EXCHANGE_ONCE,
    TOO_MANY,
    WINDOW_CLOSED,
    Opened,
    OpenRma,
    ReturnsPolicy,
    RmaId,
    RmaKind,
)

MAX_QTY = 1_000_000
MAX_TEXT = 2_000
Waiting = dict[tuple[OrderId, int], int]
Row = tuple[RmaId, OpenRma, list[tuple[Line, int, str]], datetime]


def open_rma(tx: Tx, commands: Sequence[OpenRma]) -> list[Result[Opened]]:
    """Allows units to come back; idempotent by key. Refused: orders.unknown,
    orders.line_unknown, returns.too_many, returns.window_closed, returns.exchange_once."""
    return claims.once(tx, "returns.open_rma", commands, open_now, Opened)


def open_now(tx: Tx, commands: Sequence[OpenRma]) -> list[Result[Opened]]:
    """The same without a claim; a refused command writes nothing."""
    found = lock_orders(tx, (c.order_id for c in commands))
    rules = policy(tx, found)
    reached = _reached(tx, sorted(found))
    waiting = _waiting(tx, sorted(found))
    rows: list[Row] = []
    results: list[Result[Opened]] = []
    for command in commands:
        try:
            order = _order(found, command)
            lines = _lines(order, command, waiting)
            _in_time(tx.now, order, command, reached.get(order.id), rules[order.id])
        except Refused as refusal:
            results.append(Result.refused(refusal))
            continue
        for line, qty, _ in lines:
            waiting[order.id, line.line] = waiting.get((order.id, line.line), 0) + qty
        row = new_rma(), command, lines, tx.now + timedelta(days=rules[order.id].rma_days)
        rows.append(row)
        results.append(Result.done(Opened(row[0], row[3], 1)))
    _write(tx, rows)
    return results


def _reached(tx: Tx, order_ids: list[OrderId]) -> dict[OrderId, Reached]:
    rows = tx.all(SQL.reached_customer, Reached, parts=parts(order_ids), order_ids=order_ids)
    return {r.order_id: r for r in rows}


def _waiting(tx: Tx, order_ids: list[OrderId]) -> Waiting:
    rows = tx.tuples(SQL.waiting_units, parts=parts(order_ids), order_ids=order_ids)
    return {(OrderId(order), line): qty for order, line, qty in rows}


def _order(found: dict[OrderId, Order], command: OpenRma) -> Order:
    order = found.get(command.order_id)
    if order is None:
        raise UNKNOWN(f"There is no order {command.order_id}.")
    texts = [command.channel, command.override, *(x.reason for x in command.lines)]
    if not command.lines or any(len(t) > MAX_TEXT or "\0" in t for t in texts):
        raise INVALID("A return names its lines; its texts are plain and short.")
    if command.kind is RmaKind.EXCHANGE and order.exchange_of is not None:
        raise EXCHANGE_ONCE()
    if any(not 1 <= x.qty <= MAX_QTY for x in command.exchange):
        raise INVALID(f"A quantity lies between 1 and {MAX_QTY}.")
    return order


def _lines(order: Order, command: OpenRma, waiting: Waiting) -> list[tuple[Line, int, str]]:
    """The units by line: kits taken apart, a line that is named twice summed first."""
    named: dict[int, tuple[Line, str]] = {}
    units: list[tuple[int, int]] = []
    for x in command.lines:
        number, qty = x.line, x.qty
        if not 1 <= qty <= MAX_QTY:
            raise INVALID(f"Line {number}: a quantity lies between 1 and {MAX_QTY}.")
        if not (pieces := apart(order, number, qty)):
            raise LINE_UNKNOWN(f"{order.id} has no line {number}.")
        for line, count in pieces:
            named.setdefault(line.line, (line, x.reason))
            units.append((line.line, count))
    asked = [(*named[number], qty) for number, qty in Bag(units)]
    for line, _, qty in asked:
        free = line.shipped - line.returned - waiting.get((order.id, line.line), 0)
        if qty > free:
            raise TOO_MANY(f"Line {line.line}: {free} of {line.item} may come back, not {qty}.")
    return [(line, qty, reason) for line, reason, qty in asked]


def _in_time(
    now: datetime, order: Order, command: OpenRma, reached: Reached | None, rules: ReturnsPolicy
) -> None:
    if command.override or (reached is not None and reached.on_its_way):
        return
    since = (reached and reached.last_at) or order.placed_at
    ends = since + timedelta(days=rules.window_days)
    if now > ends:
        raise WINDOW_CLOSED(f"{order.id} could be returned until {ends:%Y-%m-%d %H:%M} UTC.")


def _write(tx: Tx, rows: Sequence[Row]) -> None:
    if not rows:
        return
    tx.run(
        SQL.insert_rmas,
        parts=parts(c.order_id for _, c, _, _ in rows),
        ids=[rma for rma, _, _, _ in rows],
        order_ids=[c.order_id for _, c, _, _ in rows],
        kinds=[c.kind for _, c, _, _ in rows],
        channels=[c.channel for _, c, _, _ in rows],
        expires=[until for _, _, _, until in rows],
        exchanges=[codec.encode(c.exchange).decode() for _, c, _, _ in rows],
        overrides=[c.override for _, c, _, _ in rows],
        now=tx.now,
    )
    flat = [(rma, line, qty, why) for rma, _, lines, _ in rows for line, qty, why in lines]
    tx.run(
        SQL.insert_rma_lines,
        parts=parts(line.order_id for _, line, _, _ in flat),
        rma_ids=[rma for rma, _, _, _ in flat],
        lines=[line.line for _, line, _, _ in flat],
        items=[line.item for _, line, _, _ in flat],
        qtys=[qty for _, _, qty, _ in flat],
        reasons=[why for _, _, _, why in flat],
    )
    outbox.emit(tx, (_event(row) for row in rows))


def _event(row: Row) -> RmaOpened:
    rma_id, command, lines, _ = row
    return RmaOpened(
        rma_id=rma_id,
        order_id=command.order_id,
        kind=command.kind,
        channel=command.channel,
        lines=[ReturnedUnits(line.line, line.item, qty) for line, qty, _ in lines],
        override=command.override,
        version=1,
    )
