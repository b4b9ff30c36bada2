"""The server as a process: many buyers at once, and a death in the middle of their requests."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from everyshelf.base.server import Server
from everyshelf.base.tx import Database
from everyshelf.edge import worker
from everyshelf.insight import audit_database
from tests.look import rows
from tests.world import small_world

EVERYSHELF = [sys.executable, "-c", "from everyshelf.edge.cli import main; main()"]
CLIENTS, UNITS = 200, 100
BUYER = {"name": "Ada Miller"}
ADDRESS = {
    "name": "Ada Miller", "street": "12 W 31st St", "city": "New York", "region": "NY",
    "postcode": "10001", "lat": 40.747, "lon": -73.987,
}  # fmt: skip


def order(n: int) -> dict[str, Any]:
    return {
        "channel": "web", "channel_ref": f"web-{n}", "buyer": BUYER, "currency": "USD",
        "ship_to": ADDRESS, "lines": [{"item": "TEA-1", "qty": 1}],
    }  # fmt: skip


class Process:
    """`everyshelf up` on a free port, and the key that its first start told."""

    def __init__(self, home: Path, crash_at: str = "") -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.log = home.parent / f"up-{self.port}.log"
        env = {k: v for k, v in os.environ.items() if not k.startswith("EVERYSHELF_")}
        env |= {"EVERYSHELF_HOME": str(home), "EVERYSHELF_CRASH_AT": crash_at}
        env["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
        with self.log.open("w") as out:
            words = [*EVERYSHELF, "up", "--port", str(self.port), "--no-worker"]
            self.process = subprocess.Popen(words, stdout=out, stderr=out, env=env)

    def wait(self) -> str:
        """Until it answers; the owner's key if this is the first start."""
        deadline = time.monotonic() + 90
        while True:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5)
            except httpx.HTTPError:
                time.sleep(0.1)
                continue
            told = re.search(r"keep it safe\): (\S+)", self.log.read_text())
            return told[1] if told else ""

    def place(self, client: httpx.Client, key: str, n: int) -> httpx.Response:
        return client.post(
            f"http://127.0.0.1:{self.port}/v1/orders", json=order(n), timeout=60,
            headers={"authorization": f"Bearer {key}", "idempotency-key": f"k-{n}"},
        )  # fmt: skip

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


@contextmanager
def serving(home: Path, crash_at: str = "") -> Iterator[Process]:
    up = Process(home, crash_at)
    try:
        yield up
    finally:
        up.end()


@contextmanager
def books(home: Path) -> Iterator[Database]:
    with Database(Server(home).url()) as db:
        yield db


@pytest.mark.timeout(180)
def test_200_buyers_at_once_get_exactly_the_100_units(home: Path) -> None:
    with serving(home) as up:
        key = up.wait()
        with books(home) as db:
            small_world(db, {("DC1", "TEA-1"): UNITS - 40, ("S001", "TEA-1"): 40})
        limits = httpx.Limits(max_connections=CLIENTS)
        with httpx.Client(limits=limits) as client, ThreadPoolExecutor(CLIENTS) as pool:
            told = list(pool.map(lambda n: up.place(client, key, n), range(CLIENTS)))
            again = list(pool.map(lambda n: up.place(client, key, n), range(0, CLIENTS, 10)))
        assert Counter(r.status_code for r in told) == {201: UNITS, 409: CLIENTS - UNITS}
        assert {r.json()["code"] for r in told if r.status_code == 409} == {"orders.short"}
        for first, second in zip(told[::10], again, strict=True):
            assert second.status_code == first.status_code
            if first.status_code == 201:
                assert second.json() == first.json()
                assert second.headers["idempotency-replayed"] == "true"
        with books(home) as db:
            worker.drain(db)
            assert rows(db, "select count(*) from sales_order") == [(UNITS,)]
            assert rows(db, "select sum(sellable)::int from stock_balance") == [(0,)]
            assert audit_database(db) == []


@pytest.mark.timeout(180)
@pytest.mark.parametrize("point", ["tx.before_commit:9", "tx.after_commit:12"])
def test_the_server_dies_and_every_request_is_answered_once_in_the_end(
    home: Path, point: str
) -> None:
    count = 12
    with serving(home) as up:
        key = up.wait()
        with books(home) as db:
            small_world(db, {("DC1", "TEA-1"): UNITS})
    unanswered = []
    with serving(home, point) as up, httpx.Client() as client:
        up.wait()
        for n in range(count):
            try:
                assert up.place(client, key, n).status_code == 201
            except httpx.HTTPError:
                unanswered.append(n)
        assert up.process.wait(30) == -9
    assert unanswered
    with serving(home) as up, httpx.Client() as client:
        up.wait()
        told = [up.place(client, key, n) for n in range(count)]
        assert {r.status_code for r in told} == {201}
        with books(home) as db:
            assert rows(db, "select count(*) from sales_order") == [(count,)]
            kept = rows(db, "select sum(sellable)::int, sum(held)::int from stock_balance")
            assert kept == [(UNITS - count, count)]
            worker.drain(db)
            assert audit_database(db) == []
