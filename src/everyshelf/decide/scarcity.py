"""What keeping a unit at a node is worth to the orders still to come: scarcity prices.

For many drawn futures the cheapest way to serve all of their orders is a linear program over plans
(which node serves which item of an order); the price of a unit is what one unit more would save,
averaged over the futures. One future alone gives prices that are degenerate and can hurt. The
programs keep their plans and their bases from one reckoning to the next. As a cost of the unit the
price makes a decision about one order look ahead (Acimovic and Graves 2015). No clock, no hidden
chance: a seed draws the futures.
"""

from collections.abc import Sequence
from typing import Any

import highspy
import msgspec
import numpy as np
from numpy.typing import NDArray

from everyshelf.decide.scarcity_plans import best_plan, compiled, subsets

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EPSILON = 1e-6


class Market(msgspec.Struct, frozen=True):
    """Who buys what from where, and what it costs. Any one money.

    `patterns`: the items of each kind of order, one unit each. Per (place, node): `parcel`, what a
    parcel costs, and `unit`, what each unit in it adds. `left` (place): a unit that nobody serves.
    """

    patterns: tuple[tuple[int, ...], ...]
    parcel: Floats
    unit: Floats
    left: Floats
    items: int


class Future(msgspec.Struct, frozen=True):
    """What is to come: `known` (pattern, place) orders that are there already and `expected` ones
    until the horizon. `count`: how many of those will come, where that is certain; otherwise each
    count is drawn by itself (Poisson)."""

    known: Ints
    expected: Floats
    count: int | None = None


class Prices(msgspec.Struct, frozen=True):
    """`price` (item, node) and its standard error; `value`: what serving everything would cost on
    average; how many futures were drawn."""

    price: Floats
    error: Floats
    value: float
    scenarios: int

    def milli(self) -> Ints:
        """The prices as whole thousandths."""
        found: Ints = np.rint(self.price * 1000).astype(np.int64)
        return found


class Ahead:
    """The linear program of one market, solved again for other stock and other futures."""

    def __init__(self, market: Market) -> None:
        compiled()
        self.market = market
        self.places, self.nodes = market.parcel.shape
        self.sets = subsets(self.nodes, max(map(len, market.patterns)))
        self._seen: set[tuple[int, tuple[int, ...]]] = set()
        self._items = [np.array(p, np.int64) for p in market.patterns]
        self._classes = len(market.patterns) * self.places
        self._rows = self._classes + market.items * self.nodes
        self._lp = self._program()
        for kind in range(self._classes):
            self._add(kind, (-1,) * len(market.patterns[kind // self.places]))

    def prices(self, stock: Ints, future: Future, scenarios: int, seed: int) -> Prices:
        """Average prices of the units in `stock` (item, node) over so many drawn futures."""
        dice = np.random.default_rng(seed)
        found = np.zeros((scenarios, *stock.shape))
        value = 0.0
        for s in range(scenarios):
            cost, found[s] = self.solve(stock, future.known + _drawn(dice, future))
            value += cost / scenarios
        error = found.std(axis=0) / np.sqrt(scenarios)
        return Prices(found.mean(axis=0), error, value, scenarios)

    def solve(self, stock: Ints, demand: Ints, rounds: int = 30) -> tuple[float, Floats]:
        """The least cost of serving this demand (pattern, place), fractions of orders allowed, and
        what a unit more of each item at each node would save."""
        wanted = demand.ravel().astype(float)
        self._demand(wanted, stock)
        price = np.zeros(stock.shape)
        for _ in range(rounds):
            self._lp.run()
            status = self._lp.getModelStatus()
            assert status == highspy.HighsModelStatus.kOptimal, f"a program ended as {status}"
            dual = np.array(self._lp.getSolution().row_dual)
            price = np.maximum(-dual[self._classes :].reshape(stock.shape), 0.0)
            if not self._extend(dual, price, np.flatnonzero(wanted > 0)):
                break
        return float(self._lp.getInfo().objective_function_value), price

    def _program(self) -> highspy.Highs:
        lp = highspy.Highs()
        for name, value in (("output_flag", False), ("parallel", "off"), ("presolve", "off")):
            lp.setOptionValue(name, value)
        none, empty = np.array([], np.int32), np.array([], np.float64)
        for row in range(self._rows):
            lp.addRow(0.0 if row < self._classes else -highspy.kHighsInf, 0.0, 0, none, empty)
        return lp

    def _demand(self, wanted: Floats, stock: Ints) -> None:
        units = stock.ravel().astype(float)
        low = np.concatenate([wanted, np.full(len(units), -highspy.kHighsInf)])
        high = np.concatenate([wanted, units])
        lp: Any = self._lp  # The stubs do not know it.
        lp.changeRowsBounds(self._rows, np.arange(self._rows, dtype=np.int32), low, high)

    def _extend(self, dual: Floats, price: Floats, kinds: Ints) -> bool:
        """Adds the plans that would pay at these prices; whether there were any."""
        m, grown = self.market, False
        out = np.empty(max(map(len, m.patterns)), np.int64)
        for kind in kinds.tolist():
            pattern, place = divmod(kind, self.places)
            items = self._items[pattern]
            cost = compiled()(
                items, m.parcel[place], m.unit[place], m.left[place], price, self.sets, out
            )
            if cost < dual[kind] - EPSILON:
                grown |= self._add(kind, tuple(out[: len(items)].tolist()))
        return grown

    def _add(self, kind: int, plan: tuple[int, ...]) -> bool:
        """A column: one order of this kind served by this plan (a node for each item, -1: left)."""
        if (kind, plan) in self._seen:
            return False
        self._seen.add((kind, plan))
        m, (pattern, place) = self.market, divmod(kind, self.places)
        cost = sum(m.left[place] if n < 0 else m.unit[place, n] for n in plan)
        cost += sum(m.parcel[place, n] for n in set(plan) if n >= 0)
        items = m.patterns[pattern]
        cells = [self._classes + i * self.nodes + n
                 for i, n in zip(items, plan, strict=True) if n >= 0]  # fmt: skip
        index = np.array([kind, *cells], np.int32)
        self._lp.addCol(float(cost), 0.0, highspy.kHighsInf, len(index), index, np.ones(len(index)))
        return True


def _drawn(dice: np.random.Generator, future: Future) -> Ints:
    """A future: so many orders of each pattern from each place."""
    mean = future.expected
    if future.count is None:
        return dice.poisson(mean)
    share = (mean / mean.sum()).ravel() if mean.sum() > 0 else np.full(mean.size, 1 / mean.size)
    return dice.multinomial(future.count, share).reshape(mean.shape)


def decide(
    market: Market, stocks: Sequence[Ints], future: Future, scenarios: int = 16, seed: int = 0
) -> list[Prices]:
    """Prices for each of these stocks."""
    ahead = Ahead(market)
    return [ahead.prices(stock, future, scenarios, seed) for stock in stocks]


def choose(
    market: Market, pattern: int, place: int, stock: Ints, price: Floats, sets: Ints
) -> tuple[int, ...]:
    """The cheapest plan of one order at these prices with what is there: a node for each item."""
    items = np.array(market.patterns[pattern], np.int64)
    barred = np.where(stock > 0, price, np.inf)
    out = np.empty(len(items), np.int64)
    best_plan_at = compiled()
    best_plan_at(items, market.parcel[place], market.unit[place], market.left[place], barred, sets,
                 out)  # fmt: skip
    return tuple(out.tolist())


__all__ = ["Ahead", "Future", "Market", "Prices", "best_plan", "choose", "decide", "subsets"]
