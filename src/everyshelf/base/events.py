"""Events: what happened, as frozen structs, each with a type that never changes its meaning.

Envelope = CloudEvents 1.0 (type `everyshelf.<room>.<noun>.<past>.v1`). A room declares its events
in its `events.py`, one class each; `registry()` knows them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import ClassVar

import msgspec

from everyshelf.base.ids import Id
from everyshelf.journey import ROOMS


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events. `TYPE` is `<room>.<noun>.<past>`; `SUBJECT` names the aggregate's field.

    `version` is the aggregate's version after the event, 0 where the aggregate keeps none.
    """

    TYPE: ClassVar[str] = ""
    SUBJECT: ClassVar[str] = ""
    version: int = 0

    @property
    def subject(self) -> str:
        """The aggregate it is about: `ord_...`, `S001`, ..."""
        return str(getattr(self, self.SUBJECT))


class EventId(Id):
    """Identifies one event in the log."""

    prefix = "evt"


class Envelope(msgspec.Struct, frozen=True):
    """A CloudEvents 1.0 envelope (structured JSON mode) around an event's body."""

    id: EventId
    type: str
    source: str
    subject: str
    time: datetime
    actor: str
    cause: str
    aggregateversion: int
    data: msgspec.Raw
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


def full_type(kind: type[Event]) -> str:
    """The CloudEvents type of an event class."""
    return f"everyshelf.{kind.TYPE}.v1"


@lru_cache(maxsize=1)
def registry() -> dict[str, type[Event]]:
    """All event classes of all rooms by full type."""
    for room in ROOMS:
        name = f"everyshelf.{room}.events"
        if find_spec(f"everyshelf.{room}") and find_spec(name):
            import_module(name)
    return {full_type(kind): kind for kind in _below(Event) if kind.TYPE}


def _below(kind: type[Event]) -> Iterator[type[Event]]:
    """All classes derived from this one; those without a TYPE only share fields."""
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)
