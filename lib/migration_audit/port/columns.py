"""Columns: as CREATE TABLE and ADD COLUMN write them, and what of them may be changed; and sequences."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.identifiers import literal, sql_name, sql_name_of
from migration_audit.model.relations import Column, Sequence, Table
from migration_audit.port.names import (
    foreign_options,
    guarded,
    may_be_secret,
    option_actions,
    qualified,
    regclass,
    table_of,
    with_options,
)
from migration_audit.port.step import Changes, Rank, Sides, StepDraft, Steps, ask_about, run

_VARLENA = ("text", "character varying", "character", "bytea", "json", "jsonb", "xml", "bit varying", "bit")
_MAIN = ("numeric", "inet", "cidr")
_MAY_FAIL = "fails without changes on a table with rows, because they would have no value"


def column_definition(column: Column, sides: Sides) -> str:
    """A column as CREATE TABLE and ADD COLUMN write it."""
    parts = [sql_name(column.name), column.type]
    table = sides.expected_table(column.belongs_to)
    if any("=" in option for option in column.options) and table is not None and table.relation == "foreign table":
        parts.append(foreign_options(column.options))
    if column.collation:
        parts.append(f"COLLATE {column.collation}")
    if column.generated:
        parts.append(f"GENERATED ALWAYS AS ({column.default}) {column.generated.upper()}")
    elif column.identity_kind:
        parts.append(_identity_clause(column, sides))
    elif column.default is not None:
        parts.append(f"DEFAULT {column.default}")
    if column.not_null and (column.belongs_to[1], f"NOT NULL {sql_name(column.name)}") not in sides.named_not_null:
        parts.append("NOT NULL")
    return " ".join(parts)


def _generated(column: Column) -> str:
    return f"GENERATED {'ALWAYS' if column.identity_kind == 'always' else 'BY DEFAULT'}"


def _identity_clause(column: Column, sides: Sides) -> str:
    """``GENERATED … AS IDENTITY`` with the sequence's name and numbers."""
    sequence = sides.owned.get(column.key)
    inside = f" (SEQUENCE NAME {qualified(sequence)} {_sequence_numbers(sequence)})" if sequence else ""
    return f"{_generated(column)} AS IDENTITY{inside}"


def _default_action(column: Column) -> str:
    return "DROP DEFAULT" if column.default is None else f"SET DEFAULT {column.default}"


def inherited(column: Column, table: Table, sides: Sides) -> Steps:
    """What a column that comes from the parent has beyond what the parent gives it."""
    if not (table.inherits and not table.partition_bound and not column.is_local) or column.generated:
        return
    parents = [("column", f"{parent}.{column.key.removeprefix(table.key + '.')}") for parent in table.inherits]
    given = [p for key in parents if isinstance(p := sides.expected.by_key.get(key), Column)]
    if given and given[0].default != column.default:
        yield run(column, Rank.ATTRIBUTE, f"{_alter(column, only=sides.parents)} {_default_action(column)};")
    if column.not_null and not any(one.not_null for one in given):
        yield run(column, Rank.ATTRIBUTE, f"{_alter(column)} SET NOT NULL;")


def add_column(column: Column, sides: Sides) -> Steps:
    """A missing column; a view brings its columns, but for what is set of them."""
    if column.relation == "view" and column.default is not None:
        yield run(column, Rank.ON_VIEW, f"{_alter(column)} {_default_action(column)};")
    elif column.relation == "table" and column.is_local:
        needs_value = column.not_null and column.default is None and not column.identity_kind
        table = column.belongs_to[1]
        yield run(
            column,
            Rank.COLUMN,
            f"ALTER TABLE {table_of(column)} ADD COLUMN IF NOT EXISTS {column_definition(column, sides)};",
            note=_MAY_FAIL if needs_value else None,
            makes=(column.schema, column.table),
            place=(table, sides.columns[table].index(column)),
        )
    yield from physical(column, sides)


def physical(column: Column, sides: Sides) -> Steps:
    """Storage, compression, statistics and options of a new column."""
    for action in _physical(column):
        yield run(column, Rank.SETTING, f"{_alter(column, only=sides.parents)} {action};")


def _alter(column: Column, only: frozenset[str] = frozenset()) -> str:
    """``ALTER TABLE … ALTER COLUMN …``; of this table alone where it is in ``only``."""
    words = {"materialized view": "MATERIALIZED VIEW", "view": "VIEW"}
    word = words.get(column.relation or "", "TABLE")
    if column.belongs_to[1] in only:  # children would get a default or a target too
        word += " ONLY"
    return f"ALTER {word} {table_of(column)} ALTER COLUMN {sql_name(column.name)}"


def _physical(column: Column) -> Iterator[str]:
    usual = _usual_storage(column.type)
    if column.relation == "view":
        return
    if column.storage != usual if usual else column.storage in {"external", "main"}:
        yield f"SET STORAGE {column.storage.upper()}"
    if column.compression:
        yield f"SET COMPRESSION {column.compression}"
    if column.statistics is not None:
        yield f"SET STATISTICS {column.statistics}"
    settings = tuple(option for option in column.options if option.startswith("n_distinct"))
    if settings:
        yield f"SET ({with_options(settings)})"


def _usual_storage(type_name: str) -> str | None:
    """The storage that a type gives; None for types that a user made."""
    bare = type_name.partition("(")[0].strip()
    if type_name.endswith("[]") or bare in _VARLENA:
        return "extended"
    if bare in _MAIN:
        return "main"
    return None if "." in bare else "plain"


