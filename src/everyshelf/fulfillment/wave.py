"""Waves: accepted fulfillment orders of a node that are picked together.

A wave is open until nothing in it waits for a picker (`picked`) or somebody closes it; closing
gives what was not picked back to the list. It moves no stock: picking is pick.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base import claims, ids, outbox
from everyshelf.base.errors import INVALID, Code, Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import desk, events
from everyshelf.fulfillment.facts import (
    NOTHING,
    STATE,
    UNKNOWN,
    Act,
    FulfillmentId,
    FulfillmentOrder,
    State,
    WaveId,
    allow,
)
from everyshelf.fulfillment.write import write_orders

SQL = load("everyshelf.fulfillment")
MAX_SIZE: Final = 500

WAVE_UNKNOWN = Code("fulfillment.wave_unknown", 404, "There is no such wave.")
WAVE_CLOSED = Code("fulfillment.wave_closed", 409, "The wave is closed.")


class WaveKind(StrEnum):
    """How a wave is walked."""

    SINGLE = "single"
    BATCH = "batch"
    CLUSTER = "cluster"
    ZONE = "zone"


class MakeWave(msgspec.Struct, frozen=True):
    """Put fulfillment orders of a node into a wave; the oldest promises when none are named."""

    key: str
    node: str
    kind: WaveKind = WaveKind.BATCH
    fulfillments: tuple[FulfillmentId, ...] | None = None
    limit: int = 50


class CloseWave(msgspec.Struct, frozen=True):
    """End a wave."""

    key: str
    wave_id: WaveId


class Wave(msgspec.Struct, frozen=True):
    """A wave as it stands."""

    part: int
    id: WaveId
    node: str
    kind: WaveKind
    state: str
    made_at: datetime
    closed_at: datetime | None


class WaveDone(msgspec.Struct, frozen=True):
    """The answer: the wave and what is (or was left) in it."""

    wave_id: WaveId
    fulfillments: tuple[FulfillmentId, ...]


class Fetch(msgspec.Struct, frozen=True):
    """One row of a pick list."""

    item: str
    qty: int
    fulfillments: list[int]


def make_wave(tx: Tx, commands: Sequence[MakeWave]) -> list[Result[WaveDone]]:
    """Makes waves. Refused: input.invalid, fulfillment.unknown, .state, .nothing_open."""
    return claims.once(tx, "fulfillment.make_wave", commands, _make, WaveDone)


def _make(tx: Tx, commands: list[MakeWave]) -> list[Result[WaveDone]]:
    chosen = _choose(tx, commands)
    at = desk.open_desk(tx, [f for found in chosen for f in found])
    made: list[tuple[MakeWave, WaveId, list[FulfillmentOrder]]] = []
    answers: list[Result[WaveDone]] = []
    for command, wanted in zip(commands, chosen, strict=True):
        try:
            members = _members(command, wanted, at)
        except Refused as refusal:
            answers.append(Result.refused(refusal))
            continue
        wave = ids.new(WaveId)
        for order in members:
            at[order.id] = _into(order, wave)
        made.append((command, wave, members))
        answers.append(Result.done(WaveDone(wave, tuple(o.id for o in members))))
    _write(tx, made, at)
    return answers


def _choose(tx: Tx, commands: Sequence[MakeWave]) -> list[tuple[FulfillmentId, ...]]:
    asked = [(n, c) for n, c in enumerate(commands) if c.fulfillments is None]
    found: dict[int, list[FulfillmentId]] = {}
    if asked:
        rows = ((n, c.node, max(1, min(c.limit, MAX_SIZE))) for n, c in asked)
        names = table(("ns", "nodes", "limits"), rows)
        for n, id_ in tx.tuples(SQL.candidates_for_waves, **names):
            found.setdefault(n, []).append(FulfillmentId(id_))
    return [
        tuple(found.get(n, ())) if c.fulfillments is None else c.fulfillments
        for n, c in enumerate(commands)
    ]


def _members(
    command: MakeWave, wanted: Sequence[FulfillmentId], at: desk.Desk
) -> list[FulfillmentOrder]:
    if len(wanted) > MAX_SIZE:
        raise INVALID(f"A wave has at most {MAX_SIZE} fulfillment orders.")
    members = []
    for id_ in dict.fromkeys(wanted):
        order = at.get(id_)
        if order is None or order.node != command.node:
            raise UNKNOWN(f"There is no fulfillment order {id_} at {command.node}.")
        if command.fulfillments is None and (order.wave_id or order.state is not State.ACCEPTED):
            continue  # Somebody was faster between the look and the lock.
        allow(order, Act.WAVE)
        if order.wave_id is not None:
            raise STATE(f"{id_} is in the wave {order.wave_id} already.")
        members.append(order)
    if not members:
        raise NOTHING(f"No accepted work waits at {command.node}.")
    return members


def _into(order: FulfillmentOrder, wave: WaveId | None) -> FulfillmentOrder:
    return msgspec.structs.replace(order, wave_id=wave, version=order.version + 1)


def _write(
    tx: Tx, made: Sequence[tuple[MakeWave, WaveId, list[FulfillmentOrder]]], at: desk.Desk
) -> None:
    if not made:
        return
    rows = ((ids.part_of(c.node), wave, c.node, c.kind) for c, wave, _ in made)
    tx.run(SQL.insert_waves, **table(("parts", "ids", "nodes", "kinds"), rows), now=tx.now)
    write_orders(tx, {o.id: at[o.id] for _, _, members in made for o in members})
    outbox.emit(
        tx,
        [
            events.WaveMade(
                wave_id=wave, node=c.node, kind=c.kind.value,
                fulfillments=tuple(o.id for o in members),
            )
            for c, wave, members in made
        ],
    )  # fmt: skip


def close_wave(tx: Tx, commands: Sequence[CloseWave]) -> list[Result[WaveDone]]:
    """Closes waves; the answer names what was not picked and goes back to the list.

    Refused: fulfillment.wave_unknown, fulfillment.wave_closed.
    """
    return claims.once(tx, "fulfillment.close_wave", commands, _close, WaveDone)


def _close(tx: Tx, commands: list[CloseWave]) -> list[Result[WaveDone]]:
    # Orders are locked before waves, as picking does.
    asked = sorted({c.wave_id for c in commands})
    members = [FulfillmentId(n) for (n,) in tx.tuples(SQL.members_of_waves, waves=asked)]
    at = desk.open_desk(tx, members)
    waves = {wave.id: wave for wave in tx.all(SQL.lock_waves, Wave, ids=asked)}
    answers: list[Result[WaveDone]] = []
    closed: dict[WaveId, list[FulfillmentOrder]] = {}
    for command in commands:
        wave = waves.get(command.wave_id)
        if wave is None:
            answers.append(Result.refused(WAVE_UNKNOWN()))
        elif wave.state == "closed" or wave.id in closed:
            answers.append(Result.refused(WAVE_CLOSED()))
        else:
            left = [o for o in at.values() if o.wave_id == wave.id and _waits(o)]
            closed[wave.id] = left
            answers.append(Result.done(WaveDone(wave.id, tuple(o.id for o in left))))
    _write_closed(tx, waves, closed)
    return answers


def _waits(order: FulfillmentOrder) -> bool:
    return order.state in (State.ACCEPTED, State.PICKING)


def _write_closed(
    tx: Tx, waves: dict[WaveId, Wave], closed: dict[WaveId, list[FulfillmentOrder]]
) -> None:
    if not closed:
        return
    rows = ((waves[wave].part, wave) for wave in closed)
    tx.run(SQL.close_waves, **table(("parts", "ids"), rows), now=tx.now)
    if back := {o.id: _into(o, None) for left in closed.values() for o in left}:
        write_orders(tx, back)
    outbox.emit(
        tx,
        [
            events.WaveClosed(wave_id=wave, node=waves[wave].node, left=tuple(o.id for o in left))
            for wave, left in closed.items()
        ],
    )


def finish_waves(tx: Tx, waves: Sequence[WaveId]) -> None:
    """Marks the waves in which nothing waits for a picker any more."""
    if waves:
        asked = sorted(set(waves))
        tx.all(SQL.lock_waves, Wave, ids=asked)
        tx.run(SQL.finish_waves, ids=asked)


def pick_list(tx: Tx, wave: WaveId) -> list[Fetch]:
    """What to fetch for a wave, an item a row."""
    return tx.all(SQL.pick_list, Fetch, wave=wave)
