"""The document of the policy `sourcing`: sources, filters, costs, bands, limits, as plain data.

`Rules` is what a planner writes and what a version keeps; `flaws` says what is wrong with it and
where. How it is applied is in `sourcing`.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec

from everyshelf.decide import conditions, sourcing_costs, sourcing_filters
from everyshelf.decide.sourcing_costs import AnyCost
from everyshelf.decide.sourcing_filters import AnyFilter, Condition, Name, Natural


class Fill(StrEnum):
    """Whether an order goes as far as the stock goes."""

    AS_ORDERED = "as_ordered"
    COMPLETE = "complete"
    PARTIAL = "partial"


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A rung of the hierarchy: nodes for which `where` holds, no further than `max_km`.

    The first rung that can fill the order serves it; `otherwise` names the next one. A rung whose
    `when` does not hold for the order is passed over. With `together` the nodes of the rungs before
    it may serve as well.
    """

    name: Name
    where: str = "true"
    when: str = "true"
    max_km: Natural | None = None
    otherwise: str | None = None
    together: bool = True


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Orders for which `when` holds take their turn with this priority; the highest comes first."""

    when: str
    priority: int


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an order may be cut up, and how long the search may take.

    `min_value_to_split_minor`: orders worth less stay at one node. `never_split` (items) and
    `never_split_when` (CEL over line and order): all units of the line from one node. After
    `max_rejections` nodes said no, a person decides.
    """

    max_nodes: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    split_lines: bool = True
    min_value_to_split_minor: Natural = 0
    never_split: tuple[str, ...] = ()
    never_split_when: str = ""
    fill: Fill = Fill.AS_ORDERED
    max_rejections: Natural = 0
    max_expansions: Annotated[int, msgspec.Meta(ge=1)] = 20_000


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The parameters of the policy `sourcing`.

    `bands` order the costs by name: those of the first band decide, those of the next only between
    equals, and what no band names comes last. Without bands the costs are one sum.
    """

    sources: tuple[Source, ...] = ()
    filters: tuple[AnyFilter, ...] = ()
    costs: tuple[AnyCost, ...] = sourcing_costs.STANDARD
    bands: tuple[tuple[str, ...], ...] = ()
    limits: Limits = Limits()
    turns: tuple[Turn, ...] = ()


class Flaw(msgspec.Struct, frozen=True):
    """Something wrong in a document: where (a JSON pointer), what, and what would be right."""

    path: str
    detail: str
    hint: str


def flaws(rules: Rules) -> list[Flaw]:
    """Everything that is wrong with the document, in its order."""
    return [*_sources(rules.sources), *_filters(rules.filters), *_costs(rules), *_limits(rules)]


def chain(sources: Sequence[Source]) -> list[Source]:
    """The rungs in the order in which they are tried; a name that leads nowhere ends it."""
    by_name = {s.name: s for s in sources}
    found: list[Source] = []
    rung = sources[0] if sources else None
    while rung is not None and rung not in found:
        found.append(rung)
        rung = by_name.get(rung.otherwise or "")
    return found


def _sources(sources: Sequence[Source]) -> Iterator[Flaw]:
    names = [s.name for s in sources]
    for i, s in enumerate(sources):
        at = f"/sources/{i}"
        if s.name in names[:i]:
            yield Flaw(f"{at}/name", f"two sources are called {s.name!r}", "give it another name")
        if s.otherwise is not None and s.otherwise not in names:
            known = ", ".join(names)
            yield Flaw(f"{at}/otherwise", f"there is no source {s.otherwise!r}", f"one of: {known}")
        yield from _cel(f"{at}/where", s.where, ("node", "order"))
        yield from _cel(f"{at}/when", s.when, ("order",))
    tried = chain(sources)
    if tried and tried[-1].otherwise in {s.name for s in tried}:
        at = f"/sources/{sources.index(tried[-1])}/otherwise"
        path = " -> ".join([*(s.name for s in tried), str(tried[-1].otherwise)])
        yield Flaw(at, f"the sources go round in a circle: {path}", "end the last with null")
    for i, s in enumerate(sources):
        if s not in tried:
            hint = "name it as `otherwise` of another source, or leave it out"
            yield Flaw(f"/sources/{i}", f"{s.name!r} is never tried", hint)


def _filters(filters: Sequence[AnyFilter]) -> Iterator[Flaw]:
    for i, part in enumerate(filters):
        at = f"/filters/{i}"
        if isinstance(part, Condition):
            yield from _cel(f"{at}/when", part.when, ("order", "line"))
            yield from _cel(f"{at}/keep", part.keep, ("node", "order", "line"))
        if isinstance(part, sourcing_filters.Plugin):
            yield from _plugin(at, part.name, sourcing_filters.PLUGINS)


def _costs(rules: Rules) -> Iterator[Flaw]:
    labels = [part.label for part in rules.costs]
    for i, part in enumerate(rules.costs):
        if labels[i] in labels[:i]:
            hint = "state it once, with the weight you want"
            yield Flaw(f"/costs/{i}", f"{labels[i]!r} is charged twice", hint)
        if isinstance(part, sourcing_costs.Plugin):
            yield from _plugin(f"/costs/{i}", part.name, sourcing_costs.PLUGINS)
    banded: list[str] = []
    for i, band in enumerate(rules.bands):
        for k, name in enumerate(band):
            at = f"/bands/{i}/{k}"
            if name not in labels:
                known = ", ".join(labels)
                yield Flaw(at, f"no cost of this policy is called {name!r}", f"one of: {known}")
            if name in banded:
                yield Flaw(at, f"{name!r} stands in two bands", "name it once")
            banded.append(name)


def _limits(rules: Rules) -> Iterator[Flaw]:
    text = rules.limits.never_split_when
    if text:
        yield from _cel("/limits/never_split_when", text, ("line", "order"))
    for i, turn in enumerate(rules.turns):
        yield from _cel(f"/turns/{i}/when", turn.when, ("order",))


def _cel(path: str, text: str, seen: Sequence[str]) -> Iterator[Flaw]:
    if wrong := conditions.flaw(text, seen):
        hint = f"a condition over {', '.join(seen)}, such as {_EXAMPLES[seen[0]]}"
        yield Flaw(path, wrong, hint)


def _plugin(path: str, name: str, known: dict[str, object] | object) -> Iterator[Flaw]:
    names = sorted(known) if isinstance(known, dict) else []
    if name not in names:
        hint = f"one of: {', '.join(names)}" if names else "install the package that brings it"
        yield Flaw(f"{path}/name", f"no plugin is called {name!r}", hint)


_EXAMPLES = {
    "node": "node.kind == 'store' && node.km <= 16",
    "order": "order.channel == 'web'",
    "line": "'cold' in line.handling",
}
