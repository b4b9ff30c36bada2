"""Rules of the buyer: carts, orders and what becomes of them before they are worked."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from everyshelf import cart, customer, orders, payment
from everyshelf.cart import CartId
from everyshelf.orders import HoldKind, Method, OrderId
from tests.machine.retailer import Retailer, needs
from tests.machine.shelf_rules import any_of, small
from tests.world import NEW_YORKER, TEXAN

sold = st.sampled_from(
    ("TEA-1", "TEA-1", "MUG-1", "GIFT-1", "MILK-1", "PHONE-1", "SOCK-1", "LAMP-1", "BOOK-1",
     "SOFA-1", "DROP-1")
)  # fmt: skip
ways = st.sampled_from(
    (("ship", None), ("ship", None), ("ship", None), ("pickup", "S001"), ("curbside", "S002"),
     ("same_day", None), ("locker", "L001"))
)  # fmt: skip
lines = st.lists(st.tuples(sold, small, ways), min_size=1, max_size=4)
who = st.integers(0, 3)


def buyer(n: int) -> orders.Buyer:
    """One of four buyers, two of whom share a telephone."""
    return orders.Buyer(
        name=f"Buyer {n}",
        email=f"b{n}@example.com",
        phone=f"+1212555010{n // 2}" if n % 2 else None,
    )


class OrderRules(Retailer):
    """What a buyer, or a person who serves one, can ask for."""

    def _place(self, **what: Any) -> None:
        key = self.key()
        self.do(
            orders.place,
            orders.Place(
                key=key, channel="web", channel_ref=f"ref-{key}", currency="USD",
                shipping_minor=500, **what,
            ),
        )  # fmt: skip

    @rule(
        wanted=lines,
        n=who,
        far=st.booleans(),
        backorder=st.booleans(),
        policy=st.sampled_from(tuple(orders.ShortPolicy)),
        authorized=st.booleans(),
        kinds=st.lists(st.sampled_from((HoldKind.FRAUD, HoldKind.PAYMENT)), max_size=1),
    )
    def place(self, wanted: list[tuple[str, int, tuple[str, str | None]]], n: int, far: bool,
              backorder: bool, policy: orders.ShortPolicy, authorized: bool,
              kinds: list[HoldKind]) -> None:  # fmt: skip
        self._place(
            buyer=buyer(n),
            lines=[
                orders.PlaceLine(item=i, qty=q, method=Method(m), pickup_node=at, tax_minor=7)
                for i, q, (m, at) in wanted
            ],
            ship_to=TEXAN if far else NEW_YORKER, allow_backorder=backorder, short_policy=policy,
            payment=orders.PaymentChoice(authorized=authorized), hold_kinds=kinds,
        )  # fmt: skip

    @rule(item=st.sampled_from(("TEA-1", "MUG-1", "SOCK-1", "GIFT-1")), qty=small, n=who)
    def place_plain(self, item: str, qty: int, n: int) -> None:
        """The commonest order there is, so that the rules behind it have work."""
        line = orders.PlaceLine(item=item, qty=qty)
        self._place(buyer=buyer(n), lines=[line], ship_to=NEW_YORKER)
        self.drain()

    @rule(item=st.sampled_from(("TEA-1", "MUG-1", "PHONE-1")), n=who)
    def place_pickup(self, item: str, n: int) -> None:
        line = orders.PlaceLine(item=item, qty=1, method=Method.PICKUP, pickup_node="S001")
        self._place(buyer=buyer(n), lines=[line])
        self.drain()

    @rule()
    def open_cart(self) -> None:
        self.do(cart.open_cart, cart.OpenCart(self.key(), "web", ship_to=NEW_YORKER))

    @needs("carts")
    @rule(n=any_of, item=sold, qty=small, way=ways)
    def put(self, n: int, item: str, qty: int, way: tuple[str, str | None]) -> None:
        id_ = self.pick("carts", n)
        method, at = way
        command = cart.Put(self.key(), CartId(id_), item, qty, Method(method), at)
        self.do(cart.put, command)

    @needs("cart_lines")
    @rule(n=any_of)
    def drop(self, n: int) -> None:
        found = self.pick("cart_lines", n)
        self.do(cart.drop, cart.Drop(self.key(), CartId(found[0]), found[1]))

    @needs("carts")
    @rule(n=any_of, m=any_of)
    def merge_carts(self, n: int, m: int) -> None:
        one, other = self.pick("carts", n), self.pick("carts", m)
        if one is not None and one != other:
            self.do(cart.merge, cart.MergeCarts(self.key(), CartId(one), CartId(other)))

    @needs("full_carts")
    @rule(n=any_of, who=who, authorized=st.booleans())
    def checkout(self, n: int, who: int, authorized: bool) -> None:
        id_ = self.pick("full_carts", n)
        self._place(
            buyer=buyer(who), cart_id=CartId(id_), ship_to=NEW_YORKER,
            payment=orders.PaymentChoice(authorized=authorized),
        )  # fmt: skip

    @needs("live")
    @rule(n=any_of, kind=st.sampled_from(tuple(HoldKind)))
    def hold(self, n: int, kind: HoldKind) -> None:
        id_ = self.pick("live", n)
        self.do(orders.hold, orders.HoldOrder(self.key(), OrderId(id_), kind, "a look"))

    @needs("held")
    @rule(n=any_of)
    def release(self, n: int) -> None:
        found = self.pick("held", n)
        command = orders.ReleaseHold(self.key(), OrderId(found[0]), HoldKind(found[1]))
        self.do(orders.release_hold, command)

    @needs("live")
    @rule(
        n=any_of,
        line=st.integers(1, 4),
        qty=st.none() | st.integers(0, 4),
        way=st.none() | ways,
        far=st.none() | st.booleans(),
    )
    def amend(self, n: int, line: int, qty: int | None, way: tuple[str, str | None] | None,
              far: bool | None) -> None:  # fmt: skip
        id_ = self.pick("live", n)
        method, at = way if way is not None else (None, None)
        change = orders.AmendLine(line, qty, Method(method) if method else None, at)
        whither = None if far is None else TEXAN if far else NEW_YORKER
        self.do(
            orders.amend,
            orders.Amend(self.key(), OrderId(id_), ship_to=whither, lines=[change]),
        )

    @needs("live")
    @rule(n=any_of, line=st.none() | st.integers(1, 4), qty=small)
    def cancel(self, n: int, line: int | None, qty: int) -> None:
        id_ = self.pick("live", n)
        wanted = None if line is None else [orders.CancelLine(line, qty)]
        self.do(orders.cancel, orders.Cancel(self.key(), OrderId(id_), wanted))

    @needs("orders")
    @rule(n=any_of, less=st.integers(0, 1))
    def authorize(self, n: int, less: int) -> None:
        id_ = self.pick("orders", n)
        amount = 1_000 if less else None
        self.do(payment.authorize, payment.Authorize(self.key(), OrderId(id_), amount, "p-1"))

    @needs("orders")
    @rule(n=any_of, amount=st.sampled_from((1, 300, 100_000)))
    def refund(self, n: int, amount: int) -> None:
        id_ = self.pick("orders", n)
        self.do(payment.refund, payment.Refund(self.key(), OrderId(id_), amount, "sorry"))

    @needs("failed")
    @rule(n=any_of)
    def retry_payment(self, n: int) -> None:
        found = self.pick("failed", n)
        order_id, id_ = OrderId(found[0]), payment.IntentId(found[1])
        self.do(payment.retry, payment.Retry(self.key(), order_id, id_))

    @needs("customers")
    @rule(n=any_of, m=any_of)
    def merge_customers(self, n: int, m: int) -> None:
        one, other = self.pick("customers", n), self.pick("customers", m)
        if one is not None and one != other:
            self.do(
                customer.merge,
                customer.Merge(
                    key=self.key(), winner=customer.CustomerId(one),
                    loser=customer.CustomerId(other),
                ),
            )  # fmt: skip
