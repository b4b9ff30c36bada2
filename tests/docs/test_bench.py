"""The benchmarks run, end, and say what they found as one JSON object on the last line."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from bench import sourcing_replay
from bench.__main__ import benchmarks
from bench.quality_world import folder

ROOT: Final = Path(__file__).parents[2]
TINY: Final = {
    "journey": (
        "--seconds=0.1", "--batches=1,3", "--pgbench-seconds=1", "--scale=1", "--clients=1",
    ),
    "rationing": ("--looks=12", "--fine=200"),
    "sourcing-quality": ("--sequences=2", "--cases=5x10_2", "--effort=0.1"),
    "sourcing-replay": ("--orders=200", "--played=60", "--nodes=12"),
    "sourcing-speed": ("--nodes=60", "--orders=20", "--checked=1", "--live=5", "--wave=200"),
}  # fmt: skip


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    named = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT, env=named, capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip


def positive(figures: dict[str, Any]) -> list[str]:
    """The names of figures that are no speed at all."""
    return [name for name, figure in figures.items() if not figure > 0]


def test_every_benchmark_is_listed_and_tried_here() -> None:
    told = call()
    assert told.returncode == 0, told.stderr
    assert [line.split()[0] for line in told.stdout.splitlines()] == list(benchmarks())
    assert benchmarks().keys() == TINY.keys()


def test_an_unknown_benchmark_is_refused() -> None:
    told = call("nothing", "--json")
    assert told.returncode == 2
    assert "nothing" in told.stderr


@pytest.mark.timeout(180)
def test_the_journey_is_measured_beside_pgbench() -> None:
    told = call("journey", "--json", *TINY["journey"])
    assert told.returncode == 0, told.stderr
    (only,) = told.stdout.splitlines()
    report = json.loads(only)
    verbs = {"place", "source", "hear", "prepare", "ship", "deliver"}
    assert report["name"] == "journey"
    assert report["per_verb"].keys() == verbs
    assert report["ratio"].keys() == verbs | {"journey"}
    assert positive(report["per_verb"]) == positive(report["ratio"]) == []
    assert report["pgbench_tps"] > 0 < report["cpu_ms_per_order"]
    assert [one["batch"] for one in report["rounds"]] == [1, 3]
    assert report["orders_per_s"] == report["rounds"][-1]["orders_per_s"] > 0
    assert report["ratio"]["journey"] == pytest.approx(
        report["orders_per_s"] / report["pgbench_tps"], rel=0.05
    )
    assert report["audit_findings"] == 0


def told(name: str) -> dict[str, Any]:
    run = call(name, "--json", *TINY[name])
    assert run.returncode == 0, run.stderr
    report: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    assert report["name"] == name
    return report


def test_thresholds_lose_less_than_any_fixed_buffer() -> None:
    report = told("rationing")
    assert report["cells"] == 200
    assert report["worst_loss_pct"] < report["best_fixed_worst_loss_pct"]
    assert report["mean_loss_pct"] < 1 < report["fixed_buffer_worst_loss_pct"]


@pytest.mark.timeout(180)
def test_the_quality_of_decisions_is_measured_against_hindsight() -> None:
    if folder() is None:
        pytest.skip("the cities and centres are not beside this checkout")
    case = told("sourcing-quality")["5x10_2"]
    assert case["sequences"] == 2
    assert 0 < case["ours_held"] <= case["ours"] + 0.5
    assert case["ours"] < case["nearest"]
    assert 0 <= case["hindsight_whole"] < min(case["ours"], case["ours_held_week"])
    assert positive(case["ms_per_look"]) == positive(case["ms_per_decision"]) == []


@pytest.mark.timeout(180)
def test_a_retailer_s_orders_are_decided_again_under_each_rule() -> None:
    if sourcing_replay.folder() is None:
        pytest.skip("the retail file is not beside this checkout")
    report = told("sourcing-replay")
    assert report["rules"].keys() == {"nearest", "cheapest_now", "ours"}
    assert report["again_orders"] == 200
    assert report["rules"]["cheapest_now"]["cost_minor"] > 0


@pytest.mark.timeout(180)
def test_the_speed_of_decisions_is_measured_and_they_are_exact() -> None:
    report = told("sourcing-speed")
    assert report["exact"]
    assert report["us"].keys() == {"1", "3", "6", "10"}
    assert positive(report["us"]) == positive(report["highs_times"]) == []
    assert report["live_p99_ms"] >= report["live_p50_ms"] > 0
    assert report["joint_gap_pct"] <= report["greedy_gap_pct"]
