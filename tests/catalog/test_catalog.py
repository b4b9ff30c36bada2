"""What is sold: declared in batches, told when it changed, refused alone when it cannot be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from everyshelf import catalog
from everyshelf.base.declare import Saved
from everyshelf.base.results import Result
from everyshelf.base.tx import Database
from everyshelf.catalog import (
    ItemKind,
    KitPart,
    UpsertBarcode,
    UpsertChannel,
    UpsertItem,
    UpsertKit,
    UpsertListing,
)
from tests.look import check, code, findings, picture, rows, told
from tests.world import small_world

TABLES = ("channel", "item", "item_barcode", "kit_component", "listing")


def items(db: Database, *commands: UpsertItem) -> list[Result[Saved]]:
    return db.run(lambda tx: catalog.upsert_items(tx, commands))


def kits(db: Database, *commands: UpsertKit) -> list[Result[Saved]]:
    return db.run(lambda tx: catalog.upsert_kits(tx, commands))


def test_what_is_unset_stays(db: Database) -> None:
    items(db, UpsertItem(key="1", item="A", name="Tea", price_minor=100, handling=("cold",)))
    saved = items(db, UpsertItem(key="2", item="A", price_minor=120))[0].get()

    with db.transaction() as tx:
        item = catalog.items(tx, ["A", "B"])
    assert saved == Saved("A", 2, True)
    assert set(item) == {"A"}
    assert (item["A"].name, item["A"].price_minor, item["A"].handling) == ("Tea", 120, ("cold",))
    assert told(db, "catalog.item.upserted") == [("A", 1), ("A", 2)]


def test_saying_the_same_again_changes_nothing_and_tells_nobody(db: Database) -> None:
    items(db, UpsertItem(key="1", item="A", name="Tea"))
    before = rows(db, "select * from item"), told(db, "catalog.item.upserted")

    saved = items(db, UpsertItem(key="2", item="A", name="Tea", weight_g=500))[0].get()

    assert saved == Saved("A", 1, False)
    assert (rows(db, "select * from item"), told(db, "catalog.item.upserted")) == before


def test_two_changes_of_one_item_in_one_batch(db: Database) -> None:
    one = UpsertItem(key="1", item="A", name="Tea", price_minor=1)
    two = UpsertItem(key="2", item="A", price_minor=2)
    results = items(db, one, two)

    assert [r.get().version for r in results] == [1, 2]
    assert rows(db, "select price_minor, version from item") == [(2, 2)]


def test_a_stale_version_is_refused(db: Database) -> None:
    items(db, UpsertItem(key="1", item="A", name="Tea"), UpsertItem(key="2", item="A", name="Té"))
    before = picture(db, *TABLES)

    stale = UpsertItem(key="3", item="A", name="Tee", version=1)
    new = UpsertItem(key="4", item="B", name="B", version=1)

    assert [code(r) for r in items(db, stale, new)] == ["version.stale"] * 2
    assert picture(db, *TABLES) == before


@pytest.mark.parametrize(
    "bad",
    [
        UpsertItem(key="x", item="", name="A"),
        UpsertItem(key="x", item="@supplier", name="A"),
        UpsertItem(key="x", item="A" * 65, name="A"),
        UpsertItem(key="x", item="A\n", name="A"),
        UpsertItem(key="x", item="A", name=" "),
        UpsertItem(key="x", item="A", name="A", price_minor=-1),
        UpsertItem(key="x", item="A", name="A", cost_minor=-1),
        UpsertItem(key="x", item="A", name="A", price_minor=10**13),
        UpsertItem(key="x", item="A", name="A", currency="usd"),
        UpsertItem(key="x", item="A", name="A", weight_g=-1),
        UpsertItem(key="x", item="A", name="A", height_mm=10**9),
        UpsertItem(key="x", item="A", name="A", handling=("magic",)),
        UpsertItem(key="x", item="A", name="A", unit=""),
    ],
)
def test_a_bad_item_is_refused_alone_and_writes_nothing(db: Database, bad: UpsertItem) -> None:
    before = picture(db, *TABLES)
    assert code(items(db, bad)[0]) == "input.invalid"
    assert picture(db, *TABLES) == before

    results = items(db, bad, UpsertItem(key="good", item="G", name="Good"))
    assert [r.ok for r in results] == [False, True]
    assert rows(db, "select item from item") == [("G",)]


def test_a_kit_is_its_components(db: Database) -> None:
    small_world(db)
    with db.transaction() as tx:
        parts = catalog.kits(tx, ["GIFT-1", "TEA-1"])
        assert [(c.item, c.qty) for c in parts["GIFT-1"]] == [("MUG-1", 1), ("TEA-1", 2)]
        assert set(parts) == {"GIFT-1"}
        assert catalog.items(tx, ["GIFT-1"])["GIFT-1"].kind is ItemKind.KIT

    same = UpsertKit(key="1", kit="GIFT-1", components=(KitPart("MUG-1", 1), KitPart("TEA-1", 2)))
    assert kits(db, same)[0].get().changed is False

    none = UpsertKit(key="2", kit="GIFT-1", components=())
    assert kits(db, none)[0].get() == Saved("GIFT-1", 3, True)
    assert rows(db, "select kind from item where item = 'GIFT-1'") == [("standard",)]
    assert told(db, "catalog.kit.upserted") == [("GIFT-1", 2), ("GIFT-1", 3)]


@pytest.mark.parametrize(
    ("kit", "components", "expected"),
    [
        ("LAMP-1", (("GIFT-1", 1),), "catalog.kit_nested"),
        ("LAMP-1", (("LAMP-1", 1),), "catalog.kit_nested"),
        ("TEA-1", (("LAMP-1", 1),), "catalog.kit_nested"),
        ("LAMP-1", (("NO-1", 1),), "catalog.item_unknown"),
        ("NO-1", (("LAMP-1", 1),), "catalog.item_unknown"),
        ("LAMP-1", (("TEA-1", 0),), "input.invalid"),
        ("LAMP-1", (("TEA-1", -2),), "input.invalid"),
        ("LAMP-1", (("TEA-1", 10**6 + 1),), "input.invalid"),
        ("LAMP-1", (("TEA-1", 1), ("TEA-1", 2)), "input.invalid"),
        ("LAMP-1", tuple((f"X{n}", 1) for n in range(101)), "input.invalid"),
    ],
)
def test_a_bad_kit_writes_nothing(
    db: Database, kit: str, components: tuple[tuple[str, int], ...], expected: str
) -> None:
    small_world(db)
    before = picture(db, *TABLES)
    parts = tuple(KitPart(item, qty) for item, qty in components)

    assert code(kits(db, UpsertKit(key="x", kit=kit, components=parts))[0]) == expected
    assert picture(db, *TABLES) == before


def test_nesting_is_seen_inside_one_batch(db: Database) -> None:
    small_world(db)
    first = UpsertKit(key="1", kit="LAMP-1", components=(KitPart("BOOK-1", 1),))
    inner = UpsertKit(key="2", kit="BOOK-1", components=(KitPart("SOCK-1", 1),))
    outer = UpsertKit(key="3", kit="DESK-1", components=(KitPart("LAMP-1", 1),))
    free = UpsertKit(key="4", kit="LAMP-1", components=())
    again = UpsertKit(key="5", kit="BOOK-1", components=(KitPart("SOCK-1", 1),))
    results = kits(db, first, inner, outer, free, again)

    assert [r.ok for r in results] == [True, False, False, True, True]
    check(db, "catalog")


def test_two_at_once_cannot_nest_kits(db: Database) -> None:
    small_world(db)
    outer = UpsertKit(key="1", kit="LAMP-1", components=(KitPart("BOOK-1", 1),))
    inner = UpsertKit(key="2", kit="BOOK-1", components=(KitPart("SOCK-1", 1),))
    with ThreadPoolExecutor(2) as threads:
        results = [r[0].ok for r in threads.map(lambda k: kits(db, k), (outer, inner))]

    assert sorted(results) == [False, True]
    check(db, "catalog")


def test_a_kind_cannot_contradict_the_components(db: Database) -> None:
    small_world(db)
    before = picture(db, *TABLES)
    single = UpsertItem(key="1", item="GIFT-1", kind=ItemKind.STANDARD)
    nested = UpsertItem(key="2", item="TEA-1", kind=ItemKind.KIT)

    assert [code(r) for r in items(db, single, nested)] == [
        "catalog.kit_has_components",
        "catalog.kit_nested",
    ]
    assert picture(db, *TABLES) == before


def test_a_listing_speaks_for_its_channel(db: Database) -> None:
    small_world(db)
    listings = [
        UpsertListing(key="1", channel="web", item="TEA-1", price_minor=799),
        UpsertListing(key="2", channel="marketplace", item="TEA-1", listed=False),
    ]
    db.run(lambda tx: catalog.upsert_listings(tx, listings))
    items(db, UpsertItem(key="off", item="SOCK-1", active=False))

    with db.transaction() as tx:
        pairs = [(c, "TEA-1") for c in ("web", "pos", "marketplace")]
        assert catalog.prices(tx, [*pairs, ("web", "SOCK-1"), ("web", "NO-1")]) == {
            ("web", "TEA-1"): (799, "USD"),
            ("pos", "TEA-1"): (899, "USD"),
        }
        assert len(catalog.listings(tx, ["TEA-1"])["TEA-1"]) == 2
    assert told(db, "catalog.listing.upserted") == [("web/TEA-1", 1), ("marketplace/TEA-1", 1)]


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (UpsertListing(key="x", channel="fax", item="TEA-1"), "catalog.channel_unknown"),
        (UpsertListing(key="x", channel="web", item="NO-1"), "catalog.item_unknown"),
        (UpsertListing(key="x", channel="web", item="TEA-1", price_minor=-1), "input.invalid"),
        (UpsertListing(key="x", channel="web", item="TEA-1", currency="$"), "input.invalid"),
        # A number of dollars is no number of pounds.
        (UpsertListing(key="x", channel="web", item="TEA-1", currency="GBP"), "input.invalid"),
    ],
)
def test_a_bad_listing_writes_nothing(db: Database, bad: UpsertListing, expected: str) -> None:
    small_world(db)
    before = picture(db, *TABLES)

    assert code(db.run(lambda tx: catalog.upsert_listings(tx, [bad]))[0]) == expected
    assert picture(db, *TABLES) == before


def test_a_channel_changes_and_a_bad_one_does_not(db: Database) -> None:
    small_world(db)
    good = UpsertChannel(key="1", channel="web", currency="GBP")
    bad = UpsertChannel(key="2", channel="web2", currency="pounds")
    results = db.run(lambda tx: catalog.upsert_channels(tx, [good, bad]))

    assert results[0].get() == Saved("web", 2, True)
    assert code(results[1]) == "input.invalid"
    with db.transaction() as tx:
        assert catalog.channels(tx, ["web", "web2"]).keys() == {"web"}
        assert catalog.channels(tx)["web"].currency == "GBP"


def test_a_barcode_names_one_item(db: Database) -> None:
    small_world(db)
    give = UpsertBarcode(key="1", barcode="4006381333931", item="TEA-1")
    steal = UpsertBarcode(key="2", barcode="04006381333931", item="MUG-1")
    unknown = UpsertBarcode(key="3", barcode="77", item="NO-1")
    results = db.run(lambda tx: catalog.upsert_barcodes(tx, [give, steal, unknown]))

    assert results[0].ok
    assert [code(r) for r in results[1:]] == ["catalog.barcode_taken", "catalog.item_unknown"]
    free = UpsertBarcode(key="4", barcode="4006381333931", item=None)
    take = UpsertBarcode(key="5", barcode="4006381333931", item="MUG-1")
    db.run(lambda tx: catalog.upsert_barcodes(tx, [free, take]))
    with db.transaction() as tx:
        assert catalog.item_of_barcode(tx, ["4006381333931", "0000"]) == {"4006381333931": "MUG-1"}


def test_pages_follow_each_other(db: Database) -> None:
    small_world(db)
    with db.transaction() as tx:
        whole = catalog.item_page(tx)
        first = catalog.item_page(tx, size=5)
        rest = catalog.item_page(tx, after=first[-1].item)
        assert [*first, *rest] == whole
        assert len(whole) == 12
        assert [i.item for i in catalog.item_page(tx, text="mug")] == ["GIFT-1", "MUG-1"]


def test_the_statements_do_not_grow_with_the_items(db: Database) -> None:
    channel = UpsertChannel(key="w", channel="web", name="Web")
    db.run(lambda tx: catalog.upsert_channels(tx, [channel]))

    def walk(n: int) -> int:
        codes = [f"{n}-{i:04}" for i in range(n)]
        half = list(zip(codes[: n // 2], codes[n // 2 :], strict=True))
        with db.transaction() as tx:
            results = [
                *catalog.upsert_items(tx, [UpsertItem(key=c, item=c, name=c) for c in codes]),
                *catalog.upsert_kits(
                    tx, [UpsertKit(key=a, kit=a, components=(KitPart(b, 2),)) for a, b in half]
                ),
                *catalog.upsert_listings(
                    tx, [UpsertListing(key=c, channel="web", item=c) for c in codes]
                ),
                *catalog.upsert_barcodes(
                    tx, [UpsertBarcode(key=c, barcode=c, item=c) for c in codes]
                ),
            ]
            assert all(r.ok for r in results)
            assert len(catalog.prices(tx, [("web", c) for c in codes])) == n
            assert len(catalog.items(tx, codes)) == n
            return tx.statements

    assert walk(10) == walk(1000)
    check(db, "catalog")


def test_the_same_new_item_from_two_writers(db: Database) -> None:
    def write(n: int) -> Result[Saved]:
        return items(db, UpsertItem(key=str(n), item="A", name=f"Tea {n}"))[0]

    with ThreadPoolExecutor(8) as threads:
        versions = [r.get().version for r in threads.map(write, range(8))]

    assert sorted(versions) == list(range(1, 9))
    assert rows(db, "select version from item") == [(8,)]
    assert {v for _, v in told(db, "catalog.item.upserted")} == set(range(1, 9))


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        ("insert into kit_component values ('LAMP-1', 'GIFT-1', 1)", "kits_hold_items_only"),
        (
            "update item set kind = 'standard' where item = 'GIFT-1'",
            "kind_says_what_components_say",
        ),
        ("update item set price_minor = -1 where item = 'TEA-1'", "prices_not_negative"),
    ],
)
def test_each_check_finds_what_it_is_for(db: Database, harm: str, name: str) -> None:
    small_world(db)
    check(db, "catalog")
    with db.transaction() as tx:
        tx.conn.execute(harm.encode())
    assert findings(db, "catalog", name) == {name}
