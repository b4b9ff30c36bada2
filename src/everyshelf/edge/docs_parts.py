"""The catalogue of the policy `sourcing`: its document, and every part with what it takes.

Written from the structs themselves, so that the page cannot differ from what is accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, get_args

import msgspec

from everyshelf.decide import conditions, sourcing_costs, sourcing_filters, sourcing_rules
from everyshelf.decide.sourcing_facts import FACTS

SHAPES: Final = {"c": "node", "r": "line", "rc": "line and node"}
ALWAYS: Final = {
    "other_node": "the buyer collects elsewhere",
    "inactive": "the node is not active on this date",
    "paused": "somebody paused it",
    "capability": "it cannot ship, hand over, or deliver the same day",
    "never_open": "its calendar has no hours in which the work could be done",
    "beyond_reach": "no service reaches the address from there",
    "handling": "it cannot handle what the item needs (hazmat, cold, oversize)",
    "said_no": "it rejected these lines before",
    "capacity": "its orders, lines or units of the day or slot are taken",
}


def page(note: str) -> str:
    """The whole page."""
    rules = sourcing_rules
    return "\n".join((
        "# The policy of sourcing\n", note, "",
        "A version of the policy `sourcing` is one JSON document. What is left out has its default;"
        " a field or part that does not exist is refused with its place.\n",
        *_struct("The document", rules.Rules),
        *_struct("A source (a rung of the hierarchy)", rules.Source),
        *_struct("Limits", rules.Limits),
        *_struct("A turn", rules.Turn),
        "## Filters that always apply\n",
        "What cannot be is no policy. In this order, before the policy's own:\n",
        *_table(("filter", "takes a node out when"), ALWAYS.items()), "",
        *_parts("Filters", get_args(sourcing_filters.AnyFilter)),
        *_parts("Costs", get_args(sourcing_costs.AnyCost)),
        "Without `costs` these are charged: "
        + ", ".join(f"`{part.label}`" for part in sourcing_costs.STANDARD) + ".\n",
        "## What conditions may name\n",
        "Conditions are written in CEL, the Common Expression Language.\n",
        *_table(("map", "fields"), ((f"`{word}`", ", ".join(f"`{f}`" for f in fields))
                                    for word, fields in conditions.NAMES.items())), "",
        "## Facts\n",
        "What the parts read. A fact that nobody states is zero.\n",
        *_table(("fact", "a value for each", "meaning"), (
            (f"`{name}`", SHAPES[shape], meaning) for name, (shape, meaning) in FACTS.items()
        )), "",
    ))  # fmt: skip


def _struct(title: str, kind: type[msgspec.Struct]) -> Iterator[str]:
    yield f"## {title}\n"
    yield _words(kind) + "\n"
    yield from _table(("field", "default"), ((f"`{n}`", d) for n, d in _fields(kind)))
    yield ""


def _parts(title: str, kinds: Iterable[type[Any]]) -> Iterator[str]:
    yield f"## {title}\n"
    rows = []
    for kind in kinds:
        takes = ", ".join(f"`{n}` ({d})" for n, d in _fields(kind)) or "nothing"
        rows.append((f"`{kind.__struct_config__.tag}`", _words(kind), takes))
    yield from _table(("part", "what it does", "takes (default)"), rows)
    yield ""


def _fields(kind: type[msgspec.Struct]) -> Iterator[tuple[str, str]]:
    for field in msgspec.structs.fields(kind):
        yield field.name, "must be stated" if field.required else _default(field)


def _default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default
    if value is msgspec.NODEFAULT:
        value = field.default_factory() if callable(field.default_factory) else None
    if isinstance(value, msgspec.Struct):
        return "its defaults"
    if isinstance(value, tuple) and any(isinstance(v, msgspec.Struct) for v in value):
        return "see below"
    return f"`{msgspec.json.encode(value).decode()}`"


def _words(kind: type[Any]) -> str:
    return " ".join((kind.__doc__ or "").split())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"
