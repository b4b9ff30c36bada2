"""The units of a file of any kind: one stream, the same in a dry run and when it is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from everyshelf.edge.intake import (
    translate_customers,
    translate_items,
    translate_nodes,
    translate_stock,
)
from everyshelf.edge.intake.facts import Kind, Quarantined, Row, Unit
from everyshelf.edge.intake.group import OrderDraft, invoices, singles
from everyshelf.edge.intake.mapping import Plan
from everyshelf.edge.intake.readers import Source, rows

TRANSLATE: Final[dict[Kind, Callable[[Row, Plan], object | Quarantined]]] = {
    Kind.ITEMS: translate_items.translate,
    Kind.NODES: translate_nodes.translate,
    Kind.STOCK: translate_stock.translate,
    Kind.CUSTOMERS: translate_customers.translate,
}


def units(source: Source, plan: Plan) -> Iterator[Unit]:
    """Every row of the file, in exactly one unit."""
    if plan.kind is Kind.ORDERS:
        return invoices(rows(source), plan)
    translate = TRANSLATE[plan.kind]
    return singles(rows(source), lambda row: translate(row, plan))


def names_of(unit: Unit) -> list[tuple[str, str]]:
    """The item and the node that each row of a unit names and that must be there already."""
    draft = unit.draft
    if isinstance(draft, translate_stock.StockDraft):
        return [(draft.item, draft.node)]
    if isinstance(draft, OrderDraft):
        return [(x.item, x.more.pickup_node) for x in draft.lines]
    return []
