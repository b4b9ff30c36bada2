"""Decides on which node's units the soft holds of one item sit, when their pools overlap.

A request that finds no free unit at its nodes makes flexible holds move within their own pools,
along augmenting paths of a flow: it is granted if and only if the flow says it can be. It does not
expire holds, choose the final node (sourcing does) or touch the ledger.

What a floor means: a drawer with floor f may take free units of a node only while f are left after
it, and may take over the seat of a hold that moves away only if the node has f free units. When
holds move, they leave at each node the highest of the floors that all drawers there can meet, so
that no swap of seats lets one dig below its floor; the asker itself counts as the last to draw.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

Pool = tuple[tuple[int, int], ...]
Vertex = tuple[str, int, int]
Residual = dict[Vertex, dict[Vertex, int]]

SOURCE: Vertex = ("source", 0, 0)
SINK: Vertex = ("sink", 0, 0)
ASKER = -1


class Refusal(StrEnum):
    """Why a request got nothing."""

    SHORTAGE = "shortage"
    NO_NODES = "no_nodes"


class Held(msgspec.Struct, frozen=True):
    """Units of a flexible hold on one node; a split hold is several of these with one id.

    `floors` is aligned with `nodes` (empty: no floor anywhere).
    """

    id: int
    node: int
    nodes: tuple[int, ...]
    qty: int
    floors: tuple[int, ...] = ()


class Request(msgspec.Struct, frozen=True):
    """Units wanted at any of `nodes` (best first); `floors` = free units to leave at each node."""

    id: int
    nodes: tuple[int, ...]
    qty: int
    floors: tuple[int, ...] = ()


class Problem(msgspec.Struct, frozen=True):
    """One item: free units per node, the flexible holds, the requests in order of arrival."""

    free: tuple[tuple[int, int], ...]
    holds: tuple[Held, ...]
    requests: tuple[Request, ...]


class Policy(msgspec.Struct, frozen=True):
    """Whether holds may move at all; without it a request takes only what is free."""

    move_holds: bool = True


STANDARD = Policy()


class Grant(msgspec.Struct, frozen=True):
    """The answer to one request: its parts (node, qty), or why it got none and what could be had.

    `searched` tells that free units alone were not enough.
    """

    request: int
    parts: tuple[tuple[int, int], ...]
    why: Refusal | None
    could_have: int
    searched: bool


class Move(msgspec.Struct, frozen=True):
    """Part of a hold that now sits on another node of its pool."""

    hold: int
    from_node: int
    to_node: int
    qty: int


class Decision(msgspec.Struct, frozen=True):
    """One grant per request in the order of arrival, and the net moves of the holds."""

    grants: tuple[Grant, ...]
    moves: tuple[Move, ...]


class _Shelf:
    """The working state of one item: free units, and per hold its pool and where its units sit."""

    def __init__(self, problem: Problem) -> None:
        self.free = dict(problem.free)
        self.pools: dict[int, Pool] = {}
        self.sits: dict[int, dict[int, int]] = {}
        for held in problem.holds:
            self.pools[held.id] = _pool(held.nodes, held.floors)
            self.put(held.id, held.node, held.qty)

    def put(self, hold: int, node: int, qty: int) -> None:
        places = self.sits.setdefault(hold, {})
        places[node] = places.get(node, 0) + qty
        if places[node] == 0:
            del places[node]

    def grant(self, request: Request, parts: Sequence[tuple[int, int]]) -> None:
        self.pools[request.id] = _pool(request.nodes, request.floors)
        for node, qty in parts:
            self.put(request.id, node, qty)


def decide(problems: Sequence[Problem], policy: Policy = STANDARD) -> list[Decision]:
    """Place the requests of every item of the batch."""
    return [place(problem, policy) for problem in problems]


def place(problem: Problem, policy: Policy = STANDARD) -> Decision:
    """Grant or refuse each request in order of arrival; a granted one is itself flexible later."""
    shelf = _Shelf(problem)
    answers = [_answer(shelf, request, policy) for request in problem.requests]
    grants = (
        msgspec.structs.replace(answer, parts=_parts(shelf, request))
        if answer.why is None
        else answer
        for answer, request in zip(answers, problem.requests, strict=True)
    )
    return Decision(tuple(grants), _moves(problem, shelf))


def _answer(shelf: _Shelf, request: Request, policy: Policy) -> Grant:
    pool = _pool(request.nodes, request.floors)
    if not pool:
        return Grant(request.id, (), Refusal.NO_NODES, 0, False)
    direct = _take_free(shelf, pool, request.qty)
    found = sum(qty for _, qty in direct)
    if found == request.qty:
        for node, qty in direct:
            shelf.free[node] -= qty
        shelf.grant(request, direct)
        return Grant(request.id, (), None, found, False)
    if not policy.move_holds:
        return Grant(request.id, (), Refusal.SHORTAGE, found, False)
    return _rearrange(shelf, request, pool)


def _take_free(shelf: _Shelf, pool: Pool, qty: int) -> list[tuple[int, int]]:
    """Free units only: whole at the first node that has all, else parts in order of preference."""
    usable = [(node, max(0, shelf.free.get(node, 0) - floor)) for node, floor in pool]
    for node, units in usable:
        if units >= qty:
            return [(node, qty)]
    parts = []
    for node, units in usable:
        if take := min(units, qty):
            parts.append((node, take))
            qty -= take
    return parts


def _rearrange(shelf: _Shelf, request: Request, pool: Pool) -> Grant:
    """Find room by a flow through the holds; nothing changes unless the whole request fits."""
    classes, kinds = _classes(shelf)
    network = _network(shelf, kinds, pool, request.qty)
    before = {u: dict(arcs) for u, arcs in network.items()}
    found = _augment(network, request.qty)
    if found < request.qty:
        return Grant(request.id, (), Refusal.SHORTAGE, found, True)
    flow = {
        (u, v): cap - network[u][v]
        for u, arcs in before.items()
        for v, cap in arcs.items()
        if cap > network[u][v]
    }
    _apply(shelf, flow, classes, request)
    return Grant(request.id, (), None, found, True)


def _classes(shelf: _Shelf) -> tuple[list[list[int]], list[tuple[Pool, dict[int, int]]]]:
    """Holds with the same pool and floors move alike, so the flow sees one vertex for them all."""
    index: dict[Pool, int] = {}
    members: list[list[int]] = []
    kinds: list[tuple[Pool, dict[int, int]]] = []
    for hold in sorted(shelf.sits):
        pool = tuple(sorted(shelf.pools[hold]))
        k = index.setdefault(pool, len(members))
        if k == len(members):
            members.append([])
            kinds.append((pool, {}))
        members[k].append(hold)
        for node, qty in shelf.sits[hold].items():
            kinds[k][1][node] = kinds[k][1].get(node, 0) + qty
    return members, kinds


def _network(
    shelf: _Shelf, kinds: Sequence[tuple[Pool, dict[int, int]]], pool: Pool, qty: int
) -> Residual:
    """Drawer -> free units of a node -> sink, or drawer -> seat of a node -> who sits there."""
    net: Residual = {SOURCE: {}, SINK: {}}
    _arc(net, SOURCE, ("drawer", ASKER, 0), qty)
    lows = dict(pool)
    highest = _highest(shelf, [pool, *(kind[0] for kind in kinds)])
    for node, keep in highest.items():
        free = shelf.free.get(node, 0)
        _arc(net, ("spare", node, 0), ("free", node, 0), free - keep)
        _arc(net, ("free", node, 0), SINK, free - lows.get(node, keep))
    for k, nodes in ((ASKER, pool), *((k, kind[0]) for k, kind in enumerate(kinds))):
        for node, floor in nodes:
            if shelf.free.get(node, 0) >= floor:
                taken: Vertex = ("free" if k == ASKER else "spare", node, 0)
                _arc(net, ("drawer", k, 0), taken, _UNLIMITED)
                _arc(net, ("drawer", k, 0), ("seat", node, 0), _UNLIMITED)
    for k, (_, places) in enumerate(kinds):
        for node, units in places.items():
            _arc(net, ("seat", node, 0), ("drawer", k, 0), units)
    return net


def _highest(shelf: _Shelf, pools: Sequence[Pool]) -> dict[int, int]:
    """Per node the highest floor that its free units can still meet; unmet ones may not draw."""
    highest: dict[int, int] = {}
    for pool in pools:
        for node, floor in pool:
            if floor <= shelf.free.get(node, 0):
                highest[node] = max(highest.get(node, 0), floor)
    return highest


_UNLIMITED = 1 << 40


def _arc(net: Residual, u: Vertex, v: Vertex, cap: int) -> None:
    net.setdefault(u, {})[v] = cap
    net.setdefault(v, {}).setdefault(u, 0)


def _augment(net: Residual, want: int) -> int:
    """Shortest augmenting paths (Edmonds and Karp 1972) until the wanted flow or none is left."""
    found = 0
    while found < want and (path := _path(net)):
        step = min(net[u][v] for u, v in path)
        for u, v in path:
            net[u][v] -= step
            net[v][u] += step
        found += step
    return found


def _path(net: Residual) -> list[tuple[Vertex, Vertex]]:
    came: dict[Vertex, Vertex] = {SOURCE: SOURCE}
    queue = deque([SOURCE])
    while queue and SINK not in came:
        u = queue.popleft()
        for v, cap in net[u].items():
            if cap > 0 and v not in came:
                came[v] = u
                queue.append(v)
    path = []
    v = SINK
    while v in came and v != SOURCE:
        path.append((came[v], v))
        v = came[v]
    return path[::-1]


def _apply(
    shelf: _Shelf,
    flow: dict[tuple[Vertex, Vertex], int],
    classes: Sequence[Sequence[int]],
    request: Request,
) -> None:
    """Turn the flow into net gains and losses of each drawer at each node, then seat them."""
    change: dict[int, dict[int, int]] = {}
    for (u, v), qty in flow.items():
        if u[0] == "drawer":
            _shift(change, u[1], v[1], qty)
        elif u[0] == "seat":
            _shift(change, v[1], u[1], -qty)
        elif v == SINK:
            shelf.free[u[1]] -= qty
    shelf.grant(request, sorted(change.pop(ASKER).items()))
    for k, nodes in change.items():
        _reseat(shelf, classes[k], nodes)


def _shift(change: dict[int, dict[int, int]], drawer: int, node: int, qty: int) -> None:
    nodes = change.setdefault(drawer, {})
    nodes[node] = nodes.get(node, 0) + qty


def _reseat(shelf: _Shelf, members: Sequence[int], change: dict[int, int]) -> None:
    """Move units of the class from losing to gaining nodes, oldest hold id first."""
    gains = deque((node, qty) for node, qty in sorted(change.items()) if qty > 0)
    for node in sorted(node for node, qty in change.items() if qty < 0):
        left = -change[node]
        for hold in members:
            while left and (here := shelf.sits[hold].get(node, 0)):
                target, room = gains.popleft()
                qty = min(left, here, room)
                shelf.put(hold, node, -qty)
                shelf.put(hold, target, qty)
                left -= qty
                if room > qty:
                    gains.appendleft((target, room - qty))


def _pool(nodes: tuple[int, ...], floors: tuple[int, ...]) -> Pool:
    return tuple(zip(nodes, floors or (0,) * len(nodes), strict=True))


def _parts(shelf: _Shelf, request: Request) -> tuple[tuple[int, int], ...]:
    places = shelf.sits.get(request.id, {})
    return tuple((node, places[node]) for node in request.nodes if places.get(node))


def _moves(problem: Problem, shelf: _Shelf) -> tuple[Move, ...]:
    """The net difference of the existing holds between before and after, node by node."""
    before: dict[int, dict[int, int]] = {}
    for held in problem.holds:
        places = before.setdefault(held.id, {})
        places[held.node] = places.get(held.node, 0) + held.qty
    return tuple(m for hold in before for m in _difference(hold, before[hold], shelf.sits[hold]))


def _difference(hold: int, old: dict[int, int], new: dict[int, int]) -> Iterator[Move]:
    nodes = sorted(old.keys() | new.keys())
    lost = [[n, old.get(n, 0) - new.get(n, 0)] for n in nodes if old.get(n, 0) > new.get(n, 0)]
    for node in nodes:
        gain = new.get(node, 0) - old.get(node, 0)
        while gain > 0:
            qty = min(gain, lost[0][1])
            yield Move(hold, lost[0][0], node, qty)
            gain -= qty
            lost[0][1] -= qty
            if not lost[0][1]:
                lost.pop(0)
