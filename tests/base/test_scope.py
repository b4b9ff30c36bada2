"""Scopes: an order has one answer, the same for all time, and a greater share keeps the smaller."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from everyshelf.base.policy_book import Book, Policy, State
from everyshelf.base.scope import EVERYBODY, Facts, Scope, clash, place, rank, takes, tidy
from tests.base.test_policy import Rule

NAMES = st.sets(st.sampled_from("abc"), max_size=2).map(lambda found: tuple(sorted(found)))
SCOPES = st.builds(Scope, NAMES, NAMES, NAMES, st.sampled_from((0, 10, 50, 100)))
VERSIONS = st.lists(st.tuples(SCOPES, st.booleans()), max_size=8)
FACTS = st.builds(Facts, st.integers(0, 1 << 62), *(st.sampled_from("abcd") for _ in range(3)))


def kept(versions: list[tuple[Scope, bool]]) -> list[tuple[Scope, bool]]:
    """Those that may be in force together, first come first."""
    found: list[tuple[Scope, bool]] = []
    for one in versions:
        if not any(clash(*one, *other) for other in found):
            found.append(one)
    return found


def best(versions: list[tuple[Scope, bool]], facts: Facts) -> list[tuple[Scope, bool]]:
    """The most specific of those that take the order."""
    taking = [v for v in versions if takes(v[0], "p", facts)]
    top = max((rank(*v) for v in taking), default=())
    return [v for v in taking if rank(*v) == top]


@given(VERSIONS, FACTS)
def test_of_versions_that_do_not_clash_one_decides(
    versions: list[tuple[Scope, bool]], facts: Facts
) -> None:
    assert len(best(kept(versions), facts)) <= 1


def test_without_the_rule_of_clashes_two_would_tie() -> None:
    """The negative control of the property."""
    twins = [(Scope(("web",)), False), (Scope(("app", "web")), False)]
    assert len(best(twins, Facts(1, "web"))) == 2
    assert kept(twins) == twins[:1]


@given(VERSIONS, FACTS)
def test_whoever_stands_behind_decides_when_nobody_more_specific_does(
    versions: list[tuple[Scope, bool]], facts: Facts
) -> None:
    live = [
        Policy("p", n, State.LIVE, Rule(n), None, None, *v)
        for n, v in enumerate(kept([(EVERYBODY, False), *versions]))
    ]
    book = Book("p", tuple(sorted(live, key=lambda p: rank(p.scope, p.dated), reverse=True)), ())
    turned = Book("p", tuple(sorted(live, key=lambda p: rank(p.scope, p.dated))[::-1]), ())
    assert book.of(facts) == turned.of(facts)
    assert book.of(facts).takes(facts)


@given(st.integers(0, 1 << 62), st.integers(0, 100), st.integers(0, 100))
def test_a_greater_share_keeps_the_orders_of_the_smaller(order: int, a: int, b: int) -> None:
    small, great = (takes(Scope(share_pct=s), "sourcing", Facts(order)) for s in sorted((a, b)))
    assert great or not small


def test_the_place_of_an_order_is_fixed_for_all_time() -> None:
    assert [place("sourcing", n) for n in (0, 1, 2, 1 << 60)] == [2062, 8477, 2982, 2423]
    assert place("returns", 1) != place("sourcing", 1)


def test_a_share_is_a_share() -> None:
    inside = sum(takes(Scope(share_pct=30), "sourcing", Facts(n)) for n in range(20_000))
    assert 5_700 < inside < 6_300


def test_the_order_of_the_specific_is_as_it_is_written() -> None:
    order = [
        (Scope(share_pct=5), False),
        (Scope(("web",), ("gold",), ("NY",)), False),
        (Scope(("web",), ("gold",)), False),
        (Scope((), ("gold",), ("NY",)), False),
        (Scope(("web",), (), ("NY",)), False),
        (Scope((), ("gold",)), True),
        (Scope((), ("gold",)), False),
        (Scope(("web",)), False),
        (Scope((), (), ("NY",)), False),
        (EVERYBODY, True),
        (EVERYBODY, False),
    ]
    assert sorted(order, key=lambda one: rank(*one), reverse=True) == order
    assert not any(clash(*a, *b) for a, b in combinations(order, 2))


def test_two_experiments_clash_wherever_they_meet() -> None:
    web, phone = Scope(("web",), share_pct=10), Scope(("phone",), share_pct=10)
    assert clash(web, False, Scope(share_pct=20), True)
    assert not clash(web, False, phone, False)
    assert not clash(web, False, Scope(("web",)), False)


def test_equal_scopes_are_equal_however_they_are_written() -> None:
    assert tidy(Scope(("web", "app", "web"))) == Scope(("app", "web"))
    assert Scope(("app",), share_pct=5).words == "5 % of orders; channel app"
    assert EVERYBODY.words == "every order"
