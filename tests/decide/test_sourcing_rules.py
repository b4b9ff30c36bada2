"""The policy document: its parts do what they say, its order holds, its flaws are named."""

from itertools import product

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from everyshelf.decide import conditions
from everyshelf.decide.sourcing import (
    LineFacts,
    NodeFacts,
    OrderFacts,
    Policy,
    Problem,
    Rules,
    Shortage,
    flaws,
    source,
)
from everyshelf.decide.sourcing_filters import in_share
from everyshelf.decide.sourcing_why import explain

KINDS = ("store", "store", "dc", "supplier")


def problem(rows: int = 1, **facts: object) -> Problem:
    """Two stores, a warehouse and a supplier, each with plenty; dearer from left to right."""
    ones = np.ones(4, np.int64)
    zeros = np.zeros(4, np.int64)
    return Problem(
        order=7, item=np.arange(rows), qty=np.full(rows, 2), weight_g=np.full(rows, 500),
        volume_cm3=np.full(rows, 1000), value_minor=np.full(rows, 900), node=np.arange(4),
        stock=np.full((rows, 4), 9), parcel_minor=np.array([400, 500, 600, 700]),
        per_kg_minor=zeros, labour_order_minor=zeros, labour_line_minor=zeros,
        labour_unit_minor=zeros, priority=ones,
        facts=tuple((name, np.array(values)) for name, values in facts.items()),
        asked=OrderFacts("web", "ship", "US", "NY", "gold", 0, "", 0),
        nodes=NodeFacts(("S1", "S2", "DC", "SUP"), KINDS, ("US", "US", "CA", "US"),
                        ("NY", "NJ", "ON", "TX"), (("pilot",), (), (), ())),
        lines=LineFacts(tuple(f"I{r}" for r in range(rows)), (("cold",),) + ((),) * (rows - 1)),
    )  # fmt: skip


def rules(text: str) -> Rules:
    return msgspec.json.decode(text, type=Rules)


def under(p: Problem, text: str, shortage: Shortage = Shortage.REFUSE) -> tuple[str, ...]:
    """The codes of the nodes that serve."""
    told = source(p, Policy(rules=rules(text), shortage=shortage))
    return tuple(p.nodes.code[n] for n in told.nodes)


def left_out(p: Problem, text: str) -> dict[str, str]:
    """Per candidate that is out, the filter that is named for it."""
    why = explain(p, Policy(rules=rules(text)))
    return {p.nodes.code[n]: why.filter_names[i] for n, i in enumerate(why.excluded) if i >= 0}


@pytest.mark.parametrize(
    ("part", "out"),
    [
        ('{"part": "max_km", "km": 20}', {"DC", "SUP"}),
        ('{"part": "max_late_days"}', {"S2"}),
        ('{"part": "max_workload_pct", "pct": 80}', {"S1"}),
        ('{"part": "same_market"}', {"DC"}),
        ('{"part": "same_market", "by": "region"}', {"S2", "DC", "SUP"}),
        ('{"part": "min_found_pct", "pct": 95}', {"S2"}),
        ('{"part": "leave_units", "units": 8}', {"S1", "S2", "DC", "SUP"}),
        ('{"part": "pilot", "tag": "pilot", "share_pct": 0}', {"S1"}),
        ('{"part": "pilot", "tag": "pilot", "share_pct": 100}', set()),
        ('{"part": "condition", "name": "no shop", "keep": "node.kind != \'store\'"}',
         {"S1", "S2"}),
        ('{"part": "condition", "name": "no shop", "keep": "node.kind != \'store\'",'
         ' "when": "order.tier == \'iron\'"}', set()),
        ('{"part": "condition", "name": "cold", "keep": "node.km < 15",'
         ' "when": "\'cold\' in line.handling"}', {"S2", "DC", "SUP"}),
        ('{"part": "condition", "name": "tag", "keep": "!(\'pilot\' in node.tags)"}', {"S1"}),
    ],
)  # fmt: skip
def test_a_filter_takes_out_who_it_says(part: str, out: set[str]) -> None:
    p = problem(km=[10, 20, 30, 900], late_days=[0, 1, 0, 0], workload_pct=[90, 0, 0, 0],
                lost_bp=[[0, 600, 100, 0]])  # fmt: skip
    text = f'{{"filters": [{part}]}}'
    assert set(left_out(p, text)) == out
    label = msgspec.json.decode(part).get("name") or msgspec.json.decode(part)["part"]
    assert set(left_out(p, text).values()) <= {label}


