"""OpenAPI 3.1 from the declarations: what is served is what is described, by construction."""

from __future__ import annotations

from types import GenericAlias
from typing import Any, Final

import msgspec

from everyshelf import __version__
from everyshelf.edge.web import schemas
from everyshelf.edge.web.declare import (
    Call,
    Face,
    Listing,
    Read,
    Route,
    Verb,
    name_of,
    parameters,
)
from everyshelf.edge.web.pages import MOST, USUAL
from everyshelf.edge.web.permissions import POLICY
from everyshelf.edge.web.problems import Problem

ABOUT: Final = (
    "Every verb and every list of Everyshelf. Send `Authorization: Bearer es_...`. A request that "
    "changes something carries an `Idempotency-Key`: the same key and body give the same answer "
    "again, and nothing happens twice. Money is in integer minor units, quantities in whole base "
    "units, times in RFC 3339 with an offset. Errors are RFC 9457 problems with a stable `code`. "
    "Lists come in pages: pass `next` as `cursor`."
)
IDEMPOTENCY: Final = {
    "name": "Idempotency-Key", "in": "header", "required": True,
    "description": "A new one for each new intention; the same one when you try again.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"}, "example": "order-1001-try-1",
}  # fmt: skip
IF_MATCH: Final = {
    "name": "If-Match", "in": "header", "required": False,
    "description": "The ETag you read; refused with version.stale when the record has changed.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,18}"$'},
}  # fmt: skip
PAGING: Final = [
    {
        "name": "limit", "in": "query", "required": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
    },
    {
        "name": "cursor", "in": "query", "required": False, "description": "`next` of a page.",
        "schema": {"type": "string"},
    },
]  # fmt: skip
PROBLEM: Final = {"$ref": "#/components/responses/Problem"}
COMMON: Final = ("400", "401", "403", "404", "4XX", "503")


