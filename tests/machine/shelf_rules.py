"""Rules of the shelf: supply, counts, tills, feeds, transfers, protection, nodes, time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from everyshelf import network, planning, stock
from tests.machine.retailer import Retailer, needs
from tests.world import LOT_EXPIRES_ON

PLAIN = ("TEA-1", "MUG-1", "SOCK-1", "LAMP-1")
items = st.sampled_from(("TEA-1", "MUG-1", "MILK-1", "PHONE-1", "SOCK-1", "LAMP-1"))
nodes = st.sampled_from(("DC1", "DC2", "S001", "S002", "D001"))
small = st.integers(1, 3)
any_of = st.integers(0, 11)
buckets = st.sampled_from(("sellable", "quality_hold", "damaged", "display"))

TRANSFER_LINES = (
    "select item, sent - received - lost from stock_transfer_line "
    "where transfer_id = {} order by item"
)


class ShelfRules(Retailer):
    """What happens to units without an order."""

    def _finer(self, item: str, node: str, qty: int) -> dict[str, Any]:
        if item == "MILK-1":
            return {"lot": f"{item}-{node}", "expires_on": LOT_EXPIRES_ON}
        if item == "PHONE-1":
            return {"serials": tuple(f"sn{self.number}-{n}" for n in range(qty))}
        return {}

    @rule(item=items, node=nodes, qty=small, bucket=st.sampled_from(("sellable", "display")))
    def receive(self, item: str, node: str, qty: int, bucket: str) -> None:
        key = self.key()
        more = self._finer(item, node, qty)
        self.do(stock.receive, stock.Receive(key, node, item, qty, bucket, **more))

    @rule(item=items, node=nodes, delta=st.sampled_from((-2, -1, 1)), bucket=buckets)
    def adjust(self, item: str, node: str, delta: int, bucket: str) -> None:
        key = self.key()
        more = self._finer(item, node, abs(delta))
        more.pop("expires_on", None)
        self.do(stock.adjust, stock.Adjust(key, node, item, delta, "found", bucket, **more))

    @rule(item=items, node=nodes, counted=st.integers(0, 5))
    def count(self, item: str, node: str, counted: int) -> None:
        lot = f"{item}-{node}" if item == "MILK-1" else ""
        self.do(stock.count, stock.Count(self.key(), node, item, counted, lot=lot))

    @rule(item=items, node=st.sampled_from(("S001", "S002")), qty=small, strict=st.booleans())
    def sell(self, item: str, node: str, qty: int, strict: bool) -> None:
        self.do(stock.sell, stock.Sell(self.key(), node, item, qty, strict=strict))

    @rule(
        node=nodes,
        sequence=st.integers(1, 5),
        lines=st.dictionaries(st.sampled_from(PLAIN), st.integers(0, 4), min_size=1),
    )
    def feed(self, node: str, sequence: int, lines: dict[str, int]) -> None:
        told = tuple(stock.FeedLine(i, q) for i, q in sorted(lines.items()))
        self.do(stock.feed, stock.Feed(self.key(), "3pl", node, sequence, told))

    @rule(item=items, node=nodes, was=buckets, becomes=buckets, qty=small)
    def regrade(self, item: str, node: str, was: str, becomes: str, qty: int) -> None:
        self.do(
            stock.regrade, stock.Regrade(self.key(), node, item, was, becomes, qty, "looked at")
        )

    @rule(one=nodes, other=nodes, lines=st.lists(st.tuples(items, small), min_size=1, max_size=3))
    def send_transfer(self, one: str, other: str, lines: list[tuple[str, int]]) -> None:
        told = tuple(stock.TransferLine(i, q) for i, q in lines)
        self.do(stock.send_transfer, stock.SendTransfer(self.key(), one, other, told))

    @needs("transfers")
    @rule(n=any_of, less=st.integers(0, 1), damaged=st.integers(0, 1))
    def receive_transfer(self, n: int, less: int, damaged: int) -> None:
        id_ = self.pick("transfers", n)
        sent = self.rows(TRANSFER_LINES.format(id_))
        lines = tuple(stock.TransferLine(i, q - less, damaged) for i, q in sent if q > less)
        command = stock.ReceiveTransfer(self.key(), stock.TransferId(id_), lines)
        self.do(stock.receive_transfer, command)

    @needs("transfers")
    @rule(n=any_of)
    def close_transfer(self, n: int) -> None:
        id_ = self.pick("transfers", n)
        command = stock.CloseTransfer(self.key(), stock.TransferId(id_))
        self.do(stock.close_transfer, command)

    @rule(
        item=items,
        node=st.none() | nodes,
        safety=st.integers(0, 2),
        walk_in=st.none() | st.integers(0, 1),
        fence=st.none() | st.integers(0, 2),
    )
    def set_rules(
        self, item: str, node: str | None, safety: int, walk_in: int | None, fence: int | None
    ) -> None:
        channel = "web" if fence is not None else None
        kept = stock.Protection(
            item=item, node=node, channel=channel, safety_qty=safety, walk_in_qty=walk_in,
            ring_fence_qty=fence,
        )  # fmt: skip
        self.do(stock.set_rules, stock.SetRules(self.key(), (kept,)))

    @rule(
        item=st.sampled_from(("TEA-1", "LAMP-1", "BOOK-1")),
        node=st.sampled_from(("DC1", "DC2")),
        qty=small,
        cap=st.integers(0, 1),
        days=st.integers(1, 9),
    )
    def expect(self, item: str, node: str, qty: int, cap: int, days: int) -> None:
        due = date(2026, 3, 4) + timedelta(days=days)
        self.do(stock.expect, stock.Expect(self.key(), item, node, qty, due, cap=cap))

    @needs("inbound")
    @rule(n=any_of)
    def receive_expected(self, n: int) -> None:
        found = self.pick("inbound", n)
        id_, item, node, qty = found
        self.do(
            stock.receive,
            stock.Receive(self.key(), node, item, qty, inbound_id=stock.InboundId(id_)),
        )

    @needs("makes")
    @rule(n=any_of)
    def start_make(self, n: int) -> None:
        found = self.pick("makes", n)
        self.do(planning.start, planning.Start(self.key(), planning.MakeId(found[0])))

    @needs("makes")
    @rule(n=any_of, less=st.integers(0, 1))
    def made(self, n: int, less: int) -> None:
        found = self.pick("makes", n)
        qty = max(1, found[1] - less)
        self.do(planning.made, planning.Made(self.key(), planning.MakeId(found[0]), qty))

    @rule(node=nodes)
    def pause(self, node: str) -> None:
        self.do(network.pause, network.Pause(key=self.key(), node=node))

    @rule(node=nodes)
    def resume(self, node: str) -> None:
        self.do(network.resume, network.Resume(key=self.key(), node=node))

    @rule(minutes=st.sampled_from((5, 31, 60 * 26, 60 * 24 * 8)))
    def wait(self, minutes: int) -> None:
        self.pass_time(timedelta(minutes=minutes))
        self.chores()
