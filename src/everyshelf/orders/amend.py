"""Amends an order that has not left: its address, the quantities and the way of its lines.

Less is cancelled; more becomes a new line at the old unit price, held at once. When the way
changes, softly held units move to the new pool in the same transaction; units that a node has
already are named in the event, and sourcing gives them another node. Each command is all or
nothing and runs under its own savepoint: amendments are rare and by hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf import network, promise, stock
from everyshelf.base import codec, ids
from everyshelf.base.claims import once
from everyshelf.base.errors import INVALID, Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.orders.book import Book
from everyshelf.orders.cancel import Softly, cancel_units, units_of
from everyshelf.orders.commands import Amend, Amended, AmendLine
from everyshelf.orders.events import MovedLine, OrderAmended
from everyshelf.orders.facts import (
    ADDRESS_MISSING,
    KIT_COMPONENT,
    MAX_QTY,
    NOTHING_TO_DO,
    SHORT,
    Act,
    Line,
    Order,
    Supply,
)
from everyshelf.orders.place import event_line, insert_lines
from everyshelf.promise import COLLECTED, Method, check_way

SQL = load("everyshelf.orders")
Replace = msgspec.structs.replace


class _Entry(msgspec.Struct, frozen=True):
    """An amendment in the order's timeline."""

    command: Amend
    added: list[int]
    moved: list[int]
    delta_minor: int


def amend(tx: Tx, commands: Sequence[Amend]) -> list[Result[Amended]]:
    """Amends orders. Refused: orders.unknown, orders.line_unknown, orders.ended,
    orders.line_shipped, orders.kit_component, orders.short, orders.nothing_to_do,
    orders.address_missing, orders.node_closed, network.node_unknown, network.service_unknown,
    version.stale, input.invalid."""
    return once(tx, "orders.amend", commands, _amend, Amended)


def _amend(tx: Tx, commands: list[Amend]) -> list[Result[Amended]]:
    answers: list[Result[Amended]] = []
    for command in commands:
        try:
            with tx.savepoint():
                answers.append(Result.done(_Amendment(tx, command).run()))
        except Refused as error:
            answers.append(Result.refused(error))
    return answers


