"""The laws that PostgreSQL itself tells: types, owners, plans and keys of named statements.

Each checker takes statements and a connection to a migrated database and returns one line per
violation; nothing is executed except PREPARE and EXPLAIN.
"""

import ast
import inspect
import re
import types
import typing
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from everyshelf.base.sql import Statement, Statements, parse

Connection = psycopg.Connection[Any]
PARAMETER = re.compile(r"%\((\w+)\)s")
CONDITIONS = {"Index Cond", "Recheck Cond", "TID Cond"}
CREATED = re.compile(r"^create table (\w+)", re.MULTILINE)


def statements(root: Path, name: str = "*.sql") -> list[Statement]:
    """All named statements below the package `everyshelf`; a check is one, too."""
    found: list[Statement] = []
    for path in sorted(root.rglob(name)):
        if "db" not in path.relative_to(root).parts[:1]:
            package = ".".join((root.name, *path.relative_to(root).parts[:-1]))
            found += parse(package, path.read_text()).values()
    return found


def room_of(statement: Statement) -> str:
    """`everyshelf.stock` -> `stock`."""
    return statement.package.split(".")[1]


def numbered(text: str) -> str:
    """`%(name)s` as `$n`, as the driver sends it."""
    names = list(dict.fromkeys(PARAMETER.findall(text)))
    return PARAMETER.sub(lambda m: f"${names.index(m[1]) + 1}", text).replace("%%", "%")


def columns(conn: Connection, statement: Statement) -> dict[str, int]:
    """PREPAREs a statement: its result columns with the oid of their types."""
    wire = conn.pgconn
    for result in (
        wire.prepare(b"law", numbered(statement.text).encode()),
        wire.describe_prepared(b"law"),
    ):
        if result.error_message:
            raise ValueError(result.error_message.decode().strip())
    conn.execute("deallocate law")
    return {(result.fname(n) or b"").decode(): result.ftype(n) for n in range(result.nfields)}


def unprepared(conn: Connection, found: Sequence[Statement]) -> list[str]:
    """Statements that PostgreSQL does not understand, and columns that share a name."""
    bad = []
    for statement in found:
        try:
            columns(conn, statement)
        except ValueError as error:
            bad.append(f"{statement.package}.{statement.name}: {error}")
    return bad


PYTHON: dict[str, tuple[type, ...]] = {
    "int2": (int,),
    "int4": (int,),
    "int8": (int,),
    "float4": (float,),
    "float8": (float,),
    "bool": (bool,),
    "text": (str,),
    "varchar": (str,),
    "name": (str,),
    "bytea": (bytes,),
    "timestamptz": (datetime,),
    "date": (date,),
    "time": (time,),
    "numeric": (),
}


def mismatched(conn: Connection, module: types.ModuleType) -> list[str]:
    """Calls of tx.all and tx.one whose struct is not what the statement returns."""
    bad = []
    for statement, kind, line in calls(module):
        where = f"{module.__name__}:{line} {statement.name}"
        try:
            found = columns(conn, statement)
        except ValueError as error:
            bad.append(f"{where}: {error}")
            continue
        bad += [f"{where}: {what}" for what in _differences(found, kind)]
    return bad


def calls(module: types.ModuleType) -> Iterator[tuple[Statement, type, int]]:
    """(statement, struct, line) of each `tx.all(SQL.name, Struct, ...)` of a module."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("all", "one")
            and len(node.args) == 2
            and isinstance(node.args[0], ast.Attribute)
        ):
            source, kind = node.args[0], _value(module, node.args[1])
            sql = _value(module, source.value)
            if isinstance(sql, Statements) and isinstance(kind, type):
                yield getattr(sql, source.attr), kind, node.lineno


def _value(module: types.ModuleType, node: ast.expr) -> object:
    """What a name of the module stands for; None where only a run could tell."""
    if isinstance(node, ast.Name):
        return getattr(module, node.id, None)
    return (
        getattr(_value(module, node.value), node.attr, None)
        if (isinstance(node, ast.Attribute))
        else None
    )


def _differences(found: dict[str, int], kind: type) -> list[str]:
    if not issubclass(kind, msgspec.Struct):
        return [f"{kind.__name__} is no struct"]
    fields = {f.name: f for f in msgspec.structs.fields(kind)}
    hints = typing.get_type_hints(kind)
    bad = [f"the column {name} is no field of {kind.__name__}" for name in found.keys() - fields]
    bad += [
        f"{kind.__name__}.{name} is not selected"
        for name, field in fields.items()
        if field.required and name not in found
    ]
    for name in found.keys() & fields.keys():
        base = psycopg.postgres.types.get(found[name])
        wanted = PYTHON.get(base.name, ()) if base and base.oid == found[name] else ()
        if wanted and not _fits(hints[name], wanted):
            bad.append(f"{kind.__name__}.{name} is {hints[name]}, the column is {wanted}")
    return sorted(bad)


def _fits(hint: Any, wanted: tuple[type, ...]) -> bool:
    """Whether a column of this type may become this field: subclasses (ids, states) do."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return any(_fits(a, wanted) for a in typing.get_args(hint) if a is not type(None))
    if typing.get_origin(hint) is typing.Literal or not isinstance(hint, type):
        return True
    return hint in (object, Any) or issubclass(hint, wanted)


