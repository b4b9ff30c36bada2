"""Who is this: one customer behind any identity, on every channel, in one batch or in many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from everyshelf import customer
from everyshelf.base.errors import Refused
from everyshelf.base.tx import Database
from everyshelf.customer import Identify, Person


def who(db: Database, **known: str) -> customer.CustomerId:
    command = Identify(key=repr(sorted(known.items())), **known)
    return db.run(lambda tx: customer.identify(tx, [command]))[0].get()


def count(db: Database, table: str) -> int:
    with db.pool.connection() as conn:
        row = conn.execute(f"select count(*) from {table}".encode()).fetchone()
        assert row is not None
        return int(row[0])


def test_any_identity_finds_the_same_customer(db: Database) -> None:
    ada = who(db, email="Ada@Example.com ", phone="(212) 555-0123", name="Ada")

    assert who(db, email="ada@example.com") == ada
    assert who(db, phone="+1 212 555 0123", loyalty="L-7") == ada
    assert who(db, loyalty="L-7") == ada
    with db.transaction() as tx:
        found = customer.get(tx, [ada])[ada]
    assert found.name == "Ada"
    assert {i.kind.value for i in found.identities} == {"email", "phone", "loyalty"}
    assert found.version == 2


def test_a_replay_and_a_reused_key(db: Database) -> None:
    one = Identify(key="k", email="a@x.org")
    first = db.run(lambda tx: customer.identify(tx, [one]))[0]
    again, other = db.run(
        lambda tx: customer.identify(tx, [one, Identify(key="k", email="b@x.org")])
    )

    assert again.value == first.value
    assert again.outcome == "exists"
    assert other.refusal is not None
    assert other.refusal.code == "key.reused"
    assert count(db, "customer") == 1


def test_strangers_of_one_batch_who_share_an_identity_are_one(db: Database) -> None:
    people = [
        Person(email="a@x.org"),
        Person(email="A@x.org", phone="2125550199"),
        Person(phone="212-555-0199"),
        Person(email="b@x.org"),
    ]
    ids = db.run(lambda tx: customer.identify_now(tx, people))

    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert count(db, "customer") == 2


def test_identities_that_disagree_are_not_moved(db: Database) -> None:
    mother, child = who(db, phone="2125550111"), who(db, email="child@x.org")

    assert who(db, email="child@x.org", phone="2125550111") == child
    assert who(db, phone="2125550111") == mother


def test_a_dot_in_a_mailbox_makes_another_mailbox() -> None:
    assert customer.normal_email(" A.B@Gmail.com") == "a.b@gmail.com"


@pytest.mark.parametrize("text", [" ADA@x.org", "212 555 0123", "L-7", "shop:9"])
def test_a_customer_is_found_by_what_they_say(db: Database, text: str) -> None:
    ada = who(db, email="ada@x.org", phone="2125550123", loyalty="L-7", external="shop:9")
    who(db, email="bo@x.org")

    with db.transaction() as tx:
        assert [c.id for c in customer.find(tx, text)] == [ada]
        assert customer.find(tx, "ada") == []


@pytest.mark.parametrize(
    ("text", "country", "normal"),
    [
        ("(212) 555-0123", "US", "+12125550123"),
        ("1-212-555-0123", "US", "+12125550123"),
        ("+44 20 7946 0018", "US", "+442079460018"),
        ("0044 20 7946 0018", "US", "+442079460018"),
        ("020 7946 0018", "United Kingdom", "+442079460018"),
        ("01 23 45 67 89", "France", "+33123456789"),
        ("06 1234 5678", "IT", "+390612345678"),
    ],
)
def test_phone_numbers_have_one_form(text: str, country: str, normal: str) -> None:
    assert customer.normal_phone(text, country) == normal


@pytest.mark.parametrize("text", ["", "123", "555-0123", "call me", "+1234567890123456", "2-1-2"])
def test_what_cannot_be_a_phone_number_is_refused(text: str) -> None:
    with pytest.raises(Refused) as error:
        customer.normal_phone(text)
    assert error.value.code == "customer.identity_invalid"


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ({"email": "nobody"}, "customer.identity_invalid"),
        ({"email": "a b@x.org"}, "customer.identity_invalid"),
        ({"email": "a@" + "x" * 300 + ".org"}, "customer.identity_invalid"),
        ({"phone": "12"}, "customer.identity_invalid"),
        ({"loyalty": "x" * 201}, "customer.identity_invalid"),
        ({"name": "Ada"}, "customer.identity_missing"),
        ({"email": "  "}, "customer.identity_missing"),
    ],
)
def test_a_bad_identity_is_refused_alone_and_writes_nothing(
    db: Database, known: dict[str, str], code: str
) -> None:
    bad = Identify(key="bad", **known)
    good = Identify(key="good", email="good@x.org")
    results = db.run(lambda tx: customer.identify(tx, [bad, good]))

    assert results[0].refusal is not None
    assert results[0].refusal.code == code
    assert results[1].ok
    assert count(db, "customer") == count(db, "customer_identity") == count(db, "event") == 1
    assert count(db, "claim") == 1


def test_other_rooms_pass_over_an_identity_that_cannot_be(db: Database) -> None:
    people = [Person(email="a@x.org", phone="n/a"), Person(email="A@X.ORG"), Person(name="Guest")]
    ids = db.run(lambda tx: customer.identify_now(tx, people))

    assert ids[0] == ids[1] != ids[2]
    assert count(db, "customer_identity") == 1


def test_the_statements_do_not_grow_with_the_people(db: Database) -> None:
    def meet(n: int) -> int:
        people = [Person(email=f"{n}-{i}@x.org", phone=f"+44{n:05}{i:05}") for i in range(n)]
        with db.transaction() as tx:
            customer.identify_now(tx, people)
            first = tx.statements
            assert len(set(customer.identify_now(tx, people))) == n
            assert tx.statements == first + 1
            return first

    assert meet(10) == meet(1000)


def test_strangers_met_at_once_by_many_are_met_once(db: Database) -> None:
    people = [Person(email=f"{i}@x.org", loyalty=f"L{i}") for i in range(50)]

    def meet(n: int) -> list[customer.CustomerId]:
        order = people if n % 2 else people[::-1]
        ids = db.run(lambda tx: customer.identify_now(tx, order))
        return ids if n % 2 else ids[::-1]

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(meet, range(12)))

    assert all(answer == answers[0] for answer in answers)
    assert count(db, "customer") == 50
    assert count(db, "customer_identity") == 100


def test_events_carry_no_personal_data(db: Database) -> None:
    who(db, email="ada@example.com", phone="2125550123", loyalty="L-7", name="Ada Miller")

    with db.pool.connection() as conn:
        bodies = " ".join(b for (b,) in conn.execute("select body || subject from event"))
    assert "cus_" in bodies
    assert not any(word in bodies for word in ("ada", "Ada", "2125550123", "L-7"))