class Describer:
    """Collects the types of all routes, so that each is described once."""

    def __init__(self, faces: tuple[Face, ...]) -> None:
        self.faces = faces
        self.kinds: list[Any] = [Problem]
        self.paths: dict[str, dict[str, Any]] = {}

    def document(self) -> dict[str, Any]:
        """The whole document."""
        for face in self.faces:
            for route in face.routes:
                self._route(face, route)
        told, shared = schemas.components(self.kinds)
        _fill(self.paths, told)
        problem = {"description": "A problem with a stable code.", "content": {
            "application/problem+json": {"schema": told[0]}
        }}  # fmt: skip
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Everyshelf", "version": __version__, "description": ABOUT,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "security": [{"key": []}],
            "tags": [{"name": face.name, "description": face.about} for face in self.faces],
            "paths": self.paths,
            "components": {
                "schemas": shared,
                "responses": {"Problem": problem},
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
        }  # fmt: skip

    def _schema(self, kind: Any) -> dict[str, Any]:
        """A place for the schema of a type, filled at the end."""
        self.kinds.append(kind)
        return {"$kind": len(self.kinds) - 1}

    def _route(self, face: Face, route: Route) -> None:
        told: dict[str, Any] = {
            "tags": [face.name],
            "summary": route.summary,
            "operationId": operation(route.method, route.path),
            "x-roles": sorted(POLICY[name_of(route.method, route.path)].roles),
            "parameters": self._path_parameters(route),
        }
        if isinstance(route, Verb):
            self._verb(route, told)
        elif isinstance(route, Call):
            told["requestBody"] = self._body(route.command)
            told["responses"] = self._answers(200, route.value)
        else:
            self._reading(route, told)
        self._add(route.path, route.method, told)

    def _verb(self, route: Verb, told: dict[str, Any]) -> None:
        sent = schemas.body(route)
        if route.keyed:
            told["parameters"].append(IDEMPOTENCY)
        if "version" in route.command.__struct_fields__:
            told["parameters"].append(IF_MATCH)
        told["requestBody"] = self._body(sent)
        told["responses"] = self._answers(route.status, route.answer)
        if route.bulk:
            self._add(route.bulk_path, route.method, self._bulk(route, told))

    def _bulk(self, route: Verb, told: dict[str, Any]) -> dict[str, Any]:
        item = schemas.bulk_item(route)
        answers = GenericAlias(list, (schemas.bulk_answers(route),))
        content = {
            "schema": {
                "type": "array", "items": self._schema(item), "minItems": 1, "maxItems": 1000,
            },
            "example": [schemas.example(item)],
        }  # fmt: skip
        return {
            "tags": told["tags"],
            "summary": f"{route.summary}: many at once, each with its own answer",
            "operationId": operation(route.method, route.bulk_path),
            "x-roles": told["x-roles"],
            "parameters": [IDEMPOTENCY | {"required": False}] if route.keyed else [],
            "requestBody": {"required": True, "content": {"application/json": content}},
            "responses": self._answers(200, answers),
        }

    def _reading(self, route: Read | Listing, told: dict[str, Any]) -> None:
        fields = msgspec.structs.fields(route.query)
        for f in (f for f in fields if f.name not in parameters(route.path)):
            told["parameters"].append(
                {
                    "name": f.name, "in": "query", "required": f.required,
                    "schema": self._schema(f.type),
                }
            )  # fmt: skip
        if isinstance(route, Listing):
            told["parameters"] += PAGING
            told["responses"] = self._answers(200, schemas.page(route))
        elif route.media == "application/json":
            told["responses"] = self._answers(200, route.value)
        else:
            body = {"schema": {"type": "string", "contentMediaType": route.media}}
            told["responses"] = self._problems() | {
                "200": {"description": route.summary, "content": {route.media: body}}
            }

    def _path_parameters(self, route: Route) -> list[dict[str, Any]]:
        kind = route.query if isinstance(route, Read | Listing) else route.command
        types = {f.name: f.type for f in msgspec.structs.fields(kind)}
        return [
            {"name": name, "in": "path", "required": True, "schema": self._schema(types[name])}
            for name in parameters(route.path)
        ]

    def _body(self, kind: type[msgspec.Struct]) -> dict[str, Any]:
        needed = any(f.required for f in msgspec.structs.fields(kind))
        content = {"schema": self._schema(kind), "example": schemas.example(kind)}
        return {"required": needed, "content": {"application/json": content}}

    def _answers(self, status: int, kind: Any) -> dict[str, Any]:
        content = {"application/json": {"schema": self._schema(kind)}}
        headers = {
            "X-Request-Id": {"schema": {"type": "string"}},
            "ETag": {"schema": {"type": "string"}, "description": "The version of the record."},
        }
        good = {"description": "Done.", "headers": headers, "content": content}
        return {str(status): good} | self._problems()

    def _problems(self) -> dict[str, Any]:
        return dict.fromkeys(COMMON, PROBLEM)

    def _add(self, path: str, method: str, told: dict[str, Any]) -> None:
        here = self.paths.setdefault(path, {})
        assert method.lower() not in here, f"{method} {path} is declared twice"
        here[method.lower()] = told


def operation(method: str, path: str) -> str:
    """A name for generated clients: `POST /v1/orders/{order_id}/cancel` -> `post_orders_cancel`."""
    pieces = [p for p in path.split("/") if p and p != "v1"]
    words = ["by" if p.startswith("{") else p for p in pieces]
    return "_".join([method.lower(), *words]).replace("-", "_").replace(".", "_")


def _fill(node: Any, told: list[dict[str, Any]]) -> None:
    """Puts the schemas into their places."""
    if isinstance(node, dict):
        if "$kind" in node:
            place = node.pop("$kind")
            node.update(told[place])
            return
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            _fill(inner, told)


def document(faces: tuple[Face, ...]) -> dict[str, Any]:
    """The OpenAPI document of these faces."""
    return Describer(faces).document()
