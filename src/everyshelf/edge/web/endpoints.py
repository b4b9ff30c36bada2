"""Makes declared routes answer: who calls, may they, what do they ask, then the room's verb.

Every answer is JSON or a problem; the work runs in a thread, in one transaction.
"""

from __future__ import annotations

import re
import time
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from everyshelf.base import codec, ids
from everyshelf.base.errors import INVALID, KEY_MISSING, NOT_FOUND, Refused
from everyshelf.base.results import Outcome, Result
from everyshelf.base.tx import Tx
from everyshelf.edge.web import inputs, pages
from everyshelf.edge.web.access import Verdict, must_reach, permit, reached
from everyshelf.edge.web.asks import JSON, KEY, Answer, Ask, RequestId, reply_json
from everyshelf.edge.web.declare import Call, Listing, Read, Route, Verb, parameters
from everyshelf.edge.web.problems import (
    MEDIA,
    MEDIA_TYPE,
    METHOD,
    TOO_LARGE,
    Problem,
    problem,
    refusal_of,
)
from everyshelf.edge.web.service import Service

BODY_BYTES: Final = 1_000_000
BULK_BYTES: Final = 8_000_000
BULK_COMMANDS: Final = 1_000

Request_ = Request[Any, Any, Any]


class BulkAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to one command of a bulk: how it ended, its value or its problem."""

    outcome: Outcome
    value: Any = None
    problem: Problem | None = None


def handler(
    service: Service, path: str, method: str, verdict: Verdict, answer: Answer, limit: int
) -> HTTPRouteHandler:
    """One route of the server: permission first, then the answer, and any error as a problem."""

    async def endpoint(request: Request_) -> Response[bytes]:
        began = time.perf_counter()
        request_id = str(ids.new(RequestId))
        try:
            ask = await _ask(service, request, verdict, request_id, limit)
            reply = await answer(service, ask)
        except Exception as error:  # Every error is told as a problem, with nothing of the inside.
            reply = refuse(error, request_id)
        reply.headers["x-request-id"] = request_id
        service.requests.labels(method, path, str(reply.status_code)).inc()
        service.seconds.labels(method, path).observe(time.perf_counter() - began)
        return reply

    typed = re.sub(r"\{(\w+)\}", r"{\1:str}", path)
    return HTTPRouteHandler(
        typed,
        http_method=[method],  # type: ignore[list-item]
        status_code=200,
        request_max_body_size=limit,
        name=f"{method} {path}",
    )(endpoint)  # fmt: skip


async def _ask(
    service: Service, request: Request_, verdict: Verdict, request_id: str, limit: int
) -> Ask:
    principal = await service.principal(request.headers.get("authorization"))
    permit(verdict, principal)
    if int(request.headers.get("content-length") or 0) > limit:
        raise TOO_LARGE(f"The body has more than {limit:,} bytes.")
    body = await request.body() if request.method not in ("GET", "DELETE") else b""
    media = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if body and media != JSON:
        raise MEDIA(f"The body is {media[:100]}; send application/json.")
    return Ask(
        request_id,
        principal,
        verdict,
        {k: str(v) for k, v in request.path_params.items()},
        dict(request.query_params),
        {k.lower(): v for k, v in request.headers.items()},
        body,
    )


def refuse(error: Exception, request_id: str) -> Response[bytes]:
    """The problem that an error is told as."""
    refused = _of_litestar(error) if isinstance(error, HTTPException) else refusal_of(error)
    told = problem(refused, f"urn:everyshelf:{request_id}")
    reply = Response(codec.encode(told), media_type=MEDIA_TYPE, status_code=refused.status)
    if refused.status == 401:
        reply.headers["www-authenticate"] = "Bearer"
    if refused.status == 503:
        reply.headers["retry-after"] = "1"
    return reply


def _of_litestar(error: HTTPException) -> Refused:
    known = {404: NOT_FOUND, 405: METHOD, 413: TOO_LARGE}
    code = known.get(error.status_code, INVALID)
    return code() if error.status_code != 400 else INVALID(error.detail)


def answer_of(route: Route) -> Answer:
    """How a declared route answers."""
    if isinstance(route, Verb):
        return _verb(route)
    if isinstance(route, Read):
        return _read(route)
    if isinstance(route, Listing):
        return pages.listing(route)
    return _call(route)


def given(route: Verb, ask: Ask) -> dict[str, object]:
    """What the path and the headers say of a command."""
    fields = {f.name: f.type for f in msgspec.structs.fields(route.command)}
    found: dict[str, object] = {}
    for name in parameters(route.path):
        value = ask.path[name]
        found[name] = int(value) if fields[name] is int and value.isdigit() else value
    if "version" in fields and ask.version is not None:
        found["version"] = ask.version
    return found


def _verb(route: Verb) -> Answer:
    async def answer(service: Service, ask: Ask) -> Response[bytes]:
        known = given(route, ask)
        if route.keyed:
            if ask.key is None:
                raise KEY_MISSING("Send an Idempotency-Key header, a new one per intention.")
            known["key"] = ask.key
        command = inputs.read(inputs.parse(ask.body), route.command, known)

        def work(tx: Tx) -> Result[Any]:
            must_reach(tx, ask.verdict, ask.principal, [command])
            return route.do(tx, [command])[0]

        result = await service.run(work, actor=ask.principal.actor, cause=ask.id)
        value = route.tell(result.get())
        reply = reply_json(value, route.status)
        if result.outcome is Outcome.EXISTS:
            reply.headers["idempotency-replayed"] = "true"
        if route.location:
            reply.headers["location"] = route.location.format_map(codec.builtins(value))
        return reply

    return answer


def bulk_of(route: Verb) -> Answer:
    """Many commands of one verb in one transaction; each has its own answer, in order.

    A command carries its own `key`, or takes the header's with its place in the list.
    """

    async def answer(service: Service, ask: Ask) -> Response[bytes]:
        raw = inputs.parse(ask.body)
        if not isinstance(raw, list) or not 1 <= len(raw) <= BULK_COMMANDS:
            raise INVALID(f"A bulk is a JSON array of 1 to {BULK_COMMANDS:,} commands.")
        read = [_bulk_command(route, ask, one, n) for n, one in enumerate(raw)]

        def work(tx: Tx) -> list[Result[Any]]:
            commands = [c for c in read if not isinstance(c, Refused)]
            reach = reached(tx, ask.verdict, ask.principal, commands)
            mine = [c for c, ok in zip(commands, reach, strict=True) if ok]
            done = iter(route.do(tx, mine) if mine else [])
            answers = iter([next(done) if ok else Result.refused(NOT_FOUND()) for ok in reach])
            return [Result.refused(c) if isinstance(c, Refused) else next(answers) for c in read]

        results = await service.run(work, actor=ask.principal.actor, cause=ask.id)
        return reply_json([bulk_answer(route, result) for result in results])

    return answer


def bulk_answer(route: Verb, result: Result[Any]) -> BulkAnswer:
    """One answer of a bulk."""
    if result.refusal is not None:
        return BulkAnswer(result.outcome, problem=problem(result.refusal))
    return BulkAnswer(result.outcome, route.tell(result.get()))


def _bulk_command(route: Verb, ask: Ask, raw: object, place: int) -> Any:
    try:
        if not isinstance(raw, dict):
            return INVALID(f"The command at place {place} is not a JSON object.")
        if not route.keyed:
            return inputs.read(raw, route.command)
        raw = dict(raw)
        key = raw.pop("key", None)
        if key is not None and not (isinstance(key, str) and KEY.fullmatch(key)):
            return INVALID("A key is 1-200 printable ASCII letters without spaces.")
        scoped = f"{ask.principal.actor}:{key}" if key else ask.key and f"{ask.key}#{place}"
        if not scoped:
            return KEY_MISSING()
        return inputs.read(raw, route.command, {"key": scoped})
    except Refused as refused:
        return refused


def _read(route: Read) -> Answer:
    async def answer(service: Service, ask: Ask) -> Response[bytes]:
        query = pages.query_of(route.query, {**ask.query, **ask.path})

        def work(tx: Tx) -> Any:
            must_reach(tx, ask.verdict, ask.principal, [query])
            return route.do(tx, query)

        value = await service.run(work, actor=ask.principal.actor, cause=ask.id)
        if route.media != JSON:
            return Response(value, media_type=route.media)
        reply = reply_json(value)
        if ask.headers.get("if-none-match") == reply.headers.get("etag", ""):
            return Response(b"", status_code=304, headers=dict(reply.headers))
        return reply

    return answer


def _call(route: Call) -> Answer:
    async def answer(service: Service, ask: Ask) -> Response[bytes]:
        command = inputs.read(inputs.parse(ask.body), route.command, ask.path)

        def work(tx: Tx) -> Any:
            must_reach(tx, ask.verdict, ask.principal, [command])
            return route.do(tx, command)

        return reply_json(await service.run(work, actor=ask.principal.actor, cause=ask.id))

    return answer
