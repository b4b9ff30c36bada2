"""Follows the event log from memory: what a live view or a stand-in for people wants to hear.

It keeps no cursor row and takes no lane, so it disturbs no subscriber and is forgotten with its
process. Work that must not be lost has a cursor (`subscribe`) instead.
"""

from __future__ import annotations

from collections.abc import Iterable

from everyshelf.base import codec, outbox
from everyshelf.base.events import Event, full_type, registry
from everyshelf.base.ids import LANES
from everyshelf.base.outbox import Logged, Position
from everyshelf.base.subscribe import Heard
from everyshelf.base.tx import Tx


class Tail:
    """Where one follower of some kinds of events stands; at first before the oldest."""

    def __init__(self, kinds: Iterable[type[Event]]) -> None:
        self._kinds = {full_type(kind): kind for kind in kinds}
        self._positions = [Position(lane, "0", 0) for lane in range(LANES)]

    def read(self, tx: Tx, batch: int) -> list[Heard]:
        """The next events, oldest first, at most `batch`; each is given once."""
        below = outbox.horizon(tx)
        found = outbox.read(tx, self._positions, sorted(self._kinds), below, batch)
        self._move(found, below, complete=len(found) < batch)
        known = registry()
        return [
            Heard(e.id, e.at, e.actor, e.cause, codec.decode(e.body, known[e.type])) for e in found
        ]

    def _move(self, found: list[Logged], below: str, *, complete: bool) -> None:
        if complete:
            self._positions = [Position(lane, below, 0) for lane in range(LANES)]
            return
        last = {e.lane: Position(e.lane, e.xid, int(e.id)) for e in found}
        self._positions = [last.get(p.lane, p) for p in self._positions]