class _Amendment:
    """One command at work on one order."""

    def __init__(self, tx: Tx, command: Amend) -> None:
        self.tx = tx
        self.command = command
        self.book = Book.open(tx, [command.order_id])
        self.order = self.book.order(command.order_id, command.version)
        self.owner = str(self.order.id)
        self.softly = Softly(tx, [self.order])
        self.allocated = stock.allocations_of(tx, [self.order.id])
        self.nodes: dict[int, str] = {}
        self.added: list[Line] = []
        self.moved: list[MovedLine] = []
        self.delta_minor = 0

    def run(self) -> Amended:
        self._check()
        if self.command.ship_to is not None:
            self._address()
        for change in self.command.lines:
            self._way(change)
        for change in self.command.lines:
            self._quantity(change)
        self._promise()
        return self._finish()

    def _check(self) -> None:
        c = self.command
        if b"\\u0000" in codec.encode(c):
            raise INVALID("Text must not contain the character NUL.")
        if c.ship_to is None and not c.lines:
            raise NOTHING_TO_DO()
        if len({x.line for x in c.lines}) < len(c.lines):
            raise INVALID("Name each line once.")
        for change in c.lines:
            line = self.book.line(self.order.id, change.line)
            if line.kit_line is not None:
                words = f"Line {line.line} belongs to the kit on line {line.kit_line}."
                raise KIT_COMPONENT(words)
            if change.qty is not None and not 1 <= change.qty <= MAX_QTY:
                raise INVALID(f"Line {line.line}: a quantity is from 1 to {MAX_QTY:,}.")
            self._may(self._units(line), _act_of(change))
        if c.ship_to is not None:
            self._may(self.order.real, Act.CHANGE_ADDRESS)

    def _may(self, lines: Sequence[Line], act: Act) -> None:
        """All lines must allow it, but those that are over do not count beside open ones."""
        held = bool(self.order.holds)
        found = [(x, x.refusal(act, held)) for x in lines]
        shipped = any(x.shipped for x in lines)
        if shipped or all(code is not None for _, code in found):
            line, code = next(pair for pair in found if pair[1] is not None)
            assert code is not None
            raise code(f"Line {line.line}: {code.meaning}")

    def _units(self, line: Line) -> list[Line]:
        """The lines behind a line that carry its units."""
        if line.supply is not Supply.KIT:
            return [line]
        return [x for x in self.book.lines(self.order.id) if x.kit_line == line.line]

    def _address(self) -> None:
        order = self.order
        text = codec.encode(self.command.ship_to).decode()
        part = ids.part_of(order.id)
        self.tx.run(SQL.set_address, part=part, id=order.id, ship_to=text)

    def _way(self, change: AmendLine) -> None:
        line = self.book.line(self.order.id, change.line)
        method = Method(change.method or line.method)
        node = change.pickup_node or (line.pickup_node if method in COLLECTED else None)
        changed = (method, node) != (line.method, line.pickup_node)
        service = change.service if changed else change.service or line.service
        if not changed and service == line.service:
            return
        self._check_way(line, method, node, service)
        for part in {x.line: x for x in (line, *self._units(line))}.values():
            after = Replace(part, method=method, pickup_node=node, service=service)
            self.tx.run(
                SQL.set_method, part=ids.part_of(part.order_id), order_id=part.order_id,
                line=part.line, method=method, pickup_node=node, service=service,
            )  # fmt: skip
            self.book.replace(after)
            if part.supply is not Supply.KIT and part.open:
                self._move(part, after)

    def _move(self, before: Line, after: Line) -> None:
        held = min(self.softly.held(before), before.open)
        if held and before.pool != after.pool:
            stock.release_holds(self.tx, [(self.owner, before.line, None)])
            self._hold([(after, held)])
        if before.pool != after.pool:
            self._check_others(after)
        self.moved.append(
            MovedLine(
                after.line, after.item, after.open, held, after.method, after.pickup_node,
                after.service, None,
            )
        )  # fmt: skip

    def _check_others(self, after: Line) -> None:
        """Units that nodes outside the new pool have already must be free in it, too."""
        mine = [a for a in self.allocated if a.line == after.line and a.live]
        if not mine:
            return
        inside = set(network.pool(self.tx, after.pool))
        elsewhere = sum(a.live for a in mine if a.node not in inside)
        (free,) = stock.availability(
            self.tx, [stock.Ask(after.item, self.order.channel, after.pool)]
        )
        if free.total < elsewhere:
            words = f"{elsewhere} of {after.item} would have to come from elsewhere"
            raise SHORT(f"Line {after.line}: {words}, {free.total} are free there.")

    def _hold(self, units: Sequence[tuple[Line, int]]) -> None:
        """Holds units in their lines' pools, all or nothing."""
        channel = self.order.channel
        wants = [
            stock.Want(x.item, qty, x.pool, channel, self.owner, x.line, None, self.owner)
            for x, qty in units
        ]
        for (line, _), answer in zip(units, stock.hold_now(self.tx, wants), strict=True):
            if answer.refusal is not None:
                raise SHORT(answer.refusal.detail)
            self.nodes[line.line] = max(answer.get().parts, key=lambda p: p.qty).node

    def _quantity(self, change: AmendLine) -> None:
        if change.qty is None:
            return
        line = self.book.line(self.order.id, change.line)
        more = change.qty - line.open
        if more < 0:
            units = units_of(self.book, line, -more)
            order = self.book.order(self.order.id)
            softly = Softly(self.tx, [order])  # A change of way has moved the holds.
            done = cancel_units(self.book, softly, order, units, "amended")
            softly.write(self.tx)
            self.delta_minor -= done.amount_minor
        elif more > 0:
            self._add(line, more)

    def _add(self, line: Line, more: int) -> None:
        """New lines for `more` of a line (and of a kit's components), at the old unit price."""
        last = max(x.line for x in self.book.lines(self.order.id))
        source = [line] if line.supply is not Supply.KIT else [line, *self._units(line)]
        top = last + 1
        new = []
        for n, old in enumerate(source, top):
            qty = old.qty * more // line.qty
            new.append(
                Replace(
                    old, line=n, qty=qty, kit_line=None if n == top else top,
                    supply=old.supply if old.supply is Supply.KIT else Supply.STOCK,
                    amount_minor=old.amount_minor * more // line.qty, inbound_id=None,
                    tax_minor=old.tax_minor * more // line.qty, cancelled=0,
                    promised_earliest=None, promised_latest=None,
                )
            )  # fmt: skip
        self._hold([(x, x.qty) for x in new if x.supply is not Supply.KIT])
        insert_lines(self.tx, new)
        for x in new:
            self.book.replace(x)
        self.added += new
        self.delta_minor += sum(x.amount_minor + x.tax_minor for x in new)

    def _check_way(self, line: Line, method: Method, node: str | None, service: str | None) -> None:
        nodes = network.nodes(self.tx, [node]) if node else {}
        services = network.services(self.tx) if service else {}
        check_way(method, node, service, nodes, services, self.tx.now.date())
        ship_to = self.command.ship_to or self.order.ship_to
        if method not in COLLECTED and ship_to is None:
            raise ADDRESS_MISSING(f"{line.item} is to be sent; give a ship_to address.")

    def _promise(self) -> None:
        """Dates what has changed anew: all that is open after a change of address."""
        ship_to = self.command.ship_to or self.order.ship_to
        touched = {x.line for x in self.added} | {x.line for x in self.moved}
        lines = [
            x
            for x in self.book.lines(self.order.id)
            if x.open and (x.line in touched or self.command.ship_to is not None)
        ]
        for row in stock.holds_of(self.tx, [self.owner]):
            self.nodes.setdefault(row.line, row.node)
        for units in self.allocated:
            if units.live:
                self.nodes.setdefault(units.line, units.node)
        legs = [
            promise.Leg(self.nodes.get(x.line), x.method, x.pickup_node, x.service, ship_to)
            for x in lines
        ]
        windows = promise.windows_now(self.tx, legs) if legs else []
        rows = []
        for x, window in zip(lines, windows, strict=True):
            early, late = window or (None, None)
            rows.append((ids.part_of(x.order_id), x.order_id, x.line, early, late))
            self.book.replace(Replace(x, promised_earliest=early, promised_latest=late))
        if rows:
            names = ("parts", "order_ids", "lines", "earliest", "latest")
            self.tx.run(SQL.set_promises, **table(names, rows))

    def _finish(self) -> Amended:
        book, order = self.book, self.book.order(self.order.id)
        fresh = {x.line: x for x in book.lines(order.id)}
        if self.added or self.moved or self.command.ship_to is not None:
            order = book.touch(order)
            book.tell(self._event(order, fresh))
        elif order.version == self.order.version:
            raise NOTHING_TO_DO(f"{order.id} is like that already.")
        entry = _Entry(
            self.command, [x.line for x in self.added], [x.line for x in self.moved],
            self.delta_minor,
        )  # fmt: skip
        book.log(order.id, "amend", entry)
        book.write(self.tx)
        return Amended(order.id, order.version, self.delta_minor)

    def _event(self, order: Order, fresh: dict[int, Line]) -> OrderAmended:
        added = [event_line(fresh[x.line]) for x in self.added if x.supply is not Supply.KIT]
        moved = [
            Replace(x, qty=fresh[x.line].open, held=min(x.held, fresh[x.line].open),
                    promised_latest=fresh[x.line].promised_latest)
            for x in self.moved
            if fresh[x.line].open
        ]  # fmt: skip
        return OrderAmended(
            version=order.version, order_id=order.id,
            ship_to_changed=self.command.ship_to is not None, added=added, moved=moved,
            added_minor=sum(x.amount_minor + x.tax_minor for x in self.added),
            currency=order.currency, held=bool(order.holds),
        )  # fmt: skip


def _act_of(change: AmendLine) -> Act:
    way = change.method or change.pickup_node or change.service
    return Act.CHANGE_METHOD if way else Act.CHANGE_QTY
