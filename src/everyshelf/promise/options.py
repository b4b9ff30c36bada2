"""Options for a cart: every way it could reach its buyer, with price and window, or why not.

Reads stock once and the network once for all asks. What no single node has is offered from several:
the price is the sum of their parcels, the window that of the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from everyshelf import catalog, network, stock
from everyshelf.base.tx import Tx
from everyshelf.decide import promise as decide
from everyshelf.promise.facts import COLLECTED, Method, Option, Promise, PromiseAsk, WhyNot, pool_of
from everyshelf.promise.snapshot import Snapshot, price_of

NEAREST: Final = 10
SENT: Final = (Method.SHIP, Method.SAME_DAY)
Needs = dict[str, int]
Replace = msgspec.structs.replace


class _Stock:
    """What each pool has of each item by node, and the reason where it has nothing."""

    def __init__(self, tx: Tx, cells: Iterable[tuple[str, str, str]]) -> None:
        asked = sorted(set(cells))
        answers = stock.availability(tx, [stock.Ask(*cell) for cell in asked]) if asked else []
        self.total = {cell: a.total for cell, a in zip(asked, answers, strict=True)}
        self.reason = {cell: a.reason for cell, a in zip(asked, answers, strict=True)}
        self.at = {
            cell: {n.node: n.atp for n in a.nodes if n.atp > 0}
            for cell, a in zip(asked, answers, strict=True)
        }


def options(tx: Tx, asks: Sequence[PromiseAsk]) -> list[Promise]:
    """What can be said for each ask: offered options soonest first, then what is not, with why."""
    items = catalog.items(tx, {item for ask in asks for item, _ in ask.lines})
    kits = catalog.kits(tx, items)
    items |= catalog.items(tx, {part.item for parts in kits.values() for part in parts})
    snapshot = Snapshot(tx, network.nodes(tx))
    needs = [_needs(ask, kits) for ask in asks]
    pools = [_pools(ask, snapshot) for ask in asks]
    cells = [
        (item, ask.channel, pool)
        for ask, need, names in zip(asks, needs, pools, strict=True)
        for item in need
        if item in items
        for _, pool in names
    ]
    have = _Stock(tx, cells)
    made = []
    for ask, need, names in zip(asks, needs, pools, strict=True):
        wrong = _wrong(ask, need, items)
        weight = sum(items[i].weight_g * q for i, q in need.items()) if wrong is None else 0
        found = [
            option
            for method, pool in names
            for option in (
                [Option(method, node=_node(pool), why_not=wrong)]
                if wrong
                else _options(snapshot, have, ask, need, method, pool, weight, items)
            )
        ]
        found += _nowhere(ask, names)
        made.append(Promise(sorted(found, key=_rank)))
    return made


def _needs(ask: PromiseAsk, kits: dict[str, list[catalog.KitComponent]]) -> Needs:
    """Units by item, kits taken apart, duplicate lines summed."""
    found: Needs = {}
    for item, qty in ask.lines:
        for part, each in [(c.item, c.qty) for c in kits.get(item, ())] or [(item, 1)]:
            found[part] = found.get(part, 0) + each * qty
    return found


def _wrong(ask: PromiseAsk, need: Needs, items: dict[str, catalog.Item]) -> WhyNot | None:
    if not need or not all(1 <= qty <= stock.MAX_QTY for _, qty in ask.lines):
        return WhyNot.QTY_INVALID
    return WhyNot.ITEM_UNKNOWN if any(item not in items for item in need) else None


def _methods(ask: PromiseAsk) -> list[Method]:
    return list(Method) if ask.methods is None else [Method(m) for m in ask.methods]


def _pools(ask: PromiseAsk, snapshot: Snapshot) -> list[tuple[Method, str]]:
    """The pools that could serve the ask: one for each sent method, the nearest collected ones."""
    found: list[tuple[Method, str]] = []
    there = ask.near or (network.locate(ask.destination) if ask.destination else None)
    today = snapshot.now.date()
    for method in _methods(ask):
        if method in SENT:
            found.append((method, pool_of(method, None)))
            continue
        able = [
            n
            for n in snapshot.nodes.values()
            if method in n.capabilities and n.active and not n.paused
            and (n.opens_on is None or n.opens_on <= today)
            and (n.closes_on is None or today <= n.closes_on)
        ]  # fmt: skip
        if there is not None:
            able.sort(key=lambda n: (network.haversine_km((n.lat, n.lon), there), n.node))
        found += [(method, pool_of(method, n.node)) for n in able[:NEAREST]]
    return found


def _nowhere(ask: PromiseAsk, pools: list[tuple[Method, str]]) -> list[Option]:
    there = {method for method, _ in pools}
    return [Option(m, why_not=WhyNot.NO_NODE) for m in _methods(ask) if m not in there]


def _node(pool: str) -> str | None:
    return pool.partition(":")[2] or None


def _options(
    snapshot: Snapshot, have: _Stock, ask: PromiseAsk, need: Needs, method: Method, pool: str,
    weight_g: int, items: dict[str, catalog.Item],
) -> list[Option]:  # fmt: skip
    short = [i for i, q in need.items() if have.total[i, ask.channel, pool] < q]
    if short:
        why = have.reason[short[0], ask.channel, pool] or decide.Missing.NO_STOCK
        return [Option(method, node=_node(pool), why_not=str(why))]
    if method in COLLECTED:
        return [_collected(snapshot, method, pool)]
    if ask.destination is None:
        return [Option(method, why_not=WhyNot.NO_DESTINATION)]
    stocks = {i: have.at[i, ask.channel, pool] for i in need}
    whole = [n for n in snapshot.nodes if all(stocks[i].get(n, 0) >= q for i, q in need.items())]
    if whole:
        return _sent(snapshot, ask.destination, method, whole, weight_g)
    if method is Method.SAME_DAY:
        return [Option(method, why_not=decide.Missing.NO_STOCK)]
    parcels = [
        (node, sum(items[i].weight_g * q for i, q in part.items()))
        for node, part in spread(need, stocks)
    ]
    return _split(snapshot, ask.destination, parcels)


def _collected(snapshot: Snapshot, method: Method, pool: str) -> Option:
    code = pool.partition(":")[2]
    offer = Replace(snapshot.offer(code), pickup_price_minor=0)
    decision = decide.options(decide.Problem(snapshot.now, (offer,)))
    if not decision.options:
        return Option(method, node=code, why_not=str(decision.why[0][2]))
    at = decision.options[0]
    return Option(method, None, code, 0, None, at.earliest_at, at.latest_at)


def _sent(
    snapshot: Snapshot, to: network.Address, method: Method, codes: list[str], weight_g: int
) -> list[Option]:
    """The best node of each service, of those that have all."""
    offers, why = [], set[str]()
    for n, code in enumerate(codes):
        offer, missing = _offer(snapshot, to, method, code, weight_g)
        why |= missing
        offers.append(Replace(offer, node=n))
    decision = decide.options(decide.Problem(snapshot.now, tuple(offers)))
    found = [_said(snapshot, method, o, _service(snapshot, to, codes[o.node], method, o.service))
             for o in decision.options]  # fmt: skip
    why |= {str(missing) for _, _, missing in decision.why}
    reason = min(why) if why else WhyNot.OUT_OF_REACH
    return found or [Option(method, why_not=str(reason))]


def _said(snapshot: Snapshot, method: Method, o: decide.Option, service: str | None) -> Option:
    rates = snapshot.services[service].rates if service else ()
    currency = rates[0].currency if rates else None
    return Option(method, service, None, o.price_minor, currency, o.earliest_at, o.latest_at)


def _service(
    snapshot: Snapshot, to: network.Address, code: str, method: Method, service: str
) -> str | None:
    """A courier's option is named by its method; its service is the node's first courier."""
    return service if method is Method.SHIP else next(iter(_kinds(snapshot, to, code, method)))


def _kinds(
    snapshot: Snapshot, to: network.Address, code: str, method: Method
) -> dict[str, network.Reach]:
    reaches = snapshot.reach(code, to)
    return {s: reaches[s] for s in sorted(reaches) if snapshot.services[s].kind == method.value}


def _offer(
    snapshot: Snapshot, to: network.Address, method: Method, code: str, weight_g: int
) -> tuple[decide.NodeOffer, set[str]]:
    """The node with the services of this method that reach the address and have a price."""
    node, offer, why = snapshot.nodes[code], snapshot.offer(code), set[str]()
    lanes = []
    for service, reach in _kinds(snapshot, to, code, method).items():
        price = price_of(snapshot.services[service], reach.zone, weight_g)
        if price is None:
            why.add(WhyNot.NO_RATE)
        elif method is Method.SHIP:
            lanes.append(snapshot.lane(node, service, reach, price))
        else:
            return Replace(offer, same_day=snapshot.courier(reach, price)), why
    return Replace(offer, lanes=tuple(lanes)), why


def spread(need: Needs, stocks: dict[str, dict[str, int]]) -> list[tuple[str, Needs]]:
    """Serves the needs from few nodes: again and again the node that has most of what is left."""
    left, found = dict(need), []
    nodes = sorted({n for at in stocks.values() for n in at})
    while left and nodes:
        best = max(nodes, key=lambda n: sum(min(q, stocks[i].get(n, 0)) for i, q in left.items()))
        nodes.remove(best)
        part = {i: take for i, q in left.items() if (take := min(q, stocks[i].get(best, 0)))}
        if part:
            found.append((best, part))
        left = {i: q - part.get(i, 0) for i, q in left.items() if q > part.get(i, 0)}
    return found


def _split(snapshot: Snapshot, to: network.Address, parcels: list[tuple[str, int]]) -> list[Option]:
    """The services that can bring all parcels: the sum of the prices, the latest of the dates."""
    by_service: dict[str, list[Option]] = {}
    for code, weight_g in parcels:
        for option in _sent(snapshot, to, Method.SHIP, [code], weight_g):
            if option.service is None:
                return [option]
            by_service.setdefault(option.service, []).append(option)
    whole = {s: found for s, found in by_service.items() if len(found) == len(parcels)}
    if not whole:
        return [Option(Method.SHIP, why_not=WhyNot.OUT_OF_REACH)]
    return [
        Option(
            Method.SHIP, service, None, sum(o.price_minor or 0 for o in found), found[0].currency,
            max(o.earliest for o in found if o.earliest), max(o.latest for o in found if o.latest),
        )
        for service, found in sorted(whole.items())
    ]  # fmt: skip


def _rank(o: Option) -> tuple[bool, str, str, str, str]:
    latest = o.latest.isoformat() if o.latest is not None else ""
    return o.why_not is not None, latest, o.method, o.service or "", o.node or ""
