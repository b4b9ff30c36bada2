"""Rows to units: order lines come together by invoice while the file streams by; pure.

An invoice is closed once WINDOW rows went by without a line of it, so that memory is bounded by
the window. A row that comes later makes a unit of its own, which taking refuses: the order stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from everyshelf.edge.intake.facts import Quarantined, Reason, Row, Unit
from everyshelf.edge.intake.mapping import Plan
from everyshelf.edge.intake.translate_orders import (
    RawLine,
    Return,
    Rules,
    Sale,
    classify,
    rules_of,
    translate,
)

WINDOW: Final = 2_000
MAX_LINES: Final = 1_000


class OrderDraft(msgspec.Struct, frozen=True):
    """The lines of one invoice, one a row."""

    invoice: str
    lines: tuple[Sale, ...]


class ReturnDraft(msgspec.Struct, frozen=True):
    """One return; its row waits like an invoice, so that it comes behind the sale it takes back."""

    line: Return


class _Open(msgspec.Struct):
    """An invoice whose rows still come in; one that grew too long keeps no lines."""

    touched: int
    customer: str
    rows: list[Row] = []
    lines: list[Sale] = []
    seen: set[tuple[object, ...]] = set()
    too_long: bool = False
    back: Return | None = None


def aside(row: Row, reason: Quarantined) -> Unit:
    """A row that is set aside by itself."""
    return Unit((row,), None, reason)


def singles(
    rows: Iterable[Row], translate_row: Callable[[Row], object | Quarantined]
) -> Iterator[Unit]:
    """Units of one row each."""
    for row in rows:
        draft = translate_row(row)
        yield aside(row, draft) if isinstance(draft, Quarantined) else Unit((row,), draft)


def sort_line(row: Row, plan: Plan, rules: Rules) -> Sale | Return | Quarantined:
    """What one row of an order file is."""
    line = translate(row, plan)
    return line if isinstance(line, Quarantined) else classify(line, rules)


def invoices(rows: Iterable[Row], plan: Plan, window: int = WINDOW) -> Iterator[Unit]:
    """Orders, and the rows that belong to none; the same file gives the same units in the same
    order, which is what lets a broken import continue."""
    rules, keep = rules_of(plan), plan.mapping.duplicates == "keep"
    open_: dict[str, _Open] = {}
    for row in rows:
        line = sort_line(row, plan, rules)
        if isinstance(line, Return) and plan.mapping.with_returns:
            open_[f"\0{row.number}"] = _Open(row.number, "", [row], back=line)
            continue
        if isinstance(line, Return):
            line = Quarantined(row.number, "qty", Reason.RETURN_ROW)
        if isinstance(line, Quarantined):
            yield aside(row, line)
        else:
            yield from _add(open_, row, line, keep)
        yield from _close(open_, row.number - window)
    yield from _close(open_, None)


def _add(open_: dict[str, _Open], row: Row, line: Sale, keep: bool) -> Iterator[Unit]:
    found = open_.pop(line.invoice, None) or _Open(row.number, line.customer, [], [], set())
    open_[line.invoice] = found  # The dictionary stays sorted by the row that touched last.
    found.touched = row.number
    reason = _wrong(found, line, keep)
    if reason is not None:
        yield aside(row, Quarantined(row.number, "", reason))
        return
    found.rows.append(row)
    found.lines.append(line)
    found.seen.add(_cells(line))
    if len(found.lines) > MAX_LINES:
        for held in found.rows:
            yield aside(held, Quarantined(held.number, "invoice", Reason.TOO_MANY_LINES))
        open_[line.invoice] = _Open(row.number, line.customer, [], [], set(), True)


def _wrong(found: _Open, line: Sale, keep: bool) -> Reason | None:
    if found.too_long:
        return Reason.TOO_MANY_LINES
    if line.customer != found.customer:
        return Reason.INVOICE_MIXED
    return Reason.DUPLICATE_ROW if not keep and _cells(line) in found.seen else None


def _cells(line: RawLine) -> tuple[object, ...]:
    return (line.item, line.qty, line.price_minor, line.at, line.description, line.country,
            line.more)  # fmt: skip


def _close(open_: dict[str, _Open], before: int | None) -> Iterator[Unit]:
    """The invoices that no row has touched since `before`; all without one."""
    while open_:
        invoice, found = next(iter(open_.items()))
        if before is not None and found.touched > before:
            return
        del open_[invoice]
        if found.back is not None:
            yield Unit(tuple(found.rows), ReturnDraft(found.back))
        elif found.lines:
            yield Unit(tuple(found.rows), OrderDraft(invoice, tuple(found.lines)))
