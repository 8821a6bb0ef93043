"""Tables: ordinary, partitioned, inheriting and foreign ones; views and materialized views."""

from __future__ import annotations

from dataclasses import replace

from migration_audit.model.drift import Difference
from migration_audit.model.identifiers import bare, sql_name, sql_name_of
from migration_audit.model.relations import MaterializedView, Table, View
from migration_audit.port.columns import REDACTED, column_definition, column_extras, inherited
from migration_audit.port.names import foreign_options, guarded, option_actions, regclass, with_options
from migration_audit.port.owner_grants_comment import changed_owner_grants_comment, new_owner_grants_comment
from migration_audit.port.step import RECREATE, Rank, Sides, StepDraft, Steps, ask, differing, run

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
    if any(REDACTED in option for option in table.options):
        yield ask(table, "its options may contain a secret: write them yourself", _create(table, sides))
        return
    if any("detach pending" in parent for parent in table.inherits):
        yield ask(table, "it is being detached from its parent", _create(table, sides))
        return
    if parent := _brings_all(table, sides):
        where = f"PARTITION OF {sql_name_of(parent.key)} {table.partition_bound}"
        sql = f"CREATE TABLE IF NOT EXISTS {sql_name(table.schema, table.name)} {where}{_tail(table)};"
        yield run(table, Rank.ATTACH, sql, makes=frozenset({(table.schema, table.name)}))
    else:
        yield run(table, Rank.TABLE, _create(table, sides) + ";", makes=frozenset({(table.schema, table.name)}))
        yield from _attach(table)
    yield from _flags(table, row_security=table.row_security, forced=table.force_row_security)
    if table.replica_identity != "default" and table.relation != "foreign table":  # of those PostgreSQL itself says nothing
        yield _replica_identity(table)
    yield from new_owner_grants_comment(table, sides)
    for column in sides.columns.get(table.key, ()):
        yield from inherited(column, table, sides)
        yield from column_extras(column, sides)


def _brings_all(table: Table, sides: Sides) -> Table | None:
    """The parent of a partition that has nothing of its own but its bound; one with keys or indexes names them itself."""
    parent = sides.expected.by_key.get(("table", table.inherits[0])) if table.inherits else None
    if not table.partition_bound or not isinstance(parent, Table) or table.relation == "foreign table":
        return None
    if table.column_order != parent.column_order or sides.have_parts({("table", table.key)}):
        return None
    pairs = zip(sides.columns.get(table.key, ()), sides.columns.get(parent.key, ()), strict=True)
    is_same = all(
        getattr(mine, attribute) == getattr(theirs, attribute)
        for mine, theirs in pairs
        for attribute in ("type", "default", "generated", "not_null", "collation")
    )
    return parent if is_same else None


def _create(table: Table, sides: Sides) -> str:
    what = {"foreign table": "FOREIGN TABLE", "table": "TABLE", "partitioned table": "TABLE"}[table.relation]
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
    sql = f"CREATE {what} IF NOT EXISTS {sql_name(table.schema, table.name)} "
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
        parts += [f"OPTIONS ({foreign_options(table.options)})"] if table.options else []
    else:
        parts += [f"USING {sql_name(table.access_method)}"] if table.access_method not in {None, "heap"} else []
        parts += [f"WITH ({with_options(table.options)})"] if table.options else []
    if table.tablespace:
        parts.append(f"TABLESPACE {sql_name(table.tablespace)}")
    return "".join(f"\n{part}" for part in parts)


def _attach(table: Table) -> Steps:
    if not table.partition_bound or not table.inherits:
        return
    parent, child = sql_name_of(table.inherits[0]), sql_name(table.schema, table.name)
    condition = f"NOT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = {regclass(child)})"
    statement = f"ALTER TABLE ONLY {parent} ATTACH PARTITION {child} {table.partition_bound}"
    yield run(table, Rank.ATTACH, guarded(condition, statement))


def _flags(table: Table, *, row_security: bool | None, forced: bool | None) -> Steps:
    where = f"ALTER TABLE {sql_name(table.schema, table.name)}"
    if row_security:
        yield run(table, Rank.POLICY, f"{where} ENABLE ROW LEVEL SECURITY;")
    if forced:
        yield run(table, Rank.POLICY, f"{where} FORCE ROW LEVEL SECURITY;")


def _replica_identity(table: Table) -> StepDraft:
    word, _, index = table.replica_identity.partition(" ")
    value = f"USING INDEX {sql_name(bare(index))}" if word == "index" else word.upper()
    return run(table, Rank.SETTING, f"ALTER TABLE {sql_name(table.schema, table.name)} REPLICA IDENTITY {value};")


def change_table(difference: Difference, sides: Sides) -> Steps:
    """A table that both sides have."""
    table, actual = difference.expected, difference.actual
    if not isinstance(table, Table) or not isinstance(actual, Table):
        return
    changed = {change.name for change in difference.fields}
    alter = f"ALTER TABLE {sql_name(table.schema, table.name)}"
    yield from _asked_of_table(table, actual, difference, changed)
    if "row_security" in changed and not table.row_security:
        yield ask(table, "only the owner's SQL turns row security on", f"{alter} DISABLE ROW LEVEL SECURITY;")
    if "force_row_security" in changed and not table.force_row_security:
        yield ask(table, "only the owner's SQL forces row security", f"{alter} NO FORCE ROW LEVEL SECURITY;")
    yield from _flags(
        table,
        row_security="row_security" in changed and table.row_security,
        forced="force_row_security" in changed and table.force_row_security,
    )
    if "replica_identity" in changed:
        yield _replica_identity(table)
    if "options" in changed and table.relation != "foreign table":
        for action in option_actions(table.options, actual.options):
            yield run(table, Rank.SETTING, f"{alter} {action};")
    if "persistence" in changed:
        word = "UNLOGGED" if table.persistence == "unlogged" else "LOGGED"
        why = "the whole table is rewritten, and an unlogged table is emptied by a crash\n"
        yield ask(table, why + differing(difference, "persistence"), f"{alter} SET {word};")
    if "inherits" in changed:
        yield from _change_parents(table, actual, difference, alter)
    yield from changed_owner_grants_comment(difference, sides)


