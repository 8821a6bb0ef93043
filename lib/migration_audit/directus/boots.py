"""The next boots of one environment, and those of a fresh database: what each runs, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from migration_audit.directus.apply import DEFAULT_EXCLUDED, ApplyOutcome, apply, undecidable
from migration_audit.directus.behaviour import Behaviour, behaviour_of, known_versions
from migration_audit.directus.postgres import DatabaseState
from migration_audit.directus.rows import default_row
from migration_audit.directus.system_tables import bootstrapped
from migration_audit.model.directus import ColumnChange, DirectusRuntime, TargetVersion
from migration_audit.model.directus_database import (
    DirectusColumn,
    DirectusDatabase,
    DirectusIndex,
    DirectusKey,
    DirectusTable,
)

_TIMES: Final = 3
"""Boots that are looked at: what the first hides, the second or third may show."""
WAITS: Final = "Would you like to continue? (no --yes, and no answer: it waits forever)"
"""Measured on 11.2.2, 11.17.4 and 12.4.0 with /dev/null and with an empty pipe as input; an answer by pipe is taken."""
FRESH: Final = "a fresh database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Boots one after the other, from one database."""

    name: str
    """The environment, or ``a fresh database``."""
    fresh: bool
    before: DirectusDatabase
    boots: tuple[ApplyOutcome, ...]
    after: tuple[DirectusDatabase, ...] = ()
    """The database after each boot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusBoots:
    """What the boots of a project come to."""

    version: str
    """That the model computed with; empty where none is known."""
    scenarios: tuple[Scenario, ...] = ()
    unknown: str | None = None
    """Why nothing could be computed."""
    blind: str | None = None
    """Why the environment's own boots could not be computed, though those of a fresh database were."""

    @property
    def live(self) -> Scenario | None:
        """The environment's."""
        return next((one for one in self.scenarios if not one.fresh), None)


def compute_boots(
    file: Mapping[str, Any],
    target: TargetVersion,
    runtime: DirectusRuntime,
    *,
    environment: str,
    live: DirectusDatabase | None,
    owner: DirectusDatabase | None,
    why_not_live: str | None = None,
) -> DirectusBoots:
    """The boots of the environment (``live``: what is there now) and of a fresh database, each with the owner's raw tables.

    ``owner`` is what the owner's SQL makes of an empty database. A version that the model was not compared with is unknown.
    """
    if target.version is None:
        return DirectusBoots(version="", unknown=target.reason or f"{target.named} does not name an exact release")
    version = behaviour_of(target.version)
    if version is None:
        why = f"the model does not cover Directus {target.version}, only {known_versions()}"
        return DirectusBoots(version=str(target.version), unknown=why)
    if len(runtime.files) > 1:
        why = f"the start applies {' and '.join(runtime.files)}, but the model covers one file"
        return DirectusBoots(version=str(target.version), unknown=why)
    found = []
    schema = runtime.search_path[0]
    excluded = runtime.excluded or DEFAULT_EXCLUDED
    blind: str | None = None if live is not None else why_not_live or "the data that an apply would find was not read"
    if live is not None:
        start = with_tables(migrated(live, bootstrapped(version, schema=schema)), owner)
        blind = undecidable(start, file, version, excluded)
        if blind is None:
            found.append(scenario_of(environment, start, file, version, runtime, fresh=False))
    fresh = with_tables(bootstrapped(version, schema=schema), owner)
    if doubt := undecidable(fresh, file, version, excluded):
        return DirectusBoots(version=str(target.version), unknown=doubt)
    found.append(scenario_of(FRESH, fresh, file, version, runtime, fresh=True))
    return DirectusBoots(version=str(target.version), scenarios=tuple(found), blind=blind)


def migrated(database: DirectusDatabase, wanted: DirectusDatabase) -> DirectusDatabase:
    """The database after ``directus bootstrap``: with the system tables of the version, their columns and indexes."""
    theirs = {table.name: table for table in wanted.tables}
    tables = []
    rows = {"directus_collections": database.collections, "directus_fields": database.fields}
    rows["directus_relations"] = database.relations
    for table in database.tables:
        new = theirs.pop(table.name, None)
        there = {column.name for column in table.columns}
        added = tuple(column for column in new.columns if column.name not in there) if new and table.name in rows else ()
        indexed = {(index.columns, index.unique) for index in table.indexes}
        indexes = tuple(i for i in new.indexes if (i.columns, i.unique) not in indexed) if new else ()
        tables.append(replace(table, columns=(*table.columns, *added), indexes=(*table.indexes, *indexes)))
        if added:
            rows[table.name] = tuple({**default_row(added), **row} for row in rows[table.name])
    return replace(
        database,
        tables=(*tables, *theirs.values()),
        collections=rows["directus_collections"],
        fields=rows["directus_fields"],
        relations=rows["directus_relations"],
    )


