"""The routes of API keys."""

from __future__ import annotations

from everyshelf.base.sql import load
from everyshelf.edge import keys
from everyshelf.edge.keys import ApiKey
from everyshelf.edge.web.declare import Face, Listing, NoQuery, Verb

SQL = load("everyshelf.edge.web", "lists.sql")

FACE = Face(
    "keys",
    "Who may call: keys with a role, bound to nodes and channels, with an end.",
    (
        Listing("/v1/keys", SQL.list_keys, ApiKey, NoQuery, "List keys, without their secrets"),
        Verb(
            "POST", "/v1/keys", keys.make, keys.MakeKey, keys.MadeKey,
            "Make a key; the answer holds its secret, once", 201, bulk=False,
        ),
        Verb(
            "POST", "/v1/keys/{key_id}/revoke", keys.revoke, keys.RevokeKey, ApiKey,
            "End a key", bulk=False,
        ),
    ),
)  # fmt: skip
