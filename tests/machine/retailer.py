"""The retailer under the machine: one database, one clock, every command that was ever sent.

Runs a verb, looks at everything after it, and remembers what was asked, so that it can be sent
again. It chooses nothing; the rules do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, Final, TypeVar

import msgspec
import psycopg
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition
from structlog.testing import capture_logs

from everyshelf.base import subscribe
from everyshelf.base.errors import Refused
from everyshelf.base.results import Outcome, Result
from everyshelf.base.tx import Tx
from everyshelf.edge import chores, worker
from everyshelf.insight.audit import checks
from tests.walk import NOW

F = TypeVar("F", bound=Callable[..., Any])
Verb = Callable[[Tx, Sequence[Any]], list[Result[Any]]]
STOCK_AT_START: Final = {
    ("DC1", "TEA-1"): 4, ("DC1", "MUG-1"): 3, ("DC1", "MILK-1"): 3, ("DC1", "PHONE-1"): 2,
    ("DC1", "SOCK-1"): 2, ("DC2", "TEA-1"): 2, ("DC2", "LAMP-1"): 2, ("S001", "TEA-1"): 2,
    ("S001", "MUG-1"): 1, ("S001", "PHONE-1"): 1, ("S002", "MILK-1"): 2, ("S002", "SOCK-1"): 2,
    ("D001", "TEA-1"): 2, ("SUP1", "DROP-1"): 3,
}  # fmt: skip

# Every check holds after every commit, but for these: they compare what two rooms say, and the
# second room says it when it has heard the event. They hold whenever all has been heard.
AT_QUIET: Final[dict[str, str]] = {
    "fulfillment.no_live_work_on_ended_orders": "a node hears later that an order was cancelled",
    "pickup.staged_work_is_packed": "the counter hears later that a package was opened again",
}

# What a rule can act on, in the order in which it came to be.
THERE: Final[dict[str, str]] = {
    "transfers": "select id from stock_transfer where state <> 'closed' order by id",
    "inbound": "select id, item, node, qty from stock_inbound where received < qty order by id",
    "makes": (
        "select id, qty - made - cancelled, item from make_order "
        "where state in ('requested', 'started') order by id"
    ),
    "carts": "select id from cart where state = 'open' order by id",
    "cart_lines": (
        "select l.cart_id, l.line from cart_line l join cart c on c.id = l.cart_id "
        "where c.state = 'open' order by 1, 2"
    ),
    "full_carts": (
        "select distinct l.cart_id from cart_line l join cart c on c.id = l.cart_id "
        "where c.state = 'open' order by 1"
    ),
    "orders": "select id from sales_order order by id",
    "live": (
        "select distinct order_id from order_line where supply <> 'kit' and "
        "qty > cancelled + shipped order by order_id"
    ),
    "held": (
        "select order_id, kind from order_hold where released_at is null order by order_id, kind"
    ),
    "customers": "select id from customer order by id",
    "failed": "select order_id, id from payment_intent where state = 'failed' order by id",
    "work": (
        "select id from fulfillment_order where state not in "
        "('completed', 'rejected', 'cancelled') order by id"
    ),
    "offered": "select id from fulfillment_order where state = 'offered' order by id",
    "unbegun": (
        "select id from fulfillment_order where state in ('offered', 'accepted') order by id"
    ),
    "picking": (
        "select id from fulfillment_order where state in ('accepted', 'picking') order by id"
    ),
    "begun": "select id from fulfillment_order where state in ('picking', 'picked') order by id",
    "picked": "select id from fulfillment_order where state = 'picked' order by id",
    "packed": "select id from fulfillment_order where state = 'packed' order by id",
    "collected": (
        "select id from fulfillment_order where method in ('pickup', 'curbside') "
        "and state in ('offered', 'accepted', 'picking', 'picked') order by id"
    ),
    "waves": "select id from wave where state <> 'closed' order by id",
    "shipments": "select id from shipment order by id",
    "pickups": "select id from pickup where state in ('staged', 'checked_in') order by id",
    "shipped": (
        "select order_id, line, item, shipped - returned from order_line "
        "where shipped > returned and supply <> 'kit' order by order_id, line"
    ),
    "rmas": "select id, order_id from rma where state in ('open', 'received') order by id",
    "supplier": "select id from supplier_order order by id",
}

NEWS: Final = "select coalesce(max(id), 0) from event"
MOVED: Final = "select count(*) from stock_move"
FAILED: Final = "select subscriber, type, state, error from delivery where error <> ''"


@lru_cache(maxsize=2)
def oracle(at_quiet: bool) -> bytes:
    """All checks as one query: (check, what, detail) of every row that must not be."""
    wanted = [
        f"select '{room}.{s.name}' as name, what::text, detail::text from ({_text(s.text)}) x"
        for room, s in checks()
        if at_quiet or f"{room}.{s.name}" not in AT_QUIET
    ]
    return " union all ".join(wanted).encode()


def _text(text: str) -> str:
    return text.replace("%%", "%").rstrip().rstrip(";")


class Sent(msgspec.Struct, frozen=True):
    """A command that was done, and what was answered."""

    verb: Verb
    command: Any
    value: Any


def _failures(told: Sequence[Any]) -> list[Any]:
    return [entry for entry in told if entry["event"] in ("batch_failed", "handler_failed")]


def needs(name: str) -> Callable[[F], F]:
    """The rule has something to act on."""
    return precondition(lambda self: bool(self.have(name)))


class Retailer(RuleBasedStateMachine):
    """The database, the clock and the book of commands; subclasses bring the rules."""

    fresh: ClassVar[Callable[[], Any]]  # Gives (database, what ends it): set by the test.

    def __init__(self) -> None:
        super().__init__()
        self.db, self._end = type(self).fresh()
        self.now: datetime = NOW
        self.sent: list[Sent] = []
        self.codes: dict[int, str] = {}
        self.number = 0
        self.broken = False
        self.changed = True
        self.seen: dict[str, list[Any]] = {}
        self.eyes = psycopg.connect(self.db.url, autocommit=True)
        self.eyes.execute("set plan_cache_mode = force_generic_plan")
        self.eyes.execute("set jit = off")

    # What the rules use.

    def key(self) -> str:
        self.number += 1
        return f"m{self.number}"

    def rows(self, query: str) -> list[Any]:
        """The rows of a query."""
        return self.eyes.execute(query.encode(), prepare=True).fetchall()

    def have(self, name: str) -> list[Any]:
        """The rows of one of THERE, read once between two changes."""
        if name not in self.seen:
            self.seen[name] = self.rows(THERE[name])
        return self.seen[name]

    def pick(self, name: str, n: int) -> Any:
        """One of them, chosen by the drawn number."""
        found = self.have(name)
        row = found[n % len(found)]
        return row[0] if len(row) == 1 else row

    def do(self, verb: Verb, command: Any) -> Result[Any]:
        """One command in one transaction. A refusal must have written no event and no move."""
        STEPS["commands"] += 1
        self._touch()
        before = self.rows(NEWS), self.rows(MOVED)
        with self.unforeseen():
            result = self.ask(verb, command)
        if result.ok:
            STEPS["done"] += 1
            self.sent.append(Sent(verb, command, result.value))
        elif result.refusal is not None and result.refusal.code not in COUNTED:
            after = self.rows(NEWS), self.rows(MOVED)
            self.must(before == after, f"{command} was refused and yet wrote: {result.refusal}")
        return result

    def ask(self, verb: Verb, command: Any) -> Result[Any]:
        """The answer of a verb, a refusal of the row being one."""
        try:
            told = self.db.run(lambda tx: verb(tx, [command]), now=self.now, actor="machine")
        except Refused as refused:
            return Result.refused(refused)
        answer: Result[Any] = told[0]
        return answer

    def hear(self, room: str) -> int:
        """One room takes one step."""
        self._touch()
        with self.unforeseen(), capture_logs() as told:
            heard = subscribe.step(self.db, room, worker.subscribers()[room], now=self.now)
        self.must(not _failures(told), f"a handler of {room} failed: {told}")
        return heard

    def drain(self) -> None:
        """All rooms hear all there is, and none fails."""
        self._touch()
        with self.unforeseen(), capture_logs() as told:
            worker.drain(self.db, now=self.now)
        failed = self.rows(FAILED)
        self.must(not failed and not _failures(told), f"handlers failed: {failed} {told}")

    def chores(self) -> None:
        """What the clock brings."""
        self._touch()
        with self.unforeseen():
            chores.run(self.db, now=self.now)

    def _touch(self) -> None:
        self.changed = True
        self.seen.clear()

    def pass_time(self, by: timedelta) -> None:
        self.now += by

    # What must hold.

    def must(self, holds: object, words: str) -> None:
        if not holds:
            self.broken = True
            raise AssertionError(words)

    @contextmanager
    def unforeseen(self) -> Iterator[None]:
        """Whatever is raised here is a finding."""
        try:
            yield
        except BaseException:
            self.broken = True
            raise

    @invariant()
    def audited(self) -> None:
        """The checks that hold at every commit."""
        if not self.changed:
            return
        self.changed = False
        STEPS["audits"] += 1
        found = self.eyes.execute(oracle(False), prepare=True).fetchall()
        self.must(not found, f"after {self.sent[-1:]}: {found}")

    def teardown(self) -> None:
        """All is heard, then every check holds; the database goes away in any case."""
        STEPS["examples"] += 1
        try:
            if not self.broken:
                self.drain()
                found = self.eyes.execute(oracle(True), prepare=True).fetchall()
                self.must(not found, f"at quiet: {found}")
        finally:
            self.eyes.close()
            self.db.close()
            self._end()


# A wrong code is refused and yet counted: that is what it is for.
COUNTED: Final = frozenset({"pickup.code_wrong", "pickup.code_locked"})
STEPS: Final[dict[str, int]] = {"commands": 0, "done": 0, "audits": 0, "examples": 0}
EXISTS: Final = Outcome.EXISTS
LONG: Final = os.environ.get("EVERYSHELF_MACHINE") == "long"
