"""A retailer that does anything, in any order, and never breaks a single invariant.

Hypothesis draws the commands, the interleaving of the rooms and the passing of time; the audit is
the oracle after every commit. EVERYSHELF_MACHINE=long looks for longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from everyshelf import orders, stock, transport
from everyshelf.base.server import Server
from everyshelf.base.tx import Database
from everyshelf.edge import worker
from tests.machine.order_rules import OrderRules
from tests.machine.retailer import LONG, STEPS, STOCK_AT_START
from tests.machine.shelf_rules import ShelfRules, any_of
from tests.machine.work_rules import WorkRules
from tests.world import small_world

EXAMPLES, STEPS_EACH = (400, 120) if LONG else (30, 40)
# A failure of the gate is told as it was found; the long run also makes it small.
BUDGET = settings(
    max_examples=EXAMPLES, stateful_step_count=STEPS_EACH, deadline=None, derandomize=not LONG,
    database=None, suppress_health_check=list(HealthCheck), print_blob=False,
    phases=(Phase.generate, Phase.shrink) if LONG else (Phase.generate,),
)  # fmt: skip
SECRETS = ("code", "token")  # Shown once.
_numbers = count(1)


class Machine(ShelfRules, OrderRules, WorkRules):
    """All rules, and those that look at the commands of all."""

    @rule(room=st.sampled_from(sorted(worker.subscribers())))
    def one_room_hears(self, room: str) -> None:
        self.hear(room)

    @rule()
    def all_hear(self) -> None:
        self.drain()

    @rule(n=any_of, other=st.booleans())
    def send_again(self, n: int, other: bool) -> None:
        """The same key and body has the same answer and no effect; another body is refused."""
        again = [s for s in self.sent if s.verb is not transport.track]
        if not again:
            return
        sent = again[-1 - n % len(again)]
        rival = next((s for s in again if s.verb is sent.verb and s is not sent), None)
        before = self.rows("select count(*) from event")
        if other and rival is not None:
            told = self.ask(sent.verb, msgspec.structs.replace(rival.command, key=sent.command.key))
            code = told.refusal.code if told.refusal is not None else told
            same = _plain(rival.command) == _plain(sent.command)
            self.must(code == "key.reused" or same, f"{sent.command} and another body: {code}")
        else:
            told = self.ask(sent.verb, sent.command)
            self.must(_open(told.value) == _open(sent.value), f"{sent} was answered {told}")
        self.must(before == self.rows("select count(*) from event"), f"{sent} was done twice")


def _plain(command: Any) -> Any:
    return msgspec.structs.replace(command, key="")


def _open(value: Any) -> Any:
    """An answer without what is shown only once."""
    hidden = {s: "" for s in SECRETS if hasattr(value, s)}
    return msgspec.structs.replace(value, **hidden) if hidden else value


@pytest.fixture(scope="module")
def furnished(server: Server, template: str) -> Iterator[str]:
    """A database with a small retailer in it, to be copied."""
    name = "machine_template"
    with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
        conn.execute(f'create database "{name}" template "{template}" strategy file_copy')
        with Database(server.url(name)) as db:
            small_world(db, STOCK_AT_START)
            worker.drain(db)
        try:
            yield name
        finally:
            conn.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def fresh(server: Server, furnished: str) -> Callable[[], tuple[Database, Callable[[], None]]]:
    """Makes a copy of the retailer, and what ends it."""

    def on_server(words: str) -> None:
        with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
            conn.execute(words.encode())

    def make() -> tuple[Database, Callable[[], None]]:
        name = f"machine_{next(_numbers)}"
        on_server(f'create database "{name}" template "{furnished}" strategy file_copy')
        return Database(server.url(name), size=2), lambda: on_server(
            f'drop database "{name}" with (force)'
        )

    return make


@pytest.mark.timeout(7_200 if LONG else 300)
def test_anything_in_any_order_keeps_every_invariant(fresh: Any) -> None:
    machine = type("Retailer", (Machine,), {"fresh": staticmethod(fresh)})
    run_state_machine_as_test(machine, settings=BUDGET)
    assert STEPS["examples"] >= EXAMPLES
    print(STEPS)


FORGETS_A_LEG = "delete from stock_move where id = (select max(id) from stock_move)"
RELEASES_TWICE = (
    "update stock_balance set held = held - 1, sellable = sellable + 1 "
    "where (item, node) = (select item, node from stock_balance where held > 0 limit 1)"
)


@pytest.mark.parametrize(
    ("room", "name", "planted"),
    [(stock, "receive", FORGETS_A_LEG), (orders, "hold", RELEASES_TWICE)],
    ids=["forgets a leg", "releases twice"],
)
def test_the_machine_finds_a_planted_bug(
    fresh: Any, monkeypatch: pytest.MonkeyPatch, room: Any, name: str, planted: str
) -> None:
    """The negative control: a verb that does its work and then a little wrong."""
    right = getattr(room, name)

    def wrong(tx: Any, commands: Any) -> Any:
        told = right(tx, commands)
        tx.conn.execute(planted.encode())
        return told

    monkeypatch.setattr(room, name, wrong)
    machine = type("Planted", (Machine,), {"fresh": staticmethod(fresh)})
    with pytest.raises(AssertionError, match="balance_is_the_sum_of_its_moves"):
        run_state_machine_as_test(machine, settings=BUDGET)
