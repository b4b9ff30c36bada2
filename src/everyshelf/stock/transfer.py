"""Transfers between nodes: sent, on the way, received in parts, closed with what was lost.

On the way the units stand in the receiving node's `in_transit` bucket: they are owned, not
sellable, and cannot be counted twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from everyshelf.base import ids, outbox
from everyshelf.base.claims import once
from everyshelf.base.errors import INVALID, Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.stock.events import TransferClosed, TransferReceived, TransferSent, Units
from everyshelf.stock.facts import (
    LOST,
    OUT,
    TRANSFER_CLOSED,
    TRANSFER_EXCESS,
    TRANSFER_UNKNOWN,
    Bucket,
    Leg,
    TransferId,
)
from everyshelf.stock.known import Known, reasonless
from everyshelf.stock.ledger import post
from everyshelf.stock.receive import refusal

SQL = load("everyshelf.stock")


class TransferLine(msgspec.Struct, frozen=True):
    """Units of one item; `damaged` of the received ones arrived broken."""

    item: str
    qty: int
    damaged: int = 0


class SendTransfer(msgspec.Struct, frozen=True):
    """Units leave one node for another."""

    key: str
    from_node: str
    to_node: str
    lines: tuple[TransferLine, ...]
    reason: str = "transfer"


class ReceiveTransfer(msgspec.Struct, frozen=True):
    """Units of a transfer that arrived; the rest may come later."""

    key: str
    transfer_id: TransferId
    lines: tuple[TransferLine, ...]


class CloseTransfer(msgspec.Struct, frozen=True):
    """Nothing more will come: what is missing is lost."""

    key: str
    transfer_id: TransferId


class Transfer(msgspec.Struct, frozen=True):
    """A transfer's head as it stands."""

    id: TransferId
    from_node: str
    to_node: str
    state: str


C = TypeVar("C", SendTransfer, ReceiveTransfer, CloseTransfer)


class _Line(msgspec.Struct, frozen=True):
    item: str
    open: int


def send_transfer(tx: Tx, commands: Sequence[SendTransfer]) -> list[Result[TransferId]]:
    """Sends sellable units to another node. Refused: input.invalid (no lines, the same node, no
    reason), stock.insufficient, unknown item or node."""
    return once(tx, "stock.send_transfer", commands, _each(_send), TransferId)


def receive_transfer(tx: Tx, commands: Sequence[ReceiveTransfer]) -> list[Result[TransferId]]:
    """Receives all or some units. Refused: stock.transfer_excess, _closed, _unknown."""
    return once(tx, "stock.receive_transfer", commands, _each(_receive), TransferId)


def close_transfer(tx: Tx, commands: Sequence[CloseTransfer]) -> list[Result[TransferId]]:
    """Closes a transfer; what has not arrived is written off to `@lost`. Irreversible."""
    return once(tx, "stock.close_transfer", commands, _each(_close), TransferId)


def _each(
    do: Callable[[Tx, C], TransferId],
) -> Callable[[Tx, list[C]], list[Result[TransferId]]]:
    """Transfers are few and long: one by one, each in a savepoint and refused alone."""

    def run(tx: Tx, commands: list[C]) -> list[Result[TransferId]]:
        answers: list[Result[TransferId]] = []
        for command in commands:
            try:
                with tx.savepoint():
                    answers.append(Result.done(do(tx, command)))
            except Refused as error:
                answers.append(Result.refused(error))
        return answers

    return run


