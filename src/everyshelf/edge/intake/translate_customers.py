"""A row of a customer file to the identities of a person. Pure.

Whether two rows are one person is not decided here: identities meet in the room `customer`.
"""

from __future__ import annotations

import msgspec

from everyshelf import customer, network
from everyshelf.edge.intake import parse
from everyshelf.edge.intake.facts import Bad, Quarantined, Row, missing
from everyshelf.edge.intake.mapping import Plan


class CustomerDraft(msgspec.Struct, frozen=True):
    """A person as the row names them."""

    command: customer.Identify


def translate(row: Row, plan: Plan) -> CustomerDraft | Quarantined:
    """One row as a person, or the first cell that cannot be understood."""
    if row.bad:
        return Quarantined(row.number, "", row.bad)
    try:
        return CustomerDraft(_person(row, plan))
    except Bad as bad:
        return Quarantined(row.number, bad.field, bad.reason)


def _person(row: Row, plan: Plan) -> customer.Identify:
    email = parse.text(plan.cell(row.values, "email"), "email", 320)
    phone, loyalty, external = (
        parse.code(plan.cell(row.values, f), f) for f in ("phone", "loyalty", "external")
    )
    if not (email or phone or loyalty or external):
        raise Bad("external", missing("identity"))
    country = plan.cell(row.values, "country").strip()
    return customer.Identify(
        key="",
        email=email or None,
        phone=phone or None,
        loyalty=loyalty or None,
        external=external or None,
        name=parse.text(plan.cell(row.values, "name"), "name", 200),
        country=network.iso_country(country) or "US",
    )
