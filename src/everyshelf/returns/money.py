"""What returned units are worth: their share of the line, rounded so that all shares sum to it.

Units of an exchange order carry the credit of the units they were exchanged for as well; that part
goes back to the payment of the order before. Shipping goes back only when the policy says so and
everything that was shipped has come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from everyshelf import payment
from everyshelf.base import money
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.orders import Line, Order, OrderId
from everyshelf.returns.book import SQL, lock_orders, parts


class Credit(msgspec.Struct, frozen=True):
    """What an exchange order owes nothing for, and whose payment has paid it."""

    exchange_order_id: OrderId
    order_id: OrderId
    credit_minor: int


class Worth(msgspec.Struct, frozen=True):
    """The money of some units: paid with their own order, and credited from the one before."""

    own_minor: int
    credit_minor: int

    @property
    def total_minor(self) -> int:
        return self.own_minor + self.credit_minor


class Purse:
    """Hands out the worth of units in the order in which they come back, each unit once."""

    def __init__(self, found: dict[OrderId, Order], credited: dict[OrderId, Credit]) -> None:
        self.orders = found
        self.credits = credited
        self._back = {(x.order_id, x.line): x.returned for o in found.values() for x in o.lines}
        self._gone = {o.id: sum(x.returned + x.cancelled for x in o.real) for o in found.values()}

    def take(self, line: Line, qty: int) -> Worth:
        """The worth of the next `qty` units of the line to come back."""
        key = line.order_id, line.line
        own = line.worth(self._back[key], qty)
        self._back[key] += qty
        return Worth(own, self._credit(line.order_id, qty))

    def _credit(self, order_id: OrderId, qty: int) -> int:
        if (credit := self.credits.get(order_id)) is None:
            return 0
        units = sum(x.qty for x in self.orders[order_id].real)
        gone = self._gone[order_id]
        self._gone[order_id] = gone + qty
        return money.share(credit.credit_minor, units, gone, qty)

    def all_back(self, order_id: OrderId) -> bool:
        """Whether everything that was shipped has come back."""
        return all(self._back[order_id, x.line] == x.shipped for x in self.orders[order_id].real)


def purse(tx: Tx, found: dict[OrderId, Order]) -> Purse:
    """A purse for these orders, which are locked."""
    exchanged = [o.id for o in found.values() if o.exchange_of is not None]
    rows = tx.all(SQL.credits_of, Credit, order_ids=exchanged) if exchanged else []
    return Purse(found, {c.exchange_order_id: c for c in rows})


def give_credit_back(tx: Tx, ended: Mapping[OrderId, int]) -> None:
    """Refunds the credit of units of exchange orders that were cancelled, lost or sent back, as
    far as no receipt has done it; `ended` names the event that told it."""
    credited = tx.all(SQL.credits_of, Credit, order_ids=sorted(ended))
    if not credited:
        return
    found = lock_orders(tx, (c.exchange_order_id for c in credited))
    keys = {"orders": [c.order_id for c in credited]}
    keys["exchanges"] = [c.exchange_order_id for c in credited]
    back = dict(tx.tuples(SQL.credit_given_back, parts=parts(keys["orders"]), **keys))
    dues: list[payment.Due] = []
    for credit in credited:
        id_ = credit.exchange_order_id
        lines = found[id_].real
        units, gone = sum(x.qty for x in lines), sum(x.returned + x.cancelled for x in lines)
        owed = money.share(credit.credit_minor, units, 0, gone) - back[id_]
        dues.append((credit.order_id, f"exchange:{int(id_)}:{ended[id_]}", owed))
    pay_back(tx, dues)


def pay_back(tx: Tx, dues: Sequence[payment.Due]) -> list[int]:
    """Refunds what is due, as far as it was paid; what each refund came to."""
    results = payment.refund_due_now(tx, [d for d in dues if d[2] > 0], up_to=True)
    paid = iter(results)
    return [_amount(next(paid)) if d[2] > 0 else 0 for d in dues]


def _amount(result: Result[payment.Effect]) -> int:
    return result.value.amount_minor if result.value is not None else 0
