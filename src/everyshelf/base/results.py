"""One result per command of a batch: done, exists (a replay of the same command) or refused.

A verb never fails a whole batch for one bad command: the bad one is refused, with the same code
and words that a single call would raise.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, Self, TypeVar

import msgspec

from everyshelf.base.errors import Problem, Refused

V = TypeVar("V")


class Outcome(StrEnum):
    """How a command ended. `exists`: the same key and body was done before; same answer."""

    DONE = "done"
    EXISTS = "exists"
    REFUSED = "refused"


class Refusal(msgspec.Struct, frozen=True):
    """A refusal as data: the stable code, the HTTP status and what a person can do."""

    code: str
    status: int
    detail: str
    errors: tuple[Problem, ...] = ()

    def error(self) -> Refused:
        return Refused(self.code, self.status, self.detail, self.errors)


class Result(msgspec.Struct, Generic[V], frozen=True):
    """The answer to one command: a value unless it was refused."""

    outcome: Outcome
    value: V | None = None
    refusal: Refusal | None = None

    @classmethod
    def done(cls, value: V) -> Self:
        return cls(Outcome.DONE, value)

    @classmethod
    def refused(cls, error: Refused) -> Self:
        return cls(
            Outcome.REFUSED, None, Refusal(error.code, error.status, error.detail, error.errors)
        )

    @property
    def ok(self) -> bool:
        return self.outcome is not Outcome.REFUSED

    def get(self) -> V:
        """The value; raises the refusal when there is none."""
        if self.refusal is not None:
            raise self.refusal.error()
        assert self.value is not None
        return self.value
