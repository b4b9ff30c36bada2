"""Money: integers of the minor unit plus an ISO 4217 code; splitting never loses a cent.

Exponents other than 2 follow ISO 4217 (2025). Rates and percentages are applied elsewhere; this
module only divides whole amounts so that the parts sum to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence

NO_DECIMALS = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
    "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
EXPONENTS = dict.fromkeys(NO_DECIMALS, 0) | dict.fromkeys(THREE_DECIMALS, 3)


def exponent(currency: str) -> int:
    """How many decimals the currency's minor unit has (USD 2, JPY 0, KWD 3)."""
    return EXPONENTS.get(currency, 2)


def split(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Divides an amount by weights with the largest remainder method; the parts sum to it.

    Weights are non-negative integers; when all are zero the parts are as equal as possible.
    """
    weights = weights if any(weights) else [1] * len(weights)
    total = sum(weights)
    shares = [divmod(amount_minor * w, total) for w in weights]
    parts = [quotient for quotient, _ in shares]
    order = sorted(range(len(weights)), key=lambda i: (-shares[i][1], i))
    for i in order[: amount_minor - sum(parts)]:
        parts[i] += 1
    return parts


def share(amount_minor: int, qty: int, start: int, count: int) -> int:
    """The money of units start..start+count-1 of a line of `qty` units worth `amount_minor`.

    Cumulative rounding: however a line is refunded in pieces, the pieces sum to the whole.
    """
    return amount_minor * (start + count) // qty - amount_minor * start // qty


def show(amount_minor: int, currency: str) -> str:
    """`1234, "USD"` -> `12.34 USD`."""
    digits = exponent(currency)
    sign = "-" if amount_minor < 0 else ""
    whole, rest = divmod(abs(amount_minor), 10**digits)
    fraction = f".{rest:0{digits}d}" if digits else ""
    return f"{sign}{whole}{fraction} {currency}"
