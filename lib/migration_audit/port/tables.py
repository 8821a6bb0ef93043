"""Tables: ordinary, partitioned, inheriting and foreign ones; views and materialized views."""

from __future__ import annotations

from dataclasses import replace

from migration_audit.model.identifiers import bare, sql_name, sql_name_of
from migration_audit.model.relations import Column, MaterializedView, Table, View
from migration_audit.port.columns import column_definition, inherited, physical
from migration_audit.port.names import (
    foreign_options,
    may_be_secret,
    option_actions,
    qualified,
    regclass,
    unless_exists,
    with_options,
)
from migration_audit.port.owner_grants_comment import new_owner_grants_comment
from migration_audit.port.step import RECREATE, Changes, Rank, Sides, StepDraft, Steps, ask, ask_about, leave, run

_ASKED = {
    "relation": "a table of another kind must be re-created and its rows moved",
    "partition_key": "another partition key requires a new table and moving the rows",
    "partition_bound": "the partition must be detached and attached again",
    "of_type": "the table's type needs a decision",
    "server": "it is on another foreign server",
    "access_method": "the whole table is rewritten",
    "tablespace": "the whole table is moved, under a lock that blocks reads",
    "column_order": "the order of columns can only be changed by re-creating the table",
}


def create_table(table: Table, sides: Sides) -> Steps:
    """A missing table with its columns; what may need other objects follows in steps of its own."""
    if may_be_secret(table.options):
        yield leave(table, "its options may contain a secret: write them yourself", _create(table, sides))
        return
    if any("detach pending" in parent for parent in table.inherits):
        yield leave(table, "it is being detached from its parent", _create(table, sides))
        return
    makes = (table.schema, table.name)
    if parent := _brings_all(table, sides):
        where = f"PARTITION OF {sql_name_of(parent.key)} {table.partition_bound}"
        sql = f"CREATE TABLE IF NOT EXISTS {qualified(table)} {where}{_tail(table)};"
        yield run(table, Rank.ATTACH, sql, makes=makes)
    else:
        yield run(table, Rank.TABLE, _create(table, sides) + ";", makes=makes)
        yield from _attach(table)
    yield from _row_security(table, security=table.row_security, forced=table.force_row_security)
    if table.replica_identity != "default" and table.relation != "foreign table":  # of those PostgreSQL itself says nothing
        yield _replica_identity(table)
    for column in sides.columns.get(table.key, ()):
        yield from inherited(column, table, sides)
        yield from physical(column, sides)
        yield from new_owner_grants_comment(column, sides)


def _brings_all(table: Table, sides: Sides) -> Table | None:
    """The parent of a partition that has nothing of its own but its bound; one with keys or indexes names them itself."""
    parent = sides.expected_table(("table", table.inherits[0])) if table.inherits else None
    if not table.partition_bound or parent is None or table.relation == "foreign table":
        return None
    if table.column_order != parent.column_order or sides.has_parts(table):
        return None
    pairs = zip(sides.columns.get(table.key, ()), sides.columns.get(parent.key, ()), strict=True)
    is_same = all(
        getattr(mine, attribute) == getattr(theirs, attribute)
        for mine, theirs in pairs
        for attribute in ("type", "default", "generated", "not_null", "collation")
    )
    return parent if is_same else None


def _create(table: Table, sides: Sides) -> str:
    what = "FOREIGN TABLE" if table.relation == "foreign table" else "TABLE"
    if table.persistence == "unlogged":
        what = f"UNLOGGED {what}"
    inherits = table.inherits and not table.partition_bound
    columns = [c for c in sides.columns.get(table.key, ()) if not (inherits and not c.is_local)]
    if table.partition_bound:  # identity comes with the parent
        columns = [replace(column, identity_kind=None) for column in columns]
    lines = [f"    {column_definition(column, sides)}" for column in columns]
    if table.of_type:
        defined = [(c, column_definition(c, sides).removeprefix(f"{sql_name(c.name)} {c.type}")) for c in columns]
        lines = [f"    {sql_name(column.name)} WITH OPTIONS{words}" for column, words in defined if words]
    body = "(\n" + ",\n".join(lines) + "\n)" if lines else "" if table.of_type else "()"
    sql = f"CREATE {what} IF NOT EXISTS {qualified(table)} "
    sql += f"OF {table.of_type} {body}".rstrip() if table.of_type else body
    if inherits:
        sql += f" INHERITS ({', '.join(map(sql_name_of, table.inherits))})"
    return sql + _tail(table)


