"""Migrations: `db/migrations/NNNN_*.sql`, applied in order, each once, each in a transaction.

A file is expand-only DDL; `*_post.sql` contracts. Statements end with `;` at a line's end and are
sent one by one (a sharded engine wants one DDL statement per message). A file that was applied
must not change: its checksum is kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from importlib import resources

import psycopg

from everyshelf.base.errors import Code

CHANGED = Code("migration.changed", 500, "A migration that was applied has changed since.")
STATEMENT_END = re.compile(r";\s*(?:\n|$)")
HOT = re.compile(r"\)(?: with \([^)]*\))? -- hot\b")
LEDGER = """
create table if not exists schema_migration (
  name text primary key, checksum text not null, at timestamptz not null default now()
)"""


def files() -> list[tuple[str, str]]:
    """All migrations as (name, text), in the order in which they are applied."""
    folder = resources.files("everyshelf.db") / "migrations"
    found = [(f.name, f.read_text()) for f in folder.iterdir() if f.name.endswith(".sql")]
    return sorted(found)


def statements(text: str, *, by_part: bool = False) -> Iterator[str]:
    """The statements of a file.

    `by_part` makes the tables marked `-- hot` hash-partitioned by `part`: PostgreSQL then refuses
    what a sharded engine would refuse.
    """
    for piece in STATEMENT_END.split(text):
        lines = [line for line in piece.splitlines() if not line.strip().startswith("--")]
        code = "\n".join(lines).strip()
        if code and by_part and (hot := HOT.search(code)):
            table = code.split()[2]
            yield code[: hot.start()] + ") partition by hash (part)"
            for n in range(4):
                yield (
                    f"create table {table}_p{n} partition of {table} "
                    f"for values with (modulus 4, remainder {n})"
                )
        elif code:
            yield code


def apply(url: str, *, by_part: bool = False) -> list[str]:
    """Applies the migrations that are missing; their names. Two processes may call it at once."""
    done: list[str] = []
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(LEDGER)
        if conn.info.server_version >= 170000:
            conn.execute("set transaction_timeout = 0")
        for name, text in files():
            with conn.transaction():
                if _apply_one(conn, name, text, by_part):
                    done.append(name)
    return done


def _apply_one(conn: psycopg.Connection, name: str, text: str, by_part: bool) -> bool:
    conn.execute("lock table schema_migration in exclusive mode")
    checksum = hashlib.sha256(text.encode()).hexdigest()
    row = conn.execute("select checksum from schema_migration where name = %s", [name]).fetchone()
    if row is not None:
        if row[0] != checksum:
            raise CHANGED(f"{name} was applied with another text.")
        return False
    for statement in statements(text, by_part=by_part):
        conn.execute(statement.encode())
    conn.execute("insert into schema_migration (name, checksum) values (%s, %s)", [name, checksum])
    return True
