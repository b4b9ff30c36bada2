"""A retailer's year decided again under three rules: the nearest, the cheapest now, and ours.

The invoices of the retail file go to American cities by population; three warehouses hold every
item and stores of a real chain hold some. Units are drawn as they are sold and come back every
week. Cost, parcels, miles and promises are counted for the same orders under each rule; then
100,000 orders are decided at once.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.scratch import machine
from everyshelf.decide import scarcity_items
from everyshelf.decide import sourcing_batch as batch
from everyshelf.decide.sourcing import warm

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_LINES: Final = 10
CITIES: Final = 60
WAREHOUSES: Final = 3
MILES: Final = np.array([150.0, 300.0, 600.0, 1000.0, 1400.0, 1800.0, 2400.0])
PARCEL: Final = 550_000 + 70_000 * np.arange(8)
PER_KG: Final = 30_000 + 12_000 * np.arange(8)
ON_TIME_ZONES: Final = 4
PENALTY: Final = 5_000_000
MOST: Final = 10
EARTH_MILES: Final = 3958.8
RULES: Final = ("nearest", "cheapest_now", "ours")


class Outcome(msgspec.Struct, frozen=True):
    """Per order: money, parcels, miles of a parcel; shares of orders in several parcels, of parcels
    within the promise, of units that nobody had."""

    cost_minor: float
    parcels: float
    split_pct: float
    miles: float
    on_time_pct: float
    unfilled_pct: float


class Report(msgspec.Struct, frozen=True):
    """Each rule over the same orders; and how long deciding 100,000 of them takes on one core."""

    name: str
    orders: int
    lines: int
    nodes: int
    rules: dict[str, Outcome]
    again_orders: int
    again_seconds: float
    again_orders_per_s: int
    proven_pct: float
    surroundings: dict[str, object]


def options(parser: argparse.ArgumentParser) -> None:
    """Adds this benchmark's options."""
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, default=100_000, help="decided again at once")
    parser.add_argument("--played", type=int, default=20_000, help="of the file, at most")
    parser.add_argument("--nodes", type=int, default=40)
    parser.add_argument("--limit", type=int, default=100, help="steps of the search, at once")


def run(asked: argparse.Namespace) -> Report:
    """Plays the file, then decides many orders again."""
    where = folder()
    if where is None:
        sys.exit("the retail file of this benchmark is not beside this checkout: skipped")
    warm()
    world = World(where, asked.seed, asked.nodes, asked.played)
    told = {rule: world.play(rule) for rule in RULES}
    many = world.repeated(asked.orders)
    batch.decide(world.tables(np.zeros_like(world.stock)), world.one(0), PENALTY, MOST)
    began = time.perf_counter()
    answers = batch.decide(world.tables(world.price), many, PENALTY, MOST, limit=asked.limit)
    spent = time.perf_counter() - began
    return Report(
        "sourcing-replay", len(world.start) - 1, len(world.item), asked.nodes, told,
        len(many.start) - 1, round(spent, 2), round((len(many.start) - 1) / spent),
        round(100 * float(answers.proven.mean()), 3), machine(),
    )  # fmt: skip


def folder() -> Path | None:
    """Where the files lie, beside the checkout; None where they do not."""
    for above in Path(__file__).resolve().parents:
        found = above / "shared" / "data"
        if (found / "online_retail_2009_2010.parquet").is_file():
            return found
    return None


