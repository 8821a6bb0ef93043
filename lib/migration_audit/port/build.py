"""The port, built from differences: steps for each kind, in an order in which each finds what it needs.

What the server prints names everything with its schema, so that a step's text shows what it needs. A step comes after the
steps that make what it mentions; among those that could come next, the kind decides, then where the legacy SQL made the
object. In a cycle, the step that comes first by kind goes first, and the proof shows whether that works.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from migration_audit.model import access, operators, other_servers, relations, routines
from migration_audit.model import timescale as ts
from migration_audit.model.drift import Difference, DiffVerdict, Drift, FieldChange
from migration_audit.model.identifiers import as_comment, literal, mentioned, sql_name
from migration_audit.model.location import Location
from migration_audit.model.objects import CatalogObject, Key
from migration_audit.model.port import Port, PortStep
from migration_audit.model.relations import Column, Constraint, Index, Sequence, Table
from migration_audit.model.snapshot import ServerIdentity, Snapshot
from migration_audit.model.timescale import Dimension
from migration_audit.model.timescale_jobs import Job
from migration_audit.port import attached as on_tables
from migration_audit.port import columns, jobs, rare, tables, timescale
from migration_audit.port import routines as named
from migration_audit.port.names import guarded, qualified, regclass, table_of
from migration_audit.port.owner_grants_comment import changed_owner_grants_comment, new_owner_grants_comment
from migration_audit.port.step import Changes, Rank, Sides, StepDraft, Steps, ask, run

Weight = tuple[int, tuple[str, int], tuple[int, int], Key, int]
_LAST = 1 << 30
_TAKEN_FOR = (
    "{old} on the owner's side is assumed to be the same {kind}: definition and place are the same. If it is a "
    "different one, create the missing one instead; to keep the owner's name, rename it where the legacy SQL ran"
)
_ROWS_OF_NAME: dict[type[CatalogObject], str] = {
    Column: "pg_attribute WHERE attrelid = {table} AND NOT attisdropped AND attname = {name}",
    Constraint: "pg_constraint WHERE conrelid = {table} AND conname = {name}",
}
Create = Callable[[Any, Sides], Steps]
Change = Callable[[Any, Any, Changes, Sides], Steps]
_MAKERS: dict[type[CatalogObject], tuple[Create, Change]] = {
    access.Role: (named.create_role, rare.ask_to_change),
    routines.Schema: (named.create_schema, rare.ask_to_change),
    routines.Extension: (named.create_extension, named.change_extension),
    routines.UserType: (named.create_type, named.change_type),
    routines.Routine: (named.create_routine, named.change_routine),
    operators.Aggregate: (named.create_aggregate, named.change_aggregate),
    relations.Sequence: (columns.create_sequence, columns.change_sequence),
    relations.Table: (tables.create_table, tables.change_table),
    relations.Column: (columns.add_column, columns.change_column),
    relations.Index: (on_tables.create_index, on_tables.change_index),
    relations.Constraint: (on_tables.create_constraint, on_tables.change_constraint),
    relations.View: (tables.create_view, tables.change_view),
    relations.MaterializedView: (tables.create_materialized_view, tables.change_materialized_view),
    routines.Trigger: (on_tables.create_trigger, on_tables.change_trigger),
    routines.RewriteRule: (on_tables.create_rule, on_tables.change_rule),
    routines.RowPolicy: (on_tables.create_policy, on_tables.change_policy),
    routines.ExtendedStatistics: (on_tables.create_statistics, on_tables.change_statistics),
    routines.EventTrigger: (on_tables.create_event_trigger, on_tables.change_event_trigger),
    operators.Collation: (rare.create_collation, rare.ask_to_change),
    operators.Cast: (rare.create_cast, rare.ask_to_change),
    operators.Operator: (rare.create_operator, rare.ask_to_change),
    operators.TextSearchDictionary: (rare.create_dictionary, rare.ask_to_change),
    operators.TextSearchConfiguration: (rare.create_configuration, rare.change_configuration),
    other_servers.ForeignDataWrapper: (rare.create_wrapper, rare.ask_to_change),
    other_servers.ForeignServer: (rare.create_server, rare.ask_to_change),
    other_servers.UserMapping: (rare.create_mapping, rare.ask_to_change),
    other_servers.Publication: (rare.create_publication, rare.ask_to_change),
    other_servers.PublicationTable: (rare.create_publication_table, rare.ask_to_change),
    access.DefaultPrivileges: (rare.create_default_privileges, rare.change_default_privileges),
    access.RoleMembership: (rare.create_membership, rare.ask_to_change),
    access.RoleSettings: (rare.create_settings, rare.ask_to_change),
    access.ParameterPrivileges: (rare.create_parameter_privileges, rare.ask_to_change),
    access.SecurityLabel: (rare.create_label, rare.ask_to_change),
    access.ExtensionDependency: (rare.create_dependency, rare.ask_to_change),
    ts.Hypertable: (timescale.create_hypertable, timescale.change_hypertable),
    ts.Dimension: (timescale.create_dimension, timescale.change_dimension),
    ts.CompressionSettings: (timescale.create_compression, timescale.change_compression),
    ts.ContinuousAggregate: (timescale.create_aggregate_view, timescale.change_aggregate_view),
    ts.ChunkSkipping: (timescale.create_chunk_skipping, rare.ask_to_change),
    ts.HypertableTablespaces: (timescale.attach_tablespaces, timescale.change_tablespaces),
    ts.GranularRefresh: (timescale.granular_refresh, rare.ask_to_change),
    Job: (jobs.create_job, jobs.change_job),
}
"""What makes and what changes an object of each kind; other kinds are for a person."""
_NO_SERVER: Final = ServerIdentity(database="", system_identifier=None, postgres_version="")
_CHANGES: Final = {(Column, "default"), (Column, "type"), (Dimension, "chunk_interval")}


def _steps_in_order(drafts: Iterable[StepDraft], origins: Mapping[Key, Location]) -> tuple[PortStep, ...]:
    """The steps, sorted; ``origins`` are the statements of the legacy SQL that made each object."""
    found = list(drafts)
    files = _file_order(origins)
    weights = [_weight(draft, number, origins, files) for number, draft in enumerate(found)]
    waits = _needs(found)
    unlocks: dict[int, list[int]] = {}
    for number, needed in enumerate(waits):
        for other in needed:
            unlocks.setdefault(other, []).append(number)
    heap = [(weights[number], number) for number, needed in enumerate(waits) if not needed]
    heapq.heapify(heap)
    done: list[int] = []
    left = set(range(len(found)))
    while left:
        number = heapq.heappop(heap)[1] if heap else min(left, key=weights.__getitem__)
        if number not in left:
            continue
        left.discard(number)
        done.append(number)
        for other in unlocks.get(number, ()):
            waits[other].discard(number)
            if not waits[other] and other in left:
                heapq.heappush(heap, (weights[other], other))
    return tuple(found[number].step for number in done)


def _file_order(origins: Mapping[Key, Location]) -> dict[str, int]:
    return {path: number for number, path in enumerate(dict.fromkeys(sorted(at.path for at in origins.values())))}


def _weight(draft: StepDraft, number: int, origins: Mapping[Key, Location], files: dict[str, int]) -> Weight:
    at = origins.get(draft.step.about)
    line = (files[at.path], at.line) if at else (_LAST, 0)
    return (draft.rank, draft.place, line, draft.step.about, number)


def _needs(drafts: list[StepDraft]) -> list[set[int]]:
    """For each step the numbers of the steps that have to come before it."""
    makers: dict[tuple[str, str], list[int]] = {}
    for number, draft in enumerate(drafts):
        if draft.makes:
            makers.setdefault(draft.makes, []).append(number)
    waits: list[set[int]] = []
    for number, draft in enumerate(drafts):
        # Of two kinds that share a name (a function and its argument's type), the one that comes first by kind is meant.
        waits.append(
            {
                maker
                for one in mentioned(draft.needed_text)
                for maker in makers.get(one, ())
                if maker != number and (one != draft.makes or drafts[maker].rank < draft.rank)
            }
        )
    return waits


def _rename_step(obj: CatalogObject, old: str) -> StepDraft:
    """A rename that does nothing where it was already done; what comes with another rename is part of that one."""
    match obj:
        case Table() | Index() | Sequence():
            before, after = sql_name(obj.schema, old), qualified(obj)
            word = "FOREIGN TABLE" if getattr(obj, "relation", "") == "foreign table" else obj.kind.upper()
            statement = f"ALTER {word} {before} RENAME TO {sql_name(obj.name)}"
            done, possible = (f"pg_catalog.to_regclass({literal(one)}) IS NOT NULL" for one in (after, before))
        case Column() | Constraint():
            table, rows = regclass(table_of(obj)), _ROWS_OF_NAME[type(obj)]
            statement = f"ALTER TABLE {table_of(obj)} RENAME {obj.kind.upper()} {sql_name(old)} TO {sql_name(obj.name)}"
            done, possible = (
                f"EXISTS (SELECT FROM pg_catalog.{rows.format(table=table, name=literal(one))})" for one in (obj.name, old)
            )
        case _:
            return ask(obj, f"it is called {old} on the owner's side")
    note = _TAKEN_FOR.format(old=old, kind=obj.kind) if isinstance(obj, Column | Table) else None
    place = ("", 1 if isinstance(obj, Table) else 2)
    sql = guarded(f"{possible}\n     AND NOT {done}", statement)
    return run(obj, Rank.RENAME, sql, note=note, makes=(obj.schema, obj.name), needs="", place=place)


def build_port(drift: Drift, *, expected: Snapshot, actual: Snapshot, origins: Mapping[Key, Location] | None = None) -> Port:
    """SQL that makes ``actual`` cover ``expected``; what only actual has is never touched.

    ``origins`` are the statements that make each object of the expected side: their order decides where nothing else does.
    """
    sides = Sides(expected=expected, actual=actual)
    renamed = {(d.kind, d.key) for d in drift.differences if d.verdict is DiffVerdict.RENAMED}
    drafts = [draft for d in drift.differences if d.part_of not in renamed for draft in _drafts_of(d, sides)]
    return Port(steps=_steps_in_order(drafts, origins or {}))


def _drafts_of(difference: Difference, sides: Sides) -> list[StepDraft]:
    """The steps of one difference; none for what only the actual side has."""
    obj, actual = difference.expected, difference.actual
    if obj is None:
        return []
    create, change = _MAKERS.get(type(obj), (rare.ask_to_create, rare.ask_to_change))
    if actual is None:
        if isinstance(obj, Column) and obj.relation == "table" and obj.belongs_to in sides.missing:
            return []  # a new table brings its columns along
        drafts = list(create(obj, sides))
        return drafts if any(draft.is_all for draft in drafts) else [*drafts, *new_owner_grants_comment(obj, sides)]
    if difference.verdict is DiffVerdict.RENAMED:
        return [_rename_step(obj, getattr(actual, "name", ""))]
    changes = {each.name: each for each in difference.fields}
    return [*change(obj, actual, changes, sides), *changed_owner_grants_comment(obj, actual, changes, sides)]


def suggested_sql(difference: Difference, change: FieldChange | None = None) -> str | None:
    """SQL that makes a missing object, or sets one attribute that differs; None where one statement is not enough.

    What needs a person's decision, as it may lose rows or lock a table for long, is a comment.
    """
    obj = difference.present_object
    if change is None:
        one = difference if difference.verdict is DiffVerdict.MISSING and _is_one_statement(obj) else None
    else:
        one = replace(difference, fields=(change,)) if (type(obj), change.name) in _CHANGES else None
    drafts = _drafts_of(one, _alone(obj)) if one is not None else []
    found = [_shown(draft, obj) for draft in drafts if draft.rank < Rank.OWNER or draft.rank is Rank.PERSON]
    return next(iter(found), None)


def _is_one_statement(obj: CatalogObject) -> bool:
    match obj:
        case Index():
            return obj.constraint is None
        case Column():
            return obj.generated is None and obj.identity_kind is None
    return isinstance(obj, Constraint)


def _alone(obj: CatalogObject) -> Sides:
    """Sides of which nothing is known but this object."""
    expected = Snapshot(server=_NO_SERVER, objects=(obj,))
    return Sides(expected=expected, actual=replace(expected, objects=()))


def _shown(draft: StepDraft, obj: CatalogObject) -> str | None:
    step = draft.step
    if step.for_person is not None:
        return as_comment(f"needs a decision: {step.sql}") if step.sql else None
    return step.sql + ("  -- new chunks only" if isinstance(obj, Dimension) else "")
