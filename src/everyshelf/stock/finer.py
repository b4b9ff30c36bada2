"""Lots and serial numbers: finer rows under the same ledger.

Between sellable, held and allocated a unit stays on its shelf, so a lot row knows only physical
places: `shelf` and the other buckets. Out of a shelf the earliest expiring lot leaves first
(FEFO) unless a lot is named; a serial number has exactly one open place. What was picked for an
allocation stays its own until it has left: no other allocation packs or ships it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
from psycopg.errors import SerializationFailure

from everyshelf.base import ids
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.stock.facts import (
    CUSTOMER,
    LOT_REQUIRED,
    SERIAL_ELSEWHERE,
    SERIAL_REQUIRED,
    SHELF,
    AllocationId,
    Bucket,
    Leg,
    Short,
)

SQL = load("everyshelf.stock")
Place = tuple[str, str, str]  # item, node, physical bucket
Hand = tuple[str, AllocationId, str]  # item, allocation, bucket
Name = tuple[str, str]  # lot, serial
WORKED = (Bucket.PICKED, Bucket.PACKED)


class LotRow(msgspec.Struct, frozen=True):
    """The units of one lot at one physical place."""

    item: str
    node: str
    lot: str
    bucket: str
    expires_on: date | None
    qty: int


class Carried(msgspec.Struct, frozen=True):
    """Units of a lot, or a serial number, that were picked for an allocation and have not left."""

    allocation_id: AllocationId
    item: str
    bucket: str
    lot: str
    serial: str
    qty: int


class SerialRow(msgspec.Struct, frozen=True):
    """Where one serial number is."""

    item: str
    serial: str
    node: str
    bucket: str


def physical(bucket: str) -> str:
    """The physical place of a bucket: sellable, held and allocated units share the shelf."""
    return "shelf" if bucket in SHELF else bucket


class Positions:
    """The lots and serials touched by one posting: read once, changed here, written once."""

    def __init__(
        self,
        tracking: dict[str, str],
        lots: Sequence[LotRow] = (),
        serials: Sequence[SerialRow] = (),
        carried: Sequence[Carried] = (),
    ) -> None:
        self.tracking = tracking
        self.lots: dict[Place, dict[str, int]] = {}
        self.expiry: dict[tuple[str, str], date | None] = {}
        for row in lots:
            self.lots.setdefault((row.item, row.node, row.bucket), {})[row.lot] = row.qty
            self.expiry[row.item, row.lot] = row.expires_on
        self.serials = {(s.item, s.serial): (s.node, s.bucket) for s in serials}
        self.carried: dict[Hand, dict[Name, int]] = {}
        for c in carried:
            hand = self.carried.setdefault((c.item, c.allocation_id, c.bucket), {})
            hand[c.lot, c.serial] = c.qty
        self.carried_before = {hand: dict(found) for hand, found in self.carried.items()}
        self.lots_before = {place: dict(found) for place, found in self.lots.items()}
        self.serials_before = dict(self.serials)

    def split(self, group: Sequence[Leg]) -> tuple[list[Leg], Short | None]:
        """The legs with their lots and serials named, or what is wrong with them."""
        if not self.tracking or not any(leg.item in self.tracking for leg in group):
            return list(group), None
        lots = {p: dict(found) for p, found in self.lots.items()}
        saved = lots, dict(self.serials), {h: dict(f) for h, f in self.carried.items()}
        legs: list[Leg] = []
        for leg in group:
            found, short = self._one(leg)
            if short is not None:
                self.lots, self.serials, self.carried = saved
                return [], short
            legs += found
        return legs, None

    def _one(self, leg: Leg) -> tuple[list[Leg], Short | None]:
        kind = self.tracking.get(leg.item, "none")
        stays = leg.from_node == leg.to_node
        if kind == "none" or (stays and physical(leg.from_bucket) == physical(leg.to_bucket)):
            return [leg], None
        return self._lot(leg) if kind == "lot" else self._serial(leg)

    def _lot(self, leg: Leg) -> tuple[list[Leg], Short | None]:
        target = (leg.item, leg.to_node, physical(leg.to_bucket))
        if leg.from_node.startswith("@"):
            if not leg.lot:
                return [], _wrong(leg, LOT_REQUIRED.code, "name the lot")
            self.expiry.setdefault((leg.item, leg.lot), leg.expires_on)
            self._credit(target, leg.lot, leg.qty)
            return [leg], None
        source = self.lots.get((leg.item, leg.from_node, physical(leg.from_bucket)), {})
        mine = self._mine(leg)
        free = source if mine is None else {lot: qty for (lot, _), qty in mine.items()}
        parts = _draw(free, leg, self.expiry)
        if sum(qty for _, qty in parts) < leg.qty:
            here = sum(free.values())
            return [], Short(leg.item, leg.from_node, f"lot {leg.lot}", leg.qty, here)
        for lot, qty in parts:
            source[lot] -= qty
            self._carry(leg, (lot, ""), qty)
            if not leg.to_node.startswith("@"):
                self._credit(target, lot, qty)
        return [msgspec.structs.replace(leg, lot=lot, qty=qty) for lot, qty in parts], None

    def _credit(self, place: Place, lot: str, qty: int) -> None:
        lots = self.lots.setdefault(place, {})
        lots[lot] = lots.get(lot, 0) + qty

    def _mine(self, leg: Leg) -> dict[Name, int] | None:
        """What was picked for the leg's allocation; None when the leg takes from the shelf."""
        if leg.allocation_id is None or leg.from_bucket not in WORKED:
            return None
        return self.carried.get((leg.item, leg.allocation_id, leg.from_bucket), {})

    def _carry(self, leg: Leg, name: Name, qty: int) -> None:
        """Notes which units of the allocation are where now."""
        if leg.allocation_id is None:
            return
        for bucket, change in ((leg.from_bucket, -qty), (leg.to_bucket, qty)):
            if bucket in WORKED:
                hand = self.carried.setdefault((leg.item, leg.allocation_id, bucket), {})
                hand[name] = hand.get(name, 0) + change

    def _serial(self, leg: Leg) -> tuple[list[Leg], Short | None]:
        source = (leg.from_node, physical(leg.from_bucket))
        numbers = leg.serials
        mine = self._mine(leg)
        if not numbers and not leg.from_node.startswith("@"):
            here = {s for (i, s), p in self.serials.items() if i == leg.item and p == source}
            own = here if mine is None else {s for (_, s), qty in mine.items() if qty}
            numbers = tuple(sorted(own)[: leg.qty])
        if len(set(numbers)) != leg.qty:
            return [], _wrong(leg, SERIAL_REQUIRED.code, f"{leg.qty} serial numbers are needed")
        legs = []
        for number in numbers:
            place = self.serials.get((leg.item, number))
            fresh = place is None or place[0].startswith("@")
            if not (fresh if leg.from_node.startswith("@") else place == source):
                return [], _wrong(leg, SERIAL_ELSEWHERE.code, f"serial {number} is not there")
            if mine is not None and not mine.get(("", number)):
                words = f"serial {number} was not picked for this"
                return [], _wrong(leg, SERIAL_ELSEWHERE.code, words)
            if leg.from_node == CUSTOMER and place is None:
                return [], _wrong(leg, SERIAL_ELSEWHERE.code, f"serial {number} was never sold")
            self._carry(leg, ("", number), 1)
            self.serials[leg.item, number] = (leg.to_node, physical(leg.to_bucket))
            legs.append(msgspec.structs.replace(leg, qty=1, serials=(number,)))
        return legs, None

    def write(self, tx: Tx) -> None:
        """Writes what changed: lots by their difference, serials by their new place."""
        lots = [
            (ids.part_of(p[0]), p[0], p[1], lot, p[2], self.expiry.get((p[0], lot)), qty - old)
            for p, found in self.lots.items()
            for lot, qty in found.items()
            if qty != (old := self.lots_before.get(p, {}).get(lot, 0))
        ]
        names = ("parts", "items", "nodes", "lots", "buckets", "expiries", "qtys")
        if debits := [row for row in lots if row[-1] < 0]:
            tx.run(SQL.debit_lots, **table(names, debits))
        if gains := [row for row in lots if row[-1] > 0]:
            tx.run(SQL.credit_lots, **table(names, gains))
        moved = [
            (ids.part_of(item), item, number, *place, (item, number) not in self.serials_before)
            for (item, number), place in self.serials.items()
            if self.serials_before.get((item, number)) != place
        ]
        if moved:
            rows = table(("parts", "items", "serials", "nodes", "buckets", "fresh"), moved)
            if tx.run(SQL.place_serials, **rows, now=tx.now) < len(moved):
                raise SerializationFailure("a new serial number came in elsewhere meanwhile")
        self._write_carried(tx)

    def _write_carried(self, tx: Tx) -> None:
        """The allocations are locked, so what they carry is written as it is now."""
        changed = [
            (ids.part_of(hand[0]), hand[1], hand[0], hand[2], *name, qty)
            for hand, found in self.carried.items()
            for name, qty in found.items()
            if qty != self.carried_before.get(hand, {}).get(name, 0)
        ]
        names = ("parts", "allocations", "items", "buckets", "lots", "serials")
        if gone := [row[:-1] for row in changed if not row[-1]]:
            tx.run(SQL.drop_carried, **table(names, gone))
        if kept := [row for row in changed if row[-1]]:
            tx.run(SQL.put_carried, **table((*names, "qtys"), kept))


