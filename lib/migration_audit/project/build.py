"""Turn the tables of a valid audit.toml into a Project; nothing is checked here, only defaults are filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from migration_audit import formats
from migration_audit.model.drift import Severity
from migration_audit.model.finding import Phase
from migration_audit.model.location import Location
from migration_audit.model.sql import FILE_TIMEOUT, STATEMENT_TIMEOUT
from migration_audit.project.boot_spec import build_boot
from migration_audit.project.locate import KeyPath, absolute, nearest
from migration_audit.project.names import qualified_key, split_qualified
from migration_audit.project.policy_spec import build_policy, build_waiver
from migration_audit.project.repositories import build_repository
from migration_audit.project.settings import (
    Environment,
    HypertablePin,
    LedgerSettings,
    NameFormat,
    Probe,
    Project,
    Scope,
    ScopeRule,
    Source,
)
from migration_audit.project.settings_boot import BootSettings
from migration_audit.project.settings_rehearsal import RehearsalSettings
from migration_audit.project.settings_repository import Repository
from migration_audit.project.settings_rules import Rule, Verb
from migration_audit.project.settings_seed import build_seed
from migration_audit.project.settings_snapshot import TIMEOUT as SNAPSHOT_TIMEOUT
from migration_audit.project.settings_snapshot import Rehearse, SnapshotSettings
from migration_audit.project.source_spec import build_command

Table = Mapping[str, Any]


def build_project(tables: Table, *, path: Path, shown: str, lines: Mapping[KeyPath, int]) -> Project:
    """The Project that validated ``tables`` describe; ``shown`` is what locations call the file."""
    builder = _Builder(directory=path.parent, shown=shown, lines=lines)
    project = tables["project"]
    return Project(
        path=path,
        name=project["name"],
        writer_role=project.get("writer_role"),
        provider=tables.get("server", {}).get("provider"),
        repositories=tuple(builder.repositories(tables.get("repository", {}))),
        legacy=builder.source(tables, "legacy"),
        owner=builder.source(tables, "owner"),
        environments=tuple(builder.environments(tables["environments"], project.get("writer_role"))),
        scope=builder.scope(tables.get("scope", {})),
        rules=MappingProxyType({rule: Severity(weight) for rule, weight in tables.get("rules", {}).items()}),
        probes=tuple(builder.probes(tables.get("probe", ()))),
        hypertables=tuple(builder.hypertables(tables.get("hypertable", ()))),
        boot=builder.boot(tables.get("boot")),
        snapshot=builder.snapshot(tables.get("snapshot")),
        rehearsal=builder.rehearsal(tables.get("rehearsal")),
        retirement=tuple(builder.rules(tables.get("rule", ()))),
        seeds=tuple(build_seed(s, builder.at("seed", n)) for n, s in enumerate(tables.get("seed", ()))),
        policy=build_policy(tables.get("policy", {})),
        waivers=tuple(build_waiver(w, builder.at("waiver", n)) for n, w in enumerate(tables.get("waiver", ()))),
        prelude=tuple(project.get("prelude", ())),
        report_out=absolute(builder.directory / tables.get("report", {}).get("out", "reports")),
    )


class _Builder:
    """What every part of a project needs to know: where the file is, and where its keys stand in it."""

    def __init__(self, *, directory: Path, shown: str, lines: Mapping[KeyPath, int]) -> None:
        self.directory = directory
        self._shown = shown
        self._lines = lines

    def at(self, *path: str | int) -> Location:
        return Location(self._shown, nearest(self._lines, path))

    def source(self, tables: Table, side: str) -> Source:
        table = tables[side]
        root = absolute(self.directory / table.get("root", "."))
        return Source(
            name=table.get("name", side),
            root=root,
            sql=tuple(table.get("sql", ())),
            command=build_command(table, self.directory, root, self.at(side, "command")),
            snapshot=absolute(self.directory / table["snapshot"]) if "snapshot" in table else None,
            dsn_env=table.get("dsn_env"),
            format=table.get("format", "files"),
            placeholders=MappingProxyType(table.get("placeholders", {})),
            variables=MappingProxyType(table.get("variables", {})),
            settings=MappingProxyType(table.get("settings", {})),
            settings_at=self.at(side, "settings") if "settings" in table else None,
            role=table.get("role"),
            ledger=_ledger(table.get("ledger"), table.get("format", "files")),
            statement_timeout=table.get("statement_timeout", STATEMENT_TIMEOUT),
            file_timeout=table.get("timeout", FILE_TIMEOUT),
            rerun=table.get("rerun"),
            at=self.at(side),
        )

    def repositories(self, tables: Table) -> Iterator[Repository]:
        for name, table in tables.items():
            yield build_repository(name, table, self.directory, self.at("repository", name))

    def environments(self, tables: Table, writer_role: str | None) -> Iterator[Environment]:
        for name, table in tables.items():
            given = {key: value for key, value in table.items() if key != "phases"}
            phases = tuple(phase for phase in Phase if phase.value in table.get("phases", tuple(Phase)))
            at = self.at("environments", name)
            yield Environment(name=name, phases=phases, at=at, **{"writer_role": writer_role, **given})

    def scope(self, table: Table) -> Scope:
        return Scope(
            schemas=tuple(table["schemas"]) if "schemas" in table else None,
            exclude=tuple(
                ScopeRule(**rule, at=self.at("scope", "exclude", position))
                for position, rule in enumerate(table.get("exclude", ()))
            ),
        )

    def probes(self, tables: list[Table]) -> Iterator[Probe]:
        for position, table in enumerate(tables):
            arbiter = qualified_key(table["arbiter"]) if "arbiter" in table else None
            yield Probe(
                name=table["name"],
                sql=table["sql"].strip(),
                role=table.get("role"),
                arbiter=arbiter,
                at=self.at("probe", position),
            )

    def hypertables(self, tables: list[Table]) -> Iterator[HypertablePin]:
        for position, table in enumerate(tables):
            interval = table.get("chunk_interval")
            yield HypertablePin(
                table=qualified_key(table["table"]),
                column=table["column"],
                chunk_interval=None if interval is None else str(interval),
                partitions=table.get("partitions"),
                at=self.at("hypertable", position),
            )

    def boot(self, table: Table | None) -> BootSettings | None:
        if table is None:
            return None
        steps_at = [self.at("boot", "step", position) for position in range(len(table.get("step", ())))]
        return build_boot(table, self.directory, self.at("boot"), steps_at)

    def snapshot(self, table: Table | None) -> SnapshotSettings | None:
        if table is None:
            return None
        return SnapshotSettings(
            file=absolute(self.directory / table["file"]),
            shown=table["file"],
            version=table.get("version"),
            role=table.get("role"),
            rehearse=Rehearse(table["rehearse"]) if "rehearse" in table else None,
            rehearse_command=tuple(table.get("rehearse_command", ())),
            rehearse_timeout=table.get("rehearse_timeout", SNAPSHOT_TIMEOUT),
            at=self.at("snapshot"),
        )

    def rehearsal(self, table: Table | None) -> RehearsalSettings | None:
        return RehearsalSettings(grants=tuple(table["grants"]), at=self.at("rehearsal")) if table is not None else None

    def rules(self, tables: list[Table]) -> Iterator[Rule]:
        renamed = {"in": "files", "except": "excluded"}
        for position, table in enumerate(tables):
            verb = next(verb for verb in Verb if verb.value in table)
            given = {renamed.get(key, key): value for key, value in table.items() if key != verb.value}
            tuples: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in given.items()
            }
            yield Rule(verb=verb, what=_texts(table[verb.value]), at=self.at("rule", position), **tuples)


def _texts(value: bool | str | list[str]) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, str) else ()


def _ledger(table: Table | None, source_format: str) -> LedgerSettings | None:
    """The ledger that audit.toml describes, else the one that the source's format has by default."""
    given = table or {}
    known = formats.LEDGERS.get(given.get("format", source_format)) if "name_column" not in given else None
    if table is None and known is None:
        return None
    named = given.get("table") or (known.table if known else "")
    names = split_qualified(named)
    if names is None:  # validated before
        raise ValueError(named)
    return LedgerSettings(
        schema=names[0],
        table=names[1],
        name_column=known.name_column if known else given["name_column"],
        checksum_column=known.checksum_column if known else given.get("checksum_column"),
        known=known,
        name_format=NameFormat(given.get("name_format", NameFormat.FILE)),
        cleanup=given.get("cleanup"),
    )