def _tail(table: Table) -> str:
    parts = []
    if table.partition_key:
        parts.append(f"PARTITION BY {table.partition_key}")
    if table.server:
        parts.append(f"SERVER {sql_name(table.server)}")
        parts += [foreign_options(table.options)] if table.options else []
    else:
        parts += [f"USING {sql_name(table.access_method)}"] if table.access_method not in {None, "heap"} else []
        parts += [f"WITH ({with_options(table.options)})"] if table.options else []
    if table.tablespace:
        parts.append(f"TABLESPACE {sql_name(table.tablespace)}")
    return "".join(f"\n{part}" for part in parts)


def _attach(table: Table) -> Steps:
    if table.partition_bound and table.inherits:
        parent, child = sql_name_of(table.inherits[0]), qualified(table)
        statement = f"ALTER TABLE ONLY {parent} ATTACH PARTITION {child} {table.partition_bound}"
        yield run(table, Rank.ATTACH, unless_exists(f"pg_inherits WHERE inhrelid = {regclass(child)}", statement))


def _row_security(table: Table, *, security: bool, forced: bool) -> Steps:
    for word, is_on in (("ENABLE", security), ("FORCE", forced)):
        if is_on:
            yield run(table, Rank.POLICY, f"ALTER TABLE {qualified(table)} {word} ROW LEVEL SECURITY;")


def _replica_identity(table: Table) -> StepDraft:
    word, _, index = table.replica_identity.partition(" ")
    value = f"USING INDEX {sql_name(bare(index))}" if word == "index" else word.upper()
    return run(table, Rank.SETTING, f"ALTER TABLE {qualified(table)} REPLICA IDENTITY {value};")


def change_table(table: Table, actual: Table, changes: Changes, sides: Sides) -> Steps:
    """A table that both sides have."""
    alter = f"ALTER TABLE {qualified(table)}"
    security, forced = "row_security" in changes, "force_row_security" in changes
    yield from _asked_of_table(table, actual, changes, alter)
    if security and not table.row_security:
        yield ask(table, "only the owner's SQL turns row security on", f"{alter} DISABLE ROW LEVEL SECURITY;")
    if forced and not table.force_row_security:
        yield ask(table, "only the owner's SQL forces row security", f"{alter} NO FORCE ROW LEVEL SECURITY;")
    yield from _row_security(table, security=security and table.row_security, forced=forced and table.force_row_security)
    if "replica_identity" in changes:
        yield _replica_identity(table)
    if "options" in changes and table.relation != "foreign table":
        for action in option_actions(table.options, actual.options):
            yield run(table, Rank.SETTING, f"{alter} {action};")
    if "persistence" in changes:
        why = "the whole table is rewritten, and an unlogged table is emptied by a crash"
        sql = f"{alter} SET {'UNLOGGED' if table.persistence == 'unlogged' else 'LOGGED'};"
        yield ask_about(table, changes, why, "persistence", sql=sql)
    if "inherits" in changes and not (table.partition_bound or actual.partition_bound):
        yield from _change_parents(table, actual, changes, alter)


def _asked_of_table(table: Table, actual: Table, changes: Changes, alter: str) -> Steps:
    suggested = {
        "tablespace": f"{alter} SET TABLESPACE {sql_name(table.tablespace or 'pg_default')};",
        "access_method": f"{alter} SET ACCESS METHOD {sql_name(table.access_method or 'heap')};",
    }
    asked = [field for field in _ASKED if field in changes]
    if "partition_bound" in changes and actual.partition_bound is None and table.inherits and "relation" not in changes:
        yield from _attach(table)
        asked.remove("partition_bound")
    for field in asked:
        yield ask_about(table, changes, _ASKED[field], field, sql=suggested.get(field, ""))
    if "options" in changes and table.relation == "foreign table":
        yield ask_about(table, changes, "options of a foreign table", "options")


