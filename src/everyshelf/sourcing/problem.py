"""From the lines that one way of an order owes to a problem of the engine, and back.

Lines of one item are decided as one row and then cut: a line's own held units first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from everyshelf.decide import sourcing as engine
from everyshelf.sourcing.facts import Rules, Way
from everyshelf.sourcing.pool import Pool
from everyshelf.sourcing.reach import Offer
from everyshelf.sourcing.snapshot import Key, Line, Order

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(slots=True, frozen=True)
class Ask:
    """A problem with the names of its rows and columns."""

    order: Order
    way: Way
    lines: Sequence[Line]
    owed: Sequence[int]
    items: list[str]
    columns: list[int]
    nodes: list[str]
    services: list[str | None]
    problem: engine.Problem


def ask(
    pool: Pool, order: Order, way: Way, owed: Sequence[tuple[Line, int]],
    excluded: dict[Key, set[str]], loaded: set[str], rules: Rules,
) -> Ask:  # fmt: skip
    """The problem of one way of an order: candidates are the nodes that have something of it.

    `loaded`: the nodes that count this order already among those they can work on today.
    """
    lines, qtys = [line for line, _ in owed], [qty for _, qty in owed]
    net, rows = pool.net, pool.rows(lines)
    need, value = _needs(pool, rows, lines, qtys)
    stock = pool.reach(order, lines, qtys)
    there: Bools = np.any(stock > 0, axis=0)
    if way.collected and way.pickup_node in net.index:
        there[net.index[way.pickup_node]] = True
    columns = np.flatnonzero(there)
    items = [pool.items[pool.codes[r]] for r in rows]
    weight = np.array([i.weight_g for i in items], np.int64)
    volume = np.array([i.length_mm * i.width_mm * i.height_mm // 1000 for i in items], np.int64)
    promised = min((x.promised_latest for x in lines if x.promised_latest), default=None)
    offer = net.offer(way, order.ship_to, columns, int(weight @ need), promised, rules)
    stock = stock[:, columns]
    unable = pool.unable(lines)[:, columns]
    said_no = pool.said_no(order, lines, excluded)[:, columns]
    usable = net.fit(np.where(unable | said_no, 0, stock), need, columns)
    made = engine.Problem(
        order=int(order.id), item=np.arange(len(rows)), qty=need, weight_g=weight,
        volume_cm3=volume, value_minor=value, node=np.arange(len(columns)), stock=usable,
        parcel_minor=offer.parcel_minor, per_kg_minor=offer.per_kg_minor,
        labour_order_minor=net.ground.labour_order[columns],
        labour_line_minor=net.ground.labour_line[columns],
        labour_unit_minor=net.ground.labour_unit[columns], priority=net.ground.priority[columns],
        filters=(
            *_filters(pool, way, columns, offer, stock, unable, said_no),
            ("capacity", net.full(loaded, order.channel)[columns]),
        ),
        facts=_facts(pool, offer, rows, need, columns),
        asked=order.facts(way, net.now), nodes=net.ground.facts(columns),
        lines=engine.LineFacts(
            tuple(i.item for i in items), tuple(tuple(i.handling) for i in items)
        ),
    )  # fmt: skip
    return Ask(
        order, way, lines, qtys, [pool.codes[r] for r in rows], columns.tolist(),
        [net.codes[n] for n in columns.tolist()], offer.services, made,
    )  # fmt: skip


def _facts(
    pool: Pool, offer: Offer, rows: Sequence[int], need: Ints, columns: Ints
) -> tuple[tuple[str, Ints], ...]:
    """What is so at the candidates, whatever the policy makes of it; what is zero is left out."""
    found = {
        "km": offer.km, "unrated": offer.unrated, "late_days": offer.late_days,
        "late_days_in_time": offer.late_days_in_time, "past_cutoff_min": offer.past_cutoff_min,
        "co2e_g_per_kg": offer.co2e_g_per_kg, "goods_minor": pool.dearer(rows, need, columns),
        "workload_pct": pool.net.workload_pct[columns], **pool.worth(rows, columns),
    }  # fmt: skip
    return tuple((name, values) for name, values in found.items() if values.any())


def _needs(
    pool: Pool, rows: Sequence[int], lines: Sequence[Line], qtys: Sequence[int]
) -> tuple[Ints, Ints]:
    """Units and the value of a unit per item."""
    at = {r: i for i, r in enumerate(rows)}
    need, value = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    for line, qty in zip(lines, qtys, strict=True):
        i = at[pool.row[line.item]]
        need[i] += qty
        value[i] = max(value[i], line.value_minor)
    return need, value


def _filters(
    pool: Pool, way: Way, columns: Ints, offer: Offer, stock: Ints, unable: Bools, said_no: Bools
) -> tuple[tuple[str, Bools], ...]:
    """What takes a candidate out, in order. A node that only some lines may not use stays in, with
    nothing of those lines."""
    has = stock > 0
    able = has & ~unable
    none: Bools = ~np.any(able, axis=0)
    barred: Bools = ~none & ~np.any(able & ~said_no, axis=0)
    return (
        *((name, mask[columns]) for name, mask in pool.net.barred(way)),
        ("beyond_reach", offer.beyond),
        ("handling", np.any(has, axis=0) & none),
        ("said_no", barred),
    )


def cut(pool: Pool, asked: Ask, parts: Sequence[engine.Part]) -> list[tuple[Line, int, int]]:
    """The engine's parts as (line, column of the network, units), held units before free ones."""
    left = {line.line: qty for line, qty in zip(asked.lines, asked.owed, strict=True)}
    found: list[tuple[Line, int, int]] = []
    for part in sorted(parts, key=lambda p: (p.node, p.line)):
        n, item, rest = asked.columns[part.node], asked.items[part.line], part.qty
        mine = [line for line in asked.lines if line.item == item]
        got = dict.fromkeys((line.line for line in mine), 0)
        if len(mine) > 1:
            for line in mine:
                took = min(rest, left[line.line], pool.held_at((asked.order.id, line.line), n))
                got[line.line] += took
                left[line.line] -= took
                rest -= took
        for line in mine:
            took = min(rest, left[line.line])
            got[line.line] += took
            left[line.line] -= took
            rest -= took
        found += [(line, n, got[line.line]) for line in mine if got[line.line]]
    return found
