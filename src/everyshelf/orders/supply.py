"""Secures the units of new orders: held in the pool, promised on dated supply, to be made, or cut.

All orders of a batch are held at once, each all or nothing. Only those that came up short are
looked at again: their shortage goes to dated supply, to production or is cancelled, as the item
and the order allow; what is left unpromised refuses the order, which then holds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

import msgspec

from everyshelf import stock
from everyshelf.base import money
from everyshelf.base.errors import Refused
from everyshelf.base.tx import Tx
from everyshelf.catalog import Item
from everyshelf.orders.draft import Draft
from everyshelf.orders.facts import SHORT, Line, OrderId, ShortPolicy, Supply

Replace = msgspec.structs.replace
Cell = tuple[str, str, str]  # item, channel, pool


@dataclass(slots=True)
class Secured:
    """What became of the drafts: where held units sit, when inbound is due, who was refused."""

    nodes: dict[tuple[OrderId, int], str] = field(default_factory=dict)
    due: dict[tuple[OrderId, int], date] = field(default_factory=dict)
    refused: dict[OrderId, Refused] = field(default_factory=dict)
    undone: bool = False  # This round was rolled back.


def secure(tx: Tx, drafts: Sequence[Draft], items: Mapping[str, Item]) -> Secured:
    """Holds the units of every draft; rewrites the lines of those that are short."""
    done = Secured()
    for d in drafts:
        done.nodes.update(((d.order_id, n), seat.node) for n, seat in d.seats.items())
    short = _hold(tx, drafts, done)
    hopeful = [d for d in drafts if d.order_id in short and may_bend(d, items)]
    for d in drafts:
        if d.order_id in short and d not in hopeful:
            done.refused[d.order_id] = SHORT(short[d.order_id])
    if hopeful:
        _bend(tx, hopeful, items, done)
    return done


def may_bend(draft: Draft, items: Mapping[str, Item]) -> bool:
    """Whether a shortage could be met by anything but a refusal."""
    bends = draft.command.allow_backorder or (
        draft.command.short_policy == ShortPolicy.CANCEL_SHORT
    )
    return bends or any(items[x.item].make_to_order for x in draft.units)


def wants(draft: Draft) -> list[stock.Want]:
    """The units that must be held for the order, all or nothing."""
    owner = str(draft.order_id)
    return [
        stock.Want(x.item, x.open, x.pool, draft.command.channel, owner, x.line, None, owner)
        for x in draft.units
        if x.supply is Supply.STOCK and x.open and x.line not in draft.seats
    ]


def _hold(tx: Tx, drafts: Sequence[Draft], done: Secured) -> dict[OrderId, str]:
    """Holds what the drafts want; the orders that came up short, with stock's words."""
    asked = [(d.order_id, w) for d in drafts for w in wants(d)]
    if not asked:
        return {}
    short: dict[OrderId, str] = {}
    answers = stock.hold_now(tx, [w for _, w in asked])
    for (order_id, want), answer in zip(asked, answers, strict=True):
        if answer.refusal is not None:
            short.setdefault(order_id, answer.refusal.detail)
        else:
            parts = answer.get().parts
            done.nodes[order_id, want.line] = max(parts, key=lambda p: p.qty).node
    return short


class _Again(Exception):
    """Some drafts got part of what they need and must be refused: undo and go on without them."""


def _bend(tx: Tx, drafts: list[Draft], items: Mapping[str, Item], done: Secured) -> None:
    """Refused drafts leave no trace, not even a hold that was given back, so a round in which one
    fails after its hold is rolled back and run again without it."""
    asked = {d.order_id: d.lines for d in drafts}
    trying = drafts
    while trying:
        tried = Secured()
        with suppress(_Again), tx.savepoint():
            _try(tx, trying, items, tried)
        done.refused.update(tried.refused)
        if not tried.undone:
            done.nodes.update(tried.nodes)
            done.due.update(tried.due)
            return
        trying = [d for d in trying if d.order_id not in done.refused]
        for d in trying:
            d.lines = asked[d.order_id]


def _try(tx: Tx, drafts: list[Draft], items: Mapping[str, Item], done: Secured) -> None:
    """Shares out what is free until every draft is held or refused.

    Channels and pools overlap, so two drafts may count on one unit; who loses it is shared out
    again from what is free then. Each round settles at least its first draft.
    """
    asked = {d.order_id: d.lines for d in drafts}
    held: list[Draft] = []
    while drafts:
        left = _free(tx, drafts)
        trying = []
        for d in drafts:
            try:
                d.lines = share_out(d, left, items)
                trying.append(d)
            except Refused as error:
                done.refused[d.order_id] = error
        short = _hold(tx, trying, done)
        held += [d for d in trying if d.order_id not in short]
        again = [d for d in trying if d.order_id in short]
        if len(again) == len(drafts):  # Rivals outside this batch; they must be let through.
            done.refused.update((d.order_id, SHORT(short[d.order_id])) for d in again)
            again = []
        for d in again:
            d.lines = asked[d.order_id]
        drafts = again
    _promise(tx, held, done)


def _free(tx: Tx, drafts: Sequence[Draft]) -> dict[Cell, int]:
    cells = sorted({(x.item, d.command.channel, x.pool) for d in drafts for x in d.units})
    answers = stock.availability(tx, [stock.Ask(*cell) for cell in cells])
    return {cell: a.total for cell, a in zip(cells, answers, strict=True)}


