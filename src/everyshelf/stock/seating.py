"""Where wants sit for now: free units of preferred nodes first; when a narrow pool is full of
flexible holds, those move within their own pools (`decide.holding`), so that overlapping pools
are exact. Reads and plans; the ledger posts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from everyshelf.base import ids
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import holding
from everyshelf.stock.facts import Bucket, HoldId, HoldRow, Leg, Part, Want
from everyshelf.stock.protection import Floors, candidates, pool_members

SQL = load("everyshelf.stock")


class Seat(msgspec.Struct, frozen=True):
    """Units of a live hold that move to another node of its pool."""

    row: HoldRow
    to_node: str
    qty: int


class Placed(msgspec.Struct):
    """Parts per want and the seats of other holds they need; or what is missing; or `deferred`:
    the group has to be looked at again on fresh rows."""

    parts: list[list[Part]] = msgspec.field(default_factory=list)
    seats: list[Seat] = msgspec.field(default_factory=list)
    shortage: str = ""
    deferred: bool = False


class _Shelf(msgspec.Struct, frozen=True):
    """All about one item that a rearrangement needs."""

    rows: list[HoldRow]
    members: dict[str, list[str]]


class Seats:
    """The free units of one round, shared by its wants in order of arrival."""

    def __init__(self, tx: Tx, wants: Sequence[Want]) -> None:
        self._tx = tx
        self._floors = Floors(tx, (w.item for w in wants))
        self._pools = candidates(tx, ((w.item, w.pool) for w in wants))
        self._free = {(c.item, c.node): c.sellable for cs in self._pools.values() for c in cs}
        self._touched: set[str] = set()
        self._waiting: set[str] = set()
        self._shelves: dict[tuple[str, str], _Shelf] = {}

    def floor(self, want: Want, node: str) -> int:
        """Units the want's channel must leave sellable at the node."""
        return self._floors.floor(want.channel, want.item, node)

    def place(self, group: Sequence[Want]) -> Placed:
        """Seats a group whole, or says what is short; one that is not seated leaves no trace."""
        placed = Placed()
        if any(want.item in self._waiting for want in group):
            return Placed(deferred=True)
        saved = dict(self._free) if len(group) > 1 else None
        for want in group:
            parts = self._take(want)
            if parts is None:
                parts, seats = self._rearrange(want)
                placed.seats += seats
            if not parts:
                return self._refuse(group, want, placed, saved)
            placed.parts.append(parts)
        self._touched |= {want.item for want in group}
        return placed

    def _refuse(
        self,
        group: Sequence[Want],
        want: Want,
        placed: Placed,
        saved: dict[tuple[str, str], int] | None,
    ) -> Placed:
        if saved is not None:
            self._free = saved
        self._waiting -= {w.item for w in group}
        if want.item in self._touched:
            # Holds of this very round could still make room, and nobody later may take it first.
            self._waiting |= {w.item for w in group}
            return Placed(deferred=True)
        return Placed(shortage=self._words(want))

    def _take(self, want: Want) -> list[Part] | None:
        usable = [
            (c.node, self._free[c.item, c.node] - self.floor(want, c.node))
            for c in self._pools[want.item, want.pool]
        ]
        whole = next((node for node, free in usable if free >= want.qty), None)
        if whole is not None:
            self._free[want.item, whole] -= want.qty
            return [Part(whole, want.qty)]
        if sum(max(free, 0) for _, free in usable) < want.qty:
            return None
        parts, left = [], want.qty
        for node, free in usable:
            if (take := min(left, free)) > 0:
                parts.append(Part(node, take))
                self._free[want.item, node] -= take
                left -= take
        return parts

    def _rearrange(self, want: Want) -> tuple[list[Part], list[Seat]]:
        """Asks `decide.holding` for an augmenting path through the item's flexible holds."""
        shelf = self._shelf(want)
        if not shelf.rows:
            return [], []
        nodes = sorted({n for found in shelf.members.values() for n in found})
        decision = holding.place(self._problem(want, shelf, {n: i for i, n in enumerate(nodes)}))
        if decision.grants[0].why is not None:
            return [], []
        by_id = {(int(row.id), row.node): row for row in shelf.rows}
        seats = [
            Seat(by_id[move.hold, nodes[move.from_node]], nodes[move.to_node], move.qty)
            for move in decision.moves
        ]
        for seat in seats:
            self._shift(seat.row.item, seat.row.node, seat.qty)
            self._shift(seat.row.item, seat.to_node, -seat.qty)
        parts = [Part(nodes[n], qty) for n, qty in decision.grants[0].parts]
        for part in parts:
            self._shift(want.item, part.node, -part.qty)
        self._waiting.add(want.item)
        return parts, seats

    def _shift(self, item: str, node: str, qty: int) -> None:
        self._free[item, node] = self._free.get((item, node), 0) + qty

    def _shelf(self, want: Want) -> _Shelf:
        """The item's live holds (locked) and the members of their pools, read once a round."""
        if (want.item, want.pool) not in self._shelves:
            rows = self._tx.all(
                SQL.lock_item_holds, HoldRow, part=ids.part_of(want.item), item=want.item
            )
            pools = {row.pool for row in rows} | {want.pool}
            reach = candidates(self._tx, ((want.item, pool) for pool in pools))
            for c in (c for found in reach.values() for c in found):
                self._free.setdefault((c.item, c.node), c.sellable)
            members = {p: list(m) for p, m in pool_members(self._tx, pools).items()}
            self._shelves[want.item, want.pool] = _Shelf(rows, members)
        return self._shelves[want.item, want.pool]

    def _problem(self, want: Want, shelf: _Shelf, index: dict[str, int]) -> holding.Problem:
        def lows(channel: str, nodes: Sequence[str]) -> tuple[int, ...]:
            return tuple(self._floors.floor(channel, want.item, node) for node in nodes)

        def seats(pool: str) -> tuple[int, ...]:
            return tuple(index[node] for node in shelf.members[pool])

        held = tuple(
            holding.Held(
                int(row.id), index[row.node], seats(row.pool), row.qty,
                lows(row.channel, shelf.members[row.pool]),
            )
            for row in shelf.rows
            if row.node in shelf.members[row.pool]
        )  # fmt: skip
        here = shelf.members[want.pool]
        request = holding.Request(0, seats(want.pool), want.qty, lows(want.channel, here))
        free = tuple(
            (index[node], units)
            for (item, node), units in self._free.items()
            if item == want.item and node in index
        )
        return holding.Problem(free, held, (request,))

    def _words(self, want: Want) -> str:
        free = sum(
            max(self._free[c.item, c.node] - self.floor(want, c.node), 0)
            for c in self._pools[want.item, want.pool]
        )
        return f"{want.qty} of {want.item} were asked for ({want.pool}), {free} are free."