def with_tables(database: DirectusDatabase, more: DirectusDatabase | None) -> DirectusDatabase:
    """The database with those tables of another one that it lacks, as the owner's SQL adds them before each apply."""
    if more is None:
        return database
    there = {table.name for table in database.tables}
    added = tuple(_unread(table, database.role) for table in more.tables if table.name not in there)
    names = {table.name for table in added}
    return replace(
        database,
        tables=(*database.tables, *added),
        foreign_keys=(*database.foreign_keys, *(key for key in more.foreign_keys if key.table in names)),
        event_triggers=database.event_triggers
        + tuple(one for one in more.event_triggers if all(one.name != own.name for own in database.event_triggers)),
        postgis=database.postgis or more.postgis,
    )


def _unread(table: DirectusTable, role: str | None) -> DirectusTable:
    return (
        replace(table, has_rows=table.has_rows or False, may_alter=True, may_drop=True, may_refer=True, visible=True)
        if role is None
        else table
    )


def scenario_of(
    name: str,
    before: DirectusDatabase,
    file: Mapping[str, Any],
    version: Behaviour,
    runtime: DirectusRuntime,
    *,
    fresh: bool,
) -> Scenario:
    """The boots of one version from this database on."""
    state, boots, after = DatabaseState(before), [], []
    for _ in range(_TIMES):
        done, state = boot(state, file, version, runtime)
        boots.append(done)
        after.append(state.database())
    return Scenario(name=name, fresh=fresh, before=before, boots=tuple(boots), after=tuple(after))


def boot(
    state: DatabaseState, file: Mapping[str, Any], version: Behaviour, runtime: DirectusRuntime
) -> tuple[ApplyOutcome, DatabaseState]:
    """One boot: each ``schema apply`` of the entrypoint, until one fails."""
    if runtime.problem is not None:
        return ApplyOutcome(code=1, message=runtime.problem), state
    done, after = apply(state, file, version, excluded=runtime.excluded or DEFAULT_EXCLUDED, ignored=runtime.ignored)
    if runtime.asks and done.operations:
        return ApplyOutcome(code=1, message=WAITS, operations=done.operations), state
    return done, after


def after_change(
    scenario: Scenario,
    file: Mapping[str, Any],
    version: Behaviour,
    runtime: DirectusRuntime,
    change: ColumnChange,
) -> ApplyOutcome:
    """What a boot does of which the one before ended with a change by SQL; the database is that after the first boot."""
    _, state = boot(DatabaseState(scenario.before), file, version, runtime)
    state = state.copy()
    _make_change(state, change)
    return boot(state, file, version, runtime)[0]


def _make_change(state: DatabaseState, change: ColumnChange) -> None:
    """Change ``state`` as the SQL does; nothing where the table is not there."""
    table = state.tables.get(change.table)
    if table is None:
        return
    name = change.name or f"{change.table}_{change.column}_{'key' if change.kind == 'unique' else 'idx'}"
    if change.kind == "unique":
        state.tables[change.table] = replace(
            table, keys=(*table.keys, DirectusKey(name=name, primary=False, columns=(change.column,)))
        )
    elif change.kind == "index":
        made = DirectusIndex(name=name, columns=(change.column,))
        state.tables[change.table] = replace(table, indexes=(*table.indexes, made))
    elif change.kind == "dropped":
        state.drop_column(change.table, change.column)
    else:
        columns = tuple(_changed(one, change) if one.name == change.column else one for one in table.columns)
        state.tables[change.table] = replace(table, columns=columns)


def _changed(column: DirectusColumn, change: ColumnChange) -> DirectusColumn:
    match change.kind:
        case "not null" | "null":
            return replace(column, nullable=change.kind == "null")
        case "default":
            return replace(column, default=change.value if change.value is not None else "'another'::text")
        case "type":
            # Which type does not matter: Directus makes it what the file says.
            return replace(column, type="text" if column.type != "text" else "character varying", max_length=None)
        case _:
            return column
