"""Who may do what: one verdict per method and route, and nothing without a verdict.

Also what a bound key reaches: the nodes and channels of a command are looked up before it runs,
and what is elsewhere is answered as if it did not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Flag, auto
from typing import Final

import msgspec

from everyshelf.base.errors import NOT_FOUND
from everyshelf.base.ids import Id
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.keys import ApiKey, Role
from everyshelf.edge.web.problems import FORBIDDEN

SQL = load("everyshelf.edge.web")


class Reach(Flag):
    """Which bound keys a route serves; a key that is bound to nothing is always served."""

    UNBOUND = 0
    NODE = auto()
    CHANNEL = auto()
    EVERYWHERE = auto()


@dataclass(frozen=True)
class Verdict:
    """The roles that may use a route, and the bound keys it serves."""

    roles: frozenset[Role]
    reach: Reach = Reach.UNBOUND
    public: bool = False


@dataclass(frozen=True)
class Principal:
    """Who is calling."""

    actor: str
    role: Role
    nodes: frozenset[str] | None = None
    channels: frozenset[str] | None = None

    @classmethod
    def of(cls, key: ApiKey) -> Principal:
        """The caller that a key names."""
        return cls(str(key.id), key.role, _bound(key.nodes), _bound(key.channels))


def _bound(names: Iterable[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def permit(verdict: Verdict, principal: Principal) -> None:
    """Refuses a role that the route does not name, and a bound key that it does not serve."""
    if principal.role not in verdict.roles:
        raise FORBIDDEN(f"The role {principal.role} may not do this.")
    if Reach.EVERYWHERE in verdict.reach:
        return
    if principal.nodes is not None and Reach.NODE not in verdict.reach:
        raise FORBIDDEN("A key that is bound to nodes does not reach this.")
    if principal.channels is not None and Reach.CHANNEL not in verdict.reach:
        raise FORBIDDEN("A key that is bound to channels does not reach this.")


NODES_OF: Final = {
    "fulfillment_id": SQL.nodes_of_fulfillments,
    "pickup_id": SQL.nodes_of_pickups,
    "package_id": SQL.nodes_of_packages,
    "shipment_id": SQL.nodes_of_shipments,
    "wave_id": SQL.nodes_of_waves,
    "supplier_order_id": SQL.nodes_of_supplier_orders,
    "transfer_id": SQL.nodes_of_transfers,
    "make_id": SQL.nodes_of_makes,
    "case_id": SQL.nodes_of_cases,
}
CHANNELS_OF: Final = {
    "order_id": SQL.channels_of_orders,
    "cart_id": SQL.channels_of_carts,
    "winner": SQL.channels_of_carts,
    "loser": SQL.channels_of_carts,
    "rma_id": SQL.channels_of_rmas,
}
NODE_FIELDS: Final = ("node", "from_node")


def reached(
    tx: Tx, verdict: Verdict, principal: Principal, asked: Sequence[msgspec.Struct]
) -> list[bool]:
    """For each command or query: does it concern only the caller's own nodes and channels?

    What names no place is not reached by a bound key.
    """
    answers = [True] * len(asked)
    if Reach.EVERYWHERE in verdict.reach:
        return answers
    bounds = (
        (principal.nodes, NODE_FIELDS, NODES_OF),
        (principal.channels, ("channel",), CHANNELS_OF),
    )
    for own, fields, found_by in bounds:
        if own is not None:
            places = _places(tx, asked, fields, found_by)
            answers = [
                ok and bool(at) and at <= own for ok, at in zip(answers, places, strict=True)
            ]
    return answers


def _places(
    tx: Tx, asked: Sequence[msgspec.Struct], fields: tuple[str, ...], found_by: Mapping[str, object]
) -> list[set[str]]:
    places: list[set[str]] = [set() for _ in asked]
    for n, one in enumerate(asked):
        places[n].update(
            value for f in fields if isinstance(value := getattr(one, f, None), str) and value
        )
    for name in found_by:
        ids = [getattr(one, name, None) for one in asked]
        wanted = sorted({int(i) for i in ids if isinstance(i, Id)})
        if not wanted:
            continue
        rows = tx.tuples(found_by[name], ids=wanted)  # type: ignore[arg-type]
        for n, i in enumerate(ids):
            places[n].update(place for found, place in rows if i is not None and found == int(i))
    return places


def must_reach(
    tx: Tx, verdict: Verdict, principal: Principal, asked: Sequence[msgspec.Struct]
) -> None:
    """Refuses as if it did not exist what the caller does not reach."""
    if not all(reached(tx, verdict, principal, asked)):
        raise NOT_FOUND()
