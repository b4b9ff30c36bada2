"""A database to one file and back. A restore that fails leaves the database as it was.

Works on any PostgreSQL that the URL reaches, with programs at least as new as that server.
"""

import os
import subprocess
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from everyshelf.base.account import plain_environment
from everyshelf.base.binaries import Binaries
from everyshelf.base.errors import Code

BACKUP_FAILED: Final = Code("server.backup_failed", 500, "The backup could not be written.")
BACKUP_UNREADABLE: Final = Code(
    "server.backup_unreadable", 422, "The file is not a backup, or it is damaged."
)


def dump(url: str, path: Path, binaries: Binaries) -> None:
    """Write the database of `url` as of one instant; `path` appears whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        told = _run(binaries / "pg_dump", "--format=custom", "--file", partial, "--dbname", url)
        if told.returncode != 0:
            raise BACKUP_FAILED(told.stderr.strip())
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def restore(url: str, path: Path, binaries: Binaries, *, owner: str) -> None:
    """Fill a new database from `path`, then give it the name of the one in `url`.

    The old database goes only after the new one is complete; whoever was connected is cut off.
    """
    if not path.is_file() or _run(binaries / "pg_restore", "--list", path).returncode != 0:
        raise BACKUP_UNREADABLE(f"{path} is not a backup made by `everyshelf backup`")
    name = str(conninfo_to_dict(url)["dbname"])
    fresh, old = f"{name}_restoring", f"{name}_replaced"
    with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as conn:
        _execute(conn, "drop database if exists {} with (force)", fresh)
        _execute(conn, "drop database if exists {} with (force)", old)
        _execute(conn, "create database {} owner {} template template0", fresh, owner)
        try:
            _fill(make_conninfo(url, dbname=fresh), path, binaries, owner)
            _swap(conn, name, fresh, old)
        except BaseException:
            _execute(conn, "drop database if exists {} with (force)", fresh)
            raise
        _execute(conn, "drop database if exists {} with (force)", old)


def _fill(url: str, path: Path, binaries: Binaries, owner: str) -> None:
    told = _run(
        binaries / "pg_restore",
        "--exit-on-error",
        "--single-transaction",
        "--no-owner",
        "--role",
        owner,
        "--dbname",
        url,
        path,
    )
    if told.returncode != 0:
        raise BACKUP_UNREADABLE(told.stderr.strip())


def _swap(conn: psycopg.Connection, name: str, fresh: str, old: str) -> None:
    """Exchange the names in one transaction; nobody may connect in between."""
    _execute(conn, "alter database {} with allow_connections false", name)
    try:
        conn.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
            (name,),
        )
        with conn.transaction():
            _execute(conn, "alter database {} rename to {}", name, old)
            _execute(conn, "alter database {} rename to {}", fresh, name)
    except BaseException:
        _execute(conn, "alter database {} with allow_connections true", name)
        raise


def _execute(conn: psycopg.Connection, statement: LiteralString, *names: str) -> None:
    conn.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
