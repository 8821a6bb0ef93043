"""What audit.toml says, as frozen values; every path is absolute, every name as the catalog spells it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from migration_audit.model.errors import UsageError
from migration_audit.model.finding import Severity
from migration_audit.project import keys
from migration_audit.project.boot import BootSettings, SnapshotSettings
from migration_audit.project.describe import (
    Example,
    Shape,
    as_toml,
    section,
    setting,
    setting_of,
    table,
    table_of,
)
from migration_audit.project.environment import Environment
from migration_audit.project.policy import Policy, Waiver
from migration_audit.project.probe import HypertablePin, Probe, RehearsalSettings
from migration_audit.project.repositories import Repository
from migration_audit.project.rule import EXAMPLES, AuditRule
from migration_audit.project.scope import RULES, AuditScope, SeedRule
from migration_audit.project.source import Source

_PROVIDERS: Final = ("url", "local", "docker", "debian", "debian:trixie", "debian:sid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A validated audit.toml."""

    path: Path
    """The file it was read from."""
    name: str = setting(
        keys.text("the name of the project"),
        "The name of this project in reports and signatures.",
        name="project.name",
        example='"my-project"',
        required=True,
    )
    writer_role: str | None = setting(
        keys.role(),
        "The role with which the writer, the program that goes on writing rows, connects. An environment may name another.",
        name="project.writer_role",
        example='"writer"',
    )
    prelude: tuple[str, ...] = setting(
        keys.globs('a list of glob patterns relative to this file, such as ["platform/base/*.sql"]'),
        "SQL that is applied before both sources and left out of the comparison: what a platform provides, such as "
        "roles, extensions and tables that the sources refer to.",
        name="project.prelude",
        example='["platform/base/*.sql"]',
    )
    provider: str | None = setting(
        keys.choice(*_PROVIDERS, or_else=("local:/path/to/bin", r"local:[/~].+")),
        "The server on which both SQL sources are executed: url, local, local:/path/to/bin, docker, debian or "
        "debian:sid. Left out: the first of these that works. The variable MIGRATION_AUDIT_SERVER overrides this "
        "key.",
        name="server.provider",
        example='"debian"',
    )
    legacy: Source = table(
        Source,
        "The SQL whose runner is to be retired.",
        required=True,
        expected="a table [legacy]: the SQL whose runner is to be retired",
        is_live=True,
    )
    owner: Source = table(
        Source,
        "The SQL of the only runner from now on. The same keys as above, without snapshot, dsn_env and cleanup.",
        without=("snapshot", "dsn_env", "ledger.cleanup"),
        required=True,
        expected="a table [owner]: the SQL of the only runner from now on",
        is_live=True,
        examples=(
            Example(
                values={
                    "name": '"platform"',
                    "sql": '["platform/db-init/*.sql"]',
                    "command": '["sh", "-c", "directus bootstrap && directus schema apply --yes snapshots/schema.yaml"]',
                    "directory": '"platform"',
                    "env": '{ DB_HOST = "{host}", DB_PORT = "{port}", DB_USER = "{user}", DB_PASSWORD = "{password}", '
                    'DB_DATABASE = "{database}" }',
                    "files": '["platform/snapshots/schema.yaml"]',
                    "settings": '{ search_path = "app" }',
                    "role": '"platform"',
                    "ledger.table": '"platform.migrations_applied"',
                }
            ),
        ),
    )
    environments: tuple[Environment, ...] = table(
        Environment,
        "One table for each live database; they are only read. The name becomes a folder of the reports.",
        shape=Shape.NAMED,
        required=True,
        expected="at least one table [environments.<name>], for example [environments.stage] "
        "(`migration-audit compare` compares SQL without a database)",
        is_live=True,
        examples=(
            Example(
                name="stage",
                values=dict.fromkeys(
                    ("dsn_env", "database", "system_identifier", "writer_role", "phases", "statement_timeout"), ""
                ),
            ),
            Example(name="prod", values={"service": ""}),
        ),
    )
    """In the order of the file."""
    repositories: tuple[Repository, ...] = table(
        Repository,
        "Other repositories that are audited together with this one. Every path and pattern of this file may then be "
        'written NAME:path, as in "processor:src/db/migrations/*.sql". A path without a name may lead into another '
        'repository as well ("../processor/src"); only a name says at which revision the gate reads it.',
        name="repository",
        shape=Shape.NAMED,
        examples=(Example(name="processor", values={"path": "", "policy_from": ""}),),
    )
    """In the order of the file."""
    scope: AuditScope = table(AuditScope, default=AuditScope(), is_live=True)
    rules: Mapping[str, Severity] = setting_of(
        {
            f"rules.{name}": replace(keys.choice(*Severity), doc=doc, default=as_toml(weight))
            for name, (weight, doc) in RULES.items()
        },
        lambda tables, _: MappingProxyType({name: Severity(each) for name, each in tables.get("rules", {}).items()}),
        default={},
    )
    """Severities that this project gives to the named rules of the comparison."""
    probes: tuple[Probe, ...] = table(
        Probe,
        "Statements of the writer that must work on the owner's schema alone. They run in a transaction that is rolled "
        "back.",
        name="probe",
        shape=Shape.ARRAY,
    )
    seeds: tuple[SeedRule, ...] = table(
        SeedRule,
        "Rows that the legacy SQL leaves in tables must be on the owner's side too: by default each of them, and the "
        "owner may have more. The first [[seed]] that matches a table decides about it. Ledgers, and what [scope] "
        "leaves out, are not compared.",
        name="seed",
        shape=Shape.ARRAY,
        examples=(
            Example(values={"table": '"public.currency"', "mode": '"exact"', "columns": '["code", "name"]'}),
            Example(
                values={
                    "table": '"public.feature_*"',
                    "except": '["note"]',
                    "reason": '"the owner writes these notes differently"',
                }
            ),
        ),
    )
    """In the order of the file."""
    hypertables: tuple[HypertablePin, ...] = table(
        HypertablePin,
        "What a dimension of a hypertable must be, regardless of both sources. One table for each dimension, with "
        "exactly one of chunk_interval (by time or integer range) and partitions (by hash).",
        name="hypertable",
        shape=Shape.ARRAY,
        examples=(
            Example(values={"table": '"public.measurements"', "column": '"ts"', "chunk_interval": '"1 day"'}),
            Example(values={"table": '"public.measurements"', "column": '"device_id"', "partitions": "4"}),
        ),
    )
    report_out: Path = setting(
        keys.text("a directory, relative to this file"),
        "Where runs are written.",
        name="report.out",
        fallback="reports",
        is_file=True,
    )
    snapshot: SnapshotSettings | None = table(
        SnapshotSettings,
        "Where the owner is Directus: the snapshot that `directus schema apply` applies, in addition to raw SQL.",
    )
    rehearsal: RehearsalSettings | None = table(
        RehearsalSettings,
        "The writer's statements ([[probe]]) are rehearsed as the writer's role, on an empty server with the owner's SQL.",
    )
    """How the writer's role comes to its rights; None for the least that the probes need."""
    boot: BootSettings | None = table(
        BootSettings,
        "How a fresh stack comes up: Compose files, the owner's image, and the steps that its container must run. Left "
        "out: the BOOT checks are not asked for.",
        is_live=True,
    )
    retirement: tuple[AuditRule, ...] = table(
        AuditRule,
        "After the retirement: what must be absent, what must remain, what the documents must say. Before it, the same "
        "rules make the list of work. Each rule belongs to one check (check) and has exactly one verb: absent, "
        "present, calls, mentions, ddl, packages, image, fixture, says, says_not, drops, entry or command. Paths and "
        "globs start at this file; ** crosses folders. A check without a rule is not asked for. An audit after the "
        "retirement can only be clean with a rule of RET001 (what the legacy runner applied) and one about the runner "
        "itself: RET002, RET003, RET006 or RET007.",
        name="rule",
        shape=Shape.ARRAY,
        examples=EXAMPLES,
    )
    """In the order of the file."""
    policy: Policy = table(
        Policy,
        "Who must sign before the gate is open. Signatures are OpenSSH's (`migration-audit sign`, `migration-audit "
        "verify`, `migration-audit gate`).",
        default=Policy(),
        is_live=True,
    )
    waivers: tuple[Waiver, ...] = table(
        Waiver,
        "A finding that is accepted for a limited time. It is shown as waived and does not block; what could not be "
        "checked can never be waived.",
        name="waiver",
        shape=Shape.ARRAY,
    )
    """In the order of the file."""
    content: bytes = field(default=b"", repr=False, compare=False)
    """The bytes of the file that these settings were read from: the file may have changed since."""

    @property
    def directory(self) -> Path:
        """Where audit.toml is: what its relative paths are relative to."""
        return self.path.parent

    def rules_for(self, check: str) -> tuple[AuditRule, ...]:
        """The rules that speak for this check, in the order of the file."""
        return tuple(rule for rule in self.retirement if rule.check == check)

    def environment(self, name: str) -> Environment:
        """The environment of this name.

        Raises UsageError, which names those that there are.
        """
        for environment in self.environments:
            if environment.name == name:
                return environment
        known = [environment.name for environment in self.environments]
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(
            f"unknown environment {name}",
            where=self.path.name,
            todo=f"{hint}it has: {', '.join(known)}",
        )


SCHEMA: Final = table_of(
    Project,
    sections={
        "project": section(required=True),
        "server": section(),
        "rules": section(
            "How much a difference weighs: blocker, warning or info. No difference is hidden: info is shown too. The values "
            "are the defaults."
        ),
        "report": section(),
    },
)
"""Every table and key that audit.toml may have."""
