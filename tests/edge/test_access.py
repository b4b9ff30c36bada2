"""Who may do what: the whole matrix of routes and roles, and what a bound key reaches."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from everyshelf.base.tx import Database
from everyshelf.edge import keys
from everyshelf.edge.keys import AT_A_NODE, MakeKey, Role
from everyshelf.edge.web.access import Reach
from everyshelf.edge.web.app import OPEN
from everyshelf.edge.web.declare import Verb, name_of
from everyshelf.edge.web.faces import routes
from everyshelf.edge.web.permissions import POLICY
from everyshelf.edge.worker import drain
from tests.edge.test_api import ORDER, RECEIPT, told, with_line
from tests.world import small_world

SERVED: Final = [
    *((r.method, r.path, name_of(r.method, r.path)) for r in routes()),
    *(
        (r.method, r.bulk_path, name_of(r.method, r.path))
        for r in routes()
        if isinstance(r, Verb) and r.bulk
    ),
    ("GET", "/metrics", "GET /metrics"),
]


def concrete(path: str) -> str:
    """A path with something in every place."""
    return re.sub(r"\{(\w+)\}", "x", path)


def test_without_a_key_nothing_but_the_public_answers(client: Any) -> None:
    for method, path, _ in SERVED:
        told(client.request(method, concrete(path)), 401, "access.unauthenticated")
    for path in OPEN:
        live = path.startswith(("/live/", "/static/"))  # There only in a public demo.
        answer = client.get(path.replace("{code}", "not_found"))
        assert answer.status_code == (404 if live else 200), path


@pytest.mark.parametrize("role", list(Role))
def test_every_route_keeps_to_its_roles(caller: Any, role: Role) -> None:
    """An empty or odd request is enough: a role is refused before anything is read."""
    api = caller(role)
    for method, path, name in SERVED:
        verdict = POLICY[name]
        reply = api.send(method, concrete(path))
        bound_out = role in AT_A_NODE and not verdict.reach & (Reach.NODE | Reach.EVERYWHERE)
        if role not in verdict.roles or bound_out:
            told(reply, 403, "access.forbidden")
        else:
            assert reply.status_code not in (401, 403, 500), (method, path, reply.text)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer x", "Bearer es_", "Basic es_x", "Bearer es_" + "a" * 43, "é"],
)
def test_what_is_no_key(client: Any, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header.encode()}
    told(client.get("/v1/items", headers=headers), 401, "access.unauthenticated")


def test_a_revoked_key_ends_and_an_ended_key_is_none(db: Database, owner: Any, client: Any) -> None:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = owner.post("/v1/keys", {"name": "shop", "role": "integration", "expires_at": soon})
    body = made.json()
    headers = {"authorization": f"Bearer {body['secret']}"}
    assert body["secret"].startswith("es_")
    assert len(body["secret"]) == 46
    assert client.get("/v1/items", headers=headers).status_code == 200
    told(client.get("/v1/keys", headers=headers), 403, "access.forbidden")
    assert owner.post(f"/v1/keys/{body['key_id']}/revoke").json()["revoked_at"]
    client.app.state.service.forget_keys()
    told(client.get("/v1/items", headers=headers), 401, "access.unauthenticated")
    later = datetime.now(UTC) + timedelta(days=2)
    other = db.run(lambda tx: keys.make(tx, [MakeKey("k", "x", Role.ADMIN, expires_at=later)]))
    secret = other[0].get().secret
    assert secret is not None
    assert db.run(lambda tx: keys.recognise(tx, secret), now=later + timedelta(1)) is None
    assert db.run(lambda tx: keys.recognise(tx, secret)) is not None


def test_no_secret_is_kept(db: Database, owner: Any) -> None:
    body = owner.post("/v1/keys", {"name": "shop", "role": "auditor"}, idempotency_key="k").json()
    again = owner.post("/v1/keys", {"name": "shop", "role": "auditor"}, idempotency_key="k").json()
    assert again == body | {"secret": None}
    assert body["secret"] not in owner.get("/v1/keys").text
    with db.transaction() as tx:
        kept = tx.conn.execute("select convert_from(result, 'utf8') from claim").fetchall()
        hashes = tx.conn.execute("select encode(hash, 'escape') from api_key").fetchall()
    assert body["secret"] not in repr(kept) + repr(hashes)


def test_a_role_of_the_floor_is_bound(owner: Any) -> None:
    reply = owner.post("/v1/keys", {"name": "till", "role": "associate"})
    told(reply, 422, "access.binding_required")
    reply = owner.post("/v1/keys", {"name": "till", "role": "associate", "nodes": ["S001"]})
    assert reply.status_code == 201


def test_only_an_owner_makes_an_owner(owner: Any, caller: Any) -> None:
    body = {"name": "second", "role": "owner"}
    told(caller(Role.ADMIN).post("/v1/keys", body), 403, "access.role_too_high")
    assert owner.post("/v1/keys", body).status_code == 201


def test_the_first_owner_key_is_told_once(db: Database) -> None:
    first = db.run(keys.first_owner)
    assert first is not None
    assert db.run(keys.first_owner) is None
    known = db.run(lambda tx: keys.recognise(tx, first))
    assert known is not None
    assert known.role is Role.OWNER


def test_a_bound_key_reaches_only_its_node(db: Database, caller: Any, owner: Any) -> None:
    small_world(db)
    here = caller(Role.ASSOCIATE, nodes=["S001"])
    assert here.post("/v1/stock/receipts", RECEIPT).status_code == 201
    other = {**RECEIPT, "node": "S002"}
    told(here.post("/v1/stock/receipts", other), 404, "not_found")
    mixed = here.post(
        "/v1/stock/receipts/bulk", [{**RECEIPT, "key": "1"}, {**other, "key": "2"}]
    ).json()
    assert [m["outcome"] for m in mixed] == ["done", "refused"]
    assert mixed[1]["problem"]["code"] == "not_found"
    seen = {row["node"] for row in here.get("/v1/stock/balances").json()["items"]}
    assert seen == {"S001"}
    assert here.get("/v1/stock/balances", params={"node": "S002"}).json()["items"] == []
    told(here.get("/v1/orders"), 403, "access.forbidden")


def test_work_of_another_node_does_not_exist(db: Database, caller: Any, owner: Any) -> None:
    small_world(db)
    owner.post("/v1/orders", with_line(method="pickup", pickup_node="S001"))
    drain(db)
    here = caller(Role.ASSOCIATE, nodes=["S001"])
    there = caller(Role.ASSOCIATE, nodes=["S002"])
    work = here.get("/v1/fulfillments").json()["items"][0]["id"]
    assert there.get("/v1/fulfillments").json()["items"] == []
    path = f"/v1/fulfillments/{work}"
    told(there.get(path), 404, "not_found")
    told(there.post(f"{path}/accept"), 404, "not_found")
    assert here.get(path).status_code == 200
    assert here.post(f"{path}/accept").status_code == 200


def test_a_channel_key_sees_only_its_orders(db: Database, caller: Any) -> None:
    small_world(db)
    web = caller(Role.INTEGRATION, channels=["web"])
    app = caller(Role.INTEGRATION, channels=["app"])
    made = web.post("/v1/orders", ORDER).json()["order_id"]
    told(app.post("/v1/orders", {**ORDER, "channel_ref": "2"}), 404, "not_found")
    path = f"/v1/orders/{made}"
    assert web.get(path).status_code == 200
    told(app.get(path), 404, "not_found")
    told(app.post(f"{path}/cancel", {}), 404, "not_found")
    assert app.get("/v1/orders").json()["items"] == []
    assert [o["id"] for o in web.get("/v1/orders").json()["items"]] == [made]
    told(web.get("/v1/fulfillments"), 403, "access.forbidden")
