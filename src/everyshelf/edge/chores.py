"""What time brings: expiries of holds, carts and pickups, and intents that are to be settled.

A chore is a claim-free function of a room that does at most LIMIT things and says how many it did;
`run` repeats each until nothing is due. Which rule makes a thing due, the room knows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from everyshelf.base.tx import Database, Tx

LIMIT: Final = 500

Chore = Callable[[Tx], int]

NAMES: Final = ("stock.expire", "cart.expire", "pickup.expire")


@lru_cache(maxsize=1)
def chores() -> tuple[tuple[str, Chore], ...]:
    """The chores of the rooms, in the order of the journey."""
    return tuple((name, _chore(*name.split("."))) for name in NAMES if _exists(name))


def _exists(name: str) -> bool:
    room, verb = name.split(".")
    package = f"everyshelf.{room}"
    return find_spec(package) is not None and hasattr(import_module(package), verb)


def _chore(room: str, verb: str) -> Chore:
    do: Any = getattr(import_module(f"everyshelf.{room}"), verb)
    return lambda tx: int(do(tx, limit=LIMIT))


def run(db: Database, *, now: datetime | None = None) -> int:
    """Does all that is due; how many things."""
    total = 0
    for name, chore in chores():
        while done := db.run(chore, now=now, actor=name):
            total += done
    return total
