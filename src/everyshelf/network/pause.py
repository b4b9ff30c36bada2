"""Verbs: pause and resume a node. It keeps its stock and its work meanwhile, and gets no more."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf.base import claims, outbox
from everyshelf.base.declare import Saved, expect, fold
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.network.events import NodePaused, NodeResumed
from everyshelf.network.facts import NODE_UNKNOWN, Node, Pause, Resume

SQL = load("everyshelf.network")


def pause(tx: Tx, commands: Sequence[Pause]) -> list[Result[Saved]]:
    """Takes nodes out of every pool; a node that is paused already stays as it is."""
    return claims.once(tx, "network.pause", commands, _switch, Saved)


def resume(tx: Tx, commands: Sequence[Resume]) -> list[Result[Saved]]:
    """Lets paused nodes serve again."""
    return claims.once(tx, "network.resume", commands, _switch, Saved)


def _switch(tx: Tx, commands: Sequence[Pause | Resume]) -> list[Result[Saved]]:
    codes = sorted({c.node for c in commands})
    rows = {n.node: n for n in tx.all(SQL.lock_nodes, Node, nodes=codes)}
    folded = fold(commands, rows, lambda c: c.node, _state)
    nodes = list(folded.rows.values())
    if nodes:
        touched = tx.run(
            SQL.set_paused,
            nodes=[n.node for n in nodes],
            paused=[n.paused for n in nodes],
            versions=[n.version for n in nodes],
            now=tx.now,
        )
        expect(touched, len(nodes))
    outbox.emit(tx, [_event(command, node) for command, node in folded.changes])
    return folded.results


def _state(command: Pause | Resume, before: Node | None) -> Node:
    if before is None:
        raise NODE_UNKNOWN(f"There is no node {command.node}.")
    return msgspec.structs.replace(before, paused=isinstance(command, Pause))


def _event(command: Pause | Resume, node: Node) -> NodePaused | NodeResumed:
    if isinstance(command, Pause):
        return NodePaused(node=node.node, reason=command.reason, version=node.version)
    return NodeResumed(node=node.node, version=node.version)
