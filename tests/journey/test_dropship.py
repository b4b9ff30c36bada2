"""Dropship: the supplier is asked, confirms, and sends under its own tracking number."""

from __future__ import annotations

from everyshelf import fulfillment as f
from tests.journey.story import Story


def test_dropship(story: Story) -> None:
    story.opens(SUP1={"DROP-1": 4})
    order = story.place(("DROP-1", 2))
    work = story.work(order)
    assert (work.node, work.state) == ("SUP1", f.State.OFFERED)
    (asked,) = story.db.run(lambda tx: f.supplier_orders_of(tx, [work.id]))
    assert (asked.state, asked.cost_minor) == (f.SupplierState.SENT, 2 * 500)
    story.does(f.confirm, f.Confirm(story.key(), asked.id, "PO-77"))
    notice = f.Notice(story.key(), asked.id, carrier="UPS", tracking="1Z42")
    story.does(f.ship_notice, notice)
    assert story.look("select state, supplier_ref from supplier_order") == [("shipped", "PO-77")]
    assert story.worked(order) == [("SUP1", "ship", "completed")]
    assert story.look("select carrier, state from shipment") == [("UPS", "shipped")]
    ((tracking,), *_) = story.look("select tracking from label order by tracking")
    assert tracking == "1Z42"
    assert story.lines(order) == [("DROP-1", 2, 0, 2, 0)]
    assert story.money(order)[1] == 2 * 15900
    assert story.shelf("DROP-1", "SUP1") == {"sellable": 2}
