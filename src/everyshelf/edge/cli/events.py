"""The commands `events list|dead|revive|replay`: the log, and what could not be handled."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from everyshelf.base import subscribe
from everyshelf.base.errors import Code
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.cli import show, target
from everyshelf.edge.web.events import EventQuery, look

ORDER: Final = 42
SUBSCRIBER_UNKNOWN: Final = Code("events.subscriber_unknown", 404, "Nobody hears under this name.")

SQL = load("everyshelf.edge")

Json = Annotated[bool, typer.Option("--json", help="For a machine.")]
One = Annotated[str | None, typer.Option(help="Only of this subscriber.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="Look at the log; revive and replay events.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("dead")(dead)
    group.command("revive")(revive)
    group.command("replay")(replay)
    app.add_typer(group, name="events", rich_help_panel=target.OPERATE)


def list_(
    kind: Annotated[
        str, typer.Option("--type", help="Only of this type; may end with an asterisk.")
    ] = "*",
    subject: Annotated[str | None, typer.Option(help="Only about this, such as ord_...")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List the events of the log, newest first.

    Example: everyshelf events list --type "everyshelf.orders.*" --limit 20
    """
    query = EventQuery(type=kind, subject=subject, limit=limit, newest=True)
    found = show.run(lambda tx: look(tx, query)).items
    rows = ((e.time, e.type, e.subject, e.actor, e.id) for e in found)
    shown = show.table("Events", ("when", "type", "subject", "by", "event"), rows)
    show.tell(found, as_json, shown)


def dead(subscriber: One = None, as_json: Json = False) -> None:
    """List dead letters: events that a subscriber could not handle in all of its tries.

    Later events about the same thing wait behind a dead one.

    Example: everyshelf events dead --subscriber sourcing
    """
    found = show.run(lambda tx: subscribe.dead(tx, subscriber))
    heads = ("since", "subscriber", "type", "subject", "tries", "error")
    rows = ((p.at, p.subscriber, p.type, p.subject, p.attempts, p.error) for p in found)
    show.tell(found, as_json, show.table("Dead letters", heads, rows))


def revive(subscriber: One = None, as_json: Json = False) -> None:
    """Give the dead letters, of one subscriber or of all, another round of tries.

    Do so once the cause is mended; a worker takes them up within seconds.

    Example: everyshelf events revive --subscriber sourcing
    """

    def work(tx: Tx) -> int:
        if subscriber is not None:
            _known(tx, subscriber)
        return subscribe.revive(tx, subscriber)

    count = show.run(work)
    show.tell({"revived": count}, as_json, f"{count} dead letters will be tried again.")


def replay(
    subscriber: Annotated[str, typer.Argument(help="Who hears again.")],
    since: Annotated[datetime, typer.Option(help="From this instant on, in UTC.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: Json = False,
) -> None:
    """Let a subscriber hear again everything from an instant on, as far as the log goes back.

    What the subscriber does with an event it will do again: use it for webhooks and exports whose
    receivers know an event by its id.

    Example: everyshelf events replay webhook:whk_1dzk8p2v5c0qa --since 2026-03-02T12:00:00
    """
    start = since.replace(tzinfo=UTC)
    show.run(lambda tx: _known(tx, subscriber))
    if not yes:
        typer.confirm(f"{subscriber} hears again everything since {start:%F %T}?", abort=True)
    show.run(lambda tx: subscribe.rewind(tx, subscriber, start))
    said = f"{subscriber} hears again everything since {start:%F %T} UTC."
    show.tell({"subscriber": subscriber, "since": start}, as_json, said)


def _known(tx: Tx, subscriber: str) -> None:
    names = [name for (name,) in tx.tuples(SQL.subscriber_names)]
    if subscriber not in names:
        raise SUBSCRIBER_UNKNOWN(
            f"{subscriber} hears nothing; known: {', '.join(names) or 'none'}."
        )
