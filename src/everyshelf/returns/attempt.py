"""All or nothing, command by command: a refused command leaves no trace of what it had begun.

The batch is tried whole inside a savepoint; if commands are refused on the way, everything is
undone and the others are tried again without them. With nothing refused it costs one savepoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from everyshelf.base.results import Result
from everyshelf.base.tx import Tx

C = TypeVar("C")
V = TypeVar("V")


class _Undo(Exception):
    """Leaves the savepoint; never leaves this module."""


def each_whole(
    tx: Tx, commands: Sequence[C], work: Callable[[Tx, list[C]], list[Result[V]]]
) -> list[Result[V]]:
    """Runs `work` so that only the commands that it does not refuse have written anything."""
    answers: dict[int, Result[V]] = {}
    while True:
        left = [n for n in range(len(commands)) if n not in answers]
        try:
            with tx.savepoint():
                results = work(tx, [commands[n] for n in left]) if left else []
                found = dict(zip(left, results, strict=True))
                if not all(r.ok for r in results):
                    raise _Undo
        except _Undo:
            answers |= {n: r for n, r in found.items() if not r.ok}
            continue
        return [answers[n] if n in answers else found[n] for n in range(len(commands))]
