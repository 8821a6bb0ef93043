"""Directus snapshots for tests: the real tool's file of 11.17.4, edited as the measured cases were."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from migration_audit.artifacts.directus.snapshot import read_directus_snapshot
from migration_audit.audit.case import directus_boots
from migration_audit.directus.apply import ApplyOutcome, apply
from migration_audit.directus.behaviour import Behaviour, behaviour_of
from migration_audit.directus.boots import DirectusBoots, with_tables
from migration_audit.directus.inspect import snapshot_of_state
from migration_audit.directus.postgres import DatabaseState
from migration_audit.directus.rows import default_row
from migration_audit.directus.system_tables import bootstrapped
from migration_audit.model.directus import (
    ColumnChange,
    DirectusLive,
    DirectusRuntime,
    DirectusSnapshot,
    DirectusVersion,
    RawTable,
    TableRights,
    TargetVersion,
)
from migration_audit.model.directus_database import DirectusColumn, DirectusDatabase, DirectusKey, DirectusTable
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.location import Location
from migration_audit.model.side_effects import Destruction
from migration_audit.project import Environment

DATA = Path(__file__).parent / "data"
SHOWN = "directus/snapshots/schema.yaml"

POSITIONS = RawTable(
    schema="public",
    name="positions",
    key="public.positions",
    single_key=False,
    columns=("device_id", "ts", "faulty"),
    where="directus/db-init/002_positions_hypertable.sql:7",
)
LEDGER = RawTable(
    schema="public",
    name="migrations_applied",
    key="public.migrations_applied",
    is_ledger=True,
    single_key=True,
    columns=("filename", "checksum", "applied_at"),
)
MANAGED = frozenset({"devices", "organizations", "organization_users"})


@cache
def real(version: str = "11.17.4") -> dict[str, Any]:
    """What the real tool wrote; nobody changes it."""
    return yaml.safe_load((DATA / f"directus-schema-{version}.yaml").read_text("utf-8"))


def read(folder: Path, body: dict[str, Any] | str, name: str = "schema.yaml") -> DirectusSnapshot:
    """The body as a file, read."""
    path = folder / name
    path.write_text(body if isinstance(body, str) else yaml.safe_dump(body, sort_keys=False), "utf-8")
    return read_directus_snapshot(path, shown=SHOWN)


def edited(folder: Path, *edits: Callable[[dict[str, Any]], None], version: str = "11.17.4") -> DirectusSnapshot:
    body = copy.deepcopy(real(version))
    for edit in edits:
        edit(body)
    return read(folder, body)


@cache
def whole(version: str = "11.17.4") -> DirectusSnapshot:
    return read_directus_snapshot(DATA / f"directus-schema-{version}.yaml", shown=SHOWN)


def target(version: str | None = "11.17.4") -> TargetVersion:
    named = f"FROM directus/directus:{version or 'latest'}"
    return TargetVersion(
        version=DirectusVersion.parse(version) if version else None,
        named=named,
        where="directus/Dockerfile:1",
        reason=None if version else f"{named} does not name an exact release",
    )


def column(name: str, kind: str = "text", **given: Any) -> DirectusColumn:
    return DirectusColumn(name=name, type=kind, **given)


ZONES_TABLE = DirectusTable(
    schema="public",
    name="zones",
    columns=(column("id", "integer", nullable=False, precision=32, scale=0), column("name")),
    keys=(DirectusKey(name="zones_pkey", primary=True, columns=("id",)),),
)
POSITIONS_TABLE = DirectusTable(
    schema="public",
    name="positions",
    columns=(column("device_id", nullable=False), column("ts", "timestamp with time zone"), column("faulty", "boolean")),
    has_rows=True,
)
LEDGER_TABLE = DirectusTable(
    schema="public",
    name="migrations_applied",
    columns=(column("filename", nullable=False), column("checksum"), column("applied_at", "timestamp with time zone")),
    keys=(DirectusKey(name="migrations_applied_pkey", primary=True, columns=("filename",)),),
    has_rows=True,
)
RAW = DirectusDatabase(tables=(POSITIONS_TABLE, LEDGER_TABLE, ZONES_TABLE))
"""What the owner's SQL makes."""


