"""Reads commands from JSON more strictly than a struct does: no field that is not documented, ids
as text, times with their offset, numbers and texts that the database can keep.

Shape only: whether an item exists or a quantity makes sense is the room's to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from everyshelf.base import codec
from everyshelf.edge.web.problems import ZONE_MISSING, Invalid

T = TypeVar("T")
Check = Callable[[Any, str], None]

MAX_TEXT: Final = 20_000
INT64: Final = 1 << 63
ZONE: Final = re.compile(r"(?:[Zz]|[+-]\d\d:?\d\d)$")
_SEQUENCES: Final = (
    inspect.ListType,
    inspect.SetType,
    inspect.FrozenSetType,
    inspect.VarTupleType,
    inspect.CollectionType,
)


def parse(body: bytes) -> Any:
    """JSON as builtins; refuses what is not JSON."""
    return msgspec.json.decode(body) if body.strip() else {}


def read(raw: object, kind: type[T], given: Mapping[str, object] | None = None) -> T:
    """A struct from what the caller sent, completed by what the route and the headers say.

    The caller may not send a field that the route gives.
    """
    if not isinstance(raw, dict):
        raise Invalid("Expected a JSON object.", "$")
    known = given or {}
    twice = sorted(raw.keys() & known.keys())
    if twice:
        raise Invalid(f"`{twice[0]}` comes from the path or a header, not the body.", "$")
    whole = {**raw, **known}
    check(kind)(whole, "$")
    try:
        return codec.convert(whole, kind)
    except msgspec.ValidationError as error:
        raise Invalid.of(error) from error


_made: Final[dict[Any, Check]] = {}


def check(kind: Any) -> Check:
    """The strict check of a type, made once."""
    if kind not in _made:
        _made[kind] = _check(inspect.type_info(kind), {})
    return _made[kind]


def _check(kind: inspect.Type, made: dict[type, Check]) -> Check:
    if isinstance(kind, inspect.Metadata):
        return _check(kind.type, made)
    if isinstance(kind, inspect.StructType):
        return _struct(kind, made)
    if isinstance(kind, _SEQUENCES):
        return _sequence(_check(kind.item_type, made))
    if isinstance(kind, inspect.TupleType):
        return _fixed([_check(one, made) for one in kind.item_types])
    if isinstance(kind, inspect.NamedTupleType):
        return _fixed([_check(one.type, made) for one in kind.fields])
    if isinstance(kind, inspect.DictType):
        return _mapping(_check(kind.value_type, made))
    if isinstance(kind, inspect.UnionType):
        return _union(kind, made)
    if isinstance(kind, inspect.CustomType):
        return _text_id
    if isinstance(kind, inspect.DateTimeType):
        return _time
    return _plain


def _struct(kind: inspect.StructType, made: dict[type, Check]) -> Check:
    if kind.cls in made:
        return made[kind.cls]
    fields: dict[str, Check] = {}

    def look(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            return  # The decoder says it better.
        for name, inner in value.items():
            if name not in fields:
                raise Invalid(f"Unknown field `{name[:100]}` at {path}", f"{path}.{name[:100]}")
            fields[name](inner, f"{path}.{name}")

    made[kind.cls] = look
    fields.update((f.encode_name, _check(f.type, made)) for f in kind.fields)
    return look


def _sequence(item: Check) -> Check:
    def look(value: Any, path: str) -> None:
        for n, inner in enumerate(value if isinstance(value, list) else ()):
            item(inner, f"{path}[{n}]")

    return look


def _fixed(items: list[Check]) -> Check:
    def look(value: Any, path: str) -> None:
        for n, inner in enumerate(value if isinstance(value, list) else ()):
            if n < len(items):
                items[n](inner, f"{path}[{n}]")

    return look


def _mapping(inner: Check) -> Check:
    def look(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for name, one in value.items():
                _plain(name, path)
                inner(one, f"{path}.{name[:100]}")

    return look


def _union(kind: inspect.UnionType, made: dict[type, Check]) -> Check:
    """The members that JSON tells apart: one object, one array, one scalar that is not null."""
    checks = [(one, _check(one, made)) for one in kind.types if not _is_nothing(one)]

    def look(value: Any, path: str) -> None:
        for one, inner in checks:
            if value is not None and _fits(one, value):
                inner(value, path)

    return look


def _is_nothing(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.NoneType) or type(kind).__name__ == "UnsetType"


def _fits(kind: inspect.Type, value: object) -> bool:
    if isinstance(kind, inspect.StructType | inspect.DictType):
        return isinstance(value, dict)
    if isinstance(kind, (*_SEQUENCES, inspect.TupleType, inspect.NamedTupleType)):
        return isinstance(value, list)
    return not isinstance(value, dict | list)


def _text_id(value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise Invalid(f"Expected an id as text at {path}", path)
    _plain(value, path)


def _time(value: Any, path: str) -> None:
    if isinstance(value, str) and not ZONE.search(value):
        raise Invalid(f"{ZONE_MISSING.meaning} Got {value[:40]!r} at {path}", path, ZONE_MISSING)
    if isinstance(value, int | float):
        raise Invalid(f"Expected a time as RFC 3339 text at {path}", path)


def _plain(value: Any, path: str) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise Invalid(f"A text holds no NUL character, at {path}", path)
        if len(value) > MAX_TEXT:
            raise Invalid(f"A text has at most {MAX_TEXT} letters, at {path}", path)
    elif isinstance(value, int) and not -INT64 <= value < INT64:
        raise Invalid(f"A number is too large at {path}", path)
