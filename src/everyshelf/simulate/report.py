"""How a run went: figures a manager reads, computed from the rows that the rooms wrote."""

from __future__ import annotations

from collections import Counter

import msgspec

from everyshelf import insight
from everyshelf.base.sql import load
from everyshelf.base.tx import Database
from everyshelf.simulate.live import Counts

SQL = load("everyshelf.simulate")


class Totals(msgspec.Struct, frozen=True):
    """Units and lines of all orders."""

    orders: int
    lines: int
    units_ordered: int
    units_cancelled: int
    units_shipped: int
    units_picked_up: int
    units_returned: int
    units_open: int
    oversold: int


class Cost(msgspec.Struct, frozen=True):
    """What orders of one method cost: parcels and labour."""

    method: str
    orders: int
    cost_minor: int


class Report(msgspec.Struct, frozen=True):
    """One run; `rows_in` = `rows_taken` + `rows_quarantined`."""

    rows_in: int
    rows_taken: int
    rows_quarantined: int
    quarantined: dict[str, int]
    orders: int
    lines: int
    orders_refused: int
    lines_refused: int
    refused: dict[str, int]
    units_ordered: int
    units_shipped: int
    units_picked_up: int
    units_returned: int
    units_cancelled: int
    units_open: int
    units_return_unmatched: int
    oversold: int
    audit_findings: int
    fill_rate: float
    split_rate: float
    on_time_rate: float
    cost_per_order_minor: dict[str, int]
    currency: str
    nodes: int
    seconds: float


def report(
    db: Database, counts: Counts, *, rows_in: int, currency: str, nodes: int, seconds: float
) -> Report:
    """Reads the totals, runs the audit and puts both beside what happened to the file's rows."""
    with db.transaction() as tx:
        totals = tx.one(SQL.totals, Totals)
        assert totals is not None
        split = float(tx.tuples(SQL.splits)[0][0])
        on_time = float(tx.tuples(SQL.on_time)[0][0])
        costs = tx.all(SQL.costs, Cost)
        findings = insight.audit(tx)
    left = totals.units_shipped + totals.units_picked_up
    refused = Counter({c: n for c, n in counts.refused.items() if ":" not in c})
    return Report(
        rows_in=rows_in, rows_taken=counts.rows_taken,
        rows_quarantined=sum(counts.quarantined.values()),
        quarantined={k: n for k, n in counts.quarantined.most_common() if n},
        orders=totals.orders, lines=totals.lines, orders_refused=sum(refused.values()),
        lines_refused=counts.refused_lines, refused=dict(counts.refused.most_common()),
        units_ordered=totals.units_ordered, units_shipped=totals.units_shipped,
        units_picked_up=totals.units_picked_up, units_returned=totals.units_returned,
        units_cancelled=totals.units_cancelled, units_open=totals.units_open,
        units_return_unmatched=counts.unmatched_units, oversold=totals.oversold,
        audit_findings=len(findings),
        fill_rate=round(left / max(1, totals.units_ordered), 4),
        split_rate=round(split, 4), on_time_rate=round(on_time, 4),
        cost_per_order_minor={c.method: round(c.cost_minor / c.orders) for c in costs},
        currency=currency, nodes=nodes, seconds=round(seconds, 1),
    )  # fmt: skip
