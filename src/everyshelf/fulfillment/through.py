"""All of a node's work in one go: accept, pick, short what is missing, pack.

For those who report when everything is done: a supplier's notice, a 3PL's confirmation, a robot
cell, a simulation. One command is one turn of the desk, so it happens whole or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf import catalog
from everyshelf.base import claims
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.catalog import Item
from everyshelf.fulfillment import desk
from everyshelf.fulfillment.accept import Accept, decide_accept
from everyshelf.fulfillment.facts import Done, FulfillmentId, FulfillmentOrder, State
from everyshelf.fulfillment.pack import Pack, PackBox, decide_pack
from everyshelf.fulfillment.pick import (
    Pick,
    PickLine,
    Short,
    decide_pick,
    decide_short,
    scanned_items,
)
from everyshelf.fulfillment.turn import KINDS, Moves, Turn
from everyshelf.fulfillment.wave import finish_waves


class Prepare(msgspec.Struct, frozen=True):
    """Accept if offered, pick these lines (or all), short the rest, pack (by default cartons)."""

    key: str
    fulfillment_id: FulfillmentId
    lines: tuple[PickLine, ...] | None = None
    packages: tuple[PackBox, ...] | None = None
    version: int | None = None


def prepare(tx: Tx, commands: Sequence[Prepare]) -> list[Result[Done]]:
    """Makes work ready to leave. Refused as accept, pick, short and pack are."""
    return claims.once(tx, "fulfillment.prepare", commands, prepare_now, Done)


def prepare_now(tx: Tx, commands: Sequence[Prepare]) -> list[Result[Done]]:
    """The claim-free form."""
    at = desk.open_desk(tx, [c.fulfillment_id for c in commands])
    codes = scanned_items(tx, [x.scanned for c in commands for x in c.lines or ()])
    items = catalog.items(tx, sorted({x.item for order in at.values() for x in order.lines}))

    def decide(order: FulfillmentOrder, c: Prepare) -> Turn:
        return decide_through(order, c.lines, c.packages, codes, items)

    answers = desk.work(tx, at, commands, decide)
    finish_waves(tx, [order.wave_id for order in at.values() if order.wave_id is not None])
    return answers


def decide_through(
    order: FulfillmentOrder,
    lines: tuple[PickLine, ...] | None,
    packages: tuple[PackBox, ...] | None,
    codes: dict[str, str],
    items: dict[str, Item],
) -> Turn:
    """The turns one after another, joined into one."""
    turns: list[Turn] = []
    now = order
    if now.state is State.OFFERED:
        turns.append(decide_accept(now, Accept("", now.id)))
        now = turns[-1].order
    if now.state is not State.PICKED:
        turns.append(decide_pick(now, Pick("", now.id, lines), codes))
        now = turns[-1].order
    if now.state is State.PICKING:
        turns.append(decide_short(now, Short("", now.id)))
        now = turns[-1].order
    turns.append(decide_pack(now, Pack("", now.id, packages), items))
    return _joined(turns)


def _joined(turns: Sequence[Turn]) -> Turn:
    moves = {k: tuple(x for t in turns for x in getattr(t.moves, k)) for k in KINDS}
    return Turn(
        turns[-1].order,
        moves=Moves(**moves),
        packages=tuple(x for t in turns for x in t.packages),
        resource=tuple(x for t in turns for x in t.resource),
        events=tuple(x for t in turns for x in t.events),
    )
