"""The routes of the server itself: is it alive, is it ready, how is it, what does it offer."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import jinja2
import msgspec
from litestar import Response
from markupsafe import Markup, escape
from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily

from everyshelf import __version__
from everyshelf.base import codec
from everyshelf.base.errors import CODES, NOT_FOUND
from everyshelf.base.migrate import files
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web.asks import Ask
from everyshelf.edge.web.endpoints import Request_
from everyshelf.edge.web.faces import faces
from everyshelf.edge.web.openapi import document
from everyshelf.edge.web.problems import Problem
from everyshelf.edge.web.service import Service

SQL = load("everyshelf.edge.web")
HTML: Final = "text/html; charset=utf-8"
BACKTICKED: Final = re.compile(r"`([^`]+)`")
SAFE: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


async def healthz(service: Service, request: Request_) -> Response[bytes]:
    """The process answers."""
    return _json({"status": "ok", "version": __version__})


async def readyz(service: Service, request: Request_) -> Response[bytes]:
    """The database answers and has this version's schema."""
    try:
        rows = await service.run(lambda tx: tx.tuples(SQL.applied_migrations))
    except Exception:  # Whatever keeps the database away, we are not ready.
        return _json({"status": "no_database"}, 503)
    missing = sorted({name for name, _ in files()} - {name for (name,) in rows})
    if missing:
        return _json({"status": "not_migrated", "missing": missing}, 503)
    return _json({"status": "ready"})


def _json(value: object, status: int = 200) -> Response[bytes]:
    return Response(codec.encode(value), media_type="application/json", status_code=status)


async def metrics(service: Service, ask: Ask) -> Response[bytes]:
    """Counters of the process and the state of the log, for Prometheus."""

    def measure(tx: Tx) -> dict[str, float]:
        names = ("horizon_age_seconds", "deliveries_waiting", "dead_letters")
        return dict(zip(names, tx.tuples(SQL.vital_signs)[0], strict=True))

    found = await service.run(measure)
    text = generate_latest(service.registry) + generate_latest(_Gauges(found))
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


class _Gauges:
    """What was measured just now, as a registry of its own."""

    def __init__(self, found: dict[str, float]) -> None:
        self.found = found

    def collect(self) -> list[GaugeMetricFamily]:
        return [
            GaugeMetricFamily(f"everyshelf_{name}", name.replace("_", " "), value=float(value))
            for name, value in self.found.items()
        ]


@lru_cache(maxsize=1)
def described() -> dict[str, Any]:
    """The OpenAPI document, made once, as plain JSON values."""
    told: dict[str, Any] = msgspec.json.decode(codec.encode(document(faces())))
    return told


@lru_cache(maxsize=1)
def _described_json() -> bytes:
    return codec.encode(described())


async def openapi(service: Service, request: Request_) -> Response[bytes]:
    """The OpenAPI document."""
    return Response(_described_json(), media_type="application/json")


@lru_cache(maxsize=1)
def _docs_page() -> bytes:
    folder = resources.files("everyshelf.edge.web") / "templates"
    loader = jinja2.FunctionLoader(lambda name: (folder / name).read_text())
    pages = jinja2.Environment(loader=loader, autoescape=True)
    pages.filters["words"] = _words
    return pages.get_template("docs.html").render(api=described(), codes=CODES).encode()


def _words(text: str | None) -> Markup:
    """Prose for a page: what stands between backticks is code."""
    return Markup(BACKTICKED.sub(r"<code>\1</code>", str(escape(text or ""))))


async def docs(service: Service, request: Request_) -> Response[bytes]:
    """The same document for people."""
    return Response(_docs_page(), media_type=HTML, headers=SAFE)


async def problem_page(service: Service, request: Request_) -> Response[bytes]:
    """What an error code means."""
    code = CODES.get(str(request.path_params["code"]))
    if code is None:
        raise NOT_FOUND("No error has this code.")
    told = Problem(f"/problems/{code.code}", code.meaning, code.status, code.meaning, code.code)
    return _json(told)
