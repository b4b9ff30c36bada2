"""Webhooks as a receiver meets them: verified by an independent library over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import standardwebhooks

from everyshelf.base import outbox
from everyshelf.base.errors import Refused
from everyshelf.base.tx import Database
from everyshelf.edge import egress, hooks_out, queue
from everyshelf.edge.egress import Egress
from everyshelf.stock.events import ItemAdjusted
from tests.edge.test_api import told

ADJUSTED = "everyshelf.stock.item.adjusted.v1"


class Receiver:
    """A small receiver that answers as it is told and keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append((dict(self.headers.items()), body))
                self.send_response(outer.answers.pop(0) if outer.answers else 204)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def items(self) -> list[str]:
        return [json.loads(body)["data"]["item"] for _, body in self.got]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv(egress.PRIVATE, "1")
    made = Receiver()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def client_out() -> Iterator[Egress]:
    made = Egress()
    try:
        yield made
    finally:
        made.close()


def subscribe(owner: Any, receiver: Receiver, *types: str) -> dict[str, Any]:
    reply = owner.post("/v1/webhooks", {"url": receiver.url, "types": list(types) or [ADJUSTED]})
    assert reply.status_code == 201, reply.text
    body: dict[str, Any] = reply.json()
    return body


def ring(db: Database, *names: str) -> None:
    for name in names:
        event = ItemAdjusted(item=name, node="S001", delta=1, reason="test")
        db.run(partial(outbox.emit, events=[event]))


def pump(db: Database, out: Egress, now: datetime | None = None) -> int:
    total = 0
    while done := hooks_out.deliver(db, out, now=now):
        total += done
    return total


def test_a_delivery_is_verified_by_the_independent_library(
    db: Database, owner: Any, receiver: Receiver, client_out: Egress
) -> None:
    ring(db, "before")
    made = subscribe(owner, receiver)
    ring(db, "a", "b")
    pump(db, client_out)
    assert sorted(receiver.items()) == ["a", "b"]
    verifier = standardwebhooks.Webhook(made["secret"])
    for headers, body in receiver.got:
        lower = {k.lower(): v for k, v in headers.items()}
        known = verifier.verify(body, lower)
        assert known["type"] == ADJUSTED
        assert known["specversion"] == "1.0"
        assert known["id"] == lower["webhook-id"]
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            verifier.verify(body + b" ", lower)
    assert pump(db, client_out) == 0


def test_only_the_types_that_were_asked_for_arrive(
    db: Database, owner: Any, receiver: Receiver, client_out: Egress
) -> None:
    subscribe(owner, receiver, "everyshelf.orders.*")
    ring(db, "a")
    pump(db, client_out)
    assert receiver.got == []
    reply = owner.post("/v1/webhooks", {"url": receiver.url, "types": ["everyshelf.none.*"]})
    told(reply, 422, "webhook.type_unknown")


def test_a_failure_is_tried_again_later_in_order_with_the_same_bytes(
    db: Database, owner: Any, receiver: Receiver, client_out: Egress
) -> None:
    subscribe(owner, receiver)
    receiver.answers = [500]
    ring(db, "a")
    pump(db, client_out)
    ring(db, "a", "b")
    pump(db, client_out)
    assert receiver.items() == ["a", "b"]  # The second of "a" waits behind the first.
    later = datetime.now(UTC) + timedelta(seconds=30)
    pump(db, client_out, later)
    assert sorted(receiver.items()) == ["a", "a", "a", "b"]
    of_a = [(h["webhook-id"], body) for h, body in receiver.got if b'"item":"a"' in body]
    assert of_a[0] == of_a[1] != of_a[2]


def test_ten_failures_are_a_dead_letter_that_a_person_can_revive(
    db: Database, owner: Any, receiver: Receiver, client_out: Egress
) -> None:
    made = subscribe(owner, receiver)
    receiver.answers = [503] * queue.ATTEMPTS
    ring(db, "a")
    now = datetime.now(UTC)
    for _ in range(queue.ATTEMPTS + 2):
        pump(db, client_out, now)
        now += timedelta(days=2)
    assert len(receiver.got) == queue.ATTEMPTS
    dead = owner.get("/v1/dead-letters").json()["items"]
    assert [(d["type"], d["attempts"]) for d in dead] == [(ADJUSTED, queue.ATTEMPTS)]
    assert dead[0]["error"].startswith("HTTP 503")
    path = f"/v1/webhooks/{made['webhook_id']}"
    assert owner.get(path).json()["failures"] == queue.ATTEMPTS
    assert len(owner.get(f"{path}/attempts").json()["items"]) == queue.ATTEMPTS
    assert owner.post(f"{path}/revive").json()["deliveries"] == 1
    pump(db, client_out, now)
    assert len(receiver.got) == queue.ATTEMPTS + 1
    assert owner.get("/v1/dead-letters").json()["items"] == []
    assert owner.get(path).json()["failures"] == 0


