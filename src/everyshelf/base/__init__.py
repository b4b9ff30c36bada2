"""What every room stands on: transactions, named SQL, the event log, ids, money, errors.

`base` knows no room. It owns the tables claim, event, cursor, delivery and id_worker.
"""
