"""What the pages tell a reader to do is done here, word by word, against a fresh `everyshelf up`.

Only the port is another one, because 8080 may be taken. Nothing is left in the folder of the
sources: the blocks run beside a link to docs/.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from everyshelf.base.server import Server
from everyshelf.edge import hooks_out, webhooks
from tests.docs import pages

# The order matters: later pages use what the first one has made; a restore comes last.
RUN: Final = ("README.md", "docs/api.md", "docs/import.md", "docs/replay.md", "docs/operations.md")
SECRET: Final = re.compile(r"es_[0-9A-Za-z]{43}")


@dataclass(frozen=True)
class Reader:
    """Somebody who types what the pages say."""

    folder: Path
    environment: dict[str, str]
    port: int

    def types(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace("8080", str(self.port))],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False,
            timeout=110,
        )  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """A reader before whom `everyshelf up` runs, with the key that it printed."""
    with tempfile.TemporaryDirectory(prefix="es-docs-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "docs").symlink_to(pages.ROOT / "docs")
        environment = _environment(folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = folder / "up.log"
        with log.open("w") as sink:
            up = subprocess.Popen(
                ["everyshelf", "up", "--port", str(port)],
                env=environment, stdout=sink, stderr=sink, start_new_session=True,
                executable=str(folder / "bin" / "everyshelf"),
            )  # fmt: skip
        try:
            key = _printed_key(up, log, port)
            yield Reader(folder, environment | {"KEY": key}, port)
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(60)
            Server(folder / "home").stop()


def _environment(folder: Path) -> dict[str, str]:
    plain = {name: text for name, text in os.environ.items() if not name.startswith("EVERYSHELF_")}
    program = folder / "bin" / "everyshelf"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c "
        "'from everyshelf.edge.cli import main; main()' \"$@\"\n"
    )
    program.chmod(0o755)
    return plain | {
        "PATH": f"{program.parent}:{plain['PATH']}", "PYTHONPATH": str(pages.ROOT / "src"),
        "EVERYSHELF_HOME": str(folder / "home"), "NO_COLOR": "1", "COLUMNS": "100",
    }  # fmt: skip


def _printed_key(up: subprocess.Popen[bytes], log: Path, port: int) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = SECRET.search(log.read_text())
        with socket.socket() as probe:
            if found and probe.connect_ex(("127.0.0.1", port)) == 0:
                return found[0]
        assert up.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", RUN)
def test_the_blocks_of_a_page_run_as_they_are_written(reader: Reader, page: str) -> None:
    scripts = pages.runnable((pages.ROOT / page).read_text(), "bash")
    assert scripts
    sends = any("send " in script for script in scripts)
    if sends and page != "README.md":  # The README says what `send` is.
        scripts = pages.runnable((pages.ROOT / "README.md").read_text(), "bash")[:1] + scripts
    told = reader.types("\n".join(scripts))
    assert told.returncode == 0, f"{told.stdout[-3000:]}\n{told.stderr[-3000:]}"
    SEEN[page](told.stdout)


def _first_order(told: str) -> None:
    """The reader has seen the promise, the reason, the money back and the row that is dirty."""
    assert '"winner":["DC1"]' in told
    assert '"refund_minor":899' in told
    assert '"state":"completed"' in told
    assert re.search(r"checks on .*: no finding\.", told)
    assert re.search(r"qty_unreadable\W+1\b", told)
    assert re.search(r"Oversold\W+0\b", told)
    assert re.search(r"Audit findings\W+0\b", told)


def _calls(told: str) -> None:
    """Two keys and a signing secret, told once; two orders of a bulk, of which one is refused."""
    assert len(SECRET.findall(told)) == 2
    assert told.count('"secret":"whsec_') == 1
    assert told.count('"outcome":"done"') == told.count('"outcome":"refused"') == 1
    assert '"code":"orders.short"' in told


def _imports(told: str) -> None:
    assert re.search(r"price_unreadable\W+1\b", told)
    assert [int(n) for n in re.findall(r"rows taken\W+(\d+)", told)] == [3, 6, 3, 2]


def _replay(told: str) -> None:
    report: dict[str, Any] = json.loads(told.splitlines()[-1])
    assert report["rows_in"] == report["rows_taken"] + report["rows_quarantined"] == 8
    assert report["quarantined"].keys() == {"qty_unreadable", "return_without_sale"}
    assert report["units_returned"] == 2
    assert report["oversold"] == report["audit_findings"] == 0


def _operations(told: str) -> None:
    """A rule was on trial, became the base and was taken back; a document was refused by place."""
    assert "sourcing 2 is live for 10 % of orders." in told
    assert "sourcing 2 is live for every order." in told
    assert "sourcing 3 is live for every order." in told
    assert '"errors":[{"path":"/window_days","detail":"Expected `int`, got `str`."' in told
    assert '"state":"scheduled"' in told
    assert '"act":"retired"' in told
    assert "restored from monday.backup" in told
    assert re.search(r"running\W+yes\b", told)


SEEN: Final = dict(zip(RUN, (_first_order, _calls, _imports, _replay, _operations), strict=True))


def test_every_page_with_such_blocks_is_run() -> None:
    texts = {str(p.relative_to(pages.ROOT)): p.read_text() for p in pages.pages()}
    assert {name for name, text in texts.items() if pages.runnable(text, "bash")} == set(RUN)


def test_a_block_that_fails_is_seen(reader: Reader) -> None:
    script = "\n".join(pages.runnable("```bash run\nfalse\necho on\n```\n", "bash"))
    told = reader.types(script)
    assert (told.returncode, told.stdout) == (1, "")


def examples(page: str) -> list[str]:
    return pages.runnable((pages.ROOT / page).read_text(), "python")


def test_the_example_of_a_receiver_knows_our_signature() -> None:
    (example,) = examples("docs/api.md")
    space: dict[str, Any] = {}
    exec(example, space)
    secret, body, now = webhooks.new_secret(), b'{"id": "evt_1"}', datetime.now(UTC)
    headers = hooks_out.signed(secret, "evt_1", now, body)
    verified = space["verified"]
    assert verified(secret, headers, body)
    assert not verified(secret, headers, body + b" ")
    assert not verified(webhooks.new_secret(), headers, body)
    late = headers | {"webhook-timestamp": str(int(now.timestamp()) - 600)}
    assert not verified(secret, late, body)
