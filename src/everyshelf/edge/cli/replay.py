"""The command `replay`: a retailer's own past goes once more through the real rooms.

Reads the order file and the store file, builds the network in a database of its own beside the
usual one, lives through the history on a clock set by hand, and says how it went.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from everyshelf import network
from everyshelf.base import money
from everyshelf.base.errors import Code
from everyshelf.base.migrate import apply
from everyshelf.base.tx import Database
from everyshelf.edge import intake, worker
from everyshelf.edge.cli import target
from everyshelf.edge.intake import planning, readers, translate_nodes
from everyshelf.edge.intake.facts import Quarantined
from everyshelf.simulate import history, retailer
from everyshelf.simulate.history import Entry
from everyshelf.simulate.live import Replay
from everyshelf.simulate.report import Report, report

ORDER: Final = 60
DATABASE: Final = "everyshelf_replay"
FEWEST_SITES: Final = 4
TOO_FEW: Final = Code(
    "replay.too_few_stores", 422, "A network needs at least four stores with coordinates."
)
NOTHING: Final = Code("replay.nothing_sold", 422, "The file has no line that is a sale.")


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(rich_help_panel=target.RUNNING)(replay)


def replay(
    file: Annotated[Path, typer.Argument(help="Order lines: CSV, JSON lines or Parquet.")],
    stores: Annotated[Path, typer.Option(help="Stores with coordinates: CSV and the like.")],
    orders: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many invoices of the file.")
    ] = None,
    nodes: Annotated[int, typer.Option(min=1, max=500, help="Stores in the network.")] = 24,
    currency: Annotated[str, typer.Option(help="The currency of the file's prices.")] = "GBP",
    mapping: Annotated[
        Path | None, typer.Option("--map", help="Columns of the order file, as TOML or JSON.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same run.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """Replay a year of your own orders through capture, sourcing, picking, shipping and returns.

    The rooms are the real ones; the network, the people and the carriers are built from the store
    file and stated assumptions. Ends with the audit; its database stays for a look.

    Example: everyshelf replay orders.parquet --stores stores.csv --orders 5000
    """
    started = time.monotonic()
    shown = intake.load(mapping) if mapping else None
    with target.scratch(DATABASE) as url:
        apply(url)
        with Database(url) as db:
            found = _run(db, file, stores, orders, nodes, currency, shown, seed, started)
    if as_json:
        typer.echo(msgspec.json.encode(found))
    else:
        Console().print(_table(found))
    if found.audit_findings or found.oversold:
        raise typer.Exit(1)


def _run(
    db: Database,
    file: Path,
    stores: Path,
    limit: int | None,
    nodes: int,
    currency: str,
    mapping: intake.Mapping | None,
    seed: int,
    started: float,
) -> Report:
    survey = history.survey(history.first_invoices(entries(file, mapping), limit))
    if survey.last is None:
        raise NOTHING(f"{file.name}: no line of {survey.rows} is a sale.")
    places = sites(stores)
    if len(places) < FEWEST_SITES:
        raise TOO_FEW(f"{stores.name} has {len(places)} stores with coordinates.")
    made = retailer.build(db, survey, places, stores=nodes, currency=currency, seed=seed)

    def pump(now: datetime) -> int:
        return worker.drain(db, now=now)

    run = Replay(db, made, home=survey.home, seed=seed, pump=pump)
    with _progress() as bar:
        task = bar.add_task("replay", total=survey.rows, at=str(survey.first))
        for period in history.periods(history.first_invoices(entries(file, mapping), limit)):
            run.period(period)
            done = run.counts.rows_taken + sum(run.counts.quarantined.values())
            bar.update(task, completed=done, at=f"{period.until:%Y-%m-%d %H:%M}")
        run.settle(survey.last)
    return report(
        db, run.counts, rows_in=survey.rows, currency=currency,
        nodes=len(made.dcs) + len(made.stores), seconds=time.monotonic() - started,
    )  # fmt: skip


def entries(file: Path, mapping: intake.Mapping | None) -> Iterator[Entry]:
    """The file's lines, classified; the same pass twice gives the same entries."""
    for line in intake.read_lines(file, mapping):
        if isinstance(line, Quarantined):
            yield Entry(line.row, history.Kind.QUARANTINED, str(line.reason))
            continue
        kind = intake.classify(line)
        if isinstance(kind, Quarantined):
            yield Entry(
                line.row, history.Kind.QUARANTINED, str(kind.reason), line.invoice, at=line.at
            )
        else:
            yield Entry(
                line.row,
                history.Kind.RETURN if isinstance(kind, intake.Return) else history.Kind.SALE,
                "", line.invoice, line.item, line.description, kind.qty,
                line.at.replace(tzinfo=None), line.price_minor, line.customer, line.country,
            )  # fmt: skip


def sites(file: Path) -> list[retailer.Site]:
    """The stores of the file that say where they are."""
    source = readers.open_source(file)
    plan = planning.plan_for(source, intake.Kind.NODES, intake.Mapping(), datetime.now(UTC).date())
    found = []
    for row in readers.rows(source):
        draft = translate_nodes.translate(row, plan)
        if isinstance(draft, Quarantined):
            continue
        node = draft.command
        if isinstance(node.lat, float) and isinstance(node.lon, float):
            found.append(_site(node, node.lat, node.lon))
    return found


def _site(node: network.UpsertNode, lat: float, lon: float) -> retailer.Site:
    def text(value: object) -> str:
        return value if isinstance(value, str) else ""

    opens = node.opens_on if isinstance(node.opens_on, date) else None
    name, city, region = text(node.name), text(node.city), text(node.region)
    return retailer.Site(f"S{node.node}", name, city, region, text(node.postcode), lat, lon, opens)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.fields[at]}"), BarColumn(),
        TextColumn("{task.completed:,}/{task.total:,}"),
        TimeElapsedColumn(), console=Console(stderr=True), disable=not sys.stderr.isatty(),
    )  # fmt: skip


def _table(r: Report) -> Table:
    table = Table(title="Replay", show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name, value in (
        ("Rows of the file", f"{r.rows_in:,}"),
        ("  taken", f"{r.rows_taken:,}"),
        ("  quarantined", f"{r.rows_quarantined:,}"),
        *((f"    {reason}", f"{n:,}") for reason, n in r.quarantined.items()),
        ("Orders", f"{r.orders:,}"),
        ("Order lines", f"{r.lines:,}"),
        *((f"  refused: {code}", f"{n:,}") for code, n in r.refused.items()),
        ("Units ordered", f"{r.units_ordered:,}"),
        ("  shipped", f"{r.units_shipped:,}"),
        ("  picked up", f"{r.units_picked_up:,}"),
        ("  cancelled or short", f"{r.units_cancelled:,}"),
        ("  still open", f"{r.units_open:,}"),
        ("  returned later", f"{r.units_returned:,}"),
        ("Fill rate", f"{r.fill_rate:.1%}"),
        ("Split rate", f"{r.split_rate:.1%}"),
        ("On time", f"{r.on_time_rate:.1%}"),
        *(
            (f"Cost per order: {method}", money.show(cost, r.currency))
            for method, cost in r.cost_per_order_minor.items()
        ),
        ("Nodes", f"{r.nodes:,}"),
        ("Oversold", f"{r.oversold:,}"),
        ("Audit findings", f"{r.audit_findings:,}"),
        ("Seconds", f"{r.seconds:,.1f}"),
    ):
        table.add_row(name, value)
    return table
