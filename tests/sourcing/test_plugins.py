"""A package that is installed brings a filter and a cost, and a policy may name them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from everyshelf import sourcing
from everyshelf.base import policy
from everyshelf.base.tx import Database
from everyshelf.decide import sourcing_costs, sourcing_filters
from tests.sourcing import shop

CODE = """
from everyshelf.decide.sourcing_costs import Charge

def no_stores(problem, params):
    return [kind == params["kind"] for kind in problem.words("kind")]

def toll(problem, params):
    return Charge((problem.fact("km") > 0) * params["milli"])
"""
POINTS = "[everyshelf.sourcing.filters]\nacme.kind = acme:no_stores\n\n" \
         "[everyshelf.sourcing.costs]\nacme.toll = acme:toll\n"  # fmt: skip
RULES = """{"filters": [{"part": "plugin", "name": "acme.kind", "params": {"kind": "store"}}],
  "costs": [{"part": "carrier"}, {"part": "plugin", "name": "acme.toll",
             "params": {"milli": 70000}}]}"""


@pytest.fixture
def _acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "acme.py").write_text(CODE)
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    sourcing.find_plugins()
    yield
    sourcing_filters.PLUGINS.clear()
    sourcing_costs.PLUGINS.clear()
    sys.modules.pop("acme", None)


@pytest.mark.usefixtures("_acme")
def test_a_policy_names_parts_of_another_package(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 5, ("DC1", "TEA-1"): 5})
    rules = msgspec.json.decode(RULES, type=sourcing.Rules)
    made = db.run(lambda tx: policy.draft(tx, "sourcing", rules))
    db.run(lambda tx: policy.promote(tx, "sourcing", made), now=shop.NOW)
    [order] = shop.source(db, shop.order(("TEA-1", 1)))
    assert shop.nodes(db, order) == {"DC1"}
    [decision] = shop.why(db, order).decisions
    found = {c.node: c for c in decision.candidates}
    assert found["S001"].excluded_by == "acme.kind"
    assert found["DC1"].terms_minor["acme.toll"] == 70.0


def test_a_part_that_no_package_brings_is_unknown() -> None:
    assert "acme.kind" not in sourcing.find_plugins()
