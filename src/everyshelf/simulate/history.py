"""A retailer's past as a stream: entries of a file become orders and returns, in time order.

Two passes over the file and no list of it in memory: `survey` learns what was sold, `periods` cuts
the stream into spans of the day. Every entry ends in exactly one place: an order, a return or the
quarantine with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

MAX_QTY = 100_000
PERIOD_HOURS = 12


class Kind(StrEnum):
    """What a line of the file is."""

    SALE = "sale"
    RETURN = "return"
    QUARANTINED = "quarantined"


class Entry(msgspec.Struct, frozen=True):
    """One line of the file, read and classified; a quarantined one carries its reason."""

    row: int
    kind: Kind
    reason: str = ""
    invoice: str = ""
    item: str = ""
    name: str = ""
    qty: int = 0
    at: datetime | None = None
    price_minor: int = 0
    customer: str = ""
    country: str = ""


class Sold(msgspec.Struct):
    """What the file says about an item."""

    name: str = ""
    price_minor: int = 0
    qty: int = 0
    lines: int = 0


class Survey(msgspec.Struct):
    """What the first pass learned; its size is that of the catalog, not of the file."""

    rows: int = 0
    items: dict[str, Sold] = msgspec.field(default_factory=dict)
    countries: Counter[str] = msgspec.field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None

    @property
    def weeks(self) -> float:
        """The length of the history in weeks, at least one."""
        if self.first is None or self.last is None:
            return 1.0
        return max(1.0, (self.last - self.first) / timedelta(weeks=1))

    @property
    def home(self) -> str:
        """The country most lines went to: the home market."""
        return self.countries.most_common(1)[0][0] if self.countries else ""


class Invoice(msgspec.Struct):
    """The entries of one document of the file that are sales, or that are returns."""

    number: str
    kind: Kind
    at: datetime
    customer: str
    country: str
    entries: list[Entry]


class Period(msgspec.Struct):
    """A span of the history: its documents in time order and what was quarantined in it."""

    until: datetime
    sales: list[Invoice]
    returns: list[Invoice]
    quarantined: list[Entry]


def first_invoices(entries: Iterable[Entry], limit: int | None) -> Iterator[Entry]:
    """The entries of the first `limit` documents of the file (all when None)."""
    if limit is None:
        yield from entries
        return
    seen: set[str] = set()
    for entry in entries:
        if entry.invoice and entry.invoice not in seen:
            if len(seen) == limit:
                return
            seen.add(entry.invoice)
        yield entry


def survey(entries: Iterable[Entry]) -> Survey:
    """One pass over the file: its items with their demand, its countries, its time span."""
    found = Survey()
    for entry in entries:
        found.rows += 1
        if entry.kind is not Kind.SALE or entry.at is None:
            continue
        sold = found.items.setdefault(entry.item, Sold())
        sold.name = sold.name or entry.name
        sold.price_minor = entry.price_minor or sold.price_minor
        sold.qty += entry.qty
        sold.lines += 1
        found.countries[entry.country] += 1
        found.first = entry.at if found.first is None else min(found.first, entry.at)
        found.last = entry.at if found.last is None else max(found.last, entry.at)
    return found


def periods(entries: Iterable[Entry], hours: int = PERIOD_HOURS) -> Iterator[Period]:
    """Cuts the stream into spans of `hours`; entries are nearly in time order (an entry that is
    late joins the span being read)."""
    period: Period | None = None
    open_: dict[tuple[str, Kind], Invoice] = {}
    for entry in entries:
        if entry.kind is Kind.QUARANTINED or entry.at is None:
            period = period or Period(datetime.min, [], [], [])
            period.quarantined.append(entry)
            continue
        if period is None or period.until == datetime.min:
            waiting = period.quarantined if period else []
            period = Period(_end(entry.at, hours), [], [], waiting)
        elif entry.at >= period.until:
            yield period
            period, open_ = Period(_end(entry.at, hours), [], [], []), {}
        _add(period, open_, entry, entry.at)
    if period is not None:
        yield period


def _end(at: datetime, hours: int) -> datetime:
    start = at.replace(hour=at.hour - at.hour % hours, minute=0, second=0, microsecond=0)
    return start + timedelta(hours=hours)


def _add(
    period: Period, open_: dict[tuple[str, Kind], Invoice], entry: Entry, at: datetime
) -> None:
    key = (entry.invoice, entry.kind)
    invoice = open_.get(key)
    if invoice is None:
        invoice = Invoice(entry.invoice, entry.kind, at, entry.customer, entry.country, [])
        open_[key] = invoice
        (period.sales if entry.kind is Kind.SALE else period.returns).append(invoice)
    invoice.entries.append(entry)