def _send(tx: Tx, c: SendTransfer) -> TransferId:
    if not c.lines or c.from_node == c.to_node:
        raise INVALID("A transfer has lines and goes from one node to another.")
    if (error := reasonless(c)) is not None:
        raise error
    known = Known(tx, [line.item for line in c.lines], [c.from_node, c.to_node])
    for line in c.lines:
        error = known.check(line.item, c.from_node, line.qty) or known.check(line.item, c.to_node)
        if error is not None:
            raise error
    totals: dict[str, int] = {}
    for line in c.lines:
        totals[line.item] = totals.get(line.item, 0) + line.qty
    legs = [
        Leg(item, c.from_node, Bucket.SELLABLE, c.to_node, Bucket.IN_TRANSIT, qty, c.reason)
        for item, qty in totals.items()
    ]
    _post(tx, legs)
    made = ids.new(TransferId)
    part = ids.part_of(made)
    tx.run(SQL.add_transfer, part=part, id=made, from_node=c.from_node, to_node=c.to_node,
           reason=c.reason, now=tx.now)  # fmt: skip
    tx.run(SQL.add_transfer_lines, part=part, id=made,
           **table(("items", "qtys"), totals.items()))  # fmt: skip
    units = tuple(Units(item, c.to_node, qty) for item, qty in totals.items())
    outbox.emit(tx, [TransferSent(transfer_id=made, from_node=c.from_node, to_node=c.to_node,
                                  units=units)])  # fmt: skip
    return made


def _post(tx: Tx, legs: list[Leg]) -> None:
    short = post(tx, [legs])[0]
    if short is not None:
        raise refusal(short).error()


def _open(tx: Tx, transfer_id: TransferId) -> tuple[Transfer, dict[str, int]]:
    part = ids.part_of(transfer_id)
    head = tx.one(SQL.lock_transfer, Transfer, part=part, id=transfer_id)
    if head is None:
        raise TRANSFER_UNKNOWN(f"There is no transfer {transfer_id}.")
    if head.state != "in_transit":
        raise TRANSFER_CLOSED(f"The transfer {transfer_id} is {head.state}.")
    lines = tx.all(SQL.open_transfer_lines, _Line, part=part, id=transfer_id)
    return head, {line.item: line.open for line in lines}


def _receive(tx: Tx, c: ReceiveTransfer) -> TransferId:
    head, left = _open(tx, c.transfer_id)
    legs = []
    for line in c.lines:
        if not 0 <= line.damaged <= line.qty or not 0 < line.qty <= left.get(line.item, 0):
            words = f"{line.qty} of {line.item} were received, {left.get(line.item, 0)} are coming."
            raise TRANSFER_EXCESS(words)
        left[line.item] -= line.qty
        for bucket, qty in (
            (Bucket.SELLABLE, line.qty - line.damaged), (Bucket.DAMAGED, line.damaged),
        ):  # fmt: skip
            if qty:
                legs.append(Leg(line.item, head.to_node, Bucket.IN_TRANSIT, head.to_node, bucket,
                                qty, "transfer received"))  # fmt: skip
    _post(tx, legs)
    rows = ((line.item, line.qty - line.damaged, line.damaged, 0) for line in c.lines)
    complete = not any(left.values())
    _advance(tx, c.transfer_id, rows, "received" if complete else "in_transit")
    units = tuple(Units(line.item, head.to_node, line.qty) for line in c.lines)
    outbox.emit(tx, [TransferReceived(transfer_id=c.transfer_id, to_node=head.to_node,
                                      units=units, complete=complete)])  # fmt: skip
    return c.transfer_id


def _close(tx: Tx, c: CloseTransfer) -> TransferId:
    head, left = _open(tx, c.transfer_id)
    lost = {item: qty for item, qty in left.items() if qty}
    _post(tx, [
        Leg(item, head.to_node, Bucket.IN_TRANSIT, LOST, OUT, qty, "lost in transfer")
        for item, qty in lost.items()
    ])  # fmt: skip
    _advance(tx, c.transfer_id, ((item, 0, 0, qty) for item, qty in lost.items()), "closed")
    units = tuple(Units(item, head.to_node, qty) for item, qty in lost.items())
    outbox.emit(tx, [TransferClosed(transfer_id=c.transfer_id, lost=units)])
    return c.transfer_id


def _advance(
    tx: Tx, transfer_id: TransferId, rows: Iterable[tuple[str, int, int, int]], state: str
) -> None:
    part = ids.part_of(transfer_id)
    columns = table(("items", "received", "damaged", "lost"), rows)
    tx.run(SQL.advance_transfer_lines, part=part, id=transfer_id, **columns)
    closed_at = None if state == "in_transit" else tx.now
    tx.run(SQL.advance_transfer, part=part, id=transfer_id, state=state, closed_at=closed_at)
