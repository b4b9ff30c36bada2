"""The filters that a policy may list: each takes candidates out, and is named where it did.

What cannot be (a node that is closed, paused, full, out of reach, unable to handle the item, or
that said no before) is no policy: it comes with the problem and always applies, before these. A
filter answers a mask, True where it takes out: a value a candidate, or a row a line.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Annotated, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from everyshelf.decide import conditions
from everyshelf.decide.sourcing_facts import Problem

Bools = NDArray[np.bool_]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Natural = Annotated[int, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class Filter(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="part"
):
    """A part of a policy that takes candidates out."""

    @property
    def label(self) -> str:
        """The name under which it takes out."""
        return str(self.__struct_config__.tag)

    def mask(self, p: Problem) -> Bools:
        """True where a candidate (or a line at a candidate) is taken out."""
        raise NotImplementedError


class MaxKm(Filter, frozen=True, tag="max_km"):
    """Nodes further away than `km` do not serve."""

    km: Natural

    def mask(self, p: Problem) -> Bools:
        far: Bools = p.fact("km") > self.km
        return far


class MaxLate(Filter, frozen=True, tag="max_late_days"):
    """Nodes from which the order comes more than `days` after its promise do not serve."""

    days: Natural = 0

    def mask(self, p: Problem) -> Bools:
        late: Bools = p.fact("late_days") > self.days
        return late


class MaxWorkload(Filter, frozen=True, tag="max_workload_pct"):
    """Nodes whose day is taken to more than `pct` per cent get nothing more."""

    pct: Percent

    def mask(self, p: Problem) -> Bools:
        busy: Bools = p.fact("workload_pct") > self.pct
        return busy


class SameMarket(Filter, frozen=True, tag="same_market"):
    """Orders are served from their own country, or from their own region."""

    by: Annotated[str, msgspec.Meta(pattern="^(country|region)$")] = "country"

    def mask(self, p: Problem) -> Bools:
        home = getattr(p.asked, self.by)
        return np.array([place != home for place in p.words(self.by)], np.bool_)


class MinFound(Filter, frozen=True, tag="min_found_pct"):
    """Nodes where a unit of the line is found with less than `pct` per cent do not serve it."""

    pct: Percent

    def mask(self, p: Problem) -> Bools:
        doubtful: Bools = p.fact("lost_bp") > (100 - self.pct) * 100
        return doubtful


class LeaveUnits(Filter, frozen=True, tag="leave_units"):
    """Nodes that would be left with fewer than `units` of a line do not serve it."""

    units: Natural

    def mask(self, p: Problem) -> Bools:
        left = p.stock - np.minimum(p.stock, p.qty[:, None])
        last: Bools = left < self.units
        return last


class Pilot(Filter, frozen=True, tag="pilot"):
    """Nodes with the tag `tag` serve `share_pct` per cent of the orders, always the same ones."""

    tag: Name
    share_pct: Percent

    def mask(self, p: Problem) -> Bools:
        if in_share(self.tag, p.order, self.share_pct):
            return np.zeros(len(p.node), np.bool_)
        return np.array([self.tag in tags for tags in p.tags()], np.bool_)


class Condition(Filter, frozen=True, tag="condition"):
    """Where `when` holds for the order (and line), only nodes for which `keep` holds serve.

    Both are CEL over `order` and `line`; `keep` may name `node` as well.
    """

    name: Name
    keep: str
    when: str = "true"

    @property
    def label(self) -> str:
        return self.name

    def mask(self, p: Problem) -> Bools:
        rows, width = p.stock.shape
        order, nodes = order_row(p), node_columns(p)
        if not _by_line(self):
            if not conditions.holds(self.when, order):
                return np.zeros(width, np.bool_)
            kept: Bools = ~conditions.columns(self.keep, order, nodes, width)
            return kept
        out = np.zeros((rows, width), np.bool_)
        for r in range(rows):
            line = line_row(p, r)
            if conditions.holds(self.when, order, None, line):
                out[r] = ~conditions.columns(self.keep, order, nodes, width, line)
        return out


class Plugin(Filter, frozen=True, tag="plugin"):
    """A filter of a third party, by its name in the entry points `everyshelf.sourcing.filters`."""

    name: Name
    params: dict[str, str | int | float | bool] = {}

    @property
    def label(self) -> str:
        return self.name

    def mask(self, p: Problem) -> Bools:
        out: Bools = np.asarray(PLUGINS[self.name](p, self.params), np.bool_)
        return out


PluginMask = Callable[[Problem, dict[str, str | int | float | bool]], Bools]
PLUGINS: Final[dict[str, PluginMask]] = {}

AnyFilter = (
    MaxKm | MaxLate | MaxWorkload | SameMarket | MinFound | LeaveUnits | Pilot | Condition | Plugin
)


def in_share(name: str, order: int, share_pct: int) -> bool:
    """Whether an order is among `share_pct` per cent: the same ones every time, and those of a
    smaller share are among those of a larger one."""
    told = blake2b(f"{name}:{order}".encode(), digest_size=8).digest()
    return int.from_bytes(told) % 100 < share_pct


def order_row(p: Problem) -> conditions.Row:
    """The order as conditions see it."""
    a = p.asked
    return {
        "channel": a.channel, "method": a.method, "country": a.country, "region": a.region,
        "tier": a.tier, "priority": a.priority, "preferred_node": a.preferred_node,
        "waited_minutes": a.waited_minutes, "value_minor": int(p.qty @ p.value_minor),
        "units": int(p.qty.sum()), "lines": len(p.qty),
    }  # fmt: skip


def node_columns(p: Problem) -> dict[str, tuple[conditions.Value, ...]]:
    """The candidates as conditions see them."""
    words: dict[str, tuple[conditions.Value, ...]] = {
        f: p.words(f) for f in ("code", "kind", "country", "region")
    }
    numbers = {f: tuple(p.fact(f).tolist()) for f in ("km", "workload_pct", "late_days")}
    return {**words, "tags": p.tags(), **numbers}


def line_row(p: Problem, r: int) -> conditions.Row:
    """A line as conditions see it."""
    item = p.lines.item[r] if p.lines.item else ""
    handling = list(p.lines.handling[r]) if p.lines.handling else []
    qty, value = int(p.qty[r]), int(p.value_minor[r])
    return {"item": item, "handling": handling, "qty": qty, "value_minor": value}


def _by_line(c: Condition) -> bool:
    return any(word == "line" for text in (c.when, c.keep) for word, _ in conditions.named(text))
