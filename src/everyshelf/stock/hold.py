"""Soft holds on a pool of nodes: granted exactly, expired once, moved when a narrower one needs it.

A hold names a pool ("ship", "pickup:S001"), sits on units of nodes of that pool and may be moved
to another of them at any time before it becomes an allocation. It never names the final node.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime, timedelta

from everyshelf import catalog
from everyshelf.base import ids, outbox
from everyshelf.base.claims import once
from everyshelf.base.errors import INVALID, Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.stock.events import HoldExpired, HoldPlaced, HoldReleased, Units
from everyshelf.stock.facts import (
    HOLD_GONE,
    INSUFFICIENT,
    ITEM_UNKNOWN,
    MAX_QTY,
    QTY_INVALID,
    Bucket,
    EndHold,
    Held,
    Hold,
    HoldId,
    HoldRow,
    Leg,
    Part,
    Want,
)
from everyshelf.stock.ledger import post
from everyshelf.stock.seating import Placed, Seats, consume, legs, reseat

SQL = load("everyshelf.stock")
ROUNDS = 4
USUAL = timedelta(minutes=30)
LONGEST = timedelta(days=30)
MAX_OWNER = 200
OWNED = ("crt_", "ord_")  # Owners whose holds follow their own lines.
HOLD_ROW = (
    "parts", "ids", "items", "nodes", "pools", "channels", "owners", "lines", "qtys", "expiries",
)  # fmt: skip


def hold(tx: Tx, commands: Sequence[Hold]) -> list[Result[Held]]:
    """Holds units, each command alone. Refused: input.invalid, stock.insufficient,
    stock.qty_invalid, an item or channel that does not exist."""
    return once(tx, "stock.hold", commands, _hold, Held)


def _hold(tx: Tx, commands: list[Hold]) -> list[Result[Held]]:
    items = {i for (i,) in tx.tuples(SQL.known_items, items=sorted({c.item for c in commands}))}
    channels = catalog.channels(tx, {c.channel for c in commands})
    errors = [_wrong(tx, c, items, channels) for c in commands]
    good = [c for c, error in zip(commands, errors, strict=True) if error is None]
    answers = iter(_hold_known(tx, good) if good else [])
    return [Result.refused(e) if e is not None else next(answers) for e in errors]


def _wrong(tx: Tx, c: Hold, items: Container[str], channels: Container[str]) -> Refused | None:
    """The refusal for a hold of nothing, for nobody, for ever, or in the name of an order."""
    if c.item not in items:
        return ITEM_UNKNOWN(f"There is no item {c.item!r}.")
    if c.channel not in channels:
        return catalog.CHANNEL_UNKNOWN(f"There is no channel {c.channel!r}.")
    if not 1 <= len(c.owner) <= MAX_OWNER or c.owner.startswith(OWNED):
        return INVALID("An owner is a name of your own; carts and orders hold for themselves.")
    if c.expires_at is not None and not tx.now < c.expires_at <= tx.now + LONGEST:
        return INVALID(f"A hold ends within {LONGEST.days} days, not at {c.expires_at}.")
    return None


def _hold_known(tx: Tx, commands: list[Hold]) -> list[Result[Held]]:
    end = tx.now + USUAL
    wants = [
        Want(c.item, c.qty, c.pool, c.channel, c.owner, c.line, c.expires_at or end)
        for c in commands
    ]
    answers = hold_now(tx, wants)
    outbox.emit(
        tx,
        (
            HoldPlaced(
                owner=w.owner, hold_id=a.get().hold_id, item=w.item, qty=w.qty, pool=w.pool,
                expires_at=w.expires_at,
            )
            for w, a in zip(wants, answers, strict=True)
            if a.ok
        ),
    )  # fmt: skip
    return answers


def hold_now(tx: Tx, wants: Sequence[Want]) -> list[Result[Held]]:
    """Holds in order of arrival; wants of one group are granted all or none.

    Decides on a snapshot and posts under locks; a want that lost its unit in between is decided
    again on fresh rows, so that a refusal is true and an oversell impossible.
    """
    answers: list[Result[Held] | None] = [
        None if 0 < w.qty <= MAX_QTY else Result.refused(QTY_INVALID()) for w in wants
    ]
    bad = {wants[n].group for n, a in enumerate(answers) if a is not None} - {""}
    for n, want in enumerate(wants):
        if want.group in bad and answers[n] is None:
            answers[n] = Result.refused(QTY_INVALID("another line of this command is invalid"))
    for _ in range(ROUNDS + len(wants)):
        open_ = [n for n, answer in enumerate(answers) if answer is None]
        if not open_:
            break
        _round(tx, wants, answers, open_)
    return [a or Result.refused(INSUFFICIENT()) for a in answers]


def _round(
    tx: Tx, wants: Sequence[Want], answers: list[Result[Held] | None], open_: list[int]
) -> None:
    """Decides the open groups on fresh rows; what is deferred or lost a race stays open."""
    seats = Seats(tx, [wants[n] for n in open_])
    groups: dict[str, list[int]] = {}
    for n in open_:
        groups.setdefault(wants[n].group or f"\0{n}", []).append(n)
    seated: list[tuple[list[int], Placed, list[Leg]]] = []
    for members in groups.values():
        placed = seats.place([wants[n] for n in members])
        if placed.shortage:
            for n in members:
                answers[n] = Result.refused(INSUFFICIENT(placed.shortage))
        elif not placed.deferred:
            taken = _legs([wants[n] for n in members], placed.parts, seats)
            seated.append((members, placed, [*legs(placed.seats), *taken]))
    shorts = post(tx, [group for _, _, group in seated])
    rows = []
    moved = []
    for (members, placed, _), short in zip(seated, shorts, strict=True):
        if short is None:
            moved += placed.seats
            for n, sits in zip(members, placed.parts, strict=True):
                held = Held(ids.new(HoldId), tuple(sits))
                answers[n] = Result.done(held)
                rows += [_row(wants[n], held.hold_id, part) for part in sits]
    if moved:
        reseat(tx, moved)
    if rows:
        tx.run(SQL.add_holds, **table(HOLD_ROW, rows), now=tx.now)


def _legs(wants: Sequence[Want], parts: Sequence[Sequence[Part]], seats: Seats) -> list[Leg]:
    return [
        Leg(
            want.item, part.node, Bucket.SELLABLE, part.node, Bucket.HELD, part.qty, "hold",
            floor=seats.floor(want, part.node),
        )
        for want, sits in zip(wants, parts, strict=True)
        for part in sits
    ]  # fmt: skip


def _row(want: Want, hold_id: HoldId, part: Part) -> tuple[object, ...]:
    return (
        ids.part_of(want.item), hold_id, want.item, part.node, want.pool, want.channel,
        want.owner, want.line, part.qty, want.expires_at,
    )  # fmt: skip


def holds_of(tx: Tx, owners: Sequence[str]) -> list[HoldRow]:
    """The live holds of these owners, locked, in lock order."""
    return tx.all(SQL.holds_of, HoldRow, owners=sorted(set(owners)))


def extend(tx: Tx, owners: Sequence[str], expires_at: datetime) -> int:
    """Prolongs the owners' holds that still live; how many parts."""
    return tx.run(SQL.extend_holds, owners=sorted(set(owners)), expires_at=expires_at)


