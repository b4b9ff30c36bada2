"""The demo as a process: orders come by themselves, Ctrl-C leaves nothing, the books are right."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from everyshelf.base.server import Server
from everyshelf.base.tx import Database
from everyshelf.edge.web import live_words
from everyshelf.edge.web.live_board import Board
from everyshelf.sourcing import Candidate, DecisionId, Trigger, WhyDecision
from tests import live_demo
from tests.walk import NOW, packed, placed, shipped
from tests.world import put, small_world


def test_orders_come_by_themselves_and_ctrl_c_ends_everything(home: Path) -> None:
    with live_demo.running(home) as (base, process):
        began = time.monotonic()
        seen = live_demo.first_order(base, process)
        assert time.monotonic() - began < 60
        assert live_demo.ask(f"{base}/healthz")[0] == 200
        assert Server(home).running
        assert len(seen["nodes"]) == 33
        assert seen["kpis"]["oversold"] == 0
        order = next(o for o in seen["orders"] if o["why"])
        status, body, _ = live_demo.ask(f"{base}/live/orders/{order['id']}")
        told = json.loads(body)
        assert status == 200
        assert told["steps"][-1]["text"] == "Ordered"
        assert any(c["chosen"] for c in told["decisions"][0]["candidates"])
        _, page, headers = live_demo.ask(base)
        assert b"unsafe" not in headers["content-security-policy"].encode()
        assert b"<script>" not in page
        asked = time.monotonic()
        said = live_demo.stop(process)
        assert process.returncode == 0, said
        assert time.monotonic() - asked < 30
        assert not Server(home).running
        assert not (home / "data").exists()


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_what_is_printed_can_be_tried(home: Path) -> None:
    with live_demo.running(home) as (base, process):
        assert process.stdout is not None
        told: list[str] = []
        while "Ctrl-C ends" not in (line := process.stdout.readline()):
            assert line, told
            told.append(line)
        live_demo.first_order(base, process)
        start = next(n for n, line in enumerate(told) if "KEY=" in line)
        script = "set -e\n" + "".join(told[start:]).replace("Try ", "").replace("-s ", "-sSf ")
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert script.count("curl") == 5
    assert '"order_id":"ord_' in done.stdout


def test_after_its_minutes_the_books_are_audited(home: Path) -> None:
    with live_demo.running(home, "--minutes", "0.3") as (_, process):
        said, _ = process.communicate(timeout=110)
        assert process.returncode == 0, said
        assert ", 0 findings" in said
        assert " 0 commands failed" in said
        assert not Server(home).running


def test_ctrl_c_while_the_shops_are_opened_leaves_nothing(home: Path) -> None:
    process = live_demo.start(home, live_demo.free_port())
    assert process.stdout is not None
    while "opening the shops" not in process.stdout.readline():
        assert process.poll() is None
    said = live_demo.stop(process, signal.SIGTERM)
    assert process.returncode == 0, said
    assert not Server(home).running


def test_a_taken_port_is_said_before_anything_is_made(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        process = live_demo.start(home, int(other.getsockname()[1]))
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "server.port_taken" in said
    assert "--port" in said
    assert not home.exists()


def test_a_folder_with_other_data_is_left_alone(home: Path) -> None:
    server = Server(home, small=True, durable=False)
    server.start()
    server.stop()
    process = live_demo.start(home, live_demo.free_port())
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "demo.not_a_demo" in said
    assert (home / "data").is_dir()


def test_the_board_tells_an_order_with_its_place_and_reason(db: Database) -> None:
    small_world(db)
    order = placed(db, ("MUG-1", 2))
    board = Board(db)
    before = json.loads(board.picture().body)
    told = before["orders"][0]
    assert (told["id"], told["method"], told["town"]) == (str(order), "Ship", "New York, NY")
    assert told["lines"][0]["places"][0]["qty"] == 2
    assert told["why"].startswith("Cheapest that can, $")
    assert board.picture().etag == board.picture().etag
    shipped(db, order)
    board._looked_at = 0.0
    after = json.loads(board.picture().body)
    assert after["orders"][0]["state"].startswith("Left ")
    assert after["kpis"] | {"fill": 1.0} == before["kpis"] | {"fill": 1.0, "shipped": 2}


def test_the_board_reads_no_more_for_many_orders_than_for_few(db: Database) -> None:
    small_world(db)
    put(db, {("DC1", "SOCK-1"): 500})
    for _ in range(3):
        placed(db, ("SOCK-1", 1))
    board, statements = Board(db), []
    for more in (0, 30):
        for _ in range(more):
            placed(db, ("SOCK-1", 1))
        for _ in range(3):  # What is new has its reason asked once; then nothing is new.
            board._looked_at = 0.0
            board.picture()
        with db.transaction() as tx:
            board._look(tx)
            statements.append(tx.statements)
    assert statements[1] <= statements[0]


def decision(*winner: str, method: str = "ship", extra: float | None = None) -> WhyDecision:
    others = ("DC2", "S001", "S002", "S003")
    outs = (None, "paused", "no_stock", "no_stock")
    return WhyDecision(
        decision_id=DecisionId(1), at=NOW, trigger=Trigger.PLACED, policy="sourcing",
        policy_version=1, digest="", source="", method=method, parts=(), unfilled=(),
        cost_minor=812, winner=winner, runner_up=("DC2",) if extra is not None else (),
        runner_up_extra_minor=extra, flips=(), proven=True, gap_minor=0.0,
        candidates=tuple(
            Candidate(node, out, 1.0, {}, 0) for node, out in zip(others, outs, strict=True)
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (decision("DC1", extra=122.0),
         "Cheapest that can, $8.12. Next best DC2, $1.22 more. "
         "2 places do not have it and 1 is paused."),
        (decision("DC1", extra=0.2),
         "Cheapest that can, $8.12. DC2 would cost the same. "
         "2 places do not have it and 1 is paused."),
        (decision("S001", method="pickup"), "The customer collects it there."),
        (decision(), "No place can serve it now: 2 places do not have it and 1 is paused."),
        (decision("DC1", "S009"), "Shared, because no single place can do it for less than $8.12. "
         "2 places do not have it and 1 is paused."),
    ],
)  # fmt: skip
def test_the_reason_is_a_sentence(made: WhyDecision, words: str) -> None:
    assert live_words.because(made, str) == words


def test_packed_work_is_told(db: Database) -> None:
    small_world(db)
    order = placed(db, ("BOOK-1", 1))
    packed(db, order)
    state = json.loads(Board(db).picture().body)["orders"][0]["state"]
    assert state.startswith("Packed at ")
