"""Returns of a file to the orders they came from: open units are cancelled, shipped ones expected.

A return names no order, only who, what and at which price: it is matched to the latest sales of
that before it. What does not match whole is not taken at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from everyshelf import customer, orders, returns
from everyshelf.base import claims, ids
from everyshelf.base.errors import Code, Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Outcome, Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.intake.facts import Quarantined, Reason
from everyshelf.edge.intake.setup import Setup
from everyshelf.edge.intake.translate_orders import Return

SQL = load("everyshelf.edge.intake")
UNMATCHED: Final = Code(
    "intake.return_unmatched", 422, "No sale of this buyer, item and price has that many units."
)
WHY: Final = "import"


class _Asked(msgspec.Struct, frozen=True):
    """A return as it is claimed: the same row of the same source is taken once."""

    key: str
    customer: str
    email: str
    item: str
    qty: int
    price_minor: int
    at: datetime


class _Sold(msgspec.Struct):
    """A line that may be the one; the counts go down as returns are matched to it."""

    n: int
    order_id: orders.OrderId
    line: int
    open: int
    shipped: int


class _Match(msgspec.Struct, frozen=True):
    asked: _Asked
    order_id: orders.OrderId
    line: int
    qty: int
    shipped: bool


def take_returns(tx: Tx, lines: Sequence[Return], setup: Setup) -> list[list[Quarantined]]:
    """Takes returns; the rows that were not taken. A refusal of a room is raised."""
    commands = [_asked(x, setup) for x in lines]
    answers = claims.once(tx, "intake.return", commands, _match, int)
    left: list[list[Quarantined]] = []
    met: set[str] = set()
    for x, command, answer in zip(lines, commands, answers, strict=True):
        if answer.refusal is not None:
            left.append([Quarantined(x.row, "customer", Reason.RETURN_UNMATCHED)])
        elif command.key in met:
            left.append([Quarantined(x.row, "", Reason.DUPLICATE_ROW)])
        elif answer.outcome is Outcome.EXISTS:
            left.append([Quarantined(x.row, "", Reason.ALREADY_TAKEN)])
        else:
            left.append([])
        met.add(command.key)
    return left


def _asked(x: Return, setup: Setup) -> _Asked:
    told = (x.invoice, x.item, x.qty, x.price_minor, x.at.isoformat())
    key = setup.record_key(":".join(map(str, ("return", *told))))
    return _Asked(key, x.customer, x.more.email, x.item, x.qty, x.price_minor, x.at)


def _match(tx: Tx, commands: list[_Asked]) -> list[Result[int]]:
    sold = _sold(tx, commands)
    left: dict[tuple[int, int], _Sold] = {}
    answers: list[Result[int]] = []
    matches: list[_Match] = []
    for n, asked in enumerate(commands):
        lines = [left.setdefault((s.order_id, s.line), s) for s in sold if s.n == n]
        if sum(s.open + s.shipped for s in lines) < asked.qty:
            answers.append(Result.refused(UNMATCHED()))
        else:
            matches += _use(asked, lines)
            answers.append(Result.done(asked.qty))
    _cancel(tx, [m for m in matches if not m.shipped])
    _expect(tx, [m for m in matches if m.shipped])
    return answers


def _sold(tx: Tx, commands: Sequence[_Asked]) -> list[_Sold]:
    """The lines of the same buyer, item and price before each return, the latest first."""
    rows = []
    for n, c in enumerate(commands):
        who = _identity(c)
        if who is not None:
            part = ids.part_of(who.value)
            rows.append((n, part, who.kind.value, who.value, c.item, c.price_minor, c.at))
    names = ("ns", "parts", "kinds", "people", "items", "prices", "ats")
    return tx.all(SQL.sold_lines, _Sold, **table(names, rows)) if rows else []


def _identity(c: _Asked) -> customer.Identity | None:
    if c.customer:
        return customer.Identity(customer.IdentityKind.LOYALTY, c.customer)
    try:
        email = customer.normal_email(c.email)
    except Refused:
        return None
    return customer.Identity(customer.IdentityKind.EMAIL, email)


def _use(asked: _Asked, lines: Sequence[_Sold]) -> list[_Match]:
    """Takes the units off the lines: of each first what is still open."""
    found: list[_Match] = []
    rest = asked.qty
    for s in lines:
        cancelled = min(rest, s.open)
        back = min(rest - cancelled, s.shipped)
        s.open -= cancelled
        s.shipped -= back
        rest -= cancelled + back
        for qty, shipped in ((cancelled, False), (back, True)):
            if qty:
                found.append(_Match(asked, s.order_id, s.line, qty, shipped))
    return found


def _key(m: _Match) -> str:
    return f"{m.asked.key}:{m.order_id}:{m.line}"


def _cancel(tx: Tx, matches: Sequence[_Match]) -> None:
    commands = [
        orders.Cancel(_key(m), m.order_id, [orders.CancelLine(m.line, m.qty)], WHY) for m in matches
    ]
    for answer in orders.cancel(tx, commands):
        answer.get()


def _expect(tx: Tx, matches: Sequence[_Match]) -> None:
    commands = [
        returns.OpenRma(_key(m), m.order_id, [returns.AskedLine(m.line, m.qty, WHY)], override=WHY)
        for m in matches
    ]
    for answer in returns.open_rma(tx, commands):
        answer.get()
