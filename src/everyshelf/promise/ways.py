"""Whether a line can reach its buyer at all: address, service, node; pure. Cart and orders ask."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from everyshelf.base.errors import INVALID, Code
from everyshelf.network import NODE_UNKNOWN, SERVICE_UNKNOWN, Node
from everyshelf.promise.facts import COLLECTED, Method

NODE_CLOSED = Code(
    "promise.node_closed", 409, "This node does not hand over orders this way now; choose another."
)


def check_way(
    method: str,
    node: str | None,
    service: str | None,
    nodes: Mapping[str, Node],
    services: Collection[str],
    today: date,
) -> None:
    """Refuses an unknown method, node or service, and a node that does not hand over this way."""
    if method not in list(Method):
        raise INVALID(f"There is no method {method!r}; known: {', '.join(Method)}.")
    if service is not None and service not in services:
        raise SERVICE_UNKNOWN(f"There is no service {service!r}.")
    if method in COLLECTED:
        _check_node(method, node, nodes, today)
    elif node is not None:
        raise INVALID(f"{method} is not collected; leave out the pickup_node.")


def _check_node(method: str, code: str | None, nodes: Mapping[str, Node], today: date) -> None:
    if code is None:
        raise INVALID(f"{method} needs a pickup_node.")
    node = nodes.get(code)
    if node is None:
        raise NODE_UNKNOWN(f"There is no node {code!r}.")
    if method not in node.capabilities:
        raise NODE_CLOSED(f"{code} does not offer {method}.")
    early = node.opens_on is not None and today < node.opens_on
    if not node.active or early or (node.closes_on is not None and today > node.closes_on):
        raise NODE_CLOSED(f"{code} is not open.")
    if node.paused:
        raise NODE_CLOSED(f"{code} does not take orders at the moment.")