def adopt(tx: Tx, lines: Sequence[tuple[str, int, str, int]]) -> None:
    """A cart's hold becomes the order's: (from owner, line, to owner, line). It expires no more."""
    tx.run(
        SQL.adopt_holds,
        **table(("from_owners", "from_lines", "to_owners", "to_lines"), lines),
    )


def release_holds(tx: Tx, lines: Sequence[tuple[str, int | None, int | None]]) -> int:
    """Gives held units back: (owner, line or None for all, qty or None for all); units released."""
    rows = holds_of(tx, [owner for owner, _, _ in lines])
    left = {(o, line): qty if qty is not None else MAX_QTY * 1000 for o, line, qty in lines}
    taken: list[tuple[HoldRow, int]] = []
    for row in rows:
        for scope in ((row.owner, row.line), (row.owner, None)):
            if take := min(left.get(scope, 0), row.qty):
                left[scope] -= take
                taken.append((row, take))
                break
    _release(tx, taken, "release")
    return sum(qty for _, qty in taken)


def end_hold(tx: Tx, commands: Sequence[EndHold]) -> list[Result[int]]:
    """Ends holds before their time; the value is how many units are free again.

    Refused: input.invalid for a cart's or an order's holds, stock.hold_gone when none lives.
    """
    return once(tx, "stock.end_hold", commands, _end_hold, int)


def _end_hold(tx: Tx, commands: list[EndHold]) -> list[Result[int]]:
    rows = holds_of(tx, [c.owner for c in commands if not c.owner.startswith(OWNED)])
    left = {(row.id, row.node): row for row in rows}
    taken: list[tuple[HoldRow, int]] = []
    answers: list[Result[int]] = []
    for c in commands:
        mine = [
            row
            for row in left.values()
            if (row.owner, row.channel) == (c.owner, c.channel) and c.item in (None, row.item)
        ]
        if c.owner.startswith(OWNED):
            answers.append(Result.refused(INVALID("Carts and orders end their holds themselves.")))
        elif not mine:
            answers.append(Result.refused(HOLD_GONE(f"{c.owner!r} holds nothing like that now.")))
        else:
            answers.append(Result.done(sum(row.qty for row in mine)))
        for row in mine:
            del left[row.id, row.node]
            taken.append((row, row.qty))
    _release(tx, taken, "release")
    return answers


def expire(tx: Tx, limit: int = 500) -> int:
    """Releases holds whose time is over; each once, whoever else tries. How many parts."""
    rows = tx.all(SQL.expired_holds, HoldRow, now=tx.now, limit=limit)
    taken = [(row, row.qty) for row in rows]
    consume(tx, taken)
    _give_back(tx, taken, "expire")
    by_owner = _units_by_owner(taken)
    outbox.emit(tx, (HoldExpired(owner=o, units=u) for o, u in by_owner.items()))
    return len(rows)


def _release(tx: Tx, taken: Sequence[tuple[HoldRow, int]], reason: str) -> None:
    consume(tx, taken)
    _give_back(tx, taken, reason)
    by_owner = _units_by_owner(taken)
    outbox.emit(tx, (HoldReleased(owner=o, units=u) for o, u in by_owner.items()))


def _give_back(tx: Tx, taken: Sequence[tuple[HoldRow, int]], reason: str) -> None:
    shorts = post(
        tx,
        [
            [Leg(row.item, row.node, Bucket.HELD, row.node, Bucket.SELLABLE, qty, reason)]
            for row, qty in taken
        ],
    )
    assert not any(shorts), "a live hold always has its units"


def _units_by_owner(taken: Sequence[tuple[HoldRow, int]]) -> dict[str, tuple[Units, ...]]:
    found: dict[str, tuple[Units, ...]] = {}
    for row, qty in taken:
        found[row.owner] = (*found.get(row.owner, ()), Units(row.item, row.node, qty))
    return found
