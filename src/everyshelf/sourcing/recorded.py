"""Decisions as bytes: the problem with the names of its rows and columns, and the answer.

All that the engine saw is kept, unweighed, so that it can be asked again under this policy or
another, with the code that decides live. What nodes and buyers would have answered is not known,
and the offers of services are those that were the cheapest then. Whole numbers take as few bytes
as the largest needs, a column of equals takes one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.decide import sourcing as engine
from everyshelf.orders import OrderId
from everyshelf.sourcing.facts import POLICY, DecisionId, Rules
from everyshelf.sourcing.problem import Ask

SQL = load("everyshelf.sourcing")
PAGE: Final = 500
Ints = NDArray[np.int64]
ROWS = ("qty", "weight_g", "volume_cm3", "value_minor")
COLUMNS = (
    "parcel_minor", "per_kg_minor", "labour_order_minor", "labour_line_minor",
    "labour_unit_minor", "priority",
)  # fmt: skip
SIZES = ("i1", "i2", "i4", "i8")
Packed = int | tuple[str, bytes]


class Recorded(msgspec.Struct, frozen=True, array_like=True):
    """A problem as it is kept. `filters`: the columns taken out by each; `most`: the limit of nodes
    under which it was decided; `whole`: whether the order wanted all or nothing."""

    order: int
    whole: bool
    most: int
    items: tuple[str, ...]
    nodes: tuple[str, ...]
    rows: list[Packed]
    columns: list[Packed]
    stock: Packed
    filters: list[tuple[str, list[int]]]
    facts: list[tuple[str, Packed]]
    asked: engine.OrderFacts
    kinds: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...]
    handling: tuple[tuple[str, ...], ...]


def record(asked: Ask, policy: engine.Policy) -> bytes:
    """The problem as bytes."""
    p = asked.problem
    words = (p.nodes.kind, p.nodes.country, p.nodes.region)
    kept = Recorded(
        p.order, not policy.partial, policy.rules.limits.max_nodes, tuple(asked.items),
        tuple(asked.nodes), [_pack(getattr(p, f)) for f in ROWS],
        [_pack(getattr(p, f)) for f in COLUMNS], _pack(p.stock),
        [(f, np.flatnonzero(m).tolist()) for f, m in p.filters],
        [(f, _pack(values)) for f, values in p.facts], p.asked,
        words, p.nodes.tags if any(p.nodes.tags) else (),
        p.lines.handling if any(p.lines.handling) else (),
    )  # fmt: skip
    return zlib.compress(msgspec.msgpack.encode(kept), 6)


def recorded(body: bytes) -> tuple[Recorded, engine.Problem]:
    """The problem back from its bytes, with its names."""
    kept = msgspec.msgpack.decode(zlib.decompress(body), type=Recorded)
    height, width = len(kept.items), len(kept.nodes)
    sizes = {"c": (width,), "r": (height,), "rc": (height, width)}
    masks = []
    for name, out in kept.filters:
        mask = np.zeros(width, np.bool_)
        mask[out] = True
        masks.append((name, mask))
    kind, country, region = kept.kinds
    tags = kept.tags or ((),) * width
    return kept, engine.Problem(
        order=kept.order, item=np.arange(height), node=np.arange(width),
        stock=_unpack(kept.stock, (height, width)), filters=tuple(masks),
        facts=tuple((f, _unpack(v, sizes[engine.FACTS[f][0]])) for f, v in kept.facts),
        asked=kept.asked, nodes=engine.NodeFacts(kept.nodes, kind, country, region, tags),
        lines=engine.LineFacts(kept.items, kept.handling or ((),) * height),
        **{f: _unpack(v, (height,)) for f, v in zip(ROWS, kept.rows, strict=True)},
        **{f: _unpack(v, (width,)) for f, v in zip(COLUMNS, kept.columns, strict=True)},
    )  # fmt: skip


def under(kept: Recorded, version: int, rules: Rules, *, same: bool = True) -> engine.Policy:
    """The policy under which a recorded problem is asked again: these rules, and what the order
    itself wanted. `same`: with the limit of nodes of the recorded decision."""
    shortage = engine.Shortage.REFUSE if kept.whole else engine.Shortage.PARTIAL
    if same and rules.limits.max_nodes != kept.most:
        rules = replace(rules, limits=replace(rules.limits, max_nodes=kept.most))
    return engine.Policy(POLICY, version, rules, shortage)


def answer(decision: engine.Decision) -> bytes:
    """The decision as bytes; the same decision gives the same bytes."""
    return msgspec.msgpack.encode(decision)


def answered(body: bytes) -> engine.Decision:
    """The decision back from its bytes."""
    return msgspec.msgpack.decode(body, type=engine.Decision)


def _pack(values: Ints) -> Packed:
    flat = values.ravel()
    if not len(flat) or (flat == flat[0]).all():
        return int(flat[0]) if len(flat) else 0
    low, high = int(flat.min()), int(flat.max())
    size = next(s for s in SIZES if np.iinfo(s).min <= low and high <= np.iinfo(s).max)
    return size, flat.astype(f"<{size}").tobytes()


def _unpack(packed: Packed, shape: tuple[int, ...]) -> Ints:
    if isinstance(packed, int):
        return np.full(shape, packed, np.int64)
    size, body = packed
    return np.frombuffer(body, f"<{size}").astype(np.int64).reshape(shape)


class _Kept(msgspec.Struct, frozen=True):
    id: DecisionId
    order_id: OrderId
    at: datetime
    policy_version: int
    problem: bytes


class Past(msgspec.Struct, frozen=True):
    """A decision of the past: when, for which order, under which version, and what was seen."""

    id: DecisionId
    order_id: OrderId
    at: datetime
    version: int
    names: Recorded
    problem: engine.Problem

    def under(self, version: int, rules: Rules) -> engine.Decision:
        """What these rules would have decided, by the code that decides live."""
        return engine.source_fully(self.problem, self.policy(version, rules))[1]

    def policy(self, version: int, rules: Rules) -> engine.Policy:
        """These rules, and what the order itself wanted."""
        return under(self.names, version, rules, same=False)


def past(tx: Tx, since: datetime, until: datetime, most: int) -> Iterator[Past]:
    """The decisions of a period, oldest first, `most` of them at most; pages are read as needed.

    Second looks at units that came in or waited count as the decisions that they were.
    """
    after = 0
    while most > 0:
        page = tx.all(
            SQL.past_decisions, _Kept, after=after, since=since, until=until, most=min(PAGE, most)
        )
        for k in page:
            names, problem = recorded(k.problem)
            yield Past(k.id, k.order_id, k.at, k.policy_version, names, problem)
        if len(page) < PAGE:
            return
        after, most = int(page[-1].id), most - len(page)