def behaviour(version: str) -> Behaviour:
    found = behaviour_of(DirectusVersion.parse(version) or DirectusVersion(0, 0, 0))
    assert found is not None
    return found


def boots(
    database: DirectusDatabase,
    file: Any,
    version: Behaviour,
    *,
    times: int,
    between: Callable[[DatabaseState], None] | None = None,
    **options: Any,
) -> tuple[list[ApplyOutcome], DatabaseState]:
    """``times`` applies, each on what the one before left; ``between`` is what the boot does after each."""
    state, found = DatabaseState(database), []
    for _ in range(times):
        done, state = apply(state, file, version, **options)
        found.append(done)
        if between is not None and done.code == 0:
            state = state.copy()
            between(state)
    return found, state


@cache
def settled(version: str = "11.17.4") -> DirectusDatabase:
    """A database after the first boot with the real file of 11.17.4, then written again by the version itself."""
    start = with_tables(bootstrapped(behaviour(version)), RAW)
    (first, *_), state = boots(start, own_file(version), behaviour(version), times=1)
    assert first.code == 0
    tables = (replace(t, has_rows=True) if t.name in MANAGED else t for t in state.database().tables)
    return replace(state.database(), tables=tuple(tables))


@cache
def own_file(version: str = "11.17.4") -> dict[str, Any]:
    """What the version writes: the real files of 11.17.4 and 12.4.0; of 11.2.2 without the keys that came later."""
    body = copy.deepcopy(real("12.4.0" if version == "12.4.0" else "11.17.4"))
    body["directus"] = version
    if version == "12.4.0":
        # The real file was written where an older one had dropped these indexes.
        fresh = bootstrapped(behaviour(version))
        named = [(t.name, i.columns[0]) for t in fresh.tables for i in t.indexes]
        body["systemFields"] = [{"collection": c, "field": f, "schema": {"is_indexed": True}} for c, f in sorted(named)]
    if version == "11.2.2":
        del body["systemFields"]
        for field in body["fields"]:
            del field["meta"]["searchable"]
        start = with_tables(bootstrapped(behaviour(version)), RAW)
        found = snapshot_of_state(DatabaseState(start), behaviour(version), frozenset())
        for section in ("collections", "fields"):
            body[section] = sorted(body[section] + found[section], key=lambda entry: str(entry["collection"]))
    return body


def rows(*tracked: str, fields: tuple[tuple[str, str], ...] = (), version: str = "11.17.4") -> DirectusDatabase:
    """The settled database, with rows of Directus for more tables and fields."""
    found = settled(version)
    table = {t.name: t for t in found.tables}
    blank = default_row(c for c in table["directus_collections"].columns if c.nullable or c.default)
    empty = default_row(c for c in table["directus_fields"].columns if c.nullable or c.default)
    return replace(
        found,
        collections=(*found.collections, *({**blank, "collection": name} for name in tracked)),
        fields=(*found.fields, *({**empty, "id": 1000 + n, "collection": c, "field": f} for n, (c, f) in enumerate(fields))),
    )


def live(*tracked: str, fields: tuple[tuple[str, str], ...] = (), version: str = "11.17.4", **given: Any) -> DirectusLive:
    """A database in which Directus tracks the snapshot's own collections and ``tracked``."""
    rights = given.get("rights", NOT_OWNED)
    owned = {right.key for right in rights if right.may_drop}
    database = rows(*tracked, fields=fields, version=version)
    tables = tuple(
        replace(t, may_alter=mine, may_drop=mine)
        for t in database.tables
        for mine in [t.name in MANAGED or t.name.startswith("directus_") or f"public.{t.name}" in owned]
    )
    defaults = {
        "schema": "public",
        "collections": MANAGED | set(tracked),
        "fields": frozenset(fields),
        "tables": frozenset(f"public.{name}" for name in (*MANAGED, "positions", "migrations_applied")),
        "role": "directus",
        "role_exists": True,
        "rights": rights,
        "database": replace(database, tables=tables),
    }
    if given.get("collections", True) is None:
        defaults["database"] = None
    return DirectusLive(**{**defaults, **given})


