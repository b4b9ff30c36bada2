"""Identifiers: 64 bits, time-ordered, made in the process, known before the write.

41 bits of milliseconds since 2024, 10 bits of worker, 12 bits of sequence. People and APIs see a
short typed base32 text (`ord_0d3k...`); the database stores the integer. Not a secret: links for
customers carry random tokens instead.
"""

from __future__ import annotations

import secrets
import threading
import time
import zlib
from functools import lru_cache
from typing import ClassVar, Self, TypeVar

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base32: no i, l, o, u.
PAIRS = [a + b for a in ALPHABET for b in ALPHABET]  # Ten bits at a time, for speed.
TO_PYTHON = str.maketrans(ALPHABET + "ilou", "0123456789abcdefghijklmnopqrstuv!!!!")
EPOCH_MS = 1_704_067_200_000  # 2024-01-01T00:00:00Z
PARTS = 16_384
LANES = 64
TEXT_LENGTH = 13


class Id(int):
    """A typed 64-bit identifier; `str(id)` is its public form, `Kind.parse(text)` its inverse."""

    prefix: ClassVar[str] = "id"

    def __str__(self) -> str:
        n = int(self)
        pairs = [PAIRS[n >> shift & 1023] for shift in (50, 40, 30, 20, 10, 0)]
        return f"{self.prefix}_{ALPHABET[n >> 60]}{''.join(pairs)}"

    __repr__ = __str__

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads the public form. ValueError when the prefix or a letter is wrong."""
        prefix, _, body = text.rpartition("_")
        if prefix != cls.prefix or len(body) != TEXT_LENGTH:
            raise ValueError(f"{text!r} is not an id of the kind {cls.prefix}_")
        if not (body.isascii() and body.isalnum()):
            raise ValueError(f"{text!r} is not an id of the kind {cls.prefix}_")
        try:
            value = int(body.lower().translate(TO_PYTHON), 32)
        except ValueError:
            raise ValueError(f"{text!r} is not an id of the kind {cls.prefix}_") from None
        if value >= 1 << 63:
            raise ValueError(f"{text!r} is larger than any id")
        return cls(value)


I = TypeVar("I", bound=Id)  # noqa: E741


class Maker:
    """Makes ids for one process; thread-safe; never repeats even if the clock steps back."""

    def __init__(self, worker: int = 0) -> None:
        self.worker = worker
        self._lock = threading.Lock()
        self._last = 0
        self._sequence = 0

    def number(self) -> int:
        with self._lock:
            now = max(int(time.time() * 1000) - EPOCH_MS, self._last)
            self._sequence = (self._sequence + 1) & 0xFFF if now == self._last else 0
            if now == self._last and self._sequence == 0:
                now += 1  # 4,096 ids in one millisecond: borrow from the next one.
            self._last = now
            return now << 22 | self.worker << 12 | self._sequence


MAKER = Maker()


def new(kind: type[I]) -> I:
    """A new id of this kind, greater than every id this process made before."""
    return kind(MAKER.number())


@lru_cache(maxsize=1 << 16)
def part_of(key: str | int) -> int:
    """The part (0..16383) a row lives in: crc32 of the key's text, fixed for all time."""
    return zlib.crc32(str(int(key) if isinstance(key, int) else key).encode()) % PARTS


def lane_of(subject: str) -> int:
    """The event lane (0..63) of an aggregate: all of its events share one."""
    return zlib.crc32(subject.encode()) % LANES


HOLDER = secrets.token_hex(8)  # Names this process where it leases its worker number.
