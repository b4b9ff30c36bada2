"""Stock of a file to the ledger: a snapshot of a shelf, or units that arrived.

A snapshot speaks only of the items it names; the newest import of a source wins.
"""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf import catalog, network, stock
from everyshelf.base import ids
from everyshelf.base.results import Outcome
from everyshelf.base.tx import Tx
from everyshelf.edge.intake.facts import Quarantined, Reason, Unit
from everyshelf.edge.intake.setup import RunId, Setup
from everyshelf.edge.intake.translate_stock import RECEIPT, StockDraft

Left = dict[int, Quarantined]


def take_stock(tx: Tx, units: Sequence[Unit], setup: Setup) -> list[list[Quarantined]]:
    """Feeds or receives the rows; those of each unit that were not taken."""
    drafts = [u.draft for u in units if isinstance(u.draft, StockDraft)]
    items = catalog.items(tx, {d.item for d in drafts})
    nodes = network.nodes(tx, sorted({d.node for d in drafts}))
    receipt = setup.plan.mapping.stock == RECEIPT
    left: Left = {}
    for d in drafts:
        reason = _reason(d, items, nodes, receipt)
        if reason is not None:
            left[d.row] = Quarantined(d.row, reason[0], reason[1])
    good = [d for d in drafts if d.row not in left]
    left |= _receive(tx, good, setup) if receipt else _feed(tx, good, setup)
    return [[left[d.row]] if d.row in left else [] for d in drafts]


def _reason(
    d: StockDraft, items: dict[str, catalog.Item], nodes: dict[str, network.Node], receipt: bool
) -> tuple[str, str] | None:
    if d.item not in items:
        return "item", Reason.UNKNOWN_ITEM
    if d.node not in nodes:
        return "node", Reason.UNKNOWN_NODE
    tracking = items[d.item].tracking
    named = receipt and (d.lot if tracking == catalog.Tracking.LOT else d.serial)
    if tracking != catalog.Tracking.NONE and not named:
        return "lot", Reason.LOT_OR_SERIAL_NEEDED
    return None


def _feed(tx: Tx, drafts: Sequence[StockDraft], setup: Setup) -> Left:
    """One snapshot a node; a cell that the batch names twice is as its first row says."""
    left: Left = {}
    shelves: dict[str, dict[str, StockDraft]] = {}
    for d in drafts:
        first = shelves.setdefault(d.node, {}).setdefault(d.item, d)
        if first is not d:
            left[d.row] = Quarantined(d.row, "item", Reason.DUPLICATE_ROW)
    feeds = [
        stock.Feed(
            f"import:{setup.run_id}:{next(iter(rows.values())).row}:{node}",
            setup.source,
            node,
            int(ids.new(RunId)),
            tuple(stock.FeedLine(d.item, d.qty) for d in rows.values()),
        )
        for node, rows in sorted(shelves.items())
    ]
    for feed, answer in zip(feeds, stock.feed(tx, feeds), strict=True):
        if answer.refusal is not None:
            code = answer.refusal.code
            left |= {d.row: Quarantined(d.row, "", code) for d in shelves[feed.node].values()}
    return left


def _receive(tx: Tx, drafts: Sequence[StockDraft], setup: Setup) -> Left:
    receipts = [
        stock.Receive(
            setup.file_key(d.row), d.node, d.item, d.qty, d.bucket, d.lot, d.expires_on,
            (d.serial,) if d.serial else (), None, "import",
        )
        for d in drafts
    ]  # fmt: skip
    left: Left = {}
    for d, answer in zip(drafts, stock.receive(tx, receipts), strict=True):
        if answer.refusal is not None:
            left[d.row] = Quarantined(d.row, "", answer.refusal.code)
        elif answer.outcome is Outcome.EXISTS:
            left[d.row] = Quarantined(d.row, "", Reason.ALREADY_TAKEN)
    return left
