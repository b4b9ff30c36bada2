"""Conditions of policies in CEL (Common Expression Language), compiled once and asked by column.

A condition sees `order`, `node` and `line` as maps of plain values and answers true or false. It is
asked once for each distinct set of the values that it names, not once for each node. It can do no
I/O; what it may name is listed in NAMES.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import cel
import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Scalar = str | int | float | bool
Value = Scalar | Sequence[str]
Row = Mapping[str, Value]

NAMES: Final[Mapping[str, Mapping[str, Value]]] = {
    "order": {
        "channel": "web", "method": "ship", "country": "US", "region": "NY", "tier": "gold",
        "priority": 0, "value_minor": 5000, "units": 2, "lines": 1, "preferred_node": "",
        "waited_minutes": 0,
    },
    "node": {
        "code": "S001", "kind": "store", "country": "US", "region": "NY", "tags": ["pilot"],
        "km": 12, "workload_pct": 40, "late_days": 0,
    },
    "line": {"item": "TEA-1", "handling": ["cold"], "qty": 1, "value_minor": 900},
}  # fmt: skip
_NAMED: Final = re.compile(r"\b(order|node|line)\s*\.\s*([A-Za-z_]\w*)")
_BOUND: Final = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


@lru_cache(maxsize=1024)
def _program(text: str) -> cel.Program:
    return cel.compile(text)


@lru_cache(maxsize=1024)
def named(text: str) -> frozenset[tuple[str, str]]:
    """The (map, field) pairs that an expression names; what stands in quotes is text."""
    return frozenset((a, b) for a, b in _NAMED.findall(_QUOTED.sub("''", text)))


def flaw(text: str, seen: Sequence[str]) -> str:
    """What is wrong with an expression that may see these maps; empty when nothing is."""
    try:
        program = _program(text)
    except ValueError as error:
        return str(error).split("\n")[0]
    for word in sorted(set(program.variables()) - set(seen) - set(_BOUND.findall(text))):
        return f"{word!r} is not known here; known are {', '.join(seen)}"
    for word, field in sorted(named(text)):
        if field not in NAMES[word]:
            return f"{word}.{field} is not known; known are {', '.join(sorted(NAMES[word]))}"
    try:
        answer = program.execute({word: NAMES[word] for word in seen})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        return f"it cannot be answered: {error}"
    return "" if isinstance(answer, bool) else f"it answers {answer!r}, not true or false"


def holds(text: str, order: Row, node: Row | None = None, line: Row | None = None) -> bool:
    """The answer for one order, and one node and line where they are given."""
    return bool(_program(text).execute({"order": order, "node": node or {}, "line": line or {}}))


def columns(
    text: str, order: Row, nodes: Mapping[str, Sequence[Value]], width: int, line: Row | None = None
) -> Bools:
    """The answer for each of `width` nodes, whose values stand in columns."""
    fields = sorted(field for word, field in named(text) if word == "node")
    if not fields:
        return np.full(width, holds(text, order, {}, line), np.bool_)
    known: dict[tuple[Value, ...], bool] = {}
    found = np.empty(width, np.bool_)
    for n, values in enumerate(zip(*(nodes[f] for f in fields), strict=True)):
        if values not in known:
            seen = {f: _plain(v) for f, v in zip(fields, values, strict=True)}
            known[values] = holds(text, order, seen, line)
        found[n] = known[values]
    return found


def _plain(value: Value) -> Value:
    return list(value) if isinstance(value, tuple) else value
