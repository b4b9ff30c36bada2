"""Which database a command speaks to: EVERYSHELF_DATABASE_URL, else the embedded server's.

Also the default home, and the panels of the help. Offers no command.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from everyshelf.base.account import account_for
from everyshelf.base.server import NOT_RUNNING, Server

# The panels of `everyshelf --help` that more than one file fills.
RUNNING: Final = "Run"
DATA: Final = "Keep the data safe"

URL: Final = "EVERYSHELF_DATABASE_URL"
HOME: Final = "EVERYSHELF_HOME"
SYSTEM_HOME: Final = Path("/var/lib/everyshelf")


def external_url() -> str | None:
    """The database that the operator named, if any."""
    return os.environ.get(URL) or None


def default_home() -> Path:
    """The folder of the embedded server.

    Root's home is usually closed to the account that runs PostgreSQL; then it is a system folder.
    """
    named = os.environ.get(HOME)
    if named:
        return Path(named)
    usual = Path.home() / ".local" / "share" / "everyshelf"
    if os.geteuid() == 0 and account_for(usual).unreachable(usual):
        return SYSTEM_HOME
    return usual


def embedded(port: int | None = None) -> Server:
    """The embedded server of this machine's user; not started."""
    return Server(default_home(), port=port)


def database_url(start: bool = True) -> str:
    """The URL of the database; starts the embedded server, or refuses when it does not run."""
    named = external_url()
    if named:
        return named
    server = embedded()
    if start:
        return server.start()
    if not server.running:
        raise NOT_RUNNING(f"no server runs in {server.folder}; start it with `everyshelf up`")
    return server.url()


@contextlib.contextmanager
def borrowed() -> Iterator[Server]:
    """The embedded server running; stopped again afterwards if it did not run before."""
    server = embedded()
    server.start()
    try:
        yield server
    finally:
        if server.started_here:
            server.stop()
