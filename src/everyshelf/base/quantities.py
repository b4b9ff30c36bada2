"""The + - & algebra of quantities: a bag of keys with positive counts.

Sourcing, picking and returns all subtract what was done from what was asked; doing it with one
small algebra keeps a unit from being counted twice.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Bag(Generic[K]):
    """Counts by key. Keys with a count of zero or less are not kept."""

    __slots__ = ("_counts",)

    def __init__(self, counts: Mapping[K, int] | Iterable[tuple[K, int]] = ()) -> None:
        totals: dict[K, int] = {}
        for key, count in counts.items() if isinstance(counts, Mapping) else counts:
            totals[key] = totals.get(key, 0) + count
        self._counts = {key: count for key, count in totals.items() if count > 0}

    def __getitem__(self, key: K) -> int:
        return self._counts.get(key, 0)

    def __iter__(self) -> Iterator[tuple[K, int]]:
        return iter(self._counts.items())

    def __bool__(self) -> bool:
        return bool(self._counts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bag) and self._counts == other._counts

    def __hash__(self) -> int:
        return hash(frozenset(self._counts.items()))

    def __add__(self, other: Bag[K]) -> Bag[K]:
        return Bag([*self, *other])

    def __sub__(self, other: Bag[K]) -> Bag[K]:
        return Bag((key, count - other[key]) for key, count in self)

    def __and__(self, other: Bag[K]) -> Bag[K]:
        return Bag((key, min(count, other[key])) for key, count in self)

    def __le__(self, other: Bag[K]) -> bool:
        return all(count <= other[key] for key, count in self)

    def total(self) -> int:
        """How many units there are in all."""
        return sum(self._counts.values())

    def __repr__(self) -> str:
        return f"Bag({self._counts!r})"
