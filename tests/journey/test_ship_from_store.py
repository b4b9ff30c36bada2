"""Only a store has the units: it is asked, accepts, picks by scan, packs and ships."""

from __future__ import annotations

from everyshelf import fulfillment as f
from tests.journey.story import Story


def test_ship_from_store(story: Story) -> None:
    story.opens(S002={"LAMP-1": 2})
    order = story.place(("LAMP-1", 1))
    work = story.work(order)
    assert (work.node, work.state) == ("S002", f.State.OFFERED)
    story.does(f.accept, f.Accept(story.key(), work.id))
    line = f.PickLine(work.lines[0].allocation_id, scanned="MUG-1")
    wrong = f.Pick(story.key(), work.id, (line,))
    assert story.refuses(f.pick, wrong) == "fulfillment.wrong_item"
    ((barcode,),) = story.look("select barcode from item_barcode where item = 'LAMP-1'")
    line = f.PickLine(work.lines[0].allocation_id, scanned=str(barcode))
    picked = story.does(f.pick, f.Pick(story.key(), work.id, (line,)))
    assert picked.state is f.State.PICKED
    assert story.shelf("LAMP-1", "S002") == {"sellable": 1, "picked": 1}
    packed = story.does(f.pack, f.Pack(story.key(), work.id))
    assert len(packed.packages) == 1
    (shipment,) = story.ships(work)
    story.tracks(shipment, "delivered")
    assert story.shipped(order) == [("S002", "GROUND", "delivered")]
    assert story.lines(order) == [("LAMP-1", 1, 0, 1, 0)]
    assert story.shelf("LAMP-1", "S002") == {"sellable": 1}
