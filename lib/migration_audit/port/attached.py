"""Indexes, constraints, triggers, rules, policies and extended statistics."""

from __future__ import annotations

from migration_audit.model.drift import Difference
from migration_audit.model.identifiers import literal, quoted, sql_name, sql_name_of
from migration_audit.model.relations import Constraint, Index, Table
from migration_audit.model.routines import EventTrigger, ExtendedStatistics, RewriteRule, RowPolicy, Trigger
from migration_audit.port.names import guarded, of_table, regclass, role_name, routine_name, sql_name_of_index
from migration_audit.port.owner_grants_comment import changed_owner_grants_comment, new_owner_grants_comment, unclear_index
from migration_audit.port.step import Rank, Sides, StepDraft, Steps, ask, differing, run

_ROWS = "fails without changes if existing rows violate it"
_DROPPED_FIRST = "the owner's object must be dropped first"


def create_index(index: Index, sides: Sides) -> Steps:
    """A missing index; one that a constraint makes comes with the constraint."""
    if unclear_index(index):
        yield ask(index, "the legacy SQL leaves it invalid: an index of a partitioned table that some partitions lack")
    if index.constraint is None:
        rows = _ROWS if index.unique and not sides.is_new(index.table) else None
        yield run(index, _rank(index, sides), _create_if_not_exists(index) + ";", note=rows, makes=_pair(index))
    if index.attached_to:
        yield _attach(index)
    yield from _index_settings(index, set())
    yield from new_owner_grants_comment(index, sides)


def _pair(index: Index) -> frozenset[tuple[str, str]]:
    return frozenset({(index.schema, index.name)})


def _rank(index: Index, sides: Sides) -> Rank:
    kind = "materialized view"
    return Rank.ON_VIEW if (kind, index.table) in sides.expected.by_key else Rank.INDEX


def _create_if_not_exists(index: Index) -> str:
    """The definition with IF NOT EXISTS in it."""
    for plain in ("CREATE UNIQUE INDEX ", "CREATE INDEX "):
        if index.definition.startswith(plain):
            return f"{plain}IF NOT EXISTS {index.definition.removeprefix(plain)}"
    return index.definition


def _attach(index: Index) -> StepDraft:
    parent = sql_name_of(index.attached_to or "")
    return run(index, Rank.ATTACH_INDEX, f"ALTER INDEX {parent} ATTACH PARTITION {sql_name_of_index(index)};")


def _index_settings(index: Index, changed: set[str], statistics: tuple[str, ...] = ()) -> Steps:
    """Tablespace, CLUSTER ON and statistics targets; all that is set of a new index, else what changed.

    ``statistics`` are the targets that the other side has.
    """
    alter = f"ALTER INDEX {sql_name_of_index(index)}"
    if index.tablespace and not changed:
        yield run(index, Rank.SETTING, f"{alter} SET TABLESPACE {sql_name(index.tablespace)};")
    if "tablespace" in changed:
        where = sql_name(index.tablespace or "pg_default")
        yield ask(index, "the whole index is moved under a lock", f"{alter} SET TABLESPACE {where};")
    if index.clustered and (not changed or "clustered" in changed):
        yield run(index, Rank.SETTING, f"ALTER TABLE {of_table(index)} CLUSTER ON {sql_name(index.name)};")
    if not index.clustered and "clustered" in changed:
        yield run(index, Rank.ATTRIBUTE, f"ALTER TABLE {of_table(index)} SET WITHOUT CLUSTER;")
    if not changed or "statistics" in changed:
        unset = {one.partition("=")[0]: "-1" for one in statistics}
        for number, target in (unset | dict(one.partition("=")[::2] for one in index.statistics)).items():
            yield run(index, Rank.SETTING, f"{alter} ALTER COLUMN {number} SET STATISTICS {target};")


def change_index(difference: Difference, sides: Sides) -> Steps:
    """An index of this name that is another one: the old one would have to be dropped, which a person decides."""
    index, actual = difference.expected, difference.actual
    if not isinstance(index, Index) or not isinstance(actual, Index):
        return
    changed = {change.name for change in difference.fields}
    if {"definition", "table"} & changed and not index.constraint:
        drop = f"DROP INDEX {sql_name(actual.schema, actual.name)};\n{_create_if_not_exists(index)};"
        yield ask(index, f"{_DROPPED_FIRST}\n{differing(difference, 'definition', 'table')}", drop)
    if {"valid", "ready"} & changed:
        why = "it is not valid on one side\n" + differing(difference, "valid", "ready")
        yield ask(index, why, f"REINDEX INDEX {sql_name_of_index(index)};")
    if "attached_to" in changed and index.attached_to:
        yield _attach(index)
    yield from _index_settings(index, changed, actual.statistics)
    yield from changed_owner_grants_comment(difference, sides)


