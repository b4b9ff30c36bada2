"""The costs that a policy may list: each charges for opening a node, for a line and for a unit.

All are money, in thousandths of the minor unit, times their weight. A charge may be negative for a
unit (what is gained by selling it there). What things cost is a fact of the problem or a number of
the part; which parts count, and for how much, is the policy's.
"""

from collections.abc import Callable
from typing import Annotated, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from everyshelf.decide.sourcing_facts import Problem
from everyshelf.decide.sourcing_filters import Name, Natural, Percent

Ints = NDArray[np.int64]
Weight = Annotated[float, msgspec.Meta(ge=0, le=1000)]
Rate = Annotated[float, msgspec.Meta(ge=0, le=1000)]


class Charge(msgspec.Struct, frozen=True):
    """Milli for opening a candidate (c), for a line there (c) and for a unit of a line (rc).

    `shift` is added once to whatever is chosen: it changes no choice, only the sum.
    """

    opening: Ints | int = 0
    entry: Ints | int = 0
    unit: Ints | int = 0
    shift: int = 0


class Cost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="part"):
    """A part of a policy that charges. `weight` multiplies it."""

    weight: Weight = 1.0

    @property
    def label(self) -> str:
        """The name of its term."""
        return str(self.__struct_config__.tag)

    def charge(self, p: Problem) -> Charge:
        """What it charges, before the weight."""
        raise NotImplementedError


class Carrier(Cost, frozen=True, tag="carrier"):
    """The carrier's price of the lane: a parcel, and its weight packed.

    A parcel weighs `pack_g` more than what is in it; `dim_g_per_cm3` > 0 bills volume as weight.
    """

    dim_g_per_cm3: Rate = 0.0
    pack_g: Natural = 0

    def charge(self, p: Problem) -> Charge:
        opening = p.parcel_minor * 1000 + p.per_kg_minor * self.pack_g
        return Charge(opening, 0, np.outer(self.billed_g(p), p.per_kg_minor))

    def billed_g(self, p: Problem) -> Ints:
        """The grams that a unit of each line is billed for."""
        bulk = np.ceil(p.volume_cm3 * self.dim_g_per_cm3).astype(np.int64)
        billed: Ints = np.maximum(p.weight_g, bulk)
        return billed


class Labour(Cost, frozen=True, tag="labour"):
    """Work at the node: for an order, for each line and for each unit."""

    def charge(self, p: Problem) -> Charge:
        unit = np.broadcast_to(p.labour_unit_minor * 1000, p.stock.shape)
        return Charge(p.labour_order_minor * 1000, p.labour_line_minor * 1000, unit)


class Late(Cost, frozen=True, tag="late"):
    """Coming after the promise: `once_minor`, and `day_minor` for each begun day."""

    once_minor: Natural = 500
    day_minor: Natural = 300

    def charge(self, p: Problem) -> Charge:
        return Charge(self.minor(p.fact("late_days")) * 1000)

    def minor(self, days: Ints) -> Ints:
        """The money for so many begun days after the promise."""
        found: Ints = (days > 0) * self.once_minor + days * self.day_minor
        return found


class Distance(Cost, frozen=True, tag="distance"):
    """Distance, in money for 100 km: where no rate card prices the way, or everywhere."""

    per_100km_minor: Natural = 100
    everywhere: bool = False

    def charge(self, p: Problem) -> Charge:
        km = p.fact("km") if self.everywhere else p.fact("km") * p.fact("unrated")
        return Charge(km * self.per_100km_minor * 10)


class Goods(Cost, frozen=True, tag="goods"):
    """What a supplier asks more for the units than our own stock of them costs us."""

    def charge(self, p: Problem) -> Charge:
        return Charge(p.fact("goods_minor") * 1000)


class Split(Cost, frozen=True, tag="split"):
    """Each parcel beyond the first: the buyer's trouble, and ours."""

    each_minor: Natural = 100

    def charge(self, p: Problem) -> Charge:
        each = self.each_minor * 1000
        return Charge(np.full(len(p.node), each), shift=-each)


class Scarcity(Cost, frozen=True, tag="scarcity"):
    """What keeping the unit there is worth to orders still to come (a price by item and node)."""

    def charge(self, p: Problem) -> Charge:
        return Charge(unit=p.fact("scarcity_milli"))


