"""One person over time: merged, described, spoken with, erased; every channel sees the same."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from everyshelf import customer, network
from everyshelf.base.tx import Database
from everyshelf.customer import (
    AddAddress,
    CustomerId,
    Describe,
    Erase,
    LogContact,
    Merge,
    Merged,
    Person,
    RemoveAddress,
    SetConsent,
)
from tests.look import check, findings, picture, rows

NOBODY = CustomerId(42)
HOME = network.Address(name="Bo", street="1 A St", city="Austin", region="TX", postcode="78701")
TABLES = (
    "customer",
    "customer_identity",
    "customer_address",
    "customer_consent",
    "customer_contact",
)


def meet(db: Database, *emails: str) -> list[CustomerId]:
    people = [Person(email=e, name=e.split("@")[0]) for e in emails]
    return db.run(lambda tx: customer.identify_now(tx, people))


def joined(db: Database, *commands: Merge) -> Merged:
    return db.run(lambda tx: customer.merge(tx, commands))[-1].get()


def live(db: Database, who: CustomerId) -> None:
    """Gives a customer one of every fact."""
    saved = AddAddress(key=f"a{who}", customer_id=who, address=HOME, label="home")
    said = SetConsent(key=f"s{who}", customer_id=who, purpose="marketing_email", granted=True)
    spoke = LogContact(key=f"c{who}", customer_id=who, channel="phone", kind="question", text="?")
    db.run(lambda tx: customer.add_address(tx, [saved]))[0].get()
    db.run(lambda tx: customer.set_consent(tx, [said]))[0].get()
    db.run(lambda tx: customer.log_contact(tx, [spoke]))[0].get()


def test_the_loser_is_the_winner_from_now_on(db: Database) -> None:
    a, b, c = meet(db, "a@x.org", "b@x.org", "c@x.org")
    for who in (a, b, c):
        live(db, who)

    chain = [Merge(key="1", winner=b, loser=c), Merge(key="2", winner=a, loser=b)]
    for command in chain:
        assert joined(db, command).changed

    assert meet(db, "a@x.org", "b@x.org", "c@x.org") == [a, a, a]
    with db.transaction() as tx:
        assert customer.resolve(tx, [a, b, c]) == {a: a, b: a, c: a}
        assert set(customer.family(tx, [c])[c]) == {a, b, c}
        assert len(customer.timeline(tx, b)) == 3
        assert len(customer.addresses(tx, [c])[c]) == 3
        assert customer.get(tx, [c])[c].merged_into == a
    check(db, "customer")


def test_a_chain_in_one_batch_comes_to_the_same(db: Database) -> None:
    a, b, c, d = meet(db, "a@x.org", "b@x.org", "c@x.org", "d@x.org")
    chain = [
        Merge(key="1", winner=c, loser=d),
        Merge(key="2", winner=b, loser=d),
        Merge(key="3", winner=a, loser=c),
        Merge(key="4", winner=d, loser=a),
    ]
    results = db.run(lambda tx: customer.merge(tx, chain))

    assert [r.get().changed for r in results] == [True, True, True, False]
    assert [r.get().customer_id for r in results] == [c, b, a, a]
    with db.transaction() as tx:
        assert set(customer.resolve(tx, [a, b, c, d]).values()) == {a}
    check(db, "customer")


def test_the_heir_inherits_what_it_lacks(db: Database) -> None:
    a, b = meet(db, "", "b@x.org")
    db.run(
        lambda tx: customer.describe(
            tx, [Describe(key="b", customer_id=b, tier="gold", value_minor=700)]
        )
    )
    db.run(lambda tx: customer.merge(tx, [Merge(key="m", winner=a, loser=b)]))

    with db.transaction() as tx:
        heir = customer.get(tx, [a])[a]
    assert (heir.name, heir.tier, heir.value_minor) == ("b", "gold", 700)


@pytest.mark.parametrize(
    ("winner", "loser", "code"),
    [
        ("a", "a", "customer.merge_self"),
        ("a", "nobody", "customer.unknown"),
        ("nobody", "a", "customer.unknown"),
        ("a", "gone", "customer.erased"),
        ("gone", "a", "customer.erased"),
    ],
)
def test_a_bad_merge_writes_nothing(db: Database, winner: str, loser: str, code: str) -> None:
    a, gone = meet(db, "a@x.org", "gone@x.org")
    db.run(lambda tx: customer.erase(tx, [Erase(key="e", customer_id=gone)]))
    ids = {"a": a, "gone": gone, "nobody": NOBODY}
    before = picture(db, *TABLES)

    bad = Merge(key="m", winner=ids[winner], loser=ids[loser])
    refusal = db.run(lambda tx: customer.merge(tx, [bad]))[0].refusal

    assert refusal is not None
    assert refusal.code == code
    assert picture(db, *TABLES) == before


def test_the_last_word_about_a_purpose_counts(db: Database) -> None:
    (a,) = meet(db, "a@x.org")

    def say(key: str, granted: bool) -> None:
        said = SetConsent(key=key, customer_id=a, purpose="sms", granted=granted)
        assert db.run(lambda tx: customer.set_consent(tx, [said]))[0].get() is granted

    for n, granted in enumerate((True, True, False)):
        say(str(n), granted)

    with db.transaction() as tx:
        assert customer.consents(tx, [a])[a]["sms"].granted is False
    told = rows(db, "select 1 from event where type = 'everyshelf.customer.consent.changed.v1'")
    assert len(told) == 2


def test_a_withdrawal_is_not_undone_by_a_merge(db: Database) -> None:
    a, b = meet(db, "a@x.org", "b@x.org")
    for n, (who, granted) in enumerate(((a, True), (b, False))):
        said = SetConsent(key=str(n), customer_id=who, purpose="sms", granted=granted)
        at = datetime(2026, 1, 1 + n, tzinfo=UTC)
        db.run(partial(customer.set_consent, commands=[said]), now=at)
    db.run(lambda tx: customer.merge(tx, [Merge(key="m", winner=a, loser=b)]))

    with db.transaction() as tx:
        assert customer.consents(tx, [a])[a]["sms"].granted is False


def test_the_timeline_is_paged_newest_first(db: Database) -> None:
    (a,) = meet(db, "a@x.org")
    notes = [
        LogContact(key=str(n), customer_id=a, channel="social", kind="note", text=str(n))
        for n in range(5)
    ]
    db.run(lambda tx: customer.log_contact(tx, notes))

    with db.transaction() as tx:
        first = customer.timeline(tx, a, size=3)
        rest = customer.timeline(tx, a, before=first[-1].id, size=3)
    assert [c.text for c in [*first, *rest]] == ["4", "3", "2", "1", "0"]


def test_an_address_is_saved_and_forgotten(db: Database) -> None:
    (a,) = meet(db, "a@x.org")
    add = AddAddress(key="1", customer_id=a, address=HOME, label="home")
    saved = db.run(lambda tx: customer.add_address(tx, [add]))[0].get()
    with db.transaction() as tx:
        assert [x.address for x in customer.addresses(tx, [a])[a]] == [HOME]

    remove = RemoveAddress(key="2", customer_id=a, address_id=saved)
    assert db.run(lambda tx: customer.remove_address(tx, [remove]))[0].get() == saved
    again = RemoveAddress(key="3", customer_id=a, address_id=saved)
    refusal = db.run(lambda tx: customer.remove_address(tx, [again]))[0].refusal
    assert refusal is not None
    assert refusal.code == "customer.address_unknown"
    assert rows(db, "select * from customer_address") == []


def test_erasing_leaves_a_number_and_no_word(db: Database) -> None:
    a, b, other = meet(db, "ada@x.org", "ada@work.org", "bo@x.org")
    for who in (a, b, other):
        live(db, who)
    db.run(lambda tx: customer.merge(tx, [Merge(key="m", winner=a, loser=b)]))

    results = db.run(
        lambda tx: customer.erase(
            tx, [Erase(key="1", customer_id=b), Erase(key="2", customer_id=a)]
        )
    )

    assert [r.get() for r in results] == [True, False]
    everything = str([rows(db, f"select * from {t}") for t in (
        "customer", "customer_identity", "customer_address", "customer_contact", "event", "claim"
    )])  # fmt: skip
    assert "ada" not in everything.lower()
    assert "bo@x.org" in everything
    assert rows(db, "select customer_id from customer_address") == [(other,)]
    with db.transaction() as tx:
        assert customer.get(tx, [a])[a].erased_at is not None
        assert customer.timeline(tx, a)[0].text == ""
        assert not customer.consents(tx, [a])[a]["marketing_email"].granted
    assert meet(db, "ada@x.org") != [a]
    check(db, "customer")


@pytest.mark.parametrize("who", ["nobody", "gone"])
def test_nobody_takes_no_facts(db: Database, who: str) -> None:
    (gone,) = meet(db, "gone@x.org")
    db.run(lambda tx: customer.erase(tx, [Erase(key="e", customer_id=gone)]))
    target, code = (gone, "customer.erased") if who == "gone" else (NOBODY, "customer.unknown")
    before = picture(db, *TABLES)

    address = AddAddress(key="1", customer_id=target, address=HOME)
    consent = SetConsent(key="1", customer_id=target, purpose="sms", granted=True)
    contact = LogContact(key="1", customer_id=target, channel="web", kind="note")
    named = Describe(key="1", customer_id=target, name="X")
    with db.transaction() as tx:
        refusals = [
            customer.add_address(tx, [address])[0].refusal,
            customer.set_consent(tx, [consent])[0].refusal,
            customer.log_contact(tx, [contact])[0].refusal,
            customer.describe(tx, [named])[0].refusal,
        ]

    assert [r and r.code for r in refusals] == [code] * 4
    assert picture(db, *TABLES) == before


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (network.Address(country="Atlantis"), "network.country_unknown"),
        (network.Address(lat=91.0, lon=0.0), "network.place_invalid"),
        (network.Address(lat=float("nan"), lon=0.0), "network.place_invalid"),
        (network.Address(lat=1.0), "input.invalid"),
        (network.Address(street="x" * 301), "input.invalid"),
    ],
)
def test_an_address_that_cannot_be_is_refused(
    db: Database, address: network.Address, code: str
) -> None:
    (a,) = meet(db, "a@x.org")
    before = picture(db, *TABLES)

    bad = AddAddress(key="1", customer_id=a, address=address)
    refusal = db.run(lambda tx: customer.add_address(tx, [bad]))[0].refusal

    assert refusal is not None
    assert refusal.code == code
    assert picture(db, *TABLES) == before


def test_a_stale_reader_changes_nothing(db: Database) -> None:
    (a,) = meet(db, "a@x.org")
    fresh = Describe(key="1", customer_id=a, tier="gold", version=1)
    stale = Describe(key="2", customer_id=a, tier="silver", version=1)
    same = Describe(key="3", customer_id=a, tier="gold", version=2)
    results = db.run(lambda tx: customer.describe(tx, [fresh, stale, same]))

    assert results[0].get().version == 2
    assert results[1].refusal is not None
    assert results[1].refusal.code == "version.stale"
    assert not results[2].get().changed


def test_the_statements_do_not_grow_with_the_people(db: Database) -> None:
    def walk(n: int) -> int:
        ids = meet(db, *(f"{n}-{i}@x.org" for i in range(n)))
        half = n // 2
        with db.transaction() as tx:
            customer.log_contact(
                tx, [LogContact(key=str(i), customer_id=i, channel="web", kind="note") for i in ids]
            )
            customer.add_address(
                tx, [AddAddress(key=str(i), customer_id=i, address=HOME) for i in ids]
            )
            customer.set_consent(
                tx,
                [SetConsent(key=str(i), customer_id=i, purpose="sms", granted=True) for i in ids],
            )
            customer.merge(
                tx,
                [
                    Merge(key=str(a), winner=a, loser=b)
                    for a, b in zip(ids[:half], ids[half:], strict=True)
                ],
            )
            customer.erase(tx, [Erase(key=str(i), customer_id=i) for i in ids])
            return tx.statements  # fmt: skip

    assert walk(10) == walk(1000)
    check(db, "customer")


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        ("update customer_identity set customer_id = 42", "identities_point_at_the_living"),
        ("update customer set erased_at = made_at, name = ''", "identities_point_at_the_living"),
        ("update customer set merged_into = 42", "chains_are_one_step"),
        ("update customer set erased_at = made_at", "erased_keep_no_words"),
        ("update customer_contact set customer_id = 42", "facts_have_a_customer"),
    ],
)
def test_each_check_finds_what_it_is_for(db: Database, harm: str, name: str) -> None:
    (a,) = meet(db, "a@x.org")
    live(db, a)
    check(db, "customer")
    with db.transaction() as tx:
        tx.conn.execute(harm.encode())
    assert findings(db, "customer", name) == {name}
