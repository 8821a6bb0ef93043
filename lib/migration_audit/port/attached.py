"""Indexes, constraints, triggers, rules, policies and extended statistics."""

from __future__ import annotations

from dataclasses import replace

from migration_audit.model.identifiers import literal, quoted, sql_name, sql_name_of
from migration_audit.model.relations import Constraint, Index
from migration_audit.model.routines import EventTrigger, ExtendedStatistics, RewriteRule, RowPolicy, Trigger
from migration_audit.port.names import qualified, regclass, role_name, table_of, unless_exists
from migration_audit.port.owner_grants_comment import new_owner_grants_comment
from migration_audit.port.step import Changes, Rank, Sides, StepDraft, Steps, ask, ask_about, run

_ROWS = "fails without changes if existing rows violate it"
_DROPPED_FIRST = "the owner's object must be dropped first"


def create_index(index: Index, sides: Sides) -> Steps:
    """A missing index; one that a constraint makes comes with the constraint."""
    if not (index.valid and index.ready):
        yield ask(index, "the legacy SQL leaves it invalid: an index of a partitioned table that some partitions lack")
    if index.constraint is None:
        rank = Rank.ON_VIEW if ("materialized view", index.table) in sides.expected.by_key else Rank.INDEX
        rows = _ROWS if index.unique and not sides.is_new(index.table) else None
        yield run(index, rank, _create_if_not_exists(index), note=rows, makes=(index.schema, index.name))
    if index.attached_to:
        yield _attach(index, index.attached_to)
    yield from _index_settings(index, None)


def _create_if_not_exists(index: Index) -> str:
    """The definition with IF NOT EXISTS in it."""
    before, word, after = index.definition.partition("INDEX ")
    return f"{before}{word}IF NOT EXISTS {after};"


def _attach(index: Index, parent: str) -> StepDraft:
    return run(index, Rank.ATTACH_INDEX, f"ALTER INDEX {sql_name_of(parent)} ATTACH PARTITION {qualified(index)};")


def _index_settings(index: Index, changes: Changes | None, statistics: tuple[str, ...] = ()) -> Steps:
    """Tablespace, CLUSTER ON and statistics targets: what changed, or all that is set where ``changes`` is None.

    ``statistics`` are the targets that the other side has.
    """
    alter, table = f"ALTER INDEX {qualified(index)}", f"ALTER TABLE {sql_name_of(index.table)}"
    move = f"{alter} SET TABLESPACE {sql_name(index.tablespace or 'pg_default')};"
    if changes is None and index.tablespace:
        yield run(index, Rank.SETTING, move)
    elif changes and "tablespace" in changes:
        yield ask(index, "the whole index is moved under a lock", move)
    if index.clustered and (changes is None or "clustered" in changes):
        yield run(index, Rank.SETTING, f"{table} CLUSTER ON {sql_name(index.name)};")
    elif changes and "clustered" in changes:
        yield run(index, Rank.ATTRIBUTE, f"{table} SET WITHOUT CLUSTER;")
    if changes is None or "statistics" in changes:
        unset = {one.partition("=")[0]: "-1" for one in statistics}
        for number, target in (unset | dict(one.partition("=")[::2] for one in index.statistics)).items():
            yield run(index, Rank.SETTING, f"{alter} ALTER COLUMN {number} SET STATISTICS {target};")


def change_index(index: Index, actual: Index, changes: Changes, sides: Sides) -> Steps:
    """An index of this name that is another one: the old one would have to be dropped, which a person decides."""
    if {"definition", "table"} & changes.keys() and not index.constraint:
        drop = f"DROP INDEX {qualified(actual)};\n{_create_if_not_exists(index)}"
        yield ask_about(index, changes, _DROPPED_FIRST, "definition", "table", sql=drop)
    if {"valid", "ready"} & changes.keys():
        reindex = f"REINDEX INDEX {qualified(index)};"
        yield ask_about(index, changes, "it is not valid on one side", "valid", "ready", sql=reindex)
    if "attached_to" in changes and index.attached_to:
        yield _attach(index, index.attached_to)
    yield from _index_settings(index, changes, actual.statistics)


def create_constraint(constraint: Constraint, sides: Sides) -> Steps:
    """A missing constraint; one that a table inherits comes with its parent's."""
    table = sides.expected_table(constraint.belongs_to)
    is_new = sides.is_new(constraint.belongs_to[1])
    if constraint.is_local or (is_new and table and table.partition_bound):
        rank = Rank.REFERENCE if constraint.type == "foreign key" else Rank.KEY
        here, wanted = regclass(table_of(constraint)), literal(constraint.name)
        absent = f"pg_constraint WHERE conrelid = {here} AND conname = {wanted}"
        note = None if is_new or not constraint.validated else _ROWS
        yield run(constraint, rank, unless_exists(absent, _add(constraint, sides)), note=note)


