"""Everyshelf: every shelf you own is one warehouse.

Omnichannel fulfillment on one PostgreSQL ledger. The packages are rooms in the order in which an
order walks through them; `everyshelf.journey` names them once.
"""

__version__ = "0.1.0"
