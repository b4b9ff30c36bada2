"""The words of sourcing: one order's problem as arrays, the decision and its why.

Costs are exact integers in thousandths of the minor unit (`milli`), so that a rate per kilogram
needs no rounding; they become minor units once, at the end. A problem holds what is so, unweighed:
the same problem can be decided under any policy. Nothing is decided here.
"""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NO_STOCK: Final = "no_stock"

# What a problem may say beyond its own fields: the shape (c: a value a candidate, r: a line, rc:
# a line at a candidate) and the meaning. A fact that is absent is zero everywhere.
FACTS: Final[Mapping[str, tuple[str, str]]] = {
    "km": ("c", "distance to the destination"),
    "unrated": ("c", "1 where no rate card prices the way, so that distance does"),
    "goods_minor": ("c", "what the goods cost more from there than from our own stock"),
    "late_days": ("c", "begun days after the promise at which the order would arrive"),
    "past_cutoff_min": ("c", "minutes by which today's cutoff is missed"),
    "late_days_in_time": ("c", "late_days, had today's cutoff been met"),
    "workload_pct": ("c", "share of the day's work that is taken, 0 to 100"),
    "co2e_g_per_kg": ("c", "grams of CO2e for a kilogram from there"),
    "return_bp": ("rc", "chance that a unit from there comes back, in 1/10,000"),
    "scarcity_milli": ("rc", "what keeping a unit there is worth to orders still to come"),
    "walk_in_milli": ("rc", "margin at risk with people who walk into the node"),
    "markdown_milli": ("rc", "what a unit there will lose in value if it stays"),
    "lost_bp": ("rc", "chance that a unit on the books is not found, in 1/10,000"),
}


class Shortage(StrEnum):
    """What to do when the stock in reach cannot fill the order."""

    REFUSE = "refuse"
    PARTIAL = "partial"


class OrderFacts(msgspec.Struct, frozen=True, array_like=True):
    """What conditions may ask of the order; see `conditions.NAMES`."""

    channel: str = ""
    method: str = "ship"
    country: str = ""
    region: str = ""
    tier: str = ""
    priority: int = 0
    preferred_node: str = ""
    waited_minutes: int = 0


class NodeFacts(msgspec.Struct, frozen=True, array_like=True):
    """What conditions may ask of the candidates, a column each."""

    code: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    tags: tuple[tuple[str, ...], ...] = ()


class LineFacts(msgspec.Struct, frozen=True, array_like=True):
    """What conditions may ask of the lines, a row each."""

    item: tuple[str, ...] = ()
    handling: tuple[tuple[str, ...], ...] = ()


class Problem(msgspec.Struct, frozen=True):
    """One order: lines (rows) and candidate nodes (columns).

    `filters` name, in the order in which they apply, the candidates that cannot serve whatever the
    policy says. `facts` are named arrays (see FACTS). `priority` breaks ties, lowest first, then
    node id. `stock` is what may be drawn: after protection, safety and ring fences.
    """

    order: int
    item: Ints
    qty: Ints
    weight_g: Ints
    volume_cm3: Ints
    value_minor: Ints
    node: Ints
    stock: Ints
    parcel_minor: Ints
    per_kg_minor: Ints
    labour_order_minor: Ints
    labour_line_minor: Ints
    labour_unit_minor: Ints
    priority: Ints
    filters: tuple[tuple[str, Bools], ...] = ()
    facts: tuple[tuple[str, Ints], ...] = ()
    asked: OrderFacts = OrderFacts()
    nodes: NodeFacts = NodeFacts()
    lines: LineFacts = LineFacts()

    def fact(self, name: str) -> Ints:
        """The named array; zeros of its shape where the problem does not say."""
        for known, values in self.facts:
            if known == name:
                return values
        rows, columns = self.stock.shape
        shape = FACTS.get(name, ("c", ""))[0]
        sizes = {"c": (columns,), "r": (rows,), "rc": (rows, columns)}
        return np.zeros(sizes[shape], np.int64)

    def words(self, name: str) -> tuple[str, ...]:
        """A column of words about the candidates; empty words where the problem does not say."""
        found: tuple[str, ...] = getattr(self.nodes, name)
        return found or ("",) * len(self.node)

    def tags(self) -> tuple[tuple[str, ...], ...]:
        """The tags of each candidate."""
        return self.nodes.tags or ((),) * len(self.node)