NOT_OWNED = (
    TableRights(key="public.positions", owner="processor", may_drop=False),
    TableRights(key="public.migrations_applied", owner="processor", may_drop=False),
)
OWNED = tuple(
    TableRights(key=f"public.{name}", owner="directus", may_drop=True)
    for name in ("positions", "migrations_applied", "zones")
)
"""The rights of a Directus that made the raw tables itself."""


def computed(inputs: dict[str, Any]) -> DirectusBoots | Unavailable:
    """The boots that follow from the other inputs, as an audit computes them."""
    return directus_boots(
        {"directus_owner": RAW}, inputs, Environment(name="prod", dsn_env="PROD", at=Location("audit.toml", 1))
    )


def inputs(**given: Any) -> dict[str, Any]:
    """What the SNAP checks ask for, with nothing wrong in it."""
    keyed = RawTable(schema="public", name="zones", key="public.zones", single_key=True, columns=("id", "name"))
    defaults = {
        "directus_snapshot": whole(),
        "directus_target": target(),
        "raw_tables": (keyed, LEDGER),
        "directus_live": _quiet(),
        "directus_runtime": DirectusRuntime(excluded=frozenset({"zones"})),
        "post_changes": (),
        "destructions": (),
    }
    found = {**defaults, **given}
    parts = ("directus_snapshot", "directus_target", "directus_runtime", "directus_live")
    if "directus_boots" not in given:
        same = all(found[name] is defaults[name] or found[name] == defaults[name] for name in parts)
        found["directus_boots"] = _quiet_boots() if same else computed(found)
    return found


@cache
def _quiet() -> DirectusLive:
    return live()


@cache
def _quiet_boots() -> DirectusBoots | Unavailable:
    return computed(
        {
            "directus_snapshot": whole(),
            "directus_target": target(),
            "directus_live": _quiet(),
            "directus_runtime": DirectusRuntime(excluded=frozenset({"zones"})),
        }
    )


AT = Location("directus/db-init-post/001_unique.sql", 3)
NO_OWNER = DirectusRuntime(reason="audit.toml has no [boot]")


def change(kind: str, column: str = "model", **given: Any) -> ColumnChange:
    """What SQL after ``schema apply`` does to a column of ``devices``."""
    return ColumnChange(**{"table": "devices", "kind": kind, "column": column, "at": AT, "words": kind.upper(), **given})


def destruction(**given: Any) -> Destruction:
    defaults = {
        "kind": "drop table",
        "object": "positions",
        "words": "drops the table",
        "at": Location("db-init/004.sql", 2),
    }
    return Destruction(**{**defaults, **given})


