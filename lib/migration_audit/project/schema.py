"""Every table and key that audit.toml may have, as data: the validator walks it, the template is tested against it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from migration_audit import formats, model
from migration_audit.formats.named import PLAIN_LEDGER
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Phase
from migration_audit.model.objects import CatalogObject
from migration_audit.project.boot_spec import BOOT_KEYS, STEP_KEYS
from migration_audit.project.keys import (
    Key,
    choice,
    choices,
    duration,
    globs,
    integer,
    long_text,
    path,
    pattern,
    qualified,
    text,
    texts,
)
from migration_audit.project.policy_spec import ENVIRONMENT_KEYS, POLICY_KEYS, ROLE_KEYS, WAIVER_KEYS
from migration_audit.project.repositories import REPOSITORY_KEYS
from migration_audit.project.rule_spec import RULE_KEYS
from migration_audit.project.settings import NameFormat
from migration_audit.project.settings_seed import SEED_KEYS
from migration_audit.project.snapshot_spec import REHEARSE_KEYS
from migration_audit.project.source_spec import legacy_keys, source_keys

ANY_NAME: Final = "<name>"
"""Stands for a name that the user chooses, as in ``[environments.<name>]``."""

RULES: Final = (
    "comments",
    "roles",
    "column_order",
    "owners",
    "privileges",
    "statistics",
    "physical",
    "extension_version",
    "unexpected",
)
"""The named rules of the comparison whose severity a project may change."""

PROVIDERS: Final = ("url", "local", "docker", "debian", "debian:trixie", "debian:sid")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """A table: its own keys, its sub-tables and its arrays of tables, each by name."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    tables: Mapping[str, TableSpec] = field(default_factory=dict)
    arrays: Mapping[str, TableSpec] = field(default_factory=dict)
    any_table: TableSpec | None = None
    """What each sub-table of a name that the user chooses must be."""
    required: bool = False
    expected: str = "a table"

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that may stand directly in this table, if the user chooses no names."""
        return (*self.keys, *self.tables, *self.arrays)


@cache
def object_kinds() -> tuple[str, ...]:
    """The kinds of catalog object that the model has, sorted."""
    for module in pkgutil.iter_modules(model.__path__):
        importlib.import_module(f"{model.__name__}.{module.name}")
    return tuple(sorted({cls.kind for cls in CatalogObject.__subclasses__()}))


def documented_keys(spec: TableSpec, prefix: str = "") -> Iterator[str]:
    """The full name of every key below ``spec``: ``legacy.ledger.table``, ``environments.<name>.dsn_env``."""
    for name in spec.keys:
        yield f"{prefix}{name}"
    for name, table in (*spec.tables.items(), *spec.arrays.items()):
        yield from documented_keys(table, f"{prefix}{name}.")
    if spec.any_table is not None:
        yield from documented_keys(spec.any_table, f"{prefix}{ANY_NAME}.")


_ROLE: Final = text("the name of a database role")


def _ledger(**more: Key) -> TableSpec:
    return TableSpec(
        keys={
            "format": choice(PLAIN_LEDGER, *formats.LEDGERS),
            "table": qualified("the ledger as schema.table, such as public.migrations_applied"),
            "name_column": text("the column with the name of the applied file"),
            "checksum_column": text("the column with the SHA-256 of the applied file"),
            "name_format": choice(*(f.value for f in NameFormat)),
            **more,
        }
    )


def _source(expected: str, ledger: TableSpec, **more: Key) -> TableSpec:
    return TableSpec(keys={**source_keys(_ROLE), **more}, tables={"ledger": ledger}, required=True, expected=expected)


_ENVIRONMENT: Final = TableSpec(
    keys={
        "dsn_env": pattern(
            r"[A-Za-z_][A-Za-z0-9_]*", "the NAME of an environment variable that holds the URL, such as TRM_STAGE_DSN"
        ),
        "service": pattern(r"[\w.-]+", "the name of an entry of pg_service.conf"),
        "database": text("the name that the database must have"),
        "system_identifier": pattern(
            r"[0-9]+", "the server's system identifier: the digits that pg_control_system() shows, in quotes"
        ),
        "writer_role": _ROLE,
        "phases": choices(*(p.value for p in Phase)),
        "statement_timeout": integer(minimum=1, expected="a whole number of seconds, at least 1"),
    }
)

SCHEMA: Final = TableSpec(
    tables={
        "project": TableSpec(
            keys={
                "name": text("the name of the project", required=True),
                "writer_role": _ROLE,
                "prelude": globs('a list of glob patterns relative to this file, such as ["platform/base/*.sql"]'),
            },
            required=True,
        ),
        "server": TableSpec(keys={"provider": choice(*PROVIDERS, or_else=("local:/path/to/bin", r"local:[/~].+"))}),
        "legacy": _source(
            "a table [legacy]: the SQL whose runner is to be retired",
            _ledger(cleanup=long_text("the clean-up SQL that the report shows and nobody runs")),
            **legacy_keys(),
        ),
        "owner": _source("a table [owner]: the SQL of the only runner from now on", _ledger()),
        "environments": TableSpec(
            any_table=_ENVIRONMENT,
            required=True,
            expected="at least one table [environments.<name>], for example [environments.stage]",
        ),
        "scope": TableSpec(
            keys={"schemas": texts('a list of schema names, such as ["public"]')},
            arrays={
                "exclude": TableSpec(
                    keys={
                        "pattern": text("a glob on the object's key, such as public.directus_*", required=True),
                        "kind": choice(*object_kinds()),
                        "reason": long_text("why these objects are not the audit's business", required=True),
                    }
                )
            },
        ),
        "rules": TableSpec(keys=dict.fromkeys(RULES, choice(*(s.value for s in Severity)))),
        "boot": TableSpec(keys=BOOT_KEYS, arrays={"step": TableSpec(keys=STEP_KEYS)}),
        "policy": TableSpec(
            keys=POLICY_KEYS,
            tables={"environments": TableSpec(any_table=TableSpec(keys=ENVIRONMENT_KEYS))},
            arrays={"role": TableSpec(keys=ROLE_KEYS)},
        ),
        "rehearsal": TableSpec(
            keys={
                "grants": globs(
                    'a list of glob patterns relative to this file, such as ["platform/grants/*.sql"]', required=True
                ),
            },
        ),
        "snapshot": TableSpec(
            keys={
                "file": path("the Directus snapshot, relative to this file, such as snapshots/schema.yaml", required=True),
                "version": pattern(r"v?\d+\.\d+\.\d+", "a release of Directus, such as 11.17.4"),
                "role": _ROLE,
                **REHEARSE_KEYS,
            }
        ),
        "repository": TableSpec(any_table=TableSpec(keys=REPOSITORY_KEYS)),
        "report": TableSpec(keys={"out": text("a directory, relative to this file")}),
    },
    arrays={
        "probe": TableSpec(
            keys={
                "name": text("a short name, such as upsert", required=True),
                "sql": long_text("one SQL statement of the writer", required=True),
                "role": _ROLE,
                "arbiter": qualified("a unique index as schema.index, such as public.positions_device_ts"),
            }
        ),
        "hypertable": TableSpec(
            keys={
                "table": qualified("a table as schema.table, such as public.positions", required=True),
                "column": text("the column of the dimension", required=True),
                "chunk_interval": duration('an interval such as "1 day", or a whole number'),
                "partitions": integer(minimum=1, expected="a whole number, at least 1"),
            }
        ),
        "rule": TableSpec(keys=RULE_KEYS),
        "seed": TableSpec(keys=SEED_KEYS),
        "waiver": TableSpec(keys=WAIVER_KEYS),
    },
)

ENVIRONMENT_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?\Z")
"""A name that is a folder's name on every system: reports/<environment>/."""

RESERVED_ENVIRONMENTS: Final = frozenset({"signed"})
"""reports/signed/ holds what was signed."""
