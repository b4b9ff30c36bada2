"""What keeping a unit at a node is worth to the orders still to come: scarcity prices.

For many drawn futures the cheapest way to serve all of their orders is a linear program over plans
(which node serves which item of an order); the price of a unit is what one unit less would cost,
averaged over the futures. One future alone gives prices that are degenerate and can hurt. Added to
what the unit costs at its node the price makes a decision about one order look ahead (Acimovic and
Graves 2015): "keeping this unit here is worth 1.83". No clock, no hidden chance: a seed draws.
"""

from collections.abc import Sequence
from typing import Any, Final

import highspy
import msgspec
import numpy as np
from numpy.typing import NDArray

from everyshelf.decide.scarcity_plans import NOBODY, best_plan, compiled, subsets

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EPSILON: Final = 1e-6
# Where supply just meets demand the duals are many. A stock that lacks a hair everywhere has those
# of one unit less, which is what a decision to use a unit has to know. The hairs are unlike each
# other, or two cells could share the loss of one unit in more than one way.
HAIR: Final = 1e-4
GOLDEN: Final = 0.618034
DUAL_SIMPLEX, PRIMAL_SIMPLEX = 1, 4

Plan = tuple[int, ...]


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
    until the horizon. `count`: how many of those will come, where that is certain; otherwise the
    number is drawn (Poisson)."""

    known: Ints
    expected: Floats
    count: int | None = None


class Prices(msgspec.Struct, frozen=True):
    """`price` (item, node) and its standard error; `value`: what serving everything would cost on
    average; how many futures were drawn. Where nothing is held there is nothing to keep: 0."""

    price: Floats
    error: Floats
    value: float
    scenarios: int

    def milli(self) -> Ints:
        """The prices as whole thousandths."""
        found: Ints = np.rint(self.price * 1000).astype(np.int64)
        return found


class Quiet(highspy.Highs):
    """HiGHS without its callbacks: to register them makes it greet standard output."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.setOptionValue("output_flag", False)


