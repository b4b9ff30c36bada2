"""A row of a stock file: how many units stand on a shelf, or arrived there. Pure."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from everyshelf import stock
from everyshelf.edge.intake import parse
from everyshelf.edge.intake.facts import Bad, Quarantined, Reason, Row, missing
from everyshelf.edge.intake.mapping import Plan

SNAPSHOT: Final = "snapshot"
RECEIPT: Final = "receipt"


class StockDraft(msgspec.Struct, frozen=True):
    """Units of an item at a node."""

    row: int
    node: str
    item: str
    qty: int
    bucket: str = stock.Bucket.SELLABLE
    lot: str = ""
    serial: str = ""
    expires_on: date | None = None


def translate(row: Row, plan: Plan) -> StockDraft | Quarantined:
    """One row as units at a node, or the first cell that cannot be understood."""
    if row.bad:
        return Quarantined(row.number, "", row.bad)
    try:
        return _draft(row, plan)
    except Bad as bad:
        return Quarantined(row.number, bad.field, bad.reason)


def _draft(row: Row, plan: Plan) -> StockDraft:
    said = {f: parse.code(plan.cell(row.values, f), f) for f in ("node", "item")}
    said["qty"] = plan.figure(row.values, "qty")
    for field, value in said.items():
        if not value:
            raise Bad(field, missing(field))
    receipt = plan.mapping.stock == RECEIPT
    qty = parse.whole(said["qty"], "qty")
    if qty < (1 if receipt else 0):
        raise Bad("qty", Reason.QTY_NOT_POSITIVE)
    if qty > stock.MAX_QTY:
        raise Bad("qty", Reason.QTY_TOO_LARGE)
    bucket = plan.cell(row.values, "bucket").strip().lower() or stock.Bucket.SELLABLE
    if bucket not in list(stock.Bucket) or not (receipt or bucket == stock.Bucket.SELLABLE):
        raise Bad("bucket", Reason.VALUE_UNKNOWN)
    expires = plan.cell(row.values, "expires_on").strip()
    return StockDraft(
        row.number,
        said["node"],
        said["item"].upper() if plan.upper_items else said["item"],
        qty,
        bucket,
        parse.text(plan.cell(row.values, "lot"), "lot", 64),
        parse.text(plan.cell(row.values, "serial"), "serial", 64),
        parse.day(expires, "expires_on", plan.date_format, plan.today) if expires else None,
    )
