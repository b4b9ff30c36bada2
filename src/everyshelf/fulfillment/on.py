"""What fulfillment hears: units got a node, units are not wanted any more.

Allocated units become fulfillment orders, one per order, node and method. A node of a kind that
works down a list (`AUTO_ACCEPT`) accepts at once; a store or locker is asked; a supplier is sent
a supplier order. Nothing is allocated here and nobody's calendar is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from everyshelf import network, sourcing
from everyshelf.base import ids, outbox
from everyshelf.base.events import Event
from everyshelf.base.parts import table
from everyshelf.base.subscribe import Handlers, Heard
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import events, watch
from everyshelf.fulfillment.desk import SQL
from everyshelf.fulfillment.facts import AUTO_ACCEPT, FulfillmentId, State, SupplierOrderId
from everyshelf.fulfillment.withdraw import Withdraw, withdraw_now
from everyshelf.orders import OrderId
from everyshelf.sourcing import AllocatedLine, AllocationsRevoked, OrderAllocated

SUPPLIER = "supplier"


class Offer(msgspec.Struct, frozen=True):
    """A fulfillment order to be made."""

    id: FulfillmentId
    order_id: OrderId
    node: str
    kind: str
    method: str
    service: str | None
    due_at: datetime | None
    lines: tuple[AllocatedLine, ...]

    @property
    def state(self) -> State:
        return State.ACCEPTED if self.kind in AUTO_ACCEPT else State.OFFERED

    @property
    def part(self) -> int:
        return ids.part_of(self.order_id)

    @property
    def event_lines(self) -> tuple[events.EventLine, ...]:
        return tuple(events.EventLine(x.allocation_id, x.line, x.item, x.qty) for x in self.lines)


def offer_now(tx: Tx, allocated: Sequence[OrderAllocated]) -> list[FulfillmentId]:
    """Makes the work of these allocations. Claim-free: the caller hears each event once."""
    nodes = sorted({a.node for event in allocated for a in event.allocations})
    kinds = {code: str(node.kind) for code, node in network.nodes(tx, nodes).items()}
    offers = [offer for event in allocated for offer in _offers(event, kinds)]
    if not offers:
        return []
    _write(tx, offers)
    told: list[Event] = []
    for offer in offers:
        told += _told(offer)
    told += _send(tx, [offer for offer in offers if offer.kind == SUPPLIER])
    outbox.emit(tx, told)
    return [offer.id for offer in offers]


def _offers(event: OrderAllocated, kinds: dict[str, str]) -> list[Offer]:
    groups: dict[tuple[str, str, str | None], list[AllocatedLine]] = {}
    for line in event.allocations:
        groups.setdefault((line.node, line.method, line.service), []).append(line)
    return [
        Offer(
            ids.new(FulfillmentId), event.order_id, node, kinds.get(node, ""), method, service,
            min((x.promised_latest for x in lines if x.promised_latest), default=None),
            tuple(lines),
        )
        for (node, method, service), lines in groups.items()
    ]  # fmt: skip


def _write(tx: Tx, offers: Sequence[Offer]) -> None:
    heads = (
        (o.part, o.id, o.order_id, o.node, o.method, o.service, o.state, o.due_at) for o in offers
    )
    names = ("parts", "ids", "orders", "nodes", "methods", "services", "states", "dues")
    tx.run(SQL.insert_orders, **table(names, heads), now=tx.now)
    lines = (
        (o.part, o.id, x.allocation_id, x.line, x.item, x.qty) for o in offers for x in o.lines
    )
    columns = ("parts", "ids", "allocations", "lines", "items", "qtys")
    tx.run(SQL.insert_lines, **table(columns, lines))


def _told(offer: Offer) -> list[Event]:
    accepted = offer.state is State.ACCEPTED
    told: list[Event] = [
        events.FulfillmentOffered(
            fulfillment_id=offer.id, order_id=offer.order_id, node=offer.node,
            method=offer.method, version=1, lines=offer.event_lines, accepted=accepted,
        )
    ]  # fmt: skip
    if accepted:
        told.append(
            events.FulfillmentAccepted(
                fulfillment_id=offer.id, order_id=offer.order_id, node=offer.node,
                method=offer.method, version=1,
            )
        )  # fmt: skip
    return told


class _Terms(msgspec.Struct, frozen=True):
    node: str
    item: str
    cost_minor: int
    currency: str


def _send(tx: Tx, offers: Sequence[Offer]) -> list[Event]:
    """Asks suppliers to send; what it costs by their terms, nothing where there are none."""
    if not offers:
        return []
    nodes = sorted({o.node for o in offers})
    items = sorted({x.item for o in offers for x in o.lines})
    rows = tx.all(SQL.supplier_terms, _Terms, nodes=nodes, items=items)
    terms = {(t.node, t.item): t for t in rows}
    told: list[Event] = []
    sent: list[tuple[object, ...]] = []
    for o in offers:
        known = [(terms[o.node, x.item], x.qty) for x in o.lines if (o.node, x.item) in terms]
        cost = sum(t.cost_minor * qty for t, qty in known)
        currency = known[0][0].currency if known else "USD"
        id_ = ids.new(SupplierOrderId)
        sent.append((o.part, id_, o.id, o.order_id, o.node, cost, currency))
        told.append(
            events.SupplierOrderSent(
                supplier_order_id=id_, fulfillment_id=o.id, order_id=o.order_id, node=o.node,
                lines=o.event_lines, cost_minor=cost, currency=currency,
            )
        )  # fmt: skip
    names = ("parts", "ids", "fulfillments", "orders", "nodes", "costs", "currencies")
    tx.run(SQL.insert_supplier_orders, **table(names, sent), now=tx.now)
    return told


def allocated(tx: Tx, heard: Sequence[Heard]) -> None:
    """Work for the nodes that were chosen."""
    offer_now(tx, [h.event for h in heard])


def revoked(tx: Tx, heard: Sequence[Heard]) -> None:
    """Stops the work on units that are not wanted; what is still owed is sourced again."""
    told: list[AllocationsRevoked] = [h.event for h in heard]
    owed = sorted({event.order_id for event in told})
    for reason in sorted({event.reason for event in told}):
        units = [
            Withdraw(event.order_id, x.allocation_id, x.qty)
            for event in told
            if event.reason == reason
            for x in event.lines
        ]
        withdraw_now(tx, units, reason)
    sourcing.source_now(tx, owed, sourcing.Trigger.RESOURCE)


HANDLERS: Final[Handlers] = {
    OrderAllocated: allocated,
    AllocationsRevoked: revoked,
    network.NodeUpserted: watch.closed,
}
