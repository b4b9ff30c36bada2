"""Labels: one paid label a package whatever answers are lost; nothing in them is executed."""

from __future__ import annotations

import msgspec
import pytest

from everyshelf import fulfillment, transport
from everyshelf.base.tx import Database
from everyshelf.fulfillment import FulfillmentId, PackageId
from everyshelf.transport import Bought, BuyLabels, Request, Ship, settle_labels, tracking_of
from everyshelf.transport.label_print import escape
from tests.walk import NOW, ask, hear, packed, placed, shipped
from tests.world import NEW_YORKER, done, small_world


class Loopback:
    """A carrier in this process that really keeps labels, and may lose its answers."""

    def __init__(self, lose: int = 0) -> None:
        self.lose = lose
        self.sold: dict[str, Bought] = {}
        self.voided: list[str] = []
        self.asked = 0

    def find(self, key: str) -> Bought | None:
        return self.sold.get(key)

    def buy(self, request: Request) -> Bought:
        self.asked += 1
        assert request.key not in self.sold, "a second label was bought"
        self.sold[request.key] = Bought(f"LB{len(self.sold)}", 777, "USD")
        if self.lose:
            self.lose -= 1
            raise TimeoutError("the answer was lost")
        return self.sold[request.key]

    def void(self, key: str) -> None:
        self.voided.append(key)


@pytest.fixture
def shop(db: Database) -> Database:
    small_world(db)
    hear(db)
    return db


def ordered(db: Database, id_: FulfillmentId) -> None:
    command = BuyLabels("b", id_, "loopback", "NEXT_DAY")
    db.run(lambda tx: done(transport.buy_labels(tx, [command])), now=NOW)


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_a_lost_answer_never_buys_twice(shop: Database, lost: int) -> None:
    (id_,) = packed(shop, placed(shop, ("TEA-1", 1)))
    ordered(shop, id_)
    (early,) = shop.run(lambda tx: transport.ship(tx, [Ship("s", id_)]), now=NOW)
    assert early.refusal is not None
    assert early.refusal.code == "transport.label_pending"
    carrier = Loopback(lose=lost)
    settled = [settle_labels(shop, {"loopback": carrier}) for _ in range(3)]
    assert sum(settled) == 1
    assert carrier.asked == 1
    (made,) = shop.run(lambda tx: done(transport.ship(tx, [Ship("s", id_)])), now=NOW)
    assert (made.carrier, made.cost_minor) == ("loopback", 777)
    assert [label.tracking for label in made.labels] == ["LB0"]
    assert ask(shop, "select state, tracking from label") == [("paid", "LB0")]


def test_a_package_that_is_opened_gives_its_label_back(shop: Database) -> None:
    (id_,) = packed(shop, placed(shop, ("TEA-1", 1)))
    ordered(shop, id_)
    carrier = Loopback()
    settle_labels(shop, {"loopback": carrier})
    again = fulfillment.Unpack("u", id_)
    shop.run(lambda tx: done(fulfillment.unpack(tx, [again])), now=NOW)
    hear(shop)
    assert ask(shop, "select state from label") == [("void_due",)]
    settle_labels(shop, {"loopback": carrier})
    assert ask(shop, "select state from label") == [("void",)]
    assert carrier.voided == list(carrier.sold)


NASTY = msgspec.structs.replace(
    NEW_YORKER, name="^XZ~JR Žofie Ångström\\", street="1 Rue <b>^FD</b>\n^XA 東京", city="Łódź"
)


def test_texts_of_others_give_the_printer_no_command(shop: Database) -> None:
    (made,) = shipped(shop, placed(shop, ("TEA-1", 1), to=NASTY))
    packages = [label.package_id for label in made.labels]
    zpl = shop.run(lambda tx: transport.label_zpl(tx, packages))
    assert zpl.isascii()
    assert zpl.count("^XA") == zpl.count("^XZ") == len(packages)
    assert "~" not in zpl
    assert zpl.count("^FD") == zpl.count("^FH\\^FD")
    assert made.labels[0].tracking in zpl


def test_escaping_is_undone_by_the_printer() -> None:
    text = "^FD ~ \\ é 東"
    escaped = escape(text)
    pieces = escaped.split("\\")
    raw = pieces[0].encode() + b"".join(
        bytes([int(p[:2], 16)]) + p[2:].encode() for p in pieces[1:]
    )
    assert raw.decode() == text


def test_a_page_of_four_by_six_inches_for_each_package(shop: Database) -> None:
    made = shipped(shop, placed(shop, ("DESK-1", 2), to=NASTY))
    packages = [label.package_id for one in made for label in one.labels]
    pdf = shop.run(lambda tx: transport.label_pdf(tx, packages))
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") == len(packages)
    assert b"/MediaBox [0 0 288.00 432.00]" in pdf


def test_a_package_without_a_label_is_refused(shop: Database) -> None:
    with pytest.raises(Exception, match=r"transport\.label_unknown"):
        shop.run(lambda tx: transport.label_pdf(tx, [PackageId(1)]))


def test_our_numbers_carry_a_check_digit() -> None:
    number = tracking_of(PackageId(123_456_789))
    digits = [int(d) for d in number[2:]]
    weighted = sum(d * (1 if n % 2 == 0 else 3) for n, d in enumerate(reversed(digits)))
    assert weighted % 10 == 0
    assert len({tracking_of(n) for n in range(1_000)}) == 1_000
