"""The audit reads as long as it needs, whatever limit the application's transactions have."""

import psycopg
import pytest

from everyshelf.base.tx import Database, Tx
from everyshelf.insight import audit


@pytest.mark.parametrize("audited", [True, False], ids=["audit", "negative control"])
def test_the_audit_takes_the_time_it_needs(db: Database, audited: bool) -> None:
    with psycopg.connect(db.url) as conn:
        conn.execute("set transaction_timeout = '1s'")
        conn.commit()
        if audited:
            assert audit(Tx(conn, None, "test", "")) == []
            conn.execute("select pg_sleep(1.2)")
            conn.rollback()
        else:
            with pytest.raises(psycopg.Error, match="transaction timeout"):
                conn.execute("select pg_sleep(1.2)")
