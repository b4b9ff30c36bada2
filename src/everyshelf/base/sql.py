"""Named statements: a room's SQL lives in its `queries.sql`, one statement per `-- name:` line.

The text under a name is sent as written. Comment lines right under the name say why; they are
kept as the statement's `why`. A `checks.sql` has the same form; each check must return no row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """One SQL statement with its name, its room's package and the comment that says why."""

    package: str
    name: str
    why: str
    text: str


class Statements:
    """The statements of one file, as attributes: `SQL.allocate`."""

    def __init__(self, package: str, found: dict[str, Statement]) -> None:
        self.package = package
        self.found = found

    def __getattr__(self, name: str) -> Statement:
        try:
            return self.found[name]
        except KeyError:
            raise AttributeError(f"{self.package} has no statement named {name}") from None


def parse(package: str, text: str) -> dict[str, Statement]:
    """Splits a file at its `-- name:` lines. A name used twice is a bug."""
    pieces = NAME.split(text)
    found: dict[str, Statement] = {}
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        assert name not in found, f"{package}: the statement {name} is named twice"
        lines = body.strip().splitlines()
        why = [line[2:].strip() for line in lines if line.startswith("--")]
        code = "\n".join(line for line in lines if not line.startswith("--")).strip()
        found[name] = Statement(package, name, " ".join(why), code.rstrip(";"))
    return found


@cache
def load(package: str, file: str = "queries.sql") -> Statements:
    """The statements of a package's file; an absent file has none."""
    path = resources.files(package) / file
    text = path.read_text() if path.is_file() else ""
    return Statements(package, parse(package, text))
