"""A running demo for tests: a process of its own, in a folder of its own, on a port of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

SMALL: Final = ("--items", "200", "--rate", "4")
EVERYSHELF: Final = (sys.executable, "-c", "from everyshelf.edge.cli import main; main()")
SOURCES: Final = str(Path(__file__).parents[1] / "src")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(home: Path, port: int, *more: str) -> subprocess.Popen[str]:
    """Starts a demo as an operator does."""
    plain = {name: text for name, text in os.environ.items() if not name.startswith("EVERYSHELF_")}
    words = [*EVERYSHELF, "demo", "--home", str(home), "--port", str(port), *SMALL, *more]
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=plain | {"PYTHONPATH": SOURCES, "NO_COLOR": "1"},
    )  # fmt: skip


def ask(url: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of an answer; 0 when nobody answers yet."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0, b"", {}


def first_order(base: str, process: subprocess.Popen[str], seconds: float = 60) -> dict[str, Any]:
    """The picture of the live page as soon as it shows an order that has its reason."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, "the demo has ended"
        status, body, _ = ask(f"{base}/live/state")
        if status == 200:
            found: dict[str, Any] = json.loads(body)
            if any(order["why"] for order in found["orders"]):
                return found
        time.sleep(0.2)
    raise AssertionError(f"no order was visible after {seconds} seconds")


def stop(process: subprocess.Popen[str], sign: signal.Signals = signal.SIGINT) -> str:
    """Ends it as Ctrl-C does; what it has said."""
    if process.poll() is None:
        process.send_signal(sign)
    said, _ = process.communicate(timeout=60)
    return said


@contextlib.contextmanager
def running(home: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A demo and its address; ended at the end whatever happens."""
    port = free_port()
    process = start(home, port, *more)
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        stop(process)
