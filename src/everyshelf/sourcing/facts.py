"""The words of sourcing: why a line is (re)sourced, why units wait, the rules as data; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id
from everyshelf.decide import sourcing as engine
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


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The parameters of the policy `sourcing`: how an order may be cut up and what lateness costs.

    `late_minor` is paid once and `late_day_minor` for each begun day after the promise. Where no
    service of the method has a rate card, distance costs `unrated_100km_minor` for 100 km.
    """

    max_nodes: int = 4
    split_lines: bool = True
    min_value_to_split_minor: int = 0
    dim_g_per_cm3: float = 0.0
    max_expansions: int = 20_000
    late_minor: int = 500
    late_day_minor: int = 300
    unrated_100km_minor: int = 100

    def engine(self, version: int, whole: bool) -> engine.Policy:
        """The policy of the deciding function; `whole`: fill all lines or nothing."""
        return engine.Policy(
            name=POLICY,
            version=version,
            max_nodes=self.max_nodes,
            split_lines=self.split_lines,
            shortage=engine.Shortage.REFUSE if whole else engine.Shortage.PARTIAL,
            min_value_to_split_minor=self.min_value_to_split_minor,
            dim_g_per_cm3=self.dim_g_per_cm3,
            max_expansions=self.max_expansions,
        )


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
    """The smallest change that would have changed the choice."""

    node: str
    units: int
    saves_minor: float

    @property
    def words(self) -> str:
        """The sentence a person reads."""
        return f"With {self.units} more units, {self.node} would serve all of it more cheaply."


class WhyDecision(msgspec.Struct, frozen=True):
    """A recorded decision as a person reads it."""

    decision_id: DecisionId
    at: datetime
    trigger: Trigger
    policy: str
    policy_version: int
    digest: str
    method: str
    parts: tuple[tuple[str, str, int], ...]
    unfilled: tuple[tuple[str, int], ...]
    cost_minor: int
    winner: tuple[str, ...]
    runner_up: tuple[str, ...]
    runner_up_extra_minor: float | None
    flip: Flip | None
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


class Why(msgspec.Struct, frozen=True):
    """All that sourcing knows about an order: its decisions, what waits and who said no."""

    order_id: OrderId
    decisions: tuple[WhyDecision, ...]
    waiting: tuple[Waiting, ...]
    said_no: tuple[tuple[int, str, str], ...]


class Replay(msgspec.Struct, frozen=True):
    """A recorded decision taken again from its recorded problem and policy."""

    decision_id: DecisionId
    same_problem: bool
    same_answer: bool
