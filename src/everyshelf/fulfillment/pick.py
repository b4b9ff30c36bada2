"""Picking: units leave the shelf, or are found short.

What was scanned must be the line's item (its code or one of its barcodes). Fewer units than asked
are a `short`: the balance is corrected and the rest is sourced at another node. The undo of pick is
unpick; a short is final (a unit that turns up later is a count).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from everyshelf import catalog
from everyshelf.base import claims
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import desk, events
from everyshelf.fulfillment.accept import elsewhere
from everyshelf.fulfillment.facts import (
    NOTHING,
    WRONG_ITEM,
    Act,
    Done,
    FulfillmentId,
    FulfillmentOrder,
    Line,
    ShortReason,
    allow,
    amount,
    find,
    settled,
)
from everyshelf.fulfillment.turn import Moves, Turn, turned
from everyshelf.fulfillment.wave import finish_waves
from everyshelf.stock import AllocationId, NotFound, Step


class PickLine(msgspec.Struct, frozen=True):
    """Units of one line; all that are left unless `qty` says fewer.

    `scanned`: the barcode or item code that was read. Without `lot` or `serials` the earliest
    expiring units leave.
    """

    allocation_id: AllocationId
    qty: int | None = None
    scanned: str = ""
    lot: str = ""
    serials: tuple[str, ...] = ()


class Pick(msgspec.Struct, frozen=True):
    """Take units off the shelf; everything that is left when no lines are named."""

    key: str
    fulfillment_id: FulfillmentId
    lines: tuple[PickLine, ...] | None = None
    version: int | None = None


class Unpick(msgspec.Struct, frozen=True):
    """Put picked units back on the shelf; all that are not packed when no lines are named."""

    key: str
    fulfillment_id: FulfillmentId
    lines: tuple[PickLine, ...] | None = None
    version: int | None = None


class ShortLine(msgspec.Struct, frozen=True):
    """Units of one line that are missing; all that are left to pick unless `qty` says fewer."""

    allocation_id: AllocationId
    qty: int | None = None


class Short(msgspec.Struct, frozen=True):
    """Units are not there or bad; all that are left to pick when no lines are named."""

    key: str
    fulfillment_id: FulfillmentId
    lines: tuple[ShortLine, ...] | None = None
    reason: ShortReason = ShortReason.NOT_FOUND
    version: int | None = None


def pick(tx: Tx, commands: Sequence[Pick]) -> list[Result[Done]]:
    """Takes units off the shelf.

    Refused: fulfillment.unknown, version.stale, fulfillment.state, .line_unknown, .wrong_item,
    .too_many, .nothing_open, and what stock says about lots and serials.
    """
    return claims.once(tx, "fulfillment.pick", commands, pick_now, Done)


def pick_now(tx: Tx, commands: Sequence[Pick]) -> list[Result[Done]]:
    """The claim-free form."""
    at = desk.open_desk(tx, [c.fulfillment_id for c in commands])
    codes = scanned_items(tx, [x.scanned for c in commands for x in c.lines or ()])
    answers = desk.work(tx, at, commands, lambda order, c: decide_pick(order, c, codes))
    finish_waves(tx, [order.wave_id for order in at.values() if order.wave_id is not None])
    return answers


def scanned_items(tx: Tx, scans: Sequence[str]) -> dict[str, str]:
    """The items of these barcodes; what is no barcode is not in it."""
    read = sorted({scan for scan in scans if scan})
    return catalog.item_of_barcode(tx, read) if read else {}


def decide_pick(order: FulfillmentOrder, command: Pick, codes: dict[str, str]) -> Turn:
    allow(order, Act.PICK)
    wanted = command.lines or everything(order, lambda line: line.to_pick)
    book = order.book()
    steps: list[Step] = []
    for want in wanted:
        line = find(book, want.allocation_id)
        if want.scanned and want.scanned != line.item and codes.get(want.scanned) != line.item:
            raise WRONG_ITEM(f"{want.scanned!r} was scanned, line {line.line} is {line.item}.")
        qty = amount(want.qty, line.to_pick, line)
        steps.append(Step(line.allocation_id, line.item, qty, want.lot, want.serials))
        book[line.allocation_id] = msgspec.structs.replace(line, picked=line.picked + qty)
    lines = tuple(book.values())
    after = turned(order, lines=lines, state=settled(order.state, lines))
    return Turn(after, moves=Moves(pick=tuple(steps)))


def everything(order: FulfillmentOrder, left: Callable[[Line], int]) -> tuple[PickLine, ...]:
    """All lines with something left; refused when there is none."""
    found = tuple(PickLine(line.allocation_id) for line in order.lines if left(line))
    if not found:
        raise NOTHING(f"Nothing is left to do on {order.id}.")
    return found


def unpick(tx: Tx, commands: Sequence[Unpick]) -> list[Result[Done]]:
    """Puts picked units back: the undo of pick. Refused as pick is."""
    return claims.once(tx, "fulfillment.unpick", commands, _unpick, Done)


def _unpick(tx: Tx, commands: list[Unpick]) -> list[Result[Done]]:
    at = desk.open_desk(tx, [c.fulfillment_id for c in commands])
    return desk.work(tx, at, commands, _decide_unpick)


def _decide_unpick(order: FulfillmentOrder, command: Unpick) -> Turn:
    allow(order, Act.UNPICK)
    book = order.book()
    steps: list[Step] = []
    for want in command.lines or everything(order, lambda line: line.to_pack):
        line = find(book, want.allocation_id)
        qty = amount(want.qty, line.to_pack, line)
        steps.append(Step(line.allocation_id, line.item, qty, want.lot, want.serials))
        book[line.allocation_id] = msgspec.structs.replace(line, picked=line.picked - qty)
    lines = tuple(book.values())
    after = turned(order, lines=lines, state=settled(order.state, lines))
    return Turn(after, moves=Moves(unpick=tuple(steps)))


def short(tx: Tx, commands: Sequence[Short]) -> list[Result[Done]]:
    """Corrects the balance and sources the missing units at another node.

    Refused: fulfillment.unknown, version.stale, fulfillment.state, .line_unknown, .too_many,
    .nothing_open.
    """
    return claims.once(tx, "fulfillment.short", commands, short_now, Done)


def short_now(tx: Tx, commands: Sequence[Short]) -> list[Result[Done]]:
    """The claim-free form."""
    at = desk.open_desk(tx, [c.fulfillment_id for c in commands])
    answers = desk.work(tx, at, commands, decide_short)
    finish_waves(tx, [order.wave_id for order in at.values() if order.wave_id is not None])
    return answers


def decide_short(order: FulfillmentOrder, command: Short) -> Turn:
    allow(order, Act.SHORT)
    book = order.book()
    missing: list[tuple[Line, int]] = []
    for want in command.lines or everything(order, lambda line: line.to_pick):
        line = find(book, want.allocation_id)
        qty = amount(want.qty, line.to_pick, line)
        missing.append((line, qty))
        book[line.allocation_id] = msgspec.structs.replace(line, short=line.short + qty)
    lines = tuple(book.values())
    state = settled(order.state, lines)
    after = turned(order, lines=lines, state=state, reason=f"short: {command.reason.value}")
    told = events.FulfillmentShorted(
        fulfillment_id=order.id, order_id=order.order_id, node=order.node, method=order.method,
        version=after.version, reason=command.reason.value,
        lines=tuple(events.event_line(line, qty) for line, qty in missing),
    )  # fmt: skip
    return Turn(
        after,
        moves=Moves(short=tuple(_missing(line, qty, command.reason) for line, qty in missing)),
        resource=tuple(elsewhere(order, x, qty, command.reason.value) for x, qty in missing),
        events=(told,),
    )


def _missing(line: Line, qty: int, reason: ShortReason) -> NotFound:
    return NotFound(line.allocation_id, line.item, qty, reason.value)
