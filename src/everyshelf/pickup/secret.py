"""Codes and tokens: made at random, shown once, kept as hashes.

A spoken code has 20 bits, so it is hashed with argon2id; what protects it is that it works only at
one pickup, five times, until it is used. A token has 128 bits: a plain hash is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import msgspec
from argon2.exceptions import InvalidHash, VerificationError
from argon2.low_level import Type, hash_secret, verify_secret

DIGITS: Final = 6
MEMORY_KIB: Final = 1024
ROUNDS: Final = 1
SALT: Final = 16
ALONE: Final = 8  # Fewer than this are not worth a pool of threads.
THREADS: Final = 4
A = TypeVar("A")
B = TypeVar("B")


class Secret(msgspec.Struct, frozen=True):
    """A new code and token with their hashes."""

    code: str
    token: str
    code_hash: bytes
    token_hash: bytes


def make(count: int) -> list[Secret]:
    """New secrets; the hashes of a large batch are computed in threads."""
    return _each(lambda _: _one(), range(count))


def _one() -> Secret:
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    token = secrets.token_urlsafe(16)
    hashed = hash_secret(
        code.encode(), secrets.token_bytes(SALT), time_cost=ROUNDS, memory_cost=MEMORY_KIB,
        parallelism=1, hash_len=16, type=Type.ID,
    )  # fmt: skip
    return Secret(code, token, hashed, digest(token))


def digest(token: str) -> bytes:
    """The hash of a token."""
    return hashlib.sha256(token.encode()).digest()


class Presented(msgspec.Struct, frozen=True):
    """What somebody presents, and what it should match."""

    code: str
    token: str
    code_hash: bytes
    token_hash: bytes


def verify(presented: Sequence[Presented]) -> list[bool]:
    """Whether each presented token, or else code, is the right one."""
    return _each(_right, presented)


def _right(p: Presented) -> bool:
    if p.token:
        return hmac.compare_digest(digest(p.token), p.token_hash)
    try:
        return verify_secret(p.code_hash, plain(p.code).encode(), Type.ID)
    except (VerificationError, InvalidHash):
        return False


def plain(code: str) -> str:
    """A code as it was meant: `123 456` and `123-456` are `123456`."""
    return "".join(code.split()).replace("-", "")


def _each(do: Callable[[A], B], todo: Sequence[A]) -> list[B]:
    if len(todo) < ALONE:
        return [do(x) for x in todo]
    with ThreadPoolExecutor(THREADS) as pool:  # argon2 lets go of the interpreter while it works.
        return list(pool.map(do, todo))
