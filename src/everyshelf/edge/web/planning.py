"""The routes of planning: what is to be made."""

from __future__ import annotations

import msgspec

from everyshelf import planning
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Face, Listing, Read, Verb
from everyshelf.planning import MakeChanged, MakeId, MakeOrder

SQL = load("everyshelf.edge.web", "lists.sql")


class OneMake(msgspec.Struct, frozen=True):
    """Which make order."""

    make_id: MakeId


class MakeQuery(msgspec.Struct, frozen=True):
    """Filters of make orders."""

    node: str | None = None
    state: str | None = None
    item: str | None = None


def _get(tx: Tx, query: OneMake) -> MakeOrder:
    return declare.only(planning.get(tx, [query.make_id]), "make order")


FACE = Face(
    "planning",
    "What is made before it can be sent.",
    (
        Listing("/v1/makes", SQL.list_makes, MakeOrder, MakeQuery, "List make orders"),
        Read("/v1/makes/{make_id}", _get, OneMake, MakeOrder, "Get a make order"),
        Verb(
            "POST", "/v1/makes/{make_id}/start", planning.start, planning.Start, MakeChanged,
            "Begin the work; a cancelled order does not stop it any more",
        ),
        Verb(
            "POST", "/v1/makes/{make_id}/made", planning.made, planning.Made, MakeChanged,
            "Units are finished and received at their node",
        ),
    ),
)  # fmt: skip
