"""The command `import`, as an operator calls it: a process of its own on a real database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg

EVERYSHELF = [sys.executable, "-c", "from everyshelf.edge.cli import main; main()"]
ITEMS = "SKU;Title;Price\nA-1;Café lamp;12,50\nA-2;Sofa;zero\n"
SETTINGS = 'decimal = ","\n[columns]\nname = "Title"\n'


def call(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    named = {"EVERYSHELF_DATABASE_URL": url, "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        [*EVERYSHELF, "import", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env=dict(os.environ) | named,
    )


def items(url: str) -> list[tuple[str, int]]:
    with psycopg.connect(url) as conn:
        return conn.execute("select name, price_minor from item order by item").fetchall()


def test_import_says_what_it_saw_and_what_it_did(db_url: str, tmp_path: Path) -> None:
    file, told = tmp_path / "items.csv", tmp_path / "map.toml"
    file.write_bytes(ITEMS.encode("latin-1"))
    told.write_text(SETTINGS)
    words = ("items", str(file), "--map", str(told))
    dry = call(db_url, *words, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    for part in ("Checkpoint: 2 rows, csv, cp1252", "would be taken", "price_unreadable"):
        assert part in dry.stdout
    assert items(db_url) == []
    done = call(db_url, *words, "--json")
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["rows_in"] == report["rows_taken"] + report["rows_quarantined"] == 2
    assert report["quarantined_by_reason"] == {"price_unreadable": 1}
    assert items(db_url) == [("Café lamp", 1250)]
    again = call(db_url, *words)
    assert "All 2 rows of this file were settled before" in " ".join(again.stdout.split())


def test_a_refusal_has_its_code_and_status(db_url: str, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("a,b\n1,2\n")
    told = call(db_url, "orders", str(file))
    assert told.returncode == 2
    assert told.stderr.startswith("intake.columns_missing: No column was found for invoice, item")
