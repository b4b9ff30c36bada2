"""The plain words of the live page: why a node was chosen, what a filter means, money; pure.

A sentence is for a store manager with a phone, so it names towns and prices and no codes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from everyshelf.sourcing import Candidate, WhyDecision

# The first filter that took a place out, as "... of them" and as a whole sentence.
FILTERS: Final = {
    "other_node": ("not where the customer collects", "The customer collects elsewhere"),
    "inactive": ("not open on this date", "Not open on this date"),
    "paused": ("paused", "Paused at the moment"),
    "capability": ("not set up for this way of delivery", "Not set up for this way of delivery"),
    "never_open": ("closed", "Closed"),
    "node_full": ("full for today", "Full for today"),
    "full": ("full for today", "Full for today"),
    "beyond_reach": ("too far away", "Too far away"),
    "handling": ("not allowed to handle it", "Not allowed to handle it"),
    "said_no": ("asked before and said no", "Was asked before and said no"),
    "no_stock": ("out of it", "Does not have it"),
}
CASES: Final = {
    "unsourced": "No place can send it",
    "rejected": "A place said no",
    "shorted": "Picker found less",
    "supplier_refused": "Supplier said no",
    "lost": "Parcel lost",
    "undelivered": "Could not be delivered",
    "disputed": "Delivery disputed",
    "not_collected": "Not collected",
    "code_locked": "Pickup code locked",
    "payment_failed": "Payment failed",
    "exchange_failed": "Exchange not possible",
    "corrected": "Stock corrected",
    "unknown_sale": "Sold, but not in the books",
    "transfer_loss": "Lost between two places",
    "dead_letter": "A message could not be delivered",
}
KINDS: Final = {
    "dc": "warehouse",
    "store": "store",
    "dark_store": "dark store",
    "mfc": "micro-fulfillment",
    "three_pl": "3PL",
    "supplier": "supplier",
    "locker": "locker",
    "popup": "pop-up",
    "hub": "hub",
}
METHODS: Final = {
    "ship": "Ship",
    "same_day": "Same day",
    "pickup": "Pickup",
    "curbside": "Curbside",
    "locker": "Locker",
}
COLLECTED: Final = ("pickup", "curbside", "locker")

Name = Callable[[str], str]


def money(minor: float, currency: str = "USD") -> str:
    """1234 -> $12.34; other currencies carry their code."""
    told = f"{abs(minor) / 100:,.2f}"
    sign = "−" if minor < 0 else ""
    return f"{sign}${told}" if currency == "USD" else f"{sign}{told} {currency}"


def several(n: int, noun: str) -> str:
    """1 unit, 2 units."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def join(names: Sequence[str]) -> str:
    """A, B and C."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def because(d: WhyDecision, name: Name) -> str:
    """Why these places, in one or two sentences."""
    if not d.winner:
        return f"No place can serve it now: {_others(d.candidates, ())}."
    where = join([name(node) for node in d.winner])
    if d.method in COLLECTED:
        return f"Collected at {where}, so {where} prepares it."
    if len(d.winner) > 1:
        said = f"Shared by {where}, because no single place was cheaper: {money(d.cost_minor)}."
    else:
        said = f"{where} is the cheapest that can: {money(d.cost_minor)}."
    if d.runner_up and d.runner_up_extra_minor is not None:
        next_best = join([name(node) for node in d.runner_up])
        extra = money(d.runner_up_extra_minor)
        said += f" Next best {next_best}, {extra} more."
    rest = _others(d.candidates, d.winner)
    return f"{said} {rest[0].upper()}{rest[1:]}." if rest else said


def _others(candidates: Sequence[Candidate], winner: Sequence[str]) -> str:
    """How many others fell to which first filter."""
    out = Counter(c.excluded_by for c in candidates if c.excluded_by and c.node not in winner)
    out.pop("capability", None) if len(out) > 1 else None
    parts = [f"{n} {FILTERS.get(f, (f, f))[0]}" for f, n in out.most_common(3)]
    return join(parts)
