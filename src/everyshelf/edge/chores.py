"""What time brings: expiries of holds, carts, pickups and returns, demand to look at again, cases.

A chore is a claim-free function of a room that does at most LIMIT things and says how many it did.
Which rule makes a thing due, the room knows. What moves money or buys labels outside is `settle`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from everyshelf import (
    cart,
    fulfillment,
    insight,
    payment,
    pickup,
    planning,
    returns,
    sourcing,
    stock,
    transport,
)
from everyshelf.base import retention
from everyshelf.base.tx import Database, Tx
from everyshelf.payment import Provider
from everyshelf.transport import Carrier

LIMIT: Final = 500
ROUNDS: Final = 1_000

Chore = Callable[[Tx], int]

CHORES: Final[Mapping[str, Chore]] = {
    "stock.expire": lambda tx: stock.expire(tx, LIMIT),
    "cart.expire": lambda tx: cart.expire(tx, LIMIT),
    "sourcing.sweep": lambda tx: sourcing.sweep(tx, LIMIT),
    "fulfillment.warn": lambda tx: fulfillment.warn(tx, LIMIT),
    "pickup.expire": lambda tx: pickup.expire(tx, tx.now, LIMIT),
    "returns.expire": lambda tx: returns.expire(tx, tx.now, LIMIT),
    "planning.watch": lambda tx: len(planning.watch(tx)),
    "insight.sweep": insight.sweep,
    "events.make_months": lambda tx: retention.make_months(tx, datetime.now(UTC)),
    "events.drop_months": lambda tx: retention.drop_months(tx, datetime.now(UTC)),
}

# Connectors put themselves here when they are configured; the manual provider needs none.
PROVIDERS: Final[dict[str, Provider]] = {}
CARRIERS: Final[dict[str, Carrier]] = {}


def run(db: Database, *, now: datetime | None = None) -> int:
    """Does all that is due; how many things."""
    return sum(_until_quiet(db, name, chore, now) for name, chore in CHORES.items())


def _until_quiet(db: Database, name: str, chore: Chore, now: datetime | None) -> int:
    """A full round means that more is due; a part of one that nothing is left."""
    total = 0
    for _ in range(ROUNDS):
        done = db.run(chore, now=now, actor=name)
        total += done
        if done < LIMIT:
            break
    return total


def settle(db: Database, *, now: datetime | None = None) -> int:
    """Lets the configured connectors act on what is due, outside of any transaction."""
    done = sum(
        payment.settle(db, name, provider, LIMIT, now=now) for name, provider in PROVIDERS.items()
    )
    return done + (transport.settle_labels(db, CARRIERS, LIMIT) if CARRIERS else 0)


def reckon(db: Database, *, now: datetime | None = None) -> int:
    """Reckons what units are worth, as often as `EVERYSHELF_WORTH_HOURS` says; never without it.

    It reads, works outside of any transaction, and writes: live decisions do not wait for it.
    """
    hours = os.environ.get("EVERYSHELF_WORTH_HOURS", "")
    if not hours:
        return 0
    last, at = db.run(lambda tx: (sourcing.last_run(tx), tx.now), now=now)
    if last is not None and at - last.at < timedelta(hours=float(hours)):
        return 0
    planning.renew(db)
    return 1
