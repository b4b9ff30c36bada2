"""Read: nodes' opening hours as the calendars on which promises are decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from everyshelf.base.tx import Tx
from everyshelf.decide.promise import Calendar, Span
from everyshelf.network.facts import Hours, Node, NodeException
from everyshelf.network.read import exceptions, hours, nodes


def calendar(tx: Tx, codes: Iterable[str], first: date, last: date) -> dict[str, Calendar]:
    """The calendar of each of these nodes, with what is special from the first date to the last."""
    wanted = sorted(set(codes))
    weekly, special = hours(tx, wanted), exceptions(tx, wanted, first, last)
    return {
        code: made(node, weekly.get(code, ()), special.get(code, ()), first, last)
        for code, node in nodes(tx, wanted).items()
    }


def made(
    node: Node,
    openings: Sequence[Hours],
    apart: Sequence[NodeException],
    first: date,
    last: date,
) -> Calendar:
    """One node's calendar; before it opens and after it closes for good, every date is closed."""
    out = {d for d in _dates(first, last) if not _in_date(node, d)}
    special = tuple((e.on_date, (span,)) for e in apart if (span := _span(e)))
    return Calendar(
        zone=node.zone,
        weekly=tuple(_day(openings, weekday) for weekday in range(7)),
        closed_dates=tuple(sorted(out | {e.on_date for e in apart if not _span(e)})),
        special=tuple(s for s in special if s[0] not in out),
    )


def _day(openings: Sequence[Hours], weekday: int) -> tuple[Span, ...]:
    return tuple((h.opens_minute, h.closes_minute) for h in openings if h.weekday == weekday)


def _span(apart: NodeException) -> Span | None:
    if apart.opens_minute is None or apart.closes_minute is None:
        return None
    return apart.opens_minute, apart.closes_minute


def _dates(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _in_date(node: Node, day: date) -> bool:
    opened = node.opens_on is None or node.opens_on <= day
    return opened and (node.closes_on is None or day <= node.closes_on)
