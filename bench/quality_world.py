"""The multi-item fulfilment benchmark of Amil, Makhdoumi and Wei, rebuilt from its description.

Twenty items; five kinds of order of each size, one unit of each item; cities by population; an item
is stocked at a centre with probability 0.75, as many units as the cities ask for whose nearest such
centre it is; a thousand orders. A parcel costs 8.759, an item in it 0.423 and 0.000541 a mile; an
item that nobody serves costs twice what its dearest parcel would.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from everyshelf.decide.scarcity import Market
from everyshelf.decide.scarcity_outlook import Outlook

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ORDERS: Final = 1000
ITEMS: Final = 20
KINDS: Final = 5
STOCKED: Final = 0.75
PARCEL: Final = 8.759
UNIT: Final = 0.423
MILE: Final = 0.000541
EARTH_MILES: Final = 3958.8
CASES: Final = {"5x10_5": ("_warmup", 5), "5x10_2": ("_warmup", 2), "10x99_3": ("", 3)}


class World:
    """One instance: the market, the stock, and how orders are drawn."""

    def __init__(self, folder: Path, case: str, seed: int) -> None:
        suffix, largest = CASES[case]
        dice = np.random.default_rng(seed)
        cities = _rows(folder / f"cities{suffix}.csv")
        centres = _rows(folder / f"fulfillment_centers{suffix}.csv")
        population = np.array([float(r["Population"]) for r in cities])
        self.miles = _miles(_spots(cities), _spots(centres))
        self.place = population / population.sum()
        patterns = tuple(
            tuple(sorted(dice.choice(ITEMS, n, replace=False).tolist()))
            for n in range(1, largest + 1)
            for _ in range(KINDS)
        )
        self.pattern = np.full(len(patterns), 1 / len(patterns))
        unit = UNIT + MILE * self.miles
        left = 2 * (PARCEL + unit.max(axis=1))
        self.market = Market(patterns, np.full(unit.shape, PARCEL), unit, left, ITEMS)
        self.stock = self._stocked(dice)

    def _stocked(self, dice: np.random.Generator) -> Ints:
        nodes = self.miles.shape[1]
        held = dice.random((ITEMS, nodes)) < STOCKED
        held[~held.any(axis=1), 0] = True
        wanted = np.zeros((ITEMS, len(self.place)))
        for items, share in zip(self.market.patterns, self.pattern, strict=True):
            wanted[list(items)] += ORDERS * share * self.place
        stock = np.zeros((ITEMS, nodes), np.int64)
        for i in range(ITEMS):
            near = np.where(held[i], self.miles, np.inf).argmin(axis=1)
            for n in np.flatnonzero(held[i]).tolist():
                stock[i, n] = int(np.ceil(wanted[i, near == n].sum()))
        return stock

    def sequence(self, seed: int) -> list[tuple[int, int]]:
        """The orders of one cycle as (pattern, place), in their turn."""
        dice = np.random.default_rng(seed)
        patterns = dice.choice(len(self.pattern), ORDERS, p=self.pattern)
        places = dice.choice(len(self.place), ORDERS, p=self.place)
        return list(zip(patterns.tolist(), places.tolist(), strict=True))

    def counted(self, some: list[tuple[int, int]]) -> Ints:
        """How many orders of each pattern from each place."""
        found = np.zeros((len(self.pattern), len(self.place)), np.int64)
        for pattern, place in some:
            found[pattern, place] += 1
        return found

    def outlook(self, futures: int, seed: int) -> Outlook:
        """The futures of the cycle, whose number of orders is known."""
        expected = ORDERS * np.outer(self.pattern, self.place)
        return Outlook(self.market, expected, ORDERS, futures, seed)


def folder() -> Path | None:
    """Where the cities and centres lie, beside the checkout; None where they do not."""
    for above in Path(__file__).resolve().parents:
        found = above / "shared" / "data" / "sourcing"
        if found.is_dir():
            return found
    return None


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _spots(rows: list[dict[str, str]]) -> Floats:
    return np.radians([[float(r["Latitude"]), float(r["Longitude"])] for r in rows])


def _miles(a: Floats, b: Floats) -> Floats:
    rise = np.sin((a[:, None, 0] - b[None, :, 0]) / 2) ** 2
    run = np.sin((a[:, None, 1] - b[None, :, 1]) / 2) ** 2
    h = rise + np.cos(a[:, None, 0]) * np.cos(b[None, :, 0]) * run
    found: Floats = 2 * EARTH_MILES * np.arcsin(np.sqrt(h))
    return found
