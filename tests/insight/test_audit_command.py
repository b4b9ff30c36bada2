"""`everyshelf audit` as an operator calls it."""

from __future__ import annotations

import json

import psycopg
import pytest
from typer.testing import CliRunner

from everyshelf.base.tx import Database
from everyshelf.edge.cli import app
from tests.world import small_world

RUNNER = CliRunner()


@pytest.fixture
def shop(db: Database, db_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    small_world(db)
    monkeypatch.setenv("EVERYSHELF_DATABASE_URL", db_url)
    return db_url


def test_right_books_end_with_zero(shop: str) -> None:
    told = RUNNER.invoke(app, ["audit", "--json"])
    report = json.loads(told.stdout.splitlines()[-1])
    assert (told.exit_code, report["findings"], report["found"]) == (0, 0, [])
    assert report["checks"] > 60
    assert "no finding" in RUNNER.invoke(app, ["audit"]).stdout


def test_wrong_books_end_with_one(shop: str) -> None:
    with psycopg.connect(shop) as conn:
        conn.execute("update stock_balance set sellable = sellable + 1 where node = 'S001'")
    told = RUNNER.invoke(app, ["audit", "--json"])
    report = json.loads(told.stdout.splitlines()[-1])
    assert told.exit_code == 1
    assert report["findings"] == len(report["found"]) > 0
    assert {f["check"] for f in report["found"]} >= {"balance_is_the_sum_of_its_moves"}
    assert RUNNER.invoke(app, ["audit"]).exit_code == 1
