"""A PostgreSQL of its own for a run, what it costs in processor time, and pgbench beside it.

Durable, as in production: a commit is on the disk before it is answered.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil  # type: ignore[import-untyped]
import psycopg

from everyshelf.base import binaries
from everyshelf.base.migrate import apply
from everyshelf.base.server import Server

PGBENCH: Final = "pgbench"
TPS: Final = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


@contextlib.contextmanager
def scratch() -> Iterator[Server]:
    """A migrated server in a temporary folder, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="es-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may run under an account of its own.
        server = Server(Path(folder) / "home")
        try:
            apply(server.start())
            yield server
        finally:
            server.stop()


class Cpu:
    """Processor seconds of this process and of all of PostgreSQL, since it was made."""

    def __init__(self, server: Server) -> None:
        first = (server.data / "postmaster.pid").read_text().splitlines()[0]
        self._postmaster = psutil.Process(int(first))
        self._began = self._now()

    def seconds(self) -> float:
        """What was used since the beginning."""
        return self._now() - self._began

    def _now(self) -> float:
        ended = self._postmaster.cpu_times()
        total = ended.user + ended.system + ended.children_user + ended.children_system
        for child in self._postmaster.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = child.cpu_times()
                total += times.user + times.system
        return float(total) + time.process_time()


def pgbench_ready(server: Server, scale: int) -> None:
    """Makes pgbench's own tables in a database beside ours."""
    with psycopg.connect(server.maintenance_url(), autocommit=True) as conn:
        conn.execute(f"create database {PGBENCH}")
    _pgbench(server, "--initialize", f"--scale={scale}", "--quiet")


def pgbench_tps(server: Server, clients: int, seconds: int) -> float:
    """Transactions per second of `pgbench -N`: one update, one select, one insert each."""
    told = _pgbench(
        server, "--skip-some-updates", f"--client={clients}", f"--jobs={min(clients, 2)}",
        f"--time={seconds}",
    )  # fmt: skip
    found = TPS.search(told)
    assert found is not None, told
    return float(found[1])


def _pgbench(server: Server, *options: str) -> str:
    program = binaries.find() / "pgbench"
    told = subprocess.run(
        [program, *options, server.maintenance_url(PGBENCH)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    return told.stdout


def surroundings(server: Server) -> dict[str, object]:
    """What a reader must know to compare a figure with another."""
    return machine() | {"postgresql": server.version}


def machine() -> dict[str, object]:
    """The same where no PostgreSQL is used."""
    return {
        "cpus": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
