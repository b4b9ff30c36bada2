"""The desk: locks fulfillment orders, lets a verb decide each command, writes all at once.

A verb is a pure `decide(order, command) -> Turn` or a refusal. The desk runs a batch of them in
order of arrival in a constant number of statements: lock, read lines, move stock, write lines,
write orders, re-source, tell. If stock refuses one command, that one is refused and the others
are posted again without it, so that a refused command leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from everyshelf import sourcing, stock
from everyshelf.base import ids, outbox
from everyshelf.base.errors import STALE, Refused
from everyshelf.base.events import Event
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import events
from everyshelf.fulfillment.facts import (
    TERMINAL,
    UNKNOWN,
    Done,
    FulfillmentId,
    FulfillmentOrder,
    Line,
    PackageId,
    State,
    SupplierOrderId,
)
from everyshelf.orders import OrderId
from everyshelf.stock import AllocationId, NotFound, Step

SQL = load("everyshelf.fulfillment")


class WorkCommand(Protocol):
    """What every command on a fulfillment order has."""

    @property
    def key(self) -> str: ...
    @property
    def fulfillment_id(self) -> FulfillmentId: ...
    @property
    def version(self) -> int | None: ...


class PackedLine(msgspec.Struct, frozen=True):
    """What lies in a package."""

    allocation_id: AllocationId
    line: int
    item: str
    qty: int
    lot: str = ""
    serial: str = ""


class NewPackage(msgspec.Struct, frozen=True):
    """A package that is closed by this turn."""

    id: PackageId
    carton: str
    weight_g: int
    lines: tuple[PackedLine, ...]


class Moves(msgspec.Struct, frozen=True):
    """What a turn asks of the stock room."""

    unpack: tuple[Step, ...] = ()
    unpick: tuple[Step, ...] = ()
    release: tuple[Step, ...] = ()
    short: tuple[NotFound, ...] = ()
    pick: tuple[Step, ...] = ()
    pack: tuple[Step, ...] = ()


class Turn(msgspec.Struct, frozen=True):
    """What a decided command does: the order after it and everything that follows."""

    order: FulfillmentOrder
    moves: Moves = Moves()
    packages: tuple[NewPackage, ...] = ()
    opened: tuple[PackageId, ...] = ()
    taken_out: tuple[tuple[AllocationId, int], ...] = ()
    resource: tuple[sourcing.Resource, ...] = ()
    events: tuple[Event, ...] = ()


# Backward moves come first, so that a unit that is withdrawn from a box can reach the shelf.
KINDS = ("unpack", "unpick", "release", "short", "pick", "pack")
C = TypeVar("C", bound=WorkCommand)
Desk = dict[FulfillmentId, FulfillmentOrder]
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


def turned(
    order: FulfillmentOrder,
    *,
    lines: tuple[Line, ...] | None = None,
    state: State | None = None,
    reason: str | None = None,
) -> FulfillmentOrder:
    """The order after one more change."""
    return msgspec.structs.replace(
        order,
        lines=order.lines if lines is None else lines,
        state=order.state if state is None else state,
        reason=order.reason if reason is None else reason,
        version=order.version + 1,
    )


def work(tx: Tx, desk: Desk, commands: Sequence[C], decide: Decide[C]) -> list[Result[Done]]:
    """Decides and does a batch of commands; one result for each, in order."""
    refused: dict[int, Refused] = {}
    while True:
        turns = _decide_all(desk, commands, decide, refused)
        if not any(t.moves != Turn(t.order).moves for t in turns.values()):
            break
        try:
            with tx.savepoint():
                if failed := _post(tx, turns):
                    raise _Undo(failed)
            break
        except _Undo as undo:
            refused |= undo.failed
    _write(tx, desk, turns)
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


def _post(tx: Tx, turns: dict[int, Turn]) -> dict[int, Refused]:
    """Moves the stock of all turns, one call a kind; which commands stock refused."""
    failed: dict[int, Refused] = {}
    verbs = {
        "unpack": stock.unpack,
        "unpick": stock.unpick,
        "release": stock.release,
        "pick": stock.pick,
        "pack": stock.pack,
    }
    for kind in KINDS:
        owned = [(n, step) for n, t in turns.items() for step in getattr(t.moves, kind)]
        if not owned:
            continue
        steps = [step for _, step in owned]
        results = stock.short(tx, steps) if kind == "short" else verbs[kind](tx, steps)
        for (n, _), result in zip(owned, results, strict=True):
            if result.refusal is not None:
                failed.setdefault(n, result.refusal.error())
    return failed


def _write(tx: Tx, desk: Desk, turns: dict[int, Turn]) -> None:
    after = {turn.order.id: turn.order for turn in turns.values()}
    if not after:
        return
    _write_lines(tx, desk, after)
    write_orders(tx, after)
    _write_packages(tx, turns)
    told = _tell(desk, turns)
    ended = [o for o in after.values() if o.state in (State.REJECTED, State.CANCELLED)]
    if ended:
        told += end_supplier_orders(tx, ended)
    if demand := [r for turn in turns.values() for r in turn.resource]:
        sourcing.resource_now(tx, demand)
    outbox.emit(tx, told)


def _write_lines(tx: Tx, desk: Desk, after: Desk) -> None:
    rows = [
        (o.part, o.id, new.allocation_id, new.picked, new.packed, new.short, new.cancelled)
        for o in after.values()
        for old, new in zip(desk[o.id].lines, o.lines, strict=True)
        if new is not old
    ]
    if rows:
        names = ("parts", "ids", "allocations", "picked", "packed", "short", "cancelled")
        tx.run(SQL.write_lines, **table(names, rows))


def write_orders(tx: Tx, after: Desk) -> None:
    rows = ((o.part, o.id, o.state, o.reason, o.wave_id, o.version) for o in after.values())
    names = ("parts", "ids", "states", "reasons", "waves", "versions")
    tx.run(SQL.write_orders, **table(names, rows), now=tx.now)


def _write_packages(tx: Tx, turns: dict[int, Turn]) -> None:
    made = [(turn.order, package) for turn in turns.values() for package in turn.packages]
    if made:
        heads = ((o.part, p.id, o.id, o.order_id, o.node, p.carton, p.weight_g) for o, p in made)
        names = ("parts", "ids", "fulfillments", "orders", "nodes", "cartons", "weights")
        tx.run(SQL.insert_packages, **table(names, heads), now=tx.now)
        lines = (
            (o.part, p.id, i.allocation_id, i.line, i.item, i.qty, i.lot, i.serial)
            for o, p in made
            for i in p.lines
        )
        names = ("parts", "ids", "allocations", "lines", "items", "qtys", "lots", "serials")
        tx.run(SQL.insert_package_lines, **table(names, lines))
    if opened := [(t.order.part, p) for t in turns.values() for p in t.opened]:
        names = ("parts", "ids")
        tx.run(SQL.delete_package_lines, **table(names, opened))
        tx.run(SQL.delete_packages, **table(names, opened))
    out = [(t.order.part, t.order.id, a, q) for t in turns.values() for a, q in t.taken_out]
    if out:
        _take_out(tx, out)


class BoxRow(msgspec.Struct, frozen=True):
    """A line of a package as it stands."""

    part: int
    package_id: PackageId
    allocation_id: AllocationId
    qty: int
    lot: str
    serial: str


def _take_out(tx: Tx, out: Sequence[tuple[int, FulfillmentId, AllocationId, int]]) -> None:
    """Takes units out of closed packages; an empty package goes, the others weigh less."""
    names = ("parts", "ids", "allocations", "qtys")
    left = {allocation: qty for _, _, allocation, qty in out}
    rows: list[tuple[object, ...]] = []
    for box in tx.all(SQL.read_boxes, BoxRow, **table(names, out)):
        take = min(left[box.allocation_id], box.qty)
        left[box.allocation_id] -= take
        if take:
            rows.append(
                (box.part, box.package_id, box.allocation_id, box.lot, box.serial, take)
            )
    assert not any(left.values()), "packed units lie in packages"
    names = ("parts", "ids", "allocations", "lots", "serials", "qtys")
    tx.run(SQL.lighten_packages, **table(names, rows))
    tx.run(SQL.delete_emptied_lines, **table(names, rows))
    tx.run(SQL.reduce_package_lines, **table(names, rows))
    touched = sorted({(row[0], row[1]) for row in rows})  # type: ignore[type-var]
    tx.run(SQL.delete_empty_packages, **table(("parts", "ids"), touched))


KIND_OF = {
    State.ACCEPTED: events.FulfillmentAccepted,
    State.PICKED: events.FulfillmentPicked,
    State.PACKED: events.FulfillmentPacked,
    State.COMPLETED: events.FulfillmentCompleted,
}


class _Who(NamedTuple):
    """What every event about a fulfillment order says."""

    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    version: int


RANK = {state: n for n, state in enumerate(State)}


def _tell(desk: Desk, turns: dict[int, Turn]) -> list[Event]:
    """What each turn has to say, and where it led."""
    told: list[Event] = []
    states = {id_: order.state for id_, order in desk.items()}
    for turn in turns.values():
        told += turn.events
        before, order = states[turn.order.id], turn.order
        states[order.id] = order.state
        if order.state not in (before, State.REJECTED):  # A rejection tells itself.
            told += _arrived(before, order)
    return told


def _arrived(before: State, order: FulfillmentOrder) -> list[Event]:
    """The events of a change of state: a step that was skipped over is told too."""
    who = _Who(order.id, order.order_id, order.node, order.method, order.version)
    if order.state is State.CANCELLED:
        return [events.FulfillmentCancelled(**who._asdict(), reason=order.reason)]
    if RANK[order.state] < RANK[before]:
        return [events.FulfillmentReopened(**who._asdict(), state=order.state.value)]
    reached = range(RANK[before] + 1, RANK[order.state] + 1)
    return [kind(**who._asdict()) for state, kind in KIND_OF.items() if RANK[state] in reached]


class _EndedSupply(msgspec.Struct, frozen=True):
    id: SupplierOrderId
    fulfillment_id: FulfillmentId


def end_supplier_orders(tx: Tx, ended: Sequence[FulfillmentOrder]) -> list[Event]:
    """A supplier order ends with its fulfillment order; the events to tell."""
    by_id = {order.id: order for order in ended}
    rows = tx.all(
        SQL.end_supplier_orders,
        _EndedSupply,
        now=tx.now,
        **table(("parts", "ids", "states"), ((o.part, o.id, o.state) for o in ended)),
    )
    told: list[Event] = []
    for row in rows:
        order = by_id[row.fulfillment_id]
        if order.state is State.REJECTED:
            told.append(
                events.SupplierOrderRejected(
                    supplier_order_id=row.id, fulfillment_id=order.id, order_id=order.order_id,
                    node=order.node, reason=order.reason,
                )  # fmt: skip
            )
        else:
            told.append(
                events.SupplierOrderCancelled(
                    supplier_order_id=row.id, fulfillment_id=order.id, order_id=order.order_id,
                    node=order.node,
                )  # fmt: skip
            )
    return told


def is_over(order: FulfillmentOrder) -> bool:
    """Nothing can happen to it any more."""
    return order.state in TERMINAL
