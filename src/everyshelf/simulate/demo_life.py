"""The demo's day: orders stream in, carts are filled, tills sell, nodes pause, trucks arrive.

One thread with connections of its own drives the real rooms on the real clock; what it hears it
reads from the event log. Bounded: it takes no new orders while too much work waits.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import structlog

from everyshelf import cart, network, orders, stock
from everyshelf.base.results import Result
from everyshelf.base.tail import Tail
from everyshelf.base.tx import Database, Tx
from everyshelf.simulate.demo_diary import Diary
from everyshelf.simulate.demo_hands import Hands
from everyshelf.simulate.demo_retailer import Retailer
from everyshelf.simulate.demo_shoppers import Shoppers, Wish

LOG = structlog.get_logger()
BEAT_SECONDS: Final = 0.2
NEWS: Final = 2_000
MOST_WAITING: Final = 4_000
MOST_A_BEAT: Final = 25
ABANDONED, CANCELLED = 0.35, 0.03


class Life:
    """Runs until it is stopped; `rate` is orders a second."""

    def __init__(self, db: Database, retailer: Retailer, *, seed: int, rate: float) -> None:
        self.db = db
        self.retailer = retailer
        self.rate = rate
        self.rng = random.Random(seed)
        self.diary = Diary(db)
        self.shoppers = Shoppers(retailer, self.rng, f"{int(time.time()):x}")
        self.hands = Hands(self.diary, retailer, self.rng)
        self._tail = Tail(self.hands.hears)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="everyshelf-demo", daemon=True)
        self._last = time.time()
        self._chores: list[tuple[float, float, Callable[[float], None]]] = [
            (0.0, every, chore)
            for every, chore in (
                (1.5, self._sale), (2.5, self._shop), (20.0, self._truck), (25.0, self._transfer),
                (15.0, self._count), (45.0, self._pause), (60.0, self._preorder),
            )
        ]  # fmt: skip

    def start(self) -> Life:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends after what runs now."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            try:
                self.beat(time.time())
            except Exception as error:  # The database may be busy; the day goes on.
                LOG.warning("demo_beat_failed", error=repr(error))
                self._stop.wait(1.0)

    def beat(self, now: float) -> None:
        """One moment: hear what happened, let customers come, do what is due."""
        for heard in self.db.run(lambda tx: self._tail.read(tx, NEWS), actor="demo"):
            self.hands.hear(heard)
        if len(self.diary) < MOST_WAITING:
            self._orders(now)
        for n, (due, every, chore) in enumerate(self._chores):
            if now >= due:
                pause = every * self.rng.uniform(0.7, 1.3)
                self._chores[n] = (now + pause, every, chore)
                if due:
                    chore(now)
        self.diary.turn(time.time())

    # Customers

    def _orders(self, now: float) -> None:
        expected = self.rate * min(now - self._last, 2.0)
        self._last = now
        for _ in range(min(_poisson(self.rng, expected), MOST_A_BEAT)):
            self._order(now, self.shoppers.order(self.shoppers.wish()))

    def _order(self, now: float, command: orders.Place) -> None:
        self.diary.put(now, orders.place, command, self._placed)

    def _placed(self, command: orders.Place, placed: orders.Placed) -> None:
        now, id_ = time.time(), placed.order_id
        for kind in command.hold_kinds:
            clear = orders.ReleaseHold(f"demo:clear:{id_}", id_, kind)
            self.diary.put(now + self.rng.uniform(6, 18), orders.release_hold, clear)
        if self.rng.random() < CANCELLED:
            sorry = orders.Cancel(f"demo:cancel:{id_}", id_)
            self.diary.put(now + self.rng.uniform(1, 25), orders.cancel, sorry)

    def _shop(self, now: float) -> None:
        """Somebody opens a cart; what is put into it is held."""
        wish = self.shoppers.wish()
        begin = cart.OpenCart(self.shoppers.key(), wish.channel, ship_to=wish.to)
        self.diary.put(now, cart.open_cart, begin, lambda _, made: self._fill(wish, made.id))

    def _fill(self, wish: Wish, cart_id: cart.CartId) -> None:
        now = time.time()
        for n, put in enumerate(self.shoppers.fill(cart_id, wish), 1):
            self.diary.put(now + n, cart.put, put)
        if self.rng.random() < ABANDONED:
            drops = [cart.Drop(self.shoppers.key(), cart_id, n + 1) for n in range(len(wish.lines))]
            for drop in drops:
                self.diary.put(now + self.rng.uniform(25, 40), cart.drop, drop)
            return
        command = self.shoppers.order(wish, cart_id)
        self.diary.put(now + self.rng.uniform(7, 15), orders.place, command, self._placed)

    def _sale(self, now: float) -> None:
        self.diary.put(now, stock.sell, self.shoppers.sale())

    # The network

    def _truck(self, now: float) -> None:
        """A supplier's truck fills up some shelves."""
        goods = self.retailer.goods
        for _ in range(40):
            node = self.rng.choice((*self.retailer.stores, *self.retailer.dcs * 6))
            item = self.rng.choice(self.retailer.shelf[node])
            if item not in goods.tracked:
                qty = self.rng.randint(2, 6) if node.startswith("S") else self.rng.randint(10, 30)
                got = stock.Receive(self.shoppers.key(), node, item, qty, reason="replenishment")
                self.diary.put(now, stock.receive, got)

    def _transfer(self, now: float) -> None:
        """A DC sends something to a store; now and then a unit gets lost on the way."""
        goods = self.retailer.goods
        store, dc = self.rng.choice(self.retailer.stores), self.rng.choice(self.retailer.dcs)
        plain = [c for c in self.rng.choices(self.retailer.shelf[dc], k=12)
                 if c in goods.returnable]  # fmt: skip
        lines = tuple(stock.TransferLine(c, 3) for c in sorted(set(plain))[:4])
        if lines:
            send = stock.SendTransfer(self.shoppers.key(), dc, store, lines)
            self.diary.put(now, stock.send_transfer, send, self._arrive)

    def _arrive(self, sent: stock.SendTransfer, transfer_id: stock.TransferId) -> None:
        now, key = time.time(), self.shoppers.key()
        lines = list(sent.lines)
        if self.rng.random() < 0.15:
            lines[0] = stock.TransferLine(lines[0].item, lines[0].qty - 1)
            close = stock.CloseTransfer(f"{key}:close", transfer_id)
            self.diary.put(now + 24, stock.close_transfer, close)
        got = stock.ReceiveTransfer(key, transfer_id, tuple(lines))
        self.diary.put(now + self.rng.uniform(12, 20), stock.receive_transfer, got)

    def _count(self, now: float) -> None:
        """Somebody counts a shelf; most shelves are right."""
        node = self.rng.choice(self.retailer.stores)
        plain = [c for c in self.retailer.shelf[node] if c not in self.retailer.goods.tracked]
        wrong = self.rng.random() < 0.15
        self.diary.put(now, count, (self.shoppers.key(), node, self.rng.choice(plain), int(wrong)))

    def _pause(self, now: float) -> None:
        """A store cannot work for a while; its orders go elsewhere."""
        node = self.rng.choice(self.retailer.stores)
        off = network.Pause(key=self.shoppers.key(), node=node, reason="short of staff")
        on = network.Resume(key=self.shoppers.key(), node=node)
        self.diary.put(now, network.pause, off)
        self.diary.put(now + self.rng.uniform(25, 40), network.resume, on)

    def _preorder(self, now: float) -> None:
        """A part of what was announced comes early; who waited longest is served first."""
        n = self.rng.randrange(len(self.retailer.preorders))
        item = self.retailer.goods.preorder[n]
        got = stock.Receive(self.shoppers.key(), "DC1", item, 5, reason="preorder delivery",
                            inbound_id=self.retailer.preorders[n])  # fmt: skip
        self.diary.put(now, stock.receive, got)


def count(tx: Tx, told: list[tuple[str, str, str, int]]) -> list[Result[Any]]:
    """Counts what is on a shelf; `extra` units more than the books say."""
    items, nodes = [item for _, _, item, _ in told], [node for _, node, _, _ in told]
    shelf = {(b.item, b.node): b.sellable + b.held + b.allocated
             for b in stock.balances(tx, items, nodes)}  # fmt: skip
    return list(stock.count(
        tx,
        [stock.Count(key, node, item, shelf.get((item, node), 0) + extra)
         for key, node, item, extra in told],
    ))  # fmt: skip


def _poisson(rng: random.Random, mean: float) -> int:
    """How many come in a moment (Knuth, The Art of Computer Programming 3.4.1)."""
    end, product, count = math.exp(-mean), rng.random(), 0
    while product > end:
        product *= rng.random()
        count += 1
    return count
