"""The command `status`: what runs, where the data are, how large they are. Starts nothing."""

from typing import Annotated, Final

import msgspec
import psycopg
import typer
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console
from rich.table import Table

from everyshelf import __version__
from everyshelf.edge.cli import target
from everyshelf.edge.cli.server import serving_process

ORDER: Final = 11


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
    """Add the command of this file."""
    app.command(rich_help_panel=target.RUNNING)(status)


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
    serving = serving_process(server.folder) is not None
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