def test_gone_disables_the_subscription(
    db: Database, owner: Any, receiver: Receiver, client_out: Egress
) -> None:
    made = subscribe(owner, receiver)
    receiver.answers = [410]
    ring(db, "a")
    pump(db, client_out)
    ring(db, "b")
    pump(db, client_out, datetime.now(UTC) + timedelta(days=1))
    assert len(receiver.got) == 1
    path = f"/v1/webhooks/{made['webhook_id']}"
    assert owner.get(path).json()["state"] == "disabled"
    assert owner.send("PATCH", path, {"state": "active"}).json()["state"] == "active"
    pump(db, client_out, datetime.now(UTC) + timedelta(days=1))
    assert sorted(receiver.items()) == ["a", "a", "b"]


def test_a_redirect_is_not_followed(
    db: Database, owner: Any, receiver: Receiver, client_out: Egress
) -> None:
    subscribe(owner, receiver)
    receiver.answers, receiver.headers = [302], {"location": receiver.url}
    ring(db, "a")
    pump(db, client_out)
    assert len(receiver.got) == 1


def test_replay_tells_everything_since_again(
    db: Database, owner: Any, receiver: Receiver, client_out: Egress
) -> None:
    made = subscribe(owner, receiver)
    ring(db, "a", "b")
    pump(db, client_out)
    since = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    path = f"/v1/webhooks/{made['webhook_id']}/replay"
    assert owner.post(path, {"since": since}).status_code == 200
    pump(db, client_out)
    assert sorted(receiver.items()) == ["a", "a", "b", "b"]


def test_a_test_event_and_the_end(
    db: Database, owner: Any, receiver: Receiver, client_out: Egress
) -> None:
    made = subscribe(owner, receiver)
    path = f"/v1/webhooks/{made['webhook_id']}"
    assert owner.post(f"{path}/test").json()["deliveries"] == 1
    pump(db, client_out)
    assert json.loads(receiver.got[0][1])["type"] == "everyshelf.edge.webhook.tested.v1"
    assert owner.send("DELETE", path).status_code == 200
    told(owner.get(path), 404, "not_found")
    ring(db, "a")
    assert pump(db, client_out) == 0


def test_the_secret_is_told_once(owner: Any, receiver: Receiver) -> None:
    body = {"url": receiver.url, "types": [ADJUSTED]}
    first = owner.post("/v1/webhooks", body, idempotency_key="k").json()
    again = owner.post("/v1/webhooks", body, idempotency_key="k").json()
    assert first["secret"].startswith("whsec_")
    assert again == first | {"secret": None}
    assert "secret" not in owner.get(f"/v1/webhooks/{first['webhook_id']}").json()


INSIDE = [
    "http://example.com/x", "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x",
    "https://10.0.0.8/x", "https://169.254.169.254/latest", "https://192.168.1.1/x",
    "https://[::ffff:127.0.0.1]/x", "https://0.0.0.0/x", "https://2130706433/x",
    "https://[fd00::1]/x",
]  # fmt: skip


@pytest.mark.parametrize("url", INSIDE)
def test_an_address_of_the_inside_is_never_called(client_out: Egress, url: str) -> None:
    with pytest.raises(Refused) as refused:
        client_out.post(url, b"{}", {})
    assert refused.value.code == "egress.address"


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com", "https://user:pw@example.com", "nonsense", "https://", "https://:1"],
)
def test_what_is_no_public_address_is_refused_at_once(owner: Any, url: str) -> None:
    told(owner.post("/v1/webhooks", {"url": url, "types": [ADJUSTED]}), 422, "egress.address")


def test_the_feed_of_events_misses_nothing(db: Database, owner: Any) -> None:
    ring(db, *"abcdefg")
    seen: list[str] = []
    sent: dict[str, Any] = {"limit": 3, "type": "everyshelf.stock.*"}
    while True:
        page = owner.get("/v1/events", params=sent).json()
        seen += [event["data"]["item"] for event in page["items"]]
        sent["cursor"] = page["next"]
        if not page["items"]:
            break
    assert seen == list("abcdefg")
    ring(db, "h")
    page = owner.get("/v1/events", params=sent).json()
    assert [event["data"]["item"] for event in page["items"]] == ["h"]
    back = owner.get("/v1/events", params={"newest": "true", "limit": 2}).json()
    assert [event["data"]["item"] for event in back["items"]] == ["h", "g"]
    one = owner.get("/v1/events", params={"subject": "c"}).json()["items"]
    assert [event["subject"] for event in one] == ["c"]
    told(owner.get("/v1/events", params={"cursor": "x"}), 400, "input.cursor")
