"""Shipments that never reach the buyer: returned to the node that sent them, or lost.

The buyer gets the money back, shipping too when nothing of the order was received. Returned units
are for sale again at the sending node at once; lost units stay outside, the carrier owes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from everyshelf import orders, payment, stock
from everyshelf.base.parts import table
from everyshelf.base.tx import Tx
from everyshelf.orders import Order, OrderId
from everyshelf.stock import AllocationId, Bucket, ReturnIn
from everyshelf.transport.facts import Shipment, ShipmentId, ShipmentState
from everyshelf.transport.work import SQL


class Back(msgspec.Struct, frozen=True):
    """What a shipment that ended so amounted to."""

    units: int
    refund_minor: int
    currency: str


class _Unit(msgspec.Struct, frozen=True):
    shipment_id: ShipmentId
    order_id: OrderId
    node: str
    allocation_id: AllocationId
    line: int
    item: str
    qty: int
    lot: str
    serial: str


Ended = Mapping[ShipmentId, tuple[Shipment, ShipmentState]]


def take_back(tx: Tx, ended: Ended) -> dict[ShipmentId, Back]:
    """Counts the units as not with the buyer, refunds them, and restocks what came back.

    Units that the buyer has returned already are left alone: they are not given back twice.
    """
    if not ended:
        return {}
    keys = table(("parts", "ids"), ((s.part, id_) for id_, (s, _) in sorted(ended.items())))
    units = tx.all(SQL.contents_of_shipments, _Unit, **keys)
    counts: Counter[tuple[ShipmentId, OrderId, int]] = Counter()
    for unit in units:
        counts[unit.shipment_id, unit.order_id, unit.line] += unit.qty
    good = orders.mark_returned(tx, [(order, line, q) for (_, order, line), q in counts.items()])
    taken = {key for key, ok in zip(counts, good, strict=True) if ok}
    back = _refund(tx, {key: qty for key, qty in counts.items() if key in taken}, ended)
    came = [
        u for u in units
        if ended[u.shipment_id][1] is ShipmentState.RETURNED
        and (u.shipment_id, u.order_id, u.line) in taken
    ]  # fmt: skip
    _restock(tx, came)
    return back


def _restock(tx: Tx, came: Sequence[_Unit]) -> None:
    totals: dict[tuple[str, str, str], tuple[int, tuple[str, ...]]] = {}
    for u in came:
        qty, serials = totals.get((u.item, u.node, u.lot), (0, ()))
        more = (u.serial,) if u.serial else ()
        totals[u.item, u.node, u.lot] = (qty + u.qty, serials + more)
    returned = [
        ReturnIn(item, node, Bucket.SELLABLE, qty, lot, serials, "undelivered")
        for (item, node, lot), (qty, serials) in sorted(totals.items())
    ]
    for result in stock.return_in_now(tx, returned):
        result.get()


def _refund(
    tx: Tx, counts: Mapping[tuple[ShipmentId, OrderId, int], int], ended: Ended
) -> dict[ShipmentId, Back]:
    """One refund a shipment: the pieces of a line sum to the line, whoever returns them."""
    found = {o.id: o for o in orders.get(tx, sorted({order for _, order, _ in counts}))}
    amounts: Counter[ShipmentId] = Counter()
    units: Counter[ShipmentId] = Counter()
    later: Counter[tuple[OrderId, int]] = Counter()
    for (id_, order_id, number), qty in reversed(list(counts.items())):
        line = next(x for x in found[order_id].lines if x.line == number)
        start = line.returned - later[order_id, number] - qty
        later[order_id, number] += qty
        amounts[id_] += line.worth(start, qty)
        units[id_] += qty
    for id_, order in {id_: found[order] for id_, order, _ in counts}.items():
        if _nothing_received(order) and order.id in found:
            amounts[id_] += found.pop(order.id).shipping_minor
    paid = _pay_back(tx, amounts, ended)
    return {i: Back(units[i], paid.get(i, 0), s.currency) for i, (s, _) in ended.items()}


def _pay_back(tx: Tx, amounts: Mapping[ShipmentId, int], ended: Ended) -> dict[ShipmentId, int]:
    """Refunds as far as it was paid: what was given back before is not given twice."""
    owed = [(i, amount) for i, amount in amounts.items() if amount]
    dues = [(ended[i][0].order_id, f"{ended[i][1]}:{i}", amount) for i, amount in owed]
    results = payment.refund_due_now(tx, dues, up_to=True)
    return {
        i: result.value.amount_minor
        for (i, _), result in zip(owed, results, strict=True)
        if result.value is not None
    }


def _nothing_received(order: Order) -> bool:
    return all(line.returned == line.shipped and not line.open for line in order.real)
