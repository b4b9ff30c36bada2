"""The manifest: what a carrier takes along when it collects at a node."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf.base import claims, ids, outbox
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.transport.events import ManifestClosed
from everyshelf.transport.facts import (
    NOTHING_TO_MANIFEST,
    CloseManifest,
    Manifested,
    ManifestId,
    ShipmentId,
)
from everyshelf.transport.work import SQL


class _Waiting(msgspec.Struct, frozen=True):
    part: int
    id: ShipmentId
    weight_g: int
    packages: int


def close_manifest(tx: Tx, commands: Sequence[CloseManifest]) -> list[Result[Manifested]]:
    """Puts everything of a carrier that waits at a node on one manifest.

    Refused: transport.nothing_to_manifest. A shipment is on one manifest.
    """
    return claims.once(
        tx, "transport.close_manifest", commands, lambda t, cs: [_close(t, c) for c in cs],
        Manifested,
    )  # fmt: skip


def _close(tx: Tx, c: CloseManifest) -> Result[Manifested]:
    """One statement set a manifest: a node closes a handful of them a day."""
    waiting = tx.all(SQL.take_along, _Waiting, node=c.node, carrier=c.carrier)
    if not waiting:
        return Result.refused(NOTHING_TO_MANIFEST(f"No shipment of {c.carrier} is at {c.node}."))
    id_ = ids.new(ManifestId)
    packages, weight = sum(w.packages for w in waiting), sum(w.weight_g for w in waiting)
    tx.run(
        SQL.insert_manifest, part=ids.part_of(id_), id=id_, node=c.node, carrier=c.carrier,
        now=tx.now, packages=packages, weight_g=weight,
    )  # fmt: skip
    keys = table(("parts", "ids"), ((w.part, w.id) for w in waiting))
    tx.run(SQL.put_on_manifest, manifest_id=id_, **keys)
    made = Manifested(id_, len(waiting), packages, weight)
    outbox.emit(tx, [ManifestClosed(
        manifest_id=id_, node=c.node, carrier=c.carrier, shipments=made.shipments,
        packages=packages, weight_g=weight,
    )])  # fmt: skip
    return Result.done(made)
