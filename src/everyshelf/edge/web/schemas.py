"""The JSON schemas of bodies, answers and queries, from the same structs that are decoded.

Also one example per body, made from its types; a test sends each through the real decoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

from everyshelf.base import ids
from everyshelf.base.ids import Id
from everyshelf.base.results import Outcome
from everyshelf.edge.web.declare import Listing, Verb, parameters
from everyshelf.edge.web.problems import Problem

TEMPLATE: Final = "#/components/schemas/{name}"
LETTERS: Final = "0-9a-hjkmnp-tv-z"
NOT_IN_BODIES: Final = ("key", "version")

SAMPLES: Final[Mapping[str, object]] = {
    "item": "TEA-1", "kit": "TEA-SET", "node": "S001", "from_node": "DC1", "to_node": "S001",
    "pickup_node": "S001", "channel": "web", "channel_ref": "1001", "currency": "USD",
    "email": "ada@example.com", "phone": "+12125550100", "name": "Ada", "country": "US",
    "region": "NY", "city": "New York", "postcode": "10001", "street": "1 Main St",
    "method": "ship", "pool": "ship", "bucket": "sellable", "from_bucket": "sellable",
    "to_bucket": "display", "reason": "cycle count", "source": "pos", "owner": "cart-1",
    "url": "https://example.com/hooks", "types": ["everyshelf.orders.*"], "qty": 2,
    "role": "integration", "kind": "web",
}  # fmt: skip


def body(route: Verb) -> type[msgspec.Struct]:
    """What is sent to a verb: the command without its key, its version and its path fields."""
    left_out = {*NOT_IN_BODIES, *parameters(route.path)}
    return _without(route.command, frozenset(left_out))


def bulk_item(route: Verb) -> type[msgspec.Struct]:
    """A command inside a bulk: all of its fields, its key if it has one of its own."""
    kept = _without(route.command, frozenset({"key"}))
    own = [("key", str | None, None)] if route.keyed else []
    return _struct(f"{route.command.__name__}InBulk", [*_fields(kept), *own], route.command)


def bulk_answers(route: Verb) -> type[msgspec.Struct]:
    """One answer of a bulk, with the verb's own value."""
    rest = [("outcome", Outcome), ("value", route.answer | None, None)]
    fields = [*rest, ("problem", Problem | None, None)]
    return _struct(f"{route.command.__name__}Answer", fields, route.command)


def page(route: Listing) -> type[msgspec.Struct]:
    """A page of a list's rows."""
    fields = [("items", list[route.row]), ("next", str | None, None)]  # type: ignore[name-defined]
    return _struct(f"{route.row.__name__}Page", fields, route.row)


@cache
def _without(kind: type[msgspec.Struct], names: frozenset[str]) -> type[msgspec.Struct]:
    kept = [f for f in _fields(kind) if f[0] not in names]
    return _struct(kind.__name__, kept, kind)


def _fields(kind: type[msgspec.Struct]) -> list[Any]:
    found: list[Any] = []
    for f in msgspec.structs.fields(kind):
        if f.default_factory is not msgspec.NODEFAULT:
            made = msgspec.field(default_factory=f.default_factory)
            found.append((f.name, f.type, made))
        elif f.default is not msgspec.NODEFAULT:
            found.append((f.name, f.type, f.default))
        else:
            found.append((f.name, f.type))
    return found


def _struct(name: str, fields: list[Any], like: type[msgspec.Struct]) -> type[msgspec.Struct]:
    made: type[msgspec.Struct] = msgspec.defstruct(
        name,
        fields,
        kw_only=True,
        frozen=True,
        module=like.__module__,
        namespace={"__doc__": like.__doc__},
    )
    return made


def schema_of_id(kind: type[Any]) -> dict[str, object]:
    """A typed id as JSON schema."""
    if isinstance(kind, type) and issubclass(kind, Id):
        return {
            "type": "string",
            "pattern": f"^{kind.prefix}_[0-7][{LETTERS}]{{{ids.TEXT_LENGTH - 1}}}$",
            "description": kind.__doc__ or "",
            "examples": [str(kind(1 << 60))],
        }
    raise NotImplementedError(kind)


def components(kinds: list[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Schemas of these types and of all they are made of; no object has undocumented fields."""
    told, shared = msgspec.json.schema_components(
        kinds, schema_hook=schema_of_id, ref_template=TEMPLATE
    )
    for schema in shared.values():
        if schema.get("type") == "object" and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    return list(told), shared


def example(kind: Any) -> Any:
    """An example of a type: what is required, and what is usual."""
    return _example(inspect.type_info(kind), "", 0)


def _example(kind: inspect.Type, name: str, depth: int) -> Any:
    if isinstance(kind, inspect.StructType):
        return {
            f.encode_name: _example(f.type, f.encode_name, depth + 1)
            for f in kind.fields
            if f.required
        }
    sample = SAMPLES.get(name)
    if isinstance(kind, inspect.UnionType):
        return _example(kind.types[0], name, depth)
    if isinstance(kind, inspect.EnumType):
        values = [one.value for one in kind.cls]
        return sample if sample in values else values[0]
    if isinstance(kind, inspect.CustomType):
        return str(kind.cls(1 << 60))
    if isinstance(kind, inspect.TupleType):
        return [_example(one, name, depth) for one in kind.item_types]
    if isinstance(kind, inspect.NamedTupleType):
        return [_example(f.type, f.encode_name, depth) for f in kind.fields if f.required]
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        return sample if isinstance(sample, list) else [_example(kind.item_type, name, depth)]
    return _scalar(kind, name, sample)


def _scalar(kind: inspect.Type, name: str, sample: object) -> Any:
    if isinstance(kind, inspect.StrType):
        return sample if isinstance(sample, str) else name or "text"
    if isinstance(kind, inspect.IntType):
        return sample if isinstance(sample, int) else 1
    plain: list[tuple[type[inspect.Type], object]] = [
        (inspect.BoolType, True), (inspect.FloatType, 1.5),
        (inspect.DateTimeType, "2026-03-02T12:00:00Z"), (inspect.DateType, "2026-03-02"),
        (inspect.DictType, {}),
    ]  # fmt: skip
    return next((value for of, value in plain if isinstance(kind, of)), None)