class Ahead:
    """The linear program of one market, solved again for other stock and other futures.

    A plan becomes a column when it would pay (column generation), and stays; `like` gives those of
    another program of the same market. The basis stays too, so that the next solution is near.
    """

    def __init__(self, market: Market, like: "Ahead | None" = None) -> None:
        self.market = market
        self.places, self.nodes = market.parcel.shape
        self.items = padded(market.patterns)
        self.sets: Ints = like.sets if like else subsets(self.nodes, self.items.shape[1])
        self.classes = len(market.patterns) * self.places
        self.plans: list[tuple[int, Plan]] = []
        self._seen: set[tuple[int, Plan]] = set()
        self._rows = np.arange(self.classes + market.items * self.nodes, dtype=np.int32)
        cells = np.arange(market.items * self.nodes).reshape(market.items, self.nodes)
        self._hair: Floats = HAIR * (1 + cells * GOLDEN % 1)
        self._lp = self._program()
        served_by_nobody = [
            (kind, (NOBODY,) * len(market.patterns[kind // self.places]))
            for kind in range(self.classes)
        ]
        self._add(like.plans if like else served_by_nobody)

    def prices(self, stock: Ints, future: Future, scenarios: int, seed: int) -> Prices:
        """Average prices of the units in `stock` (item, node) over so many drawn futures."""
        dice = np.random.default_rng(seed)
        found, values = np.zeros((scenarios, *stock.shape)), np.zeros(scenarios)
        for s, orders in enumerate(deal(dice, future.expected, future.count, scenarios)):
            drawn = np.bincount(orders, minlength=self.classes).reshape(future.known.shape)
            values[s], found[s] = self.solve(stock, future.known + drawn)
        return averaged(values, found)

    def solve(self, stock: Ints, demand: Ints) -> tuple[float, Floats]:
        """The least cost of serving this demand (pattern, place), fractions of orders allowed, and
        what a unit less of each item at each node would cost."""
        wanted, units = demand.ravel(), np.maximum(stock - self._hair, 0.0)
        self._bound(wanted, units)
        simplex = DUAL_SIMPLEX
        while True:
            # New bounds leave the last basis optimal, new columns leave it feasible.
            self._lp.setOptionValue("simplex_strategy", simplex)
            self._lp.run()
            status = self._lp.getModelStatus()
            assert status == highspy.HighsModelStatus.kOptimal, f"a program ended as {status}"
            dual = np.array(self._lp.getSolution().row_dual)
            price = np.maximum(-dual[self.classes :].reshape(stock.shape), 0.0)
            barred = np.where(stock > 0, price, np.inf)
            if not self._add(self._paying(dual, barred, wanted)):
                value = float(self._lp.getInfo().objective_function_value)
                # By weak duality this is no more than the least cost with the hairs put back.
                value -= float((price * (stock - units)).sum())
                return value, np.where(stock > 0, price, 0.0)
            simplex = PRIMAL_SIMPLEX

    def whole(self, stock: Ints, demand: Ints, nodes: int = 2_000) -> dict[int, list[Plan]]:
        """A plan for every single order, by kind (pattern * places + place), near the least cost:
        the best in whole numbers of the plans that fractions would use."""
        self.solve(stock, demand)
        one = Ahead(self.market, self)
        one._bound(demand.ravel(), stock.astype(np.float64))
        lp, columns = one._lp, np.arange(len(one.plans), dtype=np.int32)
        lp.changeColsIntegrality(
            len(columns), columns, np.array([highspy.HighsVarType.kInteger] * len(columns))
        )
        for name, value in (("solver", "choose"), ("presolve", "on"), ("mip_max_nodes", nodes)):
            lp.setOptionValue(name, value)
        lp.run()
        counts = np.rint(np.array(lp.getSolution().col_value)).astype(np.int64)
        found: dict[int, list[Plan]] = {}
        for column in np.flatnonzero(counts).tolist():
            kind, plan = one.plans[column]
            found.setdefault(kind, []).extend([plan] * int(counts[column]))
        return found

    def _program(self) -> highspy.Highs:
        lp = Quiet()
        for name, value in (("parallel", "off"), ("presolve", "off"), ("solver", "simplex")):
            lp.setOptionValue(name, value)
        none, zero = np.array([], np.int32), np.zeros(len(self._rows))
        lp.addRows(len(zero), zero, zero, 0, none, none, np.array([], np.float64))
        return lp

    def _bound(self, wanted: Ints, units: Floats) -> None:
        free = np.full(units.size, -highspy.kHighsInf)
        low = np.concatenate([wanted.astype(np.float64), free])
        high = np.concatenate([wanted.astype(np.float64), units.ravel()])
        lp: Any = self._lp  # The stubs do not know it.
        lp.changeRowsBounds(len(self._rows), self._rows, low, high)

    def _paying(self, dual: Floats, price: Floats, wanted: Ints) -> list[tuple[int, Plan]]:
        """The plans that would pay at these prices: the best of each kind, where it does."""
        m = self.market
        cost = np.full(self.classes, np.inf)
        out = np.empty((self.classes, self.items.shape[1]), np.int64)
        _, best_plans = compiled()
        best_plans(wanted > 0, self.items, m.parcel, m.unit, m.left, price, self.sets, cost, out)
        kinds = np.flatnonzero(cost < dual[: self.classes] - EPSILON).tolist()
        return [
            (kind, tuple(out[kind, : len(m.patterns[kind // self.places])].tolist()))
            for kind in kinds
        ]

    def _add(self, plans: Sequence[tuple[int, Plan]]) -> bool:
        """A column for each new plan: one order of its kind, a node for each item (-1: left)."""
        new = [one for one in plans if one not in self._seen]
        if not new:
            return False
        starts: list[int] = []
        rows: list[int] = []
        for kind, plan in new:
            starts.append(len(rows))
            items = self.market.patterns[kind // self.places]
            rows.append(kind)
            rows += [self.classes + i * self.nodes + n
                     for i, n in zip(items, plan, strict=True) if n >= 0]  # fmt: skip
        cost = np.array([self.cost(kind, plan) for kind, plan in new])
        self._lp.addCols(
            len(new), cost, np.zeros(len(new)), np.full(len(new), highspy.kHighsInf), len(rows),
            np.array(starts, np.int32), np.array(rows, np.int32), np.ones(len(rows)),
        )  # fmt: skip
        self.plans += new
        self._seen.update(new)
        return True

    def cost(self, kind: int, plan: Plan) -> float:
        """What serving one order of this kind by this plan costs."""
        m, place = self.market, kind % self.places
        units = sum(m.left[place] if n < 0 else m.unit[place, n] for n in plan)
        return float(units + sum(m.parcel[place, n] for n in set(plan) if n >= 0))


def padded(patterns: tuple[tuple[int, ...], ...]) -> Ints:
    """The items of each pattern in a row, filled up with -1."""
    found = np.full((len(patterns), max(map(len, patterns))), NOBODY, np.int64)
    for row, items in zip(found, patterns, strict=True):
        row[: len(items)] = items
    return found


def deal(dice: np.random.Generator, expected: Floats, count: int | None, hands: int) -> list[Ints]:
    """So many futures, each the kinds of its orders in their turn, dealt from one deck.

    The deck holds each kind as often as it is expected in all of them together; what one future
    has too much of another lacks. Drawn apart they would need to be many more to agree as well.
    """
    mean = expected.ravel()
    total = float(mean.sum())
    sizes = dice.poisson(total, hands) if count is None else np.full(hands, count)
    cards = int(sizes.sum())
    share = mean / total if total > 0 else np.full(mean.size, 1 / mean.size)
    ends = np.floor(np.cumsum(share) * cards + dice.random()).astype(np.int64)
    ends[np.flatnonzero(share)[-1] :] = cards
    deck = np.searchsorted(ends, np.arange(cards), side="right")
    return np.split(dice.permutation(deck), np.cumsum(sizes)[:-1])


def averaged(values: Floats, found: Floats) -> Prices:
    """The prices of several futures as one."""
    error = found.std(axis=0) / np.sqrt(len(found))
    return Prices(found.mean(axis=0), error, float(values.mean()), len(found))


def decide(
    market: Market, stocks: Sequence[Ints], future: Future, scenarios: int = 16, seed: int = 0
) -> list[Prices]:
    """Prices for each of these stocks."""
    ahead = Ahead(market)
    return [ahead.prices(stock, future, scenarios, seed) for stock in stocks]


def choose(
    market: Market, pattern: int, place: int, stock: Ints, price: Floats, sets: Ints
) -> Plan:
    """The cheapest plan of one order at these prices with what is there: a node for each item."""
    items = np.array(market.patterns[pattern], np.int64)
    barred = np.where(stock > 0, price, np.inf)
    out = np.empty(len(items), np.int64)
    best, _ = compiled()
    best(items, market.parcel[place], market.unit[place], market.left[place], barred, sets, out)
    return tuple(out.tolist())


__all__ = ["Ahead", "Future", "Market", "Prices", "best_plan", "choose", "decide", "subsets"]
