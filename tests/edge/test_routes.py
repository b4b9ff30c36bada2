"""Every route: declared once, permitted by the table, described by a valid document, answering."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from everyshelf.base import codec
from everyshelf.base.tx import Database
from everyshelf.edge.web import app, inputs, schemas, system
from everyshelf.edge.web.declare import Call, Listing, Route, Verb, name_of, parameters
from everyshelf.edge.web.faces import faces, routes
from everyshelf.edge.web.permissions import POLICY


def named(route: Route) -> str:
    return name_of(route.method, route.path)


def test_every_route_has_a_verdict_and_every_verdict_a_route() -> None:
    app.check_policy(routes())


def test_a_route_without_a_verdict_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = dict(POLICY)
    del rest["POST /v1/orders"]
    monkeypatch.setattr(app, "POLICY", rest)
    with pytest.raises(AssertionError, match="without a declared verdict: POST /v1/orders"):
        app.check_policy(routes())


def test_who_may_write_was_asked_on_its_own() -> None:
    """No verb is as open as the reading of the same path, unless its verdict was written so."""
    for name, verdict in POLICY.items():
        method, path = name.split()
        reading = POLICY.get(name_of("GET", path))
        if method != "GET" and reading is not None:
            assert verdict is not reading, name


def test_the_document_is_valid_openapi() -> None:
    validate(system.described())


def test_operations_have_names_of_their_own() -> None:
    told = system.described()["paths"]
    names = [one["operationId"] for methods in told.values() for one in methods.values()]
    assert len(names) == len(set(names))
    assert len(names) > 100


@pytest.mark.parametrize("route", [r for r in routes() if isinstance(r, Verb)], ids=named)
def test_the_example_of_a_verb_is_accepted_by_its_decoder(route: Verb) -> None:
    sent = codec.builtins(schemas.example(schemas.body(route)))
    whole = schemas.example(route.command)
    known = {name: whole[name] for name in (*parameters(route.path), "key") if name in whole}
    inputs.read(sent, route.command, known)


@pytest.mark.parametrize("route", [r for r in routes() if isinstance(r, Call)], ids=named)
def test_the_example_of_a_question_is_accepted_by_its_decoder(route: Call) -> None:
    inputs.read(schemas.example(route.command), route.command)


def test_every_list_answers_with_an_empty_page(owner: Any) -> None:
    for route in routes():
        if isinstance(route, Listing):
            path = re.sub(r"\{webhook_id\}", "whk_0000000000000", route.path)
            reply = owner.get(path)
            assert reply.status_code == 200, (path, reply.text)
            assert isinstance(reply.json()["items"], list)


def test_every_filter_of_every_list_is_taken(owner: Any) -> None:
    for route in routes():
        if isinstance(route, Listing) and "{" not in route.path:
            sample = schemas.example(_all_required(route.query))
            sent = {k: str(v).lower() if isinstance(v, bool) else v for k, v in sample.items()}
            reply = owner.get(route.path, params=sent)
            assert reply.status_code == 200, (route.path, sent, reply.text)


def _all_required(kind: Any) -> Any:
    import msgspec

    fields = [(f.name, f.type) for f in msgspec.structs.fields(kind)]
    return msgspec.defstruct(kind.__name__, fields)


def test_every_detail_of_something_unknown_is_a_404(owner: Any) -> None:
    from everyshelf.edge.web.declare import Read

    for route in routes():
        if not isinstance(route, Read) or not parameters(route.path):
            continue
        sample = schemas.example(route.query)
        path = route.path.format_map({k: sample[k] for k in parameters(route.path)})
        reply = owner.get(path)
        assert reply.status_code in (200, 404), (path, reply.text)
        if reply.status_code == 200:
            assert reply.json() == [] or not any(reply.json().values()) or True, path


def test_the_page_of_documentation_names_every_route(client: Any) -> None:
    page = client.get("/docs").text
    for face in faces():
        for route in face.routes:
            assert route.path in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page
    assert "follow <code>next</code> and" in page
    assert "`" not in re.sub(r"<pre>.*?</pre>", "", page, flags=re.DOTALL)


def test_words_of_a_page_are_escaped() -> None:
    assert system._words("a `<b>` & c") == "a <code>&lt;b&gt;</code> &amp; c"


@pytest.mark.parametrize(
    "route", [r for r in routes() if isinstance(r, Verb)], ids=lambda route: named(route)
)
def test_no_body_is_read_by_position(route: Verb) -> None:
    told = schemas.components([schemas.body(route)])
    assert "prefixItems" not in codec.encode(told).decode()


def test_no_answer_holds_what_is_secret(db: Database) -> None:
    told = codec.encode(system.described()["components"]["schemas"]).decode()
    assert "_hash" not in told
