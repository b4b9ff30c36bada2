"""The command `kpis`: the figures of a period. What they mean is said by `insight.KPIS`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from everyshelf import insight
from everyshelf.base.errors import INVALID
from everyshelf.edge.cli import show, target
from everyshelf.insight import Definition, Kpi

ORDER: Final = 24
USUAL: Final = timedelta(days=30)


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(rich_help_panel=target.LOOK)(kpis)


def kpis(
    from_: Annotated[
        datetime | None, typer.Option("--from", help="The first day; else 30 days before the end.")
    ] = None,
    to: Annotated[datetime | None, typer.Option(help="The day after the last; else now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """Show the figures of the orders that were placed in a period, in UTC.

    A figure that has nothing to measure is empty.

    Example: everyshelf kpis --from 2026-03-01 --to 2026-04-01
    """
    end = to.replace(tzinfo=UTC) if to is not None else datetime.now(UTC)
    start = from_.replace(tzinfo=UTC) if from_ is not None else end - USUAL
    if start >= end:
        raise INVALID("A period begins before it ends.")
    found = show.run(lambda tx: insight.kpis(tx, start, end))
    meant = {d.name: d for d in insight.KPIS}
    rows = [_row(kpi, meant[kpi.name]) for kpi in found]
    title = f"Orders placed from {show.at(start)} to {show.at(end)}"
    heads = ("figure", "of", "value", "unit", "better", "meaning")
    show.tell(found, as_json, show.table(title, heads, rows))


def _row(kpi: Kpi, meant: Definition) -> tuple[object, ...]:
    words = meant.meaning if not kpi.scope else ""
    name = kpi.name.replace("_", " ")
    return name, kpi.scope, _value(kpi.value, meant.unit), meant.unit, meant.better, words


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "share":
        return f"{value:.1%}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
