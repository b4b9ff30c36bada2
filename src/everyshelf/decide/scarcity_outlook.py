"""Scarcity prices again and again as a cycle goes by: the drawn futures stay and grow shorter.

Each future keeps its own linear program, so that the next prices cost a few steps from the last
ones. At each look some futures are drawn anew: no accident of the draw stays for the whole cycle.
The same looks give the same prices. What a price means is said in `scarcity`.
"""

import msgspec
import numpy as np

from everyshelf.decide.scarcity import Ahead, Floats, Ints, Market, Plan, Prices, averaged, deal


class Drawn(msgspec.Struct):
    """A future: its orders in their turn, and how much of the cycle was to go when it was drawn."""

    program: Ahead
    orders: Ints
    share: float

    def demand(self, share: float) -> Ints:
        """How many orders of each kind come in the last `share` of the cycle."""
        last = round(len(self.orders) * share / self.share) if self.share else 0
        return np.bincount(self.orders[len(self.orders) - last :], minlength=self.program.classes)


class Outlook:
    """The futures of one market over a cycle in which `expected` (pattern, place) orders come.

    `count`: how many come in all, where that is certain. `renewed` futures are drawn anew a look.
    """

    def __init__(
        self, market: Market, expected: Floats, count: int | None = None, scenarios: int = 16,
        seed: int = 0, renewed: int = 1,
    ) -> None:  # fmt: skip
        self.market, self._expected, self._count = market, expected, count
        self._dice = np.random.default_rng(seed)
        self._renewed, self._turn, self._looks = renewed, 0, 0
        self._hands: list[tuple[Ints, float]] = []
        self._futures: list[Drawn] = []
        first = Ahead(market)
        for orders in self._deal(scenarios, 1.0):
            self._futures.append(Drawn(first, orders, 1.0))

    def prices(self, stock: Ints, share: float = 1.0, known: Ints | None = None) -> Prices:
        """Average prices with `share` of the cycle to go; `known` (pattern, place) come surely."""
        self._renew(share)
        values = np.zeros(len(self._futures))
        found = np.zeros((len(self._futures), *stock.shape))
        for s, one in enumerate(self._futures):
            if not self._looks and s:
                # By now the first program has the plans that the others need as well.
                one.program = Ahead(self.market, one.program)
            demand = one.demand(share).reshape(self._expected.shape)
            values[s], found[s] = one.program.solve(
                stock, demand if known is None else demand + known
            )
        self._looks += 1
        return averaged(values, found)

    def whole(self, stock: Ints, known: Ints) -> dict[int, list[Plan]]:
        """A plan for every order that is known, by kind, when no other will come."""
        return Ahead(self.market, self._futures[0].program).whole(stock, known)

    def _renew(self, share: float) -> None:
        """Some futures are drawn anew for what is left; the first look has only new ones."""
        for _ in range(self._renewed if self._looks else 0):
            if not self._hands:
                dealt = self._deal(len(self._futures), share)
                self._hands = [(orders, share) for orders in dealt]
            one = self._futures[self._turn]
            one.orders, one.share = self._hands.pop()
            self._turn = (self._turn + 1) % len(self._futures)

    def _deal(self, hands: int, share: float) -> list[Ints]:
        count = None if self._count is None else round(self._count * share)
        return deal(self._dice, self._expected * share, count, hands)
