"""The life of a policy over HTTP and on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from everyshelf.base import policy
from everyshelf.base.tx import Database
from everyshelf.edge import cli
from everyshelf.edge.keys import Role
from everyshelf.returns import ReturnsPolicy

PATH = "/v1/policies/returns"
DAYS = {"params": {"window_days": 14}, "reason": "two weeks are the law"}


def drafted(owner: Any, days: int = 14) -> int:
    reply = owner.post(f"{PATH}/drafts", {"params": {"window_days": days}})
    assert reply.status_code == 201, reply.text
    return int(reply.json()["number"])


def promoted(owner: Any, number: int, **terms: Any) -> Any:
    return owner.post(f"{PATH}/{number}/promote", terms)


def kept(db: Database) -> int:
    return len(db.run(lambda tx: policy.changes(tx, "returns")))


def test_a_policy_is_drafted_promoted_and_shown(owner: Any) -> None:
    made = owner.post(f"{PATH}/drafts", DAYS)
    assert (made.status_code, made.headers["location"]) == (201, f"{PATH}/1")
    assert (made.json()["state"], made.json()["base"]) == ("draft", False)
    assert promoted(owner, 1, reason="approved").json()["state"] == "live"
    shown = owner.get(f"{PATH}/1").json()
    assert shown["params"]["window_days"] == 14
    assert [(c["act"], c["reason"]) for c in shown["changes"]] == [
        ("draft", "two weeks are the law"), ("live", "approved"),
    ]  # fmt: skip
    assert shown["changes"][0]["actor"].startswith("key_")
    drafted(owner, 20)
    (summary,) = [p for p in owner.get("/v1/policies").json() if p["name"] == "returns"]
    assert [v["number"] for v in summary["in_force"]] == [1]
    assert [v["number"] for v in summary["waiting"]] == [2]
    assert [v["number"] for v in owner.get(PATH).json()] == [2, 1]


def test_a_step_is_taken_once_however_often_it_is_sent(owner: Any, db: Database) -> None:
    key = {"idempotency_key": "once"}
    first = owner.post(f"{PATH}/drafts", DAYS, **key)
    again = owner.post(f"{PATH}/drafts", DAYS, **key)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert kept(db) == 1


def test_a_document_is_refused_with_every_place(owner: Any, db: Database) -> None:
    wrong = {"window_days": "x", "rules": [{"name": "a", "outcome": "restok"}], "windw_days": 1}
    reply = owner.post(f"{PATH}/drafts", {"params": wrong})
    told = reply.json()
    assert (reply.status_code, told["code"]) == (422, "policy.invalid")
    assert told["errors"] == [
        {"path": "/window_days", "detail": "Expected `int`, got `str`.", "hint": ""},
        {
            "path": "/rules/0/outcome", "detail": "Invalid enum value 'restok'.",
            "hint": "Did you mean `restock`?",
        },
        {
            "path": "/windw_days", "detail": "Unknown field `windw_days`.",
            "hint": "Did you mean `window_days`?",
        },
    ]  # fmt: skip
    assert kept(db) == 0
    checked = owner.post(f"{PATH}/check", {"params": wrong}).json()
    assert checked == {"errors": told["errors"], "trial": []}
    good = owner.post(f"{PATH}/check", {"params": {}}).json()
    assert good == {"errors": [], "trial": []}
    assert kept(db) == 0


def test_a_text_that_the_database_cannot_keep_is_refused(owner: Any, db: Database) -> None:
    rules = [{"name": "a\0b", "outcome": "scrap"}]
    reply = owner.post(f"{PATH}/drafts", {"params": {"rules": rules}})
    assert (reply.status_code, reply.json()["code"]) == (422, "policy.invalid")
    assert kept(db) == 0


def test_what_is_refused_writes_nothing(owner: Any, db: Database) -> None:
    for days in (14, 20, 30):
        drafted(owner, days)
    promoted(owner, 1)
    web = {"channels": ["web"]}
    assert promoted(owner, 2, scope=web).json()["scope"]["channels"] == ["web"]
    before = kept(db)
    tied = promoted(owner, 3, scope={"channels": ["web", "app"]})
    assert (tied.status_code, tied.json()["code"]) == (409, "policy.overlaps")
    assert "Version 2 holds channel web" in tied.json()["detail"]
    assert owner.post(f"{PATH}/1/retire").json()["code"] == "policy.base_needed"
    assert owner.post(f"{PATH}/9/retire").json()["code"] == "policy.unknown"
    assert owner.post("/v1/policies/retrns/drafts", DAYS).json()["code"] == "policy.unknown"
    assert promoted(owner, 3, scope={"chanels": []}).json()["code"] == "input.invalid"
    late = promoted(owner, 3, ends_at="2020-01-01T00:00:00Z")
    assert late.json()["code"] == "input.invalid"
    assert promoted(owner, 3, to="draft").json()["code"] == "policy.not_allowed"
    assert kept(db) == before


def test_an_experiment_shows_its_guards_and_is_rolled_back(owner: Any) -> None:
    drafted(owner)
    promoted(owner, 1)
    drafted(owner, 20)
    guards = [{"metric": "split_rate", "worse_pct": 5}]
    promoted(owner, 2, scope={"share_pct": 10}, guards=guards)
    shown = owner.get(f"{PATH}/2").json()
    assert shown["guards"] == [guards[0] | {"bound": None, "min_orders": 200}]
    assert owner.get(f"{PATH}/2/experiment").json()["code"] == "planning.not_measured"
    back = owner.post(f"{PATH}/rollback", {"number": 2, "reason": "enough"}).json()
    assert (back["number"], back["state"]) == (1, "live")
    assert owner.get(f"{PATH}/2").json()["changes"][-1]["act"] == "rolled_back"


def test_the_figures_of_the_base_are_there_before_any_order(owner: Any) -> None:
    told = owner.get("/v1/policies/sourcing/1/experiment").json()
    assert {f["metric"] for f in told["figures"]} >= {"cost_per_order", "split_rate"}
    assert all(f["inside"]["orders"] == 0 for f in told["figures"])


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [(Role.PLANNER, 200, 201), (Role.AUDITOR, 200, 403), (Role.AGENT, 200, 403),
     (Role.ASSOCIATE, 403, 403)],
)  # fmt: skip
def test_the_office_reads_and_planners_write(
    caller: Callable[..., Any], db: Database, role: Role, reads: int, writes: int
) -> None:
    who = caller(role)
    assert who.get("/v1/policies").status_code == reads
    assert who.post(f"{PATH}/drafts", DAYS).status_code == writes
    assert kept(db) == (writes == 201)


@pytest.fixture
def console(db: Database, db_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("EVERYSHELF_DATABASE_URL", db_url)
    monkeypatch.setenv("COLUMNS", "220")
    monkeypatch.setenv("NO_COLOR", "1")
    return db


def said(*words: str, status: int = 0) -> str:
    told = CliRunner().invoke(cli.app, ["policy", *words], catch_exceptions=False)
    assert told.exit_code == status, told.output
    return told.stdout


@pytest.fixture
def rules(tmp_path: Path) -> str:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"window_days": 14}))
    return str(file)


def test_a_policy_lives_on_the_command_line(console: Database, rules: str) -> None:
    of = ("--policy", "returns")
    assert "no recent order would go wrong" in said("check", rules, *of)
    assert said("draft", rules, *of) == "returns 1 is draft.\n"
    assert said("live", "1", *of) == "returns 1 is live for every order.\n"
    said("draft", rules, *of, "--reason", "shorter")
    assert "shadow for channel web" in said("shadow", "2", *of, "--channel", "web")
    assert said("live", "2", *of, "--share", "10", "--min-orders", "50") == (
        "returns 2 is live for 10 % of orders.\n"
    )
    listed = said("list")
    assert "10 % of orders" in listed
    assert "sourcing" in listed
    shown = said("show", "2", *of)
    assert '"window_days": 14' in shown
    assert "cost per order" in shown
    assert "command line" in shown
    assert said("retire", "2", *of) == "returns 2 is retired.\n"
    said("draft", rules, *of)
    assert "scheduled for every order from 2035-01-01 00:00" in said(
        "live", "3", *of, "--from", "2035-01-01", "--until", "2035-02-01"
    )
    said("draft", rules, *of)
    said("live", "4", *of)
    assert said("rollback", *of) == "returns 5 is live for every order.\n"
    states = {row["number"]: row["state"] for row in json.loads(said("list", *of, "--json"))}
    assert states == {1: "retired", 2: "retired", 3: "scheduled", 4: "retired", 5: "live"}


def test_a_document_that_is_wrong_is_told_place_by_place(
    console: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    file = tmp_path / "wrong.json"
    file.write_text('{"windw_days": 1, "rma_days": "x"}')
    told = said("check", str(file), "--policy", "returns", status=2)
    assert "/windw_days: Unknown field `windw_days`. Did you mean `window_days`?" in told
    assert "/rma_days: Expected `int`, got `str`." in told
    words = ["everyshelf", "policy", "draft", str(file), "--policy", "returns"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("policy.invalid: /windw_days")
    assert lines[1:] == [
        "  /windw_days: Unknown field `windw_days`. Did you mean `window_days`?",
        "  /rma_days: Expected `int`, got `str`.",
    ]
    assert kept(console) == 0


@pytest.mark.parametrize("text", ["{", "[]", None])
def test_a_file_that_is_no_document_is_refused(
    console: Database, tmp_path: Path, text: str | None
) -> None:
    from everyshelf.base.errors import Refused

    file = tmp_path / "rules.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(Refused) as refused:
        said("draft", str(file))
    assert refused.value.code == "input.invalid"
    assert kept(console) == 0


def test_an_experiment_is_read_on_the_command_line(console: Database) -> None:
    told = said("experiment", "1")
    assert "sourcing 1 beside none" in told
    assert "rejection rate" in told


def test_guards_are_said_by_metric(console: Database) -> None:
    for _ in range(2):
        console.run(lambda tx: policy.draft(tx, "returns", ReturnsPolicy()))
    said("live", "1", "--policy", "returns")
    said("live", "2", "--policy", "returns", "--share", "5", "--guard", "split_rate=7")
    (guard,) = json.loads(said("show", "2", "--policy", "returns", "--json"))["guards"]
    assert (guard["metric"], guard["worse_pct"]) == ("split_rate", 7)
