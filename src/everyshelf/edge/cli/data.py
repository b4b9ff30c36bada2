"""The commands that keep the data safe: migrate, backup and restore."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from psycopg.conninfo import conninfo_to_dict

from everyshelf.base import backup as backups
from everyshelf.base import binaries
from everyshelf.base.errors import Code
from everyshelf.edge.cli import target

ORDER: Final = 90
FILE_EXISTS: Final = Code("server.file_exists", 409, "The file exists and is not overwritten.")
UNCONFIRMED: Final = Code("server.unconfirmed", 400, "A restore must be confirmed with --yes.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (migrate, backup, restore):
        app.command(rich_help_panel=target.DATA)(command)


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
