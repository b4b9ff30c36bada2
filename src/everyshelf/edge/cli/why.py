"""The command `why`: for each decision about an order, what won, against whom, and what would have
changed it. Takes no decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

import typer
from rich.console import Group, RenderableType
from rich.markup import escape

from everyshelf import sourcing
from everyshelf.base import money
from everyshelf.base.tx import Tx
from everyshelf.decide.sourcing import Lever
from everyshelf.edge.cli import show, target
from everyshelf.orders import Order
from everyshelf.sourcing import Why
from everyshelf.sourcing.facts import Candidate, WhyDecision

ORDER: Final = 20


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(rich_help_panel=target.LOOK)(why)


def why(
    order: Annotated[str, typer.Argument(help="Its id (ord_...) or its channel's reference.")],
    channel: Annotated[
        str | None, typer.Option(help="The channel, where several have this reference.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """Say why the units of an order come from where they come from.

    For each decision: the winner, every candidate with the first filter that took it out or with
    its cost term by term, the runner-up and its price, the smallest change that would have changed
    the choice, and the version of the policy. Then what still waits for a node, and why.

    Example: everyshelf why 1001 --channel web
    """

    def read(tx: Tx) -> tuple[Order, Why]:
        found = show.order(tx, order, channel)
        return found, sourcing.why(tx, found.id)

    found, told = show.run(read)
    show.tell(told, as_json, *_shown(found, told))


def _shown(order: Order, told: Why) -> list[RenderableType]:
    shown: list[RenderableType] = [_decision(d, order.currency) for d in told.decisions]
    if not shown:
        shown.append(f"Nothing has been decided about {order.id} yet; it is {order.state}.")
    for w in told.waiting:
        since = show.at(w.since)
        shown.append(f"[bold]Waiting[/]: {w.qty} x {escape(w.item)}, {w.reason}, since {since}.")
    if told.options:
        ways = "\n".join(f"  - {escape(option.words)}" for option in told.options)
        shown.append(f"[bold]What you can do[/]:\n{ways}")
    if told.said_no:
        shown.append(show.table("Not asked again", ("line", "node", "said"), told.said_no))
    return shown


def _decision(d: WhyDecision, currency: str) -> Group:
    head = f"[bold]{show.at(d.at)}[/] {d.decision_id} ({d.trigger})"
    said = [f"{head}\n{escape(winner(d, currency))}", escape(runner_up(d, currency))]
    for flip in d.flips:
        if flip.lever is Lever.PRICE:
            continue  # The sentence about the next best says it already.
        saved = flip.saves_minor
        gain = f" It would save {_money(saved, currency)}." if saved and saved > 0 else ""
        said.append(escape(f"{flip.words}{gain}"))
    said += [escape(words) for words in _kept(d, currency)]
    gap = (
        "Proven the cheapest." if d.proven else f"At most {_money(d.gap_minor, currency)} too dear."
    )
    said.append(f"{gap} Policy {escape(d.policy)}, version {d.policy_version}.")
    heads = ("node", "", "left out by", "alone costs", "made of", "short of")
    rows = [_candidate(d, c, currency) for c in d.candidates]
    return Group(*said, show.table("", heads, rows), "")


def winner(d: WhyDecision, currency: str) -> str:
    """What was decided, in one sentence."""
    at: dict[str, list[str]] = {}
    for item, node, qty in d.parts:
        at.setdefault(node, []).append(f"{qty} x {item}")
    places = "; ".join(f"{' and '.join(units)} from {node}" for node, units in at.items())
    missing = ", ".join(f"{qty} x {item}" for item, qty in d.unfilled)
    price = f" for {_money(d.cost_minor, currency)}" if places else ""
    words = f"{d.method.replace('_', ' ')}: {places or 'no node'}{price}."
    return f"{words} No node for {missing}." if missing else words


def runner_up(d: WhyDecision, currency: str) -> str:
    """The next best choice and its price."""
    if not d.runner_up:
        return "There was no other choice."
    names = " with ".join(d.runner_up)
    if d.runner_up_extra_minor is None:
        return f"Next best: {names}, which could not serve all of it."
    return f"Next best: {names}, for {_money(d.runner_up_extra_minor, currency)} more."


def _kept(d: WhyDecision, currency: str) -> Iterator[str]:
    """What keeping units where they are is worth, where that counted."""
    for c in d.candidates:
        if c.terms_minor.get("scarcity", 0) > 0 and c.node in (*d.winner, *d.runner_up):
            price = _money(c.terms_minor["scarcity"], currency)
            yield f"Keeping these units at {c.node} is worth {price} to orders to come."


def _candidate(d: WhyDecision, c: Candidate, currency: str) -> tuple[object, ...]:
    won = "chosen" if c.node in d.winner else "next best" if c.node in d.runner_up else ""
    terms = ", ".join(
        f"{name.replace('_', ' ')} {_money(amount, currency)}"
        for name, amount in c.terms_minor.items()
        if amount
    )
    cost = "" if c.cost_minor is None else _money(c.cost_minor, currency)
    return c.node, won, c.excluded_by, cost, terms, c.short_units or None


def _money(amount_minor: float, currency: str) -> str:
    return money.show(round(amount_minor), currency)
