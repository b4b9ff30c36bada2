"""The schema as one text, read from PostgreSQL's own catalogue: what `schema.sql` holds.

The text is itself SQL: run on an empty database it makes the same schema. Changes nothing.
"""

from __future__ import annotations

from importlib import resources
from typing import Any, Final

import psycopg

FILE: Final = "schema.sql"
HEAD: Final = (
    "-- The result of all migrations, written by `python -m everyshelf.db`; not by hand.\n"
)

TABLES: Final = """
select c.oid::int, c.relname, c.relkind, c.relispartition,
  pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid), parent.relname, c.reloptions
from pg_class c
left join pg_inherits i on i.inhrelid = c.oid
left join pg_class parent on parent.oid = i.inhparent
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
  and c.relname <> 'schema_migration'
order by c.oid
"""
COLUMNS: Final = """
select a.attrelid::int, a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
  || case when l.collname = 'C' then ' collate "C"' else '' end
  || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
  || case when a.attnotnull then ' not null' else '' end
from pg_attribute a
left join pg_collation l on l.oid = a.attcollation
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
"""
CONSTRAINTS: Final = """
select conrelid::int, 'constraint ' || conname || ' ' || pg_get_constraintdef(oid, true)
from pg_constraint
where connamespace = 'public'::regnamespace and contype in ('c', 'f', 'p', 'u')
order by conrelid, conname
"""
INDEXES: Final = """
select replace(pg_get_indexdef(i.indexrelid, 0, true), ' public.', ' ')
from pg_index i
join pg_class c on c.oid = i.indexrelid
where c.relnamespace = 'public'::regnamespace and not c.relispartition
  and not exists (select from pg_constraint where conindid = i.indexrelid)
order by c.relname
"""
VIEWS: Final = """
select 'create view ' || relname || ' as' || e'\\n' || pg_get_viewdef(oid, true)
from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'v'
order by oid
"""


def recorded() -> str:
    """The text of `schema.sql`."""
    return (resources.files("everyshelf.db") / FILE).read_text()


def listing(conn: psycopg.Connection[Any]) -> str:
    """The schema of a database as SQL, in the order in which it was made."""
    columns, constraints = _by_table(conn, COLUMNS), _by_table(conn, CONSTRAINTS)
    made = []
    for oid, name, _, partition, key, bound, parent, options in conn.execute(TABLES):
        if partition:
            made.append(f"create table {name} partition of {parent} {bound.lower()}")
            continue
        body = ",\n".join(f"  {line}" for line in columns[oid] + constraints.get(oid, []))
        tail = f" partition by {key.lower()}" if key else ""
        tail += f" with ({', '.join(options)})" if options else ""
        made.append(f"create table {name} (\n{body}\n){tail}")
    made += [str(text) for (text,) in conn.execute(INDEXES)]
    made += [str(text).rstrip(";") for (text,) in conn.execute(VIEWS)]
    return HEAD + "".join(f"\n{statement};\n" for statement in made)


def _by_table(conn: psycopg.Connection[Any], query: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for oid, text in conn.execute(query.encode()):
        found.setdefault(oid, []).append(text)
    return found
