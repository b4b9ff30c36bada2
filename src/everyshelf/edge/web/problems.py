"""Every error as RFC 9457 `application/problem+json` with a stable code. Decides no refusal.

`type` is `/problems/<code>`, a page that says what the code means; `detail` says what to do now.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
import psycopg
import structlog
from psycopg_pool import PoolTimeout

from everyshelf.base import errors
from everyshelf.base.errors import CODES, Code, Refused
from everyshelf.base.results import Refusal

LOG = structlog.get_logger()

MALFORMED: Final = Code("body.malformed", 400, "The body is not valid JSON.")
TOO_LARGE: Final = Code("body.too_large", 413, "The body is larger than this route accepts.")
MEDIA: Final = Code("body.media_type", 415, "Send the body as application/json.")
METHOD: Final = Code("method.not_allowed", 405, "This path does not know this method.")
ZONE_MISSING: Final = Code(
    "input.zone_missing",
    400,
    "A time names its offset from UTC; a local time may not exist, or exist twice, on the day the "
    "clocks change.",
)
UNAUTHENTICATED: Final = Code(
    "access.unauthenticated", 401, "Send a valid API key as `Authorization: Bearer es_...`."
)
FORBIDDEN: Final = Code("access.forbidden", 403, "The role of this key does not allow this.")
FAILED: Final = Code(
    "server.failed", 500, "Something broke here; the request id finds it in the log."
)
BAD_CURSOR: Final = Code("input.cursor", 400, "The cursor was not made by this list.")

WHERE: Final = re.compile(r"^(?P<words>.*?) - at `(?P<path>[^`]*)`$", re.DOTALL)
MEDIA_TYPE: Final = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as the API tells it; `path` points at the wrong value of the body, `errors` at every
    wrong place of a document that the body carries."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str = ""
    path: str = ""
    errors: tuple[errors.Problem, ...] = ()


class Invalid(Refused):
    """An input that does not have the documented shape, with the place of what is wrong."""

    def __init__(self, detail: str, path: str = "", code: Code = errors.INVALID) -> None:
        super().__init__(code.code, code.status, detail)
        self.path = path

    @classmethod
    def of(cls, error: msgspec.ValidationError) -> Invalid:
        """What msgspec found, with its words and its path apart."""
        found = WHERE.match(str(error))
        if found is None:
            return cls(str(error), "$")
        return cls(f"{found['words']} at {found['path']}", found["path"])


def problem(refused: Refused | Refusal, instance: str = "") -> Problem:
    """The problem that tells a refusal."""
    known = CODES.get(refused.code)
    return Problem(
        type=f"/problems/{refused.code}",
        title=known.meaning if known else refused.code,
        status=refused.status,
        detail=refused.detail,
        code=refused.code,
        instance=instance,
        path=getattr(refused, "path", ""),
        errors=refused.errors,
    )


def refusal_of(error: Exception) -> Refused:
    """The refusal that any exception is told as; what we did not foresee is logged and kept in."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, msgspec.ValidationError):
        return Invalid.of(error)
    if isinstance(error, msgspec.DecodeError | RecursionError | UnicodeDecodeError):
        return MALFORMED(f"The body is not valid JSON: {error}")
    if isinstance(error, psycopg.DataError):
        return Invalid("A value is larger than what can be kept.", "$")
    if isinstance(error, PoolTimeout):
        return errors.BUSY()
    if isinstance(error, psycopg.OperationalError):
        return errors.BUSY(
            "The database went away in the middle of this; send it again with the same "
            "Idempotency-Key, which tells whether it was done."
        )
    LOG.error("request_failed", error=repr(error), exc_info=error)
    return FAILED()