@pytest.mark.parametrize(
    ("costs", "winner"),
    [
        ('[{"part": "carrier"}]', "S1"),
        ('[{"part": "carrier", "weight": 0}, {"part": "distance", "everywhere": true}]', "DC"),
        ('[{"part": "carrier"}, {"part": "late", "once_minor": 90, "day_minor": 20}]', "S2"),
        ('[{"part": "carrier"}, {"part": "goods"}]', "S2"),
        ('[{"part": "carrier"}, {"part": "scarcity"}]', "DC"),
        ('[{"part": "carrier"}, {"part": "walk_in"}]', "S2"),
        ('[{"part": "carrier"}, {"part": "markdown"}]', "SUP"),
        ('[{"part": "carrier"}, {"part": "risk", "cancel_minor": 5000}]', "S2"),
        ('[{"part": "carrier"}, {"part": "workload", "full_minor": 300}]', "S2"),
        ('[{"part": "carrier"}, {"part": "co2e", "minor_per_kg": 2000}]', "S2"),
        ('[{"part": "carrier"}, {"part": "returns"}]', "DC"),
        ('[{"part": "carrier"}, {"part": "node", "tag_or_kind": "pilot", "order_minor": 150}]',
         "S2"),
        ('[{"part": "carrier"}, {"part": "node", "tag_or_kind": "store", "order_minor": 999}]',
         "DC"),
        ('[{"part": "carrier"}, {"part": "labour"}, {"part": "split"}]', "S1"),
    ],
)  # fmt: skip
def test_a_cost_moves_the_choice(costs: str, winner: str) -> None:
    p = problem(
        km=[90, 80, 10, 70], late_days=[3, 0, 0, 0], goods_minor=[150, 0, 0, 0],
        scarcity_milli=[[200_000, 90_000, 10_000, 0]], walk_in_milli=[[99_000, 0, 0, 0]],
        markdown_milli=[[0, 0, 0, 200_000]], lost_bp=[[300, 0, 0, 0]],
        workload_pct=[100, 40, 0, 0], co2e_g_per_kg=[100, 40, 10, 10],
        return_bp=[[5000, 4000, 0, 0]],
    )  # fmt: skip
    assert under(p, f'{{"costs": {costs}}}') == (winner,)


def test_the_terms_of_a_decision_are_its_costs() -> None:
    p = problem(late_days=[1, 0, 0, 0], markdown_milli=[[0, 30_000, 0, 0]])
    policy = Policy(rules=rules('{"costs": [{"part": "carrier", "weight": 0.5}, {"part": "late"},'
                                '{"part": "markdown"}]}'))  # fmt: skip
    told, why = source(p, policy), explain(p, policy)
    assert why.terms == ("carrier", "late", "markdown")
    assert why.amounts[0] == (200_000, 800_000, 0)
    assert why.amounts[1] == (250_000, 0, -60_000)
    assert told.cost_milli == 190_000 == why.alone_milli[1]


SEED = """{"sources": [
  {"name": "preferred", "where": "node.code == order.preferred_node", "otherwise": "near"},
  {"name": "near", "where": "node.kind == 'store'", "max_km": 16, "otherwise": "warehouse"},
  {"name": "warehouse", "where": "node.kind == 'dc'", "otherwise": "dropship"},
  {"name": "dropship", "where": "node.kind == 'supplier'"}]}"""


@pytest.mark.parametrize(
    ("preferred", "km", "empty", "served_by", "rung"),
    [
        ("S2", [1, 2, 3, 4], (), "S2", "preferred"),
        ("", [1, 2, 3, 4], (), "S1", "near"),
        ("", [20, 2, 3, 4], (), "S2", "near"),
        ("S1", [20, 20, 3, 4], (0,), "DC", "warehouse"),
        ("", [1, 2, 3, 4], (0, 1, 2), "SUP", "dropship"),
    ],
)
def test_the_hierarchy_of_the_seed_is_data(
    preferred: str, km: list[int], empty: tuple[int, ...], served_by: str, rung: str
) -> None:
    p = problem(km=km)
    p = replace(p, asked=replace(p.asked, preferred_node=preferred))
    stock = p.stock.copy()
    stock[:, list(empty)] = 0
    p = replace(p, stock=stock)
    told = source(p, Policy(rules=rules(SEED)))
    assert tuple(p.nodes.code[n] for n in told.nodes) == (served_by,)
    assert told.source == rung


