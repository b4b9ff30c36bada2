"""The free units that the orders of one batch compete for: a local copy that each choice draws on.

Rows are items, columns nodes. What an order may draw at a node is what the channel may promise
there (the floors of the one availability function) and the units it holds there itself. Nothing
here is written; the ledger has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from everyshelf import catalog, network, stock
from everyshelf.base import ids
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.sourcing.facts import WORTHS, Worth
from everyshelf.sourcing.reach import Network, Room
from everyshelf.sourcing.snapshot import Key, Line, Order
from everyshelf.stock import HANDLING

SQL = load("everyshelf.sourcing")
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Saved = tuple[Ints, dict[Key, list[list[int]]], dict[int, Room]]


class Pool:
    """Free units of the batch's items by node, and the orders' own holds."""

    def __init__(self, tx: Tx, net: Network, orders: Sequence[Order], items: set[str]) -> None:
        self.net = net
        self.codes = sorted(items)
        self.row = {item: r for r, item in enumerate(self.codes)}
        self.items = catalog.items(tx, self.codes)
        self.free = np.zeros((len(self.codes), len(net.codes)), np.int64)
        parts = sorted({ids.part_of(item) for item in self.codes})
        for item, node, sellable in tx.tuples(SQL.free_units, parts=parts, items=self.codes):
            if node in net.index:
                self.free[self.row[item], net.index[node]] = sellable
        self._floors = stock.Floors(tx, self.codes)
        self._by_channel: dict[str, Ints] = {}
        self._holds: dict[Key, list[list[int]]] = {}
        self._read_holds(tx, orders)
        self._dear = self._read_suppliers(tx)
        self._worth = self._read_worth(tx, parts)
        self._banned: dict[Key, set[int]] = {}

    def _read_holds(self, tx: Tx, orders: Sequence[Order]) -> None:
        owners = {str(o.id): o.id for o in orders}
        for h in stock.holds_of(tx, sorted(owners)):
            if h.node in self.net.index and h.item in self.row:
                cell = [self.row[h.item], self.net.index[h.node], h.qty]
                self._holds.setdefault((owners[h.owner], h.line), []).append(cell)

    def _read_suppliers(self, tx: Tx) -> dict[tuple[int, int], int]:
        """What a unit costs more (or less) from a supplier than from our own stock."""
        index = self.net.index
        if not self.net.ground.suppliers:
            return {}
        return {
            (self.row[t.item], index[t.node]): t.cost_minor - self.items[t.item].cost_minor
            for terms in network.supplier_items(tx, self.codes).values()
            for t in terms
            if t.node in index and t.item in self.items
        }

    def _read_worth(self, tx: Tx, parts: list[int]) -> dict[str, Ints]:
        """What units are worth where they are; cells nobody reckoned are worth nothing special."""
        found = tx.all(SQL.worth_of, Worth, parts=parts, items=self.codes)
        arrays = {f: np.zeros_like(self.free) for f in WORTHS} if found else {}
        for w in found:
            if (n := self.net.index.get(w.node)) is not None:
                for f, array in arrays.items():
                    array[self.row[w.item], n] = getattr(w, f)
        return arrays

    def worth(self, rows: Sequence[int], columns: Ints) -> dict[str, Ints]:
        """What units of these items are worth at these nodes, by the name of the fact."""
        return {f: array[rows][:, columns] for f, array in self._worth.items()}

    def _floor(self, channel: str) -> Ints:
        """How low the channel may draw each cell; only cells that have units are asked."""
        if channel not in self._by_channel:
            floor = np.zeros_like(self.free)
            cells = np.argwhere(self.free > 0).tolist() if self._floors else []
            for r, n in cells:
                floor[r, n] = self._floors.floor(channel, self.codes[r], self.net.codes[n])
            self._by_channel[channel] = floor
        return self._by_channel[channel]

    def ban(self, key: Key, node: str) -> None:
        """Leaves a node out for a line: its units went to somebody else a moment ago."""
        self._banned.setdefault(key, set()).add(self.net.index[node])

    def reach(self, order: Order, lines: Sequence[Line], owed: Sequence[int]) -> Ints:
        """Per item of these lines (in `rows` order) the units that each node could give."""
        rows = self.rows(lines)
        stock_ = self.free[rows] - self._floor(order.channel)[rows]
        np.maximum(stock_, 0, out=stock_)
        at = {r: i for i, r in enumerate(rows)}
        for line, qty in zip(lines, owed, strict=True):
            left = qty
            for r, n, held in self._holds.get((order.id, line.line), ()):
                mine = min(left, held)
                stock_[at[r], n] += mine
                left -= mine
            stock_[at[self.row[line.item]], list(self._banned.get((order.id, line.line), ()))] = 0
        return stock_

    def rows(self, lines: Sequence[Line]) -> list[int]:
        """The distinct items of the lines; two lines of one item are decided as one."""
        return sorted({self.row[line.item] for line in lines})

    def said_no(self, order: Order, lines: Sequence[Line], excluded: dict[Key, set[str]]) -> Bools:
        """Per item and node: the node refused some line of the item before."""
        rows = self.rows(lines)
        at = {r: i for i, r in enumerate(rows)}
        mask = np.zeros((len(rows), len(self.net.codes)), np.bool_)
        for line in lines:
            codes = excluded.get((order.id, line.line), set()) & self.net.index.keys()
            mask[at[self.row[line.item]], [self.net.index[code] for code in codes]] = True
        return mask

    def unable(self, lines: Sequence[Line]) -> Bools:
        """Per item and node: the item wants a handling that the node does not have."""
        rows = self.rows(lines)
        mask = np.zeros((len(rows), len(self.net.codes)), np.bool_)
        for i, r in enumerate(rows):
            for word in HANDLING.intersection(self.items[self.codes[r]].handling):
                mask[i] |= ~self.net.ground.able(word)
        return mask

    def dearer(self, rows: Sequence[int], need: Ints, columns: Ints) -> Ints:
        """What suppliers among the columns ask more for the units, as far as they are dearer."""
        extra = np.zeros(len(columns), np.int64)
        if self._dear:
            for c, n in enumerate(columns.tolist()):
                pairs = zip(rows, need.tolist(), strict=True)
                extra[c] = max(0, sum(self._dear.get((r, n), 0) * qty for r, qty in pairs))
        return extra

    def held_at(self, key: Key, n: int) -> int:
        """Units that the line holds at the node."""
        return sum(qty for _, at, qty in self._holds.get(key, ()) if at == n)

    def save(self) -> Saved:
        """What `restore` needs to take back every draw since."""
        holds = {key: [list(cell) for cell in cells] for key, cells in self._holds.items()}
        return self.free.copy(), holds, {n: room.copy() for n, room in self.net.room.items()}

    def restore(self, saved: Saved) -> None:
        """Takes back every draw since `save`."""
        self.free, self._holds, self.net.room = saved

    def take(self, key: Key, item: str, n: int, qty: int) -> None:
        """Draws units as the ledger will: the line's holds at the node, then those elsewhere (each
        exchanged for a free unit here), then free units."""
        r, rest = self.row[item], qty
        for cell in sorted(self._holds.get(key, ()), key=lambda cell: cell[1] != n):
            took = min(rest, cell[2])
            rest -= took
            cell[2] -= took
            if cell[1] != n and took:
                self.free[r, cell[1]] += took
                self.free[r, n] -= took
        self.free[r, n] -= rest