class Part(msgspec.Struct, frozen=True, array_like=True):
    """Units of one line (its position in the problem) at one node."""

    line: int
    node: int
    qty: int


class Decision(msgspec.Struct, frozen=True, array_like=True):
    """The parts, what stays unfilled (line, qty) and the cost of the parts.

    `source` is the rung of the policy's hierarchy that serves. `gap_milli` is the greatest possible
    distance to the optimum: 0 when it is proven. Why it is so, `sourcing_why.explain` lays out.
    """

    order: int
    feasible: bool
    parts: tuple[Part, ...]
    unfilled: tuple[tuple[int, int], ...]
    cost_milli: int
    source: str = ""
    proven: bool = True
    gap_milli: int = 0
    expansions: int = 0

    @property
    def cost_minor(self) -> int:
        """The cost in minor units, rounded once."""
        return (self.cost_milli + 500) // 1000

    @property
    def nodes(self) -> tuple[int, ...]:
        """The nodes that serve, in order of their ids."""
        return tuple(sorted({part.node for part in self.parts}))


class Lever(StrEnum):
    """What could be different."""

    UNITS = "units"
    CUTOFF = "cutoff"
    CAPACITY = "capacity"
    FILTER = "filter"
    PRICE = "price"


class Change(msgspec.Struct, frozen=True):
    """The smallest change of one kind that would flip the choice.

    `amount` is in units of stock, minutes of cutoff, orders of capacity, or milli of price; for a
    filter it is 1 and `what` names the filter (for units: the line, by its position). `saves_milli`
    is the saving after the change; None where the order could not be served before it.
    """

    lever: Lever
    node: int
    amount: int
    saves_milli: int | None
    what: str = ""


class Why(msgspec.Struct, frozen=True):
    """A choice laid out.

    `excluded` gives per candidate (in the order of `nodes`) the index into `filter_names` of the
    first filter that took it out, or -1. Aligned with the candidates as well: `amounts`, what each
    would cost for what it can serve alone, by `terms`; `alone_milli` their sum; `short_units`, what
    it lacks. `runner_up` is the cheapest plan that does without a node of the winner, and
    `runner_up_extra_milli` its price over the winner's (None: it would serve less).
    """

    policy: str
    version: int
    source: str
    filter_names: tuple[str, ...]
    nodes: tuple[int, ...]
    excluded: tuple[int, ...]
    terms: tuple[str, ...]
    amounts: tuple[tuple[int, ...], ...]
    alone_milli: tuple[int, ...]
    short_units: tuple[int, ...]
    winner: tuple[int, ...]
    runner_up: tuple[int, ...]
    runner_up_extra_milli: int | None
    changes: tuple[Change, ...]
    proven: bool
    gap_milli: int


def digest(problem: Problem) -> str:
    """A stable fingerprint of everything the decision could see."""
    seen = hashlib.sha256()
    for name in problem.__struct_fields__:
        value = getattr(problem, name)
        if isinstance(value, msgspec.Struct):
            seen.update(msgspec.msgpack.encode(value))
            continue
        pairs = value if isinstance(value, tuple) else ((name, value),)
        for key, array in pairs:
            cells = np.ascontiguousarray(array, dtype=np.bool_ if name == "filters" else "<i8")
            seen.update(f"{name}:{key}:{cells.shape};".encode())
            seen.update(cells.tobytes())
    return seen.hexdigest()
