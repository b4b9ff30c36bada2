"""One order by HTTP alone, from the cart to the doorstep and back; the books are right at the end.

Beside it, the same story told by the log of events.
"""

from __future__ import annotations

from typing import Any

from everyshelf.base.tx import Database
from everyshelf.edge.worker import tick
from tests.edge.test_api import ADDRESS, ORDER
from tests.world import small_world


def good(reply: Any) -> Any:
    assert reply.status_code < 300, reply.text
    return reply.json()


def test_from_the_cart_to_the_doorstep_and_back(db: Database, owner: Any) -> None:
    small_world(db)
    asked = {
        "lines": [["TEA-1", 2]], "channel": "web", "destination": ADDRESS, "near": None,
        "methods": ["ship", "pickup"],
    }  # fmt: skip
    assert good(owner.post("/v1/promises", asked))["options"]
    cart = good(owner.post("/v1/carts", {"channel": "web"}))["id"]
    good(owner.post(f"/v1/carts/{cart}/lines", {"item": "TEA-1", "qty": 2}))
    held = good(owner.get("/v1/stock/holds", params={"owner": cart}))["items"]
    assert sum(h["qty"] for h in held) == 2
    order = good(owner.post("/v1/orders", ORDER | {"cart_id": cart, "lines": []}))["order_id"]
    tick(db)
    assert good(owner.get(f"/v1/orders/{order}/why"))["decisions"]
    (work,) = good(owner.get("/v1/fulfillments", params={"order_id": order}))["items"]
    path = f"/v1/fulfillments/{work['id']}"
    version = owner.get(path).headers["etag"]
    good(owner.post(f"{path}/accept", {}, if_match=version))
    good(owner.post(f"{path}/prepare", {}))
    tick(db)
    shipped = good(owner.post(f"{path}/ship", {}))
    tick(db)
    package = good(owner.get(path))["packages"][0]["id"]
    pdf = owner.get(f"/v1/packages/{package}/label.pdf")
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert owner.get(f"/v1/packages/{package}/label.zpl").content.startswith(b"^XA")
    where = f"/v1/shipments/{shipped['shipment_id']}"
    said = {"source_id": "s1", "code": "delivered", "at": "2031-01-05T12:00:00Z", "place": "NY"}
    assert good(owner.post(f"{where}/tracking", said))["state"] == "delivered"
    rma = good(
        owner.post(
            f"/v1/orders/{order}/returns", {"lines": [{"line": 1, "qty": 1, "reason": "too much"}]}
        )
    )
    back = {"node": "S002", "lines": [{"line": 1, "qty": 1, "sealed": True}]}
    done = good(owner.post(f"/v1/returns/{rma['rma_id']}/receive", back))
    assert done["refund_minor"] > 0
    tick(db)
    money = good(owner.get(f"/v1/orders/{order}/payment"))["payment"]
    assert money["refunded_minor"] == done["refund_minor"]
    assert good(owner.get(f"/v1/orders/{order}"))["state"] == "completed"
    assert good(owner.post("/v1/audit", {})) == {"findings": 0, "found": []}
    told = good(owner.get("/v1/events", params={"limit": 200}))["items"]
    kinds = {event["type"].removeprefix("everyshelf.").removesuffix(".v1") for event in told}
    assert {
        "cart.cart.opened", "orders.order.placed", "sourcing.line.allocated",
        "fulfillment.order.packed", "transport.shipment.delivered", "returns.rma.opened",
    } <= kinds  # fmt: skip