def _change_parents(table: Table, actual: Table, changes: Changes, alter: str) -> Steps:
    if table.inherits[: len(actual.inherits)] != actual.inherits:
        yield ask_about(table, changes, "it has other parents", "inherits")
        return
    for parent in table.inherits[len(actual.inherits) :]:
        child, above = qualified(table), sql_name_of(parent)
        absent = f"pg_inherits WHERE inhrelid = {regclass(child)} AND inhparent = {regclass(above)}"
        yield run(table, Rank.ATTACH, unless_exists(absent, f"{alter} INHERIT {above}"))


def create_view(view: View, sides: Sides) -> Steps:
    """A missing view."""
    yield _view(view)


def _view(view: View) -> StepDraft:
    sql = f"CREATE OR REPLACE VIEW {qualified(view)}{_with(view.options)} AS\n{_query(view.definition)};"
    return run(view, Rank.VIEW, sql, makes=(view.schema, view.name), needs=view.definition)


def _query(definition: str) -> str:
    return definition.rstrip().removesuffix(";")


def _with(options: tuple[str, ...]) -> str:
    return f"\nWITH ({with_options(options)})" if options else ""


def change_view(view: View, actual: View, changes: Changes, sides: Sides) -> Steps:
    """A view that both sides have is replaced where its columns stay, with new ones at the end."""
    if "definition" in changes and _keeps_columns(view, sides):
        yield _view(view)
    elif "definition" in changes:
        drop = f"DROP VIEW {qualified(view)};\n{_view(view).step.sql}"
        yield ask_about(view, changes, f"its columns differ: {RECREATE}", "definition", sql=drop)
    if "options" in changes:
        for action in option_actions(view.options, actual.options):
            yield run(view, Rank.ON_VIEW, f"ALTER VIEW {qualified(view)} {action};")


def _keeps_columns(view: View, sides: Sides) -> bool:
    """Whether every column of the owner's view is in the legacy one with its type; the order shows when it is tried."""
    wanted = {column.name: column.type for column in sides.columns.get(view.key, ())}
    has = [column for column in sides.actual.of(Column) if column.belongs_to == ("view", view.key)]
    return all(wanted.get(column.name) == column.type for column in has)


def create_materialized_view(view: MaterializedView, sides: Sides) -> Steps:
    """A missing materialized view, filled at once."""
    yield _materialized_view(view)


def _materialized_view(view: MaterializedView) -> StepDraft:
    using = f"\nUSING {sql_name(view.access_method)}" if view.access_method not in {None, "heap"} else ""
    space = f"\nTABLESPACE {sql_name(view.tablespace)}" if view.tablespace else ""
    what = f"{qualified(view)}{using}{_with(view.options)}{space} AS\n{_query(view.definition)}"
    sql = f"CREATE MATERIALIZED VIEW IF NOT EXISTS {what};"
    return run(view, Rank.VIEW, sql, makes=(view.schema, view.name), needs=view.definition)


def change_materialized_view(view: MaterializedView, actual: MaterializedView, changes: Changes, sides: Sides) -> Steps:
    """A materialized view that both sides have; another query needs another view."""
    where = f"MATERIALIZED VIEW {qualified(view)}"
    if "definition" in changes:
        sql = f"DROP {where};\n{_materialized_view(view).step.sql}"
        yield ask_about(view, changes, RECREATE, "definition", sql=sql)
    if {"access_method", "tablespace"} & changes.keys():
        yield ask_about(view, changes, "the whole view is rewritten", "access_method", "tablespace")
    if "options" in changes:
        for action in option_actions(view.options, actual.options):
            yield run(view, Rank.ON_VIEW, f"ALTER {where} {action};")
