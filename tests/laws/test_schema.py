"""Law 7, the schema: the migrations in order make what schema.sql says, and so does schema.sql."""

from collections.abc import Iterator

import psycopg
import pytest

from everyshelf.base.migrate import apply
from everyshelf.base.server import Server
from everyshelf.db.schema import listing, recorded
from tests.conftest import fresh_database
from tests.laws.checkers_sql import Connection


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    with fresh_database(server, "template1") as url:
        yield url


def made(url: str) -> str:
    with psycopg.connect(url) as conn:
        return listing(conn)


def test_the_migrations_make_the_recorded_schema(empty: str) -> None:
    apply(empty)
    assert made(empty) == recorded(), "run `python -m everyshelf.db` and look at the difference"


def test_the_recorded_schema_makes_itself(empty: str) -> None:
    with psycopg.connect(empty) as conn:
        conn.execute(recorded().encode())
        assert listing(conn) == recorded()


@pytest.mark.parametrize(
    "change",
    [
        "alter table item add column colour text",
        "alter table item alter column name drop not null",
        "alter table item alter column cost_minor set default 1",
        "alter table stock_balance drop constraint stock_balance_sellable_not_negative",
        "drop index stock_hold_owner",
        "create index extra on item (name)",
        "create view extra as select 1 as one",
        "create table extra (a int)",
        "alter table stock_balance reset (fillfactor)",
    ],
)
def test_a_difference_is_seen(empty: str, change: str) -> None:
    apply(empty)
    conn: Connection
    with psycopg.connect(empty) as conn:
        conn.execute(change.encode())
        assert listing(conn) != recorded()
