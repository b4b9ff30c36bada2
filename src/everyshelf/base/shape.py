"""Where a document departs from the struct it should be: every place at once, each with what would
be right there. The decoder itself stops at the first; a person wants them all.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from everyshelf.base import codec
from everyshelf.base.errors import Problem

SEQUENCES: Final = (list, tuple, set, frozenset)
KNOWN_SHOWN: Final = 12
WHERE: Final = re.compile(r"^(?P<words>.*?) - at `\$(?P<path>[^`]*)`$", re.DOTALL)
STEP: Final = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<n>[^\]]*)\]")


def problems(document: object, kind: type[msgspec.Struct]) -> list[Problem]:
    """Every place at which a document of builtins is not this struct; none when it is."""
    found = list(_look(document, kind, ""))
    if found:
        return found
    try:
        codec.convert(document, kind)
    except msgspec.ValidationError as error:
        return [of(error)]
    return []


def of(error: msgspec.ValidationError) -> Problem:
    """What the decoder found, its path as a JSON pointer."""
    found = WHERE.match(str(error))
    if found is None:
        return Problem("", _sentence(str(error)))
    steps = (step["name"] or step["n"] for step in STEP.finditer(found["path"]))
    return Problem("".join(map(_below, steps)), _sentence(found["words"]))


def pointer(*steps: object) -> str:
    """A JSON pointer (RFC 6901): `pointer("filters", 0, "weight")` -> `/filters/0/weight`."""
    return "".join(map(_below, steps))


def near(word: object, known: Iterable[str]) -> str:
    """What was probably meant, else what there is."""
    names = sorted(known)
    meant = get_close_matches(str(word), names, 1)
    if meant:
        return f"Did you mean `{meant[0]}`?"
    more = ", ..." if len(names) > KNOWN_SHOWN else ""
    return f"Known: {', '.join(names[:KNOWN_SHOWN])}{more}." if names else ""


def _below(step: object) -> str:
    return "/" + str(step).replace("~", "~0").replace("/", "~1")


def _sentence(words: str) -> str:
    return words if words.endswith(".") else f"{words}."


def _look(value: object, hint: Any, path: str) -> Iterator[Problem]:
    """The problems of a value where this type is wanted."""
    if get_origin(hint) is Annotated and _composed(get_args(hint)[0]):
        hint = get_args(hint)[0]
    if _struct(hint):
        yield from _object(value, hint, path)
    elif get_origin(hint) in (Union, types.UnionType):
        yield from _union(value, get_args(hint), hint, path)
    elif get_origin(hint) in SEQUENCES and isinstance(value, list):
        yield from _items(value, hint, path)
    elif get_origin(hint) in (dict, Mapping) and isinstance(value, dict):
        for name, inner in value.items():
            yield from _look(inner, get_args(hint)[1], path + _below(name))
    else:
        yield from _leaf(value, hint, path)


def _composed(hint: Any) -> bool:
    """Whether values of the type have places inside."""
    kinds = (Union, types.UnionType, dict, Mapping, *SEQUENCES)
    return _struct(hint) or get_origin(hint) in kinds


def _struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def _object(value: object, kind: type[msgspec.Struct], path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(path, f"Expected an object, got {_name(value)}.")
        return
    hints = get_type_hints(kind, include_extras=True)
    fields = {f.encode_name: f for f in msgspec.structs.fields(kind)}
    tag = kind.__struct_config__.tag_field
    for name, inner in value.items():
        if name in fields:
            yield from _look(inner, hints[fields[name].name], path + _below(name))
        elif name != tag:
            yield Problem(path + _below(name), f"Unknown field `{name}`.", near(name, fields))
    for name, field in fields.items():
        if field.required and name not in value:
            yield Problem(path + _below(name), f"The field `{name}` is missing.")


def _union(value: object, members: tuple[Any, ...], hint: Any, path: str) -> Iterator[Problem]:
    """JSON tells the members of a union apart: by null, by the sort of value, objects by a tag."""
    structs = [m for m in members if _struct(m)]
    if isinstance(value, dict) and structs:
        yield from _tagged(value, structs, path)
        return
    lists = [m for m in members if get_origin(m) in SEQUENCES]
    if isinstance(value, list) and lists:
        yield from _look(value, lists[0], path)
        return
    yield from _leaf(value, hint, path)


def _tagged(
    value: Mapping[str, object], kinds: list[type[msgspec.Struct]], path: str
) -> Iterator[Problem]:
    tag = kinds[0].__struct_config__.tag_field
    if len(kinds) == 1 or tag is None:
        yield from _object(value, kinds[0], path)
        return
    known = {str(kind.__struct_config__.tag): kind for kind in kinds}
    named = value.get(tag)
    if str(named) in known:
        yield from _object(value, known[str(named)], path)
    elif tag not in value:
        yield Problem(path + _below(tag), f"The field `{tag}` is missing.", near("", known))
    else:
        yield Problem(path + _below(tag), f"Unknown {tag} `{named}`.", near(named, known))


def _items(value: list[object], hint: Any, path: str) -> Iterator[Problem]:
    args = get_args(hint)
    if get_origin(hint) is tuple and args[-1:] != (...,):
        if len(value) != len(args):
            yield Problem(path, f"Expected {len(args)} values, got {len(value)}.")
            return
        kinds = list(args)
    else:
        kinds = [args[0]] * len(value)
    for n, (inner, kind) in enumerate(zip(value, kinds, strict=True)):
        yield from _look(inner, kind, path + _below(n))


def _leaf(value: object, hint: Any, path: str) -> Iterator[Problem]:
    try:
        codec.convert(value, hint)
    except msgspec.ValidationError as error:
        found = of(error)
        yield Problem(path + found.path, found.detail, found.hint or _choices(value, hint))


def _choices(value: object, hint: Any) -> str:
    """What an enumeration would take."""
    members = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    for one in members:
        if isinstance(one, type) and issubclass(one, Enum):
            return near(value, (str(member.value) for member in one))
        if get_origin(one) is Literal:
            return near(value, map(str, get_args(one)))
    return ""


def _name(value: object) -> str:
    """How JSON calls a value."""
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "an array"}
    return names.get(type(value), "an object")