def _add(constraint: Constraint, sides: Sides) -> str:
    # A key of a partitioned table is made without its partitions' indexes, which have names of their own and are attached;
    # a hypertable does not take ONLY.
    table = sides.expected_table(constraint.belongs_to)
    is_split = table is not None and table.relation == "partitioned table" and sides.is_new(table.key)
    only = "ONLY " if is_split and constraint.type in {"primary key", "unique"} else ""
    return f"ALTER TABLE {only}{table_of(constraint)} ADD CONSTRAINT {sql_name(constraint.name)} {constraint.definition}"


def change_constraint(constraint: Constraint, actual: Constraint, changes: Changes, sides: Sides) -> Steps:
    """A constraint of this name that is another one."""
    alter, name = f"ALTER TABLE {table_of(constraint)}", sql_name(constraint.name)
    if _becomes_valid(constraint, actual, changes):
        yield run(constraint, Rank.REFERENCE, f"{alter} VALIDATE CONSTRAINT {name};", note=_ROWS)
    elif _is_deferred_otherwise(constraint, actual, changes):
        words = "DEFERRABLE" if constraint.deferrable else "NOT DEFERRABLE"
        words += " INITIALLY DEFERRED" if constraint.deferred else ""
        yield run(constraint, Rank.REFERENCE, f"{alter} ALTER CONSTRAINT {name} {words};")
    elif changes.keys() - {"comment"}:
        drop = f"{alter} DROP CONSTRAINT {name};\n{_add(constraint, sides)};"
        yield ask_about(constraint, changes, _DROPPED_FIRST, sql=drop)


def _becomes_valid(constraint: Constraint, actual: Constraint, changes: Changes) -> bool:
    same = actual.definition.removesuffix(" NOT VALID") == constraint.definition
    known = {"validated", "definition", "comment"}
    return "validated" in changes and constraint.validated and same and changes.keys() <= known


def _is_deferred_otherwise(constraint: Constraint, actual: Constraint, changes: Changes) -> bool:
    def bare(definition: str) -> str:
        return definition.replace(" INITIALLY DEFERRED", "").replace(" DEFERRABLE", "")

    if constraint.type != "foreign key" or not changes.keys() <= {"deferrable", "deferred", "definition", "comment"}:
        return False
    return bool({"deferrable", "deferred"} & changes.keys()) and bare(constraint.definition) == bare(actual.definition)


def create_trigger(trigger: Trigger, sides: Sides) -> Steps:
    """A missing trigger, guarded: OR REPLACE is not for hypertables nor for constraint triggers."""
    if not _is_cloned(trigger, sides):
        absent = f"pg_trigger WHERE tgrelid = {regclass(table_of(trigger))} AND tgname = {literal(trigger.name)}"
        yield run(trigger, Rank.TRIGGER, unless_exists(absent, trigger.definition))
    if trigger.enabled != "origin":
        yield _enabled(trigger, Rank.RULE)


def _is_cloned(trigger: Trigger, sides: Sides) -> bool:
    """Whether a partition has it from its parent: PostgreSQL then makes it together with the parent's."""
    table = sides.expected_table(trigger.belongs_to)
    if table is None or not table.partition_bound:
        return False
    return any(("trigger", f"{parent}.{quoted(trigger.name)}") in sides.expected.by_key for parent in table.inherits)


