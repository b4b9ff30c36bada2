"""The API as a caller meets it: problems for bad input, nothing written, one effect per key."""

from __future__ import annotations

import threading
from typing import Any, Final

import pytest

from everyshelf.base.tx import Database
from everyshelf.edge.worker import drain
from tests.world import small_world

WRITTEN: Final = (
    "select (select count(*) from stock_move), (select count(*) from sales_order),"
    " (select count(*) from event), (select count(*) from claim),"
    " (select count(*) from stock_hold), (select count(*) from item),"
    " (select count(*) from rma), (select count(*) from payment_intent)"
)
RECEIPT: Final = {"node": "S001", "item": "TEA-1", "qty": 3}
ADDRESS: Final = {
    "name": "Ada", "street": "12 W 31st St", "city": "New York", "region": "NY",
    "postcode": "10001", "country": "US", "lat": 40.747, "lon": -73.987,
}  # fmt: skip
ORDER: Final[dict[str, Any]] = {
    "channel": "web", "channel_ref": "W-1", "currency": "USD",
    "buyer": {"name": "Ada", "email": "ada@example.com"}, "ship_to": ADDRESS,
    "lines": [{"item": "TEA-1", "qty": 2, "amount_minor": 1798}],
}  # fmt: skip


def told(reply: Any, status: int, code: str) -> dict[str, Any]:
    """The problem of a reply, after looking at its form."""
    body: dict[str, Any] = reply.json()
    assert (reply.status_code, body["code"]) == (status, code), body
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert body["status"] == status
    assert body["type"] == f"/problems/{code}"
    assert body["title"]
    assert body["detail"]
    assert body["instance"].startswith("urn:everyshelf:req_")
    return body


def written(db: Database) -> tuple[Any, ...]:
    with db.transaction() as tx:
        row = tx.conn.execute(WRITTEN).fetchone()
    assert row is not None
    return tuple(row)


def changed(body: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**body, **fields}


def with_line(**fields: Any) -> dict[str, Any]:
    return changed(ORDER, lines=[changed(ORDER["lines"][0], **fields)])


