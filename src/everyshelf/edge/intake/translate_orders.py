"""An order file's rows to lines, and what a line is: a sale, a return, or nothing we can take.

Pure but for reading the file. The import and the replay of a year share it. A buyer's return is
told by a negative quantity; a retailer's cancelled invoice also by its prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from everyshelf.edge.intake import parse
from everyshelf.edge.intake.facts import Bad, Kind, Quarantined, Reason, Row, missing
from everyshelf.edge.intake.mapping import NOT_PRODUCTS, Mapping, Plan, check
from everyshelf.edge.intake.planning import plan_for
from everyshelf.edge.intake.readers import open_source, rows
from everyshelf.orders import Method

MAX_QTY: Final = 1_000_000
MAX_LINE_MINOR: Final = 10**15
CONTACT: Final = ("email", "buyer", "phone", "street", "city", "region", "postcode", "method",
                  "pickup_node")  # fmt: skip

METHODS: Final = frozenset({"", *Method})


class More(msgspec.Struct, frozen=True):
    """What an order file may also say of an order or line."""

    email: str = ""
    buyer: str = ""
    phone: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    method: str = ""
    pickup_node: str = ""
    tax_minor: int = 0


NOTHING_MORE: Final = More()


class RawLine(msgspec.Struct, frozen=True):
    """One line as it was read; `price_minor` is of one unit."""

    row: int
    invoice: str
    item: str
    description: str
    qty: int
    at: datetime
    price_minor: int
    customer: str
    country: str
    more: More = NOTHING_MORE


class Sale(RawLine, frozen=True):
    """Units that a buyer ordered at a price."""


class Return(RawLine, frozen=True):
    """Units that came back or were cancelled; `qty` counts them and is positive."""


class Rules(msgspec.Struct, frozen=True):
    """How a retailer writes what is no sale: codes that are no goods, the prefix of invoices that
    take back; either may be empty."""

    not_products: str = NOT_PRODUCTS
    returns: str = "C"


RETAIL: Final = Rules()


@lru_cache(maxsize=8)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text or r"(?!)", re.IGNORECASE)


def classify(row: RawLine, rules: Rules = RETAIL) -> Sale | Return | Quarantined:
    """What the line is; of several reasons against it the first one that applies."""
    takes_back = bool(rules.returns) and row.invoice.startswith(rules.returns)
    if _pattern(rules.not_products).fullmatch(row.item):
        return Quarantined(row.row, "item", Reason.NOT_A_PRODUCT)
    if row.price_minor == 0 and (not row.description or row.qty < 0):
        return Quarantined(row.row, "price", Reason.ADJUSTMENT)
    if row.qty == 0:
        return Quarantined(row.row, "qty", Reason.QTY_NOT_POSITIVE)
    if abs(row.qty) > MAX_QTY:
        return Quarantined(row.row, "qty", Reason.QTY_TOO_LARGE)
    if row.price_minor <= 0:
        return Quarantined(row.row, "price", Reason.PRICE_NOT_POSITIVE)
    if abs(row.qty) * row.price_minor > MAX_LINE_MINOR:
        return Quarantined(row.row, "price", Reason.PRICE_TOO_LARGE)
    if takes_back and row.qty > 0:
        return Quarantined(row.row, "qty", Reason.RETURN_QTY_POSITIVE)
    kind: type[Sale | Return] = Return if row.qty < 0 else Sale
    return kind(
        row.row, row.invoice, row.item, row.description, abs(row.qty), row.at, row.price_minor,
        row.customer, row.country, row.more,
    )  # fmt: skip


def translate(row: Row, plan: Plan) -> RawLine | Quarantined:
    """One row's cells as a line, or the first cell that cannot be understood."""
    if row.bad:
        return Quarantined(row.number, "", row.bad)
    try:
        return _line(row, plan)
    except Bad as bad:
        return Quarantined(row.number, bad.field, bad.reason)


def _line(row: Row, plan: Plan) -> RawLine:
    said = {f: plan.cell(row.values, f).strip() for f in ("invoice", "item", "at")}
    said |= {f: plan.figure(row.values, f) for f in ("qty", "price")}
    for field, value in said.items():
        if not value:
            raise Bad(field, missing(field))
    item = parse.code(said["item"], "item")
    described = "description" in plan.columns  # A file without descriptions has no blank ones.
    return RawLine(
        row.number,
        parse.code(said["invoice"], "invoice"),
        item.upper() if plan.upper_items else item,
        parse.text(plan.cell(row.values, "description"), "description") if described else item,
        parse.whole(said["qty"], "qty"),
        parse.instant(said["at"], "at", plan.date_format, plan.zone),
        parse.minor(said["price"], "price", parse.digits_of(plan.currency)),
        parse.code(plan.cell(row.values, "customer"), "customer"),
        parse.text(plan.cell(row.values, "country"), "country", 200),
        _more(row, plan),
    )


def _more(row: Row, plan: Plan) -> More:
    named = [f for f in CONTACT if f in plan.columns or f in plan.constants]
    tax = plan.figure(row.values, "tax")
    if not named and not tax:
        return NOTHING_MORE
    found = {f: parse.text(plan.cell(row.values, f), f, 200) for f in named}
    if found.get("method", "") not in METHODS:
        raise Bad("method", Reason.VALUE_UNKNOWN)
    tax_minor = parse.minor(tax, "tax", parse.digits_of(plan.currency)) if tax else 0
    if tax_minor < 0:
        raise Bad("tax", Reason.PRICE_NOT_POSITIVE)
    return More(**found, tax_minor=tax_minor)


def rules_of(plan: Plan) -> Rules:
    """How this file writes what is no sale."""
    return Rules(plan.not_products, plan.returns)


def read_lines(path: Path, mapping: Mapping | None = None) -> Iterator[RawLine | Quarantined]:
    """The lines of an order file one by one, in memory that does not grow with the file.

    Refused: intake.file_missing, .file_empty, .file_unreadable, .columns_missing, .map_invalid.
    """
    mapping = check(mapping or Mapping())
    source = open_source(path, mapping.encoding)
    plan = plan_for(source, Kind.ORDERS, mapping, date.max)
    return (translate(row, plan) for row in rows(source))
