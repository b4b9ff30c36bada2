"""The audit: every room's checks, in the order of the journey, then those that no room owns.

A check is a query that must return no row. The audit reads one snapshot and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

import msgspec
import psycopg

from everyshelf.base.sql import Statement, load
from everyshelf.base.tx import Database, Tx
from everyshelf.journey import ROOMS

SQL = load("everyshelf.insight")
LIMIT: Final = 100


class Finding(msgspec.Struct, frozen=True):
    """A row that must not be: which check of which room found it, what it is, the figures."""

    check: str
    room: str
    what: str
    detail: str


def checks() -> Iterator[tuple[str, Statement]]:
    """(room, check) of base and of all rooms."""
    for room in (r for r in ("base", *ROOMS) if find_spec(f"everyshelf.{r}")):
        for statement in load(f"everyshelf.{room}", "checks.sql").found.values():
            yield room, statement


def audit(tx: Tx) -> list[Finding]:
    """Runs every check; at most 100 rows of each are reported. It takes the time it needs."""
    for limit in ("statement_timeout", "transaction_timeout"):
        tx.tuples(SQL.without_limit, limit=limit)
    tx.tuples(SQL.join_whole)
    return [finding for room, check in checks() for finding in run(tx, room, check)]


def audit_database(db: Database) -> list[Finding]:
    """The same on one read-only snapshot, so that work going on beside it is no finding."""
    with db.transaction(actor="audit") as tx:
        tx.conn.execute("set transaction isolation level repeatable read read only")
        return audit(tx)


def run(tx: Tx, room: str, check: Statement) -> list[Finding]:
    """One check. A check that cannot run is itself a finding: it must never pass by failing."""
    text = check.text.replace("%%", "%")
    try:
        with tx.savepoint():
            rows = tx.conn.execute(text.encode()).fetchmany(LIMIT)
    except psycopg.Error as error:
        return [Finding(check.name, room, "the check failed", str(error).strip())]
    return [Finding(check.name, room, str(what), str(detail)) for what, detail in rows]