class World:
    """The orders, the nodes and the stock of a week."""

    def __init__(self, where: Path, seed: int, nodes: int, most: int) -> None:
        dice = np.random.default_rng(seed)
        self._read_orders(where, dice, most)
        self._read_places(where, dice, nodes)
        weeks = np.unique(self.week).size
        self.wanted = np.zeros((self.items, CITIES))
        owner = np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))
        np.add.at(self.wanted, (self.item, self.city[owner]), self.qty / weeks)
        held = dice.random((self.items, nodes)) < 0.3
        held[:, :WAREHOUSES] = True
        near = np.where(held[:, None, :], self.miles[None], np.inf).argmin(axis=2)
        expected = np.zeros((self.items, nodes))
        for c in range(CITIES):
            np.add.at(expected, (np.arange(self.items), near[:, c]), self.wanted[:, c])
        self.stock = np.ceil(expected).astype(np.int64)
        self.weight = dice.integers(80, 1500, self.items)
        self.labour = np.where(np.arange(nodes) < WAREHOUSES, 25_000, 60_000)
        self.price = self._prices(seed)

    def _read_orders(self, where: Path, dice: np.random.Generator, most: int) -> None:
        """Invoices of up to ten different items of the assortment, a retail quantity of each."""
        names = ["Invoice", "StockCode", "Quantity", "InvoiceDate"]
        table = pq.read_table(where / "online_retail_2009_2010.parquet", columns=names)
        invoices = table["Invoice"].to_pylist()
        found: dict[str, dict[str, int]] = {}
        weeks: dict[str, int] = {}
        rows = zip(invoices, table["StockCode"].to_pylist(), table["Quantity"].to_pylist(),
                   table["InvoiceDate"].to_pylist(), strict=True)  # fmt: skip
        for invoice, code, qty, at in rows:
            if str(invoice)[0] != "C" and qty > 0 and str(code)[:5].isdigit():
                lines = found.setdefault(str(invoice), {})
                lines[str(code)] = min(3, lines.get(str(code), 0) + 1 + (qty > 12) + (qty > 100))
                weeks[str(invoice)] = _week(str(at))
        kept = [(w, n, found[n]) for n, w in weeks.items() if len(found[n]) <= MOST_LINES]
        kept = sorted(kept, key=lambda k: (k[0], k[1]))[:most]
        codes = sorted({code for _, _, lines in kept for code in lines})
        at_code = {code: i for i, code in enumerate(codes)}
        self.items = len(codes)
        self.week = np.array([w for w, _, _ in kept])
        self.start = np.concatenate([[0], np.cumsum([len(lines) for _, _, lines in kept])])
        self.item = np.array([at_code[c] for _, _, lines in kept for c in lines], np.int64)
        self.qty = np.array([q for _, _, lines in kept for q in lines.values()], np.int64)

    def _read_places(self, where: Path, dice: np.random.Generator, nodes: int) -> None:
        cities = _rows(where / "us_cities_2014.csv")[:CITIES]
        stores = _rows(where / "walmart_store_openings_1962_2006.csv")
        people = np.array([float(c["pop"]) for c in cities])
        spots = np.array([[float(s["LAT"]), float(s["LON"])] for s in stores])
        some = spots[dice.choice(len(spots), nodes - WAREHOUSES, replace=False)]
        there = np.concatenate([[[39.96, -83.0], [39.53, -119.81], [32.78, -96.8]], some])
        here = np.array([[float(c["lat"]), float(c["lon"])] for c in cities])
        self.miles = _miles(here, there)
        self.zone = np.searchsorted(MILES, self.miles).astype(np.uint8)
        self.city = dice.choice(CITIES, len(self.start) - 1, p=people / people.sum())

    def tables(self, price: Ints) -> batch.Tables:
        """The tables of a decision with these prices of units."""
        none = np.zeros(self.stock.shape[1], np.int64)
        return batch.Tables(
            self.stock.astype(np.int32), price.astype(np.int32), self.zone, PARCEL, PER_KG,
            self.labour, none + 8_000, none + 2_000, self.weight,
        )  # fmt: skip

    def one(self, o: int) -> batch.Orders:
        """One order."""
        lines = slice(int(self.start[o]), int(self.start[o + 1]))
        size = lines.stop - lines.start
        return batch.Orders(
            np.array([0, size]), self.item[lines], self.qty[lines], self.city[o : o + 1]
        )

    def repeated(self, count: int) -> batch.Orders:
        """So many orders, the file as often as it takes."""
        pick = np.arange(count) % (len(self.start) - 1)
        sizes = np.diff(self.start)[pick]
        rows = np.concatenate([np.arange(self.start[o], self.start[o + 1]) for o in pick])
        start = np.concatenate([[0], np.cumsum(sizes)])
        return batch.Orders(start, self.item[rows], self.qty[rows], self.city[pick])

    def _prices(self, seed: int) -> Ints:
        """Scarcity prices, item by item: units of it are asked for alone, from every city."""
        unit = (PARCEL[self.zone] / 2).astype(float)
        left = np.full((self.items, CITIES), float(PARCEL[-1]))
        told = scarcity_items.decide(unit, left, self.stock, self.wanted, 4, seed)
        return np.rint(told.price).astype(np.int64)

    def play(self, rule: str) -> Outcome:
        """Serves every order in its turn; the shelves are filled again each week."""
        full, week = self.stock.copy(), -1
        tables = self.tables(self.price if rule == "ours" else np.zeros_like(self.price))
        totals = np.zeros(6)
        for o in range(len(self.start) - 1):
            if self.week[o] != week:
                tables.stock[:], week = full, int(self.week[o])
            order = self.one(o)
            totals += self._serve(rule, tables, order)
        orders, (cost, parcels, split, miles, in_time, left) = len(self.start) - 1, totals.tolist()
        return Outcome(
            round(cost / orders / 1000, 1), round(parcels / orders, 4),
            round(100 * split / orders, 2), round(miles / parcels, 1),
            round(100 * in_time / parcels, 2), round(100 * left / int(self.qty.sum()), 3),
        )  # fmt: skip

    def _serve(self, rule: str, t: batch.Tables, order: batch.Orders) -> Floats:
        """Draws an order's units; what it came to: milli, parcels, split, miles, in time, left."""
        city = int(order.destination[0])
        parts = self._nearest(t, order) if rule == "nearest" else _parts(t, order)
        nodes = sorted({n for _, n, _ in parts})
        cost, left = 0, int(order.qty.sum())
        for n in nodes:
            cost += int(PARCEL[self.zone[city, n]] + t.order[n])
        for r, n, q in parts:
            i = int(order.item[r])
            cost += int(self.weight[i] * PER_KG[self.zone[city, n]] // 1000 + 2_000) * q + 8_000
            t.stock[i, n] -= q
            left -= q
        cost += left * PENALTY
        in_time = sum(self.zone[city, n] < ON_TIME_ZONES for n in nodes)
        miles = float(self.miles[city, nodes].sum())
        return np.array([cost, len(nodes), len(nodes) > 1, miles, in_time, left], np.float64)

    def _nearest(self, t: batch.Tables, order: batch.Orders) -> list[tuple[int, int, int]]:
        """Each line from the nearest that has it, split as needed."""
        near = np.argsort(self.miles[int(order.destination[0])], kind="stable")
        parts = []
        for r, (i, want) in enumerate(zip(order.item, order.qty, strict=True)):
            rest = int(want)
            for n in near.tolist():
                took = min(rest, int(t.stock[i, n]))
                if took:
                    parts.append((r, n, took))
                    rest -= took
                if not rest:
                    break
        return parts


def _parts(t: batch.Tables, order: batch.Orders) -> list[tuple[int, int, int]]:
    """What the engine decides."""
    told = batch.decide(t, order, PENALTY, MOST)
    if 0 in told.cut:
        return list(told.cut[0])
    return [(r, int(n), min(int(order.qty[r]), int(t.stock[order.item[r], n])))
            for r, n in enumerate(told.node) if n >= 0]  # fmt: skip


def _week(text: str) -> int:
    """The week of an instant, counted on over the years."""
    day = datetime.fromisoformat(text).isocalendar()
    return day.week + 53 * day.year


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{key.strip(): value for key, value in row.items()} for row in csv.DictReader(file)]


def _miles(a: Floats, b: Floats) -> Floats:
    a, b = np.radians(a), np.radians(b)
    rise = np.sin((a[:, None, 0] - b[None, :, 0]) / 2) ** 2
    run = np.sin((a[:, None, 1] - b[None, :, 1]) / 2) ** 2
    h = rise + np.cos(a[:, None, 0]) * np.cos(b[None, :, 0]) * run
    found: Floats = 2 * EARTH_MILES * np.arcsin(np.sqrt(h))
    return found
