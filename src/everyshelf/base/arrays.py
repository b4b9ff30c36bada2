"""Lists as PostgreSQL array literals, made fast: a batch verb sends a dozen of them a statement.

The driver's own dumper is general; ours knows that every list parameter is cast in the statement
(`%(items)s::text[]`), so the text of the elements is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any, cast

import msgspec
from psycopg.adapt import Dumper

from everyshelf.base import codec


class Array(bytes):
    """An array literal, ready to be sent."""


class ArrayDumper(Dumper):
    """Sends an array literal as it is; the statement's cast gives the type."""

    oid = 0

    def dump(self, obj: Any) -> bytes:
        return bytes(obj)


def array(values: Sequence[object]) -> Array:
    """`["a", None, 'b"']` -> `{"a",NULL,"b\\""}`."""
    kinds: set[Any] = set(map(type, values))
    if len(kinds) > 1:
        writers = {kind: _writer(kind) for kind in kinds}
        return Array(f"{{{','.join([writers[type(v)](v) for v in values])}}}".encode())
    for kind in kinds:
        if issubclass(kind, str):
            return Array(_texts(cast(Sequence[str], values)).encode())
        return Array(f"{{{','.join(map(_writer(kind), values))}}}".encode())
    return Array(b"{}")


def _texts(values: Sequence[str]) -> str:
    """Texts at once: nearly always nothing in them has to be escaped."""
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') > 2 * (len(values) - 1):
        return f"{{{','.join(map(_quoted, values))}}}"
    return f'{{"{joined}"}}'


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


@cache
def _writer(kind: Any) -> Callable[[Any], str]:
    """How an element of this type is written."""
    if kind is type(None):
        return lambda value: "NULL"
    if kind is bool:
        return lambda value: "t" if value else "f"
    if issubclass(kind, int):
        return int.__repr__  # Of a typed id too: its own text is for people.
    if issubclass(kind, str):
        return _quoted
    if kind is float:
        return repr
    if issubclass(kind, date):
        return lambda value: f'"{value}"'
    if issubclass(kind, (bytes, bytearray)):
        return lambda value: f'"\\\\x{value.hex()}"'
    if issubclass(kind, (msgspec.Struct, dict, list, tuple)):
        return lambda value: _quoted(codec.encode(value).decode())
    raise TypeError(f"{kind} is no element of an array parameter")
