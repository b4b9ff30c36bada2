"""The commands `policy ...`: rules in versions, from a draft to live and back.

Other files add commands to the same group by `GROUP.command(...)`. Decides nothing.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import RenderableType
from rich.json import JSON
from rich.markup import escape

from everyshelf import planning
from everyshelf.base import policy_guard
from everyshelf.base.errors import INVALID
from everyshelf.base.policy import Change, Guard, Metric, Scope, State
from everyshelf.base.policy_kind import INVALID as DOCUMENT_INVALID
from everyshelf.base.policy_kind import TRIAL_FAILED
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.edge import policies
from everyshelf.edge.cli import show, target
from everyshelf.edge.policies import (
    Checked,
    CheckPolicy,
    DraftPolicy,
    PolicyDetail,
    PolicyVersion,
    PromotePolicy,
    RetirePolicy,
    RollBackPolicy,
)
from everyshelf.planning import Comparison, Figure

ORDER: Final = 42
GROUP: Final = typer.Typer(help="Change the rules by which it is decided.", no_args_is_help=True)
USUAL: Final = "sourcing"

Name = Annotated[str, typer.Option("--policy", help="Which policy.")]
Number = Annotated[int, typer.Argument(help="The version.")]
Document = Annotated[Path, typer.Argument(help="The rules as JSON; - reads standard input.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the step.")]
Json = Annotated[bool, typer.Option("--json", help="For a machine.")]
Channel = Annotated[list[str] | None, typer.Option(help="Only this channel; may be repeated.")]
Tier = Annotated[
    list[str] | None, typer.Option(help="Only this tier of customers; may be repeated.")
]
Region = Annotated[
    list[str] | None, typer.Option(help="Only orders shipped to this region; may be repeated.")
]
Share = Annotated[int, typer.Option(min=0, max=100, help="Only so many per cent of the orders.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file, and of those that put theirs into the group."""
    app.add_typer(GROUP, name="policy", rich_help_panel=target.OPERATE)


