"""Transactions: the one way in which rooms reach PostgreSQL.

A `Tx` carries who acts (`actor`), why (`cause`) and when (`now`: the database's clock unless a
caller gives one, so that no rule depends on the clock of an application server). `Database.run`
retries a whole transaction that PostgreSQL asked to be retried, and turns a violated named CHECK
into its refusal.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar, cast

import msgspec
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout

from everyshelf.base import codec, ids
from everyshelf.base.arrays import Array, ArrayDumper, array
from everyshelf.base.crash import crashpoint
from everyshelf.base.errors import BUSY, CONSTRAINTS
from everyshelf.base.sql import Statement, load

T = TypeVar("T")
R = TypeVar("R")

RETRIED = ("40001", "40P01", "55P03", "57P01", "57P02", "08000", "08003", "08006")
TRIES = 8
LEASE_HOURS = 24

set_json_loads(msgspec.json.decode)


class Tx:
    """One open transaction; every read and write of a verb goes through it."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        now: datetime | None,
        actor: str,
        cause: str,
        store: dict[str, tuple[str, Any]] | None = None,
    ) -> None:
        self.conn = conn
        self._store = {} if store is None else store
        self.actor = actor
        self.cause = cause
        self._now = now
        self.statements = 0

    @property
    def now(self) -> datetime:
        """The transaction's instant (UTC): given by the caller, else the database's clock."""
        if self._now is None:
            row = self.conn.execute("select now()").fetchone()
            assert row is not None
            self._now = row[0]
        return self._now

    def kept(self, name: str, stamp: str, make: Callable[[], R]) -> R:
        """What was made of reference data in this process, as long as its stamp is the same.

        The stamp must have been read in this transaction, before what it stands for is read.
        """
        found = self._store.get(name)
        if found is not None and found[0] == stamp:
            return cast(R, found[1])
        made = make()
        self._store[name] = (stamp, made)
        return made

    def _execute(self, statement: Statement, params: dict[str, Any]) -> psycopg.Cursor[Any]:
        self.statements += 1
        params = {
            name: array(value) if type(value) is list else value for name, value in params.items()
        }
        return self.conn.execute(statement.text.encode(), params)

    def run(self, statement: Statement, /, **params: Any) -> int:
        """Runs a statement for its effect; the number of rows it touched."""
        return self._execute(statement, params).rowcount

    def all(self, statement: Statement, kind: type[T], /, **params: Any) -> list[T]:
        """All rows, each as a struct whose fields are named as the columns."""
        cursor = self._execute(statement, params)
        assert cursor.description is not None, f"{statement.name} returns no rows"
        names = tuple(column.name for column in cursor.description)
        found: list[T] = codec.rows_reader(cast(Any, kind), names)(cursor.fetchall())
        return found

    def one(self, statement: Statement, kind: type[T], /, **params: Any) -> T | None:
        """The only row, or None; more than one is a bug."""
        rows = self.all(statement, kind, **params)
        assert len(rows) <= 1, f"{statement.name} returned {len(rows)} rows"
        return rows[0] if rows else None

    def tuples(self, statement: Statement, /, **params: Any) -> list[tuple[Any, ...]]:
        """All rows as plain tuples, for one- or two-column look-ups."""
        return self._execute(statement, params).fetchall()

    def copy(self, table: str, names: Sequence[str], rows: Iterator[Sequence[object]]) -> None:
        """Bulk-loads rows by COPY; `table` and `names` are constants of the calling room."""
        with self.conn.cursor().copy(f"copy {table} ({', '.join(names)}) from stdin") as sink:
            for row in rows:
                sink.write_row(row)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A nested transaction: an error inside undoes only what was done inside.

        On an idle connection the driver would make it the outer transaction and commit it alone,
        so the outer one is begun first.
        """
        if self.conn.info.transaction_status is TransactionStatus.IDLE:
            self.conn.execute("select 1")
        with self.conn.transaction():
            yield


class _EnumDumper(psycopg.adapt.Dumper):
    """Sends a StrEnum as its text."""

    oid = psycopg.postgres.types["text"].oid

    def dump(self, obj: Any) -> bytes:
        return str(obj.value).encode()


class _IdDumper(psycopg.adapt.Dumper):
    """Sends a typed id as its 64-bit integer."""

    oid = psycopg.postgres.types["int8"].oid

    def dump(self, obj: Any) -> bytes:
        return b"%d" % int(obj)


class _StructDumper(psycopg.adapt.Dumper):
    """Sends a struct as jsonb."""

    oid = psycopg.postgres.types["jsonb"].oid

    def dump(self, obj: Any) -> bytes:
        return codec.encode(obj)


def _configure(conn: psycopg.Connection[Any]) -> None:
    conn.adapters.register_dumper(StrEnum, _EnumDumper)
    conn.adapters.register_dumper(ids.Id, _IdDumper)
    conn.adapters.register_dumper(msgspec.Struct, _StructDumper)
    conn.adapters.register_dumper(Array, ArrayDumper)
    conn.prepare_threshold = 2
    conn.execute("set timezone = 'UTC'")
    conn.commit()


class Database:
    """A pool of connections to one PostgreSQL. Thread-safe; close it when done."""

    def __init__(self, url: str, *, size: int = 8) -> None:
        self.url = url
        self.pool = ConnectionPool(
            url, min_size=1, max_size=size, configure=_configure, open=True, timeout=10
        )
        self._renew_at = 0.0
        self._store: dict[str, tuple[str, Any]] = {}

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.pool.close()

    @contextmanager
    def transaction(
        self, *, now: datetime | None = None, actor: str = "system", cause: str = ""
    ) -> Iterator[Tx]:
        """One transaction without retries: commits at the end, rolls back on any error."""
        self._lease_worker()
        try:
            with self.pool.connection() as conn:
                yield Tx(conn, now, actor, cause, self._store)
        except psycopg.errors.IntegrityError as error:
            code = CONSTRAINTS.get(error.diag.constraint_name or "")
            if code is None:
                raise
            raise code() from error

    def run(
        self,
        work: Callable[[Tx], R],
        *,
        now: datetime | None = None,
        actor: str = "system",
        cause: str = "",
    ) -> R:
        """Runs `work` in a transaction; again, whole, when PostgreSQL asks for a retry.

        A connection that is lost before the commit was sent did nothing, so that is tried again
        too. Lost during the commit, the outcome is unknown: that is raised, and the command's key
        tells. Raises Refused(server.busy) when it still fails after the last try.
        """
        for attempt in range(TRIES):
            finished = False
            try:
                with self.transaction(now=now, actor=actor, cause=cause) as tx:
                    done = work(tx)
                    finished = True
                    crashpoint("tx.before_commit")
                crashpoint("tx.after_commit")
                return done
            except psycopg.OperationalError as error:
                if isinstance(error, PoolTimeout):
                    raise
                if error.sqlstate not in RETRIED and (finished or error.sqlstate is not None):
                    raise
                time.sleep(random.uniform(0, 0.01 * 2**attempt))
        raise BUSY()

    def _lease_worker(self) -> None:
        """Leases this process's worker number, so that no two processes make the same id."""
        if time.monotonic() < self._renew_at:
            return
        sql = load("everyshelf.base")
        with self.pool.connection() as conn:
            tx = Tx(conn, None, "system", "")
            rows = tx.tuples(sql.lease_worker, holder=ids.HOLDER, hours=LEASE_HOURS)
        assert rows, "all 1,024 worker numbers are leased"
        ids.MAKER.worker = rows[0][0]
        self._renew_at = time.monotonic() + LEASE_HOURS * 900
