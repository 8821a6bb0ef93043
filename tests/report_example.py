"""The case that the report's tests are about: prod of the trm project, which is blocked, as values.

An older legacy history, then drift: a unique index gone, a wider chunk interval, a narrower type, an index by hand,
and a ledger that lacks a file of the owner.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import fix_model
from migration_audit.model.drift import Difference, DiffVerdict, Drift, FieldChange
from migration_audit.model.evidence import (
    SCHEMA_VERSION,
    AppliedFile,
    AppliedSource,
    Evidence,
    Producer,
    RepositoryState,
    Server,
    SettingsFile,
)
from migration_audit.model.finding import CheckResult, Finding, Outcome, Phase, Severity, Verdict
from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Column, Constraint, Index, Table
from migration_audit.model.routines import Extension
from migration_audit.model.snapshot import HypertableChunks, ServerIdentity, Snapshot
from migration_audit.model.timescale import Dimension

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "quotes": 'it\'s "quoted" & `ticked`',
    "newlines": "two\nlines\r\tand a tab",
    "right to left": "שלום_עולם",
    "override": "abc\u202edcba",
    "escape sequence": "\x1b[31mred\x1b[0m\x07",
    "pipes": "a|b\\|c||d",
    "markdown": "**b** [x](javascript:alert(1)) @team #1 ~~s~~",
    "template": "{{ 7 * 7 }} {% raw %}",
    "format": "{0} {x!r} %s %(y)d",
    "zero width": "a\u200bb\ufeffc\u2028d",
    "surrogate": "a\ud800b",
    "wide": "位置データ",
    "long": "x" * 5000,
    "blank": " ",
    "null": "a\x00b",
}
"""What somebody may call a table, or store as a default."""


def column(name: str, type_: str, **more: Any) -> Column:
    """A column that may be NULL."""
    return fix_model.column(name, **{"type": type_, "not_null": False, "storage": "plain", **more})


def index(name: str, columns: str, *, unique: bool = False, **more: Any) -> Index:
    """A valid index."""
    return fix_model.index(name, columns, unique=unique, **more)


def constraint(name: str, definition: str, *, table: str = "positions", type_: str = "primary key") -> Constraint:
    """A validated constraint."""
    return fix_model.constraint(name, definition=definition, table=table, type=type_)


def table(name: str, columns: tuple[str, ...], schema: str = "public") -> Table:
    """An ordinary table of the owner."""
    return fix_model.table(name, schema=schema, column_order=columns, owner="directus")


def dimension(interval: str = "1 day") -> Dimension:
    """The primary dimension of ``positions``."""
    return fix_model.dimension(chunk_interval=interval)


COLUMNS = (
    column("device_id", "text", not_null=True),
    column("ts", "timestamp with time zone", not_null=True),
    column("ingested_at", "timestamp with time zone", default="now()"),
    column("latitude", "double precision", not_null=True),
    column("longitude", "double precision", not_null=True),
    column("attributes", "jsonb", not_null=True, default="'{}'::jsonb"),
    column("faulty", "boolean", not_null=True, default="false"),
)
LEDGER_COLUMNS = (
    column("filename", "text", table="migrations_applied", schema="directus_ops", not_null=True),
    column("applied_at", "timestamp with time zone", table="migrations_applied", schema="directus_ops", default="now()"),
)
UNIQUE = index("positions_device_ts", "(device_id, ts)", unique=True)
INDEXES = (
    UNIQUE,
    index("positions_device_ts_idx", "(device_id, ts DESC)"),
    index("positions_ts", "(ts DESC)"),
    index("positions_ts_idx", "(ts DESC)"),
)
BY_HAND = index("positions_manual_lat", "(latitude)")
SERVER = ServerIdentity(
    database="trm_prod",
    system_identifier="7442190517340081234",
    postgres_version="17.6",
    extension_versions=(("postgis", "3.5.2"), ("timescaledb", "2.19.3")),
    timescaledb_license="apache",
    read_as="auditor",
)


def extension(name: str, version: str) -> Extension:
    """An extension in ``public``."""
    return fix_model.extension(name, version=version)


def snapshot(*objects: CatalogObject) -> Snapshot:
    """A snapshot of these objects in prod."""
    return fix_model.snapshot(*objects, server=SERVER)


HYPERTABLE = fix_model.hypertable()
COMMON: tuple[CatalogObject, ...] = (
    table("positions", tuple(c.name for c in COLUMNS)),
    HYPERTABLE,
    extension("postgis", "3.5.2"),
)
OWNER = snapshot(*COMMON, *COLUMNS, *LEDGER_COLUMNS, *INDEXES, dimension(), extension("timescaledb", "2.19.3"))
LEGACY = snapshot(*COMMON, *COLUMNS, *INDEXES, dimension(), extension("timescaledb", "2.19.3"))
PROD = snapshot(
    *COMMON,
    replace(COLUMNS[0], type="character varying(64)", storage="extended"),
    *COLUMNS[1:],
    replace(LEDGER_COLUMNS[0], not_null=False),
    LEDGER_COLUMNS[1],
    column("note", "text"),
    *INDEXES[1:],
    BY_HAND,
    dimension("7 days"),
    extension("timescaledb", "2.17.0"),
)
SIDES = {"legacy": LEGACY, "owner": OWNER, "prod": PROD}

DRIFT = Drift(
    differences=(
        Difference(
            verdict=DiffVerdict.CHANGED,
            kind="column",
            key="public.positions.device_id",
            severity=Severity.BLOCKER,
            fields=(
                FieldChange(name="type", expected="text", actual="character varying(64)", severity=Severity.BLOCKER),
                FieldChange(name="comment", expected=None, actual="by hand", severity=Severity.INFO),
            ),
        ),
        Difference(
            verdict=DiffVerdict.CHANGED,
            kind="dimension",
            key="public.positions.ts",
            severity=Severity.BLOCKER,
            fields=(FieldChange(name="chunk_interval", expected="1 day", actual="7 days", severity=Severity.BLOCKER),),
        ),
        Difference(
            verdict=DiffVerdict.MISSING,
            kind="index",
            key="public.positions_device_ts",
            severity=Severity.BLOCKER,
            expected=UNIQUE,
        ),
        Difference(
            verdict=DiffVerdict.UNEXPECTED,
            kind="index",
            key="public.positions_manual_lat",
            severity=Severity.WARNING,
            actual=BY_HAND,
            note="neither source creates it",
        ),
    ),
    assumptions=("The automatic index positions_ts_idx is TimescaleDB's own.",),
)
FIX = "CREATE UNIQUE INDEX IF NOT EXISTS positions_device_ts\n    ON public.positions (device_id, ts);"


def result(id_: str, title: str, outcome: Outcome = Outcome.PASSED, **more: Any) -> CheckResult:
    """A check's result, a blocker unless another severity is given."""
    return CheckResult(id=id_, title=title, outcome=outcome, **{"severity": Severity.BLOCKER, **more})


