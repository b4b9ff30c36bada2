"""Declared records: a command states what a record is; what it leaves unset stays as it was.

`fold` walks a batch over the rows as they stand, in order of arrival, so that one statement can
write the outcome, a command that changes nothing writes nothing, and one bad command is refused
alone. Knows no table: the room locks the rows before and writes them after.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast

import msgspec
from msgspec import UNSET, UnsetType
from psycopg.errors import SerializationFailure

from everyshelf.base import codec
from everyshelf.base.errors import INVALID, STALE, Refused
from everyshelf.base.results import Result


class Declaration(Protocol):
    """A command that may name the version of the record that its sender has read."""

    @property
    def version(self) -> int | None: ...


class Record(Protocol):
    """A frozen struct with the version that counts its changes; 0 before the first."""

    @property
    def version(self) -> int: ...


C = TypeVar("C", bound=Declaration)
R = TypeVar("R", bound=Record)
K = TypeVar("K", bound=Hashable)
S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")


class Saved(msgspec.Struct, frozen=True):
    """The answer to a declaration: the record's code, its version now, and whether it changed."""

    code: str
    version: int
    changed: bool


@dataclass(frozen=True, slots=True)
class Folded(Generic[C, K, R]):
    """What a batch comes to: one result per command, the rows to write, the changes in order."""

    results: list[Result[Saved]]
    rows: dict[K, R]
    changes: list[tuple[C, R]]


def stated(command: msgspec.Struct, kind: type[msgspec.Struct]) -> dict[str, object]:
    """The fields of a record that the command states."""
    names = [f for f in kind.__struct_fields__ if f in command.__struct_fields__ and f != "version"]
    found = ((name, getattr(command, name)) for name in names)
    return {name: value for name, value in found if value is not UNSET}


def changed(record: S, command: msgspec.Struct) -> S:
    """The record with what the command states."""
    return msgspec.structs.replace(record, **stated(command, type(record)))


def either(value: T | UnsetType, otherwise: T) -> T:
    """The stated value, else the other one."""
    return otherwise if isinstance(value, UnsetType) else value


def fold(
    commands: Sequence[C],
    rows: Mapping[K, R],
    name: Callable[[C], K],
    state: Callable[[C, R | None], R],
) -> Folded[C, K, R]:
    """Applies each command to its record; `state` gives the record or raises the refusal."""
    now = dict(rows)
    results: list[Result[Saved]] = []
    written: dict[K, R] = {}
    changes: list[tuple[C, R]] = []
    for command in commands:
        key = name(command)
        before = now.get(key)
        try:
            after = _next(command, before, state)
        except Refused as error:
            results.append(Result.refused(error))
            continue
        if after is not before:
            now[key] = written[key] = after
            changes.append((command, after))
        results.append(Result.done(Saved(show(key), after.version, after is not before)))
    return Folded(results, written, changes)


def _next(command: C, before: R | None, state: Callable[[C, R | None], R]) -> R:
    version = before.version if before is not None else 0
    if command.version is not None and command.version != version:
        raise STALE(f"The record is at version {version}, you read version {command.version}.")
    after = state(command, before)
    if before is not None and before.version > 0 and after == before:
        return before
    return cast(R, msgspec.structs.replace(cast(msgspec.Struct, after), version=version + 1))


def as_rows(records: Iterable[msgspec.Struct]) -> str:
    """Records as the JSON that `jsonb_to_recordset` turns into rows."""
    return codec.encode(list(records)).decode()


def expect(touched: int, rows: int) -> None:
    """Every write counts on the version it has read; when one was overtaken, all are retried."""
    if touched != rows:
        raise SerializationFailure("another transaction has changed the same records")


def show(key: Hashable) -> str:
    """The public form of a record's key: parts joined by `/`."""
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)


def require(true: object, detail: str) -> None:
    """Refuses input of the wrong shape, saying what is wrong."""
    if not true:
        raise INVALID(detail)