def legs(seats: Iterable[Seat]) -> list[Leg]:
    """The postings that let holds change their seats."""
    return [
        leg
        for s in seats
        for leg in (
            Leg(s.row.item, s.to_node, Bucket.SELLABLE, s.to_node, Bucket.HELD, s.qty, "reseat"),
            Leg(s.row.item, s.row.node, Bucket.HELD, s.row.node, Bucket.SELLABLE, s.qty, "reseat"),
        )
    ]


def reseat(tx: Tx, seats: Sequence[Seat]) -> None:
    """Writes where moved holds sit now."""
    consume(tx, ((seat.row, seat.qty) for seat in seats))
    names = (
        "parts", "ids", "nodes", "qtys", "items", "pools", "channels", "owners", "lines",
        "expiries",
    )  # fmt: skip
    rows = (
        (
            ids.part_of(s.row.item), s.row.id, s.to_node, s.qty, s.row.item, s.row.pool,
            s.row.channel, s.row.owner, s.row.line, s.row.expires_at,
        )
        for s in seats
    )  # fmt: skip
    tx.run(SQL.seat_holds, **table(names, rows), now=tx.now)


def consume(tx: Tx, taken: Iterable[tuple[HoldRow, int]]) -> None:
    """Takes units out of hold rows that this transaction has locked; empty rows go."""
    totals: dict[tuple[int, HoldId, str], list[int]] = {}
    for row, qty in taken:
        total = totals.setdefault((ids.part_of(row.item), row.id, row.node), [0, row.qty])
        total[0] += qty
    names = ("parts", "ids", "nodes", "qtys")
    gone = [(*key, total[0]) for key, total in totals.items() if total[0] == total[1]]
    less = [(*key, total[0]) for key, total in totals.items() if total[0] < total[1]]
    if gone:
        tx.run(SQL.drop_holds, **table(names[:3], (row[:3] for row in gone)))
    if less:
        tx.run(SQL.lessen_holds, **table(names, less))
