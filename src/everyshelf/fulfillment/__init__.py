"""Work at a node: accept, pick, short, pack; waves; supplier orders.

Owns fulfillment_order, fulfillment_line, wave, package, package_line and supplier_order.
Hears sourcing's allocations and revocations, and nodes that are closed. Emits
fulfillment.order.*, fulfillment.wave.* and fulfillment.supplier_order.*. Never chooses a node,
ships a parcel, hands over a pickup or changes the counts of an order's line.
"""

from everyshelf.fulfillment.accept import Accept, Reject, accept, reject
from everyshelf.fulfillment.boxes import CARTONS
from everyshelf.fulfillment.events import EventLine
from everyshelf.fulfillment.facts import (
    Act,
    Done,
    FulfillmentId,
    FulfillmentOrder,
    Line,
    PackageId,
    RejectReason,
    ShortReason,
    State,
    SupplierOrderId,
    WaveId,
)
from everyshelf.fulfillment.pack import Pack, PackBox, PackLine, Unpack, pack, unpack
from everyshelf.fulfillment.pick import (
    Pick,
    PickLine,
    Short,
    ShortLine,
    Unpick,
    pick,
    short,
    unpick,
)
from everyshelf.fulfillment.read import Package, get, of_orders, packages_of, work_list
from everyshelf.fulfillment.supplier import (
    Confirm,
    Notice,
    Refuse,
    SupplierOrder,
    SupplierState,
    confirm,
    refuse,
    ship_notice,
    supplier_orders,
    supplier_orders_of,
)
from everyshelf.fulfillment.through import Prepare, prepare, prepare_now
from everyshelf.fulfillment.turn import PackedLine
from everyshelf.fulfillment.watch import warn
from everyshelf.fulfillment.wave import (
    CloseWave,
    Fetch,
    MakeWave,
    WaveKind,
    close_wave,
    make_wave,
    pick_list,
)
from everyshelf.fulfillment.withdraw import Withdraw, complete_now, withdraw_now

__all__ = [
    "CARTONS",
    "Accept",
    "Act",
    "CloseWave",
    "Confirm",
    "Done",
    "EventLine",
    "Fetch",
    "FulfillmentId",
    "FulfillmentOrder",
    "Line",
    "MakeWave",
    "Notice",
    "Pack",
    "PackBox",
    "PackLine",
    "Package",
    "PackageId",
    "PackedLine",
    "Pick",
    "PickLine",
    "Prepare",
    "Refuse",
    "Reject",
    "RejectReason",
    "Short",
    "ShortLine",
    "ShortReason",
    "State",
    "SupplierOrder",
    "SupplierOrderId",
    "SupplierState",
    "Unpack",
    "Unpick",
    "WaveId",
    "WaveKind",
    "Withdraw",
    "accept",
    "close_wave",
    "complete_now",
    "confirm",
    "get",
    "make_wave",
    "of_orders",
    "pack",
    "packages_of",
    "pick",
    "pick_list",
    "prepare",
    "prepare_now",
    "refuse",
    "reject",
    "ship_notice",
    "short",
    "supplier_orders",
    "supplier_orders_of",
    "unpack",
    "unpick",
    "warn",
    "withdraw_now",
    "work_list",
]
