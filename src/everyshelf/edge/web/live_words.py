"""The plain words of the live page: why a node was chosen, what a filter means, money; pure.

A sentence is for a store manager with a phone, so it names towns and prices and no codes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from everyshelf.sourcing import Candidate, WhyDecision

# The first filter that took a place out: of one place, and of many.
FILTERS: Final = {
    "other_node": ("is not where the customer collects", "are not where the customer collects"),
    "inactive": ("is not open on this date", "are not open on this date"),
    "paused": ("is paused", "are paused"),
    "capability": ("is not set up for this delivery", "are not set up for this delivery"),
    "never_open": ("is closed", "are closed"),
    "node_full": ("is full for today", "are full for today"),
    "beyond_reach": ("is too far away", "are too far away"),
    "handling": ("may not handle these goods", "may not handle these goods"),
    "said_no": ("was asked before and said no", "were asked before and said no"),
    "no_stock": ("does not have it", "do not have it"),
}
CASES: Final = {
    "unsourced": "No place can send it",
    "rejected": "A place said no",
    "shorted": "Picker found less",
    "at_risk": "Promise at risk",
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
# What a person can do about it.
REMEDIES: Final = {
    "unsourced": "Offer another way or refund",
    "rejected": "Ask why, it was moved on",
    "shorted": "Count the shelf",
    "at_risk": "Hurry it or move it",
    "supplier_refused": "Talk to the supplier",
    "lost": "Claim from the carrier",
    "undelivered": "Ask for a better address",
    "disputed": "Compare with the carrier",
    "not_collected": "Tell the customer",
    "code_locked": "Check an identity card",
    "payment_failed": "Ask for another payment",
    "exchange_failed": "Refund or offer another item",
    "corrected": "Count the shelf",
    "unknown_sale": "Count the shelf",
    "transfer_loss": "Look for the boxes",
    "dead_letter": "Call whoever runs the system",
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
    """Why these places, in one or two sentences that follow after their names."""
    rest = _others(d.candidates, d.winner)
    if not d.winner:
        return f"No place can serve it now: {rest or 'none has enough'}."
    if d.method in COLLECTED:
        return "The customer collects it there."
    if len(d.winner) > 1:
        said = f"Shared, because no single place can do it for less than {money(d.cost_minor)}."
    else:
        said = f"Cheapest that can, {money(d.cost_minor)}."
    return " ".join(filter(None, (said, _next_best(d, name), f"{rest}." if rest else "")))


def _next_best(d: WhyDecision, name: Name) -> str:
    if not d.runner_up or d.runner_up_extra_minor is None:
        return ""
    other, extra = join([name(node) for node in d.runner_up]), round(d.runner_up_extra_minor)
    return f"Next best {other}, {money(extra)} more." if extra else f"{other} would cost the same."


def _others(candidates: Sequence[Candidate], winner: Sequence[str]) -> str:
    """How many others fell to which first filter."""
    out = Counter(c.excluded_by for c in candidates if c.excluded_by and c.node not in winner)
    told = [f"{n} {says(f, n)}" for f, n in out.most_common(3)]
    if told:
        first = out.most_common(1)[0]
        told[0] = f"{several(first[1], 'place')} {says(*first)}"
    return join(told)


def says(filter_name: str, n: int) -> str:
    """What a filter says about one place or about many."""
    return FILTERS.get(filter_name, (filter_name, filter_name))[n > 1]
