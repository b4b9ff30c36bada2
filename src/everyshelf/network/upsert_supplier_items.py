"""Verb: state what a supplier asks for an item, and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf import catalog
from everyshelf.base import claims
from everyshelf.base.declare import Saved, as_rows, changed, expect, fold, require
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.network.facts import (
    NODE_UNKNOWN,
    NOT_A_SUPPLIER,
    NodeKind,
    SupplierItem,
    UpsertSupplierItem,
)
from everyshelf.network.read import nodes

SQL = load("everyshelf.network")


def upsert_supplier_items(tx: Tx, commands: Sequence[UpsertSupplierItem]) -> list[Result[Saved]]:
    """Makes or changes a supplier's terms; nobody is told."""
    return claims.once(tx, "network.upsert_supplier_items", commands, _upsert, Saved)


def _upsert(tx: Tx, commands: list[UpsertSupplierItem]) -> list[Result[Saved]]:
    keys = sorted({(c.node, c.item) for c in commands})
    found = tx.all(
        SQL.lock_supplier_items,
        SupplierItem,
        nodes=[n for n, _ in keys],
        items=[i for _, i in keys],
    )
    places = nodes(tx, {n for n, _ in keys})
    items = catalog.items(tx, {i for _, i in keys})

    def state(command: UpsertSupplierItem, before: SupplierItem | None) -> SupplierItem:
        if command.node not in places:
            raise NODE_UNKNOWN(f"There is no node {command.node}.")
        if places[command.node].kind is not NodeKind.SUPPLIER:
            raise NOT_A_SUPPLIER(f"{command.node} is a {places[command.node].kind}.")
        if command.item not in items:
            raise catalog.ITEM_UNKNOWN(f"There is no item {command.item}.")
        catalog.check_money(command.cost_minor, command.currency)
        require(0 <= command.lead_days <= 3650, "The lead time is 0-3650 days.")
        return changed(before or SupplierItem(command.node, command.item, 0), command)

    folded = fold(commands, {(r.node, r.item): r for r in found}, lambda c: (c.node, c.item), state)
    if folded.rows:
        touched = tx.run(SQL.write_supplier_items, rows=as_rows(folded.rows.values()))
        expect(touched, len(folded.rows))
    return folded.results
