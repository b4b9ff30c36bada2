"""The commands that run Everyshelf on this machine: up and down.

A lock in the home says which process serves from it; PostgreSQL has its own.
"""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from everyshelf.base.errors import Code
from everyshelf.edge.cli import target

ALREADY_UP: Final = Code("server.already_up", 409, "Everyshelf already serves from this folder.")
NOT_STOPPED: Final = Code("server.not_stopped", 500, "A process did not end in time.")

ORDER: Final = 10
UP_LOCK: Final = "up.lock"
DOWN_SECONDS: Final = 30


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(rich_help_panel=target.RUNNING)(up)
    app.command(rich_help_panel=target.RUNNING)(down)


def up(
    host: Annotated[str, typer.Option(help="Address to serve on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the console and the API.")] = 8080,
    pg_port: Annotated[
        int | None, typer.Option(help="Let PostgreSQL listen on this local port as well.")
    ] = None,
    worker: Annotated[bool, typer.Option(help="Run the worker of events beside the web.")] = True,
) -> None:
    """Start PostgreSQL, migrate it and serve; until Ctrl-C or `everyshelf down`.

    Example: everyshelf up --host 0.0.0.0 --port 80
    """
    from everyshelf.base.migrate import apply
    from everyshelf.edge.web.serve import serve

    signal.signal(signal.SIGTERM, _end_in_order)
    with _database(pg_port) as url:
        applied = apply(url)
        if applied:
            typer.echo(f"migrated: {', '.join(applied)}", err=True)
        serve(url, host, port, worker=worker)


def _end_in_order(*_: object) -> NoReturn:
    """Until the web server minds the signal itself, `down` must not skip the end of `up`."""
    raise SystemExit(0)


@contextlib.contextmanager
def _database(pg_port: int | None) -> Iterator[str]:
    """The database to serve from; an embedded one that was started here is stopped at the end."""
    named = target.external_url()
    if named:
        yield named
        return
    server = target.embedded(pg_port)
    server.start()
    try:
        with _serving(server.folder):
            yield server.url()
    finally:
        if server.started_here:
            server.stop()


@contextlib.contextmanager
def _serving(home: Path) -> Iterator[None]:
    """Hold the lock that says which process serves from `home`, so that `down` finds it."""
    with (home / UP_LOCK).open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ALREADY_UP(f"a process already serves from {home}") from None
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        yield


def serving_process(home: Path) -> int | None:
    """The process that serves from `home`, if one holds the lock."""
    try:
        with (home / UP_LOCK).open("r") as seen:
            try:
                fcntl.flock(seen, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(seen.read())
    except (FileNotFoundError, ValueError):
        return None
    return None


def down() -> None:
    """Stop serving and stop the embedded PostgreSQL. Safe to repeat.

    A database that EVERYSHELF_DATABASE_URL names is not ours to stop.
    """
    server = target.embedded()
    pid = serving_process(server.folder)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        _wait_for_end(server.folder, pid)
    was_running = server.running
    server.stop()
    typer.echo("stopped" if pid or was_running else "nothing was running")


def _wait_for_end(home: Path, pid: int) -> None:
    deadline = time.monotonic() + DOWN_SECONDS
    while serving_process(home) == pid:
        if time.monotonic() > deadline:
            raise NOT_STOPPED(f"process {pid} still serves after {DOWN_SECONDS} seconds")
        time.sleep(0.05)
