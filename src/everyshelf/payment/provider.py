"""The port to whoever moves the money. A connector implements it at the edge; rooms never do.

Each call carries our key: a provider that sees a key again must answer as the first time and act
once. A call that ends without an answer raises `Unheard`; what became of it is looked up by the
same key, never guessed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from everyshelf.base.errors import EveryshelfError


class Answer(StrEnum):
    """What a provider said. `pending`: taken, not decided yet; ask again later."""

    DONE = "done"
    DECLINED = "declined"
    PENDING = "pending"


class ProviderAnswer(msgspec.Struct, frozen=True):
    """A provider's answer: its own reference for the effect, and its words."""

    answer: Answer
    ref: str = ""
    detail: str = ""


class Unheard(EveryshelfError):
    """The provider's answer did not arrive; the effect may or may not have happened."""


class Provider(Protocol):
    """Moves money once per key. `ref` is the provider's own name for the authorization."""

    def authorize(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer: ...

    def capture(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer: ...

    def refund(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer: ...

    def void(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer: ...

    def lookup(self, key: str, kind: str, ref: str) -> ProviderAnswer | None:
        """What became of a key; None when the provider has never seen it."""
        ...
