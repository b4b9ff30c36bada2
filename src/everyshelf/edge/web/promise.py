"""The route of promise: what can be said about these items, this place and this moment."""

from __future__ import annotations

from everyshelf import catalog, promise
from everyshelf.base.tx import Tx
from everyshelf.edge.web.declare import Call, Face


def _options(tx: Tx, ask: promise.PromiseAsk) -> promise.Promise:
    if not catalog.channels(tx, [ask.channel]):
        raise catalog.CHANNEL_UNKNOWN(f"There is no channel {ask.channel!r}.")
    return promise.options(tx, [ask])[0]


FACE = Face(
    "promise",
    "What can be said: ways to get it, with price, earliest and latest.",
    (
        Call(
            "/v1/promises", _options, promise.PromiseAsk, promise.Promise,
            "Ask for the ways in which a buyer can get these items",
        ),
    ),
)  # fmt: skip
