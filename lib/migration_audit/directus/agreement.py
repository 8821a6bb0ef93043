"""What model and reality must agree on: exit code, rollback, and every object and row of Directus afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migration_audit.directus.apply import DEFAULT_EXCLUDED, NO_CHANGES, ApplyOutcome, undecidable
from migration_audit.directus.behaviour import behaviour_of
from migration_audit.directus.boots import FRESH, DirectusBoots, Scenario, scenario_of
from migration_audit.directus.inspect import column_info, is_system
from migration_audit.directus.postgres import DatabaseState
from migration_audit.model.directus import DirectusRuntime, TargetVersion
from migration_audit.model.directus_database import DirectusDatabase, DirectusRehearsal, DirectusTable, RehearsedBoot
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Unavailable


def facts(database: DirectusDatabase) -> dict[str, Any]:
    """The database as facts by name, without generated ids and without Directus's own tables."""
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
    """What is only in one of the two, or differs."""
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


def _boot_disagreement(boot: RehearsedBoot, done: ApplyOutcome, came: tuple[str, ...]) -> str | None:
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
        found = _boot_disagreement(boot, done, changes(before, after))
        if found:
            return f"boot {number}: {found}"
        before = after
    return None


def _line(text: str) -> str:
    return " ".join(text.split())


def _short(change: str) -> str:
    """``- table positions``, without the explanation behind it."""
    name = change.partition(": ")[0].partition(" {")[0]
    return name.replace(" row ", " row of ", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedScenario:
    """One throw-away database, rehearsed and computed."""

    name: str
    fresh: bool
    rehearsal: DirectusRehearsal
    model: Scenario | None
    """What the model says of the environment itself, or of a fresh database; None where it says nothing."""
    no_model: str | None = None
    """Why it says nothing."""
    disagreement: str | None = None
    """Where the model and the real Directus do not do the same with the same database, or where it has bootstrap make
    another database than the real one made."""
    by_rows: str | None = None
    """Where they agree on the throw-away database, and the model differs for the environment with its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedBoots:
    """All that was rehearsed for one environment."""

    scenarios: tuple[RehearsedScenario, ...]
    lacking: tuple[Unavailable, ...] = ()
    """Why one of the two could not be rehearsed."""
    raw: frozenset[str] = frozenset()
    """Keys of the tables that the owner's raw SQL makes."""


def rehearsed_boots(
    live: DirectusRehearsal | Unavailable,
    fresh: DirectusRehearsal | Unavailable,
    *,
    environment: str,
    boots: DirectusBoots | Unavailable,
    file: Mapping[str, Any] | None,
    target: TargetVersion | Unavailable,
    runtime: DirectusRuntime | Unavailable,
    raw: frozenset[str],
) -> RehearsedBoots | Unavailable:
    """Both rehearsals next to the model; the reason of one where neither was held, so that no silence is a pass."""
    held = [(name, one) for name, one in ((environment, live), (FRESH, fresh)) if isinstance(one, DirectusRehearsal)]
    lacking = tuple(one for one in (live, fresh) if isinstance(one, Unavailable))
    if not held:
        return next((one for one in lacking if one.required), lacking[0])
    model = _Model(boots, file, target, runtime)
    scenarios = tuple(model.compare(name, rehearsal, fresh=rehearsal is fresh) for name, rehearsal in held)
    return RehearsedBoots(scenarios=scenarios, lacking=lacking, raw=raw)


@dataclass(frozen=True, slots=True)
class _Model:
    boots: DirectusBoots | Unavailable
    file: Mapping[str, Any] | None
    target: TargetVersion | Unavailable
    runtime: DirectusRuntime | Unavailable

    def compare(self, name: str, rehearsal: DirectusRehearsal, *, fresh: bool) -> RehearsedScenario:
        found = self._scenario(fresh=fresh)
        if isinstance(found, str):
            return RehearsedScenario(name=name, fresh=fresh, rehearsal=rehearsal, model=None, no_model=found)
        same = self._same(name, rehearsal, fresh=fresh)
        apart = scenario_disagreement(same, rehearsal) if same else None
        by_rows = None if apart else scenario_disagreement(found, rehearsal)
        if by_rows and (start := differences(found.before, rehearsal.before)):
            apart, by_rows = f"after bootstrap, {some_of(start, most=3, between='; ')}; {by_rows}", None
        return RehearsedScenario(
            name=name, fresh=fresh, rehearsal=rehearsal, model=found, disagreement=apart, by_rows=by_rows
        )

    def _scenario(self, *, fresh: bool) -> Scenario | str:
        if isinstance(self.boots, Unavailable):
            return self.boots.reason
        if self.boots.unknown:
            return self.boots.unknown
        found = next((one for one in self.boots.scenarios if one.fresh == fresh), None)
        return found or self.boots.blind or "it was not computed"

    def _same(self, name: str, rehearsal: DirectusRehearsal, *, fresh: bool) -> Scenario | None:
        """What the model does with the very database that was rehearsed."""
        if self.file is None or isinstance(self.target, Unavailable) or isinstance(self.runtime, Unavailable):
            return None
        version = behaviour_of(self.target.version) if self.target.version else None
        excluded = self.runtime.excluded or DEFAULT_EXCLUDED
        if version is None or undecidable(rehearsal.before, self.file, version, excluded):
            return None
        return scenario_of(name, rehearsal.before, self.file, version, self.runtime, fresh=fresh)


def model_words(done: ApplyOutcome) -> str:
    """What one boot does in the model: ``DROP TABLE positions; exit code 0``."""
    does = some_of(list(dict.fromkeys(map(str, done.statements))), most=4)
    return _ended(done.code, done.message, does)


def rehearsed_words(boot: RehearsedBoot) -> str:
    """What one rehearsed boot did, by the catalog: ``table public.positions lost; exit code 0``."""
    parts = [f"{one.kind} {one.key} {'emptied' if one.made_again else 'lost'}" for one in boot.lost]
    parts += [f"{kind} {key} made" for kind, key in boot.made] + [f"{kind} {key} altered" for kind, key in boot.altered]
    return _ended(boot.code, boot.message, some_of(parts, most=4))


def _ended(code: int, message: str, does: str) -> str:
    text = _line(message)
    if code:
        return f"stops with `{text}`; exit code {code}" + (f"; before that: {does}" if does else "")
    return f"{does or text.rstrip('.')}; exit code 0"
