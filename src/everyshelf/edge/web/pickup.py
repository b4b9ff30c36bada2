"""The routes of pickup: staged, checked in, handed over with a code. No hash of a code leaves."""

from __future__ import annotations

import msgspec

from everyshelf import pickup
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Face, Listing, Read, Verb, shown, view
from everyshelf.orders import OrderId
from everyshelf.pickup import Handed, PickupId, Staged

SQL = load("everyshelf.edge.web", "lists.sql")

PickupView = view("PickupView", pickup.Pickup, "part", "code_hash", "token_hash")
ONE = "/v1/pickups/{pickup_id}"


class OnePickup(msgspec.Struct, frozen=True):
    """Which pickup."""

    pickup_id: PickupId


class PickupQuery(msgspec.Struct, frozen=True):
    """Filters of pickups."""

    node: str | None = None
    state: str | None = None
    order_id: OrderId | None = None


def _get(tx: Tx, query: OnePickup) -> object:
    return shown(PickupView, declare.only(pickup.get(tx, [query.pickup_id]), "pickup"))


FACE = Face(
    "pickup",
    "Collected by the customer: in the store, at the curb, from a locker.",
    (
        Listing("/v1/pickups", SQL.list_pickups, PickupView, PickupQuery, "List pickups"),
        Read(ONE, _get, OnePickup, PickupView, "Get a pickup"),
        Verb(
            "POST", "/v1/fulfillments/{fulfillment_id}/stage", pickup.stage, pickup.Stage, Staged,
            "Put packed work where it is collected; the answer holds the code",
        ),
        Verb(
            "POST", f"{ONE}/code", pickup.issue_code, pickup.IssueCode, Staged,
            "Give a new code; the old one ends", bulk=False,
        ),
        Verb(
            "POST", f"{ONE}/check-in", pickup.check_in, pickup.CheckIn, Handed,
            "The customer is there",
        ),
        Verb(
            "POST", f"{ONE}/hand-over", pickup.hand_over, pickup.HandOver, Handed,
            "Hand over against the code; five wrong tries lock it", bulk=False,
        ),
        Verb(
            "POST", f"{ONE}/unlock", pickup.unlock, pickup.Unlock, Staged,
            "Unlock after an identity document was seen", bulk=False,
        ),
    ),
)  # fmt: skip
