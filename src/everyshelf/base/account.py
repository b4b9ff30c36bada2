"""Which account of the machine runs PostgreSQL, and which folders that account can reach.

PostgreSQL refuses to run as root. Started by root, the server runs as the owner of its folder, else
as `postgres`, else as `nobody`; started by anybody else it runs as that person. Decides no path.
"""

import os
import pwd
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from everyshelf.base.errors import Code

FOLDER_NOT_OURS: Final = Code(
    "server.folder_not_ours", 409, "The folder holds something else, or is somebody else's."
)

Command = list[str | Path | int]

OWN_ACCOUNT: Final = "everyshelf"
KEPT_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Account:
    """An account that may run PostgreSQL, and whether we must change to it."""

    uid: int
    gid: int
    name: str
    switch: bool

    def run(self, command: Command, *, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `command` as this account, from `/`, without the PG* settings of the caller."""
        return subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env=plain_environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def unreachable(self, folder: Path) -> Path | None:
        """The first folder on the way to `folder` that this account cannot enter."""
        for step in [*reversed(folder.parents), folder]:
            if step.exists() and self.run(["test", "-x", step]).returncode != 0:
                return step
        return None

    def give(self, path: Path, mode: int) -> None:
        """Make `path` this account's own, with `mode`."""
        path.chmod(mode)
        if self.switch:
            os.chown(path, self.uid, self.gid)


def plain_environment() -> Mapping[str, str]:
    """What PostgreSQL's programs may see of ours: no PG* variable, messages in English, UTC."""
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def account_for(folder: Path) -> Account:
    """The account that runs the server of `folder`; refuses a folder that is somebody else's."""
    owner = folder.stat().st_uid if folder.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise FOLDER_NOT_OURS(
                f"{folder} belongs to another account (uid {owner}); "
                "set EVERYSHELF_HOME to a folder of yours",
            )
        return _account(pwd.getpwuid(os.geteuid()), switch=False)
    if owner:
        return _owner(owner, folder)
    for name in ("postgres", "nobody"):
        try:
            return _account(pwd.getpwnam(name), switch=True)
        except KeyError:
            continue
    return _created()


def _account(entry: pwd.struct_passwd, *, switch: bool) -> Account:
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name, switch)


def _owner(uid: int, folder: Path) -> Account:
    try:
        return _account(pwd.getpwuid(uid), switch=True)
    except KeyError:
        raise FOLDER_NOT_OURS(
            f"{folder} belongs to uid {uid}, which has no account on this machine"
        ) from None


def _created() -> Account:
    """A system account of our own, for the rare machine that has neither of the usual two."""
    subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OWN_ACCOUNT],
        check=True,
        capture_output=True,
    )
    return _account(pwd.getpwnam(OWN_ACCOUNT), switch=True)
