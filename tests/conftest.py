"""The database under every test: one real PostgreSQL a worker, a migrated template, a copy a test.

Nothing of ours is faked. A test that asks for `db_url` or `db` has an empty, migrated database of
its own and may do with it what it likes.
"""

import contextlib
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from everyshelf.base.server import Server
    from everyshelf.base.tx import Database

TEMPLATE = "everyshelf_template"
# With EVERYSHELF_TEST_BY_PART=1 the hot tables are hash-partitioned: PostgreSQL then refuses what a
# sharded engine would refuse.
BY_PART = os.environ.get("EVERYSHELF_TEST_BY_PART") == "1"
MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 4 << 30
_numbers = itertools.count(1)


def _fast_folder() -> str | None:
    """Memory, if there is plenty: a copy of the template then takes 15 ms instead of 500."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
        return str(MEMORY) if shutil.disk_usage(MEMORY).free > ENOUGH_BYTES else None
    return None


@pytest.fixture(scope="session")
def server() -> Iterator["Server"]:
    """One server for this worker, without fsync: a test never needs its data after a crash."""
    from everyshelf.base.server import Server

    with tempfile.TemporaryDirectory(prefix="es-test-", dir=_fast_folder()) as folder:
        Path(folder).chmod(0o755)
        running = Server(Path(folder) / "home", small=True, durable=False)
        running.start()
        try:
            yield running
        finally:
            running.stop()


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that does not exist yet, in a folder that PostgreSQL's account can reach."""
    from everyshelf.base.server import Server

    with tempfile.TemporaryDirectory(prefix="es-", dir=_fast_folder()) as folder:
        Path(folder).chmod(0o755)
        made = Path(folder) / "home"
        try:
            yield made
        finally:
            Server(made).stop()


@pytest.fixture(scope="session")
def template(server: "Server") -> str:
    """The name of a database in which all migrations have run once."""
    from everyshelf.base.migrate import apply

    with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
        conn.execute(f'create database "{TEMPLATE}"')
    apply(server.url(TEMPLATE), by_part=BY_PART)
    return TEMPLATE


@contextlib.contextmanager
def fresh_database(server: "Server", template: str) -> Iterator[str]:
    """The URL of a new copy of `template`, dropped at the end whoever is still connected."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
        conn.execute(f'create database "{name}" template "{template}" strategy file_copy')
        try:
            yield server.url(name)
        finally:
            _drop(conn, name)


def _drop(conn: "psycopg.Connection[Any]", name: str) -> None:
    """Drops it; an autovacuum worker inside, which only a superuser may end, leaves by itself."""
    for _ in range(50):
        try:
            conn.execute(f'drop database "{name}" with (force)'.encode())
        except psycopg.errors.InsufficientPrivilege:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"somebody stays in {name}")


@pytest.fixture
def db_url(server: "Server", template: str) -> Iterator[str]:
    """The URL of this test's own migrated database."""
    with fresh_database(server, template) as url:
        yield url


@pytest.fixture
def db(db_url: str) -> Iterator["Database"]:
    """This test's own database, as the rooms see it."""
    from everyshelf.base.tx import Database

    database = Database(db_url)
    try:
        yield database
    finally:
        database.close()
