"""The words of sourcing: one order's problem as arrays, the policy, the decision and its why.

Costs are exact integers in thousandths of the minor unit (`milli`), so that a rate per kilogram
needs no rounding; they become minor units once, at the end. Nothing is decided here.
"""

import hashlib
from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NO_STOCK = "no_stock"
TERMS = ("parcel", "labour_order", "late", "weight", "labour_line", "labour_unit")


class Shortage(StrEnum):
    """What to do when the stock in reach cannot fill the order."""

    REFUSE = "refuse"
    PARTIAL = "partial"


class Problem(msgspec.Struct, frozen=True):
    """One order: lines (rows) and candidate nodes (columns).

    `filters` name, in the order in which they apply, the candidates they exclude. `late_minor` is
    the money that lateness at the node costs; `priority` breaks ties, lowest first, then node id.
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
    late_minor: Ints
    priority: Ints
    filters: tuple[tuple[str, Bools], ...] = ()


class Policy(msgspec.Struct, frozen=True):
    """How an order may be cut up, and how long the search may take.

    `partial` fills as much value as it can first and only then looks at cost. Orders below
    `min_value_to_split_minor` stay at one node. `dim_g_per_cm3` > 0 bills volume as weight.
    """

    name: str = "cheapest"
    version: int = 1
    max_nodes: int = 4
    split_lines: bool = True
    shortage: Shortage = Shortage.REFUSE
    min_value_to_split_minor: int = 0
    dim_g_per_cm3: float = 0.0
    max_expansions: int = 20_000


class Part(msgspec.Struct, frozen=True):
    """Units of one line (its position in the problem) at one node."""

    line: int
    node: int
    qty: int


class Change(msgspec.Struct, frozen=True):
    """The smallest extra stock that would let this node serve the whole order more cheaply."""

    node: int
    units: int
    saves_milli: int


class Why(msgspec.Struct, frozen=True):
    """The arrays behind a choice.

    `excluded` gives per candidate the index into `filter_names` of the first filter that took it
    out, or -1. `weighed` are the nodes left; aligned with them, `alone_milli` is what each costs
    for what it can serve alone, split up in `terms` (see TERMS); `short_units` is what it lacks.
    `runner_up` is the cheapest other set of nodes that was weighed in full. `gap_milli` is the
    greatest possible distance to the optimum; 0 when proven.
    """

    policy: str
    version: int
    filter_names: tuple[str, ...]
    nodes: tuple[int, ...]
    excluded: tuple[int, ...]
    weighed: tuple[int, ...]
    terms: tuple[tuple[int, ...], ...]
    alone_milli: tuple[int, ...]
    short_units: tuple[int, ...]
    winner: tuple[int, ...]
    runner_up: tuple[int, ...]
    runner_up_extra_milli: int | None
    counterfactual: Change | None
    proven: bool
    gap_milli: int
    expansions: int


class Decision(msgspec.Struct, frozen=True):
    """The parts, what stays unfilled (line, qty) and the cost of the parts."""

    order: int
    feasible: bool
    parts: tuple[Part, ...]
    unfilled: tuple[tuple[int, int], ...]
    cost_milli: int
    cost_minor: int
    why: Why


def digest(problem: Problem) -> str:
    """A stable fingerprint of everything the decision could see."""
    seen = hashlib.sha256()
    for name in problem.__struct_fields__:
        value = getattr(problem, name)
        pairs = value if name == "filters" else ((name, value),)
        for key, array in pairs:
            cells = np.ascontiguousarray(array, dtype=np.bool_ if name == "filters" else "<i8")
            seen.update(f"{name}:{key}:{cells.shape};".encode())
            seen.update(cells.tobytes())
    return seen.hexdigest()