def owners(folder: Path) -> dict[str, str]:
    """Table -> room, by the migration file `NNNN_<room>*.sql` that creates it."""
    return {
        table: path.stem.split("_")[1]
        for path in sorted(folder.glob("*.sql"))
        for table in CREATED.findall(path.read_text())
    }


def plan(conn: Connection, statement: Statement) -> list[dict[str, Any]]:
    """All nodes of the generic plan of a statement; a LOCK TABLE has none."""
    if statement.text.startswith("lock table"):
        return []
    text = f"explain (generic_plan, format json) {numbered(statement.text)}"
    result = conn.pgconn.exec_(text.encode())
    if result.error_message:
        raise ValueError(result.error_message.decode().strip())
    value = result.get_value(0, 0)
    assert value is not None
    nodes = [row["Plan"] for row in msgspec.json.decode(value)]
    for node in nodes:
        nodes.extend(node.get("Plans", ()))
    return nodes


def parents(conn: Connection) -> dict[str, str]:
    """Partition -> its table."""
    found = "select inhrelid::regclass::text, inhparent::regclass::text from pg_inherits"
    return dict(conn.execute(found).fetchall())


def trespasses(
    conn: Connection, found: Sequence[Statement], owner: dict[str, str], rooms: Sequence[str]
) -> list[str]:
    """Writes to another room's table, and reads of a later room's."""
    above, bad = parents(conn), []
    for statement in found:
        room = room_of(statement)
        for node in plan(conn, statement):
            table = above.get(node.get("Relation Name", ""), node.get("Relation Name", ""))
            whose = owner.get(table, "")
            where = f"{statement.package}.{statement.name}"
            outside = room == "edge" and whose == "base"  # Edge delivers to the world.
            if node["Node Type"] == "ModifyTable" and whose != room and not outside:
                bad.append(f"{where} writes {table} of {whose or 'nobody'}")
            elif whose in rooms and room in rooms and rooms.index(whose) > rooms.index(room):
                bad.append(f"{where} reads {table} of the later room {whose}")
            elif room == "base" and whose not in ("", "base"):
                bad.append(f"{where} touches {table} of {whose}")
    return sorted(set(bad))


def unindexed(conn: Connection, found: Sequence[Statement], hot: set[str]) -> list[str]:
    """Statements that read a hot table whole even where PostgreSQL is told to avoid that."""
    above, bad = parents(conn), []
    conn.execute("set enable_seqscan = off")
    for statement in found:
        for node in plan(conn, statement):
            table = above.get(node.get("Relation Name", ""), node.get("Relation Name", ""))
            if table in hot and "Scan" in node["Node Type"] and not node.keys() & CONDITIONS:
                bad.append(f"{statement.package}.{statement.name} reads {table} whole")
    conn.execute("reset enable_seqscan")
    return sorted(set(bad))


def sorting(conn: Connection, found: Sequence[Statement]) -> list[str]:
    """Statements that sort even where PostgreSQL is told not to: no index has their order."""
    bad = []
    for name in ("seqscan", "sort", "incremental_sort"):
        conn.execute(f"set enable_{name} = off")
    for statement in found:
        if any("Sort" in node["Node Type"] for node in plan(conn, statement)):
            bad.append(f"{statement.package}.{statement.name} sorts")
    for name in ("seqscan", "sort", "incremental_sort"):
        conn.execute(f"reset enable_{name}")
    return bad


def hot_tables(folder: Path) -> set[str]:
    """The tables that the migrations mark `-- hot`."""
    found = set()
    for path in folder.glob("*.sql"):
        for piece in re.split(r";\s*\n", path.read_text()):
            if re.search(r"-- hot\b", piece) and (name := CREATED.search(piece)):
                found.add(name[1])
    return found


KEYS = """
select c.relname, i.indisprimary, array_agg(a.attname::text order by k.n)
from pg_index i
join pg_class c on c.oid = i.indrelid
cross join lateral unnest(i.indkey::int2[]) with ordinality as k (attnum, n)
join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
where i.indisunique and c.relname = any (%s)
group by c.relname, i.indisprimary, i.indexrelid
"""
REFERENCES = """
select conrelid::regclass::text, confrelid::regclass::text
from pg_constraint
where contype = 'f' and (conrelid::regclass::text = any (%(hot)s)
  or confrelid::regclass::text = any (%(hot)s))
"""


def unsharded(conn: Connection, hot: set[str]) -> list[str]:
    """Hot tables that a sharded engine would refuse: keys without `part`, foreign keys."""
    bad, keyed = [], set()
    for table, primary, names in conn.execute(KEYS, [sorted(hot)]):
        if primary:
            keyed.add(table)
        if "part" not in names or (primary and names[0] != "part"):
            bad.append(f"{table} has the key ({', '.join(names)})")
    bad += [f"{table} has no primary key" for table in hot - keyed]
    for table, other in conn.execute(REFERENCES, {"hot": sorted(hot)}):
        bad.append(f"{table} refers to {other}")
    return sorted(bad)
