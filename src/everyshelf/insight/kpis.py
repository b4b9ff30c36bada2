"""The figures a retailer is run by, read from the rooms' own rows; stored nowhere."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from everyshelf.base.sql import load
from everyshelf.base.tx import Tx

SQL = load("everyshelf.insight")


class Definition(msgspec.Struct, frozen=True):
    """What a figure means; the catalogue of the docs is made of these."""

    name: str
    unit: str
    better: str
    meaning: str


class Kpi(msgspec.Struct, frozen=True):
    """A figure of a period; `scope` is the method where there is one a method, None = nothing to
    measure."""

    name: str
    scope: str
    value: float | None


KPIS: Final = (
    Definition("orders", "orders", "more", "Orders placed in the period."),
    Definition("units_ordered", "units", "more", "Units of these orders; kits by component."),
    Definition("units_shipped", "units", "more", "Units that left or were handed over."),
    Definition(
        "perfect_order_rate",
        "share",
        "more",
        "Ended orders of which every unit arrived on time, none was short, cancelled, lost, left "
        "uncollected or returned.",
    ),
    Definition(
        "on_time_rate",
        "share",
        "more",
        "Shipments delivered by the latest promised instant, and pickups staged by the time they "
        "were due, of all delivered and staged.",
    ),
    Definition("fill_rate", "share", "more", "Units shipped of units shipped or cancelled."),
    Definition("split_rate", "share", "less", "Served orders that more than one node worked on."),
    Definition(
        "cost_per_order",
        "minor units",
        "less",
        "Carrier and labour cost a served order; also by method, each order counted once a method.",
    ),
    Definition("oversold", "units", "less", "Units taken that no node can serve; 0 is the rule."),
    Definition("stock_accuracy", "share", "more", "Counts that found exactly the books."),
    Definition("returns_rate", "share", "less", "Units returned of units shipped."),
    Definition("no_show_rate", "share", "less", "Pickups that nobody collected."),
    Definition("hours_to_ship", "hours", "less", "Median from the order to its first shipment."),
    Definition(
        "hours_to_buyer", "hours", "less", "Median from the order to its last delivery or handover."
    ),
)


def kpis(tx: Tx, from_at: datetime, to_at: datetime) -> list[Kpi]:
    """All figures of the orders placed from `from_at` (included) to `to_at` (excluded)."""
    return tx.all(SQL.kpis, Kpi, from_at=from_at, to_at=to_at)
