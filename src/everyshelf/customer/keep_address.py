"""Verbs: save and forget addresses."""

from __future__ import annotations

import math
from collections.abc import Sequence

from everyshelf.base import claims, codec, outbox
from everyshelf.base.declare import require
from everyshelf.base.errors import Refused
from everyshelf.base.ids import new, part_of
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer.events import AddressAdded
from everyshelf.customer.facts import (
    ADDRESS_UNKNOWN,
    AddAddress,
    AddressId,
    CustomerId,
    RemoveAddress,
)
from everyshelf.customer.kin import lock
from everyshelf.customer.read import addresses
from everyshelf.network import COUNTRY_UNKNOWN, PLACE_INVALID, Address, iso_country

SQL = load("everyshelf.customer")


def add_address(tx: Tx, commands: Sequence[AddAddress]) -> list[Result[AddressId]]:
    """Saves addresses."""
    return claims.once(tx, "customer.add_address", commands, _add, AddressId)


def remove_address(tx: Tx, commands: Sequence[RemoveAddress]) -> list[Result[AddressId]]:
    """Forgets saved addresses; nobody is told."""
    return claims.once(tx, "customer.remove_address", commands, _remove, AddressId)


def check_address(address: Address) -> Address:
    """The address when it could be one: a known country, a place on Earth, no endless text."""
    texts = (address.name, address.street, address.city, address.region, address.postcode)
    require(all(len(t) <= 300 for t in texts), "A line of an address has at most 300 letters.")
    if iso_country(address.country) is None and len(address.country.strip()) != 2:
        raise COUNTRY_UNKNOWN(f"{address.country!r} is no country; use its ISO 3166 code.")
    require(
        (address.lat is None) == (address.lon is None), "A place has a latitude and a longitude."
    )
    lat, lon = address.lat or 0.0, address.lon or 0.0
    if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
        raise PLACE_INVALID(f"{lat}, {lon} is not on Earth.")
    return address


def _add(tx: Tx, commands: list[AddAddress]) -> list[Result[AddressId]]:
    kin = lock(tx, {c.customer_id for c in commands})
    results: list[Result[AddressId]] = []
    rows: list[tuple[AddressId, CustomerId, AddAddress]] = []
    for command in commands:
        try:
            who = kin.living(command.customer_id)
            check_address(command.address)
        except Refused as error:
            results.append(Result.refused(error))
            continue
        rows.append((new(AddressId), who, command))
        results.append(Result.done(rows[-1][0]))
    if rows:
        tx.run(
            SQL.add_addresses,
            parts=[part_of(int(who)) for _, who, _ in rows],
            ids=[i for i, _, _ in rows],
            customers=[who for _, who, _ in rows],
            labels=[c.label[:100] for _, _, c in rows],
            addresses=[codec.encode(c.address).decode() for _, _, c in rows],
        )
    outbox.emit(tx, [AddressAdded(customer_id=who, address_id=i) for i, who, _ in rows])
    return results


def _remove(tx: Tx, commands: list[RemoveAddress]) -> list[Result[AddressId]]:
    # An address was written under the id that the customer had then, so the family is searched.
    found = addresses(tx, {c.customer_id for c in commands})
    owners = {(who, a.id): a.customer_id for who, rows in found.items() for a in rows}
    keys = {(c.customer_id, c.address_id) for c in commands}
    wanted = sorted(keys & owners.keys())
    if wanted:
        ids = [address_id for _, address_id in wanted]
        tx.run(SQL.remove_addresses, ids=ids, customers=[owners[key] for key in wanted])
    return [
        Result.done(c.address_id)
        if (c.customer_id, c.address_id) in owners
        else Result.refused(ADDRESS_UNKNOWN(f"{c.customer_id} has no address {c.address_id}."))
        for c in commands
    ]
