"""What returns hears: units of an order were cancelled, or are not with the buyer any more.

When it was an exchange order, the worth it took over from the order before goes back with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from everyshelf.base.subscribe import Handlers, Heard
from everyshelf.base.tx import Tx
from everyshelf.orders import LinesCancelled, LinesReturned
from everyshelf.returns.money import give_credit_back


def ended(tx: Tx, heard: Sequence[Heard]) -> None:
    """Units that the buyer will not keep give back what was credited for them."""
    give_credit_back(tx, {h.event.order_id: h.id for h in heard})


HANDLERS: Final[Handlers] = {LinesCancelled: ended, LinesReturned: ended}