def test_rungs_may_serve_together_or_not() -> None:
    p = problem(2)
    stock = np.array([[9, 0, 0, 0], [0, 0, 9, 0]])
    p = replace(p, stock=stock)
    apart = SEED.replace('"name": "warehouse",', '"name": "warehouse", "together": false,')
    assert under(p, SEED) == ("S1", "DC")
    assert under(p, apart.replace(', "otherwise": "dropship"', "")) == ()
    why = explain(p, Policy(rules=rules(SEED)))
    assert [why.filter_names[i] for i in why.excluded if i >= 0] == ["no_stock", "source"]


def test_a_rung_whose_condition_does_not_hold_is_passed_over() -> None:
    text = SEED.replace('"max_km": 16,', '"max_km": 16, "when": "order.tier == \'iron\'",')
    assert under(problem(km=[1, 2, 3, 4]), text) == ("DC",)


def banded_brute(p: Problem) -> tuple[int, int]:
    """The least number of late days, then of money, over every cut of the order."""
    best = None
    late, parcel = p.fact("late_days"), p.parcel_minor
    for where in product(range(4), repeat=len(p.qty)):
        if all(p.stock[r, n] >= p.qty[r] for r, n in enumerate(where)):
            opened = set(where)
            key = (int(sum(late[n] for n in opened)), int(sum(parcel[n] for n in opened)))
            best = min(best, key) if best else key
    assert best is not None
    return best


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_bands_are_compared_one_after_the_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = problem(3, late_days=rng.integers(0, 3, 4))
    stock = rng.integers(0, 5, (3, 4))
    stock[:, int(rng.integers(0, 4))] = 9
    p = replace(p, stock=stock, parcel_minor=rng.integers(1, 90_000, 4))
    text = """{"costs": [{"part": "carrier"}, {"part": "late", "once_minor": 0, "day_minor": 1}],
      "bands": [["late"]], "limits": {"split_lines": false}}"""
    told = source(p, Policy(rules=rules(text)))
    late = int(p.fact("late_days")[list(told.nodes)].sum())
    parcels = int(p.parcel_minor[list(told.nodes)].sum())
    assert (late, parcels) == banded_brute(p)
    assert told.cost_minor == parcels + late


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_a_gain_is_a_cost_below_zero(seed: int) -> None:
    """With gains for units the choice is still the cheapest of all single nodes and pairs."""
    rng = np.random.default_rng(seed)
    p = problem(2, markdown_milli=rng.integers(0, 900_000, (2, 4)))
    text = '{"costs": [{"part": "carrier"}, {"part": "markdown"}], "limits": {"max_nodes": 2}}'
    told = source(p, Policy(rules=rules(text)))
    gain = p.fact("markdown_milli")
    best = min(
        sum(int(p.parcel_minor[n]) * 1000 for n in {a, b}) - 2 * int(gain[0, a] + gain[1, b])
        for a, b in product(range(4), repeat=2)
    )
    assert told.cost_milli == best


def test_lines_that_must_not_be_split_come_from_one_node() -> None:
    p = problem(1)
    p = replace(p, stock=np.array([[1, 1, 0, 0]]))
    assert under(p, "{}") == ("S1", "S2")
    assert under(p, '{"limits": {"never_split": ["I0"]}}') == ()
    assert under(p, '{"limits": {"never_split_when": "\'cold\' in line.handling"}}') == ()
    assert left_out(p, '{"limits": {"never_split": ["I0"]}}')["S1"] == "never_split"


@pytest.mark.parametrize(("fill", "served"), [("complete", 0), ("partial", 2), ("as_ordered", 0)])
def test_the_policy_may_say_how_far_an_order_is_filled(fill: str, served: int) -> None:
    p = replace(problem(2), stock=np.array([[9, 0, 0, 0], [0, 0, 0, 0]]))
    told = source(p, Policy(rules=rules(f'{{"limits": {{"fill": "{fill}"}}}}')))
    assert sum(part.qty for part in told.parts) == served


