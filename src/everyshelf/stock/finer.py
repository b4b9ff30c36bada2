"""Lots and serial numbers: finer rows under the same ledger.

Between sellable, held and allocated a unit stays on its shelf, so a lot row knows only physical
places: `shelf` and the other buckets. Out of a shelf the earliest expiring lot leaves first
(FEFO) unless a lot is named; a serial number has exactly one open place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

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
    Leg,
    Short,
)

SQL = load("everyshelf.stock")
Place = tuple[str, str, str]  # item, node, physical bucket


class LotRow(msgspec.Struct, frozen=True):
    """The units of one lot at one physical place."""

    item: str
    node: str
    lot: str
    bucket: str
    expires_on: date | None
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
        self, tracking: dict[str, str], lots: Sequence[LotRow], serials: Sequence[SerialRow]
    ) -> None:
        self.tracking = tracking
        self.lots: dict[Place, dict[str, int]] = {}
        self.expiry: dict[tuple[str, str], date | None] = {}
        for row in lots:
            self.lots.setdefault((row.item, row.node, row.bucket), {})[row.lot] = row.qty
            self.expiry[row.item, row.lot] = row.expires_on
        self.serials = {(s.item, s.serial): (s.node, s.bucket) for s in serials}
        self.lots_before = {place: dict(found) for place, found in self.lots.items()}
        self.serials_before = dict(self.serials)

    def split(self, group: Sequence[Leg]) -> tuple[list[Leg], Short | None]:
        """The legs with their lots and serials named, or what is wrong with them."""
        if not self.tracking or not any(leg.item in self.tracking for leg in group):
            return list(group), None
        saved = {p: dict(found) for p, found in self.lots.items()}, dict(self.serials)
        legs: list[Leg] = []
        for leg in group:
            found, short = self._one(leg)
            if short is not None:
                self.lots, self.serials = saved
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
        parts = _draw(source, leg, self.expiry)
        if sum(qty for _, qty in parts) < leg.qty:
            here = sum(source.values())
            return [], Short(leg.item, leg.from_node, f"lot {leg.lot}", leg.qty, here)
        for lot, qty in parts:
            source[lot] -= qty
            if not leg.to_node.startswith("@"):
                self._credit(target, lot, qty)
        return [msgspec.structs.replace(leg, lot=lot, qty=qty) for lot, qty in parts], None

    def _credit(self, place: Place, lot: str, qty: int) -> None:
        lots = self.lots.setdefault(place, {})
        lots[lot] = lots.get(lot, 0) + qty

    def _serial(self, leg: Leg) -> tuple[list[Leg], Short | None]:
        source = (leg.from_node, physical(leg.from_bucket))
        numbers = leg.serials
        if not numbers and not leg.from_node.startswith("@"):
            here = sorted(s for (i, s), p in self.serials.items() if i == leg.item and p == source)
            numbers = tuple(here[: leg.qty])
        if len(set(numbers)) != leg.qty:
            return [], _wrong(leg, SERIAL_REQUIRED.code, f"{leg.qty} serial numbers are needed")
        legs = []
        for number in numbers:
            place = self.serials.get((leg.item, number))
            fresh = place is None or place[0].startswith("@")
            if not (fresh if leg.from_node.startswith("@") else place == source):
                return [], _wrong(leg, SERIAL_ELSEWHERE.code, f"serial {number} is not there")
            if leg.from_node == CUSTOMER and place is None:
                return [], _wrong(leg, SERIAL_ELSEWHERE.code, f"serial {number} was never sold")
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
            (ids.part_of(item), item, number, *place)
            for (item, number), place in self.serials.items()
            if self.serials_before.get((item, number)) != place
        ]
        if moved:
            rows = table(("parts", "items", "serials", "nodes", "buckets"), moved)
            tx.run(SQL.place_serials, **rows, now=tx.now)


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
        return Positions({}, [], [])
    legs = [leg for group in groups for leg in group if leg.item in tracking]
    names = sorted(tracking)
    nodes = sorted({n for leg in legs for n in (leg.from_node, leg.to_node)})
    parts = sorted({ids.part_of(item) for item in names})
    lots = tx.all(SQL.lock_lots, LotRow, parts=parts, items=names, nodes=nodes)
    named = sorted({s for leg in legs for s in leg.serials})
    serials = tx.all(
        SQL.lock_serials, SerialRow, parts=parts, items=names, nodes=nodes, serials=named
    )
    return Positions(tracking, lots, serials)
