"""Recorded decisions, read back in their order to be taken again under any rules.

What was recorded of an order is all that the engine saw, unweighed; so another policy can be asked
about the same orders, with the code that decides live. What the answers of nodes and buyers would
have been is not known, and the offers of services are those that were the cheapest then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import sourcing as engine
from everyshelf.orders import OrderId
from everyshelf.sourcing import recorded
from everyshelf.sourcing.facts import DecisionId, Rules
from everyshelf.sourcing.recorded import Recorded

SQL = load("everyshelf.sourcing")
PAGE: Final = 500


class _Kept(msgspec.Struct, frozen=True):
    id: DecisionId
    order_id: OrderId
    at: datetime
    policy_version: int
    problem: bytes


class Past(msgspec.Struct, frozen=True):
    """A decision of the past: when, for which order, under which version, and what was seen."""

    id: DecisionId
    order_id: OrderId
    at: datetime
    version: int
    names: Recorded
    problem: engine.Problem

    def under(self, version: int, rules: Rules) -> engine.Decision:
        """What these rules would have decided, by the code that decides live."""
        return engine.source_fully(self.problem, self.policy(version, rules))[1]

    def policy(self, version: int, rules: Rules) -> engine.Policy:
        """These rules, and what the order itself wanted."""
        return recorded.under(self.names, version, rules, same=False)


def past(tx: Tx, since: datetime, until: datetime, most: int) -> Iterator[Past]:
    """The decisions of a period, oldest first, `most` of them at most; pages are read as needed.

    Second looks at units that came in or waited count as the decisions that they were.
    """
    after = 0
    while most > 0:
        page = tx.all(
            SQL.past_decisions, _Kept, after=after, since=since, until=until, most=min(PAGE, most)
        )
        for k in page:
            names, problem = recorded.recorded(k.problem)
            yield Past(k.id, k.order_id, k.at, k.policy_version, names, problem)
        if len(page) < PAGE:
            return
        after, most = int(page[-1].id), most - len(page)
