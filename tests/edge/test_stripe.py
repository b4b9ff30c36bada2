"""Stripe: our words for theirs and back, and a wire that acts once when answers get lost.

The server here speaks the documented shapes of PaymentIntents and refunds, remembers idempotency
keys as Stripe does, and can cut its answer off after it has acted.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from everyshelf.edge.connect.stripe import Stripe, translate
from everyshelf.edge.connect.stripe.translate import Intent
from everyshelf.payment import Answer, ProviderAnswer, Unheard


class Till:
    """Stripe's side: one PaymentIntent, its refunds, answers by idempotency key."""

    def __init__(self) -> None:
        self.intent: dict[str, Any] = {
            "id": "pi_1", "object": "payment_intent", "status": "requires_capture",
            "amount": 1000, "amount_capturable": 1000, "amount_received": 0, "metadata": {},
        }  # fmt: skip
        self.refunds: list[dict[str, Any]] = []
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.calls: list[str] = []
        self.drop = 0
        self.say: int | None = None

    def post(self, path: str, form: dict[str, str], key: str) -> tuple[int, dict[str, Any]]:
        if self.say is not None:
            words = {"type": "card_error", "code": "card_declined", "message": "No."}
            return self.say, {"error": words}
        if key not in self.answers:
            self.answers[key] = self._act(path, form)
        return self.answers[key]

    def _act(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        tags = {k[9:-1]: v for k, v in form.items() if k.startswith("metadata[")}
        if path == "/v1/refunds":
            made = {"id": f"re_{len(self.refunds)}", "status": "succeeded", "metadata": tags}
            self.refunds.insert(0, made)
            return 200, made
        self.intent["metadata"] |= tags
        if path.endswith("/capture"):
            taken = int(form["amount_to_capture"])
            self.intent["amount_received"] += taken
            self.intent["amount_capturable"] -= taken
            if form["final_capture"] == "true":
                self.intent["status"] = "succeeded"
        elif path.endswith("/cancel"):
            self.intent |= {"status": "canceled", "amount_capturable": 0}
        elif path.endswith("/increment_authorization"):
            more = int(form["amount"]) - self.intent["amount"]
            self.intent["amount"] += more
            self.intent["amount_capturable"] += more
        return 200, dict(self.intent)


def door(till: Till) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            till.calls.append(self.path)
            answer = till.post(self.path, dict(parse_qsl(body)), self.headers["idempotency-key"])
            if till.drop:
                till.drop -= 1
                self.close_connection = True
                return
            self._say(*answer)

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == "/v1/refunds":
                self._say(200, {"data": till.refunds, "has_more": False})
            else:
                self._say(200, till.intent)

        def _say(self, status: int, body: dict[str, Any]) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Tests stay quiet."""

    return Door


@pytest.fixture
def both() -> Iterator[tuple[Till, Stripe]]:
    till = Till()
    with ThreadingHTTPServer(("127.0.0.1", 0), door(till)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        client = Stripe("sk_test_x", host=f"http://127.0.0.1:{server.server_address[1]}")
        try:
            yield till, client
        finally:
            client.close()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("minor", "currency", "stripe"),
    [(1234, "USD", 1234), (500, "JPY", 500), (7, "ISK", 700), (12340, "KWD", 12340)],
)
def test_amounts_are_counted_as_stripe_counts(minor: int, currency: str, stripe: int) -> None:
    assert translate.amount(minor, currency) == stripe


def test_an_amount_that_stripe_cannot_move_is_declined(both: tuple[Till, Stripe]) -> None:
    answer = both[1].refund("pin_1", 12345, "KWD", "pi_1")
    assert answer.answer is Answer.DECLINED
    assert both[0].calls == []


def test_an_authorization_is_a_payment_intent_captured_by_hand() -> None:
    request = translate.authorize("pin_1", 1999, "EUR", "pm_card")
    form = dict(request.form)
    assert (request.method, request.path) == ("POST", "/payment_intents")
    assert form["capture_method"] == "manual"
    assert (form["amount"], form["currency"]) == ("1999", "eur")
    assert form["metadata[everyshelf_pin_1]"] == "1999"


@pytest.mark.parametrize(("minor", "final"), [(400, "false"), (1000, "true")])
def test_only_the_last_capture_is_final(minor: int, final: str) -> None:
    intent = Intent("pi_1", "requires_capture", amount=1000, amount_capturable=1000)
    assert dict(translate.capture("k", minor, "USD", intent).form)["final_capture"] == final


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("requires_capture", Answer.DONE), ("processing", Answer.PENDING),
        ("requires_payment_method", Answer.DECLINED), ("requires_action", Answer.DECLINED),
    ],
)  # fmt: skip
def test_what_a_payment_intent_says(status: str, answer: Answer) -> None:
    assert translate.authorized(Intent("pi_1", status)).answer is answer


@pytest.mark.parametrize(
    ("status", "answer"),
    [("succeeded", Answer.DONE), ("pending", Answer.PENDING), ("failed", Answer.DECLINED)],
)
def test_what_a_refund_says(status: str, answer: Answer) -> None:
    assert translate.refunded(translate.Refund("re_1", status)).answer is answer


def test_money_is_taken_in_parts_and_given_back(both: tuple[Till, Stripe]) -> None:
    till, stripe = both
    assert stripe.authorize("k0", 200, "USD", "pi_1") == ProviderAnswer(Answer.DONE, "pi_1")
    assert stripe.capture("k1", 400, "USD", "pi_1").ref == "pi_1:k1"
    assert stripe.capture("k2", 500, "USD", "pi_1").answer is Answer.DONE
    assert stripe.refund("k3", 100, "USD", "pi_1") == ProviderAnswer(Answer.DONE, "re_0")
    assert stripe.void("k4", 300, "USD", "pi_1").answer is Answer.DONE
    assert (till.intent["amount"], till.intent["amount_received"]) == (1200, 900)


@pytest.mark.parametrize("kind", ["capture", "refund", "void"])
def test_a_lost_answer_is_looked_up_and_acts_once(both: tuple[Till, Stripe], kind: str) -> None:
    till, stripe = both
    assert stripe.lookup("k1", kind, "pi_1") is None
    till.drop = 1
    with pytest.raises(Unheard):
        getattr(stripe, kind)("k1", 300, "USD", "pi_1")
    found = stripe.lookup("k1", kind, "pi_1")
    assert found is not None
    assert found.answer is Answer.DONE
    assert len(till.calls) == len(till.answers) == 1


@pytest.mark.parametrize(
    ("status", "heard"), [(402, True), (400, True), (429, False), (500, False)]
)
def test_a_refusal_is_an_answer_and_trouble_is_silence(
    both: tuple[Till, Stripe], status: int, heard: bool
) -> None:
    both[0].say = status
    if heard:
        answer = both[1].refund("k", 1, "USD", "pi_1")
        assert answer == ProviderAnswer(Answer.DECLINED, "", "card_declined: No.")
    else:
        with pytest.raises(Unheard):
            both[1].refund("k", 1, "USD", "pi_1")
