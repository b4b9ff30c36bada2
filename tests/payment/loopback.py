"""A payment provider of our own on 127.0.0.1: it acts once per key, and can lose its answer.

`drop` answers are cut off after the effect is done; `mute` ones before anything happens.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from everyshelf.payment import Answer, ProviderAnswer, Unheard


class Till:
    """What the provider knows: each key's effect, the calls it had, the faults to play."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.effects: dict[str, dict[str, object]] = {}
        self.calls: list[str] = []
        self.drop = 0
        self.mute = 0
        self.decline: set[str] = set()

    def act(self, body: dict[str, object]) -> dict[str, object]:
        """Does it the first time; afterwards answers as before."""
        with self.lock:
            self.calls.append(str(body["kind"]))
            key = str(body["key"])
            if key not in self.effects:
                declined = body["kind"] in self.decline
                answer = "declined" if declined else "done"
                ref = body["ref"] or f"auth-{len(self.effects)}"
                name = ref if body["kind"] == "authorize" else f"{body['kind']}-{key}"
                self.effects[key] = {**body, "answer": answer, "ref": name}
            return self.effects[key]

    def sum(self, kind: str) -> int:
        """How much was really moved by effects of this kind."""
        done = [e for e in self.effects.values() if e["kind"] == kind and e["answer"] == "done"]
        return sum(int(str(e["amount_minor"])) for e in done)


class _Door(BaseHTTPRequestHandler):
    till: ClassVar[Till]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.till.mute:
            self.till.mute -= 1
            self.close_connection = True
            return
        answer = self.till.act(body)
        if self.till.drop:
            self.till.drop -= 1
            self.close_connection = True
            return
        self._say(200, answer)

    def do_GET(self) -> None:
        known = self.till.effects.get(self.path.lstrip("/"))
        self.till.calls.append("lookup")
        self._say(200 if known else 404, known or {})

    def _say(self, status: int, body: dict[str, object]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Tests stay quiet."""


class Loopback:
    """The connector to the till: the Provider port over HTTP."""

    def __init__(self, port: int) -> None:
        self.port = port

    def authorize(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer:
        return self._act("authorize", key, amount_minor, currency, ref)

    def capture(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer:
        return self._act("capture", key, amount_minor, currency, ref)

    def refund(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer:
        return self._act("refund", key, amount_minor, currency, ref)

    def void(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer:
        return self._act("void", key, amount_minor, currency, ref)

    def lookup(self, key: str, kind: str, ref: str) -> ProviderAnswer | None:
        status, body = self._call("GET", f"/{key}", None)
        return None if status == 404 else _answer(body)

    def _act(
        self, kind: str, key: str, amount_minor: int, currency: str, ref: str
    ) -> ProviderAnswer:
        body = {
            "kind": kind,
            "key": key,
            "amount_minor": amount_minor,
            "currency": currency,
            "ref": ref,
        }
        return _answer(self._call("POST", "/", json.dumps(body))[1])

    def _call(self, method: str, path: str, body: str | None) -> tuple[int, dict[str, object]]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request(method, path, body)
            reply = line.getresponse()
            return reply.status, json.loads(reply.read())
        except (OSError, http.client.HTTPException) as silence:
            raise Unheard(f"no answer: {silence!r}") from silence
        finally:
            line.close()


def _answer(body: dict[str, object]) -> ProviderAnswer:
    return ProviderAnswer(Answer(str(body["answer"])), str(body["ref"]))


@contextmanager
def loopback() -> Iterator[tuple[Till, Loopback]]:
    """A till that is open, and the connector to it."""
    till = Till()
    door = type("Door", (_Door,), {"till": till})
    with ThreadingHTTPServer(("127.0.0.1", 0), door) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield till, Loopback(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
