"""The ASGI application: declared routes, the server's own, and nothing without a verdict."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from everyshelf.base import ids
from everyshelf.base.tx import Database
from everyshelf.edge.web import live, system
from everyshelf.edge.web.access import Verdict
from everyshelf.edge.web.asks import RequestId
from everyshelf.edge.web.declare import PARAMETER, Listing, Route, Verb, name_of
from everyshelf.edge.web.endpoints import (
    BODY_BYTES,
    BULK_BYTES,
    Request_,
    answer_of,
    bulk_of,
    handler,
    refuse,
)
from everyshelf.edge.web.faces import routes
from everyshelf.edge.web.permissions import CHANNEL, EVERYWHERE, NODE, POLICY
from everyshelf.edge.web.service import Service

Open = Callable[[Service, Request_], Awaitable[Response[bytes]]]

OPEN: Final[dict[str, Open]] = {
    "/healthz": system.healthz,
    "/readyz": system.readyz,
    "/openapi.json": system.openapi,
    "/docs": system.docs,
    "/problems/{code}": system.problem_page,
    "/": live.page,
    "/live/state": live.state,
    "/live/orders/{order_id}": live.order,
    "/static/{name}": live.static,
}


def build(db: Database, *, public_demo: bool = False) -> Litestar:
    """The application on a database. Refuses to start when a route has no verdict."""
    service = Service(db, public_demo=public_demo)
    declared = routes()
    check_policy(declared)
    handlers = [_open(service, path, answer) for path, answer in OPEN.items()]
    handlers.append(
        handler(service, "/metrics", "GET", POLICY["GET /metrics"], system.metrics, BODY_BYTES)
    )
    for route in declared:
        handlers += _handlers(service, route)
    made = Litestar(
        handlers,
        openapi_config=None,
        exception_handlers={HTTPException: _on_error, Exception: _on_error},
        request_max_body_size=BULK_BYTES,
        logging_config=None,
    )
    made.state.service = service
    return made


def _handlers(service: Service, route: Route) -> list[HTTPRouteHandler]:
    verdict = POLICY[name_of(route.method, route.path)]
    made = [handler(service, route.path, route.method, verdict, answer_of(route), BODY_BYTES)]
    if isinstance(route, Verb) and route.bulk:
        many = bulk_of(route)
        made.append(handler(service, route.bulk_path, route.method, verdict, many, BULK_BYTES))
    return made


def _open(service: Service, path: str, answer: Open) -> HTTPRouteHandler:
    """A route that anybody may read; the table of permissions must say so."""
    assert POLICY[name_of("GET", path)].public, f"{path} is served to all but not declared public"

    async def endpoint(request: Request_) -> Response[bytes]:
        began = time.perf_counter()
        try:
            reply = await answer(service, request)
        except Exception as error:  # Every error is told as a problem.
            reply = refuse(error, str(ids.new(RequestId)))
        service.requests.labels("GET", path, str(reply.status_code)).inc()
        service.seconds.labels("GET", path).observe(time.perf_counter() - began)
        return reply

    typed = PARAMETER.sub(r"{\1:str}", path)
    return HTTPRouteHandler(typed, http_method=["GET"], name=f"GET {path}")(endpoint)


def _on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    reply = refuse(error, str(ids.new(RequestId)))
    for name, value in (getattr(error, "headers", None) or {}).items():
        reply.headers.setdefault(name.lower(), value)
    return reply


def check_policy(declared: list[Route]) -> None:
    """Every route has a verdict, every verdict a route, and a list can keep its bounds."""
    served = {name_of(r.method, r.path) for r in declared} | {name_of("GET", p) for p in OPEN}
    served.add("GET /metrics")
    missing, stale = sorted(served - POLICY.keys()), sorted(POLICY.keys() - served)
    assert not missing, f"routes without a declared verdict: {', '.join(missing)}"
    assert not stale, f"verdicts without a route: {', '.join(stale)}"
    for route in declared:
        if isinstance(route, Listing):
            _check_bounds(route, POLICY[name_of(route.method, route.path)])


def _check_bounds(route: Listing, verdict: Verdict) -> None:
    if EVERYWHERE in verdict.reach:
        return
    bounds = (("nodes", NODE in verdict.reach), ("channels", CHANNEL in verdict.reach))
    for parameter, bound in bounds:
        assert not bound or route.takes(parameter), f"{route.path} cannot keep to its {parameter}"
