"""The shelf of staged orders: locks, reads and writes pickups for the verbs of this room.

Locks are taken fulfillment order first, then pickup, then order, then stock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import FulfillmentId
from everyshelf.orders import OrderId
from everyshelf.pickup.facts import UNKNOWN, Pickup, PickupId

SQL = load("everyshelf.pickup")


class Work(msgspec.Struct, frozen=True):
    """What pickup must know of a fulfillment order."""

    id: FulfillmentId
    part: int
    order_id: OrderId
    node: str
    method: str
    state: str


def lock_work(tx: Tx, fulfillments: Iterable[FulfillmentId]) -> dict[FulfillmentId, Work]:
    """Locks fulfillment orders, so that nobody opens a package meanwhile."""
    found = tx.all(SQL.lock_work, Work, ids=sorted(set(fulfillments)))
    return {work.id: work for work in found}


def lock(tx: Tx, wanted: Iterable[PickupId], *, with_work: bool = False) -> dict[PickupId, Pickup]:
    """Locks pickups, after their fulfillment orders where these will change too."""
    ids = sorted(set(wanted))
    if with_work:
        lock_work(tx, [p.fulfillment_id for p in get(tx, ids)])
    return {p.id: p for p in tx.all(SQL.lock_pickups, Pickup, ids=ids)}


def get(tx: Tx, wanted: Sequence[PickupId]) -> list[Pickup]:
    """Pickups by id, without their hashes."""
    return tx.all(SQL.read_pickups, Pickup, ids=list(wanted))


def of_fulfillments(tx: Tx, fulfillments: Sequence[FulfillmentId]) -> list[Pickup]:
    """The pickups of fulfillment orders, ended ones too."""
    return tx.all(SQL.pickups_of, Pickup, ids=list(fulfillments))


def waiting(tx: Tx, node: str, *, after: int = 0, limit: int = 100) -> list[Pickup]:
    """What waits for customers at a node."""
    return tx.all(SQL.waiting, Pickup, node=node, after=after, limit=limit)


def find(shelf: dict[PickupId, Pickup], id_: PickupId) -> Pickup:
    """A locked pickup; refused when there is none."""
    found = shelf.get(id_)
    if found is None:
        raise UNKNOWN(f"There is no pickup {id_}.")
    return found


def write(tx: Tx, changed: Iterable[Pickup]) -> None:
    """Writes pickups as they are now."""
    rows = [
        (
            p.part, p.id, p.state, p.place, p.bay, p.tries, p.expires_at, p.handed_to, p.reason,
            p.version, p.code_hash, p.token_hash,
        )
        for p in changed
    ]  # fmt: skip
    if rows:
        names = (
            "parts", "ids", "states", "places", "bays", "tries", "expiries", "tos", "reasons",
            "versions", "codes", "tokens",
        )  # fmt: skip
        tx.run(SQL.write_pickups, **table(names, rows), now=tx.now)


def changed(pickup: Pickup, **fields: object) -> Pickup:
    """The pickup after one more change."""
    return msgspec.structs.replace(pickup, version=pickup.version + 1, **fields)
