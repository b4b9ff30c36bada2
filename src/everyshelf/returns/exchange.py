"""Exchanges: the order that replaces returned units owes only what it costs beyond their worth.

The same item is swapped at the price that was paid; another item costs what its channel asks now.
What the returned units are worth beyond the new order goes back. When the wanted items cannot be
had, the exchange becomes a return: all of the worth goes back.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf import catalog, orders
from everyshelf.base import money, outbox
from everyshelf.base.events import Event
from everyshelf.base.results import Refusal
from everyshelf.base.tx import Tx
from everyshelf.orders import HoldKind, Order, PaymentChoice, Place, Placed, PlaceLine
from everyshelf.payment import Due
from everyshelf.returns.book import SQL, Turn, parts
from everyshelf.returns.events import ExchangeFailed, ExchangePlaced
from everyshelf.returns.facts import Receipt, Rma, RmaId, RmaState, WantedLine
from everyshelf.returns.money import Purse, pay_back


class Swap(msgspec.Struct, frozen=True):
    """An exchange whose units have come: their worth, what is wanted, its price."""

    rma: Rma
    order: Order
    worth_minor: int
    wanted: list[WantedLine]
    prices: list[int]

    @property
    def credit_minor(self) -> int:
        return min(self.worth_minor, sum(self.prices))


def place_due(tx: Tx, rmas: Sequence[Rma], purse: Purse) -> dict[RmaId, Turn]:
    """Places the exchange orders of these returns, which are complete; how each is closed."""
    if not rmas:
        return {}
    swaps = _swaps(tx, rmas, purse)
    placed = orders.place_now(tx, [_place(s) for s in swaps])
    turns: dict[RmaId, Turn] = {}
    dues: list[Due] = []
    told: list[Event] = []
    for swap, result in zip(swaps, placed, strict=True):
        back = swap.worth_minor - (swap.credit_minor if result.value else 0)
        dues.append((swap.order.id, f"return:{int(swap.rma.id)}:exchange", back))
        turns[swap.rma.id] = _turn(swap, result.value)
        told.append(_event(swap, result.value, result.refusal))
    pay_back(tx, dues)
    outbox.emit(tx, told)
    return turns


def _swaps(tx: Tx, rmas: Sequence[Rma], purse: Purse) -> list[Swap]:
    keys = {"parts": parts(r.order_id for r in rmas), "ids": [r.id for r in rmas]}
    receipts: dict[RmaId, list[Receipt]] = {r.id: [] for r in rmas}
    for receipt in tx.all(SQL.receipts_of_rmas, Receipt, **keys):
        receipts[receipt.rma_id].append(receipt)
    found = {r.id: purse.orders[r.order_id] for r in rmas}
    asked = {(found[r.id].channel, w.item) for r in rmas for w in r.exchange}
    prices = catalog.prices(tx, sorted(asked)) if asked else {}
    return [_swap(r, found[r.id], receipts[r.id], prices) for r in rmas]


def _swap(
    rma: Rma, order: Order, receipts: list[Receipt],
    prices: dict[tuple[str, str], tuple[int, str]],
) -> Swap:  # fmt: skip
    paid: dict[str, list[int]] = {}
    for receipt in receipts:
        units = paid.setdefault(receipt.item, [0, 0])
        units[0] += receipt.qty
        units[1] += receipt.worth_minor
    wanted = rma.exchange or [WantedLine(item, qty) for item, (qty, _) in paid.items()]
    cost = [_price(w, order.channel, paid, prices) for w in wanted]
    return Swap(rma, order, sum(worth for _, worth in paid.values()), wanted, cost)


def _price(
    wanted: WantedLine, channel: str, paid: dict[str, list[int]],
    prices: dict[tuple[str, str], tuple[int, str]],
) -> int:  # fmt: skip
    if wanted.item in paid:
        qty, worth = paid[wanted.item]
        return worth * wanted.qty // qty
    price, _ = prices.get((channel, wanted.item), (0, ""))
    return price * wanted.qty


def _place(swap: Swap) -> Place:
    owed = sum(swap.prices) - swap.credit_minor
    amounts = money.split(owed, swap.prices)
    first = next(x for x in swap.order.lines if x.line == swap.rma.lines[0].line)
    lines = [
        PlaceLine(w.item, w.qty, amount, 0, first.method, first.pickup_node, first.service)
        for w, amount in zip(swap.wanted, amounts, strict=True)
    ]
    return Place(
        key=f"exchange:{swap.rma.id}",
        channel=swap.order.channel,
        channel_ref=f"exchange:{swap.rma.id}",
        buyer=swap.order.buyer,
        currency=swap.order.currency,
        lines=lines,
        ship_to=swap.order.ship_to,
        payment=PaymentChoice(authorized=owed == 0),
        hold_kinds=[HoldKind.PAYMENT] if owed else [],
        exchange_of=swap.order.id,
    )


def _turn(swap: Swap, placed: Placed | None) -> Turn:
    if placed is None:
        return Turn(swap.rma, RmaState.CLOSED)
    return Turn(swap.rma, RmaState.CLOSED, swap.credit_minor, placed.order_id)


def _event(swap: Swap, placed: Placed | None, refusal: Refusal | None) -> Event:
    version = swap.rma.version + 1
    if placed is not None:
        return ExchangePlaced(
            rma_id=swap.rma.id, order_id=swap.order.id, exchange_order_id=placed.order_id,
            credit_minor=swap.credit_minor, currency=swap.order.currency, version=version,
        )  # fmt: skip
    assert refusal is not None
    return ExchangeFailed(
        rma_id=swap.rma.id, order_id=swap.order.id, code=refusal.code, detail=refusal.detail,
        version=version,
    )  # fmt: skip