def _asked_of_table(table: Table, actual: Table, difference: Difference, changed: set[str]) -> Steps:
    alter = f"ALTER TABLE {sql_name(table.schema, table.name)}"
    suggested = {
        "tablespace": f"{alter} SET TABLESPACE {sql_name(table.tablespace or 'pg_default')};",
        "access_method": f"{alter} SET ACCESS METHOD {sql_name(table.access_method or 'heap')};",
    }
    asked = [field for field in _ASKED if field in changed]
    if "partition_bound" in changed and actual.partition_bound is None and table.inherits and "relation" not in changed:
        yield from _attach(table)
        asked.remove("partition_bound")
    for field in asked:
        yield ask(table, f"{_ASKED[field]}\n{differing(difference, field)}", suggested.get(field, ""))
    if "options" in changed and table.relation == "foreign table":
        yield ask(table, "options of a foreign table\n" + differing(difference, "options"))


def _change_parents(table: Table, actual: Table, difference: Difference, alter: str) -> Steps:
    if table.partition_bound or actual.partition_bound:
        return
    if table.inherits[: len(actual.inherits)] != actual.inherits:
        yield ask(table, "it has other parents\n" + differing(difference, "inherits"))
        return
    for parent in table.inherits[len(actual.inherits) :]:
        child, above = sql_name(table.schema, table.name), sql_name_of(parent)
        condition = (
            f"NOT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhrelid = {regclass(child)} "
            f"AND inhparent = {regclass(above)})"
        )
        yield run(table, Rank.ATTACH, guarded(condition, f"{alter} INHERIT {above}"))


def create_view(view: View, sides: Sides) -> Steps:
    """A missing view."""
    yield _view(view)
    yield from new_owner_grants_comment(view, sides)


def _view(view: View) -> StepDraft:
    return run(
        view,
        Rank.VIEW,
        f"CREATE OR REPLACE VIEW {sql_name(view.schema, view.name)}{_with(view.options)} AS\n{_query(view.definition)};",
        makes=frozenset({(view.schema, view.name)}),
        needs=view.definition,
    )


def _query(definition: str) -> str:
    return definition.rstrip().removesuffix(";")


def _with(options: tuple[str, ...]) -> str:
    return f"\nWITH ({with_options(options)})" if options else ""


def change_view(difference: Difference, sides: Sides) -> Steps:
    """A view that both sides have is replaced where its columns stay, with new ones at the end."""
    view, actual = difference.expected, difference.actual
    if not isinstance(view, View) or not isinstance(actual, View):
        return
    changed = {change.name for change in difference.fields}
    if "definition" in changed:
        if _keeps_columns(view, sides):
            yield _view(view)
        else:
            drop = f"DROP VIEW {sql_name(view.schema, view.name)};\n" + _view(view).step.sql
            yield ask(view, f"its columns differ: {RECREATE}\n{differing(difference, 'definition')}", drop)
    if "options" in changed:
        for action in option_actions(view.options, actual.options):
            yield run(view, Rank.ON_VIEW, f"ALTER VIEW {sql_name(view.schema, view.name)} {action};")
    yield from changed_owner_grants_comment(difference, sides)


def _keeps_columns(view: View, sides: Sides) -> bool:
    """Whether every column of the owner's view is in the legacy one with its type; the order shows when it is tried."""
    wanted = {column.name: column.type for column in sides.columns.get(view.key, ())}
    has = [o for o in sides.actual.objects if o.kind == "column" and o.belongs_to == ("view", view.key)]
    return all(wanted.get(getattr(column, "name", "")) == getattr(column, "type", None) for column in has)


def create_materialized_view(view: MaterializedView, sides: Sides) -> Steps:
    """A missing materialized view, filled at once."""
    where = sql_name(view.schema, view.name)
    using = f"\nUSING {sql_name(view.access_method)}" if view.access_method not in {None, "heap"} else ""
    space = f"\nTABLESPACE {sql_name(view.tablespace)}" if view.tablespace else ""
    yield run(
        view,
        Rank.VIEW,
        f"CREATE MATERIALIZED VIEW IF NOT EXISTS {where}{using}{_with(view.options)}{space} AS\n{_query(view.definition)};",
        makes=frozenset({(view.schema, view.name)}),
        needs=view.definition,
    )
    yield from new_owner_grants_comment(view, sides)


def change_materialized_view(difference: Difference, sides: Sides) -> Steps:
    """A materialized view that both sides have; another query needs another view."""
    view, actual = difference.expected, difference.actual
    if not isinstance(view, MaterializedView) or not isinstance(actual, MaterializedView):
        return
    changed = {change.name for change in difference.fields}
    where = f"MATERIALIZED VIEW {sql_name(view.schema, view.name)}"
    if "definition" in changed:
        create = next(iter(create_materialized_view(view, sides))).step.sql
        yield ask(view, f"{RECREATE}\n{differing(difference, 'definition')}", f"DROP {where};\n{create}")
    if {"access_method", "tablespace"} & changed:
        yield ask(view, "the whole view is rewritten\n" + differing(difference, "access_method", "tablespace"))
    if "options" in changed:
        for action in option_actions(view.options, actual.options):
            yield run(view, Rank.ON_VIEW, f"ALTER {where} {action};")
    yield from changed_owner_grants_comment(difference, sides)
