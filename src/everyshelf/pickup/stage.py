"""Staging: packed work waits at its place for the customer, who is given a code.

A packed order is staged by itself as soon as it is heard of; `stage` says where it stands and
issues the code. The code is in the verb's answer and nowhere else, not even in the answer that is
kept for a replay: who lost it has a new one issued. Expiry is expire.py, hand-over is hand.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from everyshelf.base import claims, ids, outbox
from everyshelf.base.errors import STALE, Refused
from everyshelf.base.events import Event
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import FulfillmentId
from everyshelf.orders import OrderId
from everyshelf.pickup import events, secret, shelf
from everyshelf.pickup.facts import (
    COLLECTED,
    NOT_COLLECTED,
    NOT_PACKED,
    WINDOW,
    WORK_UNKNOWN,
    Act,
    Pickup,
    PickupId,
    allow,
)
from everyshelf.pickup.shelf import SQL, Work, changed


class Stage(msgspec.Struct, frozen=True):
    """Packed work stands at its place; seven days unless `expires_at` says otherwise."""

    key: str
    fulfillment_id: FulfillmentId
    place: str = ""
    expires_at: datetime | None = None


class IssueCode(msgspec.Struct, frozen=True):
    """Replace the code, for the customer who has none or lost it."""

    key: str
    pickup_id: PickupId
    version: int | None = None


class Unlock(msgspec.Struct, frozen=True):
    """An associate has checked an identity document: try anew, with a new code."""

    key: str
    pickup_id: PickupId
    document: str
    version: int | None = None


class Staged(msgspec.Struct, frozen=True):
    """The answer; code and token are empty when the command was done before."""

    pickup_id: PickupId
    order_id: OrderId
    node: str
    expires_at: datetime
    code: str = ""
    token: str = ""


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


C = TypeVar("C", bound=_Keyed)
Do = Callable[[Tx, list[C]], list[Result[Staged]]]


def stage(tx: Tx, commands: Sequence[Stage]) -> list[Result[Staged]]:
    """Stages packed work and issues its code.

    Refused: pickup.work_unknown, .not_collected, .not_packed.
    """
    return _once(tx, "pickup.stage", commands, _stage)


def issue_code(tx: Tx, commands: Sequence[IssueCode]) -> list[Result[Staged]]:
    """Issues a new code; the one before is worthless. Tries are not forgiven.

    Refused: pickup.unknown, pickup.state, version.stale.
    """
    return _once(tx, "pickup.issue_code", commands, _issue)


def unlock(tx: Tx, commands: Sequence[Unlock]) -> list[Result[Staged]]:
    """Forgives wrong tries after an identity check and issues a new code.

    Refused: pickup.unknown, pickup.state, version.stale.
    """
    return _once(tx, "pickup.unlock", commands, _unlock)


def _once(tx: Tx, scope: str, commands: Sequence[C], do: Do[C]) -> list[Result[Staged]]:
    """As claims.once, but the secrets are added after the answers were kept."""
    given: dict[PickupId, Staged] = {}

    def bare(tx: Tx, fresh: list[C]) -> list[Result[Staged]]:
        answers = do(tx, fresh)
        found = [a.value for a in answers if a.value is not None]
        given.update({value.pickup_id: value for value in found})
        return [a if a.value is None else Result.done(_without(a.value)) for a in answers]

    answers = claims.once(tx, scope, commands, bare, Staged)
    return [_with(answer, given) for answer in answers]


def _without(value: Staged) -> Staged:
    return msgspec.structs.replace(value, code="", token="")


def _with(answer: Result[Staged], given: dict[PickupId, Staged]) -> Result[Staged]:
    if answer.value is None or answer.value.pickup_id not in given or answer.outcome != "done":
        return answer
    return Result.done(given[answer.value.pickup_id])


def stage_now(tx: Tx, works: Sequence[tuple[Work, datetime]]) -> None:
    """Opens pickups for packed work (with the end of their windows) that has none."""
    rows = [
        (w.part, ids.new(PickupId), w.order_id, w.id, w.node, w.method, end) for w, end in works
    ]
    if not rows:
        return
    names = ("parts", "ids", "orders", "fulfillments", "nodes", "methods", "expiries")
    made = {n for (n,) in tx.tuples(SQL.open_pickups, **table(names, rows), now=tx.now)}
    outbox.emit(
        tx,
        [
            events.PickupStaged(
                pickup_id=id_, order_id=w.order_id, fulfillment_id=w.id, node=w.node,
                method=w.method, expires_at=end, version=1,
            )
            for (w, end), (_, id_, *_rest) in zip(works, rows, strict=True)
            if id_ in made
        ],
    )  # fmt: skip


def _stage(tx: Tx, commands: list[Stage]) -> list[Result[Staged]]:
    works = shelf.lock_work(tx, [c.fulfillment_id for c in commands])
    refused: dict[int, Refused] = {}
    todo: list[tuple[int, Stage]] = []
    for n, c in enumerate(commands):
        try:
            _check(works.get(c.fulfillment_id), c)
            todo.append((n, c))
        except Refused as refusal:
            refused[n] = refusal
    first = {c.fulfillment_id: c for _, c in reversed(todo)}
    stage_now(tx, [(works[id_], c.expires_at or tx.now + WINDOW) for id_, c in first.items()])
    found = tx.all(SQL.lock_open_of, Pickup, ids=sorted(first))
    staged = {p.fulfillment_id: p for p in found}
    after = {
        staged[id_].id: changed(
            staged[id_],
            state=allow(staged[id_], Act.STAGE),
            place=c.place or staged[id_].place,
            expires_at=c.expires_at or staged[id_].expires_at,
        )
        for id_, c in first.items()
    }
    answers = _give(tx, after)
    mine = {n: answers[staged[c.fulfillment_id].id] for n, c in todo}
    return [mine[n] if n in mine else Result.refused(refused[n]) for n in range(len(commands))]


def _check(work: Work | None, command: Stage) -> None:
    if work is None:
        raise WORK_UNKNOWN(f"There is no fulfillment order {command.fulfillment_id}.")
    if work.method not in COLLECTED:
        raise NOT_COLLECTED(f"{work.id} is for {work.method}.")
    if work.state != "packed":
        raise NOT_PACKED(f"{work.id} is {work.state}.")


def _give(tx: Tx, after: dict[PickupId, Pickup]) -> dict[PickupId, Result[Staged]]:
    """Gives each pickup a new code and writes it."""
    answers: dict[PickupId, Result[Staged]] = {}
    written: list[Pickup] = []
    told: list[Event] = []
    for pickup, new in zip(after.values(), secret.make(len(after)), strict=True):
        written.append(
            msgspec.structs.replace(pickup, code_hash=new.code_hash, token_hash=new.token_hash)
        )
        value = Staged(
            pickup.id, pickup.order_id, pickup.node, pickup.expires_at, new.code, new.token
        )
        answers[pickup.id] = Result.done(value)
        told.append(
            events.PickupCodeIssued(
                pickup_id=pickup.id, order_id=pickup.order_id, node=pickup.node,
                version=pickup.version,
            )
        )  # fmt: skip
    shelf.write(tx, written)
    outbox.emit(tx, told)
    return answers


def _issue(tx: Tx, commands: list[IssueCode]) -> list[Result[Staged]]:
    return _renew(tx, commands, Act.ISSUE)


def _unlock(tx: Tx, commands: list[Unlock]) -> list[Result[Staged]]:
    answers = _renew(tx, commands, Act.UNLOCK)
    outbox.emit(
        tx,
        [
            events.PickupUnlocked(
                pickup_id=a.value.pickup_id, order_id=a.value.order_id, node=a.value.node,
                document=c.document,
            )
            for c, a in zip(commands, answers, strict=True)
            if a.value is not None
        ],
    )  # fmt: skip
    return answers


def _renew(tx: Tx, commands: Sequence[IssueCode | Unlock], act: Act) -> list[Result[Staged]]:
    here = shelf.lock(tx, [c.pickup_id for c in commands])
    after: dict[PickupId, Pickup] = {}
    refused: dict[int, Refused] = {}
    for n, c in enumerate(commands):
        try:
            pickup = after.get(c.pickup_id) or shelf.find(here, c.pickup_id)
            if c.version is not None and c.version != pickup.version:
                raise STALE(f"{pickup.id} is at version {pickup.version}, not {c.version}.")
            tries = 0 if act is Act.UNLOCK else pickup.tries
            after[pickup.id] = changed(pickup, state=allow(pickup, act), tries=tries)
        except Refused as refusal:
            refused[n] = refusal
    given = _give(tx, after)
    return [
        Result.refused(refused[n]) if n in refused else given[c.pickup_id]
        for n, c in enumerate(commands)
    ]
