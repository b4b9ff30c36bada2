"""What can be read about the work at nodes; nothing is locked or changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from everyshelf.base import ids
from everyshelf.base.parts import table
from everyshelf.base.tx import Tx
from everyshelf.fulfillment.desk import SQL, with_lines
from everyshelf.fulfillment.facts import FulfillmentId, FulfillmentOrder, PackageId, State
from everyshelf.fulfillment.turn import PackedLine
from everyshelf.orders import OrderId
from everyshelf.stock import AllocationId


class Package(msgspec.Struct, frozen=True):
    """A closed package with what lies in it."""

    part: int
    id: PackageId
    fulfillment_id: FulfillmentId
    order_id: OrderId
    node: str
    carton: str
    weight_g: int
    packed_at: datetime
    lines: tuple[PackedLine, ...] = ()


class _PackageLine(msgspec.Struct, frozen=True):
    package_id: PackageId
    allocation_id: AllocationId
    line: int
    item: str
    qty: int
    lot: str
    serial: str


def get(tx: Tx, wanted: Sequence[FulfillmentId]) -> list[FulfillmentOrder]:
    """Fulfillment orders with their lines, by id; unknown ids are left out."""
    found = tx.all(SQL.read_orders, FulfillmentOrder, ids=sorted(set(wanted)))
    return list(with_lines(tx, found).values())


def of_orders(tx: Tx, orders: Sequence[OrderId]) -> list[FulfillmentOrder]:
    """All fulfillment orders of these orders, oldest first."""
    parts = sorted({ids.part_of(order) for order in orders})
    found = tx.all(SQL.read_orders_of, FulfillmentOrder, parts=parts, order_ids=list(orders))
    return list(with_lines(tx, found).values())


def work_list(
    tx: Tx, node: str, *, states: Sequence[State] | None = None, after: int = 0, limit: int = 100
) -> list[FulfillmentOrder]:
    """What a node has to do, in the order in which it came; `after` is the last id seen."""
    wanted = None if states is None else [s.value for s in states]
    found = tx.all(
        SQL.work_list, FulfillmentOrder, node=node, states=wanted, after=after, limit=limit
    )
    return list(with_lines(tx, found).values())


def packages_of(tx: Tx, fulfillments: Sequence[FulfillmentId]) -> list[Package]:
    """The packages of fulfillment orders with their contents."""
    heads = tx.all(SQL.read_packages, Package, ids=list(fulfillments))
    if not heads:
        return []
    names = table(("parts", "ids"), ((p.part, p.id) for p in heads))
    inside: dict[PackageId, list[PackedLine]] = {}
    for x in tx.all(SQL.read_package_lines, _PackageLine, **names):
        line = PackedLine(x.allocation_id, x.line, x.item, x.qty, x.lot, x.serial)
        inside.setdefault(x.package_id, []).append(line)
    return [msgspec.structs.replace(p, lines=tuple(inside[p.id])) for p in heads]
