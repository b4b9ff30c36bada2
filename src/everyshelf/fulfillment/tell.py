"""What a batch of turns has to say: where each fulfillment order has come to.

A step that a turn skipped over is told too, so that who counts picked orders counts all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from everyshelf.base.events import Event
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import events
from everyshelf.fulfillment.facts import (
    FulfillmentId,
    FulfillmentOrder,
    State,
    SupplierOrderId,
)
from everyshelf.fulfillment.turn import Turn
from everyshelf.orders import OrderId

SQL = load("everyshelf.fulfillment")


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
