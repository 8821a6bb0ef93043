"""What model and reality must agree on: exit code, rollback, and every object and row of Directus afterwards."""

from __future__ import annotations

import json
from typing import Any

from migration_audit.directus.apply import NO_CHANGES, ApplyOutcome
from migration_audit.directus.boots import Scenario
from migration_audit.directus.inspect import column_info, is_system
from migration_audit.directus.postgres import DatabaseState
from migration_audit.model.directus_database import DirectusDatabase, DirectusRehearsal, DirectusTable, RehearsedBoot
from migration_audit.model.enumeration import some_of


def facts(database: DirectusDatabase) -> dict[str, Any]:
    """The database as facts by name, without numbers that somebody else counts and without Directus's own tables."""
    found: dict[str, Any] = {}
    added = _added(database)
    state = DatabaseState(database)
    for table in state.tables.values():
        found |= _of_table(state, table, added)
    for one in database.foreign_keys:
        if not is_system(one.table) or (one.table, ",".join(one.columns)) in added:
            found[f"constraint {one.table}.{one.name}"] = [*one.columns, one.foreign_table, one.on_update, one.on_delete]
    found |= {f"row {row['collection']}": _text(row) for row in database.collections}
    found |= {f"field row {_text(row)}": True for row in database.fields}
    return found | {f"relation row {_text(row)}": True for row in database.relations}


def _of_table(state: DatabaseState, table: DirectusTable, added: set[tuple[str, str]]) -> dict[str, Any]:
    own = is_system(table.name)
    found: dict[str, Any] = {
        f"column {table.name}.{column.name}": json.dumps(column_info(state, table, column), default=str)
        for column in table.columns
        if not own or (table.name, column.name) in added
    }
    # Indexes of system tables come and go with systemFields.
    found |= {f"index {table.name}.{index.name}": [index.unique, *index.columns] for index in table.indexes}
    if own:
        return found
    found |= {f"constraint {table.name}.{key.name}": [key.primary, *key.columns] for key in table.keys}
    return found | {f"table {table.name}": True}


def _added(database: DirectusDatabase) -> set[tuple[str, str]]:
    return {(row["collection"], row["field"]) for row in database.fields}


def _text(row: Any) -> str:
    return json.dumps({key: value for key, value in row.items() if key != "id"}, sort_keys=True)


def differences(model: DirectusDatabase, real: DirectusDatabase) -> list[str]:
    """What is only in one of the two, or otherwise in it."""
    ours, theirs = facts(model), facts(real)
    found = [f"model has {name}" for name in ours if name not in theirs]
    found += [f"reality has {name}" for name in theirs if name not in ours]
    found += [
        f"{name}: model {ours[name]}, reality {theirs[name]}"
        for name in ours
        if name in theirs and ours[name] != theirs[name]
    ]
    return found


def changes(before: DirectusDatabase, after: DirectusDatabase) -> tuple[str, ...]:
    """What came, went and changed, each as a line."""
    old, new = facts(before), facts(after)
    found = [f"- {name}" for name in old if name not in new] + [f"+ {name}" for name in new if name not in old]
    found += [f"~ {name}: {new[name]}" for name in new if name in old and old[name] != new[name]]
    return tuple(sorted(found))


def disagreement(done: ApplyOutcome, code: int, message: str) -> str | None:
    """Where exit code, or whether there was anything to do, differ; None where rows decide that were not read."""
    if done.code != code:
        return None if done.guesses else f"model: {done.code} {done.message}; reality: {code} {message}"
    nothing = (done.message == NO_CHANGES, message == NO_CHANGES)
    return None if nothing[0] == nothing[1] else f"model: {done.message}; reality: {message}"


def boot_disagreement(boot: RehearsedBoot, done: ApplyOutcome, came: tuple[str, ...]) -> str | None:
    """Where a boot of the model and a rehearsed one differ: exit code, whether there was anything to do, and each object.

    ``came`` is what came, went and changed in the model (``changes``).
    """
    if done.code != boot.code:  # here no rows were copied: no guess is an excuse
        return f"exit code {done.code} `{_line(done.message)}` in the model, {boot.code} `{_line(boot.message)}` rehearsed"
    found = disagreement(done, boot.code, boot.message)
    if found:
        return f"`{_line(done.message)}` in the model, `{_line(boot.message)}` rehearsed"
    ours, theirs = set(came), set(boot.changes)
    only = [f"{_short(each)} only in the model" for each in came if each not in theirs]
    only += [f"{_short(each)} only in the rehearsal" for each in boot.changes if each not in ours]
    return some_of(only, between="; ") if only else None


def scenario_disagreement(scenario: Scenario, rehearsal: DirectusRehearsal) -> str | None:
    """Where the model's boots and the rehearsed ones differ first; None where they agree as far as both go."""
    before = scenario.before
    for number, (done, after, boot) in enumerate(zip(scenario.boots, scenario.after, rehearsal.boots, strict=False), 1):
        found = boot_disagreement(boot, done, changes(before, after))
        if found:
            return f"boot {number}: {found}"
        before = after
    return None


def _line(text: str) -> str:
    return " ".join(text.split())


def _short(change: str) -> str:
    """``- table positions``; without what is said of it."""
    name = change.partition(": ")[0].partition(" {")[0]
    return name.replace(" row ", " row of ", 1)
