"""What stock checks before it posts: the item, the node and the quantity are real ones; and how a
batch is cut where a command needs to see what the one before it left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from everyshelf.base.errors import INVALID, Refused
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.stock.facts import ITEM_UNKNOWN, MAX_QTY, NODE_UNKNOWN, QTY_INVALID

SQL = load("everyshelf.stock")


class Placed(Protocol):
    """A command about an item at a node."""

    @property
    def item(self) -> str: ...
    @property
    def node(self) -> str: ...


P = TypeVar("P", bound=Placed)
V = TypeVar("V")


class Known:
    """The items and nodes of a batch that exist."""

    def __init__(self, tx: Tx, items: Sequence[str], nodes: Sequence[str]) -> None:
        self.items = {i for (i,) in tx.tuples(SQL.known_items, items=sorted(set(items)))}
        self.nodes = dict(tx.tuples(SQL.known_nodes, nodes=sorted(set(nodes))))

    def check(self, item: str, node: str, qty: int | None = None, least: int = 1) -> Refused | None:
        """The refusal for an unknown item or node or a quantity out of bounds; None when all is
        well."""
        if item not in self.items:
            return ITEM_UNKNOWN(f"There is no item {item!r}.")
        if node not in self.nodes:
            return NODE_UNKNOWN(f"There is no node {node!r}.")
        if qty is not None and not least <= qty <= MAX_QTY:
            return QTY_INVALID(f"{qty} is not a quantity from {least} to {MAX_QTY:,}.")
        return None


def reasonless(command: object) -> Refused | None:
    """The refusal for a command whose reason says nothing: every move in the ledger has one."""
    if getattr(command, "reason", "none to give").strip():
        return None
    return INVALID("Give a reason; a move in the ledger says why.")


def sift(
    tx: Tx,
    commands: Sequence[P],
    qty: Callable[[P], int | None],
    do: Callable[[list[P]], list[Result[V]]],
    least: int = 1,
) -> list[Result[V]]:
    """Refuses the commands about unknown things alone and does the others as one batch."""
    known = Known(tx, [c.item for c in commands], [c.node for c in commands])
    errors = [known.check(c.item, c.node, qty(c), least) or reasonless(c) for c in commands]
    good = [c for c, e in zip(commands, errors, strict=True) if e is None]
    answers = iter(do(good) if good else [])
    return [Result.refused(e) if e is not None else next(answers) for e in errors]


def in_turns(commands: Sequence[P], do: Callable[[list[P]], list[Result[V]]]) -> list[Result[V]]:
    """Does a batch in rounds of at most one command a cell, in order of arrival.

    What a command finds depends on what became of the one before it at the same cell, which may
    have been refused. A batch about different cells is one round.
    """
    seen: dict[tuple[str, str], int] = {}
    rounds: list[list[int]] = []
    for n, command in enumerate(commands):
        cell = command.item, command.node
        turn = seen[cell] = seen.get(cell, -1) + 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(n)
    answers: dict[int, Result[V]] = {}
    for places in rounds:
        found = do([commands[n] for n in places])
        answers.update(zip(places, found, strict=True))
    return [answers[n] for n in range(len(commands))]
