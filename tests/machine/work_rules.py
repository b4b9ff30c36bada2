"""Rules of the node, the carrier, the counter and the return desk."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from everyshelf import fulfillment, pickup, returns, transport
from everyshelf.fulfillment import FulfillmentId, RejectReason, ShortReason
from everyshelf.orders import OrderId
from everyshelf.pickup import PickupId
from everyshelf.returns import AskedLine, ReceivedLine, RmaId, RmaKind, WantedLine
from everyshelf.transport import ShipmentId, ShipmentState
from tests.machine.retailer import Retailer, needs
from tests.machine.shelf_rules import any_of

LINES = (
    "select allocation_id, qty - short - cancelled from fulfillment_line where fulfillment_id = {} "
    "order by line, allocation_id"
)
RMA_LINES = (
    "select l.line, l.item, l.qty - l.received from rma_line l where l.rma_id = {} "
    "and l.qty > l.received order by l.line"
)
desks = st.sampled_from(("S001", "S002", "DC1", "TPL1"))
grades = st.sampled_from(("a", "b", "c", "d"))
codes = st.sampled_from([s for s in ShipmentState if s is not ShipmentState.SHIPPED])


class WorkRules(Retailer):
    """What staff, carriers and customers at a desk do."""

    @needs("offered")
    @rule(n=any_of)
    def accept(self, n: int) -> None:
        id_ = self.pick("offered", n)
        self.do(fulfillment.accept, fulfillment.Accept(self.key(), FulfillmentId(id_)))

    @needs("unbegun")
    @rule(n=any_of, reason=st.sampled_from(tuple(RejectReason)))
    def reject(self, n: int, reason: RejectReason) -> None:
        id_ = self.pick("unbegun", n)
        self.do(fulfillment.reject, fulfillment.Reject(self.key(), FulfillmentId(id_), reason))

    @needs("picking")
    @rule(n=any_of, part=st.booleans())
    def pick_units(self, n: int, part: bool) -> None:
        id_ = self.pick("picking", n)
        found = self.rows(LINES.format(id_))
        lines = (fulfillment.PickLine(found[0][0], 1),) if part and found else None
        self.do(fulfillment.pick, fulfillment.Pick(self.key(), FulfillmentId(id_), lines))

    @needs("begun")
    @rule(n=any_of)
    def unpick(self, n: int) -> None:
        id_ = self.pick("begun", n)
        self.do(fulfillment.unpick, fulfillment.Unpick(self.key(), FulfillmentId(id_)))

    @needs("picking")
    @rule(n=any_of, part=st.booleans(), reason=st.sampled_from(tuple(ShortReason)))
    def short(self, n: int, part: bool, reason: ShortReason) -> None:
        id_ = self.pick("picking", n)
        found = self.rows(LINES.format(id_))
        lines = (fulfillment.ShortLine(found[-1][0], 1),) if part and found else None
        self.do(fulfillment.short, fulfillment.Short(self.key(), FulfillmentId(id_), lines, reason))

    @needs("picked")
    @rule(n=any_of)
    def pack(self, n: int) -> None:
        id_ = self.pick("picked", n)
        self.do(fulfillment.pack, fulfillment.Pack(self.key(), FulfillmentId(id_)))

    @needs("packed")
    @rule(n=any_of)
    def unpack(self, n: int) -> None:
        id_ = self.pick("packed", n)
        self.do(fulfillment.unpack, fulfillment.Unpack(self.key(), FulfillmentId(id_)))

    @needs("work")
    @rule(n=any_of)
    def prepare(self, n: int) -> None:
        id_ = self.pick("work", n)
        self.do(fulfillment.prepare, fulfillment.Prepare(self.key(), FulfillmentId(id_)))

    @rule(node=st.sampled_from(("DC1", "S001")))
    def make_wave(self, node: str) -> None:
        self.do(fulfillment.make_wave, fulfillment.MakeWave(self.key(), node))

    @needs("waves")
    @rule(n=any_of)
    def close_wave(self, n: int) -> None:
        id_ = self.pick("waves", n)
        self.do(fulfillment.close_wave, fulfillment.CloseWave(self.key(), fulfillment.WaveId(id_)))

    @needs("supplier")
    @rule(n=any_of, yes=st.booleans())
    def supplier_answers(self, n: int, yes: bool) -> None:
        id_ = self.pick("supplier", n)
        which = fulfillment.SupplierOrderId(id_)
        if yes:
            self.do(fulfillment.confirm, fulfillment.Confirm(self.key(), which, "S-1"))
        else:
            self.do(fulfillment.refuse, fulfillment.Refuse(self.key(), which))

    @needs("supplier")
    @rule(n=any_of)
    def supplier_ships(self, n: int) -> None:
        id_ = self.pick("supplier", n)
        key = self.key()
        which = fulfillment.SupplierOrderId(id_)
        self.do(fulfillment.ship_notice, fulfillment.Notice(key, which, "Their Parcel", f"T{key}"))

    @needs("packed")
    @rule(n=any_of, service=st.sampled_from((None, None, "GROUND", "EXPRESS")))
    def ship(self, n: int, service: str | None) -> None:
        id_ = self.pick("packed", n)
        self.do(transport.ship, transport.Ship(self.key(), FulfillmentId(id_), service))

    @needs("work")
    @rule(n=any_of)
    def send_off(self, n: int) -> None:
        """Prepare and ship in one rule, so that what comes after shipping is reached often."""
        id_ = self.pick("work", n)
        self.do(fulfillment.prepare, fulfillment.Prepare(self.key(), FulfillmentId(id_)))
        self.do(transport.ship, transport.Ship(self.key(), FulfillmentId(id_)))

    @needs("shipments")
    @rule(n=any_of, code=codes, hours=st.integers(-48, 48))
    def track(self, n: int, code: ShipmentState, hours: int) -> None:
        """Messages come late, early and out of order."""
        id_ = self.pick("shipments", n)
        at = self.now + timedelta(hours=min(hours, 0))
        self.do(transport.track, transport.Track(ShipmentId(id_), self.key(), code, at))

    @rule(node=st.sampled_from(("DC1", "S001")))
    def manifest(self, node: str) -> None:
        command = transport.CloseManifest(self.key(), node, "Demo Parcel")
        self.do(transport.close_manifest, command)

    @needs("packed")
    @rule(n=any_of)
    def stage(self, n: int) -> None:
        id_ = self.pick("packed", n)
        told = self.do(pickup.stage, pickup.Stage(self.key(), FulfillmentId(id_), "shelf 1"))
        if told.value is not None and told.value.code:
            self.codes[int(told.value.pickup_id)] = told.value.code

    @needs("collected")
    @rule(n=any_of)
    def ready(self, n: int) -> None:
        """Prepare and stage in one rule."""
        found = self.pick("collected", n)
        id_ = FulfillmentId(found)
        self.do(fulfillment.prepare, fulfillment.Prepare(self.key(), id_))
        told = self.do(pickup.stage, pickup.Stage(self.key(), id_))
        if told.value is not None and told.value.code:
            self.codes[int(told.value.pickup_id)] = told.value.code

    @needs("pickups")
    @rule(n=any_of)
    def check_in(self, n: int) -> None:
        id_ = self.pick("pickups", n)
        self.do(pickup.check_in, pickup.CheckIn(self.key(), PickupId(id_), "bay 2"))

    @needs("pickups")
    @rule(n=any_of, wrong=st.sampled_from((False, False, True)))
    def hand_over(self, n: int, wrong: bool) -> None:
        id_ = self.pick("pickups", n)
        code = "x" if wrong else self.codes.get(id_, "000000")
        self.do(pickup.hand_over, pickup.HandOver(self.key(), PickupId(id_), code, to="Ada"))

    @needs("pickups")
    @rule(n=any_of, lock=st.booleans())
    def new_code(self, n: int, lock: bool) -> None:
        id_ = self.pick("pickups", n)
        which = PickupId(id_)
        if lock:
            told = self.do(pickup.unlock, pickup.Unlock(self.key(), which, "passport"))
        else:
            told = self.do(pickup.issue_code, pickup.IssueCode(self.key(), which))
        if told.value is not None:
            self.codes[id_] = told.value.code

    def _found(self, order_id: int, line: int, item: str, qty: int, grade: str) -> ReceivedLine:
        serials: tuple[str, ...] = ()
        lot = ""
        if item == "PHONE-1":
            free = self.rows(
                "select serial from stock_serial where item = 'PHONE-1' and node = '@customer' "
                "order by serial"
            )
            serials = tuple(s for (s,) in free[:qty])
        if item == "MILK-1":
            lot = "MILK-1-DC1"
        return ReceivedLine(line, qty, grade, lot, serials)

    @needs("shipped")
    @rule(
        n=any_of,
        more=st.sampled_from((0, 0, 0, 1)),
        kind=st.sampled_from(tuple(RmaKind)),
        other=st.booleans(),
    )
    def open_rma(self, n: int, more: int, kind: RmaKind, other: bool) -> None:
        found = self.pick("shipped", n)
        order_id, line, _, qty = found
        wanted = [WantedLine("SOCK-1", 1)] if other and kind is RmaKind.EXCHANGE else []
        self.do(
            returns.open_rma,
            returns.OpenRma(
                self.key(), OrderId(order_id), [AskedLine(line, qty + more, "too small")],
                kind, exchange=wanted,
            ),
        )  # fmt: skip

    @needs("rmas")
    @rule(n=any_of, node=desks, grade=grades, less=st.integers(0, 1))
    def receive_return(self, n: int, node: str, grade: str, less: int) -> None:
        found = self.pick("rmas", n)
        rma_id, order_id = found
        lines = [
            self._found(order_id, line, item, max(1, qty - less), grade)
            for line, item, qty in self.rows(RMA_LINES.format(rma_id))
        ]
        command = returns.ReceiveReturn(self.key(), RmaId(rma_id), node, lines)
        self.do(returns.receive, command)

    @needs("rmas")
    @rule(n=any_of)
    def cancel_rma(self, n: int) -> None:
        found = self.pick("rmas", n)
        self.do(returns.cancel, returns.CancelRma(self.key(), RmaId(found[0])))

    @needs("rmas")
    @rule(n=any_of)
    def close_rma(self, n: int) -> None:
        found = self.pick("rmas", n)
        self.do(returns.close, returns.CloseRma(self.key(), RmaId(found[0])))

    @needs("shipped")
    @rule(n=any_of, node=desks, grade=grades, kind=st.sampled_from(tuple(RmaKind)))
    def counter_return(self, n: int, node: str, grade: str, kind: RmaKind) -> None:
        found = self.pick("shipped", n)
        order_id, line, item, qty = found
        lines = [self._found(order_id, line, item, max(1, qty - 1), grade)]
        command = returns.CounterReturn(
            self.key(), OrderId(order_id), node, lines, "changed mind", kind
        )
        self.do(returns.counter_return, command)
