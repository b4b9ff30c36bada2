"""How tests look at a database: rows, pictures of tables, what was told, why it was refused."""

from __future__ import annotations

from typing import TypeVar

from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Database

V = TypeVar("V")


def rows(db: Database, query: str) -> list[tuple[object, ...]]:
    """The rows of a query."""
    with db.pool.connection() as conn:
        return conn.execute(query.encode()).fetchall()


def picture(db: Database, *tables: str) -> list[list[tuple[object, ...]]]:
    """All rows of these tables and of the log and the claims: equal pictures, nothing written."""
    return [rows(db, f"select * from {t} order by 1, 2") for t in (*tables, "event", "claim")]


def told(db: Database, kind: str) -> list[tuple[object, ...]]:
    """The (subject, version) of every event of a type, in order."""
    return rows(
        db, f"select subject, version from event where type = 'everyshelf.{kind}.v1' order by id"
    )


def code(result: Result[V]) -> str:
    """The code of a refusal; a result that was not refused is a failure."""
    assert result.refusal is not None
    return result.refusal.code


def check(db: Database, *rooms: str) -> None:
    """Every check of these rooms is empty."""
    with db.transaction() as tx:
        for room in rooms:
            for statement in load(f"everyshelf.{room}", "checks.sql").found.values():
                assert tx.tuples(statement) == [], statement.name


def findings(db: Database, room: str, name: str) -> set[str]:
    """What one check finds."""
    with db.transaction() as tx:
        found = tx.tuples(getattr(load(f"everyshelf.{room}", "checks.sql"), name))
    return {what for what, _ in found}
