"""Lists as PostgreSQL array literals, made fast: a batch verb sends a dozen of them a statement.

The driver's own dumper is general; ours knows that every list parameter is cast in the statement
(`%(items)s::text[]`), so the text of the elements is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any

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
    kinds = set(map(type, values))
    if kinds <= {int}:
        return Array(f"{{{','.join(map(str, values))}}}".encode())
    if kinds <= {str}:
        return Array(f"{{{','.join(map(_quoted, values))}}}".encode())  # type: ignore[arg-type]
    return Array(f"{{{','.join(map(_element, values))}}}".encode())


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, StrEnum):
        return _quoted(value.value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (str, date)):
        return _quoted(str(value))
    if isinstance(value, (bytes, bytearray)):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, (msgspec.Struct, dict, list, tuple)):
        return _quoted(codec.encode(value).decode())
    raise TypeError(f"{type(value)} is no element of an array parameter")
