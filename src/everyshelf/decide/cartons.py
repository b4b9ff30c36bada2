"""Decides which cartons an order goes into: real placements of real dimensions, never a guess.

Units are placed at extreme points (Crainic, Perboli, Tadei 2008) in allowed rotations, the smallest
carton that holds all first. A claimed fit always comes with its coordinates. It may miss a tighter
packing that exists; it does not judge stacking strength, stability or dangerous goods.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from itertools import product

import msgspec
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Size = tuple[int, int, int]
Point = tuple[int, int, int]


class Fit(StrEnum):
    """Why a parcel looks as it does."""

    WHOLE = "whole_order"
    SPLIT = "order_exceeds_largest"
    OVERSIZE = "oversize"
    OVERWEIGHT = "overweight"


class Item(msgspec.Struct, frozen=True):
    """Units to pack; an `upright` item keeps its height vertical."""

    item: int
    size_mm: Size
    weight_g: int
    qty: int = 1
    upright: bool = False


class Box(msgspec.Struct, frozen=True):
    """A carton by its inner size, what it may weigh with contents and what it weighs empty."""

    name: str
    inner_mm: Size
    max_weight_g: int
    tare_g: int = 0


class Problem(msgspec.Struct, frozen=True):
    """One order's units and the cartons at hand."""

    items: tuple[Item, ...]
    boxes: tuple[Box, ...]


class Policy(msgspec.Struct, frozen=True):
    """Padding kept free along each wall, and the share of a carton's volume that may be used."""

    padding_mm: int = 0
    max_fill: float = 1.0


STANDARD = Policy()


class Placed(msgspec.Struct, frozen=True):
    """One unit: its lowest corner (from the padded corner of the carton) and its turned size."""

    item: int
    at_mm: Point
    size_mm: Size


class Parcel(msgspec.Struct, frozen=True):
    """A carton with its placements, or a unit in its own packaging (`box` None)."""

    box: str | None
    placed: tuple[Placed, ...]
    weight_g: int
    fill: float
    why: Fit


class Decision(msgspec.Struct, frozen=True):
    """The parcels, and per smaller carton that was not used why it was passed over."""

    parcels: tuple[Parcel, ...]
    why: tuple[tuple[str, str], ...]


class _Room(msgspec.Struct, frozen=True):
    """What one carton offers after padding, tare and the fill limit."""

    box: Box
    size: Size
    weight_g: int
    volume: int


def decide(problems: Sequence[Problem], policy: Policy = STANDARD) -> list[Decision]:
    """Carton every order of the batch."""
    return [carton(problem, policy) for problem in problems]


def carton(problem: Problem, policy: Policy = STANDARD) -> Decision:
    """The smallest carton that holds all; else the fullest, again and again; odd ones alone."""
    rooms = sorted((_room(box, policy) for box in problem.boxes), key=_roominess)
    units = [item for item in problem.items for _ in range(item.qty)]
    loose = [unit for unit in units if not any(_holds(room, unit) for room in rooms)]
    rest = [unit for unit in units if any(_holds(room, unit) for room in rooms)]
    parcels = [_alone(unit, rooms) for unit in loose]
    passed: tuple[tuple[str, str], ...] = ()
    why = Fit.WHOLE
    while rest:
        parcel, tried = _smallest(rooms, rest, why)
        passed = passed or tried
        if parcel is None:
            why = Fit.SPLIT
            taken = _fullest(rooms, rest)
            parcel, _ = _smallest(rooms, taken, why)
            assert parcel is not None
        parcels.append(parcel)
        rest = _without(rest, parcel)
    return Decision(tuple(parcels), passed)


