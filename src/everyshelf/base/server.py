"""The embedded PostgreSQL: makes its folder once, starts it, attaches to it, stops it.

Owns one folder: `data` (the cluster), `run` (the private socket), `log`, `lock`. Whoever starts it
second attaches. Durability is PostgreSQL's default unless a test gives it up. Knows no table.
"""

import contextlib
import fcntl
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import psycopg

from everyshelf.base import backup, server_home
from everyshelf.base.account import Account, Command, account_for
from everyshelf.base.binaries import Binaries, find, reachable
from everyshelf.base.errors import Code

PORT_TAKEN: Final = Code("server.port_taken", 409, "Another program listens on this port.")
VERSION_MISMATCH: Final = Code(
    "server.version_mismatch", 409, "The data was made by another major version of PostgreSQL."
)
NOT_RUNNING: Final = Code("server.not_running", 409, "The server is not running: start it first.")
START_FAILED: Final = Code("server.start_failed", 500, "PostgreSQL did not start.")
FOLDER_UNREACHABLE: Final = Code(
    "server.folder_unreachable", 409, "The account of PostgreSQL cannot enter the folder."
)

DATABASE: Final = "everyshelf"
ROLE: Final = "everyshelf"
MAINTENANCE: Final = "postgres"
SOCKET_PORT: Final = 5432
START_SECONDS: Final = 600  # Recovery after a crash replays up to max_wal_size of log.
STOP_SECONDS: Final = 100
LOG: Final = "postgres.log"
SHARED_MEMORY_TRIES: Final = 20