def create_constraint(constraint: Constraint, sides: Sides) -> Steps:
    """A missing constraint; one that a table inherits comes with its parent's."""
    table = constraint.belongs_to[1] if constraint.belongs_to else ""
    is_new = sides.is_new(table)
    if constraint.is_local or (is_new and _is_partition(table, sides)):
        rank = {"foreign key": Rank.REFERENCE}.get(constraint.type, Rank.KEY)
        yield run(
            constraint,
            rank,
            guarded(_absent(constraint), _add(constraint, sides)),
            note=None if is_new or not constraint.validated else _ROWS,
        )
    yield from new_owner_grants_comment(constraint, sides)


def _is_partition(table: str, sides: Sides) -> bool:
    return bool(getattr(sides.expected.by_key.get(("table", table)), "partition_bound", None))


def _absent(constraint: Constraint) -> str:
    table, wanted = regclass(sql_name(constraint.schema, constraint.table)), literal(constraint.name)
    return f"NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {table} AND conname = {wanted})"


def _add(constraint: Constraint, sides: Sides) -> str:
    # A key of a partitioned table is made without its partitions' indexes, which have names of their own and are attached;
    # a hypertable does not take ONLY.
    table = sides.expected.by_key.get(constraint.belongs_to or ("", ""))
    partitioned = getattr(table, "relation", "") == "partitioned table" and constraint.type in {"primary key", "unique"}
    only = "ONLY " if partitioned and sides.is_new(table.key if table else "") else ""
    where = sql_name(constraint.schema, constraint.table)
    return f"ALTER TABLE {only}{where} ADD CONSTRAINT {sql_name(constraint.name)} {constraint.definition}"


def change_constraint(difference: Difference, sides: Sides) -> Steps:
    """A constraint of this name that is another one."""
    constraint, actual = difference.expected, difference.actual
    if not isinstance(constraint, Constraint) or not isinstance(actual, Constraint):
        return
    changed = {change.name for change in difference.fields}
    alter = f"ALTER TABLE {sql_name(constraint.schema, constraint.table)}"
    if _becomes_valid(constraint, actual, changed):
        yield run(constraint, Rank.REFERENCE, f"{alter} VALIDATE CONSTRAINT {sql_name(constraint.name)};", note=_ROWS)
    elif _is_deferred_otherwise(constraint, actual, changed):
        words = "DEFERRABLE" if constraint.deferrable else "NOT DEFERRABLE"
        words += " INITIALLY DEFERRED" if constraint.deferred else ""
        yield run(constraint, Rank.REFERENCE, f"{alter} ALTER CONSTRAINT {sql_name(constraint.name)} {words};")
    elif changed - {"comment"}:
        drop = f"{alter} DROP CONSTRAINT {sql_name(constraint.name)};\n{_add(constraint, sides)};"
        yield ask(constraint, f"{_DROPPED_FIRST}\n{differing(difference)}", drop)
    yield from changed_owner_grants_comment(difference, sides)


def _becomes_valid(constraint: Constraint, actual: Constraint, changed: set[str]) -> bool:
    same = actual.definition.removesuffix(" NOT VALID") == constraint.definition
    return "validated" in changed and constraint.validated and same and changed <= {"validated", "definition", "comment"}


def _is_deferred_otherwise(constraint: Constraint, actual: Constraint, changed: set[str]) -> bool:
    def bare(definition: str) -> str:
        return definition.replace(" INITIALLY DEFERRED", "").replace(" DEFERRABLE", "")

    if constraint.type != "foreign key" or not changed <= {"deferrable", "deferred", "definition", "comment"}:
        return False
    return bool({"deferrable", "deferred"} & changed) and bare(constraint.definition) == bare(actual.definition)