@GROUP.command("list")
def list_(
    policy: Annotated[
        str | None, typer.Option("--policy", help="Every version of this one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the versions that are in force, wait or run in shadow.

    Example: everyshelf policy list --policy sourcing
    """

    def read(tx: Tx) -> list[PolicyVersion]:
        if policy is not None:
            return policies.versions(tx, policy)
        return [v for p in policies.summaries(tx) for v in (*p.in_force, *p.waiting)]

    found = show.run(read)
    heads = ("policy", "version", "state", "for", "from", "until", "made", "by")
    rows = (
        (v.name, str(v.number), v.state, _whom(v), v.starts_at, v.ends_at, v.made_at, v.made_by)
        for v in found
    )  # fmt: skip
    show.tell(found, as_json, show.table("Policies", heads, rows))


@GROUP.command("show")
def show_(version: Number, policy: Name = USUAL, as_json: Json = False) -> None:
    """Show the rules of a version, its guards and every step that was taken with it.

    Example: everyshelf policy show 1
    """
    found = show.run(lambda tx: policies.detail(tx, policy, version))
    show.tell(found, as_json, *_detail(found))


def _detail(found: PolicyDetail) -> list[RenderableType]:
    one = found.policy
    heads = ("when", "step", "who", "for", "from", "until", "why")
    shown: list[RenderableType] = [
        escape(f"{one.name} {one.number}: {one.state}; {one.scope.words}"),
        JSON(bytes(found.params).decode(), indent=2, highlight=False),
        show.table("Steps", heads, map(_step, found.changes)),
    ]
    if found.guards:
        named = ("metric", "may be", "orders")
        shown.append(show.table("Guards", named, map(_guard, found.guards)))
    return shown


def _step(c: Change) -> tuple[object, ...]:
    named = tuple(c.channels), tuple(c.tiers), tuple(c.regions)
    whom = Scope(*named, c.share_pct).words if c.starts_at is not None else ""
    return c.at, c.act.replace("_", " "), c.actor, whom, c.starts_at, c.ends_at, c.reason


def _whom(one: PolicyVersion) -> str:
    """For whom it decides, or did; a draft is for nobody yet."""
    return one.scope.words if one.starts_at is not None or one.state == "shadow" else ""


def _guard(guard: Guard) -> tuple[object, ...]:
    words = f"{guard.worse_pct:g} % worse" if guard.worse_pct is not None else f"{guard.bound:g}"
    return guard.metric.replace("_", " "), words, guard.min_orders


@GROUP.command("check")
def check(file: Document, policy: Name = USUAL, as_json: Json = False) -> None:
    """Check a document and try it on recent orders, without writing anything.

    Every place that is wrong is told with what would be right there; the exit status is 2 then.

    Example: everyshelf policy check rules.json
    """
    asked = CheckPolicy(policy, _read(file))
    found = show.run(lambda tx: policies.check(tx, asked))
    show.tell(found, as_json, _verdict(found, policy))
    if found.errors or found.trial:
        raise typer.Exit(2)


def _verdict(found: Checked, policy: str) -> RenderableType:
    if not found.errors and not found.trial:
        return f"It is a policy {escape(policy)}, and no recent order would go wrong."
    code = DOCUMENT_INVALID if found.errors else TRIAL_FAILED
    lines = [f"{code.code}:", *(f"  {escape(p.words)}" for p in (*found.errors, *found.trial))]
    return "\n".join(lines)


def _read(file: Path) -> dict[str, Any]:
    """The document; refuses what is no JSON, with the line."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
        found = json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise INVALID(f"{file} cannot be read: {error}") from None
    except ValueError as error:
        raise INVALID(f"{file} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise INVALID(f"{file} is no JSON object.")
    return found


@GROUP.command("draft")
def draft(file: Document, policy: Name = USUAL, reason: Reason = "", as_json: Json = False) -> None:
    """Write the next version of a policy from a document. It decides nothing yet.

    Example: everyshelf policy draft rules.json --reason "two nodes at most"
    """
    command = DraftPolicy(show.new_key(), policy, _read(file), reason)
    _tell(show.run(lambda tx: _one(policies.draft(tx, [command]))), as_json)


@GROUP.command("shadow")
def shadow(
    version: Number, policy: Name = USUAL, channel: Channel = None, tier: Tier = None,
    region: Region = None, share: Share = 100, reason: Reason = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Let a version decide beside the live ones, without effect.

    Example: everyshelf policy shadow 2
    """
    scope = _scope(channel, tier, region, share)
    command = PromotePolicy(show.new_key(), policy, version, State.SHADOW, scope, reason=reason)
    _tell(show.run(lambda tx: _one(policies.promote(tx, [command]))), as_json)


@GROUP.command("live")
def live(
    version: Number, policy: Name = USUAL, channel: Channel = None, tier: Tier = None,
    region: Region = None, share: Share = 100,
    from_: Annotated[
        datetime | None, typer.Option("--from", help="Starts at this instant, in UTC; else now.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="Ends at this instant, in UTC; what was before is back.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="End the version that holds the same scope.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Although recent orders would go wrong.")
    ] = False,
    guard: Annotated[
        list[str] | None,
        typer.Option(help="METRIC=PER_CENT_WORSE, such as cost_per_order=10; may be repeated."),
    ] = None,
    min_orders: Annotated[
        int, typer.Option(min=2, help="Orders of each arm before a guard is looked at.")
    ] = 200,
    reason: Reason = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Put a version in force: for every order, or for those that are named.

    With --share below 100 it is an experiment that ends by itself when it breaks a guard. Giving a
    live version other terms changes for whom it decides.

    Example: everyshelf policy live 2 --share 10 --reason "does it split less?"
    """
    command = PromotePolicy(
        show.new_key(), policy, version, State.LIVE, _scope(channel, tier, region, share),
        _utc(from_), _utc(until), replace, force, _guards(guard, min_orders, share), reason,
    )  # fmt: skip
    _tell(show.run(lambda tx: _one(policies.promote(tx, [command]))), as_json)


def _scope(
    channel: list[str] | None, tier: list[str] | None, region: list[str] | None, share: int
) -> Scope:
    return Scope(tuple(channel or ()), tuple(tier or ()), tuple(region or ()), share)


def _utc(when: datetime | None) -> datetime | None:
    return when.replace(tzinfo=UTC) if when is not None else None


def _guards(said: list[str] | None, min_orders: int, share: int) -> tuple[Guard, ...] | None:
    """The guards that were said; else the usual ones, from so many orders on."""
    if said is None:
        usual = policy_guard.USUAL
        again = tuple(msgspec.structs.replace(g, min_orders=min_orders) for g in usual)
        return again if share < 100 else None
    try:
        pairs = [text.split("=") for text in said]
        return tuple(Guard(Metric(m), float(pct), None, min_orders) for m, pct in pairs)
    except ValueError:
        known = ", ".join(Metric)
        raise INVALID(f"A guard is METRIC=PER_CENT; the metrics are {known}.") from None


@GROUP.command("retire")
def retire(
    version: Number, policy: Name = USUAL, reason: Reason = "", as_json: Json = False
) -> None:
    """End a version at once; the less specific decide again.

    Example: everyshelf policy retire 2 --reason "the promotion is over"
    """
    command = RetirePolicy(show.new_key(), policy, version, reason)
    _tell(show.run(lambda tx: _one(policies.retire(tx, [command]))), as_json)


@GROUP.command("rollback")
def rollback(
    version: Annotated[int | None, typer.Argument(help="The version; else the base.")] = None,
    policy: Name = USUAL, reason: Reason = "", as_json: Json = False,
) -> None:  # fmt: skip
    """Go back at once: of the base to the rules before it, of any other version to none.

    Example: everyshelf policy rollback --reason "too many splits"
    """
    command = RollBackPolicy(show.new_key(), policy, version, reason)
    _tell(show.run(lambda tx: _one(policies.roll_back(tx, [command]))), as_json)


def _one(results: list[Result[PolicyVersion]]) -> PolicyVersion:
    return results[0].get()


def _tell(one: PolicyVersion, as_json: bool) -> None:
    until = f" until {show.at(one.ends_at)}" if one.ends_at and one.state != "retired" else ""
    start = f" from {show.at(one.starts_at)}" if one.state == "scheduled" else ""
    whom = f" for {one.scope.words}" if one.state in ("live", "scheduled", "shadow") else ""
    said = f"{one.name} {one.number} is {one.state}{whom}{start}{until}."
    show.tell(one, as_json, escape(said))


@GROUP.command("experiment")
def experiment(
    version: Number, policy: Name = USUAL,
    against: Annotated[
        int | None, typer.Option(help="Compare with this version; else with all beside it.")
    ] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Show how the orders of a version do beside those of the others.

    Below zero the version does better. From 2 standard errors on, chance is no good explanation.

    Example: everyshelf policy experiment 2
    """
    others = None if against is None else [against]
    found = show.run(lambda tx: planning.compare(tx, policy, version, others))
    heads = ("metric", "orders", "version", "others' orders", "others", "worse by", "errors")
    show.tell(found, as_json, show.table(_title(found), heads, map(_figure, found.figures)))


def _title(found: Comparison) -> str:
    beside = ", ".join(map(str, found.against)) or "none"
    return f"{found.name} {found.number} beside {beside}, since {show.at(found.since)}"


def _figure(figure: Figure) -> tuple[object, ...]:
    return (
        figure.metric.replace("_", " "), figure.inside.orders, _value(figure.inside.mean),
        figure.others.orders, _value(figure.others.mean),
        "" if figure.worse_pct is None else f"{figure.worse_pct:+.1f} %",
        "" if figure.z is None else f"{figure.z:+.1f}",
    )  # fmt: skip


def _value(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"
