"""Every way in which Everyshelf says no.

    EveryshelfError
     └── Refused(code, status, detail)     a command that must not happen; nothing was written

A `Code` is declared once, beside the verb that uses it, and called to make the refusal:
`raise INSUFFICIENT("2 of TEA-1 at S001 are free, 3 were asked for")`. The named CHECKs of the
database map one-to-one to codes, so the guard on the row and the message are the same fact.
Bugs are assertions, never refusals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec


class EveryshelfError(Exception):
    """Root of the tree."""


class Problem(msgspec.Struct, frozen=True):
    """One place of a document that is wrong: a JSON pointer, what is wrong, what would be right."""

    path: str
    detail: str
    hint: str = ""

    @property
    def words(self) -> str:
        """The line a person reads."""
        return f"{self.path or '/'}: {self.detail}{f' {self.hint}' if self.hint else ''}"


class Refused(EveryshelfError):
    """A command refused by a rule: `code` is stable, `status` is its HTTP status (RFC 9457).

    `errors` are the places of a document that is refused as a whole.
    """

    def __init__(self, code: str, status: int, detail: str, errors: Sequence[Problem] = ()) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)


CODES: Final[dict[str, Code]] = {}
CONSTRAINTS: Final[dict[str, Code]] = {}


class Code:
    """A stable error code with its HTTP status and its meaning; calling it makes the refusal."""

    def __init__(self, code: str, status: int, meaning: str, constraint: str | None = None) -> None:
        assert code not in CODES, f"the error code {code} is declared twice"
        self.code = code
        self.status = status
        self.meaning = meaning
        CODES[code] = self
        if constraint is not None:
            CONSTRAINTS[constraint] = self

    def __call__(self, detail: str = "", errors: Sequence[Problem] = ()) -> Refused:
        return Refused(self.code, self.status, detail or self.meaning, errors)


KEY_REUSED: Final = Code(
    "key.reused", 422, "This key was used before with another body; send a new key."
)
KEY_MISSING: Final = Code("key.missing", 400, "The command carries no idempotency key.")
INVALID: Final = Code("input.invalid", 400, "The input does not have the shape that is documented.")
NOT_FOUND: Final = Code("not_found", 404, "There is no such thing, or it is not yours to see.")
STALE: Final = Code(
    "version.stale", 409, "The record has changed since you read it; read it again."
)
BUSY: Final = Code("server.busy", 503, "The server is at its limit; try again shortly.")
