"""One person under two addresses: merged, both orders are the winner's, and stay so."""

from __future__ import annotations

from everyshelf import customer, orders
from tests.journey.story import Story


def test_merge_of_customers_with_orders(story: Story) -> None:
    story.opens(DC1={"TEA-1": 9})
    first = story.place(("TEA-1", 1))
    bo = orders.Buyer(name="Ada M.", email="a.miller@example.org")
    second = story.place(("TEA-1", 2), buyer=bo)
    owners = "select customer_id from sales_order order by id"
    (one,), (two,) = story.look(owners)
    assert one != two
    merge = customer.Merge(
        key=story.key(), winner=customer.CustomerId(one), loser=customer.CustomerId(two)
    )
    story.does(customer.merge, merge)
    assert story.look(owners) == [(one,), (one,)]
    third = story.place(("TEA-1", 1), buyer=bo)
    assert story.look(owners) == [(one,)] * 3
    for order in (first, second, third):
        story.delivers(order)
        assert story.state(order) == "completed"
    assert story.look("select merged_into from customer order by id") == [(None,), (one,)]