def _draw(
    source: dict[str, int], leg: Leg, expiry: dict[tuple[str, str], date | None]
) -> list[tuple[str, int]]:
    """Which lots leave: the named one, else the earliest expiring first (FEFO)."""
    last = date.max
    names = [leg.lot] if leg.lot else sorted(
        source, key=lambda lot: (expiry.get((leg.item, lot)) or last, lot)
    )  # fmt: skip
    parts, left = [], leg.qty
    for lot in names:
        if take := min(left, source.get(lot, 0)):
            parts.append((lot, take))
            left -= take
    return parts


def _wrong(leg: Leg, code: str, words: str) -> Short:
    return Short(leg.item, leg.from_node, words, leg.qty, 0, code)


def open_positions(tx: Tx, groups: Sequence[Sequence[Leg]]) -> Positions:
    """Reads and locks the lots and serials that these legs may touch. Untracked items cost one
    look-up for the whole batch."""
    items = sorted({leg.item for group in groups for leg in group})
    tracking = dict(tx.tuples(SQL.tracked_items, items=items))
    if not tracking:
        return Positions({})
    legs = [leg for group in groups for leg in group if leg.item in tracking]
    names = sorted(tracking)
    nodes = sorted({n for leg in legs for n in (leg.from_node, leg.to_node)})
    parts = sorted({ids.part_of(item) for item in names})
    lots = tx.all(SQL.lock_lots, LotRow, parts=parts, items=names, nodes=nodes)
    named = sorted({s for leg in legs for s in leg.serials})
    serials = tx.all(
        SQL.lock_serials, SerialRow, parts=parts, items=names, nodes=nodes, serials=named
    )
    hands = sorted({(leg.item, leg.allocation_id) for leg in legs if leg.allocation_id is not None})
    return Positions(tracking, lots, serials, carried_of(tx, hands) if hands else ())


def carried_of(tx: Tx, wanted: Sequence[tuple[str, AllocationId]]) -> list[Carried]:
    """The lots and serial numbers that were picked for these (item, allocation) and have not left;
    nothing for items that are not tracked."""
    rows = ((ids.part_of(item), allocation_id) for item, allocation_id in wanted)
    return tx.all(SQL.carried_of, Carried, **table(("parts", "allocations"), rows))
