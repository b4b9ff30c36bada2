"""The commands `policy replay` and `policy failures`: what other rules would have meant for the
orders of the past, and where decisions fail. Decides and writes nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import RenderableType
from rich.markup import escape

from everyshelf import planning
from everyshelf.base import policy as policies
from everyshelf.base import policy_kind
from everyshelf.base.errors import INVALID
from everyshelf.base.tx import Tx
from everyshelf.edge.cli import show
from everyshelf.edge.cli.policy import GROUP
from everyshelf.planning import Changed, Failures, Report, Side
from everyshelf.sourcing import Rules, Worth

EVERY: Final = 1_000

From = Annotated[
    datetime | None, typer.Option("--from", help="The first instant; 30 days ago if not said.")
]
To = Annotated[datetime | None, typer.Option("--to", help="The instant after the last; now.")]
Json = Annotated[bool, typer.Option("--json", help="For a machine.")]


@GROUP.command("replay")
def replay(
    new: Annotated[str, typer.Argument(help="A version, or a file with a document.")],
    against: Annotated[str, typer.Option(help="A version, or `live`.")] = "live",
    since: From = None,
    until: To = None,
    limit: Annotated[int, typer.Option(help="At most so many decisions.")] = 100_000,
    as_json: Json = False,
) -> None:
    """Decide the recorded orders of a period again under other rules.

    The code is the one that decides live. Prints the difference in cost, parcels, distance and
    promises, by node, and the orders that would change, with the reasons of both sides.

    Example: everyshelf policy replay rules.json --against live --from 2026-11-01
    """
    first, last = _period(since, until)
    version = None if against == "live" else _number(against)

    def read(tx: Tx) -> Report:
        rules, label = _rules(tx, new)
        return planning.replay(tx, rules, label, first, last, version, limit, _progress)

    found = show.run(read)
    show.tell(found, as_json, *_shown(found))


def _number(text: str) -> int:
    if not text.isdigit():
        raise INVALID(f"{text!r} is neither `live` nor the number of a version.")
    return int(text)


def _rules(tx: Tx, new: str) -> tuple[Rules, str]:
    """The rules of a version, or of a document that is not written yet."""
    if new.isdigit():
        return policies.get(tx, "sourcing", int(new), Rules).params, f"version {new}"
    try:
        document: Any = json.loads(Path(new).read_text())
    except (OSError, ValueError) as error:
        raise INVALID(f"{new} cannot be read as a document: {error}") from None
    rules = policy_kind.read("sourcing", document)
    assert isinstance(rules, Rules)
    return rules, new


def _period(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    last = (until or datetime.now(UTC)).replace(tzinfo=UTC)
    first = (since or last - timedelta(days=30)).replace(tzinfo=UTC)
    if first >= last:
        raise INVALID(f"The period from {first.isoformat()} to {last.isoformat()} is empty.")
    return first, last


def _progress(count: int) -> None:
    if count % EVERY == 0:
        typer.echo(f"{count:,} decisions", err=True)


def _shown(found: Report) -> list[RenderableType]:
    a, b = found.before, found.after
    if not a.decisions:
        return [f"Nothing was decided from {show.at(found.since)} to {show.at(found.until)}."]
    rows = [
        ("decisions", a.decisions, b.decisions, ""),
        *(_row(name, x, y) for name, x, y in _figures(a, b)),
    ]
    nodes = sorted({*a.nodes, *b.nodes}, key=lambda n: (-abs(_gain(a, b, n)), n))
    moved = ((n, a.nodes.get(n, 0), b.nodes.get(n, 0), f"{_gain(a, b, n):+,}") for n in nodes)
    told: list[RenderableType] = [
        show.table("", ("", a.label, b.label, "difference"), rows),
        f"{found.changed:,} of {a.decisions:,} decisions would be others.",
        show.table("Parcels by node", ("node", a.label, b.label, "difference"), moved),
    ]
    return [*told, *(_changed(one, a.label, b.label) for one in found.examples[:5])]


def _gain(a: Side, b: Side, node: str) -> int:
    return b.nodes.get(node, 0) - a.nodes.get(node, 0)


def _figures(a: Side, b: Side) -> list[tuple[str, float, float]]:
    return [
        ("cost of a decision", a.cost_per_decision / 100, b.cost_per_decision / 100),
        ("parcels", a.parcels, b.parcels),
        ("in several parcels", a.split, b.split),
        ("kilometres of a parcel", a.km, b.km),
        ("parcels after the promise", a.late, b.late),
        ("units without a node", a.unfilled, b.unfilled),
    ]


def _row(name: str, x: float, y: float) -> tuple[object, ...]:
    share = f" ({100 * (y / x - 1):+.1f} %)" if x else ""
    words = [f"{v:,.2f}" if isinstance(v, float) else f"{v:,}" for v in (x, y)]
    return name, *words, f"{y - x:+,.2f}{share}" if y != x else "the same"


def _changed(one: Changed, old: str, new: str) -> str:
    """An order with the reasons of both sides."""
    lines = [f"[bold]{one.order_id}[/] {show.at(one.at)}"]
    for label, choice in ((old, one.before), (new, one.after)):
        where = " with ".join(choice.nodes) or "no node"
        terms = ", ".join(f"{t} {v / 100:,.2f}" for t, v in choice.terms_minor.items())
        out = ", ".join(f"{n} ({f})" for n, f in list(choice.left_out.items())[:6])
        told = f"  {label}: {where} for {choice.cost_minor / 100:,.2f} ({terms or 'nothing'})"
        lines.append(escape(told + (f"; left out: {out}" if out else "")))
    return "\n".join(lines)


@GROUP.command("shadowed")
def shadowed(
    version: Annotated[int, typer.Argument(help="A version that runs or ran in shadow.")],
    since: From = None,
    until: To = None,
    as_json: Json = False,
) -> None:
    """Show what a version in shadow would have come to over the live decisions.

    Example: everyshelf policy shadowed 2
    """
    first, last = _period(since, until)
    found = show.run(lambda tx: planning.shadowed(tx, version, first, last))
    told = (
        f"{found.changed:,} of {found.decisions:,} decisions would be others: "
        f"{found.cost_minor / 100:,.2f} instead of {found.before_minor / 100:,.2f}, "
        f"{found.parcels:,} parcels, {found.unfilled:,} units without a node."
    )
    show.tell(found, as_json, told)


@GROUP.command("failures")
def failures(since: From = None, until: To = None, as_json: Json = False) -> None:
    """Show where decisions fail: nodes that say no, items that find no node, filters to blame.

    Example: everyshelf policy failures --from 2026-11-01
    """
    first, last = _period(since, until)
    found = show.run(lambda tx: planning.failures(tx, first, last))
    show.tell(found, as_json, *_failed(found))


def _failed(found: Failures) -> list[RenderableType]:
    nodes = show.table(
        "Nodes that said no", ("node", "reason", "times", "of its decisions"),
        ((n.node, n.reason, n.times, f"{n.share_pct:.1f} %") for n in found.nodes),
    )  # fmt: skip
    items = show.table(
        "Items that found no node",
        ("item", "decisions", "units"),
        ((i.item, i.decisions, i.units) for i in found.items),
    )
    rules = show.table(
        "What took nodes out of decisions that were left short", ("filter", "nodes", "decisions"),
        ((r.filter, r.nodes, r.decisions) for r in found.filters),
    )  # fmt: skip
    return [f"{found.decisions:,} decisions, {found.short:,} left short.", nodes, items, rules]


@GROUP.command("worth")
def worth(
    days: Annotated[int, typer.Option(min=1, max=365, help="Days to look back.")] = 28,
    horizon: Annotated[int, typer.Option(min=1, max=90, help="Days to look ahead.")] = 7,
    scenarios: Annotated[int, typer.Option(min=1, max=200, help="Futures to draw.")] = 8,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 1,
    markdown: Annotated[
        int, typer.Option(min=0, max=100, help="Per cent of its price a unit loses in a week.")
    ] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, and keep nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Reckon what units are worth where they are, and let sourcing count it.

    Scarcity for orders to come, margin at risk with people who walk in, units that are not found
    or come back: each is a cost that a policy may name.

    Example: everyshelf policy worth --days 28 --dry-run
    """
    terms = planning.Terms(days, horizon, scenarios, seed, markdown)
    seen = show.run(lambda tx: planning.read(tx, terms))
    with _aside():
        rows = planning.reckon(seen, terms)
    if dry_run:
        dear = sorted(rows, key=lambda w: (-w.scarcity_milli - w.walk_in_milli, w.item, w.node))
        heads = ("item", "node", "scarcity", "walk-in", "markdown", "not found", "comes back")
        lines = (
            (w.item, w.node, *(f"{m / 100_000:,.2f}" for m in _money(w)),
             f"{w.lost_bp / 100:.2f} %", f"{w.return_bp / 100:.2f} %")
            for w in dear[:50]
        )  # fmt: skip
        show.tell(dear, as_json, show.table("A unit there is worth", heads, lines))
        return
    run = show.run(lambda tx: planning.keep(tx, rows, terms))
    show.tell(run, as_json, f"Reckoning {run.run}: {run.cells:,} cells. Sourcing counts it now.")


@contextlib.contextmanager
def _aside() -> Iterator[None]:
    """The banner that the solver prints goes to stderr, so that stdout is the answer alone."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _money(w: Worth) -> tuple[int, int, int]:
    return w.scarcity_milli, w.walk_in_milli, w.markdown_milli
