"""A return ends: closed when no more is expected, cancelled when nothing has come.

Cancelling frees the units for another return; closing an exchange early settles what has come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from everyshelf.base import claims, outbox
from everyshelf.base.errors import STALE, Refused
from everyshelf.base.events import Event
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.orders import OrderId
from everyshelf.returns import book, exchange
from everyshelf.returns.book import SQL, Turn
from everyshelf.returns.events import RmaCancelled, RmaClosed
from everyshelf.returns.facts import (
    BEGUN,
    LIVE,
    NOT_OPEN,
    UNKNOWN,
    CancelRma,
    Changed,
    CloseRma,
    Rma,
    RmaId,
    RmaKind,
    RmaState,
)
from everyshelf.returns.money import purse

End = CloseRma | CancelRma


def close(tx: Tx, commands: Sequence[CloseRma]) -> list[Result[Changed]]:
    """No more is expected. Refused: returns.unknown, returns.not_open, version.stale."""
    return claims.once(tx, "returns.close", commands, _close, Changed)


def cancel(tx: Tx, commands: Sequence[CancelRma]) -> list[Result[Changed]]:
    """The customer keeps the units. Refused: as close, and returns.begun once some have come."""
    return claims.once(tx, "returns.cancel", commands, _cancel, Changed)


def expire(tx: Tx, now: datetime, limit: int = 500) -> int:
    """Cancels returns for which nothing has come in time; how many."""
    overdue = [RmaId(i) for (i,) in tx.tuples(SQL.overdue_rmas, now=now, batch=limit)]
    rmas = book.lock_rmas(tx, _locked(tx, overdue))
    turns = [
        Turn(r, RmaState.CANCELLED)
        for r in rmas.values()
        if r.state is RmaState.OPEN and r.expires_at <= now
    ]
    book.turn(tx, turns)
    outbox.emit(tx, (_cancelled(t.rma, "expired") for t in turns))
    return len(turns)


def _close(tx: Tx, commands: list[CloseRma]) -> list[Result[Changed]]:
    results, turns = _end(tx, commands, _may_close, RmaState.CLOSED)
    rmas = [t.rma for t in turns]
    swaps = [r for r in rmas if r.kind is RmaKind.EXCHANGE and r.state is RmaState.RECEIVED]
    found = purse(tx, book.lock_orders(tx, (r.order_id for r in swaps)))
    swapped = exchange.place_due(tx, swaps, found)
    book.turn(tx, [swapped.get(t.rma.id, t) for t in turns])
    outbox.emit(tx, (_closed(r) for r in rmas))
    return results


def _cancel(tx: Tx, commands: list[CancelRma]) -> list[Result[Changed]]:
    results, turns = _end(tx, commands, _may_cancel, RmaState.CANCELLED)
    book.turn(tx, turns)
    outbox.emit(tx, (_cancelled(t.rma, "customer") for t in turns))
    return results


def _end(
    tx: Tx, commands: Sequence[End], may: Callable[[Rma], None], state: RmaState
) -> tuple[list[Result[Changed]], list[Turn]]:
    rmas = book.lock_rmas(tx, _locked(tx, [c.rma_id for c in commands]))
    results: list[Result[Changed]] = []
    turns: list[Turn] = []
    for command in commands:
        rma = rmas.get(command.rma_id)
        try:
            if rma is None:
                raise UNKNOWN(f"There is no return {command.rma_id}.")
            if command.version not in (None, rma.version):
                raise STALE(f"{rma.id} is at version {rma.version}.")
            may(rma)
        except Refused as refusal:
            results.append(Result.refused(refusal))
            continue
        del rmas[rma.id]
        turns.append(Turn(rma, state))
        results.append(Result.done(Changed(rma.id, state, rma.version + 1)))
    return results, turns


def _locked(tx: Tx, rma_ids: Sequence[RmaId]) -> dict[RmaId, OrderId]:
    of = book.orders_of(tx, rma_ids)
    book.lock_orders(tx, of.values())
    return of


def _may_close(rma: Rma) -> None:
    if rma.state not in LIVE:
        raise NOT_OPEN(f"{rma.id} is {rma.state}.")


def _may_cancel(rma: Rma) -> None:
    _may_close(rma)
    if rma.state is RmaState.RECEIVED:
        raise BEGUN(f"Units of {rma.id} have come.")


def _closed(rma: Rma) -> Event:
    return RmaClosed(rma_id=rma.id, order_id=rma.order_id, version=rma.version + 1)


def _cancelled(rma: Rma, reason: str) -> Event:
    return RmaCancelled(
        rma_id=rma.id, order_id=rma.order_id, reason=reason, version=rma.version + 1
    )
