"""The event log by month: partitions are made ahead of time and dropped when their time is over.

Ids carry the time, so a month is a range of ids. What no partition takes lies in `event_rest`. A
month is dropped only when every subscriber has read it; nothing is ever deleted row by row.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from psycopg import sql

from everyshelf.base.ids import EPOCH_MS
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx

SQL = load("everyshelf.base")
MONTHS_AHEAD: Final = 2
KEEP_DAYS: Final = 400
NAME: Final = "event_%Y_%m"


def first_id(at: datetime) -> int:
    """The smallest id that can be made at this instant."""
    return (int(at.timestamp() * 1000) - EPOCH_MS) << 22


def month_of(at: datetime, later: int = 0) -> datetime:
    """The first instant of the month of `at`, or of a later month (UTC)."""
    months = at.year * 12 + at.month - 1 + later
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def make_months(tx: Tx, now: datetime) -> int:
    """Makes the partitions of the next months (of this one too while the log is empty).

    `now` is the real time, because ids carry the real time. How many were made.
    """
    there = {name for (name,) in tx.tuples(SQL.event_partitions)}
    empty = bool(tx.tuples(SQL.log_is_empty)[0][0])
    made = 0
    for later in range(0 if empty else 1, MONTHS_AHEAD + 1):
        start, end = month_of(now, later), month_of(now, later + 1)
        name = start.strftime(NAME)
        if name not in there:
            tx.conn.execute(
                sql.SQL("create table {} partition of event for values from ({}) to ({})").format(
                    sql.Identifier(name), sql.Literal(first_id(start)), sql.Literal(first_id(end))
                )
            )
            made += 1
    return made


def drop_months(tx: Tx, now: datetime, keep_days: int = KEEP_DAYS) -> int:
    """Drops the months that ended more than `keep_days` ago and that everybody has read."""
    dropped = 0
    for (name,) in tx.tuples(SQL.event_partitions):
        try:
            start = datetime.strptime(name, NAME).replace(tzinfo=UTC)
        except ValueError:
            continue  # The partition for the rest.
        if month_of(start, 1) + timedelta(days=keep_days) > now:
            continue
        end = first_id(month_of(start, 1))
        if tx.tuples(SQL.unread_below, end=end)[0][0]:
            continue
        tx.conn.execute(sql.SQL("drop table {}").format(sql.Identifier(name)))
        dropped += 1
    return dropped
