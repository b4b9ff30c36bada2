"""A process dies at every seam; the next one sends everything again; each effect happens once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from everyshelf.base.crash import POINTS
from everyshelf.base.tx import Database
from everyshelf.insight import audit_database
from tests.chaos.driver import order
from tests.look import rows
from tests.world import small_world

ORDERS = 3
KILLED = -9


def drive(url: str, folder: Path, at: str = "", keyed: str = "keyed") -> int:
    """Runs the driver; how it ended."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    told = subprocess.run(
        [sys.executable, "-m", "tests.chaos.driver", url, str(folder), str(ORDERS), keyed],
        env=env | ({"EVERYSHELF_CRASH_AT": at} if at else {}),
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert told.returncode in (0, KILLED), told.stderr[-3000:]
    return told.returncode


def exactly_once(db: Database, folder: Path) -> None:
    """Every order, shipment, capture and label is there once, and the books agree."""
    assert rows(db, "select count(*) from sales_order") == [(ORDERS,)]
    assert rows(db, "select count(*) from shipment") == [(ORDERS,)]
    units = sum(x.qty for n in range(ORDERS) for x in order(n).lines)
    assert rows(db, "select sum(shipped)::int from order_line") == [(units,)]
    assert rows(db, "select count(*) from payment_intent where state <> 'done'") == [(0,)]
    bank = Counter((folder / "bank").read_text().split())
    kept = rows(db, "select count(*), sum(captured_minor)::bigint from payment_intent i "
                    "join payment p using (order_id) where kind = 'capture'")  # fmt: skip
    assert set(bank.values()) == {1}
    assert len(bank) == 2 * ORDERS == 2 * int(str(kept[0][0]))
    labels = Counter((folder / "labels").read_text().split())
    assert set(labels.values()) == {1}
    assert len(labels) == ORDERS
    assert rows(db, "select count(*) from delivery") == [(0,)]
    assert audit_database(db) == []


@pytest.mark.timeout(110)
@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_dies_here_leaves_each_effect_once(
    db: Database, tmp_path: Path, point: str
) -> None:
    small_world(db)
    hit = 3 if point.startswith("tx.") else 1
    assert drive(db.url, tmp_path, f"{point}:{hit}") == KILLED
    assert drive(db.url, tmp_path) == 0
    exactly_once(db, tmp_path)


@pytest.mark.chaos
@pytest.mark.timeout(600)
@pytest.mark.parametrize("point", POINTS)
def test_dying_again_and_again_and_later_each_time(
    db: Database, tmp_path: Path, point: str
) -> None:
    small_world(db)
    hits = (1, 2, 5, 8, 13, 21) if point.startswith("tx.") else (1, 2, 3)
    deaths = [drive(db.url, tmp_path, f"{point}:{hit}") for hit in hits]
    assert KILLED in deaths
    assert drive(db.url, tmp_path) == 0
    exactly_once(db, tmp_path)


def test_without_keys_the_same_crash_doubles_an_order(db: Database, tmp_path: Path) -> None:
    """The negative control: whoever sends again under a new name orders again."""
    small_world(db)
    assert drive(db.url, tmp_path, "tx.after_commit:1", "unkeyed") == KILLED
    assert drive(db.url, tmp_path, "", "unkeyed") == 0
    found = rows(db, "select count(*) from sales_order")
    assert found == [(ORDERS + 1,)]
    assert audit_database(db) == []
