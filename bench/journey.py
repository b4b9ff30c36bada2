"""Orders a second through the whole journey in one process, beside `pgbench -N`.

place, source, prepare, ship and deliver in batches of several sizes, with everything that the
rooms hear of each other. pgbench runs before and after; ratios are to the mean of both.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final, TypeVar

import msgspec

from bench.scratch import Cpu, pgbench_ready, pgbench_tps, scratch, surroundings
from bench.shop import Customers, build, done
from everyshelf import fulfillment, insight, orders, transport
from everyshelf.base import subscribe
from everyshelf.base.tx import Database, Tx
from everyshelf.edge import worker

R = TypeVar("R")

NOW: Final = datetime(2026, 3, 4, 15, tzinfo=UTC)
LATER: Final = NOW + timedelta(days=2)
VERBS: Final = ("place", "source", "hear", "prepare", "ship", "deliver")
SEED: Final = 20260304


class Round(msgspec.Struct, frozen=True):
    """What was measured with one size of batches."""

    batch: int
    orders: int
    lines: int
    orders_per_s: float
    per_verb: dict[str, float]
    cpu_ms_per_order: float


class Report(msgspec.Struct, frozen=True):
    """What the run says: the figures at the largest batch, and those of every size.

    `per_verb` is orders a second of a verb alone; `hear` is all that rooms do about each other's
    events but sourcing. `ratio` is to `pgbench_tps`, a transaction there against an order here.
    """

    name: str
    orders_per_s: float
    per_verb: dict[str, float]
    pgbench_tps: float
    ratio: dict[str, float]
    cpu_ms_per_order: float
    rounds: list[Round]
    pgbench: dict[str, float]
    audit_findings: int
    surroundings: dict[str, object]
    seconds: float


def options(parser: argparse.ArgumentParser) -> None:
    """Adds this benchmark's options."""
    parser.add_argument("--seconds", type=float, default=45, help="for all journeys together")
    parser.add_argument("--batches", type=_sizes, default=(1, 16, 128), help="such as 1,16,128")
    parser.add_argument("--pgbench-seconds", type=int, default=8, help="before, and again after")
    parser.add_argument("--scale", type=int, default=20, help="of pgbench's tables")
    parser.add_argument("--clients", type=int, default=8, help="of pgbench")


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(int(piece) for piece in text.split(","))
    if not all(1 <= size <= 500 for size in sizes):
        raise argparse.ArgumentTypeError("batches have 1 to 500 orders")
    return tuple(sorted(sizes))


def run(asked: argparse.Namespace) -> Report:
    """Measures on a PostgreSQL of its own."""
    began = time.monotonic()
    with scratch() as server:
        around = surroundings(server)
        pgbench_ready(server, asked.scale)
        before = pgbench_tps(server, asked.clients, asked.pgbench_seconds)
        with Database(server.url(), size=2) as db:
            build(db)
            walk = Walk(db)
            walk.batch(2)  # Compiles the kernels and prepares the statements.
            rounds = [
                measure(walk, Cpu(server), size, asked.seconds / len(asked.batches))
                for size in asked.batches
            ]
            findings = len(insight.audit_database(db))
        after = pgbench_tps(server, asked.clients, asked.pgbench_seconds)
    return _report(rounds, (before, after), findings, around, time.monotonic() - began)


def _report(
    rounds: Sequence[Round],
    tps: tuple[float, float],
    findings: int,
    around: dict[str, object],
    seconds: float,
) -> Report:
    best, mean = rounds[-1], sum(tps) / 2
    ratio = {"journey": best.orders_per_s} | best.per_verb
    return Report(
        name="journey",
        orders_per_s=best.orders_per_s,
        per_verb=best.per_verb,
        pgbench_tps=round(mean, 1),
        ratio={name: round(speed / mean, 4) for name, speed in ratio.items()},
        cpu_ms_per_order=best.cpu_ms_per_order,
        rounds=list(rounds),
        pgbench={"before": round(tps[0], 1), "after": round(tps[1], 1)},
        audit_findings=findings,
        surroundings=around,
        seconds=round(seconds, 1),
    )


def measure(walk: Walk, cpu: Cpu, size: int, seconds: float) -> Round:
    """Walks batches of one size until the time is over; at least one."""
    walk.forget()
    began = time.monotonic()
    while not walk.orders or time.monotonic() - began < seconds:
        walk.batch(size)
    spent = time.monotonic() - began
    return Round(
        batch=size,
        orders=walk.orders,
        lines=walk.lines,
        orders_per_s=round(walk.orders / spent, 1),
        per_verb={verb: round(walk.orders / walk.spent[verb], 1) for verb in VERBS},
        cpu_ms_per_order=round(1000 * cpu.seconds() / walk.orders, 3),
    )


class Walk:
    """Takes batches of orders from the door of the shop to that of the buyer, on the clock."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.customers = Customers(SEED)
        self._keys = count(1)
        self.forget()

    def forget(self) -> None:
        """Begins to count anew."""
        self.orders = 0
        self.lines = 0
        self.spent: dict[str, float] = defaultdict(float)

    def batch(self, size: int) -> None:
        """One batch, place to delivery."""
        commands = self.customers.batch(size)
        placed = self._do("place", lambda tx: done(orders.place(tx, commands)))
        self._timed("source", self._source)
        self._timed("hear", self._hear)
        work = self._work([one.order_id for one in placed])
        prepares = [fulfillment.Prepare(self._key(), id_) for id_ in work]
        self._do("prepare", lambda tx: done(fulfillment.prepare(tx, prepares)))
        self._timed("hear", self._hear)
        ships = [transport.Ship(self._key(), id_) for id_ in work]
        shipped = self._do("ship", lambda tx: done(transport.ship(tx, ships)))
        self._timed("hear", self._hear)
        told = [self._delivered(one.shipment_id) for one in shipped if one.shipment_id]
        self._do("deliver", lambda tx: done(transport.track(tx, told)))
        self._timed("hear", self._hear)
        self.orders += size
        self.lines += sum(len(command.lines) for command in commands)

    def _key(self) -> str:
        return f"walk:{next(self._keys)}"

    def _delivered(self, shipment_id: transport.ShipmentId) -> transport.Track:
        return transport.Track(shipment_id, self._key(), transport.ShipmentState.DELIVERED, LATER)

    def _do(self, verb: str, work: Callable[[Tx], R]) -> R:
        return self._timed(verb, lambda: self.db.run(work, now=LATER if verb == "deliver" else NOW))

    def _timed(self, verb: str, work: Callable[[], R]) -> R:
        began = time.perf_counter()
        try:
            return work()
        finally:
            self.spent[verb] += time.perf_counter() - began

    def _source(self) -> None:
        while subscribe.step(self.db, "sourcing", worker.subscribers()["sourcing"], now=NOW):
            pass

    def _hear(self) -> None:
        worker.drain(self.db, now=NOW)

    def _work(self, ids: list[orders.OrderId]) -> list[fulfillment.FulfillmentId]:
        """Everything that the orders became at the nodes; the journey itself needs no such look."""
        found = self.db.run(lambda tx: fulfillment.of_orders(tx, ids))
        assert {one.order_id for one in found} == set(ids), "an order was not sourced"
        return [one.id for one in found]
