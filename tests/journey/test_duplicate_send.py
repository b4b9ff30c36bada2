"""Everything is sent twice: each command has its effect once, and the same answer both times."""

from __future__ import annotations

from everyshelf import cart, customer, orders, payment, pickup, planning, returns, stock
from everyshelf import fulfillment as f
from everyshelf.orders import Amend, AmendLine, Cancel, CancelLine, HoldKind, Method, PlaceLine
from everyshelf.returns import AskedLine, CounterReturn, OpenRma, ReceivedLine, ReceiveReturn
from everyshelf.stock import ReceiveTransfer, SendTransfer, TransferLine
from tests.journey.story import Story


def test_everything_is_sent_twice(story: Story) -> None:
    story.opens(DC1={"TEA-1": 20, "MUG-1": 9, "PHONE-1": 2}, S001={"BOOK-1": 6, "MUG-1": 2})
    story.twice = True
    _shipped_and_returned(story)
    _worked_by_hand(story)
    _collected(story)
    _moved_and_counted(story)
    _made(story)


def _shipped_and_returned(story: Story) -> None:
    mine = story.does(cart.open_cart, cart.OpenCart(story.key(), "web"))
    story.does(cart.put, cart.Put(story.key(), mine.id, "TEA-1", 3))
    order = story.place(cart_id=mine.id, hold_kinds=[HoldKind.REVIEW])
    story.does(orders.release_hold, orders.ReleaseHold(story.key(), order, HoldKind.REVIEW))
    story.does(orders.amend, Amend(story.key(), order, lines=[AmendLine(1, qty=4)]))
    story.does(orders.cancel, Cancel(story.key(), order, [CancelLine(1, 1)]))
    story.delivers(order)
    assert sum(row[3] for row in story.lines(order)) == 3
    assert story.money(order)[1] == 3 * 899
    story.does(payment.refund, payment.Refund(story.key(), order, 100, "sorry"))
    back = CounterReturn(story.key(), order, "S001", [ReceivedLine(1, 1)])
    story.does(returns.counter_return, back)
    ask = story.does(returns.open_rma, OpenRma(story.key(), order, [AskedLine(1, 1)]))
    come = ReceiveReturn(story.key(), ask.rma_id, "DC2", [ReceivedLine(1, 1)])
    story.does(returns.receive, come)
    assert story.money(order)[2] == 100 + 2 * 899


def _worked_by_hand(story: Story) -> None:
    order = story.place(("MUG-1", 3))
    work = story.work(order)
    alc = work.lines[0].allocation_id
    story.does(f.pick, f.Pick(story.key(), work.id, (f.PickLine(alc, 2),)))
    story.does(f.unpick, f.Unpick(story.key(), work.id, (f.PickLine(alc, 1),)))
    story.does(f.pick, f.Pick(story.key(), work.id, (f.PickLine(alc, 1),)))
    story.does(f.short, f.Short(story.key(), work.id))
    packed = story.does(f.pack, f.Pack(story.key(), work.id))
    story.does(f.unpack, f.Unpack(story.key(), work.id, packed.packages))
    story.does(f.pack, f.Pack(story.key(), work.id))
    story.ships(work)
    (rest,) = story.works(order)
    if rest.state is f.State.OFFERED:
        reason = f.RejectReason.TOO_BUSY
        story.does(f.reject, f.Reject(story.key(), rest.id, reason))
    assert story.lines(order) == [("MUG-1", 3, 0, 2, 0)]


def _collected(story: Story) -> None:
    line = PlaceLine("BOOK-1", 2, method=Method.PICKUP, pickup_node="S001")
    order = story.place(line, ship_to=None)
    story.twice = False  # The code is told once only: the second answer is without it.
    wait = story.waits(order)
    story.twice = True
    story.does(pickup.check_in, pickup.CheckIn(story.key(), wait.pickup_id, "bay 1"))
    story.does(pickup.hand_over, pickup.HandOver(story.key(), wait.pickup_id, wait.code))
    assert story.lines(order) == [("BOOK-1", 2, 0, 2, 0)]


def _moved_and_counted(story: Story) -> None:
    send = SendTransfer(story.key(), "S001", "S002", (TransferLine("BOOK-1", 3),))
    transfer = story.does(stock.send_transfer, send)
    part = ReceiveTransfer(story.key(), transfer, (TransferLine("BOOK-1", 2),))
    story.does(stock.receive_transfer, part)
    story.does(stock.close_transfer, stock.CloseTransfer(story.key(), transfer))
    story.does(stock.count, stock.Count(story.key(), "S002", "BOOK-1", 5))
    story.does(stock.sell, stock.Sell(story.key(), "S002", "BOOK-1", 1))
    story.does(stock.adjust, stock.Adjust(story.key(), "S002", "BOOK-1", -1, "gift"))
    assert story.shelf("BOOK-1", "S002") == {"sellable": 3}
    twins = [
        customer.Identify(key=story.key(), email=f"{name}@example.com", name=name)
        for name in ("eve", "evelyn")
    ]
    one, two = story.all(customer.identify, *twins)
    story.does(customer.merge, customer.Merge(key=story.key(), winner=one, loser=two))


def _made(story: Story) -> None:
    order = story.place(("SOFA-1", 1))
    ((row,),) = story.look("select id from make_order")
    story.does(planning.start, planning.Start(story.key(), planning.MakeId(row)))
    story.does(planning.made, planning.Made(story.key(), planning.MakeId(row), 1))
    story.delivers(order)
    assert story.lines(order) == [("SOFA-1", 1, 0, 1, 0)]
