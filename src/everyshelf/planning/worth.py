"""Reckons what units are worth where they are, from what was sold, found and returned lately.

`read` gathers the facts of the last days, `reckon` is pure arithmetic over them, `keep` writes the
result for sourcing. Demand is taken item by item: what orders asked for, by the region they went
to. Nothing is decided about any order here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec
import numpy as np

from everyshelf import catalog, network, sourcing
from everyshelf.base.sql import load
from everyshelf.base.tx import Database, Tx
from everyshelf.decide import rationing, scarcity_items
from everyshelf.network import Node
from everyshelf.sourcing import Worth, WorthRun

SQL = load("everyshelf.planning")

PER_100KM_MINOR: Final = 60.0
# Before anything is known one unit in a hundred is not found, and one in fifty comes back.
LOST_PRIOR: Final = (1.0, 100.0)
RETURN_PRIOR: Final = (1.0, 50.0)


class Terms(msgspec.Struct, frozen=True):
    """How far to look back and ahead, how many futures to draw, and from which seed.

    `markdown_pct_week`: what a unit loses of its price in a week in which it does not sell.
    """

    days: int = 28
    horizon_days: int = 7
    scenarios: int = 8
    seed: int = 1
    markdown_pct_week: int = 0


class Wanted(msgspec.Struct, frozen=True):
    """Units of an item that orders to a region asked for."""

    item: str
    region: str
    country: str
    qty: int


class Cell(msgspec.Struct, frozen=True):
    """Units on the shelf, and units that tills sold there."""

    item: str
    node: str
    sellable: int
    sold: int


class Chance(msgspec.Struct, frozen=True):
    """How often something happened, of how many times."""

    key: str
    times: int
    of: int


@dataclass(slots=True)
class Seen:
    """What the last days tell."""

    wanted: list[Wanted]
    cells: list[Cell]
    lost: dict[str, Chance]
    returned: dict[str, Chance]
    nodes: dict[str, Node]
    items: Mapping[str, catalog.Item]


def read(tx: Tx, terms: Terms) -> Seen:
    """The facts of the last days: a constant number of statements."""
    since = tx.now - timedelta(days=terms.days)
    cells = tx.all(SQL.worth_cells, Cell, since=since)
    return Seen(
        tx.all(SQL.worth_wanted, Wanted, since=since),
        cells,
        {c.key: c for c in tx.all(SQL.worth_lost, Chance, since=since)},
        {c.key: c for c in tx.all(SQL.worth_returned, Chance, since=since)},
        {code: n for code, n in network.nodes(tx).items() if n.active},
        catalog.items(tx, sorted({c.item for c in cells})),
    )


def reckon(seen: Seen, terms: Terms) -> list[Worth]:
    """What a unit is worth in each cell that has units."""
    cells: dict[str, list[Cell]] = defaultdict(list)
    for c in seen.cells:
        if c.sellable > 0 and c.node in seen.nodes and c.item in seen.items:
            cells[c.item].append(c)
    wanted: dict[str, list[Wanted]] = defaultdict(list)
    for w in seen.wanted:
        wanted[w.item].append(w)
    return [
        worth
        for item, held in sorted(cells.items())
        for worth in _item(seen, terms, seen.items[item], held, wanted[item])
    ]


def _item(
    seen: Seen, terms: Terms, item: catalog.Item, held: list[Cell], wanted: list[Wanted]
) -> Iterator[Worth]:
    scarce = _scarcity(seen, terms, item, held, wanted)
    returned = _chance(seen.returned.get(item.item), RETURN_PRIOR)
    for c in held:
        yield Worth(
            item.item, c.node, scarce.get(c.node, 0), _walk_in(terms, item, c),
            _markdown(terms, item, c, sum(w.qty for w in wanted)),
            _chance(seen.lost.get(c.node), LOST_PRIOR), returned,
        )  # fmt: skip


def _scarcity(
    seen: Seen, terms: Terms, item: catalog.Item, held: list[Cell], wanted: list[Wanted]
) -> dict[str, int]:
    """What one unit less would cost orders to come, by node."""
    nodes = sorted(held, key=lambda c: c.node)
    places = [(w, spot) for w in wanted if (spot := _spot(w)) is not None]
    if not places or len(nodes) < 2:
        return {}
    unit = np.array([
        [network.haversine_km((seen.nodes[c.node].lat, seen.nodes[c.node].lon), spot)
         * PER_100KM_MINOR / 100 for c in nodes]
        for _, spot in places
    ])  # fmt: skip
    left = np.full((1, len(places)), float(unit.max()) + max(item.price_minor - item.cost_minor, 1))
    rate = np.array([[w.qty * terms.horizon_days / terms.days for w, _ in places]])
    stock = np.array([[c.sellable for c in nodes]])
    told = scarcity_items.decide(unit, left, stock, rate, terms.scenarios, terms.seed)
    # Only differences between nodes move units: what all have in common is no reason to wait.
    milli = told.milli()[0]
    return {c.node: int(m) for c, m in zip(nodes, milli - milli.min(), strict=True)}


def _spot(w: Wanted) -> tuple[float, float] | None:
    return network.locate(network.Address(region=w.region, country=w.country or "US"))


def _walk_in(terms: Terms, item: catalog.Item, c: Cell) -> int:
    """The margin at risk with people who walk in, of the last unit there."""
    margin = max(0, item.price_minor - item.cost_minor)
    if not c.sold or not margin:
        return 0
    mean = round(c.sold * terms.horizon_days / terms.days, 2)
    told = rationing.protect(rationing.Problem(c.sellable, mean, 0.0, float(margin), 0.0))
    return round(told.worth * 1000)


def _markdown(terms: Terms, item: catalog.Item, c: Cell, asked: int) -> int:
    """What a unit loses while it waits: weeks of cover beyond the first, at the rate of a week."""
    if not terms.markdown_pct_week:
        return 0
    week = (c.sold + asked) * 7 / terms.days
    weeks = min(8.0, max(0.0, c.sellable / week - 1) if week else 8.0)
    return round(item.price_minor * 10 * terms.markdown_pct_week * weeks)


def _chance(seen: Chance | None, prior: tuple[float, float]) -> int:
    """In 1/10,000, the mean of a beta distribution: what was seen, and a prior's worth of doubt."""
    times, of = (seen.times, seen.of) if seen is not None else (0, 0)
    return min(10_000, round(10_000 * (times + prior[0]) / (of + prior[1])))


def keep(tx: Tx, rows: Sequence[Worth], terms: Terms) -> WorthRun:
    """Puts the reckoning in force."""
    return sourcing.set_worth(tx, rows, terms.scenarios, terms.seed, terms.horizon_days)


def renew(db: Database, terms: Terms = Terms()) -> WorthRun:  # noqa: B008
    """Reads, reckons outside of any transaction, and keeps."""
    seen = db.run(lambda tx: read(tx, terms), actor="planning.worth")
    rows = reckon(seen, terms)
    return db.run(lambda tx: keep(tx, rows, terms), actor="planning.worth")
