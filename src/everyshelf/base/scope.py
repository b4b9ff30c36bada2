"""For whom a version of a policy decides: facts of an order, and a share of the orders. Pure.

Where several versions are in force the most specific decides: an experiment (a share of orders)
before one that names facts; of these the one that names more, then tier over channel over region;
then one that was promoted for a time over one without end. Two that would tie clash, and are not
let in together, so that an order has exactly one answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

ALL_PCT: Final = 100
PLACES: Final = 10_000


class Facts(msgspec.Struct, frozen=True):
    """What a scope looks at of an order; `region` is the state or province it is shipped to."""

    order_id: int
    channel: str = ""
    tier: str = ""
    region: str = ""


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The orders for which a version decides; what is empty is not looked at.

    `regions` are the states or provinces shipped to. Which nodes a pilot may use is no scope but a
    filter in the rules, since an order has no node before it is decided.
    """

    channels: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    share_pct: int = ALL_PCT

    @property
    def experiment(self) -> bool:
        """Whether only a share of the orders is meant, so that the others are its control."""
        return self.share_pct < ALL_PCT

    @property
    def everybody(self) -> bool:
        """Whether it names nothing: then it can be the base."""
        return self == EVERYBODY

    @property
    def words(self) -> str:
        """The sentence a person reads."""
        named = [
            f"{name} {', '.join(values)}"
            for name, values in (
                ("channel", self.channels), ("tier", self.tiers), ("region", self.regions)
            )
            if values
        ]  # fmt: skip
        share = [f"{self.share_pct} % of orders"] if self.experiment else []
        return "; ".join([*share, *named]) or "every order"


EVERYBODY: Final = Scope()


def tidy(scope: Scope) -> Scope:
    """The same scope with each list sorted and without repetition, so that equal ones are equal."""
    named = (scope.channels, scope.tiers, scope.regions)
    channels, tiers, regions = (tuple(sorted(set(values))) for values in named)
    return Scope(channels, tiers, regions, scope.share_pct)


def place(name: str, order_id: int) -> int:
    """Where an order stands between 0 and 9,999 for this policy, the same for all time.

    A greater share takes in what a smaller one had.
    """
    seen = hashlib.blake2b(f"{name}:{int(order_id)}".encode(), digest_size=8).digest()
    return int.from_bytes(seen, "big") % PLACES


def takes(scope: Scope, name: str, facts: Facts) -> bool:
    """Whether the scope of a version of this policy takes an order in."""
    return _target(scope, facts) and (
        not scope.experiment
        or place(name, facts.order_id) * ALL_PCT < scope.share_pct * PLACES
    )  # fmt: skip


def _target(scope: Scope, facts: Facts) -> bool:
    return (
        (not scope.channels or facts.channel in scope.channels)
        and (not scope.tiers or facts.tier in scope.tiers)
        and (not scope.regions or facts.region in scope.regions)
    )


def rank(scope: Scope, dated: bool) -> tuple[int, ...]:
    """How specific a version is; the greater decides."""
    if scope.experiment:
        return (1,)
    named = bool(scope.tiers), bool(scope.channels), bool(scope.regions)
    return (0, sum(named), *named, dated)


def clash(a: Scope, a_dated: bool, b: Scope, b_dated: bool) -> bool:
    """Whether two versions in force at once would tie for some order.

    Two experiments always would: each would take its orders out of the other's share.
    """
    return rank(a, a_dated) == rank(b, b_dated) and all(
        _meet(*pair)
        for pair in ((a.channels, b.channels), (a.tiers, b.tiers), (a.regions, b.regions))
    )


def _meet(a: Sequence[str], b: Sequence[str]) -> bool:
    return not a or not b or not set(a).isdisjoint(b)
