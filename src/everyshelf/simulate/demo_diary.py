"""The diary of the demo: what somebody is going to do, and when; kept in memory only."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from everyshelf.base.results import Result
from everyshelf.base.tx import Database, Tx

LOG = structlog.get_logger()
BATCH = 100

Verb = Callable[[Tx, list[Any]], Sequence[Result[Any]]]
Then = Callable[[Any, Any], None]
Deed = tuple[Verb, Then | None]


class Diary:
    """Commands by their due time. Due commands of one verb are done together, as one batch.

    `done` and `refused` count what happened, by the verb's name and the code of the refusal.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._due: list[tuple[float, int, Deed, Any]] = []
        self._numbers = 0

    def __len__(self) -> int:
        return len(self._due)

    def put(self, at: float, verb: Verb, command: Any, then: Then | None = None) -> None:
        """Does the command at that time; `then` gets the command and the value of its success."""
        self._numbers += 1
        heapq.heappush(self._due, (at, self._numbers, (verb, then), command))

    def turn(self, now: float) -> int:
        """Does everything that is due, in order; how much."""
        piles: dict[Deed, list[Any]] = {}
        while self._due and self._due[0][0] <= now:
            _, _, deed, command = heapq.heappop(self._due)
            piles.setdefault(deed, []).append(command)
        for deed, commands in piles.items():
            for start in range(0, len(commands), BATCH):
                self._do(deed, commands[start : start + BATCH])
        return sum(map(len, piles.values()))

    def _do(self, deed: Deed, commands: list[Any]) -> None:
        verb, then = deed
        name = f"{verb.__module__.split('.')[1]}.{verb.__name__}"
        try:
            answers = self.db.run(lambda tx: verb(tx, commands), actor="demo")
        except Exception as error:  # One bad day must not end the demo; it is counted and told.
            self.failed[name] += len(commands)
            LOG.warning("demo_failed", verb=name, error=repr(error))
            return
        for command, answer in zip(commands, answers, strict=True):
            if answer.refusal is not None:
                self.refused[f"{name}: {answer.refusal.code}"] += 1
                continue
            self.done[name] += 1
            if then is not None:
                then(command, answer.value)