_ENABLE = {"origin": "ENABLE", "disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


def _enabled(obj: Trigger | RewriteRule, rank: Rank) -> StepDraft:
    table = table_of(obj)
    return run(
        obj, rank, f"ALTER TABLE {table} {_ENABLE[obj.enabled]} {obj.kind.upper()} {sql_name(obj.name)};", needs=table
    )


def change_trigger(trigger: Trigger, actual: Trigger, changes: Changes, sides: Sides) -> Steps:
    """A trigger of this name that is another one is replaced, as far as PostgreSQL replaces triggers."""
    plain = "CREATE TRIGGER "
    if "definition" in changes and trigger.definition.startswith(plain) and actual.definition.startswith(plain):
        yield run(trigger, Rank.TRIGGER, f"CREATE OR REPLACE TRIGGER {trigger.definition.removeprefix(plain)};")
    elif "definition" in changes:
        drop = f"DROP TRIGGER {sql_name(trigger.name)} ON {table_of(trigger)};\n{trigger.definition};"
        yield ask_about(trigger, changes, _DROPPED_FIRST, "definition", sql=drop)
    if "enabled" in changes:
        yield _enabled(trigger, Rank.RULE)


def create_rule(rule: RewriteRule, sides: Sides) -> Steps:
    """A missing rule."""
    yield _rule(rule)
    if rule.enabled != "origin":
        yield _enabled(rule, Rank.POLICY)


def _rule(rule: RewriteRule) -> StepDraft:
    sql = rule.definition.rstrip().removesuffix(";")
    return run(rule, Rank.RULE, sql.replace("CREATE RULE", "CREATE OR REPLACE RULE", 1) + ";")


def change_rule(rule: RewriteRule, actual: RewriteRule, changes: Changes, sides: Sides) -> Steps:
    """A rule of this name that is another one is replaced."""
    if "definition" in changes:
        yield _rule(rule)
    if "enabled" in changes:
        yield _enabled(rule, Rank.POLICY)


def create_policy(policy: RowPolicy, sides: Sides) -> Steps:
    """A missing row-security policy."""
    yield run(policy, Rank.POLICY, _create_policy(policy))


def _create_policy(policy: RowPolicy) -> str:
    table = table_of(policy)
    kind = "" if policy.permissive else " AS RESTRICTIVE"
    sql = f"CREATE POLICY {sql_name(policy.name)} ON {table}{kind} FOR {policy.command.upper()} {_roles_and_rows(policy)}"
    return unless_exists(f"pg_policy WHERE polrelid = {regclass(table)} AND polname = {literal(policy.name)}", sql)


def _roles_and_rows(policy: RowPolicy) -> str:
    """``TO … USING (…) WITH CHECK (…)``."""
    using = f" USING ({policy.using})" if policy.using is not None else ""
    check = f" WITH CHECK ({policy.check})" if policy.check is not None else ""
    return f"TO {', '.join(map(role_name, policy.roles))}{using}{check}"


def change_policy(policy: RowPolicy, actual: RowPolicy, changes: Changes, sides: Sides) -> Steps:
    """A policy of this name that is another one: who and what is altered in place, the rest is for a person."""
    where = f"{sql_name(policy.name)} ON {table_of(policy)}"
    gone = (policy.using is None) != (actual.using is None) or (policy.check is None and actual.check is not None)
    if {"command", "permissive"} & changes.keys() or gone:
        drop = f"DROP POLICY {where};\n{_create_policy(policy)}"
        yield ask_about(policy, changes, _DROPPED_FIRST, sql=drop)
    elif {"roles", "using", "check"} & changes.keys():
        yield run(policy, Rank.POLICY, f"ALTER POLICY {where} {_roles_and_rows(policy)};")


def create_statistics(statistics: ExtendedStatistics, sides: Sides) -> Steps:
    """A missing statistics object."""
    sql = statistics.definition.replace("CREATE STATISTICS ", "CREATE STATISTICS IF NOT EXISTS ", 1)
    yield run(statistics, Rank.STATISTICS, sql + ";", makes=(statistics.schema, statistics.name))
    if statistics.statistics is not None:
        yield _target(statistics)


def _target(statistics: ExtendedStatistics) -> StepDraft:
    target = -1 if statistics.statistics is None else statistics.statistics
    return run(statistics, Rank.JOB, f"ALTER STATISTICS {qualified(statistics)} SET STATISTICS {target};")


def change_statistics(statistics: ExtendedStatistics, actual: ExtendedStatistics, changes: Changes, sides: Sides) -> Steps:
    """A statistics object that both sides have."""
    if {"definition", "table"} & changes.keys():
        yield ask_about(statistics, changes, _DROPPED_FIRST, "definition", "table")
    if "statistics" in changes:
        yield _target(statistics)


def create_event_trigger(trigger: EventTrigger, sides: Sides) -> Steps:
    """A missing event trigger; the last thing, so that it does not fire for the port itself."""
    tags = f" WHEN TAG IN ({', '.join(map(literal, trigger.tags))})" if trigger.tags else ""
    function = sql_name_of(trigger.function)
    sql = f"CREATE EVENT TRIGGER {sql_name(trigger.name)} ON {trigger.event}{tags} EXECUTE FUNCTION {function}()"
    create = unless_exists(f"pg_event_trigger WHERE evtname = {literal(trigger.name)}", sql)
    yield replace(run(trigger, Rank.EVENT_TRIGGER, create), is_all=True)
    yield from (replace(draft, rank=Rank.PERSON) for draft in new_owner_grants_comment(trigger, sides))
    if trigger.enabled != "origin":
        yield _event_trigger_enabled(trigger, Rank.PERSON)


def _event_trigger_enabled(trigger: EventTrigger, rank: Rank) -> StepDraft:
    return run(trigger, rank, f"ALTER EVENT TRIGGER {sql_name(trigger.name)} {_ENABLE[trigger.enabled]};")


def change_event_trigger(trigger: EventTrigger, actual: EventTrigger, changes: Changes, sides: Sides) -> Steps:
    """An event trigger that both sides have."""
    if {"event", "tags", "function"} & changes.keys():
        yield ask_about(trigger, changes, _DROPPED_FIRST, "event", "tags", "function")
    if "enabled" in changes:
        yield _event_trigger_enabled(trigger, Rank.EVENT_TRIGGER)
