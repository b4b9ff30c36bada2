"""A row of an item file to what it states of an item; a blank cell states nothing. Pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from everyshelf import catalog
from everyshelf.edge.intake import parse
from everyshelf.edge.intake.facts import Bad, Quarantined, Reason, Row, missing
from everyshelf.edge.intake.mapping import Plan

MILLIMETRES: Final = ("length_mm", "width_mm", "height_mm")
MAX_SIZE: Final = 10**8


class ItemDraft(msgspec.Struct, frozen=True):
    """An item as its row states it, and its barcode when the row has one."""

    command: catalog.UpsertItem
    barcode: str


def translate(row: Row, plan: Plan) -> ItemDraft | Quarantined:
    """One row as an item, or the first cell that cannot be understood."""
    if row.bad:
        return Quarantined(row.number, "", row.bad)
    try:
        return _item(row, plan)
    except Bad as bad:
        return Quarantined(row.number, bad.field, bad.reason)


def _item(row: Row, plan: Plan) -> ItemDraft:
    item = parse.code(plan.cell(row.values, "item"), "item")
    if not item:
        raise Bad("item", missing("item"))
    item = item.upper() if plan.upper_items else item
    stated: dict[str, Any] = {}
    for field in ("name", "category", "unit", "currency"):
        if said := parse.text(plan.cell(row.values, field), field, 500):
            stated[field] = said
    currency = stated.setdefault("currency", plan.currency)
    for field in ("price", "cost"):
        if said := plan.figure(row.values, field):
            stated[f"{field}_minor"] = _money(said, field, currency)
    for field in ("weight_g", *MILLIMETRES):
        if said := plan.figure(row.values, field):
            stated[field] = _size(said, field)
    stated |= _words(row, plan)
    barcode = parse.code(plan.cell(row.values, "barcode"), "barcode")
    return ItemDraft(catalog.UpsertItem(key="", item=item, **stated), barcode)


def _words(row: Row, plan: Plan) -> dict[str, Any]:
    """Handling classes, the tracking and whether it is sold."""
    found: dict[str, Any] = {}
    if said := plan.cell(row.values, "handling").strip():
        found["handling"] = tuple(sorted({w.lower() for w in said.replace(",", " ").split()}))
    if said := plan.cell(row.values, "tracking").strip():
        found["tracking"] = _tracking(said)
    if said := plan.cell(row.values, "active").strip():
        found["active"] = parse.truth(said, "active")
    return found


def _tracking(said: str) -> catalog.Tracking:
    try:
        return catalog.Tracking(said.lower())
    except ValueError:
        raise Bad("tracking", Reason.VALUE_UNKNOWN) from None


def _money(said: str, field: str, currency: str) -> int:
    found = parse.minor(said, field, parse.digits_of(currency))
    if found < 0:
        raise Bad(field, Reason.PRICE_NOT_POSITIVE)
    return found


def _size(said: str, field: str) -> int:
    found = round(parse.number(said, field))
    if not 0 <= found <= MAX_SIZE:
        raise Bad(field, Reason.NUMBER_UNREADABLE)
    return found
