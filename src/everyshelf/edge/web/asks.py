"""One request as the routes see it, permitted and read; and the usual form of an answer."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from litestar import Response

from everyshelf.base import codec
from everyshelf.base.errors import INVALID
from everyshelf.base.ids import Id
from everyshelf.edge.web.access import Principal, Verdict
from everyshelf.edge.web.service import Service

JSON: Final = "application/json"
KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
IF_MATCH: Final = re.compile(r'"(\d{1,18})"')


class RequestId(Id):
    """Identifies one request in the answers and in the log."""

    prefix = "req"


@dataclass(frozen=True)
class Ask:
    """One request, permitted: what was sent and by whom."""

    id: str
    principal: Principal
    verdict: Verdict
    path: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str | None:
        """The idempotency key, bound to its sender; None when there is none."""
        sent = self.headers.get("idempotency-key")
        if sent is None or not sent.strip():
            return None
        if not KEY.fullmatch(sent.strip()):
            raise INVALID("An Idempotency-Key is 1-200 printable ASCII letters without spaces.")
        return f"{self.principal.actor}:{sent.strip()}"

    @property
    def version(self) -> int | None:
        """The version that If-Match names."""
        sent = self.headers.get("if-match")
        if sent is None or sent.strip() == "*":
            return None
        found = IF_MATCH.fullmatch(sent.strip())
        if found is None:
            raise INVALID('If-Match carries the ETag of the record, such as "3".')
        return int(found[1])


Answer = Callable[[Service, Ask], Awaitable[Response[bytes]]]


def reply_json(value: object, status: int = 200) -> Response[bytes]:
    """A value as JSON, with its version as ETag."""
    reply = Response(codec.encode(value), media_type=JSON, status_code=status)
    version = getattr(value, "version", None)
    if isinstance(version, int):
        reply.headers["etag"] = f'"{version}"'
    return reply
