"""Packing: picked units are closed into packages; unpacking opens them again.

The packer names cartons and contents, or the default cartons are chosen (boxes.py). A package
weighs its contents and its carton unless a scale says otherwise. It does not label or ship.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf import catalog
from everyshelf.base import claims, ids
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.catalog import Item
from everyshelf.fulfillment import boxes, desk
from everyshelf.fulfillment.boxes import Content
from everyshelf.fulfillment.desk import SQL, Desk
from everyshelf.fulfillment.facts import (
    CARTON_UNKNOWN,
    NOTHING,
    PACKAGE_UNKNOWN,
    TOO_MANY,
    Act,
    Done,
    FulfillmentId,
    FulfillmentOrder,
    Line,
    PackageId,
    allow,
    amount,
    find,
    settled,
)
from everyshelf.fulfillment.turn import Moves, NewPackage, PackedLine, Turn, turned
from everyshelf.stock import AllocationId, Step


class PackLine(msgspec.Struct, frozen=True):
    """Units of one line in a package; all that are picked unless `qty` says fewer."""

    allocation_id: AllocationId
    qty: int | None = None
    lot: str = ""
    serials: tuple[str, ...] = ()


class PackBox(msgspec.Struct, frozen=True):
    """One package: its carton, its weight on the scale, its contents."""

    carton: str
    lines: tuple[PackLine, ...]
    weight_g: int | None = None


class Pack(msgspec.Struct, frozen=True):
    """Close picked units into packages; everything into default cartons when none are named."""

    key: str
    fulfillment_id: FulfillmentId
    packages: tuple[PackBox, ...] | None = None
    version: int | None = None


class Unpack(msgspec.Struct, frozen=True):
    """Open packages again; all of the fulfillment order when none are named."""

    key: str
    fulfillment_id: FulfillmentId
    packages: tuple[PackageId, ...] | None = None
    version: int | None = None


def pack(tx: Tx, commands: Sequence[Pack]) -> list[Result[Done]]:
    """Closes packages; the answer names them.

    Refused: fulfillment.unknown, version.stale, fulfillment.state, .carton_unknown,
    .line_unknown, .too_many, .nothing_open.
    """
    return claims.once(tx, "fulfillment.pack", commands, pack_now, Done)


def pack_now(tx: Tx, commands: Sequence[Pack]) -> list[Result[Done]]:
    """The claim-free form."""
    at = desk.open_desk(tx, [c.fulfillment_id for c in commands])
    items = catalog.items(tx, sorted({x.item for order in at.values() for x in order.lines}))
    return desk.work(tx, at, commands, lambda order, c: decide_pack(order, c, items))


def decide_pack(order: FulfillmentOrder, command: Pack, items: dict[str, Item]) -> Turn:
    allow(order, Act.PACK)
    if command.packages is None:
        steps, packages = _default(order, items)
    else:
        steps, packages = _named(order, command.packages, items)
    packed: dict[int, int] = {}
    for step in steps:
        packed[step.allocation_id] = packed.get(step.allocation_id, 0) + step.qty
    lines = tuple(
        msgspec.structs.replace(x, packed=x.packed + packed[x.allocation_id])
        if x.allocation_id in packed
        else x
        for x in order.lines
    )
    after = turned(order, lines=lines, state=settled(order.state, lines))
    return Turn(after, moves=Moves(pack=tuple(steps)), packages=tuple(packages))


def _default(
    order: FulfillmentOrder, items: dict[str, Item]
) -> tuple[list[Step], list[NewPackage]]:
    left = [Content(x, x.to_pack) for x in order.lines if x.to_pack]
    if not left:
        raise NOTHING(f"Nothing is left to pack on {order.id}.")
    steps = [Step(c.line.allocation_id, c.line.item, c.qty) for c in left]
    return steps, [
        NewPackage(
            ids.new(PackageId),
            parcel.carton,
            parcel.weight_g,
            tuple(_packed(c.line, c.qty) for c in parcel.contents),
        )
        for parcel in boxes.plan(left, items)
    ]


def _packed(line: Line, qty: int, lot: str = "", serial: str = "") -> PackedLine:
    return PackedLine(line.allocation_id, line.line, line.item, qty, lot, serial)


def _named(
    order: FulfillmentOrder, named: Sequence[PackBox], items: dict[str, Item]
) -> tuple[list[Step], list[NewPackage]]:
    book = order.book()
    steps: list[Step] = []
    packages: list[NewPackage] = []
    for box in named:
        if box.carton not in boxes.TARE_G:
            raise CARTON_UNKNOWN(f"There is no carton named {box.carton!r}.")
        if not box.lines:
            raise NOTHING("A package holds at least one unit.")
        inside: list[PackedLine] = []
        for want in box.lines:
            line = find(book, want.allocation_id)
            qty = amount(want.qty, line.to_pack, line)
            if want.serials and len(want.serials) != qty:
                raise TOO_MANY(f"{len(want.serials)} serial numbers were named for {qty} units.")
            steps.append(Step(line.allocation_id, line.item, qty, want.lot, want.serials))
            inside += _by_serial(line, qty, want)
            packed = line.packed + qty
            book[line.allocation_id] = msgspec.structs.replace(line, packed=packed)
        merged = _merged(inside)
        contents = [Content(book[x.allocation_id], x.qty) for x in merged]
        weight = boxes.weight(contents, items, box.carton) if box.weight_g is None else box.weight_g
        packages.append(NewPackage(ids.new(PackageId), box.carton, weight, merged))
    return steps, packages


def _by_serial(line: Line, qty: int, want: PackLine) -> list[PackedLine]:
    if not want.serials:
        return [_packed(line, qty, want.lot)]
    return [_packed(line, 1, want.lot, serial) for serial in want.serials]


def _merged(inside: Sequence[PackedLine]) -> tuple[PackedLine, ...]:
    """One row per allocation, lot and serial, as a package keeps them."""
    totals: dict[tuple[int, str, str], PackedLine] = {}
    for x in inside:
        key = (x.allocation_id, x.lot, x.serial)
        before = totals[key].qty if key in totals else 0
        totals[key] = msgspec.structs.replace(x, qty=before + x.qty)
    return tuple(totals.values())


class _Inside(msgspec.Struct, frozen=True):
    """A line of a package and whose it is."""

    fulfillment_id: FulfillmentId
    package_id: PackageId
    allocation_id: AllocationId
    item: str
    qty: int
    lot: str
    serial: str


def unpack(tx: Tx, commands: Sequence[Unpack]) -> list[Result[Done]]:
    """Opens packages: the undo of pack.

    Refused: fulfillment.unknown, version.stale, fulfillment.state, .package_unknown,
    .nothing_open.
    """
    return claims.once(tx, "fulfillment.unpack", commands, _unpack, Done)


def _unpack(tx: Tx, commands: list[Unpack]) -> list[Result[Done]]:
    at = desk.open_desk(tx, [c.fulfillment_id for c in commands])
    inside = _given(commands, _read_inside(tx, at))
    return desk.work(tx, at, commands, lambda order, c: _decide_unpack(order, inside[c.key]))


def _read_inside(tx: Tx, at: Desk) -> list[_Inside]:
    names = table(("parts", "ids"), ((o.part, o.id) for o in at.values()))
    return tx.all(SQL.read_inside, _Inside, **names) if at else []


def _given(commands: Sequence[Unpack], rows: Sequence[_Inside]) -> dict[str, list[_Inside] | None]:
    """The contents each command opens; a package is opened by the first that names it. None: it
    names a package that is not there."""
    left: dict[PackageId, list[_Inside]] = {}
    for row in rows:
        left.setdefault(row.package_id, []).append(row)
    given: dict[str, list[_Inside] | None] = {}
    for c in commands:
        mine = {p for p, found in left.items() if found[0].fulfillment_id == c.fulfillment_id}
        wanted = mine if c.packages is None else set(c.packages)
        found = [row for p in sorted(wanted & mine) for row in left.pop(p)]
        given[c.key] = None if wanted - mine else found
    return given


def _decide_unpack(order: FulfillmentOrder, rows: list[_Inside] | None) -> Turn:
    allow(order, Act.UNPACK)
    if rows is None:
        raise PACKAGE_UNKNOWN(f"A package was named that {order.id} does not have.")
    if not rows:
        raise NOTHING(f"Nothing is packed on {order.id}.")
    book = order.book()
    for row in rows:
        line = find(book, row.allocation_id)
        book[line.allocation_id] = msgspec.structs.replace(line, packed=line.packed - row.qty)
    lines = tuple(book.values())
    after = turned(order, lines=lines, state=settled(order.state, lines))
    opened = tuple(sorted({row.package_id for row in rows}))
    return Turn(after, moves=Moves(unpack=tuple(_back(row) for row in rows)), opened=opened)


def _back(row: _Inside) -> Step:
    serials = (row.serial,) if row.serial else ()
    return Step(row.allocation_id, row.item, row.qty, row.lot, serials)
