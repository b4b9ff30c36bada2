"""Units to the rooms: each kind is taken by one verb, in batches; what is refused is set aside.

`take` answers, for every unit, the rows that were not taken. A unit that the database itself
cannot hold is found by halving the batch, so that it does not take the others with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec
import psycopg

from everyshelf import catalog, customer, network
from everyshelf.base.errors import Refused
from everyshelf.base.results import Outcome, Result
from everyshelf.base.tx import Tx
from everyshelf.edge.intake.facts import Kind, Quarantined, Reason, Unit
from everyshelf.edge.intake.setup import Setup
from everyshelf.edge.intake.take_orders import take_orders
from everyshelf.edge.intake.take_stock import take_stock
from everyshelf.edge.intake.translate_customers import CustomerDraft
from everyshelf.edge.intake.translate_items import ItemDraft
from everyshelf.edge.intake.translate_nodes import NodeDraft

Replace = msgspec.structs.replace
V = TypeVar("V")
Left = list[list[Quarantined]]
Taker = Callable[[Tx, Sequence[Unit], Setup], Left]


def take(tx: Tx, units: Sequence[Unit], setup: Setup) -> Left:
    """Takes a batch of units that have a draft."""
    if not units:
        return []
    try:
        with tx.savepoint():
            return TAKERS[setup.plan.kind](tx, units, setup)
    except (Refused, psycopg.DataError, psycopg.IntegrityError) as error:
        if len(units) > 1:
            middle = len(units) // 2
            return take(tx, units[:middle], setup) + take(tx, units[middle:], setup)
        code = error.code if isinstance(error, Refused) else Reason.REFUSED_BY_DATABASE
        return [[Quarantined(row.number, "", code) for row in units[0].rows]]


def _left(units: Sequence[Unit], results: Sequence[Result[V]]) -> Left:
    """One result a unit of one row; a refusal's code is the reason."""
    found: Left = []
    for unit, result in zip(units, results, strict=True):
        number = unit.rows[0].number
        if result.refusal is not None:
            found.append([Quarantined(number, "", result.refusal.code)])
        elif result.outcome is Outcome.EXISTS:
            found.append([Quarantined(number, "", Reason.ALREADY_TAKEN)])
        else:
            found.append([])
    return found


def _items(tx: Tx, units: Sequence[Unit], setup: Setup) -> Left:
    drafts = [(u, u.draft) for u in units if isinstance(u.draft, ItemDraft)]
    commands = [Replace(d.command, key=setup.run_key(u.rows[0])) for u, d in drafts]
    left = _left(units, catalog.upsert_items(tx, commands))
    marked = [
        (n, _barcode(d, setup.run_key(u.rows[0])))
        for n, (u, d) in enumerate(drafts)
        if d.barcode and not left[n]
    ]
    answers = catalog.upsert_barcodes(tx, [c for _, c in marked])
    for (n, _), answer in zip(marked, answers, strict=True):
        if answer.refusal is not None:
            left[n] = [Quarantined(units[n].rows[0].number, "barcode", answer.refusal.code)]
    return left


def _barcode(draft: ItemDraft, key: str) -> catalog.UpsertBarcode:
    return catalog.UpsertBarcode(key=key, barcode=draft.barcode, item=draft.command.item)


def _nodes(tx: Tx, units: Sequence[Unit], setup: Setup) -> Left:
    commands = [
        Replace(u.draft.command, key=setup.run_key(u.rows[0]))
        for u in units
        if isinstance(u.draft, NodeDraft)
    ]
    return _left(units, network.upsert_nodes(tx, commands))


def _customers(tx: Tx, units: Sequence[Unit], setup: Setup) -> Left:
    commands = [
        Replace(u.draft.command, key=setup.run_key(u.rows[0]))
        for u in units
        if isinstance(u.draft, CustomerDraft)
    ]
    return _left(units, customer.identify(tx, commands))


TAKERS: Final[dict[Kind, Taker]] = {
    Kind.ORDERS: take_orders,
    Kind.ITEMS: _items,
    Kind.NODES: _nodes,
    Kind.STOCK: take_stock,
    Kind.CUSTOMERS: _customers,
}