def place(
    units: Sequence[Item], room: Size, weight_g: int, volume: int, gridded: bool = True
) -> list[Placed]:
    """Place units in the given order where they fit, lowest point first; others are left out.

    `gridded` prefers the rotation of which most would fit into the empty room, else the flattest.
    """
    points: set[Point] = {(0, 0, 0)}
    low, high = np.empty((0, 3), np.int64), np.empty((0, 3), np.int64)
    placed: list[Placed] = []
    hopeless: set[tuple[Size, bool]] = set()
    for unit in units:
        if (
            (unit.size_mm, unit.upright) in hopeless
            or unit.weight_g > weight_g
            or _volume(unit.size_mm) > volume
        ):
            continue
        spot = _spot(_turns(unit, room, gridded), unit, points, low, high, room)
        if spot is None:
            hopeless.add((unit.size_mm, unit.upright))
            continue
        placed.append(spot)
        weight_g -= unit.weight_g
        volume -= _volume(unit.size_mm)
        corner = np.array(spot.at_mm)
        low = np.vstack([low, corner])
        high = np.vstack([high, corner + spot.size_mm])
        points.update(_new_points(spot, low, high, room))
        points = {point for point in points if not _covered(point, spot)}
    return placed


def rotations(item: Item) -> list[Size]:
    """The distinct axis-parallel ways to turn a unit, flattest first."""
    a, b, c = item.size_mm
    turned = {(a, b, c), (b, a, c)}
    if not item.upright:
        turned |= {(a, c, b), (b, c, a), (c, a, b), (c, b, a)}
    return sorted(turned, key=lambda size: (size[2], size[1], size[0]))


def _turns(item: Item, room: Size, gridded: bool) -> list[Size]:
    sizes = [size for size in rotations(item) if all(map(int.__le__, size, room))]
    if gridded:
        sizes.sort(key=lambda size: -math.prod(map(int.__floordiv__, room, size)))
    return sizes


def _spot(
    sizes: Sequence[Size], unit: Item, points: Iterable[Point], low: Ints, high: Ints, room: Size
) -> Placed | None:
    """The lowest free point at which some rotation touches nothing and stays inside."""
    if not sizes:
        return None
    turned = np.array(sizes)
    for point in sorted(points, key=lambda p: (p[2], p[1], p[0])):
        start = np.array(point)
        end = start + turned
        inside = (end <= room).all(axis=1)
        apart = (end[:, None] <= low) | (start >= high)
        free = inside & apart.any(axis=2).all(axis=1)
        if free.any():
            return Placed(unit.item, point, sizes[int(np.argmax(free))])
    return None


def _covered(point: Point, spot: Placed) -> bool:
    """Whether a unit's lowest corner can no longer be put there."""
    triples = zip(point, spot.at_mm, spot.size_mm, strict=True)
    return all(at <= p < at + side for p, at, side in triples)


def _new_points(spot: Placed, low: Ints, high: Ints, room: Size) -> set[Point]:
    """The three far corners of a unit, and each slid back along the other axes to the next face."""
    found: set[Point] = set()
    for axis in range(3):
        base = list(spot.at_mm)
        base[axis] += spot.size_mm[axis]
        if base[axis] >= room[axis]:
            continue
        found.add((base[0], base[1], base[2]))
        found.update(_slide(base, along, low, high) for along in range(3) if along != axis)
    return found


def _slide(base: Sequence[int], along: int, low: Ints, high: Ints) -> Point:
    across = [axis for axis in range(3) if axis != along]
    point = np.array(base)
    faces = (low[:, across] <= point[across]) & (point[across] < high[:, across])
    stops = high[faces.all(axis=1) & (high[:, along] <= point[along]), along]
    slid = list(base)
    slid[along] = int(stops.max()) if len(stops) else 0
    return slid[0], slid[1], slid[2]


