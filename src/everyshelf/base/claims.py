"""Idempotency: a command's key is claimed in the transaction of its effect.

The same key with the same body gets the same answer again; with another body it is refused. A
refused command leaves no claim, so it may be sent again once its reason is gone. Two processes
that send the same key at once meet on the claim's row: one does it, the other reads the answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from everyshelf.base import codec
from everyshelf.base.errors import KEY_MISSING, KEY_REUSED
from everyshelf.base.ids import part_of
from everyshelf.base.results import Outcome, Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx

SQL = load("everyshelf.base")


class Command(Protocol):
    """What every command has: the idempotency key of who sends it."""

    @property
    def key(self) -> str: ...


C = TypeVar("C", bound=Command)
V = TypeVar("V")


class _Claim(msgspec.Struct, frozen=True):
    key: str
    body: bytes
    result: bytes | None


def fingerprint(command: object) -> bytes:
    """16 bytes that tell two bodies apart."""
    return hashlib.sha256(codec.encode(command)).digest()[:16]


def once(
    tx: Tx,
    scope: str,
    commands: Sequence[C],
    do: Callable[[Tx, list[C]], list[Result[V]]],
    value: type[V],
) -> list[Result[V]]:
    """Does each new command once; answers the known ones from their claims, in the order given.

    `do` gets the commands whose key is new and returns one result for each, in order.
    """
    bodies = {c.key: fingerprint(c) for c in reversed(commands)}  # The first of a key counts.
    taken = _take(tx, scope, {k: b for k, b in bodies.items() if k})
    fresh = [c for c in _first_of_each_key(commands) if c.key in taken]
    answers = dict(zip((c.key for c in fresh), do(tx, fresh) if fresh else [], strict=True))
    _settle(tx, scope, answers)
    known = _known(tx, scope, [k for k in bodies if k and k not in taken], value)
    replies: list[Result[V]] = []
    for command in commands:
        replies.append(_reply(command, bodies, answers, known))
    return replies


def _first_of_each_key(commands: Sequence[C]) -> list[C]:
    return list({c.key: c for c in reversed(commands)}.values())[::-1]


def _reply(
    command: C,
    bodies: dict[str, bytes],
    answers: dict[str, Result[V]],
    known: dict[str, tuple[bytes, Result[V]]],
) -> Result[V]:
    if not command.key:
        return Result.refused(KEY_MISSING())
    body = fingerprint(command)
    if command.key in answers:
        return answers[command.key] if body == bodies[command.key] else _reused(command)
    before, answer = known[command.key]
    return answer if body == before else _reused(command)


def _reused(command: Command) -> Result[V]:
    return Result.refused(KEY_REUSED(f"The key {command.key!r} was used with another body."))


def _take(tx: Tx, scope: str, bodies: dict[str, bytes]) -> set[str]:
    if not bodies:
        return set()
    keys = sorted(bodies)
    rows = tx.tuples(
        SQL.take_claims,
        parts=[part_of(k) for k in keys],
        scope=scope,
        keys=keys,
        bodies=[bodies[k] for k in keys],
        now=tx.now,
    )
    return {key for (key,) in rows}


def _settle(tx: Tx, scope: str, answers: dict[str, Result[V]]) -> None:
    done = [(k, a) for k, a in answers.items() if a.outcome is not Outcome.REFUSED]
    refused = [k for k, a in answers.items() if a.outcome is Outcome.REFUSED]
    if done:
        tx.run(
            SQL.settle_claims,
            parts=[part_of(k) for k, _ in done],
            scope=scope,
            keys=[k for k, _ in done],
            results=[codec.encode(a.value) for _, a in done],
        )
    if refused:
        tx.run(SQL.drop_claims, parts=[part_of(k) for k in refused], scope=scope, keys=refused)


def _known(
    tx: Tx, scope: str, keys: list[str], value: type[V]
) -> dict[str, tuple[bytes, Result[V]]]:
    if not keys:
        return {}
    rows = tx.all(SQL.read_claims, _Claim, parts=[part_of(k) for k in keys], scope=scope, keys=keys)
    found: dict[str, tuple[bytes, Result[V]]] = {}
    for row in rows:
        assert row.result is not None, "a committed claim carries its answer"
        answer: Result[V] = Result(Outcome.EXISTS, codec.decode(row.result, value))
        found[row.key] = (row.body, answer)
    return found
