"""The demo's staff, carriers, suppliers and customers after the order: they hear and they act.

Real time, made short: people work after seconds, parcels arrive after tens of seconds, and every
report carries the instant at which it was made. The shares of what goes wrong are said here once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from everyshelf import (
    fulfillment,
    insight,
    orders,
    pickup,
    planning,
    returns,
    sourcing,
    transport,
)
from everyshelf.base.events import Event
from everyshelf.base.results import Result
from everyshelf.base.subscribe import Heard
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import RejectReason
from everyshelf.fulfillment import events as work
from everyshelf.insight import CaseOpened
from everyshelf.orders import OrderCompleted, OrderId
from everyshelf.pickup import events as counter
from everyshelf.planning import events as making
from everyshelf.simulate.demo_diary import Diary
from everyshelf.simulate.demo_retailer import Retailer
from everyshelf.transport import ShipmentState as S
from everyshelf.transport import events as road

REJECT, SHORT, NO_SHOW, FAILED, NEVER_HOME, LOST = 0.03, 0.02, 0.06, 0.06, 0.25, 0.003
REFUSED_BY_SUPPLIER, WRONG_CODE, RETURN, LEFT_TO_PEOPLE = 0.05, 0.02, 0.08, 0.2
GRADES: Final = (("a", 78), ("b", 13), ("c", 6), ("d", 3))
BAYS: Final = ("1", "2", "3", "4", "5")


class Hands:
    """Everybody who works on what was ordered."""

    def __init__(self, diary: Diary, retailer: Retailer, rng: random.Random) -> None:
        self.diary = diary
        self.retailer = retailer
        self.rng = rng
        self._suppliers = {n for n in retailer.nodes if n.startswith("SUP")}
        self.hears: Final[dict[type[Event], Callable[[Any], None]]] = {
            work.FulfillmentOffered: self._offered,
            work.FulfillmentAccepted: self._accepted,
            work.FulfillmentPicked: self._picked,
            work.FulfillmentReopened: self._reopened,
            work.FulfillmentPacked: self._packed,
            work.SupplierOrderSent: self._supplier,
            road.ShipmentShipped: self._shipped,
            counter.PickupStaged: self._staged,
            making.MakeRequested: self._make,
            OrderCompleted: self._completed,
            CaseOpened: self._case,
        }

    def hear(self, heard: Heard) -> None:
        """Something happened: whom it concerns makes a note in the diary."""
        self.hears[type(heard.event)](heard.event)

    def chance(self, share: float) -> bool:
        """The dice."""
        return self.rng.random() < share

    def _in(self, least: float, most: float) -> float:
        return time.time() + self.rng.uniform(least, most)

    # Work at nodes

    def _offered(self, e: work.FulfillmentOffered) -> None:
        if e.node in self._suppliers:
            return
        id_ = e.fulfillment_id
        short = self.chance(SHORT)
        if e.accepted:
            if short:
                self._short(e)
        elif self.chance(REJECT):
            reasons = (RejectReason.TOO_BUSY, RejectReason.NOT_FOUND, RejectReason.DAMAGED)
            no = fulfillment.Reject(f"demo:no:{id_}", id_, self.rng.choice(reasons))
            self.diary.put(self._in(2, 7), fulfillment.reject, no)
        else:
            if short:
                self._short(e)
            yes = fulfillment.Accept(f"demo:yes:{id_}", id_)
            self.diary.put(self._in(1, 5), fulfillment.accept, yes)

    def _short(self, e: work.FulfillmentOffered) -> None:
        """The picker looks for the first line and does not find all of it."""
        line = fulfillment.ShortLine(e.lines[0].allocation_id, 1)
        missing = fulfillment.Short(f"demo:short:{e.fulfillment_id}", e.fulfillment_id, (line,))
        self.diary.put(self._in(6, 7), fulfillment.short, missing)

    def _accepted(self, e: work.FulfillmentAccepted) -> None:
        if e.node not in self._suppliers:
            self._pick(e.fulfillment_id)

    def _pick(self, id_: fulfillment.FulfillmentId) -> None:
        at = self._in(7.5, 14)
        self.diary.put(at, fulfillment.pick, fulfillment.Pick(f"demo:pick:{id_}:{at}", id_))

    def _picked(self, e: work.FulfillmentPicked) -> None:
        if e.node not in self._suppliers:
            self._pack(e.fulfillment_id)

    def _pack(self, id_: fulfillment.FulfillmentId) -> None:
        at = self._in(2, 6)
        self.diary.put(at, fulfillment.pack, fulfillment.Pack(f"demo:pack:{id_}:{at}", id_))

    def _reopened(self, e: work.FulfillmentReopened) -> None:
        if e.state == "picked":
            self._pack(e.fulfillment_id)
        elif e.state in ("accepted", "picking"):
            self._pick(e.fulfillment_id)

    def _packed(self, e: work.FulfillmentPacked) -> None:
        if e.method in ("ship", "same_day") and e.node not in self._suppliers:
            command = transport.Ship(f"demo:ship:{e.fulfillment_id}", e.fulfillment_id)
            self.diary.put(self._in(2, 5), transport.ship, command)

    def _supplier(self, e: work.SupplierOrderSent) -> None:
        id_ = e.supplier_order_id
        if self.chance(REFUSED_BY_SUPPLIER):
            no = fulfillment.Refuse(f"demo:refuse:{id_}", id_)
            self.diary.put(self._in(3, 8), fulfillment.refuse, no)
            return
        yes = fulfillment.Confirm(f"demo:confirm:{id_}", id_, f"PO-{int(id_) % 100_000}")
        self.diary.put(self._in(2, 6), fulfillment.confirm, yes)
        gone = fulfillment.Notice(f"demo:notice:{id_}", id_, "Freight", f"F{int(id_) % 10**9}")
        self.diary.put(self._in(10, 18), fulfillment.ship_notice, gone)

    def _make(self, e: making.MakeRequested) -> None:
        start = planning.Start(f"demo:start:{e.make_id}", e.make_id)
        self.diary.put(self._in(3, 8), planning.start, start)
        made = planning.Made(f"demo:made:{e.make_id}", e.make_id, e.qty)
        self.diary.put(self._in(15, 30), planning.made, made)

    # Parcels

    def _shipped(self, e: road.ShipmentShipped) -> None:
        self._says(e, S.IN_TRANSIT, self._in(3, 6))
        if self.chance(LOST):
            self._says(e, S.LOST, self._in(30, 60))
            return
        at = self._in(12, 28)
        self._says(e, S.OUT_FOR_DELIVERY, at)
        if self.chance(FAILED):
            at = self._fail(e, at)
        if at:
            self._says(e, S.DELIVERED, at + self.rng.uniform(5, 18))

    def _fail(self, e: road.ShipmentShipped, at: float) -> float:
        """Nobody is at home; who never is gets nothing, and the parcel goes back."""
        never = self.chance(NEVER_HOME)
        for n in range(3 if never else 1):
            at += self.rng.uniform(5, 9)
            self._says(e, S.ATTEMPT_FAILED, at, n)
        if not never:
            return at
        self._says(e, S.RETURNING, at + 4)
        self._says(e, S.RETURNED, at + self.rng.uniform(12, 20))
        return 0.0

    def _says(self, e: road.ShipmentShipped, code: S, at: float, n: int = 0) -> None:
        self.diary.put(at, said, (e.shipment_id, f"{code}:{n}", code))

    # The counter

    def _staged(self, e: counter.PickupStaged) -> None:
        place = f"Shelf {self.rng.choice('ABCDEF')}{self.rng.randint(1, 9)}"
        forgets, id_ = self.chance(NO_SHOW), e.pickup_id
        self.diary.put(self._in(0.5, 1.5), stage, (e.fulfillment_id, place, forgets))
        if forgets:
            return
        at = self._in(8, 20)
        here = pickup.CheckIn(f"demo:here:{id_}", id_, self.rng.choice(BAYS))
        self.diary.put(at, pickup.check_in, here)
        if self.chance(WRONG_CODE):
            guess = pickup.HandOver(f"demo:guess:{id_}", id_, code="000000")
            self.diary.put(at + 2, pickup.hand_over, guess)
        self.diary.put(at + self.rng.uniform(3, 9), hand_over, id_)

    # Afterwards

    def _completed(self, e: OrderCompleted) -> None:
        if self.chance(RETURN):
            node = self.rng.choice((*self.retailer.stores, *self.retailer.dcs))
            back = (e.order_id, node, self._grade(), self.retailer.goods.returnable)
            self.diary.put(self._in(60, 110), bring_back, back)

    def _grade(self) -> str:
        return self.rng.choices([g for g, _ in GRADES], [w for _, w in GRADES])[0]

    def _case(self, e: CaseOpened) -> None:
        """Somebody at the desk looks at it; some things wait for a person who has time."""
        if e.kind == "unsourced" and e.order_id is not None:
            self.diary.put(self._in(20, 60), let_go, e.order_id)
        elif not self.chance(LEFT_TO_PEOPLE):
            done = insight.Resolve(f"demo:case:{e.case_id}", e.case_id, "Looked at and settled")
            self.diary.put(self._in(40, 150), insight.resolve, done)


def said(tx: Tx, told: list[tuple[transport.ShipmentId, str, S]]) -> list[Result[Any]]:
    """What carriers report, with the instant at which they report it."""
    return list(transport.track(tx, [transport.Track(i, s, c, tx.now) for i, s, c in told]))


def stage(
    tx: Tx, told: list[tuple[fulfillment.FulfillmentId, str, bool]]
) -> list[Result[pickup.Staged]]:
    """Puts bags on their shelf; who will forget theirs gets a window that ends soon."""
    soon = tx.now + timedelta(seconds=25)
    return pickup.stage(
        tx,
        [
            pickup.Stage(f"demo:stage:{id_}", id_, place, soon if forgets else None)
            for id_, place, forgets in told
        ],
    )


def hand_over(tx: Tx, told: list[pickup.PickupId]) -> list[Result[Any]]:
    """Customers show the code that they have just been sent, and get their bags."""
    sent = pickup.issue_code(tx, [pickup.IssueCode(f"demo:code:{id_}", id_) for id_ in told])
    takes = [
        pickup.HandOver(f"demo:hand:{id_}", id_, code=s.value.code)
        for id_, s in zip(told, sent, strict=True)
        if s.value is not None
    ]
    done = iter(pickup.hand_over(tx, takes))
    return [next(done) if s.value is not None else s for s in sent]


def let_go(tx: Tx, told: list[OrderId]) -> list[Result[Any]]:
    """Nothing can be done: the units that no place can serve are cancelled, the customer paid."""
    commands = []
    for id_ in told:
        stuck = [w for w in sourcing.why(tx, id_).waiting if w.reason is sourcing.Waits.NO_NODE]
        lines = [orders.CancelLine(w.line, w.qty) for w in stuck]
        if lines:
            key = ",".join(f"{x.line}x{x.qty}" for x in lines)
            commands.append(orders.Cancel(f"demo:gone:{id_}:{key}", id_, lines, "no stock"))
    done = {c.order_id: r for c, r in zip(commands, orders.cancel(tx, commands), strict=True)}
    return [done.get(id_, Result[Any].done(None)) for id_ in told]


def bring_back(
    tx: Tx, told: list[tuple[OrderId, str, str, frozenset[str]]]
) -> list[Result[returns.Received]]:
    """Customers bring the first returnable line of an order to any store, or send it to a DC."""
    known = {order.id: order for order in orders.get(tx, [id_ for id_, *_ in told])}
    commands: list[returns.CounterReturn] = []
    for id_, node, grade, may in told:
        line = next((x for x in known[id_].real if x.item in may and x.shipped > x.returned), None)
        if line is not None:
            back = returns.ReceivedLine(line.line, 1, grade)
            reason = {"c": "damaged", "d": "broken"}.get(grade, "changed my mind")
            commands.append(returns.CounterReturn(f"demo:back:{id_}", id_, node, [back], reason))
    done = iter(returns.counter_return(tx, commands))
    taken = {c.order_id for c in commands}
    nothing: Result[Any] = Result.done(None)
    return [next(done) if id_ in taken else nothing for id_, *_ in told]
