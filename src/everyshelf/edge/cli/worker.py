"""The command `worker`: handles events and does what is due, on a machine of its own."""

import contextlib
import signal
from typing import Annotated, Final

import typer

from everyshelf.edge.cli import target

ORDER: Final = 12


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(rich_help_panel=target.RUNNING)(worker)


def worker(
    once: Annotated[
        bool, typer.Option("--once", help="Handle what is due now, say how much, and end.")
    ] = False,
) -> None:
    """Handle events, expiries and webhooks until Ctrl-C. Any number may run side by side.

    `everyshelf up` runs one already; use `everyshelf up --no-worker` to keep them apart.
    """
    from everyshelf.base.tx import Database
    from everyshelf.edge.worker import Worker, tick

    with Database(target.database_url(start=False), size=4) as db:
        if once:
            typer.echo(f"{tick(db)} handled")
            return
        running = Worker(db).start()
        signal.signal(signal.SIGTERM, lambda *_: running.end())
        with contextlib.suppress(KeyboardInterrupt):
            running.wait()
        running.stop()
