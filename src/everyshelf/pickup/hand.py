"""The customer comes: check-in at the curb, hand-over against a code.

A wrong code is counted in the same transaction although the command is refused, so callers commit
first and raise the refusal (`Result.get`) after. Handing over is irreversible: units come back
only as a return. Two associates at once: the row is locked, the second finds it handed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from everyshelf import fulfillment, orders, payment, stock
from everyshelf.base import claims, outbox
from everyshelf.base.errors import STALE, Refused
from everyshelf.base.events import Event
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import EventLine, FulfillmentOrder, Package, Withdraw
from everyshelf.pickup import events, secret, shelf
from everyshelf.pickup.facts import (
    CANCELLED,
    CODE_LOCKED,
    CODE_MISSING,
    CODE_NONE,
    CODE_WRONG,
    GRACE,
    MAX_TRIES,
    NOT_PACKED,
    STATE,
    WRONG_NODE,
    Act,
    Pickup,
    PickupId,
    State,
    allow,
)
from everyshelf.pickup.shelf import changed
from everyshelf.stock import AllocationId, Step

LONGEST: Final = 200


class CheckIn(msgspec.Struct, frozen=True):
    """The customer has arrived; `bay` is where they stand."""

    key: str
    pickup_id: PickupId
    bay: str = ""
    version: int | None = None


class HandOver(msgspec.Struct, frozen=True):
    """Give the goods to who presents the code or the token; `to` names who came, `node` is where
    the associate stands."""

    key: str
    pickup_id: PickupId
    code: str = ""
    token: str = ""
    to: str = ""
    node: str | None = None
    version: int | None = None


class Handed(msgspec.Struct, frozen=True):
    """The answer: how many units were handed over, or where the pickup stands."""

    pickup_id: PickupId
    state: State
    version: int
    units: int = 0


def check_in(tx: Tx, commands: Sequence[CheckIn]) -> list[Result[Handed]]:
    """Notes an arrival; once more moves the bay. Refused: pickup.unknown, .state, version.stale."""
    return claims.once(tx, "pickup.check_in", commands, _check_in, Handed)


def _check_in(tx: Tx, commands: list[CheckIn]) -> list[Result[Handed]]:
    here = shelf.lock(tx, [c.pickup_id for c in commands])
    after: dict[PickupId, Pickup] = {}
    told: list[Event] = []
    answers: list[Result[Handed]] = []
    for c in commands:
        try:
            pickup = _current(here, c)
            latest = max(pickup.expires_at, tx.now + GRACE)
            state = allow(pickup, Act.CHECK_IN)
            pickup = changed(pickup, state=state, bay=c.bay[:LONGEST], expires_at=latest)
        except Refused as refusal:
            answers.append(Result.refused(refusal))
            continue
        here[pickup.id] = after[pickup.id] = pickup
        answers.append(Result.done(Handed(pickup.id, pickup.state, pickup.version)))
        told.append(
            events.PickupCheckedIn(
                pickup_id=pickup.id, order_id=pickup.order_id, node=pickup.node, bay=pickup.bay,
                version=pickup.version,
            )
        )  # fmt: skip
    shelf.write(tx, after.values())
    outbox.emit(tx, told)
    return answers


def _current(here: dict[PickupId, Pickup], command: CheckIn | HandOver) -> Pickup:
    pickup = shelf.find(here, command.pickup_id)
    if command.version is not None and command.version != pickup.version:
        raise STALE(f"{pickup.id} is at version {pickup.version}, not {command.version}.")
    return pickup


def hand_over(tx: Tx, commands: Sequence[HandOver]) -> list[Result[Handed]]:
    """Hands over what is packed and not cancelled, captures its price, completes the work.

    Refused: pickup.unknown, version.stale, pickup.state, .wrong_node, .code_missing, .code_none,
    .code_locked, .code_wrong (counted: five lock), .not_packed, .cancelled.
    """
    return claims.once(tx, "pickup.hand_over", commands, _hand_over, Handed)


def _hand_over(tx: Tx, commands: list[HandOver]) -> list[Result[Handed]]:
    here = shelf.lock(tx, [c.pickup_id for c in commands], with_work=True)
    right = _verify(here, commands)
    refused: dict[int, Refused] = {}
    tried: dict[PickupId, Pickup] = {}
    chosen: dict[int, PickupId] = {}
    for n, c in enumerate(commands):
        try:
            pickup = _present(here, c)
            if pickup.id in chosen.values():
                raise STATE(f"{pickup.id} is handed over already.")
            if right[n]:
                chosen[n] = pickup.id
                continue
            here[pickup.id] = tried[pickup.id] = changed(pickup, tries=pickup.tries + 1)
            raise _wrong(here[pickup.id])
        except Refused as refusal:
            refused[n] = refusal
    handed = _give(tx, {here[id_].id: here[id_] for id_ in chosen.values()})
    answers: list[Result[Handed]] = []
    done: list[Pickup] = []
    for n, c in enumerate(commands):
        if n in refused:
            answers.append(Result.refused(refused[n]))
            continue
        units = handed[chosen[n]]
        if isinstance(units, Refused):
            answers.append(Result.refused(units))
            continue
        pickup = changed(
            here[chosen[n]], state=State.HANDED_OVER, handed_to=c.to[:LONGEST],
        )  # fmt: skip
        done.append(pickup)
        tried.pop(pickup.id, None)
        count = sum(line.qty for line in units)
        answers.append(Result.done(Handed(pickup.id, pickup.state, pickup.version, count)))
    shelf.write(tx, [*tried.values(), *done])
    outbox.emit(tx, _locked(tried.values()) + [_told(p, handed[p.id]) for p in done])
    return answers


def _present(here: dict[PickupId, Pickup], c: HandOver) -> Pickup:
    """The pickup for which a code may be tried now."""
    pickup = _current(here, c)
    allow(pickup, Act.HAND_OVER)
    if c.node is not None and c.node != pickup.node:
        raise WRONG_NODE(f"{pickup.id} waits at {pickup.node}, not at {c.node}.")
    if not (c.code or c.token):
        raise CODE_MISSING()
    if not pickup.code_hash:
        raise CODE_NONE(f"No code was issued for {pickup.id}.")
    if pickup.locked:
        raise CODE_LOCKED()
    return pickup


def _verify(here: dict[PickupId, Pickup], commands: Sequence[HandOver]) -> list[bool]:
    """Whether each presents the right secret; nothing is hashed for who may not try."""
    tries: list[int] = []
    asked: list[secret.Presented] = []
    for n, c in enumerate(commands):
        try:
            pickup = _present(here, c)
        except Refused:
            continue
        tries.append(n)
        asked.append(
            secret.Presented(c.code[:64], c.token[:64], pickup.code_hash, pickup.token_hash)
        )
    good = {n for n, right in zip(tries, secret.verify(asked), strict=True) if right}
    return [n in good for n in range(len(commands))]


def _wrong(pickup: Pickup) -> Refused:
    left = MAX_TRIES - pickup.tries
    words = f"{left} tries are left." if left else "It is locked now: check an identity document."
    return CODE_WRONG(f"The code is not the one of {pickup.id}; {words}")


def _give(
    tx: Tx, pickups: dict[PickupId, Pickup]
) -> dict[PickupId, tuple[EventLine, ...] | Refused]:
    """Everything that follows when goods leave: order, stock, money, work; in this order."""
    works = {o.id: o for o in fulfillment.get(tx, [p.fulfillment_id for p in pickups.values()])}
    gone: dict[PickupId, tuple[EventLine, ...] | Refused] = {}
    ready: dict[PickupId, FulfillmentOrder] = {}
    for p in pickups.values():
        work = works[p.fulfillment_id]
        if work.state is fulfillment.State.PACKED:
            ready[p.id] = work
        else:
            gone[p.id] = NOT_PACKED(f"{work.id} is {work.state}.")
    left = _mark(tx, list(ready.values()))
    leaving = {id_: work for id_, work in ready.items() if left[work.id]}
    for id_ in ready.keys() - leaving.keys():
        gone[id_] = CANCELLED()
    _ship(tx, list(leaving.values()))
    payment.capture_shipped_now(tx, [(w.order_id, f"{id_}") for id_, w in leaving.items()])
    for result in fulfillment.complete_now(tx, [w.id for w in leaving.values()]):
        result.get()
    return gone | {id_: left[work.id] for id_, work in leaving.items()}


def _mark(
    tx: Tx, works: Sequence[FulfillmentOrder]
) -> dict[fulfillment.FulfillmentId, tuple[EventLine, ...]]:
    """Counts units as handed over; units that were cancelled meanwhile go back to the shelf."""
    rows = [(w, x) for w in works for x in w.lines if x.packed]
    marked = orders.mark_shipped(tx, [(w.order_id, x.line, x.packed) for w, x in rows])
    late = [pair for pair, good in zip(rows, marked, strict=True) if not good]
    kept = {(w.id, x.allocation_id): x.packed for w, x in rows}
    if late:
        kept |= _mark_rest(tx, late)
    return {
        w.id: tuple(
            EventLine(x.allocation_id, x.line, x.item, kept[w.id, x.allocation_id])
            for x in w.lines
            if kept.get((w.id, x.allocation_id))
        )
        for w in works
    }


Late = tuple[FulfillmentOrder, fulfillment.Line]


def _mark_rest(
    tx: Tx, late: Sequence[Late]
) -> dict[tuple[fulfillment.FulfillmentId, AllocationId], int]:
    """What is left of lines that were cancelled in part. The orders are locked by now."""
    lines = orders.open_lines(tx, [w.order_id for w, _ in late])
    free = {(x.order_id, x.line): x.open for x in lines}
    kept: dict[tuple[fulfillment.FulfillmentId, AllocationId], int] = {}
    units: list[tuple[orders.OrderId, int, int]] = []
    back: list[Withdraw] = []
    for w, x in late:
        qty = min(x.packed, free.get((w.order_id, x.line), 0))
        free[w.order_id, x.line] = free.get((w.order_id, x.line), 0) - qty
        kept[w.id, x.allocation_id] = qty
        back.append(Withdraw(w.order_id, x.allocation_id, x.packed - qty))
        if qty:
            units.append((w.order_id, x.line, qty))
    if units:
        assert all(orders.mark_shipped(tx, units)), "open units of a locked order can be shipped"
    alive = {w.id for w, x in late} - _emptied(late, kept)
    stay = {x.allocation_id for w, x in late if w.id in alive}
    fulfillment.withdraw_now(tx, [b for b in back if b.allocation_id in stay], "cancelled")
    return kept


def _emptied(
    late: Sequence[Late], kept: dict[tuple[fulfillment.FulfillmentId, AllocationId], int]
) -> set[fulfillment.FulfillmentId]:
    """Work of which nothing is left; it is ended by those who cancelled it, not by a refusal."""
    return {
        w.id
        for w, _ in late
        if not any(kept.get((w.id, x.allocation_id), x.packed) for x in w.lines)
    }


def _ship(tx: Tx, works: Sequence[FulfillmentOrder]) -> None:
    packages = fulfillment.packages_of(tx, [w.id for w in works])
    steps = [step for package in packages for step in _steps(package)]
    for result in stock.ship(tx, steps):
        result.get()


def _steps(package: Package) -> list[Step]:
    return [
        Step(x.allocation_id, x.item, x.qty, x.lot, (x.serial,) if x.serial else ())
        for x in package.lines
    ]


def _told(p: Pickup, units: tuple[EventLine, ...] | Refused) -> Event:
    assert not isinstance(units, Refused)
    return events.PickupHandedOver(
        pickup_id=p.id, order_id=p.order_id, fulfillment_id=p.fulfillment_id, node=p.node,
        version=p.version, lines=units,
    )  # fmt: skip


def _locked(tried: Iterable[Pickup]) -> list[Event]:
    return [
        events.PickupCodeLocked(pickup_id=p.id, order_id=p.order_id, node=p.node, version=p.version)
        for p in tried
        if p.locked
    ]
