"""Decides how many units of an item a channel may promise at a node, and why not more.

`atp` is the one availability formula; web, till, sourcing and feeds all call it. `floors` turns the
protection rules into how low a channel may draw `sellable`. It does not know lots, prices or dates
beyond the validity of a rule and the clock of walk-in protection, and it never reads stock itself.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import TypeVar, overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from everyshelf.decide import walk_in as by_clock
from everyshelf.decide.walk_in import Clock, WalkIn

Ints = NDArray[np.int64]
Key = int | str  # A code or an index: whatever the caller names items and nodes by.
Cell = tuple[Key, Key]
Layer = dict[tuple[Key | None, Key | None], int]
T = TypeVar("T")

WALK_IN_CHANNELS = frozenset({"pos", "walk_in"})


class Reason(StrEnum):
    """The first thing that made a cell unavailable."""

    NOT_LISTED = "not_listed"
    NODE_CLOSED = "node_closed"
    SOLD_OUT = "sold_out"
    HELD = "held"
    PROTECTED = "protected"
    RING_FENCED = "ring_fenced"


class Protection(msgspec.Struct, frozen=True):
    """A dated rule; None in a scope matches anything, None in a quantity says nothing about it.

    `ring_fence_qty` is kept for `channel` at the node, so it lowers every other channel. For
    walk-ins a scope may say a quantity, a rule by the clock (`walk_in`) or both: the larger counts.
    """

    item: Key | None = None
    node: Key | None = None
    channel: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    safety_qty: int | None = None
    walk_in_qty: int | None = None
    ring_fence_qty: int | None = None
    walk_in: WalkIn | None = None

    def __post_init__(self) -> None:
        if self.ring_fence_qty and self.channel is None:
            raise ValueError("a ring fence must name the channel it is kept for")
        if any(qty is not None and qty < 0 for qty in _quantities(self)):
            raise ValueError("a protected quantity is never negative")


class Floors(msgspec.Struct, frozen=True):
    """Rules made ready for one channel and instant: what safety, walk-ins and others keep.

    `elsewhere` is the floor of cells that no rule names; None where it depends on the node.
    """

    safety: Layer
    walk_in: Layer
    by_clock: dict[tuple[Key | None, Key | None], WalkIn]
    clock: Clock | None
    fences: tuple[Layer, ...]
    items: frozenset[Key]
    nodes: frozenset[Key]
    elsewhere: int | None


class Problem(msgspec.Struct, frozen=True):
    """One cell: on_hand = sellable + held + committed (allocated, picked, blocked, on display)."""

    on_hand: int
    committed: int = 0
    held: int = 0
    safety: int = 0
    walk_in: int = 0
    ring_fence_other: int = 0
    inbound_due: int = 0
    listed: bool = True
    node_open: bool = True


class Policy(msgspec.Struct, frozen=True):
    """Whether dated inbound may be promised."""

    count_inbound: bool = True


STANDARD = Policy()


class Step(msgspec.Struct, frozen=True):
    """One line of the subtraction: what, by how much, what is left."""

    what: str
    delta: int
    left: int


class Decision(msgspec.Struct, frozen=True):
    """The promisable quantity, the subtraction that led to it and the first reason for a zero."""

    atp: int
    steps: tuple[Step, ...]
    why: Reason | None


@overload
def atp(
    sellable: int, safety: int, walk_in: int, ring_fence_other: int, inbound_due: int
) -> int: ...
@overload
def atp(
    sellable: Ints,
    safety: Ints | int,
    walk_in: Ints | int,
    ring_fence_other: Ints | int,
    inbound_due: Ints | int,
) -> Ints: ...
def atp(
    sellable: Ints | int,
    safety: Ints | int,
    walk_in: Ints | int,
    ring_fence_other: Ints | int,
    inbound_due: Ints | int,
) -> Ints | int:
    """What may be promised: sellable or due in time, less what is kept; never below zero."""
    left = sellable - safety - walk_in - ring_fence_other + inbound_due
    return max(left, 0) if isinstance(left, int) else np.maximum(left, 0)


def prepare(
    channel: str, on: date, rules: Iterable[Protection], clock: Clock | None = None
) -> Floors:
    """Make the rules ready for one channel and day, so that a cell costs a few dictionary reads.

    Rules by the clock need one.
    """
    live = sorted((r for r in rules if _valid(r, on)), key=_precedence)
    mine = [r for r in live if r.channel in (None, channel)]
    others = sorted({r.channel for r in live if r.channel not in (None, channel)} - {None})
    online = [] if channel in WALK_IN_CHANNELS else mine
    walk_in = _layer(online, "walk_in_qty")
    timed = _scoped(online, "walk_in", WalkIn)
    assert clock is not None or not timed, "a rule by the clock needs a clock"
    safety = _layer(mine, "safety_qty")
    fences = tuple(
        _layer([r for r in live if r.channel == other], "ring_fence_qty") for other in others
    )
    layers = [layer for layer in (safety, walk_in, *fences) if layer]
    keys = [*timed, *(key for layer in layers for key in layer)]
    return Floors(
        safety,
        walk_in,
        timed,
        clock,
        tuple(layer for layer in fences if layer),
        frozenset(item for item, _ in keys if item is not None),
        frozenset(node for _, node in keys if node is not None),
        None if (None, None) in timed else sum(layer.get((None, None), 0) for layer in layers),
    )


def floors(
    cells: Sequence[Cell] | Ints,
    channel: str,
    on: date,
    rules: Iterable[Protection] | Floors,
) -> Ints:
    """How low `sellable` of each (item, node) may be drawn by this channel on this day.

    Per kind the most specific rule wins: item, then node, then channel named; then a dated rule
    before a standing one; then the order of the document. Pass `prepare(...)` to reuse the work.
    """
    ready = rules if isinstance(rules, Floors) else prepare(channel, on, rules)
    pairs = cells.tolist() if isinstance(cells, np.ndarray) else cells
    return np.fromiter((floor(ready, i, n) for i, n in pairs), np.int64, len(pairs))


def floor(ready: Floors, item: Key, node: Key) -> int:
    """The floor of one cell: most cells are named by no rule and cost two set look-ups."""
    if ready.elsewhere is not None and item not in ready.items and node not in ready.nodes:
        return ready.elsewhere
    return sum(kept(ready, item, node))


def kept(ready: Floors, item: Key, node: Key) -> tuple[int, int, int]:
    """The floor of one cell by kind, for `explain`: safety, walk-ins, ring fences of others."""
    fenced = sum(_pick(layer, item, node) for layer in ready.fences)
    return _pick(ready.safety, item, node), _walk_in(ready, item, node), fenced


def explain(cell: Problem, policy: Policy = STANDARD) -> Decision:
    """The availability of one cell as an ordered subtraction, so the reason falls out of it."""
    inbound = cell.inbound_due if policy.count_inbound else 0
    left = cell.on_hand + inbound
    steps = [Step("on_hand", cell.on_hand, cell.on_hand), Step("inbound_due", inbound, left)]
    why = _gate(cell) or (Reason.SOLD_OUT if left <= 0 else None)
    for what, qty, reason in _subtractions(cell):
        left -= qty
        steps.append(Step(what, -qty, left))
        why = why or (reason if left <= 0 else None)
    sellable = cell.on_hand - cell.committed - cell.held
    units = atp(sellable, cell.safety, cell.walk_in, cell.ring_fence_other, inbound)
    return Decision(0 if _gate(cell) else units, tuple(steps), why)


def decide(problems: Sequence[Problem], policy: Policy = STANDARD) -> list[Decision]:
    """Explain every cell of the batch."""
    return [explain(cell, policy) for cell in problems]


def _gate(cell: Problem) -> Reason | None:
    if not cell.listed:
        return Reason.NOT_LISTED
    return None if cell.node_open else Reason.NODE_CLOSED


def _subtractions(cell: Problem) -> tuple[tuple[str, int, Reason], ...]:
    return (
        ("committed", cell.committed, Reason.SOLD_OUT),
        ("held", cell.held, Reason.HELD),
        ("safety", cell.safety, Reason.PROTECTED),
        ("walk_in", cell.walk_in, Reason.PROTECTED),
        ("ring_fence_other", cell.ring_fence_other, Reason.RING_FENCED),
    )


def _quantities(rule: Protection) -> tuple[int | None, int | None, int | None]:
    return rule.safety_qty, rule.walk_in_qty, rule.ring_fence_qty


def _valid(rule: Protection, on: date) -> bool:
    started = rule.starts_on is None or rule.starts_on <= on
    return started and (rule.ends_on is None or on <= rule.ends_on)


def _precedence(rule: Protection) -> tuple[bool, bool]:
    """Inside one (item, node) scope: a named channel first, then a dated rule; sort is stable."""
    return rule.channel is None, rule.starts_on is None and rule.ends_on is None


def _layer(rules: Sequence[Protection], kind: str) -> Layer:
    return _scoped(rules, kind, int)


def _scoped(
    rules: Sequence[Protection], kind: str, of: type[T]
) -> dict[tuple[Key | None, Key | None], T]:
    """What wins of one kind per (item, node) scope; rules in precedence order."""
    layer: dict[tuple[Key | None, Key | None], T] = {}
    for rule in rules:
        said = getattr(rule, kind)
        if isinstance(said, of):
            layer.setdefault((rule.item, rule.node), said)
    return layer


def _walk_in(ready: Floors, item: Key, node: Key) -> int:
    """The most specific scope that says anything about walk-ins; the larger of what it says."""
    if not ready.by_clock or ready.clock is None:
        return _pick(ready.walk_in, item, node)
    for scope in ((item, node), (item, None), (None, node), (None, None)):
        qty, rule = ready.walk_in.get(scope), ready.by_clock.get(scope)
        if rule is not None:
            return max(qty or 0, by_clock.kept(rule, ready.clock, node))
        if qty is not None:
            return qty
    return 0


def _pick(layer: Layer, item: Key, node: Key) -> int:
    if not layer:
        return 0
    for scope in ((item, node), (item, None), (None, node), (None, None)):
        qty = layer.get(scope)
        if qty is not None:
            return qty
    return 0