def test_what_would_flip_a_choice_is_told_for_each_lever() -> None:
    p = problem(
        km=[5, 30, 40, 50], late_days=[1, 0, 0, 0], late_days_in_time=[0, 0, 0, 0],
        past_cutoff_min=[25, 0, 0, 0],
    )  # fmt: skip
    full = np.array([False, False, False, False])
    p = replace(p, filters=(("capacity", full),))
    changes = {str(c.lever): c for c in explain(p, Policy()).changes}
    assert (changes["cutoff"].node, changes["cutoff"].amount) == (0, 25)
    assert changes["cutoff"].saves_milli == 100_000
    assert (changes["price"].node, changes["price"].amount) == (2, 100_001)
    busy = replace(p, filters=(("capacity", np.array([False, True, False, False])),))
    told = {str(c.lever): c for c in explain(busy, Policy()).changes}
    assert (told["capacity"].node, told["capacity"].saves_milli) == (1, 100_000)
    near = rules('{"filters": [{"part": "max_km", "km": 1}]}')
    [change] = explain(p, Policy(rules=near)).changes
    assert (change.lever, change.what, change.node) == ("filter", "max_km", 1)
    assert change.saves_milli is None


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ('{"sources": [{"name": "a", "otherwise": "b"}, {"name": "b", "otherwise": "a"}]}',
         "/sources/1/otherwise", "a -> b -> a"),
        ('{"sources": [{"name": "a", "otherwise": "z"}]}', "/sources/0/otherwise", "'z'"),
        ('{"sources": [{"name": "a"}, {"name": "b"}]}', "/sources/1", "never tried"),
        ('{"sources": [{"name": "a", "otherwise": "a"}]}', "/sources/0/otherwise", "a -> a"),
        ('{"sources": [{"name": "a", "where": "node.kind = 1"}]}', "/sources/0/where", "parse"),
        ('{"sources": [{"name": "a", "where": "node.colour == 1"}]}', "/sources/0/where",
         "node.colour is not known"),
        ('{"sources": [{"name": "a", "when": "node.km < 1"}]}', "/sources/0/when", "'node'"),
        ('{"sources": [{"name": "a", "where": "node.km"}]}', "/sources/0/where", "answers 12"),
        ('{"filters": [{"part": "condition", "name": "x", "keep": "shop.km < 1"}]}',
         "/filters/0/keep", "'shop'"),
        ('{"filters": [{"part": "condition", "name": "x", "keep": "true || shop.km < 1"}]}',
         "/filters/0/keep", "'shop'"),
        ('{"filters": [{"part": "plugin", "name": "acme"}]}', "/filters/0/name", "acme"),
        ('{"costs": [{"part": "late"}, {"part": "late"}]}', "/costs/1", "charged twice"),
        ('{"bands": [["speed"]]}', "/bands/0/0", "'speed'"),
        ('{"bands": [["late"], ["late"]]}', "/bands/1/0", "two bands"),
        ('{"limits": {"never_split_when": "1"}}', "/limits/never_split_when", "answers 1"),
        ('{"turns": [{"when": "order.tier", "priority": 1}]}', "/turns/0/when", "gold"),
    ],
)  # fmt: skip
def test_a_flaw_is_named_with_its_place(text: str, path: str, words: str) -> None:
    [flaw] = flaws(rules(text))
    assert flaw.path == path
    assert words in flaw.detail
    assert flaw.hint


@pytest.mark.parametrize(
    "text",
    [
        '{"costs": [{"part": "carier"}]}', '{"costs": [{"part": "carrier", "weight": "much"}]}',
        '{"costs": [{"part": "carrier", "weight": -1}]}', '{"limit": {}}',
        '{"limits": {"max_nodes": 0}}', '{"filters": [{"part": "max_km"}]}',
        '{"filters": [{"part": "pilot", "tag": "x", "share_pct": 101}]}',
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"at `\$|missing required|unknown field"):
        rules(text)


def test_the_default_document_and_the_seed_have_no_flaw() -> None:
    assert flaws(Rules()) == []
    assert flaws(rules(SEED)) == []


@given(st.integers(1, 2**60))
def test_a_larger_share_has_the_smaller_one_in_it(order: int) -> None:
    inside = [in_share("x", order, share) for share in range(101)]
    assert inside == sorted(inside)
    assert (inside[0], inside[100]) == (False, True)


def test_a_share_is_about_that_share_and_another_name_is_another_draw() -> None:
    some = [in_share("a", n, 30) for n in range(10_000)]
    assert 2800 < sum(some) < 3200
    assert some != [in_share("b", n, 30) for n in range(10_000)]


def test_a_condition_is_asked_once_for_equal_values() -> None:
    asked = conditions.columns("node.kind == 'store'", {}, {"kind": KINDS * 250}, 1000)
    assert asked.tolist() == [k == "store" for k in KINDS * 250]
