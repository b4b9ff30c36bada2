"""After units are in: their money goes back, receipts are written, the return moves on.

An exchange keeps its money until all its units have come; then the order that replaces them is
placed, and only the difference moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from everyshelf.base import money, outbox
from everyshelf.base.events import Event
from everyshelf.base.tx import Tx
from everyshelf.decide.disposition import Decision, Grade
from everyshelf.orders import OrderId
from everyshelf.payment import Due
from everyshelf.returns import book, exchange
from everyshelf.returns.book import SQL, Turn, parts
from everyshelf.returns.events import ReturnedUnits, RmaClosed, RmaReceived, UnitsGraded
from everyshelf.returns.facts import (
    BUCKET_OF,
    Disposed,
    Received,
    ReceiveReturn,
    ReturnsPolicy,
    Rma,
    RmaId,
    RmaKind,
    RmaState,
)
from everyshelf.returns.grade import Unit
from everyshelf.returns.money import Purse, pay_back

Graded = tuple[Unit, Decision]


def finish(
    tx: Tx,
    commands: Sequence[ReceiveReturn],
    units: Sequence[Unit],
    decisions: Sequence[Decision],
    purse: Purse,
    rules: Mapping[OrderId, ReturnsPolicy],
) -> list[Received]:
    """Pays back, writes and tells; what each command came to."""
    of: dict[int, list[Graded]] = {id(c): [] for c in commands}
    for unit, decision in zip(units, decisions, strict=True):
        of[id(unit.command)].append((unit, decision))
    groups = list(of.values())
    refunds = _refund(tx, groups, purse, rules)
    _write_receipts(tx, groups, refunds)
    turns = _turns(units)
    swapped = exchange.place_due(tx, [t.rma for t in turns if _swaps(t)], purse)
    turns = [swapped.get(t.rma.id, t) for t in turns]
    book.turn(tx, turns)
    now = {t.rma.id: t for t in turns}
    outbox.emit(tx, _events(groups, refunds, turns))
    return [_received(g, sum(r), now) for g, r in zip(groups, refunds, strict=True)]


def _swaps(turn: Turn) -> bool:
    return turn.rma.kind is RmaKind.EXCHANGE and turn.state is RmaState.CLOSED


def _refund(
    tx: Tx, groups: Sequence[list[Graded]], purse: Purse, rules: Mapping[OrderId, ReturnsPolicy]
) -> list[list[int]]:
    """What goes back for each group: one refund for its own order, one for the order before it,
    one for shipping. The cause names the first receipt, so that it happens once."""
    dues: list[Due] = []
    for group in groups:
        first = group[0][0]
        cause = f"return:{int(first.rma.id)}:{int(first.id)}"
        pays = first.rma.kind is RmaKind.RETURN
        own = sum(u.worth.own_minor for u, _ in group) if pays else 0
        credit = sum(u.worth.credit_minor for u, _ in group) if pays else 0
        before = purse.credits.get(first.order.id)
        dues.append((first.order.id, cause, own))
        dues.append((before.order_id if before else first.order.id, f"{cause}:before", credit))
        whole = pays and rules[first.order.id].refund_shipping and purse.all_back(first.order.id)
        shipping = first.order.shipping_minor if whole else 0
        dues.append((first.order.id, f"return:{int(first.rma.id)}:shipping", shipping))
    paid = pay_back(tx, dues)
    return [paid[n : n + 3] for n in range(0, len(paid), 3)]


def _write_receipts(tx: Tx, groups: Sequence[list[Graded]], refunds: Sequence[list[int]]) -> None:
    rows: list[tuple[Unit, Decision, int]] = []
    for group, (own, credit, _) in zip(groups, refunds, strict=True):
        shares = money.split(own + credit, [u.worth.total_minor for u, _ in group])
        rows += [(u, d, share) for (u, d), share in zip(group, shares, strict=True)]
    tx.run(
        SQL.insert_receipts,
        parts=parts(u.order.id for u, _, _ in rows),
        ids=[u.id for u, _, _ in rows],
        rma_ids=[u.rma.id for u, _, _ in rows],
        order_ids=[u.order.id for u, _, _ in rows],
        lines=[u.line.line for u, _, _ in rows],
        items=[u.line.item for u, _, _ in rows],
        qtys=[u.found.qty for u, _, _ in rows],
        nodes=[u.command.node for u, _, _ in rows],
        lots=[u.found.lot for u, _, _ in rows],
        serials=["\x1f".join(u.found.serials) for u, _, _ in rows],
        grades=[u.found.grade for u, _, _ in rows],
        dispositions=[d.outcome for _, d, _ in rows],
        whys=[d.why for _, d, _ in rows],
        worths=[u.worth.total_minor for u, _, _ in rows],
        refunds=[share for _, _, share in rows],
        now=tx.now,
    )
    _count(tx, rows)


def _count(tx: Tx, rows: Sequence[tuple[Unit, Decision, int]]) -> None:
    sums: dict[tuple[OrderId, RmaId, int], list[int]] = {}
    for unit, _, share in rows:
        found = sums.setdefault((unit.order.id, unit.rma.id, unit.line.line), [0, 0])
        found[0] += unit.found.qty
        found[1] += share
    tx.run(
        SQL.count_received,
        parts=parts(order_id for order_id, _, _ in sums),
        rma_ids=[rma_id for _, rma_id, _ in sums],
        lines=[line for _, _, line in sums],
        qtys=[qty for qty, _ in sums.values()],
        refunds=[refund for _, refund in sums.values()],
    )


def _turns(units: Sequence[Unit]) -> list[Turn]:
    came: dict[RmaId, int] = {}
    rmas: dict[RmaId, Rma] = {}
    for unit in units:
        rmas[unit.rma.id] = unit.rma
        came[unit.rma.id] = came.get(unit.rma.id, 0) + unit.found.qty
    return [
        Turn(r, RmaState.CLOSED if sum(x.open for x in r.lines) == came[i] else RmaState.RECEIVED)
        for i, r in sorted(rmas.items())
    ]


def _events(
    groups: Sequence[list[Graded]], refunds: Sequence[list[int]], turns: Sequence[Turn]
) -> Iterable[Event]:
    for group, paid in zip(groups, refunds, strict=True):
        first = group[0][0]
        yield RmaReceived(
            rma_id=first.rma.id,
            order_id=first.order.id,
            node=first.command.node,
            lines=[ReturnedUnits(u.line.line, u.line.item, u.found.qty) for u, _ in group],
            refund_minor=sum(paid),
            currency=first.order.currency,
            version=first.rma.version + 1,
        )
        for unit, decision in group:
            yield _graded(unit, decision)
    for turn in turns:
        if turn.state is RmaState.CLOSED:
            yield RmaClosed(
                rma_id=turn.rma.id, order_id=turn.rma.order_id, version=turn.rma.version + 1
            )


def _graded(unit: Unit, decision: Decision) -> UnitsGraded:
    return UnitsGraded(
        rma_id=unit.rma.id,
        receipt_id=unit.id,
        node=unit.command.node,
        item=unit.line.item,
        qty=unit.found.qty,
        grade=Grade(unit.found.grade),
        disposition=decision.outcome,
        why=decision.why,
        version=unit.rma.version + 1,
    )


def _received(group: list[Graded], refund_minor: int, now: dict[RmaId, Turn]) -> Received:
    turn = now[group[0][0].rma.id]
    disposed = [
        Disposed(u.id, u.line.line, u.found.qty, d.outcome, BUCKET_OF[d.outcome], d.why)
        for u, d in group
    ]
    return Received(
        turn.rma.id,
        turn.state,
        turn.rma.version + 1,
        refund_minor,
        disposed,
        turn.exchange_order_id,
    )
