"""Transactions: whole or not at all, retried where PostgreSQL asks for it, arrays as sent."""

from datetime import UTC, date, datetime

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everyshelf.base.arrays import array
from everyshelf.base.errors import Refused
from everyshelf.base.ids import Id
from everyshelf.base.sql import Statement
from everyshelf.base.tx import Database, Tx
from everyshelf.stock import Bucket


@pytest.fixture
def notes(db: Database) -> Database:
    """A table to write into."""
    with db.transaction() as tx:
        tx.conn.execute("create table note (text text primary key)")
    return db


def written(db: Database) -> list[str]:
    with db.transaction() as tx:
        return [text for (text,) in tx.conn.execute("select text from note order by text")]


def test_a_savepoint_as_the_first_act_is_not_committed_alone(notes: Database) -> None:
    def work(tx: Tx) -> None:
        with tx.savepoint():
            tx.conn.execute("insert into note values ('inside')")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        notes.run(work)
    assert written(notes) == []


def test_an_error_in_a_savepoint_undoes_only_what_was_inside(notes: Database) -> None:
    with notes.transaction() as tx:
        tx.conn.execute("insert into note values ('before')")
        with pytest.raises(psycopg.errors.UniqueViolation), tx.savepoint():
            tx.conn.execute("insert into note values ('inside'), ('before')")
        tx.conn.execute("insert into note values ('after')")
    assert written(notes) == ["after", "before"]


def test_a_transaction_that_must_be_retried_is_done_once(notes: Database) -> None:
    tries = []

    def work(tx: Tx) -> str:
        tries.append(1)
        tx.conn.execute("insert into note values ('once')")
        if len(tries) < 3:
            raise psycopg.errors.SerializationFailure("a rival was first")
        return "done"

    def state(error: psycopg.Error) -> str:
        return str(error.sqlstate)

    assert state(psycopg.errors.SerializationFailure()) == "40001"
    assert notes.run(work) == "done"
    assert (len(tries), written(notes)) == (3, ["once"])


def test_what_can_never_succeed_is_busy_after_the_last_try(notes: Database) -> None:
    def work(tx: Tx) -> None:
        raise psycopg.errors.DeadlockDetected

    with pytest.raises(Refused) as refused:
        notes.run(work)
    assert (refused.value.code, refused.value.status) == ("server.busy", 503)


def test_the_clock_is_the_caller_s_or_the_database_s(db: Database) -> None:
    then = datetime(2010, 3, 4, tzinfo=UTC)
    with db.transaction(now=then) as tx:
        assert tx.now == then
    with db.transaction() as tx:
        row = tx.conn.execute("select now()").fetchone()
        assert row == (tx.now,)


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.none(), texts), max_size=6))
def test_texts_arrive_as_they_were_sent(db: Database, values: list[str | None]) -> None:
    statement = Statement("test", "echo", "", "select %(values)s::text[] as found")
    with db.transaction() as tx:
        assert tx.tuples(statement, values=values) == [(values,)]


def test_all_kinds_of_elements_arrive(db: Database) -> None:
    when = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
    cases: list[tuple[str, list[object]]] = [
        ("bigint[]", [1, None, -(2**62), Id(7)]),
        ("timestamptz[]", [when, None]),
        ("date[]", [date(2026, 3, 1)]),
        ("bytea[]", [b"\x00\\\"'", None]),
        ("boolean[]", [True, False, None]),
        ("float8[]", [0.1, 1e300]),
        ("text[]", [Bucket.HELD, "plain"]),
        ("int[]", []),
    ]
    for kind, values in cases:
        statement = Statement("test", "echo", "", f"select %(values)s::{kind} as found")
        with db.transaction() as tx:
            assert tx.tuples(statement, values=values) == [(values,)]


def test_an_element_of_no_known_kind_is_a_bug() -> None:
    with pytest.raises(TypeError):
        array([object()])
