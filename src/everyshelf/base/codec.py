"""JSON and row conversion: the typed ids travel as text in JSON and as integers in rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from enum import StrEnum
from functools import cache
from inspect import signature
from itertools import starmap
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from everyshelf.base.ids import Id

T = TypeVar("T")


def to_plain(value: object) -> object:
    """Encodes what msgspec does not know: typed ids become their public text."""
    if isinstance(value, Id):
        return str(value)
    raise NotImplementedError(f"{type(value)} has no JSON form")


def from_plain(kind: type[Any], value: object) -> object:
    """Decodes typed ids from their public text, or from the integer of a row."""
    if isinstance(kind, type) and issubclass(kind, Id):
        if isinstance(value, str):
            return kind.parse(value)
        if isinstance(value, int):
            return kind(value)
        raise ValueError(f"expected an id of the kind {kind.prefix}_")
    raise NotImplementedError(f"{kind} has no JSON form")


_encoder = msgspec.json.Encoder(enc_hook=to_plain, order="deterministic")


def encode(value: object) -> bytes:
    """Deterministic JSON of any struct."""
    return _encoder.encode(value)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=from_plain)


def decode(body: bytes | str, kind: type[T]) -> T:
    """A struct from JSON; msgspec.ValidationError names the path of what is wrong."""
    value: T = _decoder(cast(Hashable, kind)).decode(body)
    return value


def convert(value: object, kind: type[T]) -> T:
    """A struct from builtins (what jsonb gives)."""
    return msgspec.convert(value, kind, dec_hook=from_plain)


def builtins(value: object) -> Any:
    """Builtins from a struct (what templates and CSV want)."""
    return msgspec.to_builtins(value, enc_hook=to_plain)


PLAIN = {str, int, float, bool, bytes, type(None)}


def _column_reader(hint: Any) -> Callable[[Any], Any] | None:
    """How a column becomes a field: None when the driver's value is already right."""
    args = get_args(hint) if get_origin(hint) is not None else ()
    bare = [a for a in args if a is not type(None)]
    if len(bare) == 1 and type(None) in get_args(hint):
        inner = _column_reader(bare[0])
        return inner and (lambda value: None if value is None else inner(value))
    if isinstance(hint, type) and (hint in PLAIN or hint.__module__ == "datetime"):
        return None
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {member.value: member for member in hint}.__getitem__
    if isinstance(hint, type) and issubclass(hint, (Id, str)):
        return hint
    if get_origin(hint) is list and get_args(hint)[0] in PLAIN:
        return None
    if get_origin(hint) is Union and not bare:
        return None
    return lambda value: convert(value, hint)


Rows = Sequence[Sequence[Any]]


@cache
def rows_reader(kind: Any, names: tuple[str, ...]) -> Callable[[Rows], list[Any]]:
    """Builds structs from rows whose columns are named as the struct's fields.

    Column by column, because a batch has many rows and few columns; by position where the
    columns are the struct's first fields.
    """
    hints = get_type_hints(kind)
    readers = [_column_reader(hints[name]) for name in names]
    takes = [p.name for p in signature(kind).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    first = takes[: len(names)]
    by_position = set(first) == set(names)
    order = [names.index(name) for name in first] if by_position else []
    ready = order == list(range(len(names))) and not any(readers)

    def read(rows: Rows) -> list[Any]:
        if ready or not rows:
            return list(starmap(kind, rows))
        columns = [
            column if reader is None else map(reader, column)
            for reader, column in zip(readers, zip(*rows, strict=True), strict=True)
        ]
        if by_position:
            return list(starmap(kind, zip(*(columns[n] for n in order), strict=True)))
        return [kind(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]

    return read
