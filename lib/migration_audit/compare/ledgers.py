"""Ledgers that runners made on a side of a comparison: nothing of the schema that the other side has to have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migration_audit import formats
from migration_audit.formats import LedgerFormat
from migration_audit.formats.ledgers import OF_RUNNERS
from migration_audit.model.enumeration import some_of
from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject, Key, owners
from migration_audit.model.relations import Column, Table
from migration_audit.model.snapshot import Snapshot
from migration_audit.project.names import split_qualified

if TYPE_CHECKING:
    from migration_audit.project import LedgerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutLedgers:
    """A snapshot without the ledgers of runners, and which those were."""

    snapshot: Snapshot
    left_out: tuple[str, ...]
    """Each in words: ``public.knex_migrations, public.knex_migrations_lock (knex's own)``."""


def without_ledgers(snapshot: Snapshot, named: Sequence[LedgerSettings]) -> WithoutLedgers:
    """The snapshot without the ledgers that audit.toml names, and without those that are known by name and shape.

    What belongs to such a table goes with it, and a schema that holds nothing else.
    """
    roots = {**known_ledgers(snapshot), **_named(snapshot, named)}
    if not roots:
        return WithoutLedgers(snapshot=snapshot, left_out=())
    objects = snapshot.by_key
    gone = {key for key, obj in objects.items() if not roots.keys().isdisjoint((key, *owners(obj, objects)))}
    gone |= {("schema", dotted(name)) for name in _emptied(snapshot, gone, roots)}
    by_owner: dict[str, list[str]] = defaultdict(list)
    for (kind, key), owner in sorted(roots.items()):
        by_owner[owner].append(key if kind == "table" else f"schema {key}")
    return WithoutLedgers(
        snapshot=replace(snapshot, objects=tuple(obj for obj in snapshot.objects if (obj.kind, obj.key) not in gone)),
        left_out=tuple(f"{some_of(keys)} ({owner})" for owner, keys in sorted(by_owner.items())),
    )


def _named(snapshot: Snapshot, named: Sequence[LedgerSettings]) -> dict[Key, str]:
    keys = [key for ledger in named for key in (("table", ledger.key), *ledger.companions)]
    return {key: "a ledger that audit.toml names" for key in keys if key in snapshot.by_key}


def known_ledgers(snapshot: Snapshot) -> dict[Key, str]:
    """Kind and key of the tables (and schemas) that are a known runner's own, by name and shape; whose they are."""
    columns: dict[str, dict[str, str]] = defaultdict(dict)
    for column in snapshot.of(Column):
        columns[dotted(column.schema, column.table)][column.name] = column.type
    found: dict[Key, str] = {}
    for table in snapshot.of(Table):
        if (runner := _runner_of(table, columns[table.key])) is not None:
            found["table", table.key] = f"{runner}'s own"
    for name, ledger in formats.LEDGERS.items():
        found |= dict.fromkeys(_companions(ledger, snapshot, found), f"{name}'s own")
    return found


def _runner_of(table: Table, columns: Mapping[str, str]) -> str | None:
    if table.relation != "table":
        return None
    for known in OF_RUNNERS:
        if known.is_it(table.name, columns):
            return known.runner
    return next((each.name for each in formats.ALL if each.ledger and _is_ledger(each.ledger, table, columns)), None)


def _is_ledger(ledger: LedgerFormat, table: Table, columns: Mapping[str, str]) -> bool:
    schema, name = split_qualified(ledger.table) or ("", "")
    return table.name == name and schema in {"public", table.schema} and columns.keys() >= set(ledger.columns)


def _companions(ledger: LedgerFormat, snapshot: Snapshot, found: Mapping[Key, str]) -> Iterator[Key]:
    """What the runner of a ledger that is there makes next to it, in the ledger's schema."""
    home, name = split_qualified(ledger.table) or ("public", "")
    for table in snapshot.of(Table):
        if table.name != name or ("table", table.key) not in found:
            continue
        for companion in ledger.companions:
            if companion.startswith("schema "):
                key = ("schema", dotted(companion.removeprefix("schema ")))
            else:
                schema, other = split_qualified(companion) or ("", "")
                key = ("table", dotted(table.schema if schema == home else schema, other))
            if key in snapshot.by_key:
                yield key


def _emptied(snapshot: Snapshot, gone: set[Key], roots: Mapping[Key, str]) -> set[str]:
    """The schemas of the ledgers in which nothing else is."""
    homes = {_schema(snapshot.by_key[key]) for key in roots if key in snapshot.by_key} - {None, "public"}
    used = {_schema(obj) for key, obj in snapshot.by_key.items() if key not in gone and obj.kind != "schema"}
    return {home for home in homes - used if home is not None}


def _schema(obj: CatalogObject) -> str | None:
    found = getattr(obj, "schema", None)
    return found if isinstance(found, str) else None
