"""What lies in packages: each lot and serial number by its name, also when the packer named none.

Stock knows which lots and serial numbers were picked for an allocation (the earliest expiring ones
when nobody named them); the lines of new packages are named after it, and what is taken out of a
package is what stock took. It moves nothing itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from everyshelf import stock
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.fulfillment.facts import FulfillmentId, FulfillmentOrder, PackageId
from everyshelf.fulfillment.turn import NewPackage, PackedLine
from everyshelf.stock import AllocationId, Bucket

SQL = load("everyshelf.fulfillment")
Made = tuple[FulfillmentOrder, NewPackage]
Name = tuple[str, str]  # lot, serial
Hands = Mapping[AllocationId, Counter[Name]]


class BoxRow(msgspec.Struct, frozen=True):
    """A line of a package as it stands."""

    part: int
    package_id: PackageId
    allocation_id: AllocationId
    item: str
    qty: int
    lot: str
    serial: str


def packed_of(tx: Tx, units: Iterable[tuple[str, AllocationId]]) -> Hands:
    """The lots and serial numbers that are packed for these (item, allocation); allocations of
    items that are not tracked are left out."""
    hands: dict[AllocationId, Counter[Name]] = {}
    for c in stock.carried_of(tx, sorted(set(units))):
        packed = c.qty if c.bucket == Bucket.PACKED else 0
        hands.setdefault(c.allocation_id, Counter())[c.lot, c.serial] += packed
    return hands


def boxes_of(tx: Tx, rows: Iterable[tuple[int, FulfillmentId, AllocationId]]) -> list[BoxRow]:
    """The lines of the packages that hold these allocations, the last package first."""
    return tx.all(SQL.read_boxes, BoxRow, **table(("parts", "ids", "allocations"), rows))


def named(tx: Tx, made: Sequence[Made]) -> list[Made]:
    """New packages with every lot and serial number on a line of its own."""
    bare = [(order, x) for order, package in made for x in package.lines if not (x.lot or x.serial)]
    left = packed_of(tx, ((x.item, x.allocation_id) for _, x in bare))
    if not left:
        return list(made)
    mine = ((o.part, o.id, x.allocation_id) for o, x in bare if x.allocation_id in left)
    for box in boxes_of(tx, sorted(set(mine))):
        left[box.allocation_id][box.lot, box.serial] -= box.qty
    for _, package in made:
        for x in package.lines:
            if x.allocation_id in left and (x.lot or x.serial):
                left[x.allocation_id][x.lot, x.serial] -= x.qty
    return [
        (order, msgspec.structs.replace(p, lines=tuple(y for x in p.lines for y in _name(x, left))))
        for order, p in made
    ]


def _name(line: PackedLine, left: Hands) -> list[PackedLine]:
    if line.lot or line.serial or line.allocation_id not in left:
        return [line]
    hand = left[line.allocation_id]
    lines: list[PackedLine] = []
    wanted = line.qty
    for (lot, serial), qty in sorted(hand.items()):
        if take := min(wanted, max(0, qty)):
            wanted -= take
            hand[lot, serial] -= take
            lines.append(msgspec.structs.replace(line, qty=take, lot=lot, serial=serial))
    assert not wanted, "every packed unit of a tracked item has its lot or serial number"
    return lines


def taken_out(
    tx: Tx, out: Sequence[tuple[int, FulfillmentId, AllocationId, int]]
) -> list[tuple[BoxRow, int]]:
    """Which lines of packages lose how many units. Stock has unpacked them already: of a tracked
    item the lines lose what stock has not any more."""
    boxes = boxes_of(tx, (row[:3] for row in out))
    left = {allocation: qty for _, _, allocation, qty in out}
    packed = packed_of(tx, {(box.item, box.allocation_id) for box in boxes})
    surplus = {a: Counter({name: -qty for name, qty in h.items()}) for a, h in packed.items()}
    for box in boxes:
        if box.allocation_id in surplus:
            surplus[box.allocation_id][box.lot, box.serial] += box.qty
    rows: list[tuple[BoxRow, int]] = []
    for box in boxes:
        take = min(left[box.allocation_id], box.qty)
        if box.allocation_id in surplus:
            take = min(take, surplus[box.allocation_id][box.lot, box.serial])
            surplus[box.allocation_id][box.lot, box.serial] -= take
        left[box.allocation_id] -= take
        if take:
            rows.append((box, take))
    assert not any(left.values()), "packed units lie in packages"
    return rows
