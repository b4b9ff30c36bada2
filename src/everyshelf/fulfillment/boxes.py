"""Which cartons a fulfillment order goes into when the packer names none.

Small orders are placed for real (`decide.cartons`); larger ones are filled by volume and weight,
carton after carton, because nobody waits for a proof that 400 units fit. A unit that no carton
takes travels in its own packaging.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from everyshelf.catalog import Item
from everyshelf.decide import cartons
from everyshelf.fulfillment.facts import Line

CARTONS: Final = (
    cartons.Box("S", (230, 160, 80), 5_000, 90),
    cartons.Box("M", (310, 230, 150), 10_000, 180),
    cartons.Box("L", (400, 300, 250), 20_000, 350),
    cartons.Box("XL", (600, 400, 400), 30_000, 700),
)
OWN: Final = "own"
TARE_G: Final = {box.name: box.tare_g for box in CARTONS} | {OWN: 0}
EXACT_UNITS: Final = 6  # Placement costs about a millisecond here and grows with the square.
FILL: Final = 0.7


class Content(msgspec.Struct, frozen=True):
    """Units of a line in one package."""

    line: Line
    qty: int


class Parcel(msgspec.Struct, frozen=True):
    """A package to be made."""

    carton: str
    weight_g: int
    contents: tuple[Content, ...]


def plan(lines: Sequence[Content], items: dict[str, Item]) -> list[Parcel]:
    """The packages for these units."""
    if sum(content.qty for content in lines) <= EXACT_UNITS:
        return _placed(lines, items)
    return _filled(lines, items)


def weight(contents: Sequence[Content], items: dict[str, Item], carton: str) -> int:
    """What a package weighs: its contents and the empty carton."""
    return TARE_G[carton] + sum(items[c.line.item].weight_g * c.qty for c in contents)


def _placed(lines: Sequence[Content], items: dict[str, Item]) -> list[Parcel]:
    units = tuple(
        cartons.Item(n, _size(items[c.line.item]), items[c.line.item].weight_g, c.qty)
        for n, c in enumerate(lines)
    )
    parcels = []
    for parcel in cartons.carton(cartons.Problem(units, CARTONS)).parcels:
        counts: dict[int, int] = {}
        for unit in parcel.placed:
            counts[unit.item] = counts.get(unit.item, 0) + 1
        contents = tuple(Content(lines[n].line, qty) for n, qty in sorted(counts.items()))
        parcels.append(Parcel(parcel.box or OWN, parcel.weight_g, contents))
    return parcels


def _size(item: Item) -> tuple[int, int, int]:
    return item.length_mm, item.width_mm, item.height_mm


def _filled(lines: Sequence[Content], items: dict[str, Item]) -> list[Parcel]:
    largest = CARTONS[-1]
    parcels: list[Parcel] = []
    open_: list[Content] = []
    volume, grams = _room(largest)
    for content in lines:
        item = items[content.line.item]
        unit = _size(item)[0] * _size(item)[1] * _size(item)[2]
        if not _takes(largest, item):
            own = Parcel(OWN, item.weight_g, (Content(content.line, 1),))
            parcels += [own] * content.qty
            continue
        rest = content.qty
        while rest:
            fit = min(rest, volume // unit if unit else rest, grams // max(item.weight_g, 1))
            if fit <= 0:
                parcels.append(_closed(open_, items))
                open_, (volume, grams) = [], _room(largest)
                continue
            open_.append(Content(content.line, fit))
            volume, grams, rest = volume - fit * unit, grams - fit * item.weight_g, rest - fit
    if open_:
        parcels.append(_closed(open_, items))
    return parcels


def _room(box: cartons.Box) -> tuple[int, int]:
    a, b, c = box.inner_mm
    return int(a * b * c * FILL), box.max_weight_g - box.tare_g


def _takes(box: cartons.Box, item: Item) -> bool:
    """One unit of it fits, by its sorted sides, its weight and the fill limit."""
    sides = zip(sorted(_size(item)), sorted(box.inner_mm), strict=True)
    volume, grams = _room(box)
    a, b, c = _size(item)
    return all(x <= y for x, y in sides) and item.weight_g <= grams and a * b * c <= volume


def _closed(contents: Sequence[Content], items: dict[str, Item]) -> Parcel:
    """The smallest carton that takes what was put together."""
    volume = sum(_volume(items[c.line.item]) * c.qty for c in contents)
    grams = sum(items[c.line.item].weight_g * c.qty for c in contents)
    kinds = {c.line.item for c in contents}
    for box in CARTONS:
        room, limit = _room(box)
        enough = volume <= room and grams <= limit
        if enough and all(_takes(box, items[kind]) for kind in kinds):
            return Parcel(box.name, box.tare_g + grams, tuple(contents))
    raise AssertionError("what was filled by the largest carton's limits fits it")


def _volume(item: Item) -> int:
    return item.length_mm * item.width_mm * item.height_mm