R: Final = "/v1/stock/receipts"
O: Final = "/v1/orders"  # noqa: E741
BAD: Final[list[tuple[str, str, dict[str, Any], int, str]]] = [
    ("an unknown item", R, changed(RECEIPT, item="NONE"), 422, "stock.item_unknown"),
    ("an unknown node", R, changed(RECEIPT, node="NONE"), 422, "stock.node_unknown"),
    ("quantity 0", R, changed(RECEIPT, qty=0), 422, "stock.qty_invalid"),
    ("a negative quantity", R, changed(RECEIPT, qty=-1), 422, "stock.qty_invalid"),
    ("quantity 10^12", R, changed(RECEIPT, qty=10**12), 422, "stock.qty_invalid"),
    ("quantity 10^30", R, changed(RECEIPT, qty=10**30), 400, "input.invalid"),
    ("a quantity as text", R, changed(RECEIPT, qty="3"), 400, "input.invalid"),
    ("half a unit", R, changed(RECEIPT, qty=1.5), 400, "input.invalid"),
    ("true as a quantity", R, changed(RECEIPT, qty=True), 400, "input.invalid"),
    ("a missing field", R, {"node": "S001", "item": "TEA-1"}, 400, "input.invalid"),
    ("an extra field", R, changed(RECEIPT, note="x"), 400, "input.invalid"),
    ("the key in the body", R, changed(RECEIPT, key="x"), 400, "input.invalid"),
    ("a NUL character", R, changed(RECEIPT, reason="a\0b"), 400, "input.invalid"),
    ("a long text", R, changed(RECEIPT, reason="a" * 20_001), 400, "input.invalid"),
    ("an id as a number", R, changed(RECEIPT, inbound_id=5), 400, "input.invalid"),
    ("an id of another kind", R, changed(RECEIPT, inbound_id="ord_0000000000001"), 400,
     "input.invalid"),
    ("an odd date", R, changed(RECEIPT, expires_on="2026-02-30"), 400, "input.invalid"),
    ("a receipt without a reason", R, changed(RECEIPT, reason=" "), 400, "input.invalid"),
    ("supply that is none", R, changed(RECEIPT, inbound_id="inb_0000000000001"), 404,
     "stock.inbound_unknown"),
    ("a hold on the order of somebody", "/v1/stock/holds",
     {"item": "TEA-1", "qty": 1, "pool": "ship", "channel": "web", "owner": "ord_0000000000001",
      "line": 1}, 400, "input.invalid"),
    ("a promise on an unknown channel", "/v1/promises",
     {"channel": "none", "lines": [["TEA-1", 1]]}, 422, "catalog.channel_unknown"),
    ("availability on an unknown channel", "/v1/stock/availability",
     {"asks": [{"item": "TEA-1", "channel": "none", "pool": "ship"}]}, 422,
     "catalog.channel_unknown"),
    ("an unknown channel", O, changed(ORDER, channel="none"), 422, "catalog.channel_unknown"),
    ("an order's unknown item", O, with_line(item="NONE"), 422, "catalog.item_unknown"),
    ("an order of 0", O, with_line(qty=0), 400, "input.invalid"),
    ("an order of -1", O, with_line(qty=-1), 400, "input.invalid"),
    ("an order of 10^12", O, with_line(qty=10**12), 400, "input.invalid"),
    ("an unknown field of a line", O, with_line(color="red"), 400, "input.invalid"),
    ("an unknown method", O, with_line(method="drone"), 400, "input.invalid"),
    ("an unknown pickup node", O, with_line(method="pickup", pickup_node="NONE"), 422,
     "network.node_unknown"),
    ("a local time in a gap", O, changed(ORDER, placed_at="2026-03-08T02:30:00"), 400,
     "input.zone_missing"),
    ("a time as a number", O, changed(ORDER, placed_at=1_700_000_000), 400, "input.invalid"),
    ("a cart that is none", O, changed(ORDER, cart_id="crt_0000000000001", lines=[]), 409,
     "cart.closed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "status", "code"), [b[1:] for b in BAD], ids=[b[0] for b in BAD]
)
def test_bad_input_is_a_problem_and_writes_nothing(
    db: Database, owner: Any, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    small_world(db)
    before = written(db)
    told(owner.post(path, body), status, code)
    assert written(db) == before


def test_the_place_of_what_is_wrong_is_named(owner: Any) -> None:
    body = told(owner.post(O, with_line(qty="2")), 400, "input.invalid")
    assert body["path"] == "$.lines[0].qty"
    body = told(owner.post(O, with_line(colour="red")), 400, "input.invalid")
    assert body["path"] == "$.lines[0].colour"


def test_an_order_for_a_closed_node_is_refused(db: Database, owner: Any) -> None:
    small_world(db)
    assert owner.send("PUT", "/v1/nodes/S001", {"active": False}).status_code == 200
    before = written(db)
    reply = owner.post(O, with_line(method="pickup", pickup_node="S001"))
    assert reply.status_code in (409, 422)
    told(reply, reply.status_code, reply.json()["code"])
    assert written(db) == before


@pytest.mark.parametrize(
    ("body", "media", "status", "code"),
    [
        (b"{", "application/json", 400, "body.malformed"),
        (b"[1]", "application/json", 400, "input.invalid"),
        (b"\xff\xfe", "application/json", 400, "body.malformed"),
        (b"[" * 100_000, "application/json", 400, "body.malformed"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "body.media_type"),
        (b"{}", "text/plain", 415, "body.media_type"),
        (b" " * 10_000_000, "application/json", 413, "body.too_large"),
    ],
    ids=["half", "list", "bytes", "deep", "form", "text", "ten megabytes"],
)
def test_a_body_that_is_none(owner: Any, body: bytes, media: str, status: int, code: str) -> None:
    headers = owner.auth | {"idempotency-key": "x", "content-type": media}
    told(owner.client.post(R, content=body, headers=headers), status, code)


def test_no_key_no_effect(db: Database, owner: Any) -> None:
    small_world(db)
    before = written(db)
    told(owner.client.post(R, json=RECEIPT, headers=owner.auth), 400, "key.missing")
    told(owner.post(R, RECEIPT, idempotency_key="a b"), 400, "input.invalid")
    assert written(db) == before


def test_a_key_with_another_body_is_refused(db: Database, owner: Any) -> None:
    small_world(db)
    assert owner.post(R, RECEIPT, idempotency_key="k").status_code == 201
    before = written(db)
    told(owner.post(R, changed(RECEIPT, qty=4), idempotency_key="k"), 422, "key.reused")
    assert written(db) == before


def test_a_replay_has_the_same_answer_and_says_so(db: Database, owner: Any) -> None:
    small_world(db)
    first = owner.post(O, ORDER, idempotency_key="k")
    again = owner.post(O, ORDER, idempotency_key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert owner.get(first.headers["location"]).json()["order"]["channel_ref"] == "W-1"


def test_keys_of_two_callers_do_not_meet(db: Database, owner: Any, caller: Any) -> None:
    small_world(db)
    other = caller("integration")
    assert owner.post(R, RECEIPT, idempotency_key="k").status_code == 201
    reply = other.post(R, changed(RECEIPT, qty=5), idempotency_key="k")
    assert reply.json() == {"received": 5}


def test_twenty_at_once_with_one_key_have_one_effect(db: Database, owner: Any) -> None:
    small_world(db)
    replies: list[Any] = []
    gate = threading.Barrier(20)

    def send() -> None:
        gate.wait()
        replies.append(owner.post(O, ORDER, idempotency_key="same"))

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {r.status_code for r in replies} == {201}
    assert len({r.text for r in replies}) == 1
    with db.transaction() as tx:
        assert tx.conn.execute("select count(*) from sales_order").fetchone() == (1,)
    assert sum("idempotency-replayed" not in r.headers for r in replies) == 1


def test_a_stale_version_is_refused(db: Database, owner: Any) -> None:
    small_world(db)
    made = owner.post(O, ORDER).json()["order_id"]
    path = f"/v1/orders/{made}"
    tag = owner.get(path).headers["etag"]
    assert owner.get(path, headers={"if-none-match": tag}).status_code == 304
    hold = {"kind": "review", "reason": "look"}
    assert owner.post(f"{path}/holds", hold, if_match=tag).status_code == 200
    before = written(db)
    told(owner.post(f"{path}/cancel", {}, if_match=tag), 409, "version.stale")
    told(owner.post(f"{path}/cancel", {}, if_match="one"), 400, "input.invalid")
    assert written(db) == before


def test_a_feed_older_than_the_last_is_refused(db: Database, owner: Any) -> None:
    small_world(db)
    body = {"source": "wms", "node": "S001", "sequence": 7, "lines": [{"item": "TEA-1", "qty": 9}]}
    assert owner.post("/v1/stock/feeds", body).status_code == 201
    before = written(db)
    for sequence in (7, 6):
        reply = owner.post("/v1/stock/feeds", changed(body, sequence=sequence))
        told(reply, 409, "stock.feed_stale")
    assert written(db) == before


def test_a_bulk_answers_each_command_alone(db: Database, owner: Any) -> None:
    small_world(db)
    sent = [
        changed(RECEIPT, key="a"),
        changed(RECEIPT, key="b", item="NONE"),
        changed(RECEIPT, key="c", qty="x"),
        changed(RECEIPT, key="a"),
        RECEIPT,
        5,
    ]
    reply = owner.post("/v1/stock/receipts/bulk", sent, idempotency_key="bulk")
    assert reply.status_code == 200
    answers = reply.json()
    codes = [a.get("problem", {}).get("code", a["outcome"]) for a in answers]
    assert codes == [
        "done", "stock.item_unknown", "input.invalid", "done", "done", "input.invalid",
    ]  # fmt: skip
    with db.transaction() as tx:
        rows = tx.conn.execute(
            "select count(*), sum(qty) from stock_move where to_node = 'S001' and item = 'TEA-1'"
            " and actor like 'key_%'"
        ).fetchone()
    assert rows == (2, 6)


def test_a_bulk_has_a_limit(owner: Any) -> None:
    told(owner.post("/v1/stock/receipts/bulk", []), 400, "input.invalid")
    told(owner.post("/v1/stock/receipts/bulk", [RECEIPT] * 1001), 400, "input.invalid")


def test_unknown_paths_and_methods(owner: Any, client: Any) -> None:
    told(owner.get("/v1/nothing"), 404, "not_found")
    reply = owner.send("DELETE", "/v1/stock/receipts")
    told(reply, 405, "method.not_allowed")
    assert "POST" in reply.headers["allow"]
    told(owner.get("/v1/orders/ord_0000000000001"), 404, "not_found")
    told(owner.get("/v1/orders/17"), 400, "input.invalid")
    told(owner.get("/v1/orders", params={"colour": "red"}), 400, "input.invalid")
    told(client.get("/problems/none"), 404, "not_found")
    assert client.get("/problems/stock.insufficient").json()["code"] == "stock.insufficient"


def test_lists_come_in_pages_without_gap_or_double(db: Database, owner: Any) -> None:
    small_world(db)
    seen: list[str] = []
    sent: dict[str, Any] = {"limit": 2, "item": "TEA-1"}
    while True:
        page = owner.get("/v1/stock/moves", params=sent).json()
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        sent["cursor"] = page["next"]
    with db.transaction() as tx:
        count = tx.conn.execute("select count(*) from stock_move where item = 'TEA-1'").fetchone()
    assert count == (len(seen),)
    assert len(seen) > 2
    assert seen == sorted(set(seen), reverse=True)


@pytest.mark.parametrize("sent", ["0", "201", "-1", "x", "1.5", "9" * 30, "²"])
def test_a_page_has_a_size(owner: Any, sent: str) -> None:
    told(owner.get("/v1/orders", params={"limit": sent}), 400, "input.invalid")


@pytest.mark.parametrize("sent", ["x", "", "W10", "WzEsMl0", "\0", "é" * 9])
def test_a_cursor_of_another_list_is_refused(db: Database, owner: Any, sent: str) -> None:
    told(owner.get("/v1/orders", params={"cursor": sent}), 400, "input.cursor")


def test_a_return_of_more_than_was_bought_is_refused(db: Database, owner: Any) -> None:
    small_world(db)
    made = owner.post(O, ORDER).json()["order_id"]
    before = written(db)
    reply = owner.post(
        f"/v1/orders/{made}/returns", {"lines": [{"line": 1, "qty": 3, "reason": "too big"}]}
    )
    told(reply, 422, "returns.too_many")
    assert written(db) == before


def test_a_code_tried_six_times_is_locked(db: Database, owner: Any) -> None:
    small_world(db)
    owner.post(O, with_line(method="pickup", pickup_node="S001"))
    drain(db)
    work = owner.get("/v1/fulfillments").json()["items"][0]["id"]
    assert owner.post(f"/v1/fulfillments/{work}/prepare").status_code == 200
    drain(db)
    waiting = owner.get("/v1/pickups").json()["items"][0]
    issued = owner.post(f"/v1/pickups/{waiting['id']}/code").json()
    wrong = "000000" if issued["code"] != "000000" else "111111"
    path = f"/v1/pickups/{waiting['id']}/hand-over"
    body = {"code": wrong, "to": "Ada", "node": "S001"}
    codes = [owner.post(path, body) for _ in range(6)]
    assert all(400 <= r.status_code < 500 for r in codes)
    told(codes[-1], codes[-1].status_code, "pickup.code_locked")
    good = owner.post(path, changed(body, code=issued["code"]))
    told(good, good.status_code, "pickup.code_locked")
    with db.transaction() as tx:
        assert tx.conn.execute("select sum(shipped) from order_line").fetchone() == (0,)