TABLES = (POSITIONS, LEDGER)
LOUD = [
    ("SQL006", "a dropped table", {"destructions": (destruction(),)}, ["SQL006:db-init/004.sql:drop table:positions"]),
    (
        "SQL006",
        "the same twice",
        {"destructions": (destruction(), destruction())},
        ["SQL006:db-init/004.sql:drop table:positions", "SQL006:db-init/004.sql:drop table:positions:2"],
    ),
    (
        "SNAP001",
        "a version that drops what it does not track",
        {"directus_target": target("11.2.2"), "raw_tables": (POSITIONS,), "directus_live": live(rights=OWNED)},
        ["SNAP001:public.positions:drop"],
    ),
    (
        "SNAP002",
        "a row for the ledger",
        {"directus_live": live("migrations_applied")},
        ["SNAP002:migrations_applied:stuck", "SNAP002:prod:migrations_applied:directus_collections"],
    ),
    (
        "SNAP003",
        "a row for a raw table",
        {"directus_live": live("positions"), "raw_tables": TABLES},
        ["SNAP003:prod:public.positions"],
    ),
    ("SNAP004", "a file of 12", {"directus_snapshot": whole("12.4.0")}, ["SNAP004:stuck:devices"]),
    ("SNAP005", "another version", {"directus_target": target("11.17.3")}, ["SNAP005:directus"]),
    ("SNAP006", "a type", {"post_changes": (change("type"),)}, ["SNAP006:devices.model:type"]),
    ("SNAP007", "no key of one column", {"raw_tables": TABLES}, ["SNAP007:public.positions"]),
    (
        "SNAP008",
        "Directus owns it",
        {"raw_tables": (POSITIONS,), "directus_live": live(rights=OWNED)},
        ["SNAP008:prod:public.positions"],
    ),
]
QUIET = [
    ("SQL006", "made again", {"destructions": (destruction(made_again=AT),)}, "made again at directus/db-init-post"),
    ("SNAP006", "composite UNIQUE", {"post_changes": (change("kept", column=""),)}, "see or touch 1 of them"),
    ("SNAP006", "UNIQUE that the snapshot wants", {"post_changes": (change("unique", column="imei"),)}, None),
    ("SNAP006", "a column that is not Directus's", {"post_changes": (change("type", column="x"),)}, "does not see"),
    ("SNAP008", "another owner", {"raw_tables": (POSITIONS,)}, "role directus does not own it (processor does)"),
    (
        "SNAP008",
        "DB_EXCLUDE_TABLES",
        {
            "raw_tables": (POSITIONS,),
            "directus_live": live(rights=OWNED),
            "directus_runtime": DirectusRuntime(excluded=frozenset({"positions"})),
        },
        "positions is guarded by DB_EXCLUDE_TABLES",
    ),
]
NOT_ASKED = Unavailable(reason="audit.toml has no [snapshot]", required=False)
UNDECIDED = [
    ("SNAP001", "no snapshot", {"directus_snapshot": NOT_ASKED}, Outcome.SKIPPED, False, "has no [snapshot]"),
    ("SNAP001", "latest", {"directus_target": target(None)}, Outcome.SKIPPED, True, "does not name an exact release"),
    (
        "SNAP006",
        "a constraint USING INDEX",
        {"post_changes": (change("unmeasured"),)},
        Outcome.SKIPPED,
        True,
        "directus/db-init-post/001_unique.sql:3: what Directus does about",
    ),
    (
        "SNAP006",
        "a first boot that fails",
        {"post_changes": (change("type"),), "directus_runtime": DirectusRuntime(problem="error: unknown option '--x'")},
        Outcome.SKIPPED,
        True,
        "the first boot of a fresh database fails (error: unknown option '--x')",
    ),
    *(
        (
            check,
            "rows of relations that cannot be read",
            {"raw_tables": TABLES, "directus_live": live("positions", database=None, reason="permission denied: relations")},
            Outcome.SKIPPED,
            True,
            "permission denied: relations",
        )
        for check in ("SNAP001", "SNAP002", "SNAP003", "SNAP004")
    ),
    ("SNAP002", "no ledger", {"raw_tables": (POSITIONS,)}, Outcome.SKIPPED, False, "names no ledger"),
    (
        "SNAP003",
        "permission denied",
        {"directus_live": live(collections=None, reason="permission denied")},
        Outcome.SKIPPED,
        True,
        "permission denied",
    ),
    (
        "SNAP003",
        "Directus was never here",
        {"directus_live": live(schema=None, collections=frozenset())},
        Outcome.SKIPPED,
        False,
        "never bootstrapped",
    ),
    ("SNAP004", "latest", {"directus_target": target(None)}, Outcome.SKIPPED, True, "does not name an exact release"),
    ("SNAP001", "an unknown version", {"directus_target": target("11.9.2")}, Outcome.SKIPPED, True, "does not cover"),
    ("SNAP004", "an unknown version", {"directus_target": target("13.0.0")}, Outcome.SKIPPED, True, "does not cover"),
    ("SNAP005", "latest", {"directus_target": target(None)}, Outcome.SKIPPED, True, "does not name an exact release"),
    (
        "SNAP008",
        "no role is named",
        {"raw_tables": (POSITIONS,), "directus_live": live(role=None, role_exists=False, rights=())},
        Outcome.SKIPPED,
        True,
        "names no role of Directus",
    ),
    (
        "SNAP008",
        "the table is not here",
        {"raw_tables": (POSITIONS,), "directus_live": live(rights=())},
        Outcome.SKIPPED,
        True,
        "not all of the tables are in this database",
    ),
]
