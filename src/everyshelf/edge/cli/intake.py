"""The command `import`: a file of another system becomes orders, items, nodes, stock, customers.

Shows the checkpoint before anything is written, how it goes on, and the report.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from everyshelf.base.tx import Database
from everyshelf.edge import intake
from everyshelf.edge.cli import target

ORDER: Final = 50


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(name="import", rich_help_panel=target.DATA)(import_file)


def import_file(
    kind: Annotated[intake.Kind, typer.Argument(help="What the rows are.")],
    file: Annotated[Path, typer.Argument(help="CSV, JSON lines or Parquet; its content decides.")],
    mapping: Annotated[
        Path | None,
        typer.Option("--map", help="Columns, constants and settings, as TOML or JSON."),
    ] = None,
    source: Annotated[
        str, typer.Option(help="Who sends it: an order number is taken once a source.")
    ] = "file",
    channel: Annotated[str | None, typer.Option(help="The channel of the orders.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen and write nothing.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Refuse unless it goes on with a broken import.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Take a finished file once more; nothing comes twice.")
    ] = False,
    make_items: Annotated[
        bool, typer.Option("--make-items", help="Make the items that orders name and none knows.")
    ] = False,
    with_returns: Annotated[
        bool, typer.Option("--with-returns", help="Match returned lines to what was sold before.")
    ] = False,
    batch: Annotated[
        int, typer.Option(min=1, max=5_000, help="Records taken in one transaction.")
    ] = 500,
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """Take in a file of another system. Dirty rows are kept apart with their reason, never lost.

    The same file goes on where it stopped, and is never taken twice. Before anything is written the
    state of the file is shown: what is filled, what can be read, which codes are known.

    Example: everyshelf import orders orders.csv --map shop.toml --dry-run
    """
    told = intake.load(mapping) if mapping is not None else intake.Mapping()
    if channel is not None:
        told = msgspec.structs.replace(told, channel=channel)
    if with_returns:
        told = msgspec.structs.replace(told, with_returns=True)
    job = intake.Job(kind, file, told, source, batch, dry_run, resume, again, make_items)
    if target.external_url():
        report = _run(target.database_url(), job, as_json)
    else:
        with target.borrowed() as server:
            report = _run(server.url(), job, as_json)
    if as_json:
        typer.echo(msgspec.json.encode(report))
    else:
        _show_report(Console(), report)


def _run(url: str, job: intake.Job, quiet: bool) -> intake.Report:
    from everyshelf.base.migrate import apply

    apply(url)
    with Database(url, size=2) as db, _Shown(quiet) as shown:
        return intake.run(db, job, shown)


class _Shown(intake.Listener):
    """Bars on a terminal, and the checkpoint between them."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=quiet or not sys.stderr.isatty(),
        )
        self.task = self.bars.add_task("looking at rows", total=None)
        self.rows = 0

    def __enter__(self) -> _Shown:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def surveying(self, rows: int) -> None:
        self.bars.update(self.task, completed=rows)

    def checked(self, found: intake.Checkpoint) -> None:
        self.bars.remove_task(self.task)
        if not self.quiet:
            _show_checkpoint(Console(stderr=self.bars.disable is False), found)
        self.task = self.bars.add_task("taking rows", total=found.rows)

    def taking(self, rows: int) -> None:
        self.bars.update(self.task, completed=rows)


def _show_checkpoint(console: Console, found: intake.Checkpoint) -> None:
    title = f"Checkpoint: {found.rows:,} rows, {found.format}, {found.encoding}"
    table = Table(title=title, title_justify="left")
    for name in ("column", "is", "filled", "readable", "known codes"):
        table.add_column(name, justify="left" if name in ("column", "is") else "right")
    for c in found.columns:
        known = "" if not c.codes else f"{c.codes_known:,} of {c.codes:,}"
        readable = _share(c.filled - c.unreadable, c.filled) if c.field else ""
        table.add_row(escape(c.column), c.field, _share(c.filled, found.rows), readable, known)
    console.print(table)
    console.print(f"dates are read as {escape(found.date_format)}")


def _share(part: int, whole: int) -> str:
    return f"{100 * max(part, 0) / whole:.1f} %" if whole else "-"


def _show_report(console: Console, report: intake.Report) -> None:
    words = "would be " if report.state == "dry_run" else ""
    if report.state == "done" and report.rows_before and not report.rows_in:
        console.print(
            f"All {report.rows_before:,} rows of this file were settled before; nothing is left "
            "to do. Use --again to take it once more."
        )
        return
    table = Table(show_header=False, title=f"Import of {escape(report.file)}", title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    table.add_row("rows in", f"{report.rows_in:,}")
    table.add_row(f"rows {words}taken", f"{report.rows_taken:,}")
    table.add_row(f"rows {words}quarantined", f"{report.rows_quarantined:,}")
    for reason, count in report.quarantined_by_reason.items():
        table.add_row(f"  {reason}", f"{count:,}")
    table.add_row(f"records {words}taken", f"{report.records_taken:,}")
    if report.rows_before:
        table.add_row("rows settled before", f"{report.rows_before:,}")
    table.add_row("seconds", f"{report.seconds:,.1f}")
    console.print(table)