class Server:
    """One PostgreSQL in one folder, reached through a socket that only its account may enter."""

    def __init__(
        self, folder: Path, *, port: int | None = None, small: bool = False, durable: bool = True
    ) -> None:
        self.folder = Path(folder).expanduser().absolute()
        self.port = port
        self.small = small
        self.durable = durable
        self.started_here = False
        self._binaries: Binaries | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def running(self) -> bool:
        """Whether a postmaster of this folder is alive: also when another process started it."""
        return server_home.postmaster(self.data) is not None

    @property
    def version(self) -> str:
        """The version of PostgreSQL's programs."""
        return self._found().version

    def start(self) -> str:
        """Start or attach; the URL of the application's database, which exists afterwards."""
        account = self._prepare_folder()
        with self._locked(account):
            if not self.running:
                self._launch(account)
                self.started_here = True
            self._ensure_database()
        return self.url()

    def stop(self) -> None:
        """Stop the server, whoever started it; nothing happens when it does not run."""
        if not server_home.is_ours(self.folder):
            return
        account = account_for(self.folder)
        with self._locked(account):
            if self.running:
                control = reachable(self._found(), account, self.folder) / "pg_ctl"
                command: Command = [
                    control,
                    "-D",
                    self.data,
                    "-m",
                    "fast",
                    "-w",
                    "-t",
                    STOP_SECONDS,
                    "stop",
                ]
                told = account.run(command)
                if told.returncode != 0 and self.running:
                    raise START_FAILED(f"PostgreSQL did not stop: {told.stderr.strip()}")
        self.started_here = False

    def url(self, dbname: str = DATABASE) -> str:
        """The URL of a database for the application's role."""
        return self._url(dbname, ROLE)

    def maintenance_url(self, dbname: str = MAINTENANCE) -> str:
        """The URL of a database for the superuser, who has no time limits."""
        return self._url(dbname, MAINTENANCE)

    def backup(self, path: Path) -> None:
        """Write the application's database to one file, as of one instant."""
        self._require_running()
        backup.dump(self.maintenance_url(DATABASE), path, self._found())

    def restore(self, path: Path) -> None:
        """Replace the application's database by a backup; on any error the old one stays."""
        self._require_running()
        backup.restore(self.maintenance_url(DATABASE), path, self._found(), owner=ROLE)

    def _found(self) -> Binaries:
        if self._binaries is None:
            self._binaries = find()
        return self._binaries

    def _require_running(self) -> None:
        if not self.running:
            raise NOT_RUNNING(f"no server runs in {self.folder}; start it with `everyshelf up`")

    def _url(self, dbname: str, role: str) -> str:
        alive = server_home.postmaster(self.data)
        where = str(alive.socket_folder if alive else self._socket_folder())
        port = alive.port if alive else self.port or SOCKET_PORT
        query = urlencode({"host": where, "port": port})
        return f"postgresql://{role}@/{dbname}?{query}"

    def _prepare_folder(self) -> Account:
        """The account of the folder, which it can enter and which is known to be ours."""
        server_home.check_ours(self.folder)
        account = account_for(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        blocked = account.unreachable(self.folder.parent)
        if blocked:
            raise FOLDER_UNREACHABLE(
                f"PostgreSQL runs as {account.name}, which cannot enter {blocked}; set "
                f"EVERYSHELF_HOME to a folder outside of it, or allow it: chmod o+x {blocked}"
            )
        account.give(self.folder, 0o700)
        server_home.mark(self.folder, account)
        return account

    @contextlib.contextmanager
    def _locked(self, account: Account) -> Iterator[None]:
        """One process at a time starts or stops the server of this folder."""
        path = self.folder / server_home.LOCK
        with path.open("a") as held:
            account.give(path, 0o600)
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def _socket_folder(self) -> Path:
        return server_home.socket_folder(self.folder, self.port or SOCKET_PORT)

    def _launch(self, account: Account) -> None:
        binaries = reachable(self._found(), account, self.folder)
        if not self.data.exists():
            self._initialise(account, binaries)
        self._check_version(binaries)
        self._check_port()
        log = self.folder / "log"
        for folder in (log, self._socket_folder()):
            server_home.private_folder(folder, account)
        server_home.configure(
            self.data,
            account,
            socket_folder=self._socket_folder(),
            port=self.port,
            small=self.small,
            durable=self.durable,
        )
        server_home.turn_log(log / LOG)
        server_home.forget_dead_postmaster(self.data, self._socket_folder())
        self._run_postgres(account, binaries, log / LOG)

    def _run_postgres(self, account: Account, binaries: Binaries, log: Path) -> None:
        """Start and wait until it answers.

        After a kill -9 the orphans of the old server hold its memory for a moment: wait for them.
        """
        command: Command = [binaries / "pg_ctl", "-D", self.data, "-l", log]
        command += ["-w", "-t", START_SECONDS, "start"]
        for _ in range(SHARED_MEMORY_TRIES):
            seen = log.stat().st_size if log.exists() else 0
            told = account.run(command, timeout=START_SECONDS + 20)
            if told.returncode == 0:
                return
            said = log.read_text(errors="replace")[seen:] if log.exists() else ""
            if "pre-existing shared memory block" not in said:
                break
            time.sleep(0.25)
        fatal = [line for line in said.splitlines() if "FATAL" in line or "HINT" in line]
        raise START_FAILED(" ".join(fatal[-3:]) or f"see {log}")

    def _initialise(self, account: Account, binaries: Binaries) -> None:
        """Make the cluster beside its place and rename it, so that half a cluster never counts."""
        fresh = self.folder / "data.partial"
        shutil.rmtree(fresh, ignore_errors=True)
        command: Command = [binaries / "initdb", "-D", fresh, "-U", MAINTENANCE]
        command += ["--encoding=UTF8", "--locale=C", "--data-checksums"]
        command += ["--auth-local=trust", "--auth-host=scram-sha-256"]
        if binaries.major >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        told = account.run(command)
        if told.returncode != 0:
            raise START_FAILED(f"initdb failed: {told.stderr.strip()}")
        fresh.rename(self.data)

    def _check_version(self, binaries: Binaries) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(binaries.major):
            raise VERSION_MISMATCH(
                f"{self.data} was made by PostgreSQL {made_by} and the programs in "
                f"{binaries.folder} are {binaries.version}; point EVERYSHELF_PG_BIN at PostgreSQL "
                f"{made_by}, or make a backup with it and restore that into a new folder"
            )

    def _check_port(self) -> None:
        if self.port is None:
            return
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise PORT_TAKEN(
                    f"port {self.port} cannot be used ({error.strerror}); choose another one"
                ) from error

    def _ensure_database(self) -> None:
        """The application's role, its limits and its database; safe to repeat.

        The limits sit on the role, so that each new database has them and the superuser has none.
        """
        with psycopg.connect(self.maintenance_url(), autocommit=True) as conn:
            if not conn.execute("select 1 from pg_roles where rolname = %s", (ROLE,)).fetchone():
                conn.execute(f"create role {ROLE} login createdb")
                conn.execute(f"grant pg_monitor, pg_checkpoint to {ROLE}")
            for limit, seconds in server_home.role_limits(conn.info.server_version):
                conn.execute(f"alter role {ROLE} set {limit} = '{seconds}s'")
            known = "select datallowconn from pg_database where datname = %s"
            found = conn.execute(known, (DATABASE,)).fetchone()
            if found is None:
                conn.execute(f"create database {DATABASE} owner {ROLE}")
            elif not found[0]:  # A restore died in the instant of its exchange of names.
                conn.execute(f"alter database {DATABASE} with allow_connections true")
