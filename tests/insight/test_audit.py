"""The audit reads as long as it needs, whatever limit the application's transactions have."""

import psycopg
import pytest

from everyshelf.base.tx import Database
from everyshelf.insight import audit


def test_the_audit_takes_the_time_it_needs(db: Database) -> None:
    """The limit of the application's transactions does not end it; one without it would be."""
    with db.transaction() as tx:
        tx.conn.execute("set local transaction_timeout = '500ms'")
        assert audit(tx) == []
        tx.conn.execute("select pg_sleep(0.7)")
    with pytest.raises(psycopg.OperationalError), db.transaction() as tx:
        tx.conn.execute("set local transaction_timeout = '200ms'")
        tx.conn.execute("select pg_sleep(0.7)")
