"""The live page of the demo: one page, its picture as JSON, the story of one order, static files.

Open to all when the server is a public demo and to nobody otherwise; it only reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Final
from weakref import WeakKeyDictionary

import jinja2
from litestar import Response

from everyshelf import __version__
from everyshelf.base import codec
from everyshelf.base.errors import NOT_FOUND
from everyshelf.edge.web.endpoints import Request_
from everyshelf.edge.web.live_board import Board
from everyshelf.edge.web.service import Service
from everyshelf.orders import OrderId

HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json"
SAFE: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
MEDIA: Final[Mapping[str, str]] = {
    "live.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "live_dom.js": "text/javascript; charset=utf-8",
    "live_orders.js": "text/javascript; charset=utf-8",
    "live_map.js": "text/javascript; charset=utf-8",
    "live_outline.js": "text/javascript; charset=utf-8",
    "live.svg": "image/svg+xml",
}
_BOARDS: WeakKeyDictionary[Service, Board] = WeakKeyDictionary()


def board(service: Service) -> Board:
    """The board of this server; made when somebody looks for the first time."""
    if not service.public_demo:
        raise NOT_FOUND("The live page is part of `everyshelf demo`.")
    if service not in _BOARDS:
        _BOARDS[service] = Board(service.db)
    return _BOARDS[service]


async def page(service: Service, request: Request_) -> Response[bytes]:
    """The page itself; a server that is no demo shows the documentation instead."""
    if not service.public_demo:
        return Response(b"", status_code=302, headers={"location": "/docs"})
    return Response(_page(), media_type=HTML, headers=SAFE)


@lru_cache(maxsize=1)
def _page() -> bytes:
    folder = resources.files("everyshelf.edge.web") / "templates"
    loader = jinja2.FunctionLoader(lambda name: (folder / name).read_text())
    pages = jinja2.Environment(loader=loader, autoescape=True)
    return pages.get_template("live.html").render(version=__version__).encode()


async def state(service: Service, request: Request_) -> Response[bytes]:
    """The picture; 304 when the caller has it already."""
    seen = await service.in_thread(board(service).picture)
    headers = {"etag": seen.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == seen.etag:
        return Response(b"", status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(seen.body, media_type=JSON, headers=headers)
    packed = {**headers, "content-encoding": "gzip"}
    return Response(seen.packed, media_type=JSON, headers=packed)


async def order(service: Service, request: Request_) -> Response[bytes]:
    """The story of one order that is shown."""
    shown = board(service)
    try:
        wanted = OrderId.parse(str(request.path_params["order_id"]))
    except ValueError:
        raise NOT_FOUND("There is no such order on the page.") from None
    told = await service.run(lambda tx: shown.detail(tx, wanted), actor="live page")
    if told is None:
        raise NOT_FOUND("There is no such order on the page.")
    return Response(codec.encode(told), media_type=JSON, headers={"cache-control": "no-store"})


async def static(service: Service, request: Request_) -> Response[bytes]:
    """A file of the page; only those that are named here exist."""
    name = str(request.path_params["name"])
    if name not in MEDIA:
        raise NOT_FOUND("There is no such file.")
    headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return Response(_file(name), media_type=MEDIA[name], headers=headers)


@lru_cache(maxsize=len(MEDIA))
def _file(name: str) -> bytes:
    return (resources.files("everyshelf.edge.web") / "static" / name).read_bytes()