def _orders() -> tuple[Callable[[Item], tuple[int, ...]], ...]:
    """The orders in which units are tried: by volume, by longest side, by largest face."""
    return (
        lambda u: (-_volume(u.size_mm), -max(u.size_mm), u.item),
        lambda u: (-max(u.size_mm), -_volume(u.size_mm), u.item),
        lambda u: (-_volume(u.size_mm) // min(u.size_mm), -_volume(u.size_mm), u.item),
    )


def _pack(room: _Room, units: Sequence[Item]) -> list[Placed]:
    """The most volume that any order packs; the first that places every unit ends the search."""
    best: list[Placed] = []
    tries = list(product(_orders(), (True, False)))
    # Large parcels get fewer tries: a pass over n units takes about n squared time.
    for order, gridded in tries[: 6 if len(units) <= 40 else 2 if len(units) <= 120 else 1]:
        ranked = sorted(units, key=order)
        placed = place(ranked, room.size, room.weight_g, room.volume, gridded)
        if len(placed) == len(units):
            return placed
        best = max(best, placed, key=_packed)
    return best


def _smallest(
    rooms: Sequence[_Room], units: Sequence[Item], why: Fit
) -> tuple[Parcel | None, tuple[tuple[str, str], ...]]:
    """The smallest carton that takes all units, and why the smaller ones do not."""
    passed: list[tuple[str, str]] = []
    for room in rooms:
        obstacle = _obstacle(room, units)
        placed = [] if obstacle else _pack(room, units)
        if len(placed) == len(units):
            return _parcel(room, placed, units, why), tuple(passed)
        passed.append((room.box.name, obstacle or "no_placement_found"))
    return None, tuple(passed)


def _obstacle(room: _Room, units: Sequence[Item]) -> str | None:
    if sum(unit.weight_g for unit in units) > room.weight_g:
        return "too_heavy"
    if sum(_volume(unit.size_mm) for unit in units) > room.volume:
        return "too_small"
    return None if all(_holds(room, unit) for unit in units) else "item_too_long"


def _fullest(rooms: Sequence[_Room], units: Sequence[Item]) -> list[Item]:
    """The units that the carton holding most volume takes; every unit fits some carton alone."""
    most = max((_pack(room, units) for room in rooms), key=_packed)
    left = {placed.item: 0 for placed in most}
    for placed in most:
        left[placed.item] += 1
    taken = []
    for unit in units:
        if left.get(unit.item, 0):
            left[unit.item] -= 1
            taken.append(unit)
    return taken


def _parcel(room: _Room, placed: Sequence[Placed], units: Sequence[Item], why: Fit) -> Parcel:
    weight = room.box.tare_g + sum(unit.weight_g for unit in units)
    fill = _packed(placed) / _volume(room.box.inner_mm)
    return Parcel(room.box.name, tuple(placed), weight, fill, why)


def _alone(unit: Item, rooms: Sequence[_Room]) -> Parcel:
    """A unit no carton can take travels in its own packaging."""
    fits = any(_inside(room, unit) for room in rooms)
    placed = (Placed(unit.item, (0, 0, 0), unit.size_mm),)
    return Parcel(None, placed, unit.weight_g, 1.0, Fit.OVERWEIGHT if fits else Fit.OVERSIZE)


def _without(units: Sequence[Item], parcel: Parcel) -> list[Item]:
    gone = [placed.item for placed in parcel.placed]
    rest = []
    for unit in units:
        if unit.item in gone:
            gone.remove(unit.item)
        else:
            rest.append(unit)
    return rest


def _room(box: Box, policy: Policy) -> _Room:
    a, b, c = (max(0, side - 2 * policy.padding_mm) for side in box.inner_mm)
    volume = int(_volume((a, b, c)) * policy.max_fill)
    return _Room(box, (a, b, c), box.max_weight_g - box.tare_g, volume)


def _roominess(room: _Room) -> tuple[int, int, str]:
    return _volume(room.size), room.weight_g, room.box.name


def _holds(room: _Room, unit: Item) -> bool:
    light = unit.weight_g <= room.weight_g and _volume(unit.size_mm) <= room.volume
    return light and _inside(room, unit)


def _inside(room: _Room, unit: Item) -> bool:
    return any(all(s <= r for s, r in zip(t, room.size, strict=True)) for t in rotations(unit))


def _volume(size: Size) -> int:
    return size[0] * size[1] * size[2]


def _packed(placed: Iterable[Placed]) -> int:
    return sum(_volume(one.size_mm) for one in placed)
