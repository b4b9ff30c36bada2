"""The folder of the embedded PostgreSQL: whose it is, its settings, its socket, its postmaster.

Reads and writes files only; starts and stops nothing.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from everyshelf.base.account import FOLDER_NOT_OURS, Account

MARK: Final = "everyshelf.home"
LOCK: Final = "lock"
MARK_TEXT: Final = "This folder is a home of Everyshelf. Its database is in `data`.\n"
SETTINGS: Final = "everyshelf.conf"
LOCAL_SETTINGS: Final = "local.conf"
SOCKET_PATH_LIMIT: Final = 107
SHORT_FOLDERS: Final = Path("/tmp")
MEGABYTE: Final = 1 << 20
LOG_LIMIT: Final = 32 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What `postmaster.pid` says of a server that is alive."""

    pid: int
    port: int
    socket_folder: Path


def check_ours(folder: Path) -> None:
    """Refuse a folder that already holds something and does not carry our mark."""
    if folder.exists() and not folder.is_dir():
        raise FOLDER_NOT_OURS(f"{folder} is not a folder")
    if not folder.exists() or is_ours(folder):
        return
    if any(entry.name != LOCK for entry in folder.iterdir()):
        raise FOLDER_NOT_OURS(
            f"{folder} is not empty and was not made by Everyshelf; "
            "set EVERYSHELF_HOME to an empty or a new folder"
        )


def is_ours(folder: Path) -> bool:
    """Whether the folder carries our mark."""
    return (folder / MARK).exists()


def mark(folder: Path, account: Account) -> None:
    """Say that the folder is ours."""
    path = folder / MARK
    if not path.exists():
        path.write_text(MARK_TEXT)
        account.give(path, 0o600)


def private_folder(folder: Path, account: Account) -> None:
    """Make `folder` for `account` alone; refuse one that somebody else put there before us."""
    folder.mkdir(exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in (account.uid, os.geteuid()):
        raise FOLDER_NOT_OURS(f"{folder} belongs to another account; remove it")
    account.give(folder, 0o700)


def socket_folder(home: Path, port: int) -> Path:
    """`run` in the home, or a short folder named after the home when the path would be too long."""
    inside = home / "run"
    if len(os.fsencode(inside / f".s.PGSQL.{port}")) <= SOCKET_PATH_LIMIT:
        return inside
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return SHORT_FOLDERS / f"everyshelf-{digest}"


def postmaster(data: Path) -> Postmaster | None:
    """The live server of `data`, or None.

    A process counts only when its working folder is `data`: after a crash the number may belong to
    somebody else, or to a zombie that nobody has buried.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        found = Postmaster(int(lines[0]), int(lines[3]), Path(lines[4]))
    except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
        return None
    return found if _lives_in(found.pid, data) else None


def _lives_in(pid: int, data: Path) -> bool:
    if not Path("/proc/self/cwd").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        return Path(f"/proc/{pid}/cwd").samefile(data)
    except OSError:
        return False


def forget_dead_postmaster(data: Path, socket_folder: Path) -> None:
    """Remove the notes of a server that died; PostgreSQL still checks its shared memory itself.

    The socket's folder is of this home alone, so what lies in it is as dead as the note.
    """
    if postmaster(data) is None:
        (data / "postmaster.pid").unlink(missing_ok=True)
        for left in socket_folder.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)


def turn_log(path: Path) -> None:
    """Put a log that has grown large aside; the one before it goes."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.rename(path.with_suffix(".old.log"))


def configure(
    data: Path,
    account: Account,
    *,
    socket_folder: Path,
    port: int | None,
    small: bool,
    durable: bool,
) -> None:
    """Write our settings afresh and include them; `local.conf` is the operator's and comes last."""
    lines = dict(_settings(socket_folder, port, small=small, durable=durable))
    path = data / SETTINGS
    path.write_text(
        "# Written by Everyshelf at each start; your own settings go into local.conf.\n"
        + "".join(f"{name} = {value}\n" for name, value in lines.items())
    )
    account.give(path, 0o600)
    main = data / "postgresql.conf"
    if f"include '{SETTINGS}'" not in main.read_text():
        with main.open("a") as file:
            file.write(f"\ninclude '{SETTINGS}'\ninclude_if_exists '{LOCAL_SETTINGS}'\n")


def _settings(
    socket_folder: Path, port: int | None, *, small: bool, durable: bool
) -> Iterator[tuple[str, str]]:
    yield "listen_addresses", "''" if port is None else "'127.0.0.1'"
    yield "port", str(port or 5432)
    quoted = str(socket_folder).replace("'", "''").replace('"', '""')
    yield "unix_socket_directories", f"'\"{quoted}\"'"
    yield "unix_socket_permissions", "0700"
    yield "max_connections", "100"
    yield "shared_buffers", f"{128 if small else _quarter_of_memory()}MB"
    yield "max_wal_size", "'512MB'" if small else "'4GB'"
    yield "checkpoint_timeout", "'15min'"
    yield "wal_compression", "on"
    yield "jit", "off"
    yield "random_page_cost", "1.1"
    yield "timezone", "'UTC'"
    yield "log_timezone", "'UTC'"
    yield "log_line_prefix", "'%m [%p] %q%a '"
    yield "log_lock_waits", "on"
    if not durable:
        yield "fsync", "off"
        yield "full_page_writes", "off"
        yield "synchronous_commit", "off"


def _quarter_of_memory() -> int:
    """Megabytes for shared_buffers: a quarter of what the machine or its container has, 1 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (told := limit.read_text().strip()).isdigit():
        memory = min(memory, int(told))
    return max(32, min(1024, memory // 4 // MEGABYTE))


def role_limits(server_version: int) -> list[tuple[str, int]]:
    """The time limits of the application's role, in seconds."""
    limits = [("lock_timeout", 5), ("idle_in_transaction_session_timeout", 30)]
    if server_version >= 170000:
        limits.append(("transaction_timeout", 60))
    return limits
