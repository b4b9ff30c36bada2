"""`python -m bench [NAME] [--json]`: lists the benchmarks, or runs one.

The last line of a run is one JSON object; with --json it is the only one.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType

import msgspec

import bench


def benchmarks() -> dict[str, ModuleType]:
    """Every benchmark by its name."""
    found = (
        (one.name, importlib.import_module(f"bench.{one.name}"))
        for one in pkgutil.iter_modules(bench.__path__)
        if one.name != "__main__"
    )
    return {name.replace("_", "-"): module for name, module in found if hasattr(module, "run")}


def parser(known: dict[str, ModuleType]) -> argparse.ArgumentParser:
    """The command line, with the options of each benchmark below its name."""
    made = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    names = made.add_subparsers(dest="name", metavar="NAME")
    for name, module in known.items():
        words = (module.__doc__ or "").splitlines()[0]
        one = names.add_parser(name, help=words, description=module.__doc__)
        one.add_argument("--json", action="store_true", help="print nothing but the last line")
        module.options(one)
    return made


@contextlib.contextmanager
def _aside() -> Iterator[None]:
    """What libraries print meanwhile goes to stderr: the last line on stdout is the report."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what is named; without a name lists what there is."""
    known = benchmarks()
    asked = parser(known).parse_args(arguments)
    if asked.name is None:
        for name, module in known.items():
            print(f"{name:18} {(module.__doc__ or '').splitlines()[0]}")
        return 0
    with _aside():
        report = known[asked.name].run(asked)
    if not asked.json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    print(msgspec.json.encode(report).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
