"""What an import works with: a row as text, the reasons to set one aside, the refusals; pure.

A refusal ends an import before anything is written. A reason sets one row aside and the import
goes on; the row stays in `import_quarantine` as it came.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code

FILE_MISSING: Final = Code("intake.file_missing", 404, "There is no such file, or it is closed.")
FILE_EMPTY: Final = Code("intake.file_empty", 422, "The file has no header and no row.")
FILE_UNREADABLE: Final = Code(
    "intake.file_unreadable", 422, "The file is neither CSV, JSON lines nor Parquet."
)
COLUMNS_MISSING: Final = Code(
    "intake.columns_missing", 422, "Columns that this kind needs were neither found nor mapped."
)
MAP_INVALID: Final = Code(
    "intake.map_invalid", 422, "The mapping names a field, column or setting that does not exist."
)
NOTHING_TO_RESUME: Final = Code(
    "intake.nothing_to_resume", 409, "No import of this file was begun and left unfinished."
)
RUN_OVERTAKEN: Final = Code(
    "intake.run_overtaken", 409, "Another process imports the same file; this one has stopped."
)


class Kind(StrEnum):
    """What the rows of a file are."""

    ORDERS = "orders"
    ITEMS = "items"
    NODES = "nodes"
    STOCK = "stock"
    CUSTOMERS = "customers"


class Reason(StrEnum):
    """Why a row was set aside. Stable: people filter by it. What a room refuses when the row is
    taken keeps the room's own code, such as `orders.short`."""

    ROW_UNREADABLE = "row_unreadable"
    TOO_MANY_CELLS = "too_many_cells"
    TEXT_UNREADABLE = "text_unreadable"
    TEXT_TOO_LONG = "text_too_long"
    MISSING = "missing_{field}"
    DATE_UNREADABLE = "date_unreadable"
    NUMBER_UNREADABLE = "number_unreadable"
    PRICE_UNREADABLE = "price_unreadable"
    PRICE_NOT_EXACT = "price_not_exact"
    PRICE_NOT_POSITIVE = "price_not_positive"
    PRICE_TOO_LARGE = "price_too_large"
    QTY_UNREADABLE = "qty_unreadable"
    QTY_NOT_POSITIVE = "qty_not_positive"
    QTY_TOO_LARGE = "qty_too_large"
    VALUE_UNKNOWN = "value_unknown"
    NOT_A_PRODUCT = "not_a_product"
    ADJUSTMENT = "adjustment"
    RETURN_ROW = "return_row"
    RETURN_QTY_POSITIVE = "return_qty_positive"
    RETURN_UNMATCHED = "return_unmatched"
    DUPLICATE_ROW = "duplicate_row"
    INVOICE_MIXED = "invoice_mixed"
    TOO_MANY_LINES = "too_many_lines"
    ALREADY_TAKEN = "already_taken"
    INVOICE_TAKEN_BEFORE = "invoice_taken_before"
    UNKNOWN_ITEM = "unknown_item"
    UNKNOWN_NODE = "unknown_node"
    LOT_OR_SERIAL_NEEDED = "lot_or_serial_needed"
    REFUSED_BY_DATABASE = "refused_by_database"


REASONS: Final[dict[Reason, str]] = {
    Reason.ROW_UNREADABLE: "The line is no row of this format: broken JSON or an endless cell.",
    Reason.TOO_MANY_CELLS: "The row has more cells than the file has columns.",
    Reason.TEXT_UNREADABLE: "A cell holds the character zero, which no text may hold.",
    Reason.TEXT_TOO_LONG: "A cell that is used is longer than 2,000 letters.",
    Reason.MISSING: "A cell that the kind needs is empty; the reason names the field.",
    Reason.DATE_UNREADABLE: "The date is in none of the known forms, or does not exist.",
    Reason.NUMBER_UNREADABLE: "A size or coordinate is not a number.",
    Reason.PRICE_UNREADABLE: "The price is not a decimal number.",
    Reason.PRICE_NOT_EXACT: "The price has a fraction of the smallest unit of its currency.",
    Reason.PRICE_NOT_POSITIVE: "Something was sold for nothing or less.",
    Reason.PRICE_TOO_LARGE: "The line's price is beyond what an order line can carry.",
    Reason.QTY_UNREADABLE: "The quantity is not a whole number.",
    Reason.QTY_NOT_POSITIVE: "The quantity is zero, or below zero where units are counted.",
    Reason.QTY_TOO_LARGE: "More than 1,000,000 units in one line.",
    Reason.VALUE_UNKNOWN: "The cell has none of the values that its field knows.",
    Reason.NOT_A_PRODUCT: "The code stands for postage, fees, discounts, samples or tests.",
    Reason.ADJUSTMENT: "A correction of stock without a price, not a sale.",
    Reason.RETURN_ROW: "A return or cancelled invoice; take it with --with-returns.",
    Reason.RETURN_QTY_POSITIVE: "A cancelled invoice whose quantity is not below zero.",
    Reason.RETURN_UNMATCHED: "No sale of this buyer, item and price has that many units left.",
    Reason.DUPLICATE_ROW: "Every cell is the same as in another row of the same record.",
    Reason.INVOICE_MIXED: "The row's buyer is not the buyer of its invoice's first row.",
    Reason.TOO_MANY_LINES: "An order has at most 1,000 lines; none of this one was taken.",
    Reason.ALREADY_TAKEN: "An earlier import has taken the very same order.",
    Reason.INVOICE_TAKEN_BEFORE: "Its invoice was taken before with other lines: it came too late.",
    Reason.UNKNOWN_ITEM: "No item has this code; import items first, or use --make-items.",
    Reason.UNKNOWN_NODE: "No node has this code; import nodes first.",
    Reason.LOT_OR_SERIAL_NEEDED: "The item is tracked by lot or serial, and the row names none.",
    Reason.REFUSED_BY_DATABASE: "The database cannot hold a value of this row.",
}


class Row(msgspec.Struct, frozen=True):
    """One row as text: `number` counts from 1 without the header; `bad` says why it is none."""

    number: int
    values: dict[str, str]
    bad: str = ""


class Quarantined(msgspec.Struct, frozen=True):
    """A row that is not taken: which, because of which field, and why."""

    row: int
    field: str
    reason: str


class Unit(msgspec.Struct, frozen=True):
    """What is taken or set aside as one: an order's rows, or a single row. `draft` is what the rows
    mean to their kind; without one the reason says why."""

    rows: tuple[Row, ...]
    draft: object = None
    reason: Quarantined | None = None


class Bad(Exception):
    """Raised inside a translation by the first cell that cannot be understood."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def missing(field: str) -> str:
    """The reason code of an empty cell."""
    return f"missing_{field}"
