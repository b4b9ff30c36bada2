"""Verb: state items. Children such as kits, listings and barcodes have verbs of their own."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base import claims, outbox
from everyshelf.base.declare import Saved, as_rows, changed, expect, fold
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.catalog.events import ItemUpserted
from everyshelf.catalog.facts import (
    KIT_HAS_COMPONENTS,
    KIT_NESTED,
    Item,
    ItemKind,
    KitComponent,
    UpsertItem,
    check_item,
)

SQL = load("everyshelf.catalog")


def upsert_items(tx: Tx, commands: Sequence[UpsertItem]) -> list[Result[Saved]]:
    """Makes or changes items; an item that stays as it was keeps its version and is not told."""
    return claims.once(tx, "catalog.upsert_items", commands, _upsert, Saved)


def _upsert(tx: Tx, commands: list[UpsertItem]) -> list[Result[Saved]]:
    codes = sorted({c.item for c in commands})
    rows = {i.item: i for i in tx.all(SQL.lock_items, Item, items=codes)}
    touching = tx.all(SQL.kits_touching, KitComponent, items=codes)
    kits, inside = {c.kit for c in touching}, {c.item for c in touching}

    def state(command: UpsertItem, before: Item | None) -> Item:
        item = check_item(changed(before or Item(command.item, command.item), command))
        if item.kind is ItemKind.STANDARD and item.item in kits:
            raise KIT_HAS_COMPONENTS(f"{item.item} has components; state an empty kit first.")
        if item.kind is ItemKind.KIT and item.item in inside:
            raise KIT_NESTED(f"{item.item} is a component of a kit, so it cannot be one.")
        return item

    folded = fold(commands, rows, lambda c: c.item, state)
    if folded.rows:
        touched = tx.run(SQL.write_items, rows=as_rows(folded.rows.values()), now=tx.now)
        expect(touched, len(folded.rows))
    outbox.emit(tx, [_event(item) for _, item in folded.changes])
    return folded.results


def _event(item: Item) -> ItemUpserted:
    return ItemUpserted(
        item=item.item,
        active=item.active,
        price_minor=item.price_minor,
        currency=item.currency,
        version=item.version,
    )