def change_column(column: Column, actual: Column, changes: Changes, sides: Sides) -> Steps:
    """A column that both sides have: what keeps every row runs, what may lose or refuse rows is for a person."""
    alter, here = _alter(column), _alter(column, only=sides.parents)
    if asked := {"type", "collation", "generated"} & changes.keys():
        why = "existing rows must be rewritten, and may not fit"
        yield ask_about(column, changes, why, *asked, sql=_retype(column, alter))
    if "is_local" in changes and not _comes_with_attaching(column, sides):
        yield ask_about(column, changes, "the column is local on one side and inherited on the other", "is_local")
    if "default" in changes and column.generated and "generated" not in changes:
        yield ask_about(column, changes, "another generation expression: every row must be recomputed", "default")
    elif "default" in changes and "generated" not in changes:
        rank = Rank.ON_VIEW if column.relation == "view" else Rank.ATTRIBUTE
        yield run(column, rank, f"{here} {_default_action(column)};")
    if "identity_kind" in changes:
        yield _change_identity(column, actual, alter, changes, sides)
    if "not_null" in changes and column.not_null:
        why = "existing rows may be NULL: check first, then run it"
        yield ask_about(column, changes, why, "not_null", sql=f"{alter} SET NOT NULL;")
    elif "not_null" in changes:
        yield run(column, Rank.ATTRIBUTE, f"{alter} DROP NOT NULL;")
    yield from _change_physical(column, actual, here, changes)


def _comes_with_attaching(column: Column, sides: Sides) -> bool:
    """Whether its table is attached by the port as a partition, whose columns are its parent's from then on."""
    bounds = [
        getattr(side.by_key.get(column.belongs_to), "partition_bound", None) for side in (sides.expected, sides.actual)
    ]
    return not column.is_local and bounds[0] is not None and bounds[1] is None


def _retype(column: Column, alter: str) -> str:
    collate = f" COLLATE {column.collation}" if column.collation else ""
    return f"{alter} TYPE {column.type}{collate} USING {sql_name(column.name)}::{column.type};"


def _change_identity(column: Column, actual: Column, alter: str, changes: Changes, sides: Sides) -> StepDraft:
    if column.identity_kind is None:
        return ask_about(column, changes, "its sequence would be dropped", "identity_kind", sql=f"{alter} DROP IDENTITY;")
    if actual.identity_kind is not None:
        return run(column, Rank.ATTRIBUTE, f"{alter} SET {_generated(column)};")
    add = f"{alter} ADD {_identity_clause(column, sides)}"
    if actual.default is not None:
        why = "its default must be dropped first, and the new sequence must start above the highest value"
        sql = f"{alter} DROP DEFAULT;\n{add};"
        return ask_about(column, changes, why, "identity_kind", "default", sql=sql)
    condition = (
        f"EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {regclass(table_of(column))} "
        f"AND attname = {literal(column.name)} AND attidentity = '')"
    )
    note = "the new sequence must start above the highest existing value"
    return run(column, Rank.ATTRIBUTE, guarded(condition, add), note=note)


def _change_physical(column: Column, actual: Column, alter: str, changes: Changes) -> Steps:
    values = {
        "storage": column.storage.upper(),
        "compression": column.compression or "DEFAULT",
        "statistics": -1 if column.statistics is None else column.statistics,
    }
    actions = [f"SET {name.upper()} {value}" for name, value in values.items() if name in changes]
    if "options" in changes and may_be_secret((*column.options, *actual.options)):
        yield ask_about(column, changes, "its options may contain a secret: write them yourself", "options")
    elif "options" in changes:
        actions += option_actions(column.options, actual.options)
    for action in actions:
        yield run(column, Rank.SETTING, f"{alter} {action};")


def _sequence_numbers(sequence: Sequence) -> str:
    """Its numbers as CREATE SEQUENCE writes them."""
    cycle = "CYCLE" if sequence.cycle else "NO CYCLE"
    return (
        f"INCREMENT BY {sequence.increment} MINVALUE {sequence.minimum} MAXVALUE {sequence.maximum} "
        f"START WITH {sequence.start} CACHE {sequence.cache} {cycle}"
    )


def create_sequence(sequence: Sequence, sides: Sides) -> Steps:
    """A missing sequence; one of an identity column comes with the column."""
    column = sides.expected.by_key.get(("column", sequence.owned_by or ""))
    if isinstance(column, Column) and column.identity_kind is not None:
        return
    unlogged = "UNLOGGED " if sequence.persistence == "unlogged" else ""
    what = f"{qualified(sequence)} AS {sequence.type} {_sequence_numbers(sequence)}"
    sql = f"CREATE {unlogged}SEQUENCE IF NOT EXISTS {what};"
    yield run(sequence, Rank.SEQUENCE, sql, makes=(sequence.schema, sequence.name))
    if sequence.owned_by:
        yield _owned_by(sequence)


def _owned_by(sequence: Sequence) -> StepDraft:
    owner = sql_name_of(sequence.owned_by) if sequence.owned_by else "NONE"
    return run(sequence, Rank.OWNED_BY, f"ALTER SEQUENCE {qualified(sequence)} OWNED BY {owner};")


def change_sequence(sequence: Sequence, actual: Sequence, changes: Changes, sides: Sides) -> Steps:
    """A sequence that both sides have; its numbers go on from where they are."""
    alter = f"ALTER SEQUENCE {qualified(sequence)}"
    if {"type", "start", "increment", "minimum", "maximum", "cache", "cycle"} & changes.keys():
        note = "fails without changes if the sequence has already passed its new limits"
        sql = f"{alter} AS {sequence.type} {_sequence_numbers(sequence)};"
        yield run(sequence, Rank.SETTING, sql, note=note)
    if "owned_by" in changes:
        yield _owned_by(sequence)
    if "persistence" in changes:
        yield run(sequence, Rank.SETTING, f"{alter} SET {'UNLOGGED' if sequence.persistence == 'unlogged' else 'LOGGED'};")
