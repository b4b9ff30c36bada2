"""Verb: give barcodes to items and free them again. A barcode names one item at a time."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base import claims
from everyshelf.base.declare import Saved, expect, fold, require
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.catalog.facts import BARCODE_TAKEN, ITEM_UNKNOWN, Barcode, UpsertBarcode, gtin
from everyshelf.catalog.read import items

SQL = load("everyshelf.catalog")


def upsert_barcodes(tx: Tx, commands: Sequence[UpsertBarcode]) -> list[Result[Saved]]:
    """Gives barcodes to items, or frees those without an item; nobody is told."""
    return claims.once(tx, "catalog.upsert_barcodes", commands, _upsert, Saved)


def _upsert(tx: Tx, commands: list[UpsertBarcode]) -> list[Result[Saved]]:
    codes = sorted({gtin(c.barcode) for c in commands})
    rows = {b.barcode: b for b in tx.all(SQL.lock_barcodes, Barcode, barcodes=codes)}
    known = items(tx, {c.item for c in commands if c.item is not None})

    def state(command: UpsertBarcode, before: Barcode | None) -> Barcode:
        code = gtin(command.barcode)
        require(1 <= len(code) <= 128 and code.isprintable(), "A barcode has 1-128 characters.")
        if command.item is not None and command.item not in known:
            raise ITEM_UNKNOWN(f"There is no item {command.item}.")
        owner = before.item if before else None
        if command.item is not None and owner not in (None, command.item):
            raise BARCODE_TAKEN(f"{code} belongs to {owner}; free it before it names another.")
        return Barcode(code, command.item, before.version if before else 0)

    folded = fold(commands, rows, lambda c: gtin(c.barcode), state)
    given = [b for b in folded.rows.values() if b.item is not None]
    if folded.rows:
        tx.run(SQL.free_barcodes, barcodes=sorted(folded.rows))
        touched = tx.run(
            SQL.write_barcodes,
            barcodes=[b.barcode for b in given],
            items=[b.item for b in given],
        )
        expect(touched, len(given))
    return folded.results
