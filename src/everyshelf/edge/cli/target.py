"""Which database a command speaks to: EVERYSHELF_DATABASE_URL, else the embedded server's.

Also the default home, and the panels of the help. Offers no command.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from everyshelf.base.account import account_for
from everyshelf.base.server import NOT_RUNNING, Server

# The panels of `everyshelf --help` that more than one file fills.
RUNNING: Final = "Run"
LOOK: Final = "Look"
OPERATE: Final = "Operate"
DATA: Final = "Keep the data safe"

URL: Final = "EVERYSHELF_DATABASE_URL"
HOME: Final = "EVERYSHELF_HOME"
SYSTEM_HOME: Final = Path("/var/lib/everyshelf")


def external_url() -> str | None:
    """The database that the operator named, if any."""
    return os.environ.get(URL) or None


def default_home() -> Path:
    """The folder of the embedded server.

    Root's home is usually closed to the account that runs PostgreSQL; then it is a system folder.
    """
    named = os.environ.get(HOME)
    if named:
        return Path(named)
    usual = Path.home() / ".local" / "share" / "everyshelf"
    if os.geteuid() == 0 and account_for(usual).unreachable(usual):
        return SYSTEM_HOME
    return usual


def embedded(port: int | None = None) -> Server:
    """The embedded server of this machine's user; not started."""
    return Server(default_home(), port=port)


def database_url(start: bool = True) -> str:
    """The URL of the database; starts the embedded server, or refuses when it does not run."""
    named = external_url()
    if named:
        return named
    server = embedded()
    if start:
        return server.start()
    if not server.running:
        raise NOT_RUNNING(f"no server runs in {server.folder}; start it with `everyshelf up`")
    return server.url()


@contextlib.contextmanager
def borrowed() -> Iterator[Server]:
    """The embedded server running; stopped again afterwards if it did not run before."""
    server = embedded()
    server.start()
    try:
        yield server
    finally:
        if server.started_here:
            server.stop()


@contextlib.contextmanager
def scratch(name: str) -> Iterator[str]:
    """A new, empty database of this name beside the usual one; it stays when the command ends.

    What it held before is dropped. Its commits do not wait for the disk: it can be made again.
    """
    with contextlib.ExitStack() as stack:
        named = external_url()
        url = named or stack.enter_context(borrowed()).url()
        made = make_conninfo(url, dbname=name)
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(sql.SQL("drop database if exists {} (force)").format(sql.Identifier(name)))
            conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            conn.execute(
                sql.SQL("alter database {} set synchronous_commit = off").format(
                    sql.Identifier(name)
                )
            )
        yield made


def databases() -> list[tuple[str, str]]:
    """The usual database and those that `scratch` made beside it: name and URL of each that has
    been migrated. Starts the embedded server when none is named."""
    url = database_url()
    with psycopg.connect(url, autocommit=True) as conn:
        usual = conn.info.dbname
        rows = conn.execute(
            "select datname from pg_database where datname like %s order by datname",
            [r"everyshelf\_%"],
        ).fetchall()
    names = [usual, *(name for (name,) in rows if name != usual)]
    return [(name, u) for name in names if _migrated(u := make_conninfo(url, dbname=name))]


def _migrated(url: str) -> bool:
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute("select to_regclass('schema_migration') is not null").fetchone()
    return row == (True,)
