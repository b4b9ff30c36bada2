"""The package installs as itself: version, entry point and licence agree with the project file."""

import tomllib
from importlib import metadata
from pathlib import Path

import everyshelf

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def test_the_installed_version_is_the_written_one() -> None:
    assert metadata.version("everyshelf") == everyshelf.__version__ == PROJECT["version"]


def test_the_locks_name_no_index() -> None:
    root = Path(__file__).parents[2]
    for lock in ("requirements.txt", "requirements-dev.txt"):
        lines = (root / lock).read_text().splitlines()
        assert any(line.startswith("litestar==") for line in lines)
        assert not [line for line in lines if "://" in line or "index" in line.split("==")[0]]
