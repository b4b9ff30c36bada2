"""The events of planning: one class each, about a make order or an experiment."""

from __future__ import annotations

from everyshelf.base.events import Event
from everyshelf.base.policy import Metric
from everyshelf.orders import OrderId
from everyshelf.planning.facts import MakeId


class MakeRequested(Event, frozen=True, kw_only=True):
    """Units are to be made for an order line, at this node."""

    TYPE = "planning.make.requested"
    SUBJECT = "make_id"
    make_id: MakeId
    order_id: OrderId
    line: int
    item: str
    node: str
    qty: int


class MakeStarted(Event, frozen=True, kw_only=True):
    """The work has begun; it can no longer be cancelled."""

    TYPE = "planning.make.started"
    SUBJECT = "make_id"
    make_id: MakeId


class UnitsMade(Event, frozen=True, kw_only=True):
    """Units are finished and in the stock of the node; `open_qty` are still to be made."""

    TYPE = "planning.make.made"
    SUBJECT = "make_id"
    make_id: MakeId
    order_id: OrderId
    line: int
    item: str
    node: str
    qty: int
    open_qty: int


class MakeCancelled(Event, frozen=True, kw_only=True):
    """Units are not wanted any more and their work had not begun."""

    TYPE = "planning.make.cancelled"
    SUBJECT = "make_id"
    make_id: MakeId
    order_id: OrderId
    line: int
    qty: int


class ExperimentStopped(Event, frozen=True, kw_only=True):
    """A version of a policy did worse than its guard allows; the base decides again."""

    TYPE = "planning.experiment.stopped"
    SUBJECT = "policy"
    policy: str
    number: int
    metric: Metric
    detail: str