def results() -> tuple[CheckResult, ...]:
    """What the checks said about prod."""
    failed, passed = Outcome.FAILED, Outcome.PASSED
    return (
        result("SQL001", "Each source is present and its order is unambiguous", reason="2 sources, 5 files"),
        result("SQL002", "Each source applies to an empty server"),
        result("SQL003", "Each source is idempotent"),
        result("COV002", "Tables and columns are covered"),
        result("COV003", "Indexes are covered"),
        result(
            "COV013",
            "No hypertable has the same index twice",
            failed,
            severity=Severity.WARNING,
            findings=(
                Finding(
                    key="COV013:index:public.positions_ts_idx",
                    summary="indexes public.positions_ts, public.positions_ts_idx have the same definition (ts DESC)",
                    where="directus/db-init/002_positions_hypertable.sql:21",
                ),
            ),
        ),
        result("LIV001", "The database is the one it is meant to be"),
        result(
            "LIV003",
            "Columns are as the owner's SQL builds them",
            failed,
            findings=(
                Finding(
                    key="LIV003:column:public.positions.device_id",
                    summary="public.positions.device_id is of another type in prod",
                    expected="text",
                    actual="character varying(64)",
                    where="directus/db-init/002_positions_hypertable.sql:4",
                    fix_sql="ALTER TABLE public.positions ALTER COLUMN device_id TYPE text;",
                ),
            ),
        ),
        result(
            "LIV004",
            "Indexes are as the owner's SQL builds them",
            failed,
            findings=(
                Finding(
                    key="LIV004:index:public.positions_device_ts",
                    summary="public.positions_device_ts is missing in prod: the writer's upsert has no arbiter",
                    expected=UNIQUE.definition,
                    where="directus/db-init/002_positions_hypertable.sql:18",
                    fix_sql=FIX,
                ),
            ),
        ),
        result(
            "LIV006",
            "Hypertables are set as the owner's SQL sets them",
            failed,
            findings=(
                Finding(
                    key="LIV006:dimension:public.positions.ts",
                    summary="public.positions has another chunk interval on ts in prod",
                    expected="1 day",
                    actual="7 days",
                    where="directus/db-init/002_positions_hypertable.sql:15",
                    fix_sql="SELECT public.set_chunk_time_interval('public.positions', INTERVAL '1 day');",
                ),
            ),
        ),
        result(
            "LIV010",
            "The owner's ledger records that each of its files was applied",
            failed,
            findings=(
                Finding(
                    key="LIV010:file:003_faulty_column.sql",
                    summary="003_faulty_column.sql is not in directus_ops.migrations_applied of prod",
                    expected="003_faulty_column.sql",
                    where="directus/db-init/003_faulty_column.sql:1",
                ),
            ),
        ),
        result(
            "LIV011",
            "The legacy ledger does not exist, or is reported",
            failed,
            severity=Severity.INFO,
            findings=(
                Finding(
                    key="LIV011:table:processor_ops.migrations_applied",
                    summary="the legacy ledger exists; without the legacy runner it is unused, and harmless",
                    fix_sql="DROP TABLE processor_ops.migrations_applied;",
                ),
            ),
        ),
        result(
            "LIV012",
            "Nothing is here that neither source makes",
            failed,
            severity=Severity.WARNING,
            findings=(
                Finding(
                    key="LIV012:index:public.positions_manual_lat",
                    summary="public.positions_manual_lat is created by neither source",
                    actual=BY_HAND.definition,
                ),
            ),
        ),
        result("LIV009", "Jobs run", Outcome.SKIPPED, reason="no jobs are configured", required=False),
        result("RET001", "The migrations directory is gone", Outcome.PENDING, reason="due in phase retired"),
        result("PRV001", "The writer's role cannot run DDL", passed),
    )


