"""Cells to values: exact, strict, without guessing per row; pure.

Money is read as a decimal and never as a binary fraction. Dates are read in one form for the
whole file, so that 3/4 is not March in one row and April in the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from everyshelf.edge.intake.facts import Bad, Reason

MAX_TEXT: Final = 2_000
AHEAD: Final = timedelta(days=3650)
ISO: Final = "iso"
# Forms with a day and a month that may be taken for each other stand side by side.
FORMS: Final = (
    ISO,
    "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%m/%d/%y %H:%M", "%d/%m/%y %H:%M",
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d-%m-%Y", "%d-%m-%Y %H:%M", "%Y/%m/%d", "%Y/%m/%d %H:%M",
    "%Y%m%d",
)  # fmt: skip
# ISO 4217: currencies whose smallest unit is not a hundredth.
DIGITS: Final = {
    **dict.fromkeys(("JPY", "KRW", "ISK", "CLP", "VND", "XAF", "XOF", "PYG", "UGX", "RWF"), 0),
    **dict.fromkeys(("BHD", "KWD", "OMR", "JOD", "TND", "IQD", "LYD"), 3),
}
TRUE: Final = frozenset({"1", "true", "t", "yes", "y"})
FALSE: Final = frozenset({"0", "false", "f", "no", "n"})


def text(value: str, field: str, limit: int = MAX_TEXT) -> str:
    """The cell without blanks around it."""
    found = value.strip()
    if len(found) > limit:
        raise Bad(field, Reason.TEXT_TOO_LONG)
    if "\0" in found:
        raise Bad(field, Reason.TEXT_UNREADABLE)
    return found


def code(value: str, field: str) -> str:
    """A code that a spreadsheet or a data frame may have turned into `13085.0`."""
    found = text(value, field, 200)
    return found[:-2] if found.endswith(".0") and found[:-2].isdigit() else found


def whole(value: str, field: str, reason: str = Reason.QTY_UNREADABLE) -> int:
    """A whole number; `12.0` is one, `12.5` is not."""
    try:
        return int(value.replace("_", "?"))  # Python would read 1_0 as ten.
    except ValueError:
        number = _decimal(value, field, reason)
    if number != number.to_integral_value():
        raise Bad(field, reason)
    return int(number)


def number(value: str, field: str) -> float:
    """A size or a coordinate."""
    return float(_decimal(value, field, Reason.NUMBER_UNREADABLE))


@lru_cache(maxsize=4096)
def minor(value: str, field: str, digits: int = 2) -> int:
    """A decimal amount as minor units, exactly."""
    scaled = _decimal(value, field, Reason.PRICE_UNREADABLE).scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise Bad(field, Reason.PRICE_NOT_EXACT)
    return int(scaled)


def _decimal(value: str, field: str, reason: str) -> Decimal:
    try:
        found = Decimal(text(value, field, 64).replace("_", "?"))
    except InvalidOperation:
        raise Bad(field, reason) from None
    if not found.is_finite() or abs(found.adjusted()) > 30:
        raise Bad(field, reason)
    return found


def truth(value: str, field: str) -> bool:
    """Yes or no, in the usual spellings."""
    word = value.strip().lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise Bad(field, Reason.VALUE_UNKNOWN)


@lru_cache(maxsize=4096)
def instant(value: str, field: str, form: str, zone: str) -> datetime:
    """An instant in UTC; a local time is one of `zone`. Neighbouring rows often share theirs."""
    try:
        found = _read(value.strip(), form)
        local = found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Bad(field, Reason.DATE_UNREADABLE) from None


def day(value: str, field: str, form: str, today: date) -> date:
    """A calendar day; a two-digit year far ahead of today is one of the century before."""
    try:
        found = _read(value.strip(), form).date()
        far = "%y" in form and found > today + AHEAD
        return found.replace(year=found.year - 100) if far else found
    except (ValueError, OverflowError):
        raise Bad(field, Reason.DATE_UNREADABLE) from None


def _read(value: str, form: str) -> datetime:
    return datetime.fromisoformat(value) if form == ISO else datetime.strptime(value, form)


def date_form(values: Iterable[str]) -> str:
    """The one form that reads most of these; on a tie the first of FORMS."""
    seen = [v for v in (value.strip() for value in values) if v]
    return max(FORMS, key=lambda form: sum(_reads(v, form) for v in seen))


def _reads(value: str, form: str) -> bool:
    try:
        _read(value, form)
    except (ValueError, OverflowError):
        return False
    return True


def digits_of(currency: str) -> int:
    """How many decimals the currency's smallest unit has."""
    return DIGITS.get(currency, 2)
