"""The routes of policies: rules of the business in versions that can be tried and undone."""

from __future__ import annotations

import msgspec

from everyshelf import planning
from everyshelf.base.tx import Tx
from everyshelf.edge import policies
from everyshelf.edge.policies import (
    Checked,
    CheckPolicy,
    DraftPolicy,
    PolicyDetail,
    PolicySummary,
    PolicyVersion,
    PromotePolicy,
    RetirePolicy,
    RollBackPolicy,
)
from everyshelf.edge.web.declare import Call, Face, NoQuery, Read, Verb
from everyshelf.planning import Comparison

ALL = "/v1/policies/{name}"
ONE = f"{ALL}/{{number}}"


class OnePolicy(msgspec.Struct, frozen=True):
    """Which policy."""

    name: str


class OneVersion(msgspec.Struct, frozen=True):
    """Which version of which policy."""

    name: str
    number: int


class Against(msgspec.Struct, frozen=True):
    """Which version is compared, and with which one; else with all that it runs beside."""

    name: str
    number: int
    against: int | None = None


def _summaries(tx: Tx, query: NoQuery) -> list[PolicySummary]:
    return policies.summaries(tx)


def _versions(tx: Tx, query: OnePolicy) -> list[PolicyVersion]:
    return policies.versions(tx, query.name)


def _detail(tx: Tx, query: OneVersion) -> PolicyDetail:
    return policies.detail(tx, query.name, query.number)


def _experiment(tx: Tx, query: Against) -> Comparison:
    against = None if query.against is None else [query.against]
    return planning.compare(tx, query.name, query.number, against)


FACE = Face(
    "policies",
    "The rules by which it is decided, in versions: who they are for, until when, who put them in "
    "force and why, and how an experiment does.",
    (
        Read("/v1/policies", _summaries, NoQuery, list[PolicySummary], "List policies"),
        Read(ALL, _versions, OnePolicy, list[PolicyVersion], "List the versions of a policy"),
        Read(ONE, _detail, OneVersion, PolicyDetail, "Get a version with its rules and its steps"),
        Read(
            f"{ONE}/experiment", _experiment, Against, Comparison,
            "Compare the orders of a version with those of the others",
        ),
        Call(
            f"{ALL}/check", policies.check, CheckPolicy, Checked,
            "Check a document, and try it on recent work, without writing it",
        ),
        Verb(
            "POST", f"{ALL}/drafts", policies.draft, DraftPolicy, PolicyVersion,
            "Write the next version", 201, location="/v1/policies/{name}/{number}", bulk=False,
        ),
        Verb(
            "POST", f"{ONE}/promote", policies.promote, PromotePolicy, PolicyVersion,
            "Let a version decide, live or as a shadow, or change for whom it does", bulk=False,
        ),
        Verb(
            "POST", f"{ONE}/retire", policies.retire, RetirePolicy, PolicyVersion,
            "End a version", bulk=False,
        ),
        Verb(
            "POST", f"{ALL}/rollback", policies.roll_back, RollBackPolicy, PolicyVersion,
            "Go back to what decided before", bulk=False,
        ),
    ),
)  # fmt: skip
