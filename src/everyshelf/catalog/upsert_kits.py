"""Verb: state kits. A kit is an item; its components decide its kind, its stock is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from everyshelf.base import claims, outbox
from everyshelf.base.declare import Saved, as_rows, expect, fold, require
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.catalog.events import KitUpserted
from everyshelf.catalog.facts import (
    ITEM_UNKNOWN,
    KIT_NESTED,
    MAX_COMPONENTS,
    Item,
    ItemKind,
    Kit,
    KitComponent,
    KitPart,
    UpsertKit,
)

SQL = load("everyshelf.catalog")


def upsert_kits(tx: Tx, commands: Sequence[UpsertKit]) -> list[Result[Saved]]:
    """States all components of kits; the item becomes a kit, or a single item when none is left."""
    return claims.once(tx, "catalog.upsert_kits", commands, _upsert, Saved)


def _upsert(tx: Tx, commands: list[UpsertKit]) -> list[Result[Saved]]:
    # Both ends are locked, so that a component cannot become a kit behind this check.
    codes = sorted({c.kit for c in commands} | {x.item for c in commands for x in c.components})
    items = {i.item: i for i in tx.all(SQL.lock_items, Item, items=codes)}
    touching = tx.all(SQL.kits_touching, KitComponent, items=codes)
    kits = _grouped(touching)
    rows = {code: Kit(code, kits.get(code, ()), i.version) for code, i in items.items()}
    inside = _Nesting(touching, {c for c, i in items.items() if i.kind is ItemKind.KIT})

    def state(command: UpsertKit, before: Kit | None) -> Kit:
        if before is None:
            raise ITEM_UNKNOWN(f"There is no item {command.kit}; state it before its components.")
        kit = Kit(before.kit, _components(command, set(items)), before.version)
        inside.replace(kit)
        return kit

    folded = fold(commands, rows, lambda c: c.kit, state)
    _write(tx, list(folded.rows.values()))
    outbox.emit(tx, [_event(kit) for _, kit in folded.changes])
    return folded.results


class _Nesting:
    """Who is a kit and who is inside one, kept up to date while a batch is folded."""

    def __init__(self, components: Iterable[KitComponent], declared: set[str]) -> None:
        self.inside = {(c.item, c.kit) for c in components}
        self.kits = declared | {c.kit for c in components}

    def replace(self, kit: Kit) -> None:
        items = {c.item for c in kit.components}
        nested = sorted(items & (self.kits | {kit.kit}))
        if nested:
            raise KIT_NESTED(f"{kit.kit} cannot hold {', '.join(nested)}: kits hold items only.")
        holders = sorted(k for item, k in self.inside if item == kit.kit)
        if items and holders:
            raise KIT_NESTED(f"{kit.kit} is a component of {', '.join(holders)}.")
        self.inside = {(i, k) for i, k in self.inside if k != kit.kit}
        self.inside |= {(item, kit.kit) for item in items}
        self.kits = self.kits | {kit.kit} if items else self.kits - {kit.kit}


def _components(command: UpsertKit, known: set[str]) -> tuple[KitComponent, ...]:
    codes = [x.item for x in command.components]
    require(len(set(codes)) == len(codes), "A kit names each component once, with its quantity.")
    require(len(codes) <= MAX_COMPONENTS, f"A kit holds at most {MAX_COMPONENTS} components.")
    for x in command.components:
        require(1 <= x.qty <= 1_000_000, f"A kit takes 1-1000000 of {x.item}, not {x.qty}.")
        if x.item not in known:
            raise ITEM_UNKNOWN(f"There is no item {x.item} to put into {command.kit}.")
    found = (KitComponent(command.kit, x.item, x.qty) for x in command.components)
    return tuple(sorted(found, key=lambda c: c.item))


def _grouped(components: Iterable[KitComponent]) -> dict[str, tuple[KitComponent, ...]]:
    found: dict[str, list[KitComponent]] = {}
    for component in components:
        found.setdefault(component.kit, []).append(component)
    return {kit: tuple(parts) for kit, parts in found.items()}


def _write(tx: Tx, kits: list[Kit]) -> None:
    if not kits:
        return
    tx.run(SQL.clear_kits, kits=[k.kit for k in kits])
    tx.run(SQL.write_kits, rows=as_rows(c for k in kits for c in k.components))
    touched = tx.run(
        SQL.mark_kits,
        kits=[k.kit for k in kits],
        kinds=[ItemKind.KIT.value if k.components else ItemKind.STANDARD.value for k in kits],
        versions=[k.version for k in kits],
        now=tx.now,
    )
    expect(touched, len(kits))


def _event(kit: Kit) -> KitUpserted:
    parts = tuple(KitPart(c.item, c.qty) for c in kit.components)
    return KitUpserted(kit=kit.kit, components=parts, version=kit.version)
