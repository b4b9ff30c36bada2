"""The commands `node list|load|pause|resume`: where work may go, and how full the days are."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

import typer
from rich.markup import escape

from everyshelf import network, sourcing
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.cli import show, target
from everyshelf.network import Node, NodeKind, Pause, Resume
from everyshelf.sourcing import Day

ORDER: Final = 41

SQL = load("everyshelf.edge.web", "lists.sql")

Json = Annotated[bool, typer.Option("--json", help="For a machine.")]
Code = Annotated[str, typer.Argument(help="The code of the node.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="List nodes; pause and resume them.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("load")(load_)
    group.command("pause")(pause)
    group.command("resume")(resume)
    app.add_typer(group, name="node", rich_help_panel=target.OPERATE)


def list_(
    kind: Annotated[NodeKind | None, typer.Option(help="Only nodes of this kind.")] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Only paused nodes.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 1000,
    as_json: Json = False,
) -> None:
    """List the nodes with what they can do and whether they get work.

    Example: everyshelf node list --kind store --paused
    """

    def read(tx: Tx) -> list[Node]:
        every = tx.all(
            SQL.list_nodes, Node, after="", kind=kind, capability=None, active=None, limit=10_000
        )
        return [node for node in every if node.paused or not paused][:limit]

    found = show.run(read)
    heads = ("node", "name", "kind", "place", "can", "gets work", "orders a day")
    rows = ((n.node, n.name, n.kind, ", ".join(filter(None, (n.city, n.region, n.country))),
             ", ".join(n.capabilities), _works(n), n.daily_orders) for n in found)  # fmt: skip
    show.tell(found, as_json, show.table("Nodes", heads, rows))


def load_(
    node: Annotated[str | None, typer.Option(help="Only this node.")] = None,
    days: Annotated[int, typer.Option(min=1, max=60, help="So many days from today on.")] = 1,
    as_json: Json = False,
) -> None:
    """Show how full the days of nodes with a limit are.

    Example: everyshelf node load --node S001 --days 3
    """

    def read(tx: Tx) -> list[Day]:
        first = tx.now.date()
        nodes = None if node is None else [node]
        return sourcing.capacity_days(tx, first, first + timedelta(days=days - 1), nodes)

    found = show.run(read)
    heads = ("node", "day", "channel", "orders", "lines", "units")
    rows = ((d.node, d.day, d.channel or "all", _of(d.orders, d.cap), _of(d.lines, d.cap_lines),
             _of(d.units, d.cap_units)) for d in found)  # fmt: skip
    show.tell(found, as_json, show.table("Taken, of what the day takes", heads, rows))


def _of(taken: int, cap: int | None) -> str:
    return f"{taken:,}" if cap is None else f"{taken:,} of {cap:,}"


def _works(node: Node) -> str:
    return "paused" if node.paused else "yes" if node.active else "closed"


def pause(
    node: Code,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the event.")] = "",
    as_json: Json = False,
) -> None:
    """Give a node no more work until it is resumed. It keeps its stock and the work it has.

    Example: everyshelf node pause S001 --reason "burst pipe"
    """
    command = Pause(key=show.new_key(), node=node, reason=reason)
    saved = show.run(lambda tx: network.pause(tx, [command])[0].get())
    said = "is paused" if saved.changed else "was paused already"
    show.tell(saved, as_json, f"{escape(saved.code)} {said}.")


def resume(node: Code, as_json: Json = False) -> None:
    """Let work come to a paused node again.

    Example: everyshelf node resume S001
    """
    command = Resume(key=show.new_key(), node=node)
    saved = show.run(lambda tx: network.resume(tx, [command])[0].get())
    said = "gets work again" if saved.changed else "was not paused"
    show.tell(saved, as_json, f"{escape(saved.code)} {said}.")
