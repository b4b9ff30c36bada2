"""The words of sourcing: why a line is (re)sourced, why units wait, the rules as data; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id
from everyshelf.decide import sourcing as engine
from everyshelf.decide.sourcing import Limits as Limits
from everyshelf.decide.sourcing import Rules as Rules
from everyshelf.orders import OrderId

POLICY: Final = "sourcing"
COLLECTED: Final = frozenset({"pickup", "curbside", "locker"})

DECISION_UNKNOWN: Final = Code("sourcing.decision_unknown", 404, "There is no such decision.")
NODE_FULL: Final = Code(
    "sourcing.node_full",
    409,
    "The node has taken all the orders it can work on this day.",
    constraint="node_load_within_cap",
)


class DecisionId(Id):
    """One recorded decision."""

    prefix = "dec"


class Trigger(StrEnum):
    """What made sourcing look at an order."""

    PLACED = "placed"
    RELEASED = "released"
    AMENDED = "amended"
    CANCELLED = "cancelled"
    REVOKED = "revoked"
    UNSHIPPED = "unshipped"
    STOCK = "stock"
    RESOURCE = "resource"
    SWEEP = "sweep"


class Waits(StrEnum):
    """Why units of a line have no node yet."""

    ORDER_HOLD = "order_hold"
    INBOUND = "inbound"
    MAKE = "make"
    NO_NODE = "no_node"


class Worth(msgspec.Struct, frozen=True):
    """What units of an item are worth at a node, and how sure they are.

    In milli for a unit: `scarcity_milli` to orders still to come, `walk_in_milli` to people who
    walk in, `markdown_milli` lost if it stays. In 1/10,000: `lost_bp`, the chance that a unit on
    the books is not found, `return_bp`, that it comes back.
    """

    item: str
    node: str
    scarcity_milli: int = 0
    walk_in_milli: int = 0
    markdown_milli: int = 0
    lost_bp: int = 0
    return_bp: int = 0


WORTHS: Final = ("scarcity_milli", "walk_in_milli", "markdown_milli", "lost_bp", "return_bp")


class Resource(msgspec.Struct, frozen=True):
    """Units of a line that lost their node and need another. `node`, when named, is not offered
    again for this line."""

    order_id: OrderId
    line: int
    item: str
    qty: int
    node: str | None
    reason: str


class Sourced(msgspec.Struct, frozen=True):
    """What a look at an order led to: units allocated now and units that wait."""

    order_id: OrderId
    allocated: int
    waiting: int


class Way(msgspec.Struct, frozen=True, order=True):
    """How lines reach their buyer: what is decided together."""

    method: str
    pickup_node: str | None
    service: str | None

    @property
    def collected(self) -> bool:
        """Whether the buyer comes for it, so that there is one candidate only."""
        return self.method in COLLECTED


class Candidate(msgspec.Struct, frozen=True):
    """A node in a decision: the first filter that took it out, or what it alone would cost."""

    node: str
    excluded_by: str | None
    cost_minor: float | None
    terms_minor: Mapping[str, float]
    short_units: int


class Flip(msgspec.Struct, frozen=True):
    """The smallest change of one kind (see `decide.sourcing.Lever`) that would flip the choice.

    `amount` is in units of `item`, minutes of cutoff, orders of capacity or minor units of price;
    for a filter, `filter` names it. `saves_minor` is None where it would serve what was not served.
    """

    lever: engine.Lever
    node: str
    amount: float
    saves_minor: float | None
    item: str | None
    filter: str | None

    @property
    def words(self) -> str:
        """The sentence a person reads."""
        return self.says(self.node)

    def says(self, place: str) -> str:
        """The sentence, with the name by which the reader knows the node."""
        n = round(self.amount)
        told = {
            engine.Lever.UNITS: f"{place} had {n} more unit{'s'[: n != 1]} of {self.item}",
            engine.Lever.CUTOFF: f"the cutoff of {place} were {n} minute{'s'[: n != 1]} later",
            engine.Lever.CAPACITY: f"{place} could take one more order",
            engine.Lever.FILTER: f"{place} were not left out by {self.filter}",
            engine.Lever.PRICE: f"{place} were {n / 100:.2f} cheaper",
        }
        return f"Another choice, if {told[self.lever]}."


class WhyDecision(msgspec.Struct, frozen=True):
    """A recorded decision as a person reads it."""

    decision_id: DecisionId
    at: datetime
    trigger: Trigger
    policy: str
    policy_version: int
    digest: str
    source: str
    method: str
    parts: tuple[tuple[str, str, int], ...]
    unfilled: tuple[tuple[str, int], ...]
    cost_minor: int
    winner: tuple[str, ...]
    runner_up: tuple[str, ...]
    runner_up_extra_minor: float | None
    flips: tuple[Flip, ...]
    proven: bool
    gap_minor: float
    candidates: tuple[Candidate, ...]


class Waiting(msgspec.Struct, frozen=True):
    """Units of a line that wait for a node."""

    line: int
    item: str
    qty: int
    reason: Waits
    due_at: datetime
    since: datetime


class Action(StrEnum):
    """What a person can do about units that find no node."""

    LIFT = "lift"
    WAIT = "wait"
    CANCEL = "cancel"


class Option(msgspec.Struct, frozen=True):
    """One way out: what to do, and what it would lead to."""

    action: Action
    words: str
    node: str | None = None
    item: str | None = None
    qty: int | None = None
    due_on: date | None = None


class Why(msgspec.Struct, frozen=True):
    """All that sourcing knows about an order: its decisions, what waits, who said no, and what a
    person can do about what waits."""

    order_id: OrderId
    decisions: tuple[WhyDecision, ...]
    waiting: tuple[Waiting, ...]
    said_no: tuple[tuple[int, str, str], ...]
    options: tuple[Option, ...] = ()


class Replay(msgspec.Struct, frozen=True):
    """A recorded decision taken again from its recorded problem and policy."""

    decision_id: DecisionId
    same_problem: bool
    same_answer: bool
