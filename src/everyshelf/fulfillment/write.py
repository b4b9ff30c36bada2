"""Writes what a batch of turns decided: lines, orders, packages, new demand; and tells it.

Every statement is set-based, so that their number does not grow with the batch. A step that a
turn skipped over is told too, so that who counts picked orders counts all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from everyshelf import sourcing
from everyshelf.base import outbox
from everyshelf.base.events import Event
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import contents, events
from everyshelf.fulfillment.facts import (
    FulfillmentId,
    FulfillmentOrder,
    State,
    SupplierOrderId,
)
from everyshelf.fulfillment.turn import Turn
from everyshelf.orders import OrderId
from everyshelf.stock import AllocationId

SQL = load("everyshelf.fulfillment")
Desk = Mapping[FulfillmentId, FulfillmentOrder]


def write(tx: Tx, before: Desk, turns: Mapping[int, Turn]) -> None:
    after = {turn.order.id: turn.order for turn in turns.values()}
    if not after:
        return
    _write_lines(tx, before, after)
    write_orders(tx, after)
    _write_packages(tx, turns)
    told = tell(before, turns)
    ended = [o for o in after.values() if o.state in (State.REJECTED, State.CANCELLED)]
    if ended:
        told += end_supplier_orders(tx, ended)
    if demand := [r for turn in turns.values() for r in turn.resource]:
        sourcing.resource_now(tx, demand)
    outbox.emit(tx, told)


def _write_lines(tx: Tx, before: Desk, after: Desk) -> None:
    rows = [
        (o.part, o.id, new.allocation_id, new.picked, new.packed, new.short, new.cancelled)
        for o in after.values()
        for old, new in zip(before[o.id].lines, o.lines, strict=True)
        if new is not old
    ]
    if rows:
        names = ("parts", "ids", "allocations", "picked", "packed", "short", "cancelled")
        tx.run(SQL.write_lines, **table(names, rows))


def write_orders(tx: Tx, after: Desk) -> None:
    rows = ((o.part, o.id, o.state, o.reason, o.wave_id, o.version) for o in after.values())
    names = ("parts", "ids", "states", "reasons", "waves", "versions")
    tx.run(SQL.write_orders, **table(names, rows), now=tx.now)


def _write_packages(tx: Tx, turns: Mapping[int, Turn]) -> None:
    made = [(turn.order, package) for turn in turns.values() for package in turn.packages]
    if made:
        heads = ((o.part, p.id, o.id, o.order_id, o.node, p.carton, p.weight_g) for o, p in made)
        names = ("parts", "ids", "fulfillments", "orders", "nodes", "cartons", "weights")
        tx.run(SQL.insert_packages, **table(names, heads), now=tx.now)
        lines = (
            (o.part, p.id, i.allocation_id, i.line, i.item, i.qty, i.lot, i.serial)
            for o, p in contents.named(tx, made)
            for i in p.lines
        )
        tx.run(SQL.insert_package_lines, **table(PACKED, lines))
    if opened := [(t.order.part, p) for t in turns.values() for p in t.opened]:
        tx.run(SQL.delete_package_lines, **table(("parts", "ids"), opened))
        tx.run(SQL.delete_packages, **table(("parts", "ids"), opened))
    out = [(t.order.part, t.order.id, a, q) for t in turns.values() for a, q in t.taken_out]
    if out:
        _take_out(tx, out)


PACKED = ("parts", "ids", "allocations", "lines", "items", "qtys", "lots", "serials")


def _take_out(tx: Tx, out: Sequence[tuple[int, FulfillmentId, AllocationId, int]]) -> None:
    """Takes units out of closed packages; an empty package goes, the others weigh less."""
    rows = [
        (box.part, box.package_id, box.allocation_id, box.lot, box.serial, take)
        for box, take in contents.taken_out(tx, out)
    ]
    names = ("parts", "ids", "allocations", "lots", "serials", "qtys")
    tx.run(SQL.lighten_packages, **table(names, rows))
    tx.run(SQL.delete_emptied_lines, **table(names, rows))
    tx.run(SQL.reduce_package_lines, **table(names, rows))
    touched = sorted({(row[0], row[1]) for row in rows})
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


def tell(
    before_all: Mapping[FulfillmentId, FulfillmentOrder], turns: Mapping[int, Turn]
) -> list[Event]:
    """What each turn has to say, and where it led."""
    told: list[Event] = []
    states = {id_: order.state for id_, order in before_all.items()}
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
    return [_end(row, by_id[row.fulfillment_id]) for row in rows]


def _end(row: _EndedSupply, order: FulfillmentOrder) -> Event:
    if order.state is State.REJECTED:
        return events.SupplierOrderRejected(
            supplier_order_id=row.id, fulfillment_id=order.id, order_id=order.order_id,
            node=order.node, reason=order.reason,
        )  # fmt: skip
    return events.SupplierOrderCancelled(
        supplier_order_id=row.id, fulfillment_id=order.id, order_id=order.order_id,
        node=order.node,
    )  # fmt: skip
