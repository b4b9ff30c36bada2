"""Decides how many units a rule keeps for walk-ins at an instant, by the time to the next delivery.

The rule is data: what walk-ins and online orders want a day, what a unit earns sold to either, and
when the shelf is filled again (once, or on weekdays at a local time; Monday is 0). The threshold
itself is `rationing_times`. It does not know how many units there are, nor hours of opening.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec

from everyshelf.decide import rationing_times
from everyshelf.decide.promise import wall

MOST_PER_DAY: Final = 1_000.0
MOST_MINOR: Final = 1_000_000_000
MOST_RATIO: Final = 1e6
DAY_SECONDS: Final = 86_400

Rate = Annotated[float, msgspec.Meta(ge=0, le=MOST_PER_DAY)]
Weekday = Annotated[int, msgspec.Meta(ge=0, le=6)]


class WalkIn(msgspec.Struct, frozen=True, cache_hash=True, omit_defaults=True):
    """Units are kept as long as they earn more from walk-ins than from online orders.

    `margin_minor` is what a unit earns over the counter, `online_value_minor` what an online order
    earns more from here than from elsewhere. After `replenish_at`, without weekdays, nothing is
    kept: no next delivery is known.
    """

    rate_per_day: Rate
    margin_minor: Annotated[int, msgspec.Meta(ge=1, le=MOST_MINOR)]
    online_value_minor: Annotated[int, msgspec.Meta(ge=0, le=MOST_MINOR)]
    online_rate_per_day: Rate = 0.0
    replenish_at: datetime | None = None
    replenish_weekdays: tuple[Weekday, ...] = ()
    replenish_minute: Annotated[int, msgspec.Meta(ge=0, le=1439)] = 0

    def __post_init__(self) -> None:
        for name in ("rate_per_day", "online_rate_per_day"):
            if not 0 <= getattr(self, name) <= MOST_PER_DAY:  # Also what is no number.
                raise ValueError(f"`{name}` is a number from 0 to {MOST_PER_DAY:,.0f}")
        for name, least in (("margin_minor", 1), ("online_value_minor", 0)):
            _whole(name, getattr(self, name), least, MOST_MINOR)
        for day in self.replenish_weekdays:
            _whole("replenish_weekdays", day, 0, 6)
        _whole("replenish_minute", self.replenish_minute, 0, 1439)
        if self.replenish_at is None and not self.replenish_weekdays:
            raise ValueError("say when units come: `replenish_at` or `replenish_weekdays`")
        if self.replenish_at is not None and self.replenish_at.tzinfo is None:
            raise ValueError("`replenish_at` has an offset from UTC")


class Clock(msgspec.Struct, frozen=True):
    """The instant, and the time zones of the nodes."""

    at: datetime
    zones: Mapping[int | str, str]


def _whole(name: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"`{name}` is a whole number from {least} to {most:,}")


def kept(rule: WalkIn, clock: Clock, node: int | str) -> int:
    """Units that online channels leave at the node at this instant."""
    zone = clock.zones.get(node, "UTC") if rule.replenish_weekdays else "UTC"
    return kept_with(rule, days_left(rule, zone, clock.at))


def kept_with(rule: WalkIn, days: float) -> int:
    """Units that are kept with so many days to the next delivery."""
    if rule.rate_per_day <= 0:
        return 0
    ratio = min(rule.online_rate_per_day / rule.rate_per_day, MOST_RATIO)
    value = rule.online_value_minor / rule.margin_minor
    return rationing_times.kept(rule.rate_per_day * days, ratio, value)


def days_left(rule: WalkIn, zone: str, at: datetime) -> float:
    """Days to the next delivery; none at the instant itself, nor when none is known."""
    due = [(rule.replenish_at - at).total_seconds()] if rule.replenish_at is not None else []
    if rule.replenish_weekdays:
        due.append(_weekly(rule.replenish_weekdays, rule.replenish_minute, zone, at))
    return min((seconds for seconds in due if seconds >= 0), default=0.0) / DAY_SECONDS


@lru_cache(maxsize=4096)
def _weekly(weekdays: tuple[int, ...], minute: int, zone: str, at: datetime) -> float:
    """Seconds to the next of these local times; the rules of an instant mostly share it."""
    today = at.astimezone(ZoneInfo(zone)).date()
    days = (today + timedelta(days=n) for n in range(9))
    due = (wall(zone, day, minute) - at.timestamp() for day in days if day.weekday() in weekdays)
    return next(seconds for seconds in due if seconds >= 0)
