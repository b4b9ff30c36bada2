"""The commands that run Everyshelf, each as a process of its own, as an operator calls them."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg
import pytest

from everyshelf.base.server import Server

EVERYSHELF = [sys.executable, "-c", "from everyshelf.edge.cli import main; main()"]


def environment(home: Path, **more: str) -> dict[str, str]:
    plain = {name: text for name, text in os.environ.items() if not name.startswith("EVERYSHELF_")}
    return plain | {"EVERYSHELF_HOME": str(home), "COLUMNS": "100", "NO_COLOR": "1"} | more


def call(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EVERYSHELF, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env=environment(home, **more),
    )


def words(url: str) -> list[str]:
    with psycopg.connect(url) as conn:
        return [row[0] for row in conn.execute("select word from memory order by 1")]


def remember(url: str, word: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("create table if not exists memory (word text)")
        conn.execute("insert into memory values (%s)", (word,))


def test_the_help_is_a_manual(home: Path) -> None:
    told = call(home, "--help")
    assert told.returncode == 0
    for part in ("up", "down", "status", "migrate", "backup", "restore", "Examples", "Run"):
        assert part in told.stdout
    assert not home.exists()


def test_status_of_nothing_says_so_and_starts_nothing(home: Path) -> None:
    told = call(home, "status", "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout)["running"] is False
    assert not home.exists()


def test_status_tells_what_runs(home: Path) -> None:
    server = Server(home, small=True, durable=False)
    server.start()
    told = call(home, "status", "--json")
    found = json.loads(told.stdout)
    assert told.returncode == 0
    assert (found["running"], found["serving"], found["home"]) == (True, False, str(home))
    assert found["postgresql"] == server.version
    assert found["size_bytes"] > 0
    shown = call(home, "status")
    assert str(home) in shown.stdout


def test_status_of_a_named_database(home: Path, server: Server) -> None:
    told = call(home, "status", "--json", EVERYSHELF_DATABASE_URL=server.url())
    found = json.loads(told.stdout)
    assert (told.returncode, found["running"], found["home"]) == (0, True, None)
    assert not home.exists()


def test_a_database_that_does_not_answer_is_a_refusal(home: Path) -> None:
    nowhere = f"postgresql:///none?host={home}"
    told = call(home, "migrate", EVERYSHELF_DATABASE_URL=nowhere)
    assert told.returncode == 2
    assert told.stderr.startswith("database.unreachable: ")


def test_backup_and_restore_leave_a_stopped_server_stopped(home: Path) -> None:
    server = Server(home, small=True)
    remember(server.start(), "kept")
    server.stop()
    file = home.parent / "kept.backup"
    told = call(home, "backup", str(file))
    assert (told.returncode, told.stderr) == (0, "")
    assert not server.running
    remember(server.start(), "lost")
    server.stop()
    told = call(home, "restore", str(file), "--yes")
    assert (told.returncode, told.stderr) == (0, "")
    assert not server.running
    assert words(server.start()) == ["kept"]


def test_a_backup_never_overwrites(home: Path) -> None:
    file = home.parent / "old.backup"
    file.write_text("precious")
    told = call(home, "backup", str(file))
    assert told.returncode == 2
    assert told.stderr.startswith("server.file_exists: ")
    assert file.read_text() == "precious"
    assert not home.exists()


def test_a_restore_wants_to_be_confirmed(home: Path) -> None:
    server = Server(home, small=True, durable=False)
    remember(server.start(), "present")
    file = home.parent / "one.backup"
    server.backup(file)
    remember(server.url(), "since")
    told = subprocess.run(
        [*EVERYSHELF, "restore", str(file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=environment(home),
    )
    assert told.returncode == 2
    assert told.stderr.startswith("server.unconfirmed: ")
    assert words(server.url()) == ["present", "since"]


def test_migrate_says_what_it_applied_and_then_that_nothing_is_missing(home: Path) -> None:
    pytest.importorskip("everyshelf.base.migrate")
    first = call(home, "migrate")
    assert (first.returncode, first.stderr.split()[-1]) == (0, "applied")
    assert first.stdout.splitlines() == sorted(first.stdout.splitlines())
    second = call(home, "migrate")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "up to date\n")
    assert not Server(home).running


def test_down_ends_the_process_that_serves_and_the_server(home: Path) -> None:
    script = (
        "import sys, time; from everyshelf.edge.cli import server, target\n"
        "with server._database(None): print('serving', flush=True); time.sleep(60)"
    )
    held = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment(home)
    )
    assert held.stdout is not None
    with held, held.stdout:
        assert held.stdout.readline() == "serving\n"
        assert json.loads(call(home, "status", "--json").stdout)["serving"] is True
        told = call(home, "down")
        assert (told.returncode, told.stdout) == (0, "stopped\n")
        assert held.wait(10) != 0
    assert not Server(home).running
    assert call(home, "down").stdout == "nothing was running\n"


def test_only_one_process_serves_from_a_home(home: Path) -> None:
    from everyshelf.base.errors import Refused
    from everyshelf.edge.cli.server import _serving

    home.mkdir()
    with _serving(home), pytest.raises(Refused) as refused, _serving(home):
        pass
    assert refused.value.code == "server.already_up"


def test_up_serves_until_down(home: Path) -> None:
    pytest.importorskip("everyshelf.edge.web.serve")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = home.parent / "up.log"
    with log.open("w") as out:
        serving = subprocess.Popen(
            [*EVERYSHELF, "up", "--port", str(port)],
            stdout=out,
            stderr=out,
            env=environment(home),
        )
    try:
        _wait_for_answer(port, serving, log)
        assert call(home, "down").returncode == 0
        assert serving.wait(30) == 0, log.read_text()
    finally:
        if serving.poll() is None:
            serving.kill()
            serving.wait()
    assert not Server(home).running


def _wait_for_answer(port: int, serving: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert serving.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        except urllib.error.HTTPError as answered:
            answered.close()
        except OSError:
            time.sleep(0.1)
            continue
        return
