"""Dropship: a supplier confirms, refuses or ships what we asked it to send to our customer.

A supplier order follows its fulfillment order: confirm accepts it, refuse rejects it (and the units
are sourced elsewhere), ship picks and packs it from the supplier's advance notice. What the notice
leaves out is short. Carrying the parcel is transport's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

import msgspec

from everyshelf import catalog
from everyshelf.base import claims, outbox
from everyshelf.base.errors import Code
from everyshelf.base.events import Event
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.catalog import Item
from everyshelf.fulfillment import desk, events, read
from everyshelf.fulfillment.accept import Accept, Reject, decide_accept, decide_reject
from everyshelf.fulfillment.desk import SQL
from everyshelf.fulfillment.facts import (
    Done,
    FulfillmentId,
    FulfillmentOrder,
    RejectReason,
    SupplierOrderId,
)
from everyshelf.fulfillment.pack import PackBox
from everyshelf.fulfillment.pick import PickLine, scanned_items
from everyshelf.fulfillment.through import decide_through
from everyshelf.fulfillment.turn import Turn
from everyshelf.orders import OrderId

SUPPLIER_UNKNOWN = Code("fulfillment.supplier_order_unknown", 404, "There is no such order.")
SUPPLIER_STATE = Code(
    "fulfillment.supplier_order_state", 409, "The supplier order is not in a state that allows it."
)


class SupplierState(StrEnum):
    """How far the supplier has come."""

    SENT = "sent"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class SupplierOrder(msgspec.Struct, frozen=True):
    """What we asked a supplier to send."""

    part: int
    id: SupplierOrderId
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    state: SupplierState
    cost_minor: int
    currency: str
    supplier_ref: str
    sent_at: datetime
    answered_at: datetime | None


class Confirm(msgspec.Struct, frozen=True):
    """The supplier will send (the 855 of EDI)."""

    key: str
    supplier_order_id: SupplierOrderId
    supplier_ref: str = ""


class Refuse(msgspec.Struct, frozen=True):
    """The supplier will not send."""

    key: str
    supplier_order_id: SupplierOrderId
    reason: RejectReason = RejectReason.OTHER
    note: str = ""


class Notice(msgspec.Struct, frozen=True):
    """The supplier has sent: what (everything when no lines are named), in which packages, by
    which carrier under which number."""

    key: str
    supplier_order_id: SupplierOrderId
    carrier: str = ""
    tracking: str = ""
    supplier_ref: str = ""
    lines: tuple[PickLine, ...] | None = None
    packages: tuple[PackBox, ...] | None = None


class _Command(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def supplier_order_id(self) -> SupplierOrderId: ...


C = TypeVar("C", bound=_Command)
OPEN = (SupplierState.SENT, SupplierState.CONFIRMED)


class _Ask(msgspec.Struct, frozen=True):
    """A command on a supplier order, as a command on its fulfillment order."""

    key: str
    fulfillment_id: FulfillmentId
    n: int
    version: int | None = None


class _Outcome(msgspec.Struct, frozen=True):
    """What becomes of the supplier order."""

    state: SupplierState
    supplier_ref: str
    event: Event


def _work(
    tx: Tx,
    commands: Sequence[C],
    decide: Callable[[FulfillmentOrder, C, SupplierOrder], Turn],
    outcome: Callable[[C, SupplierOrder], _Outcome | None],
) -> list[Result[Done]]:
    """A supplier order changes only under the lock of its fulfillment order."""
    wanted = sorted({c.supplier_order_id for c in commands})
    at = desk.open_desk(tx, [s.fulfillment_id for s in supplier_orders(tx, wanted)])
    known = {s.id: s for s in supplier_orders(tx, wanted)}
    asks = [
        _Ask(c.key, known[c.supplier_order_id].fulfillment_id, n)
        for n, c in enumerate(commands)
        if c.supplier_order_id in known
    ]

    def one(order: FulfillmentOrder, ask: _Ask) -> Turn:
        command = commands[ask.n]
        return decide(order, command, known[command.supplier_order_id])

    done = desk.work(tx, at, asks, one)
    answers = dict(zip((ask.n for ask in asks), done, strict=True))
    ended: list[tuple[SupplierOrder, _Outcome]] = []
    for n, answer in answers.items():
        supply = known[commands[n].supplier_order_id]
        if answer.ok and (what := outcome(commands[n], supply)) is not None:
            ended.append((supply, what))
    _write(tx, ended)
    unknown: Result[Done] = Result.refused(SUPPLIER_UNKNOWN())
    return [answers.get(n, unknown) for n in range(len(commands))]


def _write(tx: Tx, outcomes: Sequence[tuple[SupplierOrder, _Outcome]]) -> None:
    if outcomes:
        rows = ((s.part, s.id, o.state, o.supplier_ref) for s, o in outcomes)
        names = ("parts", "ids", "states", "refs")
        tx.run(SQL.write_supplier_orders, **table(names, rows), now=tx.now)
        outbox.emit(tx, [o.event for _, o in outcomes])


def supplier_orders(tx: Tx, wanted: Sequence[SupplierOrderId]) -> list[SupplierOrder]:
    """Supplier orders by id."""
    return tx.all(SQL.read_supplier_orders, SupplierOrder, ids=list(wanted))


def supplier_orders_of(tx: Tx, fulfillments: Sequence[FulfillmentId]) -> list[SupplierOrder]:
    """The supplier orders of fulfillment orders."""
    return tx.all(SQL.supplier_orders_of, SupplierOrder, ids=list(fulfillments))


def _allow(supply: SupplierOrder, states: Sequence[SupplierState]) -> None:
    if supply.state not in states:
        raise SUPPLIER_STATE(f"{supply.id} is {supply.state}.")


def confirm(tx: Tx, commands: Sequence[Confirm]) -> list[Result[Done]]:
    """Refused: fulfillment.supplier_order_unknown, .supplier_order_state, .state."""
    return claims.once(tx, "fulfillment.confirm", commands, _confirm, Done)


def _confirm(tx: Tx, commands: list[Confirm]) -> list[Result[Done]]:
    def decide(order: FulfillmentOrder, c: Confirm, supply: SupplierOrder) -> Turn:
        _allow(supply, (SupplierState.SENT,))
        return decide_accept(order, Accept(c.key, order.id))

    return _work(tx, commands, decide, _confirmed)


def _confirmed(c: Confirm, s: SupplierOrder) -> _Outcome:
    event = events.SupplierOrderConfirmed(
        supplier_order_id=s.id, fulfillment_id=s.fulfillment_id, order_id=s.order_id, node=s.node,
        supplier_ref=c.supplier_ref,
    )  # fmt: skip
    return _Outcome(SupplierState.CONFIRMED, c.supplier_ref, event)


def refuse(tx: Tx, commands: Sequence[Refuse]) -> list[Result[Done]]:
    """Refused: fulfillment.supplier_order_unknown, .supplier_order_state, .state."""
    return claims.once(tx, "fulfillment.refuse", commands, _refuse, Done)


def _refuse(tx: Tx, commands: list[Refuse]) -> list[Result[Done]]:
    def decide(order: FulfillmentOrder, c: Refuse, supply: SupplierOrder) -> Turn:
        _allow(supply, OPEN)
        return decide_reject(order, Reject(c.key, order.id, c.reason, c.note))

    # The supplier order ends with its fulfillment order, and the desk tells it.
    return _work(tx, commands, decide, lambda c, s: None)


def ship_notice(tx: Tx, commands: Sequence[Notice]) -> list[Result[Done]]:
    """The goods have left the supplier: they are picked and packed as the notice says.

    Refused: fulfillment.supplier_order_unknown, .supplier_order_state and what pick and pack say.
    """
    return claims.once(tx, "fulfillment.ship_notice", commands, _ship, Done)


def _ship(tx: Tx, commands: list[Notice]) -> list[Result[Done]]:
    codes = scanned_items(tx, [x.scanned for c in commands for x in c.lines or ()])
    items = _items(tx, commands)

    def decide(order: FulfillmentOrder, c: Notice, supply: SupplierOrder) -> Turn:
        _allow(supply, OPEN)
        return decide_through(order, c.lines, c.packages, codes, items)

    return _work(tx, commands, decide, _shipped)


def _items(tx: Tx, commands: Sequence[Notice]) -> dict[str, Item]:
    wanted = sorted({c.supplier_order_id for c in commands})
    found = read.get(tx, [s.fulfillment_id for s in supplier_orders(tx, wanted)])
    return catalog.items(tx, sorted({x.item for order in found for x in order.lines}))


def _shipped(c: Notice, s: SupplierOrder) -> _Outcome:
    event = events.SupplierOrderShipped(
        supplier_order_id=s.id, fulfillment_id=s.fulfillment_id, order_id=s.order_id, node=s.node,
        carrier=c.carrier, tracking=c.tracking,
    )  # fmt: skip
    return _Outcome(SupplierState.SHIPPED, c.supplier_ref or s.supplier_ref, event)
