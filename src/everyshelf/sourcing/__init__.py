"""sourcing: which node serves which units of an order, and why.

owns   sourcing_demand, sourcing_decision, sourcing_exclusion, node_load, sourcing_load,
       sourcing_unsettled, sourcing_shadow, sourcing_worth, sourcing_worth_run, the policy
       `sourcing`
hears  orders placed, released, cancelled, amended; stock received, adjusted, counted, regraded,
       transferred, and soft holds that end
emits  sourcing.line.allocated, sourcing.line.unsourced, sourcing.allocation.revoked
never  moves a unit itself (stock does), works at a node or cancels what it cannot serve
"""

from everyshelf.sourcing.document import check as check_rules
from everyshelf.sourcing.document import find_plugins, rules_of
from everyshelf.sourcing.events import (
    AllocatedLine,
    AllocationsRevoked,
    LinesUnsourced,
    OrderAllocated,
    RevokedLine,
    UnsourcedLine,
)
from everyshelf.sourcing.facts import (
    DECISION_UNKNOWN,
    NODE_FULL,
    POLICY,
    Candidate,
    DecisionId,
    Flip,
    Limits,
    Replay,
    Resource,
    Rules,
    Sourced,
    Trigger,
    Waiting,
    Waits,
    Why,
    WhyDecision,
    Worth,
)
from everyshelf.sourcing.recorded import Past, past
from everyshelf.sourcing.resource import came_in, lock_orders, resource_now, sweep
from everyshelf.sourcing.source import source_now
from everyshelf.sourcing.why import audit_replay, why
from everyshelf.sourcing.worth import WorthRun, last_run, set_worth

__all__ = [
    "DECISION_UNKNOWN",
    "NODE_FULL",
    "POLICY",
    "AllocatedLine",
    "AllocationsRevoked",
    "Candidate",
    "DecisionId",
    "Flip",
    "Limits",
    "LinesUnsourced",
    "OrderAllocated",
    "Past",
    "Replay",
    "Resource",
    "RevokedLine",
    "Rules",
    "Sourced",
    "Trigger",
    "UnsourcedLine",
    "Waiting",
    "Waits",
    "Why",
    "WhyDecision",
    "Worth",
    "WorthRun",
    "audit_replay",
    "came_in",
    "check_rules",
    "find_plugins",
    "last_run",
    "lock_orders",
    "past",
    "resource_now",
    "rules_of",
    "set_worth",
    "source_now",
    "sweep",
    "why",
]
