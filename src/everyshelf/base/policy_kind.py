"""What each policy is: the struct of its parameters, who checks them and who tries them.

The room that owns a policy registers it when it is imported; this module imports no room by name.
A check looks at the document alone; a trial also at what would become of recent work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, TypeVar

import msgspec

from everyshelf.base import codec, shape
from everyshelf.base.errors import Code, Problem, Refused
from everyshelf.base.policy_book import UNKNOWN
from everyshelf.base.tx import Tx
from everyshelf.journey import ROOMS

P = TypeVar("P", bound=msgspec.Struct)

NUL: Final = rb"\u0000"

INVALID: Final = Code(
    "policy.invalid", 422, "The document is no policy of this name; `errors` says every place."
)
TRIAL_FAILED: Final = Code(
    "policy.trial_failed",
    409,
    "Recent work would go wrong under this version; `errors` says what. Force it if that is meant.",
)


def no_problem(_: Any) -> Sequence[Problem]:
    """The check of a policy of which every document of the right shape is good."""
    return ()


def no_trial(_tx: Tx, _params: Any) -> Sequence[Problem]:
    """The trial of a policy that is not tried."""
    return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A policy by name."""

    name: str
    params: type[msgspec.Struct]
    check: Callable[[Any], Sequence[Problem]]
    trial: Callable[[Tx, Any], Sequence[Problem]]


_KINDS: Final[dict[str, Kind]] = {}


def register(
    name: str,
    params: type[P],
    check: Callable[[P], Sequence[Problem]] = no_problem,
    trial: Callable[[Tx, P], Sequence[Problem]] = no_trial,
) -> None:
    """Says what the policy of this name is; its room calls this once, at import."""
    assert name not in _KINDS, f"the policy {name} is registered twice"
    _KINDS[name] = Kind(name, params, check, trial)


def kinds() -> dict[str, Kind]:
    """All policies of all rooms by name."""
    for room in ROOMS:
        if find_spec(f"everyshelf.{room}"):
            import_module(f"everyshelf.{room}")
    return dict(sorted(_KINDS.items()))


def kind(name: str) -> Kind:
    """The policy of this name. Refused(policy.unknown)."""
    known = _KINDS.get(name) or kinds().get(name)
    if known is None:
        raise UNKNOWN(f"There is no policy {name!r}. {shape.near(name, kinds())}".strip())
    return known


def read(name: str, document: object) -> msgspec.Struct:
    """The parameters that a document of builtins states. Refused(policy.invalid) with every place
    that is wrong."""
    wanted = kind(name)
    found = shape.problems(document, wanted.params)
    if found:
        raise invalid(found)
    params: msgspec.Struct = codec.convert(document, wanted.params)
    if NUL in codec.encode(params):
        raise invalid([Problem("", "A text holds no NUL character.")])
    if found := list(wanted.check(params)):
        raise invalid(found)
    return params


def invalid(found: Sequence[Problem]) -> Refused:
    """The refusal of a document that is wrong at these places."""
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return INVALID(f"{found[0].words}{more}", found)


def check(name: str, params: msgspec.Struct) -> None:
    """Checks parameters that a program made. Refused(policy.invalid). A policy that no room
    registered is not checked."""
    known = _KINDS.get(name)
    if known is not None and (found := known.check(params)):
        raise invalid(found)


def trial(tx: Tx, name: str, text: str) -> list[Problem]:
    """What would become of recent work under these parameters; nothing is good."""
    known = _KINDS.get(name) or kinds().get(name)
    if known is None:
        return []
    return list(known.trial(tx, codec.decode(text, known.params)))
