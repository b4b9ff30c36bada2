"""What a route is, as data: a verb, a detail or a list. Answers nothing and permits nothing.

The room files of this package declare; `endpoints` serves, `openapi` describes, `access` permits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar, get_type_hints

import msgspec

from everyshelf.base.errors import NOT_FOUND
from everyshelf.base.results import Result
from everyshelf.base.sql import Statement
from everyshelf.base.tx import Tx

PARAMETER: Final = re.compile(r"\{(\w+)\}")

V = TypeVar("V")
Do = Callable[[Tx, Sequence[Any]], list[Result[Any]]]


@dataclass(frozen=True)
class Verb:
    """A command by HTTP: the body is the command without its key, version and path fields.

    `location` is the path of what was made, filled from the answer. A bare number or id is told
    under the name `told_as`.
    """

    method: str
    path: str
    do: Do
    command: type[msgspec.Struct]
    value: Any
    summary: str
    status: int = 200
    told_as: str = ""
    location: str = ""
    bulk: bool = True

    @property
    def keyed(self) -> bool:
        """Whether the command carries an idempotency key; else it is idempotent by its content."""
        return "key" in self.command.__struct_fields__

    @property
    def answer(self) -> Any:
        """The type of the answer's body."""
        if not self.told_as:
            return self.value
        return _told(self.told_as, self.value)

    def tell(self, value: Any) -> Any:
        """The answer's body."""
        return self.answer(value) if self.told_as else value

    @property
    def bulk_path(self) -> str:
        """`/v1/orders/{order_id}/cancel` -> `/v1/orders/cancel/bulk`."""
        kept = [piece for piece in self.path.split("/") if not PARAMETER.fullmatch(piece)]
        return "/".join(kept) + "/bulk"


@dataclass(frozen=True)
class Read:
    """A detail: `do` gets the path and query fields as `query` and finds the value or refuses."""

    path: str
    do: Callable[[Tx, Any], Any]
    query: type[msgspec.Struct]
    value: Any
    summary: str
    media: str = "application/json"
    method: str = "GET"


@dataclass(frozen=True)
class Listing:
    """A list in pages: the statement takes the query's fields, `after`, `limit`, and the bounds of
    the caller as `nodes` or `channels` where bound callers may use it.

    `by` is the column that orders the list; a `newest` list runs downwards. `within` is the field
    of the query whose part the list stays in; the statement takes it as `part`.
    """

    path: str
    statement: Statement
    row: type[msgspec.Struct]
    query: type[msgspec.Struct]
    summary: str
    by: str = "id"
    newest: bool = True
    within: str = ""
    method: str = "GET"

    def takes(self, parameter: str) -> bool:
        """Whether the statement has this parameter."""
        return f"%({parameter})s" in self.statement.text


@dataclass(frozen=True)
class Call:
    """A question with a body: changes nothing and needs no key."""

    path: str
    do: Callable[[Tx, Any], Any]
    command: type[msgspec.Struct]
    value: Any
    summary: str
    method: str = "POST"


Route = Verb | Read | Listing | Call


@cache
def _told(name: str, value: Any) -> type[msgspec.Struct]:
    title = "".join(piece.capitalize() for piece in name.split("_"))
    return msgspec.defstruct(f"{title}Told", [(name, value)], frozen=True)


def view(name: str, kind: type[msgspec.Struct], *hidden: str) -> type[msgspec.Struct]:
    """A room's struct as the API shows it: without what is not for callers."""
    hints = get_type_hints(kind)
    fields = [(f, hints[f]) for f in kind.__struct_fields__ if f not in hidden]
    said = {"__doc__": kind.__doc__}
    return msgspec.defstruct(
        name, fields, frozen=True, kw_only=True, module=__name__, namespace=said
    )


def shown(kind: type[msgspec.Struct], value: object) -> Any:
    """A value in the form of a view."""
    return kind(**{f: getattr(value, f) for f in kind.__struct_fields__})


def only(found: Collection[V], what: str) -> V:
    """The one that was asked for; refuses when there is none."""
    for one in found:
        return one
    raise NOT_FOUND(f"There is no such {what}.")


class NoQuery(msgspec.Struct, frozen=True):
    """A list without filters."""


@dataclass(frozen=True)
class Face:
    """One room's routes under one heading of the documentation."""

    name: str
    about: str
    routes: tuple[Route, ...]


def parameters(path: str) -> list[str]:
    """The names in a path: `/v1/orders/{order_id}` -> `["order_id"]`."""
    return PARAMETER.findall(path)


def name_of(method: str, path: str) -> str:
    """How a route is named in the table of permissions: `POST /v1/orders`."""
    return f"{method} {path}"
