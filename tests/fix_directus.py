"""Directus snapshots for tests: the real tool's file of 11.17.4, edited as the measured cases were."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from migration_audit.artifacts.directus_snapshot import read_directus_snapshot
from migration_audit.model.destruction import Destruction
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
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.location import Location

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
        reason=None if version else f"{named} names no exact release",
    )


def live(*tracked: str, fields: tuple[tuple[str, str], ...] = (), **given: Any) -> DirectusLive:
    """A database in which Directus tracks the snapshot's own collections and ``tracked``."""
    defaults = {
        "schema": "public",
        "collections": MANAGED | set(tracked),
        "fields": frozenset(fields),
        "tables": frozenset(f"public.{name}" for name in (*MANAGED, "positions", "migrations_applied")),
        "role": "directus",
        "role_exists": True,
        "rights": (
            TableRights(key="public.positions", owner="processor", may_drop=False),
            TableRights(key="public.migrations_applied", owner="processor", may_drop=False),
        ),
    }
    return DirectusLive(**{**defaults, **given})


OWNED = tuple(
    TableRights(key=f"public.{name}", owner="directus", may_drop=True) for name in ("positions", "migrations_applied")
)
"""The rights of a Directus that made the raw tables itself."""


def inputs(**given: Any) -> dict[str, Any]:
    """What the SNAP checks ask for, with nothing wrong in it."""
    keyed = RawTable(schema="public", name="zones", key="public.zones", single_key=True, columns=("id", "name"))
    defaults = {
        "directus_snapshot": whole(),
        "directus_target": target(),
        "raw_tables": (keyed, LEDGER),
        "directus_live": live(),
        "directus_runtime": DirectusRuntime(excluded=frozenset({"zones"})),
        "post_changes": (),
        "destructions": (),
    }
    return {**defaults, **given}


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
        {"directus_target": target("11.9.2"), "raw_tables": (POSITIONS,)},
        ["SNAP001:public.positions:drop"],
    ),
    (
        "SNAP002",
        "a row for the ledger",
        {"directus_live": live("migrations_applied")},
        ["SNAP002:prod:migrations_applied:directus_collections"],
    ),
    (
        "SNAP003",
        "a row for a raw table",
        {"directus_live": live("positions"), "raw_tables": TABLES},
        ["SNAP003:prod:public.positions"],
    ),
    ("SNAP004", "two keys of 12", {"directus_target": target("12.3.1")}, [f"SNAP004:{n}:meta" for n in sorted(MANAGED)]),
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
    (
        "SNAP001",
        "a guard in a version that drops",
        {"directus_target": target("11.9.2"), "raw_tables": (replace(POSITIONS, name="zones"),)},
        "by DB_EXCLUDE_TABLES alone",
    ),
    ("SNAP006", "composite UNIQUE", {"post_changes": (change("kept", column=""),)}, "1 change that Directus does not see"),
    ("SNAP006", "UNIQUE that the snapshot wants", {"post_changes": (change("unique", column="imei"),)}, None),
    ("SNAP006", "a column that is not Directus's", {"post_changes": (change("type", column="x"),)}, "does not see"),
    ("SNAP006", "a constraint USING INDEX", {"post_changes": (change("unmeasured"),)}, "was not measured"),
    (
        "SNAP006",
        "an index before 11.2",
        {"post_changes": (change("index"),), "directus_target": target("11.1.0")},
        None,
    ),
    ("SNAP008", "another owner", {"raw_tables": (POSITIONS,)}, "role directus does not own it (processor does)"),
    (
        "SNAP008",
        "DB_EXCLUDE_TABLES",
        {
            "raw_tables": (POSITIONS,),
            "directus_live": live(rights=OWNED),
            "directus_runtime": DirectusRuntime(excluded=frozenset({"positions"})),
        },
        "positions: DB_EXCLUDE_TABLES",
    ),
]
NOT_ASKED = Unavailable(reason="audit.toml has no [snapshot]", required=False)
UNDECIDED = [
    ("SNAP001", "no snapshot", {"directus_snapshot": NOT_ASKED}, Outcome.SKIPPED, False, "has no [snapshot]"),
    ("SNAP001", "latest", {"directus_target": target(None)}, Outcome.SKIPPED, True, "names no exact release"),
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
    ("SNAP004", "latest", {"directus_target": target(None)}, Outcome.SKIPPED, True, "names no exact release"),
    ("SNAP005", "latest", {"directus_target": target(None)}, Outcome.SKIPPED, True, "names no exact release"),
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