def evidence(**more: Any) -> Evidence:
    """The evidence of prod, with the fields of ``more`` in place of its own."""
    digest = "5f1d7a84db00d2fce00b31a7fc73224f1ab0cf7b2ad7a4d2b8a8c8e1b21c7d90"
    legacy, owner = (
        AppliedSource(
            role=role,
            name=role,
            format="files",
            session="each file",
            files=tuple(AppliedFile(path=path, sha256=digest) for path in paths),
        )
        for role, paths in (
            (
                "legacy",
                ("processor/src/db/migrations/0001_positions.sql", "processor/src/db/migrations/0002_positions_faulty.sql"),
            ),
            ("owner", ("directus/db-init/001_extensions.sql",)),
        )
    )
    base = Evidence(
        schema_version=SCHEMA_VERSION,
        tool="migration-audit 0",
        complete=True,
        error=None,
        project="trm",
        phase=Phase.PREFLIGHT,
        environment="prod",
        generated_at=datetime(2026, 11, 23, 6, 40, 12, tzinfo=UTC),
        producer=Producer(user="ann", host="build-7", job=None),
        author={"commit": "mal@example.org", "ran_by": "ann@example.org"},
        commit={
            "audit": state("4f2c9e1a77d03b1c2f9a1e0d8c7b6a5948372615", clean=True),
            "owner": state("91ab33f0c2d4e5f60718293a4b5c6d7e8f901234", clean=False),
        },
        config=SettingsFile(path="audit.toml", sha256=digest, audited=digest, prefix=None, environment_at="audit.toml:31"),
        verdict=Verdict.BLOCKED,
        server=Server(
            database="trm_prod",
            system_identifier="7442190517340081234",
            postgres_version="17.6",
            extension_versions={"timescaledb": "2.17.0", "postgis": "3.5.2"},
            timescaledb_license=None,
            read_as="auditor",
            in_recovery=False,
        ),
        shadow="PostgreSQL 17.6, timescaledb 2.19.3 (embedded)",
        sources=(legacy, owner),
        artifacts=(),
        reports=(),
        snapshots={"owner": f"sha256:{digest}", "live": f"sha256:{digest[::-1]}"},
        rows=None,
        checks=results(),
        notes=('12 objects are out of scope by the rule "directus_*".',),
        waivers=(),
        port=None,
        notebooks=(),
    )
    return replace(base, **more)


def state(commit: str | None, *, clean: bool | None = True) -> RepositoryState:
    """A repository at a commit."""
    return RepositoryState(commit=commit, clean=clean, remote=None, path=".", files=1)


def chunks() -> HypertableChunks:
    """Fourteen days of one-day chunks, a gap, then two of seven days."""
    days = [(f"2026-10-{d:02}T00:00:00Z", f"2026-10-{d + 1:02}T00:00:00Z") for d in range(1, 15)]
    weeks = [("2026-10-18T00:00:00Z", "2026-10-25T00:00:00Z"), ("2026-10-25T00:00:00Z", "2026-11-01T00:00:00Z")]
    return HypertableChunks(
        schema="public",
        table="positions",
        chunks=16,
        compressed=3,
        first="2026-10-01T00:00:00Z",
        last="2026-11-01T00:00:00Z",
        widths=(("1 day", 14), ("7 days", 2)),
        missing_indexes=(("public.positions_device_ts", 2),),
        ranges=(*days, *weeks),
    )


def shown(thing: Any) -> dict[str, Any]:
    """A table as Jupyter defines it in a notebook."""
    data = {"text/html": thing._repr_html_(), "text/plain": getattr(thing, "in_short", thing.__repr__)()}
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}


def prose(source: str) -> dict[str, Any]:
    """A Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code_cell(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    """An executed code cell."""
    return {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": source, "outputs": list(outputs)}


def notebook(name: str, *cells: dict[str, Any]) -> dict[str, Any]:
    """A notebook that papermill wrote to ``name``."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"papermill": {"output_path": f"reports/prod/x/{name}.ipynb"}},
        "cells": list(cells),
    }
