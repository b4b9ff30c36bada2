"""`everyshelf audit`: are the books right? Exit status 1 when a check finds something."""

from typing import Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from everyshelf.base.tx import Database
from everyshelf.edge.cli import target
from everyshelf.insight import Finding, audit_database, checks

ORDER: Final = 92


def register(app: typer.Typer) -> None:
    """Offers the command."""
    app.command("audit", rich_help_panel=target.DATA)(audit)


def audit(
    json: bool = typer.Option(False, "--json", help="One JSON object, for a machine."),
) -> None:
    """Run every room's checks on one snapshot: each is a query that must find nothing.

    Audits the usual database and, where a replay or a demo has left one beside it, that too. Ends
    with status 1 when there is a finding.

    Example: everyshelf audit --json
    """
    found: dict[str, list[Finding]] = {}
    for name, url in target.databases():
        with Database(url, size=1) as db:
            found[name] = audit_database(db)
    ran = sum(1 for _ in checks())
    every = [finding for findings in found.values() for finding in findings]
    if json:
        by_database = {name: len(findings) for name, findings in found.items()}
        report = {
            "findings": len(every), "checks": ran, "databases": by_database, "found": every,
        }  # fmt: skip
        typer.echo(msgspec.json.encode(report).decode())
    else:
        _show(every, ran, list(found))
    if every:
        raise typer.Exit(1)


def _show(found: list[Finding], ran: int, databases: list[str]) -> None:
    console = Console()
    if not found:
        console.print(f"{ran} checks on {', '.join(databases)}: no finding.")
        return
    shown = Table("room", "check", "what", "detail", title=f"{len(found)} findings")
    for finding in found:
        shown.add_row(finding.room, finding.check, finding.what, finding.detail)
    console.print(shown)