def create_trigger(trigger: Trigger, sides: Sides) -> Steps:
    """A missing trigger, guarded: OR REPLACE is not for hypertables nor for constraint triggers."""
    if not _is_cloned(trigger, sides):
        yield run(trigger, Rank.TRIGGER, guarded(_no_trigger(trigger), trigger.definition))
    if trigger.enabled != "origin":
        yield _after(_enabled(trigger), Rank.RULE)
    yield from new_owner_grants_comment(trigger, sides)


def _is_cloned(trigger: Trigger, sides: Sides) -> bool:
    """Whether a partition has it from its parent: PostgreSQL then makes it together with the parent's."""
    table = sides.expected.by_key.get(trigger.belongs_to or ("", ""))
    if not isinstance(table, Table) or not table.partition_bound:
        return False
    return any(("trigger", f"{parent}.{quoted(trigger.name)}") in sides.expected.by_key for parent in table.inherits)


def _no_trigger(trigger: Trigger) -> str:
    table = regclass(sql_name(trigger.schema, trigger.table))
    return f"NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = {table} AND tgname = {literal(trigger.name)})"


_ENABLE = {"origin": "ENABLE", "disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


def _enabled(obj: Trigger | RewriteRule) -> StepDraft:
    word = "TRIGGER" if isinstance(obj, Trigger) else "RULE"
    table = sql_name(obj.schema, obj.table)
    return run(obj, Rank.SETTING, f"ALTER TABLE {table} {_ENABLE[obj.enabled]} {word} {sql_name(obj.name)};", needs=table)


def _after(draft: StepDraft, rank: Rank) -> StepDraft:
    return StepDraft(step=draft.step, rank=rank, makes=draft.makes, needs=draft.needs)


def change_trigger(difference: Difference, sides: Sides) -> Steps:
    """A trigger of this name that is another one is replaced, as far as PostgreSQL replaces triggers."""
    trigger = difference.expected
    if not isinstance(trigger, Trigger):
        return
    changed = {change.name for change in difference.fields}
    if "definition" in changed:
        old = getattr(difference.actual, "definition", "")
        if trigger.definition.startswith("CREATE TRIGGER ") and old.startswith("CREATE TRIGGER "):
            sql = "CREATE OR REPLACE TRIGGER " + trigger.definition.removeprefix("CREATE TRIGGER ") + ";"
            yield run(trigger, Rank.TRIGGER, sql)
        else:
            drop = (
                f"DROP TRIGGER {sql_name(trigger.name)} ON {sql_name(trigger.schema, trigger.table)};\n{trigger.definition};"
            )
            yield ask(trigger, f"{_DROPPED_FIRST}\n{differing(difference, 'definition')}", drop)
    if "enabled" in changed:
        yield _after(_enabled(trigger), Rank.RULE)
    yield from changed_owner_grants_comment(difference, sides)


def create_rule(rule: RewriteRule, sides: Sides) -> Steps:
    """A missing rule."""
    sql = rule.definition.rstrip().removesuffix(";")
    yield run(rule, Rank.RULE, sql.replace("CREATE RULE", "CREATE OR REPLACE RULE", 1) + ";")
    if rule.enabled != "origin":
        yield _after(_enabled(rule), Rank.POLICY)
    yield from new_owner_grants_comment(rule, sides)


def change_rule(difference: Difference, sides: Sides) -> Steps:
    """A rule of this name that is another one is replaced."""
    rule = difference.expected
    if not isinstance(rule, RewriteRule):
        return
    changed = {change.name for change in difference.fields}
    if "definition" in changed:
        yield from (draft for draft in create_rule(rule, sides) if draft.rank is Rank.RULE)
    if "enabled" in changed:
        yield _after(_enabled(rule), Rank.POLICY)
    yield from changed_owner_grants_comment(difference, sides)


def create_policy(policy: RowPolicy, sides: Sides) -> Steps:
    """A missing row-security policy."""
    table = sql_name(policy.schema, policy.table)
    kind = "" if policy.permissive else " AS RESTRICTIVE"
    sql = f"CREATE POLICY {sql_name(policy.name)} ON {table}{kind} FOR {policy.command.upper()} TO {_roles(policy)}"
    condition = (
        f"NOT EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polrelid = {regclass(table)} "
        f"AND polname = {literal(policy.name)})"
    )
    yield run(policy, Rank.POLICY, guarded(condition, sql + _expressions(policy)))
    yield from new_owner_grants_comment(policy, sides)


def _roles(policy: RowPolicy) -> str:
    return ", ".join(role_name(role) for role in policy.roles)


def _expressions(policy: RowPolicy) -> str:
    using = f" USING ({policy.using})" if policy.using is not None else ""
    return using + (f" WITH CHECK ({policy.check})" if policy.check is not None else "")


def change_policy(difference: Difference, sides: Sides) -> Steps:
    """A policy of this name that is another one: who and what is altered in place, the rest is for a person."""
    policy, actual = difference.expected, difference.actual
    if not isinstance(policy, RowPolicy) or not isinstance(actual, RowPolicy):
        return
    changed = {change.name for change in difference.fields}
    table = sql_name(policy.schema, policy.table)
    gone = (policy.using is None) != (actual.using is None) or (policy.check is None and actual.check is not None)
    if {"command", "permissive"} & changed or gone:
        drop = f"DROP POLICY {sql_name(policy.name)} ON {table};\n"
        create = next(iter(create_policy(policy, sides))).step.sql
        yield ask(policy, f"{_DROPPED_FIRST}\n{differing(difference)}", drop + create)
    elif {"roles", "using", "check"} & changed:
        yield run(
            policy,
            Rank.POLICY,
            f"ALTER POLICY {sql_name(policy.name)} ON {table} TO {_roles(policy)}{_expressions(policy)};",
        )
    yield from changed_owner_grants_comment(difference, sides)


def create_statistics(statistics: ExtendedStatistics, sides: Sides) -> Steps:
    """A missing statistics object."""
    sql = statistics.definition.replace("CREATE STATISTICS ", "CREATE STATISTICS IF NOT EXISTS ", 1)
    yield run(statistics, Rank.STATISTICS, sql + ";", makes=frozenset({(statistics.schema, statistics.name)}))
    if statistics.statistics is not None:
        yield _target(statistics)
    yield from new_owner_grants_comment(statistics, sides)


def _target(statistics: ExtendedStatistics) -> StepDraft:
    target = -1 if statistics.statistics is None else statistics.statistics
    alter = f"ALTER STATISTICS {sql_name(statistics.schema, statistics.name)} SET STATISTICS {target};"
    return run(statistics, Rank.JOB, alter)


def change_statistics(difference: Difference, sides: Sides) -> Steps:
    """A statistics object that both sides have."""
    statistics = difference.expected
    if not isinstance(statistics, ExtendedStatistics):
        return
    changed = {change.name for change in difference.fields}
    if {"definition", "table"} & changed:
        yield ask(statistics, f"{_DROPPED_FIRST}\n{differing(difference, 'definition', 'table')}")
    if "statistics" in changed:
        yield _target(statistics)
    yield from changed_owner_grants_comment(difference, sides)


def create_event_trigger(trigger: EventTrigger, sides: Sides) -> Steps:
    """A missing event trigger; the last thing, so that it does not fire for the port itself."""
    tags = f" WHEN TAG IN ({', '.join(map(literal, trigger.tags))})" if trigger.tags else ""
    function = routine_name(trigger.function)
    sql = f"CREATE EVENT TRIGGER {sql_name(trigger.name)} ON {trigger.event}{tags} EXECUTE FUNCTION {function}()"
    condition = f"NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtname = {literal(trigger.name)})"
    yield run(trigger, Rank.EVENT_TRIGGER, guarded(condition, sql))
    for draft in new_owner_grants_comment(trigger, sides):
        yield _last(draft)
    if trigger.enabled != "origin":
        yield run(trigger, Rank.PERSON, f"ALTER EVENT TRIGGER {sql_name(trigger.name)} {_ENABLE[trigger.enabled]};")


def _last(draft: StepDraft) -> StepDraft:
    return draft if draft.step.for_person is not None else _after(draft, Rank.PERSON)


def change_event_trigger(difference: Difference, sides: Sides) -> Steps:
    """An event trigger that both sides have."""
    trigger = difference.expected
    if not isinstance(trigger, EventTrigger):
        return
    changed = {change.name for change in difference.fields}
    if {"event", "tags", "function"} & changed:
        yield ask(trigger, f"{_DROPPED_FIRST}\n{differing(difference, 'event', 'tags', 'function')}")
    if "enabled" in changed:
        yield run(trigger, Rank.EVENT_TRIGGER, f"ALTER EVENT TRIGGER {sql_name(trigger.name)} {_ENABLE[trigger.enabled]};")
    yield from changed_owner_grants_comment(difference, sides)
