"""Columns from rows: what `unnest` wants. One place, so that batches are built one way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec


def columns(rows: Sequence[msgspec.Struct], *fields: str) -> dict[str, list[object]]:
    """`[Line(a=1, b=2), Line(a=3, b=4)]` -> `{"a": [1, 3], "b": [2, 4]}`; all fields by default.

    With no rows, `fields` must be named.
    """
    names = fields or (rows[0].__struct_fields__ if rows else ())
    return {name: [getattr(row, name) for row in rows] for name in names}


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> dict[str, list[object]]:
    """`("a", "b"), [(1, 2), (3, 4)]` -> `{"a": [1, 3], "b": [2, 4]}`."""
    found = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return dict(zip(names, found, strict=True))
