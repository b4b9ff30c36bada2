"""Lists in pages with an opaque cursor: the next page begins where the last one ended, whatever
was added meanwhile. Also reads the fields of a query string.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any, Final, TypeVar

import msgspec
from litestar import Response

from everyshelf.base import codec
from everyshelf.base.errors import INVALID
from everyshelf.base.ids import Id, part_of
from everyshelf.base.tx import Tx
from everyshelf.edge.web import inputs
from everyshelf.edge.web.asks import Answer, Ask, reply_json
from everyshelf.edge.web.declare import Listing
from everyshelf.edge.web.problems import BAD_CURSOR, Invalid
from everyshelf.edge.web.service import Service

Q = TypeVar("Q")

USUAL: Final = 50
MOST: Final = 200
END: Final = (1 << 63) - 1


class Page(msgspec.Struct, frozen=True):
    """Some rows of a list; `next` is the cursor of the page behind it, if there is one."""

    items: list[Any]
    next: str | None = None


def query_of(kind: type[Q], sent: dict[str, str]) -> Q:
    """A query string as a struct: texts become what the fields say; unknown names are refused."""
    inputs.check(kind)(sent, "$")
    try:
        return msgspec.convert(sent, kind, strict=False, dec_hook=codec.from_plain)
    except msgspec.ValidationError as error:
        raise Invalid.of(error) from error


def listing(route: Listing) -> Answer:
    """How a list answers."""

    async def answer(service: Service, ask: Ask) -> Response[bytes]:
        limit, after = _place(route, ask.query)
        rest = {k: v for k, v in ask.query.items() if k not in ("limit", "cursor")}
        query = query_of(route.query, {**rest, **ask.path})
        wanted = _parameters(route, ask, query) | {"after": after, "limit": limit + 1}

        def work(tx: Tx) -> list[Any]:
            return tx.all(route.statement, route.row, **wanted)

        rows = await service.run(work, actor=ask.principal.actor, cause=ask.id)
        more = len(rows) > limit
        rows = rows[:limit]
        return reply_json(Page(rows, cursor(route, rows[-1]) if more else None))

    return answer


def _parameters(route: Listing, ask: Ask, query: object) -> dict[str, Any]:
    found: dict[str, Any] = {f: getattr(query, f) for f in route.query.__struct_fields__}
    if route.within:
        found["part"] = part_of(getattr(query, route.within))
    for bound, own in (("nodes", ask.principal.nodes), ("channels", ask.principal.channels)):
        if route.takes(bound):
            found[bound] = None if own is None else sorted(own)
    return found


def _place(route: Listing, sent: dict[str, str]) -> tuple[int, Any]:
    told = sent.get("limit", str(USUAL))
    if not (told.isascii() and told.isdigit() and len(told) < 5 and 1 <= int(told) <= MOST):
        raise INVALID(f"limit is a number from 1 to {MOST}.")
    if "cursor" in sent:
        return int(told), _after(route, sent["cursor"])
    if _by_number(route):
        return int(told), END if route.newest else 0
    return int(told), ""


def _by_number(route: Listing) -> bool:
    kind = {f.name: f.type for f in msgspec.structs.fields(route.row)}[route.by]
    return isinstance(kind, type) and issubclass(kind, int)


def _mark(route: Listing) -> int:
    return zlib.crc32(route.path.encode())


def cursor(route: Listing, last: object) -> str:
    """Where the page after this row begins; only for the same list."""
    value = getattr(last, route.by)
    plain = int(value) if isinstance(value, Id) else value
    packed = msgspec.json.encode([_mark(route), plain])
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _after(route: Listing, sent: str) -> Any:
    try:
        raw = base64.urlsafe_b64decode(sent[:500] + "=" * (-len(sent) % 4))
        mark, value = msgspec.json.decode(raw, type=tuple[int, int | str])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise BAD_CURSOR() from None
    wanted: type[int] | type[str] = int if _by_number(route) else str
    if mark != _mark(route) or not isinstance(value, wanted):
        raise BAD_CURSOR()
    if isinstance(value, str) and "\0" in value:
        raise BAD_CURSOR()
    return value
