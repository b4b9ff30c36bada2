"""What a policy makes of a problem before anything is searched: who is left, and what each costs.

`weigh` gives the arrays that the search reads. Bands become one exact sum: each band is multiplied
by more than all later bands together can come to. Nothing is chosen here.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from everyshelf.decide import conditions, sourcing_costs
from everyshelf.decide.sourcing_costs import Sums
from everyshelf.decide.sourcing_facts import NO_STOCK, Problem
from everyshelf.decide.sourcing_filters import line_row, node_columns, order_row
from everyshelf.decide.sourcing_rules import Limits, Rules, Source, chain

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEVER_SPLIT = "never_split"
SOURCE = "source"
ROOM = 1 << 60


class Weighed(msgspec.Struct, frozen=True):
    """A problem under a policy.

    `names` are the filters in their order and `excluded` per candidate the first that took it out
    (-1: none); `stock` is what is left to draw. `money` is the plain sum of the costs, `sums` what
    the search compares (the same without bands).
    """

    names: tuple[str, ...]
    excluded: Ints
    stock: Ints
    money: Sums
    sums: Sums


class Rung(msgspec.Struct, frozen=True):
    """A source by name, and the candidates that it does not take."""

    name: str
    out: Bools


def weigh(p: Problem, rules: Rules, forgive: tuple[str, int] | None = None) -> Weighed:
    """Apply the filters in their order, and charge. `forgive` spares one candidate (a column) one
    filter: what would be if."""
    names: list[str] = []
    excluded = np.full(len(p.node), -1, np.int64)
    stock = p.stock
    for name, mask in _masks(p, rules):
        if forgive is not None and forgive[0] == name:
            mask = mask.copy()
            mask[..., forgive[1]] = False
        if mask.ndim == 1:
            out = mask
        else:
            stock, before = np.where(mask, 0, stock), stock
            out = np.any(before > 0, axis=0) & ~np.any(stock > 0, axis=0)
        excluded[(excluded < 0) & out] = len(names)
        names.append(name)
    money = sourcing_costs.total(p, rules.costs)
    sums = _banded(p, rules) if rules.bands else money
    return Weighed(tuple(names), excluded, stock, money, sums)


def _masks(p: Problem, rules: Rules) -> list[tuple[str, Bools]]:
    """All filters: what cannot be, what the policy does not want, and lines that stay whole."""
    found = [*p.filters, *((part.label, part.mask(p)) for part in rules.filters)]
    whole = _whole_lines(p, rules.limits)
    if whole.any():
        found.append((NEVER_SPLIT, whole[:, None] & (p.stock < p.qty[:, None])))
    return found


def _whole_lines(p: Problem, limits: Limits) -> Bools:
    """Per line whether all of its units must come from one node."""
    items = p.lines.item or ("",) * len(p.qty)
    whole = np.array([item in limits.never_split for item in items], np.bool_)
    if limits.never_split_when:
        order = order_row(p)
        for r in range(len(items)):
            whole[r] |= conditions.holds(limits.never_split_when, order, None, line_row(p, r))
    return whole


def candidates(p: Problem, w: Weighed, out: Bools | None = None) -> tuple[Ints, Ints]:
    """Per candidate the index of the filter that took it out (the last ones: not of this source,
    no stock), and the columns that are left, in the order in which ties are broken."""
    excluded = w.excluded.copy()
    if out is not None:
        excluded[(excluded < 0) & out] = len(w.names)
    empty = (np.minimum(w.stock, p.qty[:, None]) <= 0).all(axis=0)
    excluded[(excluded < 0) & empty] = len(w.names) + 1
    order = np.lexsort((p.node, p.priority))
    return excluded, order[excluded[order] < 0]


def filter_names(w: Weighed) -> tuple[str, ...]:
    """The names to which `candidates` points."""
    return (*w.names, SOURCE, NO_STOCK)


def rungs(p: Problem, rules: Rules) -> list[Rung]:
    """The sources that this order may use, in order, each with who it leaves out."""
    if not rules.sources:
        return [Rung("", np.zeros(len(p.node), np.bool_))]
    order, nodes = order_row(p), node_columns(p)
    found: list[Rung] = []
    before = np.ones(len(p.node), np.bool_)
    for source in chain(rules.sources):
        if not conditions.holds(source.when, order):
            continue
        out = _outside(p, source, order, nodes)
        out = out & before if source.together else out
        before = before & out
        found.append(Rung(source.name, out))
    return found or [Rung("", np.ones(len(p.node), np.bool_))]


def _outside(
    p: Problem, source: Source, order: conditions.Row,
    nodes: dict[str, tuple[conditions.Value, ...]],
) -> Bools:  # fmt: skip
    out: Bools = ~conditions.columns(source.where, order, nodes, len(p.node))
    if source.max_km is not None:
        out |= p.fact("km") > source.max_km
    return out


def _banded(p: Problem, rules: Rules) -> Sums:
    """The bands as one sum, the first band weighing most."""
    labels = {part.label: part for part in rules.costs}
    named = {name for band in rules.bands for name in band}
    groups = [tuple(labels[name] for name in band if name in labels) for band in rules.bands]
    groups.append(tuple(part for part in rules.costs if part.label not in named))
    bands = [from_zero(sourcing_costs.total(p, group))[0] for group in groups]
    tops = [_top(p, rules.limits, band) for band in bands]
    coarse = _coarseness(tops, int(p.qty.sum()))
    factor = 1
    opening, entry, unit = (np.zeros_like(a) for a in (bands[0].opening, bands[0].entry,
                                                      bands[0].unit))  # fmt: skip
    for band, top in zip(reversed(bands), reversed(tops), strict=True):
        opening += band.opening // coarse * factor
        entry += band.entry // coarse * factor
        unit += band.unit // coarse * factor
        factor *= top // coarse + 1
    return Sums(opening, entry, unit, 0)


def from_zero(s: Sums) -> tuple[Sums, Ints]:
    """The same choice with no negative charge, and what was added to each unit of a line."""
    gain: Ints = -np.minimum(s.unit.min(axis=1, initial=0), 0)
    return Sums(s.opening, s.entry, s.unit + gain[:, None], s.shift), gain


def _top(p: Problem, limits: Limits, s: Sums) -> int:
    """More than any plan can come to in this band."""
    most = min(limits.max_nodes, len(p.node)) or 1
    opening = int(np.sort(s.opening)[-most:].sum())
    entry = int(s.entry.max(initial=0)) * len(p.qty) * most
    return opening + entry + int((s.unit.max(axis=1, initial=0) * p.qty).sum()) + 1


def _coarseness(tops: list[int], units: int) -> int:
    """The step in which bands are compared, so that all of it stays within 64 bits, with a penalty
    for each unit above it."""
    coarse = 1
    while True:
        product = units + 1
        for top in tops:
            product *= top // coarse + 1
        if product < ROOM:
            return coarse
        coarse *= 10
