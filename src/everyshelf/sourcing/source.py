"""Looks at orders and finds nodes for every unit that is owed and stands nowhere.

One function serves every trigger: it reads what is owed, decides over one local copy of the free
units in the order in which the orders take turns, and takes the units in the ledger. Looking twice
changes nothing, so that events may arrive in any order. A race that is lost is decided again on
fresh rows; what finds no node waits as demand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from everyshelf import stock
from everyshelf.base import ids, outbox, policy
from everyshelf.base.parts import table
from everyshelf.base.policy import Policy
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import conditions
from everyshelf.decide import sourcing as engine
from everyshelf.orders import OrderId
from everyshelf.sourcing import capacity, outcome, problem, snapshot
from everyshelf.sourcing.capacity import Task
from everyshelf.sourcing.events import AllocatedLine, LinesUnsourced, OrderAllocated, UnsourcedLine
from everyshelf.sourcing.facts import POLICY, Rules, Sourced, Trigger, Waits, Way
from everyshelf.sourcing.outcome import Choice, Outcome, Plan
from everyshelf.sourcing.pool import Pool
from everyshelf.sourcing.reach import Network
from everyshelf.sourcing.snapshot import Demand, Key, Line, Order, Snapshot

SQL = load("everyshelf.sourcing")
ROUNDS: Final = 6
PATIENT_ROUNDS: Final = 3
PASSES: Final = 4
SOONEST: Final = timedelta(minutes=15)
LATEST: Final = timedelta(days=1)
TICKING: Final = (Trigger.SWEEP, Trigger.REVOKED)


Ruled = dict[OrderId, Policy[Rules]]


class _LostRace(Exception):
    """Somebody else was faster: the tasks that were refused, and the cells whose units are gone
    (a cell is not tried again, whatever the fresh rows say)."""

    def __init__(self, tasks: set[Task], cells: list[tuple[Key, str]]) -> None:
        super().__init__()
        self.tasks = tasks
        self.cells = cells


def source_now(
    tx: Tx, order_ids: Sequence[OrderId], trigger: Trigger = Trigger.REVOKED
) -> list[Sourced]:
    """Finds nodes for what is owed of these orders and stands nowhere; one answer an order.

    For callers inside a transaction that is already exactly-once. What finds no node waits.
    """
    if not order_ids:
        return []
    snap = snapshot.read(tx, order_ids)
    book = policy.book(tx, POLICY, Rules)
    ruled = {o.id: book.of(o.scope) for o in snap.orders.values()}
    work = [
        o
        for o in sorted(
            snap.orders.values(), key=lambda o: _turn(snap, o, ruled[o.id].params, tx.now)
        )
        if not o.held and any(_wanted(snap, x, ruled[o.id].params) for x in snap.lines[o.id])
    ]
    counted = _counted(tx, snap)
    done = _settle(tx, snap, work, counted, ruled) if work else Outcome()
    outcome.keep(tx, done, book, trigger)
    _queue(tx, snap, done, trigger)
    _tell(tx, snap, done, trigger)
    if trigger in TICKING:
        _tick_off(tx, snap)
    return [_answer(snap, done, order_id) for order_id in snap.orders]


def _turn(
    snap: Snapshot, order: Order, rules: Rules, now: datetime
) -> tuple[int, datetime, OrderId]:
    """Orders compete for the same units: the more urgent first, then who came first. The policy may
    say who is urgent."""
    for turn in rules.turns:
        if conditions.holds(turn.when, order.row(snap.lines[order.id], now)):
            return -turn.priority, order.placed_at, order.id
    return order.turn


def _wanted(snap: Snapshot, line: Line, rules: Rules) -> int:
    """Units to find a node for. After so many nodes said no a person decides."""
    most = rules.limits.max_rejections
    if most and len(snap.excluded.get((line.order_id, line.line), ())) >= most:
        return 0
    return snap.missing(line)


def _counted(tx: Tx, snap: Snapshot) -> set[Task]:
    """The tasks that hold places of limited nodes, once those of which nothing is left gave
    theirs back."""
    loads = capacity.loads_of(tx, list(snap.orders))
    idle = capacity.idle(snap, loads)
    capacity.give_back(tx, idle)
    return {load.task for load in loads} - set(idle)


def _settle(tx: Tx, snap: Snapshot, work: list[Order], counted: set[Task], ruled: Ruled) -> Outcome:
    """Decides and takes, again on fresh rows when a race was lost. An order that keeps losing is
    left to wait, so that it cannot stop the others."""
    banned: list[tuple[Key, str]] = []
    lost: Counter[OrderId] = Counter()
    for attempt in range(ROUNDS):
        patience = 2 if attempt < PATIENT_ROUNDS else 0
        trying = [o for o in work if lost[o.id] <= patience]
        net = Network(tx)
        items = {x.item for o in trying for x in snap.lines[o.id]
                 if _wanted(snap, x, ruled[o.id].params)}  # fmt: skip
        pool = Pool(tx, net, trying, items)
        for key, node in banned:
            pool.ban(key, node)
        plans = [_plan(pool, snap, o, counted, ruled[o.id]) for o in trying]
        try:
            with tx.savepoint():
                return Outcome(plans, _take(tx, net, plans, counted))
        except _LostRace as race:
            banned += race.cells
            lost.update({t.order_id for t in race.tasks} | {key[0] for key, _ in race.cells})
    return Outcome()


def _plan(
    pool: Pool, snap: Snapshot, order: Order, counted: set[Task], rules: Policy[Rules]
) -> Plan:
    """Decides every way of an order and draws its units from the pool."""
    ways: dict[Way, list[tuple[Line, int]]] = {}
    for line in snap.lines[order.id]:
        if missing := _wanted(snap, line, rules.params):
            ways.setdefault(line.way, []).append((line, missing))
    saved = pool.save() if order.whole and len(ways) > 1 else None
    plan = Plan(order, [])
    loaded = {(t.node, t.method) for t in counted if t.order_id == order.id}
    for way, owed in ways.items():
        plan.choices += _choose(pool, snap, order, way, owed, loaded, rules)
    if saved is not None and not all(c.decision.feasible for c in plan.choices):
        pool.restore(saved)
        for choice in plan.choices:
            choice.units = []
    return plan


def _choose(
    pool: Pool, snap: Snapshot, order: Order, way: Way, owed: list[tuple[Line, int]],
    loaded: set[tuple[str, str]], rules: Policy[Rules],
) -> list[Choice]:  # fmt: skip
    """Decides one way. What the limit of nodes leaves of a partial order is decided again, as a
    further shipment, so that nothing waits that could be served."""
    choices: list[Choice] = []
    for _ in range(PASSES):
        choice = _decide(pool, snap, order, way, owed, loaded, rules)
        choices.append(choice)
        got: Counter[int] = Counter()
        for line, n, qty in choice.units:
            got[line.line] += qty
            pool.take((order.id, line.line), line.item, n, qty)
            if n in pool.net.room and (pool.net.codes[n], way.method) not in loaded:
                pool.net.room[n] -= 1
                loaded.add((pool.net.codes[n], way.method))
        owed = [(line, qty - got[line.line]) for line, qty in owed if qty > got[line.line]]
        if not owed or not got:
            break
    return choices if len(choices) == 1 or choices[-1].units else choices[:-1]


def _decide(
    pool: Pool, snap: Snapshot, order: Order, way: Way, owed: list[tuple[Line, int]],
    loaded: set[tuple[str, str]], rules: Policy[Rules],
) -> Choice:  # fmt: skip
    """One decision; an order that must go whole may use as many nodes as it takes."""
    here = {node for node, method in loaded if method == way.method}
    asked = problem.ask(pool, order, way, owed, snap.excluded, here, rules.params)
    chosen, decision = engine.source_fully(asked.problem, _policy(rules, order))
    units = problem.cut(pool, asked, decision.parts) if decision.feasible else []
    return Choice(asked, chosen, decision, units)


def _policy(rules: Policy[Rules], order: Order) -> engine.Policy:
    """The version in force, and what the order wants where the version leaves it to it."""
    shortage = engine.Shortage.REFUSE if order.whole else engine.Shortage.PARTIAL
    return engine.Policy(POLICY, rules.version, rules.params, shortage)


def _take(
    tx: Tx, net: Network, plans: Sequence[Plan], counted: set[Task]
) -> dict[OrderId, list[AllocatedLine]]:
    """Takes capacity, then units. Raises _LostRace when any was gone; then nothing is taken."""
    wanted = [
        (plan.order, choice, line, net.codes[n], qty)
        for plan in plans
        for choice in plan.choices
        for line, n, qty in choice.units
    ]
    tasks = {Task(o.id, node, line.method) for o, _, line, node, _ in wanted}
    shut = _shut(tx, {task.node for task in tasks})
    if refused := {task for task in tasks if task.node in shut}:
        raise _LostRace(refused, [])
    if refused := capacity.book(tx, net, sorted(tasks - counted)):
        raise _LostRace(refused, [])
    commands = [
        stock.Allocate(o.id, line.line, line.item, node, qty, o.channel)
        for o, _, line, node, qty in wanted
    ]
    answers = stock.allocate(tx, commands) if commands else []
    gone = [((w[0].id, w[2].line), w[3]) for w, a in zip(wanted, answers, strict=True) if not a.ok]
    if gone:
        raise _LostRace(set(), gone)
    given: dict[OrderId, list[AllocatedLine]] = {}
    for (order, choice, line, node, qty), answer in zip(wanted, answers, strict=True):
        service = line.service or choice.asked.services[choice.asked.nodes.index(node)]
        made = AllocatedLine(
            answer.get(), line.line, line.item, node, qty, line.method, line.pickup_node,
            service, line.promised_latest,
        )  # fmt: skip
        given.setdefault(order.id, []).append(made)
    return given


def _shut(tx: Tx, nodes: set[str]) -> set[str]:
    """The nodes that were closed or paused since the snapshot; the others stay as they are until
    this transaction ends."""
    still = {node for (node,) in tx.tuples(SQL.still_open, nodes=sorted(nodes))} if nodes else set()
    return nodes - still


def _left(snap: Snapshot, done: Outcome, order_id: OrderId) -> list[tuple[Line, int]]:
    """The units of an order that still stand nowhere, by line."""
    got: Counter[int] = Counter()
    for a in done.given.get(order_id, ()):
        got[a.line] += a.qty
    return [(x, snap.missing(x) - got[x.line]) for x in snap.lines[order_id]]


def _waits(order: Order, line: Line) -> Waits:
    if order.held:
        return Waits.ORDER_HOLD
    return {"inbound": Waits.INBOUND, "make": Waits.MAKE}.get(line.supply, Waits.NO_NODE)


def _queue(tx: Tx, snap: Snapshot, done: Outcome, trigger: Trigger) -> None:
    """Makes the demand what is owed and stands nowhere."""
    rows, gone = [], []
    for order in snap.orders.values():
        part = ids.part_of(int(order.id))
        for line, qty in _left(snap, done, order.id):
            before = snap.demand.get((order.id, line.line))
            if qty == 0 and before is not None:
                gone.append((part, order.id, line.line))
            elif qty and _differs(before, qty, _waits(order, line), tx.now):
                since = before.since if before else tx.now
                rows.append((part, order.id, line.line, line.item, qty, _waits(order, line),
                             _due(tx.now, since)))  # fmt: skip
    if rows:
        names = ("parts", "order_ids", "lines", "items", "qtys", "reasons", "dues")
        tx.run(SQL.want, **table(names, rows), now=tx.now)
    if gone:
        tx.run(SQL.satisfy, **table(("parts", "order_ids", "lines"), gone))


def _differs(before: Demand | None, qty: int, reason: Waits, now: datetime) -> bool:
    return before is None or (before.qty, before.reason) != (qty, reason) or before.due_at <= now


def _due(now: datetime, since: datetime) -> datetime:
    """When to look again if nothing happens: the longer it waits, the more seldom."""
    return now + max(SOONEST, min(LATEST, now - since))


def _tell(tx: Tx, snap: Snapshot, done: Outcome, trigger: Trigger) -> None:
    """One event per order that got nodes, one per order of which something newly finds none."""
    events: list[OrderAllocated | LinesUnsourced] = []
    for order in snap.orders.values():
        if given := done.given.get(order.id):
            events.append(OrderAllocated(
                order_id=order.id, version=order.version, channel=order.channel,
                priority=order.priority, trigger=trigger, allocations=given,
            ))  # fmt: skip
        short = [
            UnsourcedLine(line.line, line.item, qty, Waits.NO_NODE)
            for line, qty in _left(snap, done, order.id)
            if qty and _waits(order, line) is Waits.NO_NODE and not _known(snap, line, qty)
        ]
        if short:
            events.append(LinesUnsourced(
                order_id=order.id, version=order.version, trigger=trigger, lines=short
            ))  # fmt: skip
    outbox.emit(tx, events)


def _known(snap: Snapshot, line: Line, qty: int) -> bool:
    """Whether it was already said that these units find no node."""
    before = snap.demand.get((line.order_id, line.line))
    return before is not None and before.reason is Waits.NO_NODE and before.qty >= qty


def _tick_off(tx: Tx, snap: Snapshot) -> None:
    """Orders whose called-back units have left their nodes need no second look."""
    over = {x.order_id for xs in snap.lines.values() for x in xs if snap.live(x) > x.owed}
    rows = [(ids.part_of(int(o)), o) for o in snap.orders]
    still = [row for row in rows if row[1] in over]
    done = [row for row in rows if row[1] not in over]
    if done:
        tx.run(SQL.settle, **table(("parts", "order_ids"), done))
    if still:
        tx.run(SQL.unsettle, **table(("parts", "order_ids"), still), due_at=tx.now + SOONEST)


def _answer(snap: Snapshot, done: Outcome, order_id: OrderId) -> Sourced:
    allocated = sum(a.qty for a in done.given.get(order_id, ()))
    return Sourced(order_id, allocated, sum(qty for _, qty in _left(snap, done, order_id)))
