"""JSON and row conversion: the typed ids travel as text in JSON and as integers in rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cache
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
    if isinstance(hint, type) and issubclass(hint, (Id, str)):
        return hint
    if get_origin(hint) is list and get_args(hint)[0] in PLAIN:
        return None
    if get_origin(hint) is Union and not bare:
        return None
    return lambda value: convert(value, hint)


@cache
def row_reader(kind: Any, names: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    """Builds structs from rows whose columns are named as the struct's fields."""
    hints = get_type_hints(kind)
    readers = [(n, name, _column_reader(hints[name])) for n, name in enumerate(names)]
    odd = [(n, reader) for n, _, reader in readers if reader is not None]

    def read(row: Sequence[Any]) -> Any:
        values = list(row)
        for n, reader in odd:
            values[n] = reader(values[n])
        return kind(**dict(zip(names, values, strict=True)))

    return read
