"""Many tills meet, merge and erase the same people at once; afterwards every check is empty."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from everyshelf import customer
from everyshelf.base.tx import Database
from everyshelf.customer import CustomerId, Erase, Merge, Merged, Person
from tests.look import check, rows


def test_two_who_merge_each_other_are_one(db: Database) -> None:
    people = [Person(email="a@x.org"), Person(email="b@x.org")]
    a, b = db.run(lambda tx: customer.identify_now(tx, people))
    both = [Merge(key="1", winner=a, loser=b), Merge(key="2", winner=b, loser=a)]

    def one(command: Merge) -> Merged:
        return db.run(lambda tx: customer.merge(tx, [command]))[0].get()

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(one, both))

    assert sorted(m.changed for m in answers) == [False, True]
    assert len({m.customer_id for m in answers}) == 1
    check(db, "customer")


def test_meeting_merging_and_erasing_at_once(db: Database) -> None:
    def till(seed: int) -> None:
        dice = random.Random(seed)
        for turn in range(12):
            people = [
                Person(
                    email=f"{dice.randrange(20)}@x.org", phone=f"+44207946{dice.randrange(20):04}"
                )
                for _ in range(6)
            ]
            a, b = db.run(partial(customer.identify_now, people=people))[:2]
            act(dice, f"{seed}:{turn}", a, b)

    def act(dice: random.Random, key: str, a: CustomerId, b: CustomerId) -> None:
        if a != b and dice.random() < 0.5:
            db.run(lambda tx: customer.merge(tx, [Merge(key=key, winner=a, loser=b)]))
        elif dice.random() < 0.3:
            db.run(lambda tx: customer.erase(tx, [Erase(key=key, customer_id=a)]))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(till, range(6)))

    check(db, "customer")
    merged = "select 1 from customer where merged_into is not null"
    assert rows(db, merged)
    assert rows(db, "select 1 from customer where erased_at is not null")