class WalkIn(Cost, frozen=True, tag="walk_in"):
    """The margin at risk with people who would have bought the unit at the node itself."""

    def charge(self, p: Problem) -> Charge:
        return Charge(unit=p.fact("walk_in_milli"))


class Markdown(Cost, frozen=True, tag="markdown"):
    """What is gained by selling the unit where it would lose its value: a negative cost."""

    def charge(self, p: Problem) -> Charge:
        return Charge(unit=-p.fact("markdown_milli"))


class Risk(Cost, frozen=True, tag="risk"):
    """A unit that is on the books and is not found: `cancel_minor` times the chance of it."""

    cancel_minor: Natural = 500

    def charge(self, p: Problem) -> Charge:
        return Charge(unit=p.fact("lost_bp") * self.cancel_minor // 10)


class Workload(Cost, frozen=True, tag="workload"):
    """A busy node: `full_minor` for an order at a full one, in proportion above `free_pct`."""

    full_minor: Natural = 200
    free_pct: Percent = 50

    def charge(self, p: Problem) -> Charge:
        over = np.maximum(p.fact("workload_pct") - self.free_pct, 0)
        return Charge(over * self.full_minor * 1000 // max(1, 100 - self.free_pct))


class Emissions(Cost, frozen=True, tag="co2e"):
    """CO2e of the way, at `minor_per_kg` for a kilogram of CO2e."""

    minor_per_kg: Natural = 10

    def charge(self, p: Problem) -> Charge:
        grams = np.outer(p.weight_g, p.fact("co2e_g_per_kg"))
        return Charge(unit=grams * self.minor_per_kg // 1000)


class Returns(Cost, frozen=True, tag="returns"):
    """The way back: the carrier's price from there, times the chance that the unit returns."""

    def charge(self, p: Problem) -> Charge:
        back = p.parcel_minor[None, :] * 1000 + np.outer(p.weight_g, p.per_kg_minor)
        return Charge(unit=back * p.fact("return_bp") // 10_000)


class Flat(Cost, frozen=True, tag="node"):
    """So much for an order at nodes with this tag, or of this kind."""

    tag_or_kind: Name
    order_minor: Natural

    @property
    def label(self) -> str:
        return f"node:{self.tag_or_kind}"

    def charge(self, p: Problem) -> Charge:
        word = self.tag_or_kind
        pairs = zip(p.words("kind"), p.tags(), strict=True)
        hit = np.array([word == kind or word in tags for kind, tags in pairs], np.bool_)
        return Charge(hit * self.order_minor * 1000)


class Plugin(Cost, frozen=True, tag="plugin"):
    """A cost of a third party, by its name in the entry points `everyshelf.sourcing.costs`."""

    name: Name
    params: dict[str, str | int | float | bool] = {}

    @property
    def label(self) -> str:
        return self.name

    def charge(self, p: Problem) -> Charge:
        return PLUGINS[self.name](p, self.params)


PluginCharge = Callable[[Problem, dict[str, str | int | float | bool]], Charge]
PLUGINS: Final[dict[str, PluginCharge]] = {}

AnyCost = (
    Carrier | Labour | Late | Distance | Goods | Split | Scarcity | WalkIn | Markdown | Risk
    | Workload | Emissions | Returns | Flat | Plugin
)  # fmt: skip

STANDARD: Final[tuple[AnyCost, ...]] = (
    Carrier(), Labour(), Late(), Distance(), Goods(), Scarcity(), WalkIn(),
)  # fmt: skip


class Sums(msgspec.Struct, frozen=True):
    """Full arrays: opening (c), entry (c), unit (rc), and what is added once."""

    opening: Ints
    entry: Ints
    unit: Ints
    shift: int


def total(p: Problem, parts: tuple[AnyCost, ...]) -> Sums:
    """The weighted sum of these parts."""
    rows, width = p.stock.shape
    opening, entry = np.zeros(width, np.int64), np.zeros(width, np.int64)
    unit, shift = np.zeros((rows, width), np.int64), 0
    for part in parts:
        c = part.charge(p)
        opening += _weighted(c.opening, part.weight)
        entry += _weighted(c.entry, part.weight)
        unit += _weighted(c.unit, part.weight)
        shift += int(_weighted(c.shift, part.weight))
    return Sums(opening, entry, unit, shift)


def _weighted(amount: Ints | int, weight: float) -> Ints | int:
    if weight == 1.0:
        return amount
    found: Ints = np.rint(np.multiply(amount, weight)).astype(np.int64)
    return found
