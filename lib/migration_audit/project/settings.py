"""What audit.toml says, as frozen values; every path is absolute, every name as the catalog spells it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from migration_audit.formats import LedgerFormat
from migration_audit.formats.named import named_ledger
from migration_audit.model.drift import Severity
from migration_audit.model.errors import UsageError
from migration_audit.model.finding import Phase
from migration_audit.model.identifiers import dotted
from migration_audit.model.location import Location
from migration_audit.model.sql import FILE_TIMEOUT, STATEMENT_TIMEOUT
from migration_audit.project.names import split_qualified
from migration_audit.project.settings_boot import BootSettings
from migration_audit.project.settings_command import CommandSettings
from migration_audit.project.settings_policy import Policy, Waiver
from migration_audit.project.settings_rehearsal import RehearsalSettings
from migration_audit.project.settings_repository import Repository
from migration_audit.project.settings_rules import Rule
from migration_audit.project.settings_seed import SeedRule
from migration_audit.project.settings_snapshot import SnapshotSettings


class NameFormat(StrEnum):
    """How a ledger names the files that its runner applied."""

    FILE = "file"
    """As the file is called: ``0001_positions.sql``."""
    STEM = "stem"
    """Without the extension: ``0001_positions``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """The table in which a runner records what it applied."""

    schema: str
    table: str
    name_column: str
    checksum_column: str | None = None
    """The column with the checksum of the file, where the runner keeps one: a SHA-256 (hex), unless ``known`` says else."""
    known: LedgerFormat | None = None
    """How a runner that we know keeps its ledger; None for a plain list of files."""
    name_format: NameFormat = NameFormat.FILE
    cleanup: str | None = None
    """Legacy only: the one-off clean-up SQL that the report shows and nobody runs."""

    @property
    def key(self) -> str:
        """``schema.table``, as catalog objects spell it."""
        return dotted(self.schema, self.table)

    @property
    def format(self) -> LedgerFormat:
        """How its rows are read."""
        if self.known is not None:
            return self.known
        return named_ledger(
            self.key,
            name_column=self.name_column,
            checksum_column=self.checksum_column,
            stems=self.name_format is NameFormat.STEM,
        )

    @property
    def companions(self) -> tuple[tuple[str, str], ...]:
        """Kind and key of what the runner makes for itself beside the table: other tables, a schema."""
        if self.known is None:
            return ()
        home = split_qualified(self.known.table) or ("public", "")
        found = []
        for named in self.known.companions:
            if named.startswith("schema "):
                name = named.removeprefix("schema ")
                found.append(("schema", dotted(self.schema if name == home[0] else name)))
            elif (parts := split_qualified(named)) is not None:
                found.append(("table", dotted(self.schema if parts[0] == home[0] else parts[0], parts[1])))
        return tuple(found)

    def entry(self, file_name: str) -> str:
        """What the ledger holds for a file of this name.

        >>> LedgerSettings(schema="s", table="t", name_column="n", name_format=NameFormat.STEM).entry("0001_a.sql")
        '0001_a'
        """
        return Path(file_name).stem if self.name_format is NameFormat.STEM else file_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One of the two sources, and where its runner records what it applied.

    Exactly one of ``sql``, ``command``, ``snapshot`` and ``dsn_env`` is set; the last two of the legacy source only.
    """

    name: str
    root: Path
    sql: tuple[str, ...] = ()
    """Glob patterns relative to ``root``; what they match, and in which order, is read later."""
    command: CommandSettings | None = None
    """The runner itself, which migrates the shadow."""
    snapshot: Path | None = None
    """A saved snapshot of a schema whose SQL is not to be had."""
    dsn_env: str | None = None
    """Name of the environment variable that leads to a database with such a schema."""
    format: str = "files"
    """The name of the format by which the files are read."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """Values that the runner puts into the SQL."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """psql's variables, as ``psql -v`` gives them to each file."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings that each of its sessions starts with: ``search_path``, ``role``."""
    settings_at: Location | None = field(default=None, compare=False)
    """Where audit.toml gives them."""
    role: str | None = None
    """The role that owns in a live database what this source makes."""
    ledger: LedgerSettings | None = None
    statement_timeout: int = STATEMENT_TIMEOUT
    """Seconds that one statement may take in a shadow."""
    file_timeout: int = FILE_TIMEOUT
    """Seconds that one file may take in a shadow."""
    rerun: bool | None = None
    """Whether the runner may apply a file again, where audit.toml says so."""
    at: Location = field(compare=False)

    @property
    def is_applied(self) -> bool:
        """Whether it can be applied to a shadow; a snapshot or a database can only be read."""
        return self.snapshot is None and self.dsn_env is None

    @property
    def may_rerun(self) -> bool:
        """Whether the runner may apply a file again: without a ledger it does not know which files it has applied."""
        return self.ledger is None if self.rerun is None else self.rerun


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One live database; exactly one of ``dsn_env`` and ``service`` is set."""

    name: str
    dsn_env: str | None = None
    """Name of the environment variable that holds the connection URL."""
    service: str | None = None
    """Name of an entry of pg_service.conf."""
    database: str | None = None
    """Pin: what ``current_database()`` must say."""
    system_identifier: str | None = None
    """Pin: what ``pg_control_system()`` must say, in decimal digits."""
    writer_role: str | None = None
    """This environment's writer, else the project's."""
    phases: tuple[Phase, ...] = tuple(Phase)
    """The phases in which this environment is audited."""
    statement_timeout: int = 60
    """Seconds that one statement may take in this database."""
    at: Location = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRule:
    """Objects that a third party manages; they are counted under this rule, never dropped in silence."""

    pattern: str
    """A glob (``*``, ``?``, ``[…]``) on the object's key; ``*`` crosses dots."""
    reason: str
    kind: str | None = None
    """Only objects of this kind; None for all."""
    at: Location = field(compare=False)

    def matches(self, *, kind: str, key: str) -> bool:
        """Whether the rule names this very object; what belongs to it is for the caller to follow."""
        return self.kind in {None, kind} and fnmatchcase(key, self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which objects of a live database are the audit's business."""

    schemas: tuple[str, ...] | None = None
    """Only these schemas; None for every schema that is not PostgreSQL's or an extension's."""
    exclude: tuple[ScopeRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A statement of the writer that must work on the owner's schema."""

    name: str
    sql: str
    role: str | None = None
    """Who runs it; None for the environment's writer."""
    arbiter: str | None = None
    """Key of the unique index that must settle its ``ON CONFLICT``."""
    at: Location = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HypertablePin:
    """What one dimension of a hypertable must be, whatever the SQL of either source says."""

    table: str
    """Key of the table."""
    column: str
    chunk_interval: str | None = None
    """``1 day``, or the number of an integer dimension."""
    partitions: int | None = None
    """The number of a hash dimension."""
    at: Location = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A validated audit.toml."""

    path: Path
    """The file it was read from."""
    name: str
    writer_role: str | None
    provider: str | None
    """The server that builds the shadows, if the project names one."""
    legacy: Source
    owner: Source
    environments: tuple[Environment, ...]
    """In the order of the file."""
    scope: Scope
    rules: Mapping[str, Severity]
    """Severities that this project gives to the named rules of the comparison."""
    probes: tuple[Probe, ...]
    hypertables: tuple[HypertablePin, ...]
    report_out: Path
    repositories: tuple[Repository, ...] = ()
    """Every ``[repository.NAME]``, in the order of the file."""
    prelude: tuple[str, ...] = ()
    """Globs of the SQL that is applied before both sources and left out of the comparison: what a platform provides."""
    snapshot: SnapshotSettings | None = None
    """The Directus snapshot, if the project has one."""
    rehearsal: RehearsalSettings | None = None
    """How the writer's role comes to its rights; None for the least that the probes need."""
    boot: BootSettings | None = None
    """How a fresh stack comes up; None where the project does not ask."""
    retirement: tuple[Rule, ...] = ()
    """Every ``[[rule]]``, in the order of the file."""
    seeds: tuple[SeedRule, ...] = ()
    """Every ``[[seed]]``, in the order of the file."""
    policy: Policy = field(default_factory=Policy)
    """Who must sign what."""
    waivers: tuple[Waiver, ...] = ()
    """Every ``[[waiver]]``, in the order of the file."""
    content: bytes = field(default=b"", repr=False, compare=False)
    """The bytes of the file that these settings were read from: the file may have changed since."""

    @property
    def directory(self) -> Path:
        """Where audit.toml stands: what its relative paths are relative to."""
        return self.path.parent

    def rules_for(self, check: str) -> tuple[Rule, ...]:
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
            f"there is no environment {name}",
            where=self.path.name,
            todo=f"{hint}it has: {', '.join(known)}",
        )
