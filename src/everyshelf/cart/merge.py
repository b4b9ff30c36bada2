"""Makes one cart of two, when a buyer turns out to be the same person on two devices.

The loser's holds end and the winner's begin in one transaction, under the locks of the same
balances, so nobody can come between.
"""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf import catalog, stock
from everyshelf.base import outbox
from everyshelf.base.claims import once
from everyshelf.base.errors import Refused
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.cart.book import lock, prolong, save, touched, usable
from everyshelf.cart.events import CartMerged
from everyshelf.cart.facts import (
    COMPONENTS,
    FULL,
    HOLD_FOR,
    MAX_LINES,
    OTHER_CHANNEL,
    Cart,
    CartLine,
    CartState,
    MergeCarts,
)
from everyshelf.cart.put import Replace, parts_of, save_lines


def merge(tx: Tx, commands: Sequence[MergeCarts]) -> list[Result[Cart]]:
    """Merges carts. Refused: cart.unknown, cart.closed, cart.other_channel, cart.full,
    stock.insufficient."""
    return once(tx, "cart.merge", commands, _merge, Cart)


def _merge(tx: Tx, commands: list[MergeCarts]) -> list[Result[Cart]]:
    """Each alone, under its own savepoint: merges are rare and touch two carts."""
    lock(tx, {i for c in commands for i in (c.winner, c.loser)})
    answers: list[Result[Cart]] = []
    for command in commands:
        try:
            with tx.savepoint():
                answers.append(Result.done(_merge_one(tx, command)))
        except Refused as error:
            answers.append(Result.refused(error))
    return answers


def _merge_one(tx: Tx, c: MergeCarts) -> Cart:
    carts = lock(tx, [c.winner, c.loser])
    winner, loser = usable(tx, carts, c.winner), usable(tx, carts, c.loser)
    if c.winner == c.loser or winner.channel != loser.channel:
        raise OTHER_CHANNEL(f"{c.loser} cannot go into {c.winner}.")
    moved = _moved(winner, loser)
    kept = {x.line: x for x in (*winner.lines, *(after for _, after in moved))}
    if len(kept) > MAX_LINES:
        raise FULL()
    _hold_anew(tx, loser, moved)
    save_lines(tx, [after for _, after in moved])
    winner = touched(
        tx, winner, lines=tuple(kept[n] for n in sorted(kept)),
        customer_id=winner.customer_id or loser.customer_id,
        ship_to=winner.ship_to if winner.ship_to is not None else loser.ship_to,
    )  # fmt: skip
    prolong(tx, [winner])
    save(tx, [Replace(loser, state=CartState.MERGED, version=loser.version + 1)])
    outbox.emit(tx, [CartMerged(version=loser.version + 1, cart_id=c.loser, into=c.winner)])
    return winner


def _moved(winner: Cart, loser: Cart) -> list[tuple[CartLine, CartLine]]:
    """Each line of the loser with the winner's line that takes it in."""
    by_way = {x.way: x for x in winner.lines}
    last = max((x.line for x in winner.lines), default=0)
    moved = []
    for line in loser.lines:
        same = by_way.get(line.way)
        if same is None:
            last += 1
            after = Replace(line, cart_id=winner.id, line=last)
        else:
            after = Replace(same, qty=same.qty + line.qty)
        moved.append((line, after))
    return moved


def _hold_anew(tx: Tx, loser: Cart, moved: list[tuple[CartLine, CartLine]]) -> None:
    stock.release_holds(tx, [(str(loser.id), None, None)])
    kits = catalog.kits(tx, {before.item for before, _ in moved})
    wants = [
        stock.Want(
            item, before.qty * each, after.pool, loser.channel, str(after.cart_id),
            after.line * COMPONENTS + n, tx.now + HOLD_FOR, str(after.cart_id),
        )
        for before, after in moved
        for n, (item, each) in enumerate(parts_of(before.item, kits))
    ]  # fmt: skip
    for answer in stock.hold_now(tx, wants) if wants else []:
        answer.get()
