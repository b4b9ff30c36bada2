"""Commands that name nothing, nobody or no reason: each is refused alone and leaves no trace."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from everyshelf import stock
from everyshelf.base.tx import Database
from tests.stock.conftest import Clean, Fill

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TABLES = ("stock_move", "stock_hold", "stock_transfer", "stock_rule", "event", "claim")


def rows(db: Database) -> dict[str, int]:
    with db.transaction() as tx:
        found = {t: tx.conn.execute(f"select count(*) from {t}").fetchone() for t in TABLES}
    return {t: row[0] for t, row in found.items() if row is not None}


def refused(db: Database, verb: Callable[..., Sequence[Any]], *commands: Any) -> list[str]:
    """The codes of the refusals; asserts that nothing was written."""
    before = rows(db)
    answers = db.run(lambda tx: verb(tx, list(commands)), now=NOON)
    assert rows(db) == before
    return [a.refusal.code for a in answers]


def hold(**given: Any) -> stock.Hold:
    usual = stock.Hold(str(given), "TEA", 1, "ship", "web", "me", 1)
    return msgspec.structs.replace(usual, **given)


ORDER = "ord_" + "0" * 13


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"item": "NOPE"}, "stock.item_unknown"),
        ({"channel": "nope"}, "catalog.channel_unknown"),
        ({"owner": ""}, "input.invalid"),
        ({"owner": ORDER}, "input.invalid"),
        ({"owner": "crt_" + "0" * 13}, "input.invalid"),
        ({"expires_at": NOON}, "input.invalid"),
        ({"expires_at": NOON + timedelta(days=31)}, "input.invalid"),
    ],
)
def test_a_hold_of_nothing_for_nobody_or_for_ever(
    shelf: Database, fill: Fill, wrong: dict[str, Any], code: str
) -> None:
    fill(DC1=5)
    assert refused(shelf, stock.hold, hold(**wrong)) == [code]


def test_a_hold_that_names_no_end_ends_in_half_an_hour(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=5)
    shelf.run(lambda tx: stock.hold(tx, [hold()]), now=NOON)[0].get()
    row = shelf.run(lambda tx: stock.holds_of(tx, ["me"]))[0]
    assert row.expires_at == NOON + timedelta(minutes=30)
    clean()


def test_no_move_without_a_reason(shelf: Database, fill: Fill, clean: Clean) -> None:
    fill(DC1=5)
    assert refused(shelf, stock.adjust, stock.Adjust("a", "DC1", "TEA", 1, " ")) == [
        "input.invalid"
    ]
    assert refused(shelf, stock.count, stock.Count("c", "DC1", "TEA", 7, "")) == ["input.invalid"]
    assert refused(shelf, stock.receive, stock.Receive("r", "DC1", "TEA", 1, reason="")) == [
        "input.invalid"
    ]
    clean()


def test_a_transfer_carries_something_somewhere(shelf: Database, fill: Fill, clean: Clean) -> None:
    fill(DC1=5)
    tea = (stock.TransferLine("TEA", 1),)
    assert refused(
        shelf, stock.send_transfer, stock.SendTransfer("a", "DC1", "S1", ()),
        stock.SendTransfer("b", "NOPE", "S1", ()), stock.SendTransfer("c", "DC1", "DC1", tea),
        stock.SendTransfer("d", "DC1", "S1", tea, reason=""),
    ) == ["input.invalid"] * 4  # fmt: skip
    clean()


def test_a_rule_is_about_what_exists(shelf: Database) -> None:
    def rule(**kept: Any) -> stock.SetRules:
        return stock.SetRules(str(kept), (stock.Protection(**kept),))

    assert refused(
        shelf, stock.set_rules, rule(item="NOPE", safety_qty=1), rule(node="NOPE", safety_qty=1),
        rule(channel="nope", ring_fence_qty=1), rule(safety_qty=10**6 + 1), rule(item=5),
    ) == [
        "stock.item_unknown", "stock.node_unknown", "catalog.channel_unknown", "stock.qty_invalid",
        "stock.item_unknown",
    ]  # fmt: skip
