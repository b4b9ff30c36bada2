"""The commands that run Everyshelf on this machine: up, down, status, migrate, backup, restore."""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, NoReturn

import msgspec
import psycopg
import typer
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console
from rich.table import Table

from everyshelf import __version__
from everyshelf.base import backup as backups
from everyshelf.base import binaries
from everyshelf.base.errors import Code
from everyshelf.edge.cli import target

ALREADY_UP: Final = Code("server.already_up", 409, "Everyshelf already serves from this folder.")
NOT_STOPPED: Final = Code("server.not_stopped", 500, "A process did not end in time.")
FILE_EXISTS: Final = Code("server.file_exists", 409, "The file exists and is not overwritten.")
UNCONFIRMED: Final = Code("server.unconfirmed", 400, "A restore must be confirmed with --yes.")

RUNNING: Final = "Run"
DATA: Final = "Keep the data safe"
UP_LOCK: Final = "up.lock"
DOWN_SECONDS: Final = 30


class Status(msgspec.Struct, frozen=True):
    """What `everyshelf status` says."""

    version: str
    database: str
    home: str | None
    running: bool
    serving: bool
    postgresql: str | None = None
    size_bytes: int | None = None
    migrations: int | None = None
    connections: int | None = None


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(rich_help_panel=RUNNING)(up)
    app.command(rich_help_panel=RUNNING)(down)
    app.command(rich_help_panel=RUNNING)(status)
    app.command(rich_help_panel=DATA)(migrate)
    app.command(rich_help_panel=DATA)(backup)
    app.command(rich_help_panel=DATA)(restore)


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


def _server_process(home: Path) -> int | None:
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
    pid = _server_process(server.folder)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        _wait_for_end(server.folder, pid)
    was_running = server.running
    server.stop()
    typer.echo("stopped" if pid or was_running else "nothing was running")


def _wait_for_end(home: Path, pid: int) -> None:
    deadline = time.monotonic() + DOWN_SECONDS
    while _server_process(home) == pid:
        if time.monotonic() > deadline:
            raise NOT_STOPPED(f"process {pid} still serves after {DOWN_SECONDS} seconds")
        time.sleep(0.05)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """Say what runs, where the data are and how large they are. Starts nothing.

    The exit status is 0 when the database answers and 1 when it does not.
    """
    found = _status()
    if as_json:
        typer.echo(msgspec.json.encode(found))
    else:
        Console().print(_table(found))
    if not found.running:
        raise typer.Exit(1)


def _status() -> Status:
    named = target.external_url()
    if named:
        parts = conninfo_to_dict(named)
        shown = f"{parts.get('host', 'localhost')}/{parts.get('dbname', '')}"
        return _asked(Status(__version__, shown, None, False, False), named)
    server = target.embedded()
    serving = _server_process(server.folder) is not None
    stopped = Status(__version__, "embedded", str(server.folder), False, serving)
    return _asked(stopped, server.url()) if server.running else stopped


def _asked(known: Status, url: str) -> Status:
    """`known`, completed by what the database says of itself."""
    try:
        with psycopg.connect(url, connect_timeout=5) as conn:
            row = conn.execute(
                "select current_setting('server_version'), pg_database_size(current_database()),"
                " (select count(*) from pg_stat_activity where datname = current_database()),"
                " to_regclass('schema_migration') is not null"
            ).fetchone()
            assert row is not None
            migrations = 0
            if row[3]:
                counted = conn.execute("select count(*) from schema_migration").fetchone()
                assert counted is not None
                migrations = counted[0]
    except psycopg.OperationalError:
        return known
    return msgspec.structs.replace(
        known,
        running=True,
        postgresql=row[0],
        size_bytes=row[1],
        connections=row[2],
        migrations=migrations,
    )


def _table(found: Status) -> Table:
    table = Table(show_header=False, title="Everyshelf", title_justify="left")
    for name, value in msgspec.structs.asdict(found).items():
        if value is None:
            continue
        said = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
        shown = f"{said:,}" if isinstance(said, int) else str(said)
        table.add_row(name.replace("_", " "), shown)
    return table


def migrate() -> None:
    """Bring the database to this version's schema. Safe to repeat.

    Example: EVERYSHELF_DATABASE_URL=postgresql://shop@db/shop everyshelf migrate
    """
    from everyshelf.base.migrate import apply

    named = target.external_url()
    if named:
        applied = apply(named)
    else:
        with target.borrowed() as server:
            applied = apply(server.url())
    for name in applied:
        typer.echo(name)
    typer.echo(f"{len(applied)} applied" if applied else "up to date", err=True)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
) -> None:
    """Write all data, as of one instant, to one file. Orders may go on meanwhile.

    Example: everyshelf backup "$(date +%F).backup"
    """
    if file.exists():
        raise FILE_EXISTS(f"{file} exists; choose another name")
    named = target.external_url()
    if named:
        backups.dump(named, file, binaries.find())
    else:
        with target.borrowed() as server:
            server.backup(file)
    typer.echo(f"{file}: {file.stat().st_size:,} bytes")


def restore(
    file: Annotated[Path, typer.Argument(help="A file made by `everyshelf backup`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Replace all data by those of a backup. If anything fails, the present data stay.

    Example: everyshelf restore 2026-03-01.backup --yes
    """
    if not yes:
        if not sys.stdin.isatty():
            raise UNCONFIRMED("this replaces all data; say --yes")
        typer.confirm(f"Replace all data by those in {file}?", abort=True)
    named = target.external_url()
    if named:
        owner = str(conninfo_to_dict(named)["user"])
        backups.restore(named, file, binaries.find(), owner=owner)
    else:
        with target.borrowed() as server:
            server.restore(file)
    typer.echo(f"restored from {file}")
