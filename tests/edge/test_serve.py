"""The server as a process: it answers, works off events, and ends cleanly when it is told to."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any, Final

import pytest

from everyshelf.base.errors import Refused
from everyshelf.base.tx import Database
from everyshelf.edge.web.serve import serve
from tests.edge.test_api import ORDER
from tests.world import small_world

RUN: Final = (
    "import sys; from everyshelf.edge.web.serve import serve;"
    " serve(sys.argv[1], '127.0.0.1', int(sys.argv[2]))"
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def ask(url: str, key: str = "", body: Any = None) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    if body is not None:
        headers["idempotency-key"] = "one"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def until(what: Any, seconds: float = 30) -> Any:
    """The first answer that is good."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = what()
        except (ConnectionError, urllib.error.URLError):
            found = None
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come in time")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_works_and_ends(db: Database, db_url: str, sign: signal.Signals) -> None:
    small_world(db)
    port = free_port()
    running = subprocess.Popen(
        [sys.executable, "-c", RUN, db_url, str(port)], stderr=subprocess.PIPE, text=True
    )
    try:
        base = f"http://127.0.0.1:{port}"
        until(lambda: ask(f"{base}/readyz")[1] == {"status": "ready"})
        assert running.stderr is not None
        first = re.search(r"es_\w{43}", running.stderr.readline())
        assert first is not None
        key = first[0]
        assert ask(f"{base}/v1/orders", "es_no")[0] == 401
        assert ask(f"{base}/v1/orders", key, ORDER)[0] == 201
        work = until(lambda: ask(f"{base}/v1/fulfillments", key)[1]["items"])
        assert work[0]["state"] == "offered"
    finally:
        running.send_signal(sign)
        _, rest = running.communicate(timeout=20)
    assert running.returncode == 0, rest
    assert "Traceback" not in rest


def test_a_taken_port_is_said_before_anything_starts(db_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held, pytest.raises(Refused) as refused:
        serve(db_url, "127.0.0.1", held.getsockname()[1])
    assert refused.value.code == "server.port_taken"
