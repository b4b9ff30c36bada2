"""Schemathesis over the whole OpenAPI document, in this process: whatever is sent, no 5xx, and
every answer is one that the document promises. Bounded and repeatable.

Half of the examples name things that exist, so that they reach behind the first look-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import booleans
from litestar.testing import TestClient
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from everyshelf.base.ids import Id
from everyshelf.base.tx import Database
from everyshelf.edge.keys import Role
from everyshelf.edge.web import system
from everyshelf.edge.web.app import build
from everyshelf.edge.worker import drain
from tests.conftest import fresh_database
from tests.edge.conftest import Api, make_key
from tests.edge.test_api import ORDER, with_line
from tests.world import small_world

if TYPE_CHECKING:
    from everyshelf.base.server import Server

EXAMPLES = 10
CHECKS = (
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
)  # fmt: skip
SCHEMA = schemathesis.openapi.from_dict(system.described())
FOUND: list[Any] = list(SCHEMA.get_all_operations())
OPERATIONS = [found.ok() for found in FOUND]


REAL: dict[str, Any] = {
    "item": "TEA-1", "kit": "GIFT-1", "node": "S001", "from_node": "S001", "to_node": "S002",
    "pickup_node": "S001", "channel": "web", "service": "GROUND", "currency": "USD", "line": 1,
    "qty": 1, "pool": "ship", "bucket": "sellable", "from_bucket": "sellable",
    "to_bucket": "display", "carrier": "Demo Parcel", "barcode": "400638100000", "email": "a@b.co",
    "phone": "+12125550123", "country": "US", "region": "NY", "zone": "America/New_York",
    "from_at": "2026-01-01T00:00:00Z", "to_at": "2027-01-01T00:00:00Z", "purpose": "email",
}  # fmt: skip
KNOWN_AS = {
    "order_id": "sales_order", "cart_id": "cart", "customer_id": "customer",
    "fulfillment_id": "fulfillment_order", "package_id": "package", "pickup_id": "pickup",
    "shipment_id": "shipment", "rma_id": "rma", "case_id": "exception_case", "wave_id": "wave",
    "make_id": "make_order", "supplier_order_id": "supplier_order", "winner": "customer",
    "loser": "customer", "transfer_id": "stock_transfer", "intent_id": "payment_intent",
    "webhook_id": "webhook", "allocation_id": "stock_allocation",
}  # fmt: skip
PREFIXES = {
    "order_id": "ord", "cart_id": "crt", "customer_id": "cus", "fulfillment_id": "ful",
    "package_id": "pkg", "pickup_id": "pup", "shipment_id": "shp", "rma_id": "rma",
    "case_id": "exc", "wave_id": "wav", "make_id": "mko", "supplier_order_id": "spo",
    "winner": "cus", "loser": "cus", "transfer_id": "trf", "intent_id": "pin", "webhook_id": "whk",
    "allocation_id": "alc",
}  # fmt: skip


class Fuzzed(NamedTuple):
    """What the examples are sent to, and what exists there."""

    client: TestClient[Any]
    secret: str
    real: dict[str, Any]


@pytest.fixture(scope="module")
def fuzzed(server: Server, template: str) -> Iterator[Fuzzed]:
    """One retailer in the middle of its work for all examples, whatever they do to it."""
    with fresh_database(server, template) as url, Database(url) as db:
        small_world(db)
        with TestClient(build(db)) as client:
            api = Api(client, make_key(db, Role.OWNER))
            _live(db, api)
            yield Fuzzed(client, make_key(db, Role.OWNER), REAL | _ids(db))


def _live(db: Database, api: Api) -> None:
    """Some orders, the first of them shipped, and one of everything else."""
    for n, method in enumerate(("ship", "ship", "pickup", "curbside")):
        at = None if method == "ship" else "S001"
        body = with_line(method=method, pickup_node=at) | {"channel_ref": f"fuzz-{n}"}
        assert api.post("/v1/orders", body).status_code == 201
    drain(db)
    for work in api.get("/v1/fulfillments").json()["items"][1:]:
        path = f"/v1/fulfillments/{work['id']}"
        assert api.post(f"{path}/prepare").status_code == 200
        if work["method"] == "ship":
            assert api.post(f"{path}/ship").status_code == 201
    sofa = ORDER | {"channel_ref": "sofa", "lines": [{"item": "SOFA-1", "qty": 1}]}
    bench = ORDER | {"channel_ref": "bench", "lines": [{"item": "DROP-1", "qty": 1}]}
    done = api.get("/v1/orders").json()["items"][-1]["id"]
    for path, body in (
        ("/v1/orders", sofa), ("/v1/orders", bench), ("/v1/carts", {"channel": "web"}),
        (f"/v1/orders/{done}/returns", {"lines": [{"line": 1, "qty": 1, "reason": "x"}]}),
        ("/v1/webhooks", {"url": "https://example.com/x", "types": ["*"]}),
        ("/v1/stock/transfers",
         {"from_node": "DC1", "to_node": "S001", "lines": [{"item": "TEA-1", "qty": 1}]}),
        ("/v1/waves", {"node": "S001"}),
    ):  # fmt: skip
        reply = api.post(path, body)
        assert reply.status_code < 500, reply.text
    drain(db)


def _ids(db: Database) -> dict[str, str]:
    found: dict[str, str] = {}
    with db.transaction() as tx:
        for name, table in KNOWN_AS.items():
            row = tx.conn.execute(f"select min(id) from {table}".encode()).fetchone()
            if row is not None and row[0] is not None:
                kind = type("Known", (Id,), {"prefix": PREFIXES[name]})
                found[name] = str(kind(row[0]))
    return found


def grounded(value: Any, real: dict[str, Any]) -> Any:
    """The same value with what exists in the places whose names we know."""
    if isinstance(value, dict):
        return {
            k: real[k] if k in real and inner is not None else grounded(inner, real)
            for k, inner in value.items()
        }
    return [grounded(inner, real) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.label)
def test_no_answer_is_unexpected(operation: Any, fuzzed: Fuzzed) -> None:
    @seed(2026)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(), real=booleans())
    def attempt(case: Any, real: bool) -> None:
        case.headers["authorization"] = f"Bearer {fuzzed.secret}"
        if real:
            case.path_parameters = grounded(dict(case.path_parameters or {}), fuzzed.real)
            case.query = grounded(dict(case.query or {}), fuzzed.real)
            case.body = grounded(case.body, fuzzed.real)
        sent = case.as_transport_kwargs()
        sent.pop("cookies", None)
        reply = fuzzed.client.request(**sent)
        case.validate_response(reply, checks=CHECKS)

    attempt()
