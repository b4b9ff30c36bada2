"""The command `exceptions`: what waits for a person. Opens and resolves nothing."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from everyshelf import insight
from everyshelf.edge.cli import show, target

ORDER: Final = 23


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(rich_help_panel=target.LOOK)(exceptions)


def exceptions(
    node: Annotated[str | None, typer.Option(help="Only of this node.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """List what waits for a person, the worst and most urgent first.

    Example: everyshelf exceptions --node S001
    """
    found = show.run(lambda tx: insight.work_list(tx, node=node, limit=limit))
    heads = ("due", "severity", "kind", "about", "order", "node", "what", "owner", "case")
    rows = (
        (c.due_at, c.severity, c.kind, c.subject, c.order_id, c.node, c.detail, c.owner, c.id)
        for c in found
    )
    show.tell(found, as_json, show.table("Exceptions", heads, rows))
