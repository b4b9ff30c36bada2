"""Units go from a DC to a store, arrive in two parts, one broken, one never: booked as found."""

from __future__ import annotations

from everyshelf import stock
from everyshelf.stock import CloseTransfer, ReceiveTransfer, SendTransfer, TransferLine
from tests.journey.story import Story


def test_transfer_partial_receipt(story: Story) -> None:
    story.opens(DC1={"TEA-1": 20})
    waiting = story.place(("TEA-1", 15))
    send = SendTransfer(story.key(), "DC1", "S001", (TransferLine("TEA-1", 6),))
    assert story.refuses(stock.send_transfer, send) == "stock.insufficient"
    send = SendTransfer(story.key(), "DC1", "S001", (TransferLine("TEA-1", 5),))
    transfer = story.does(stock.send_transfer, send)
    assert story.shelf("TEA-1", "S001") == {"in_transit": 5}
    first = ReceiveTransfer(story.key(), transfer, (TransferLine("TEA-1", 3, damaged=1),))
    story.does(stock.receive_transfer, first)
    assert story.shelf("TEA-1", "S001") == {"sellable": 2, "in_transit": 2, "damaged": 1}
    more = ReceiveTransfer(story.key(), transfer, (TransferLine("TEA-1", 3),))
    assert story.refuses(stock.receive_transfer, more) == "stock.transfer_excess"
    last = ReceiveTransfer(story.key(), transfer, (TransferLine("TEA-1", 1),))
    story.does(stock.receive_transfer, last)
    story.does(stock.close_transfer, CloseTransfer(story.key(), transfer))
    assert story.shelf("TEA-1", "S001") == {"sellable": 3, "damaged": 1}
    assert story.look("select sent, received, damaged, lost from stock_transfer_line") == [
        (5, 3, 1, 1),
    ]  # fmt: skip
    assert story.look("select state from stock_transfer") == [("closed",)]
    order = story.place(("TEA-1", 3))
    assert story.worked(order)[0][0] == "S001"
    story.delivers(order)
    story.delivers(waiting)
    assert story.shelf("TEA-1", "DC1") == {}
