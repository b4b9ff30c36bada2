"""API keys: made, listed, revoked and recognised. Only a hash of a key's secret is kept.

A key carries a role, and may be bound to nodes and channels and end on a date. What a role may do
is decided in `web.access`, not here.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base import claims, ids
from everyshelf.base.errors import INVALID, NOT_FOUND, Code, Refused
from everyshelf.base.ids import Id
from everyshelf.base.results import Outcome, Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx

SQL = load("everyshelf.edge")

PREFIX: Final = "es_"
SECRET_BYTES: Final = 32
SEEN_AGAIN_AFTER: Final = timedelta(minutes=5)
LETTERS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase

BINDING_REQUIRED: Final = Code(
    "access.binding_required", 422, "A key of this role is bound to the nodes it works in."
)

ROLE_TOO_HIGH: Final = Code("access.role_too_high", 403, "Only an owner makes another owner.")


class Role(StrEnum):
    """Who somebody is to Everyshelf."""

    OWNER = "owner"
    ADMIN = "admin"
    PLANNER = "planner"
    AGENT = "agent"
    STORE_MANAGER = "store_manager"
    ASSOCIATE = "associate"
    WAREHOUSE = "warehouse"
    PARTNER = "partner"
    FINANCE = "finance"
    AUDITOR = "auditor"
    INTEGRATION = "integration"


AT_A_NODE: Final = frozenset({Role.STORE_MANAGER, Role.ASSOCIATE, Role.WAREHOUSE, Role.PARTNER})


class KeyId(Id):
    """Identifies an API key; says nothing about its secret."""

    prefix = "key"


class MakeKey(msgspec.Struct, frozen=True):
    """Make an API key; `nodes` and `channels` bind it, None leaves it free."""

    key: str
    name: str
    role: Role
    nodes: list[str] | None = None
    channels: list[str] | None = None
    expires_at: datetime | None = None


class MadeKey(msgspec.Struct, frozen=True):
    """A new key. The secret is told once: a replay of the command answers without it."""

    key_id: KeyId
    name: str
    role: Role
    secret: str | None = None


class RevokeKey(msgspec.Struct, frozen=True):
    """End a key at once."""

    key: str
    key_id: KeyId


class ApiKey(msgspec.Struct, frozen=True):
    """A key as it stands, without anything secret."""

    id: KeyId
    name: str
    role: Role
    nodes: list[str] | None
    channels: list[str] | None
    made_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def make(tx: Tx, commands: Sequence[MakeKey]) -> list[Result[MadeKey]]:
    """Makes keys; the secrets are in the answers and nowhere else."""
    told: dict[KeyId, str] = {}

    def do(tx: Tx, fresh: list[MakeKey]) -> list[Result[MadeKey]]:
        return [_make(tx, command, told) for command in fresh]

    answers = claims.once(tx, "edge.make_key", commands, do, MadeKey)
    return [_with_secret(answer, told) for answer in answers]


def _with_secret(answer: Result[MadeKey], told: dict[KeyId, str]) -> Result[MadeKey]:
    if answer.value is None or answer.outcome is not Outcome.DONE:
        return answer
    value = msgspec.structs.replace(answer.value, secret=told[answer.value.key_id])
    return Result(answer.outcome, value)


def _make(tx: Tx, command: MakeKey, told: dict[KeyId, str]) -> Result[MadeKey]:
    refused = _wrong(command, tx.now) or _too_high(tx, command)
    if refused is not None:
        return Result.refused(refused)
    key_id, secret = ids.new(KeyId), new_secret()
    told[key_id] = secret
    tx.run(
        SQL.make_key,
        id=key_id,
        name=command.name,
        hash=digest(secret),
        role=command.role,
        nodes=command.nodes,
        channels=command.channels,
        now=tx.now,
        expires_at=command.expires_at,
    )
    return Result.done(MadeKey(key_id, command.name, command.role))


def _wrong(command: MakeKey, now: datetime) -> Refused | None:
    if not 1 <= len(command.name.strip()) <= 200:
        return INVALID("A key has a name of 1-200 letters that says who uses it.")
    if command.role in AT_A_NODE and not command.nodes:
        return BINDING_REQUIRED()
    if command.expires_at is not None and command.expires_at <= now:
        return INVALID("A key ends in the future.")
    if command.nodes == [] or command.channels == []:
        return INVALID("A key is bound to at least one node or channel, or to none by leaving out.")
    return None


def _too_high(tx: Tx, command: MakeKey) -> Refused | None:
    """A key cannot grant more than it has; a command line on the machine may grant all."""
    if command.role is not Role.OWNER or not tx.actor.startswith(f"{KeyId.prefix}_"):
        return None
    rows = tx.tuples(SQL.role_of_key, id=KeyId.parse(tx.actor))
    return None if rows == [(Role.OWNER.value,)] else ROLE_TOO_HIGH()


def revoke(tx: Tx, commands: Sequence[RevokeKey]) -> list[Result[ApiKey]]:
    """Ends keys; their next request is refused."""

    def do(tx: Tx, fresh: list[RevokeKey]) -> list[Result[ApiKey]]:
        rows = tx.all(SQL.revoke_keys, ApiKey, ids=[c.key_id for c in fresh], now=tx.now)
        ended = {row.id: row for row in rows}
        return [
            Result.done(ended[c.key_id]) if c.key_id in ended else Result.refused(NOT_FOUND())
            for c in fresh
        ]

    return claims.once(tx, "edge.revoke_key", commands, do, ApiKey)


def recognise(tx: Tx, secret: str) -> ApiKey | None:
    """The live key of this secret; notes that it was used, at most every five minutes."""
    found = tx.one(SQL.key_of_hash, ApiKey, hash=digest(secret), now=tx.now)
    if found is not None and _unseen(found, tx.now):
        tx.run(SQL.key_used, id=found.id, now=tx.now)
    return found


def _unseen(key: ApiKey, now: datetime) -> bool:
    return key.last_used_at is None or now - key.last_used_at > SEEN_AGAIN_AFTER


def first_owner(tx: Tx) -> str | None:
    """The secret of a new owner key when there is no key yet; None ever after."""
    tx.run(SQL.lock_keys)
    if tx.tuples(SQL.any_key):
        return None
    secret = new_secret()
    tx.run(
        SQL.make_key,
        id=ids.new(KeyId),
        name="first owner",
        hash=digest(secret),
        role=Role.OWNER,
        nodes=None,
        channels=None,
        now=tx.now,
        expires_at=None,
    )
    return secret


def new_secret() -> str:
    """`es_` and 32 random bytes in base62, so that scanners of leaked secrets know it."""
    rest = int.from_bytes(secrets.token_bytes(SECRET_BYTES), "big")
    letters = []
    for _ in range(43):
        rest, digit = divmod(rest, 62)
        letters.append(LETTERS[digit])
    return PREFIX + "".join(letters)


def digest(secret: str) -> bytes:
    """What is kept of a secret. 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()