def share_out(draft: Draft, left: dict[Cell, int], items: Mapping[str, Item]) -> list[Line]:
    """The order's lines with every missing unit moved to another supply, or cancelled.

    Takes what it uses out of `left`. A kit is cut whole: when a component can only be cancelled,
    so many kits go as have a component missing.
    """
    made: list[Line] = []
    kits = {x.line: x for x in draft.lines if x.supply is Supply.KIT}
    for kit in kits.values():
        parts = [x for x in draft.lines if x.kit_line == kit.line]
        cut = _kit_cut(draft, kit, parts, left, items)
        made.append(Replace(kit, cancelled=cut))
        for part in parts:
            part = Replace(part, cancelled=part.qty // kit.qty * cut)
            made += _split(draft, part, left, items, cut=False)
    for line in draft.lines:
        if line.kit_line is None and line.supply is not Supply.KIT:
            made += _split(draft, line, left, items, cut=True)
    return _numbered(made, len(draft.lines))


def _other(draft: Draft, line: Line, items: Mapping[str, Item]) -> Supply | None:
    if items[line.item].make_to_order:
        return Supply.MAKE
    return Supply.INBOUND if draft.command.allow_backorder else None


def _kit_cut(
    draft: Draft,
    kit: Line,
    parts: Sequence[Line],
    left: dict[Cell, int],
    items: Mapping[str, Item],
) -> int:
    """How many kits cannot be put together when nothing but stock may serve them."""
    whole = kit.qty
    for part in parts:
        if _other(draft, part, items) is None and part.line not in draft.seats:
            free = left[part.item, draft.command.channel, part.pool]
            whole = min(whole, max(free, 0) // (part.qty // kit.qty))
    if whole < kit.qty and draft.command.short_policy != ShortPolicy.CANCEL_SHORT:
        raise SHORT(f"{whole} of {kit.qty} {kit.item} can be put together from stock.")
    return kit.qty - whole


def _split(
    draft: Draft, line: Line, left: dict[Cell, int], items: Mapping[str, Item], *, cut: bool
) -> list[Line]:
    if line.line in draft.seats:
        return [line]
    cell = (line.item, draft.command.channel, line.pool)
    here = min(line.open, max(left[cell], 0))
    left[cell] -= here
    missing = line.open - here
    other = _other(draft, line, items)
    if not missing:
        return [line]
    if other is None:
        if not cut or draft.command.short_policy != ShortPolicy.CANCEL_SHORT:
            raise SHORT(f"{here} of {line.open} {line.item} are there.")
        return [Replace(line, cancelled=line.cancelled + missing)]
    if not here and not line.cancelled:
        return [Replace(line, supply=other)]
    return _two(line, missing, other)


def _two(line: Line, missing: int, other: Supply) -> list[Line]:
    """Takes `missing` units out of a line into a new one; line 0 is numbered later."""
    stays = line.qty - missing
    amounts = money.split(line.amount_minor, [stays, missing])
    taxes = money.split(line.tax_minor, [stays, missing])
    first = Replace(line, qty=stays, amount_minor=amounts[0], tax_minor=taxes[0])
    second = Replace(
        line, line=0, qty=missing, amount_minor=amounts[1], tax_minor=taxes[1], supply=other,
        cancelled=0,
    )  # fmt: skip
    return [first, second]


def _numbered(lines: list[Line], last: int) -> list[Line]:
    made = []
    for line in lines:
        if not line.line:
            last += 1
            line = Replace(line, line=last)
        made.append(line)
    return sorted(made, key=lambda x: x.line)


def _promise(tx: Tx, drafts: Sequence[Draft], done: Secured) -> None:
    """Promises dated supply to the lines that wait for it, first come first served."""
    waiting = [(d, x) for d in drafts for x in d.units if x.supply is Supply.INBOUND]
    promised = stock.promise_inbound_now(tx, [(x.item, x.qty, x.pool) for _, x in waiting])
    given: dict[tuple[OrderId, int], stock.InboundId] = {}
    for (d, line), answer in zip(waiting, promised, strict=True):
        if answer is not None:
            key = d.order_id, line.line
            given[key] = answer.inbound_id
            done.due[key] = answer.due_on
            done.nodes[key] = answer.node
    for d in drafts:
        try:
            d.lines = [_settle(d, line, given) for line in d.lines]
            if not any(x.open for x in d.units):
                raise SHORT("Nothing of the order is there.")
        except Refused as error:
            done.refused[d.order_id] = error
            done.undone = True
    if done.undone:
        raise _Again


def _settle(draft: Draft, line: Line, given: Mapping[tuple[OrderId, int], stock.InboundId]) -> Line:
    if line.supply is not Supply.INBOUND:
        return line
    inbound_id = given.get((draft.order_id, line.line))
    if inbound_id is not None:
        return Replace(line, inbound_id=inbound_id)
    if draft.command.short_policy == ShortPolicy.CANCEL_SHORT and line.kit_line is None:
        return Replace(line, supply=Supply.STOCK, cancelled=line.qty)
    raise SHORT(f"No dated supply is left for {line.qty} of {line.item}.")
