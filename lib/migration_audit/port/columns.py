"""Columns: as CREATE TABLE and ADD COLUMN write them, and what of them may be changed."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.drift import Difference
from migration_audit.model.identifiers import literal, parts_of, sql_name
from migration_audit.model.relations import Column, Sequence, Table
from migration_audit.port.names import foreign_options, guarded, option_actions, regclass, with_options
from migration_audit.port.owner_grants_comment import changed_owner_grants_comment, column_grants, new_owner_grants_comment
from migration_audit.port.step import Rank, Sides, StepDraft, Steps, ask, differing, run

REDACTED = "(redacted)"
_VARLENA = ("text", "character varying", "character", "bytea", "json", "jsonb", "xml", "bit varying", "bit")
_MAIN = ("numeric", "inet", "cidr")
_MAY_FAIL = "fails without changes on a table with rows, because they would have no value"


def column_definition(column: Column, sides: Sides) -> str:
    """A column as CREATE TABLE and ADD COLUMN write it."""
    parts = [sql_name(column.name), column.type]
    if column.options and any("=" in o for o in column.options) and _is_foreign(column, sides):
        parts.append(f"OPTIONS ({foreign_options(column.options)})")
    if column.collation:
        parts.append(f"COLLATE {column.collation}")
    if column.generated:
        parts.append(f"GENERATED ALWAYS AS ({column.default}) {column.generated.upper()}")
    elif column.identity_kind:
        parts.append(_identity_clause(column, sides))
    elif column.default is not None:
        parts.append(f"DEFAULT {column.default}")
    table = column.belongs_to[1] if column.belongs_to else ""
    if column.not_null and (table, f"NOT NULL {sql_name(column.name)}") not in sides.named_not_null:
        parts.append("NOT NULL")
    return " ".join(parts)


def _is_foreign(column: Column, sides: Sides) -> bool:
    table = sides.expected.by_key.get(column.belongs_to or ("", ""))
    return isinstance(table, Table) and table.relation == "foreign table"


def _identity_clause(column: Column, sides: Sides) -> str:
    """``GENERATED … AS IDENTITY`` with the sequence's name and numbers."""
    kind = "ALWAYS" if column.identity_kind == "always" else "BY DEFAULT"
    sequence = sides.owned.get(column.key)
    inside = f" (SEQUENCE NAME {sql_name(sequence.schema, sequence.name)} {sequence_numbers(sequence)})" if sequence else ""
    return f"GENERATED {kind} AS IDENTITY{inside}"


def inherited(column: Column, table: Table, sides: Sides) -> Steps:
    """What a column that comes from the parent has beyond what the parent gives it."""
    if not (table.inherits and not table.partition_bound and not column.is_local) or column.generated:
        return
    parents = [("column", f"{parent}.{column.key.removeprefix(table.key + '.')}") for parent in table.inherits]
    given = [p for key in parents if isinstance(p := sides.expected.by_key.get(key), Column)]
    alter = _alter(column, only=sides.parents)
    if given and given[0].default != column.default:
        value = "DROP DEFAULT" if column.default is None else f"SET DEFAULT {column.default}"
        yield run(column, Rank.ATTRIBUTE, f"{alter} {value};")
    if column.not_null and not any(one.not_null for one in given):
        yield run(column, Rank.ATTRIBUTE, f"{_alter(column)} SET NOT NULL;")


def add_column(column: Column, sides: Sides) -> Steps:
    """A missing column of a table that is there; those of new tables and of views come with them."""
    if column.belongs_to is None or sides.is_new(column.belongs_to[1]) or column.relation != "table":
        if column.relation != "table":
            yield from _view_column(column)
            yield from column_extras(column, sides)
        return
    if column.is_local:
        where = f"ALTER TABLE {sql_name(column.schema, column.table)}"
        needs_value = column.not_null and column.default is None and not column.identity_kind
        yield run(
            column,
            Rank.COLUMN,
            f"{where} ADD COLUMN IF NOT EXISTS {column_definition(column, sides)};",
            note=_MAY_FAIL if needs_value else None,
            makes=frozenset({(column.schema, column.table)}),
            place=(column.belongs_to[1], sides.columns[column.belongs_to[1]].index(column)),
        )
    yield from column_extras(column, sides)


def _view_column(column: Column) -> Steps:
    if column.default is not None and column.relation == "view":
        where = f"ALTER VIEW {sql_name(column.schema, column.table)} ALTER COLUMN {sql_name(column.name)}"
        yield run(column, Rank.ON_VIEW, f"{where} SET DEFAULT {column.default};")


def column_extras(column: Column, sides: Sides) -> Steps:
    """Storage, compression, statistics, options, privileges and comment of a new column."""
    for action in _physical(column):
        yield run(column, Rank.SETTING, f"{_alter(column, only=sides.parents)} {action};")
    if column.privileges:
        yield from column_grants(column, actual=())
    if column.comment is not None:
        yield from (d for d in new_owner_grants_comment(column, sides) if d.rank is Rank.COMMENT)


def _alter(column: Column, only: frozenset[str] = frozenset()) -> str:
    """``ALTER TABLE … ALTER COLUMN …``; of this table alone where it is in ``only``."""
    words = {"materialized view": "MATERIALIZED VIEW", "view": "VIEW"}
    word = words.get(column.relation or "", "TABLE")
    if column.belongs_to is not None and column.belongs_to[1] in only:  # children would get a default or a target too
        word += " ONLY"
    return f"ALTER {word} {sql_name(column.schema, column.table)} ALTER COLUMN {sql_name(column.name)}"


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


def change_column(difference: Difference, sides: Sides) -> Steps:
    """A column that both sides have: what keeps every row runs, what may lose or refuse rows is for a person."""
    column, actual = difference.expected, difference.actual
    if not isinstance(column, Column) or not isinstance(actual, Column):
        return
    changed = {change.name: change for change in difference.fields}
    alter = _alter(column)
    asked = {"type", "collation", "generated"} & changed.keys()
    if asked:
        yield ask(column, _why(difference, asked), _retype(column, alter))
    if "is_local" in changed and not _comes_with_attaching(column, sides):
        yield ask(column, "the column is local on one side and inherited on the other\n" + differing(difference, "is_local"))
    if "default" in changed and "generated" not in changed:
        yield from _change_default(column, _alter(column, only=sides.parents), difference)
    if "identity_kind" in changed:
        yield from _change_identity(column, actual, alter, difference, sides)
    if "not_null" in changed:
        if column.not_null:
            why = "existing rows may be NULL: check first, then run it\n" + differing(difference, "not_null")
            yield ask(column, why, f"{alter} SET NOT NULL;")
        else:
            yield run(column, Rank.ATTRIBUTE, f"{alter} DROP NOT NULL;")
    yield from _change_physical(column, _alter(column, only=sides.parents), difference)
    if "privileges" in changed:
        yield from column_grants(column, actual=actual.privileges)
    yield from (
        d for d in changed_owner_grants_comment(difference, sides) if "comment" in changed and d.rank is not Rank.PRIVILEGES
    )


def _comes_with_attaching(column: Column, sides: Sides) -> bool:
    """Whether its table is attached by the port as a partition, whose columns are its parent's from then on."""
    bounds = [
        getattr(side.by_key.get(column.belongs_to or ("", "")), "partition_bound", None)
        for side in (sides.expected, sides.actual)
    ]
    return not column.is_local and bounds[0] is not None and bounds[1] is None


def _why(difference: Difference, asked: set[str]) -> str:
    return "existing rows must be rewritten, and may not fit\n" + differing(difference, *sorted(asked))


def _retype(column: Column, alter: str) -> str:
    collate = f" COLLATE {column.collation}" if column.collation else ""
    return f"{alter} TYPE {column.type}{collate} USING {sql_name(column.name)}::{column.type};"


def _change_default(column: Column, alter: str, difference: Difference) -> Steps:
    if column.generated:
        yield ask(column, "another generation expression: every row must be recomputed\n" + differing(difference, "default"))
        return
    action = "DROP DEFAULT" if column.default is None else f"SET DEFAULT {column.default}"
    rank = Rank.ON_VIEW if column.relation == "view" else Rank.ATTRIBUTE
    yield run(column, rank, f"{alter} {action};")


def _change_identity(column: Column, actual: Column, alter: str, difference: Difference, sides: Sides) -> Steps:
    if column.identity_kind is None:
        yield ask(
            column, "its sequence would be dropped\n" + differing(difference, "identity_kind"), f"{alter} DROP IDENTITY;"
        )
    elif actual.identity_kind is not None:
        kind = "ALWAYS" if column.identity_kind == "always" else "BY DEFAULT"
        yield run(column, Rank.ATTRIBUTE, f"{alter} SET GENERATED {kind};")
    elif actual.default is not None:
        yield ask(
            column,
            "its default must be dropped first, and the new sequence must start above the highest value\n"
            + differing(difference, "identity_kind", "default"),
            f"{alter} DROP DEFAULT;\n{alter} ADD {_identity_clause(column, sides)};",
        )
    else:
        where = regclass(sql_name(column.schema, column.table))
        condition = (
            f"EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {where} "
            f"AND attname = {literal(column.name)} AND attidentity = '')"
        )
        yield run(
            column,
            Rank.ATTRIBUTE,
            guarded(condition, f"{alter} ADD {_identity_clause(column, sides)}"),
            note="the new sequence must start above the highest existing value",
        )


def _change_physical(column: Column, alter: str, difference: Difference) -> Steps:
    changed = {change.name for change in difference.fields}
    actions = []
    if "storage" in changed:
        actions.append(f"SET STORAGE {column.storage.upper()}")
    if "compression" in changed:
        actions.append(f"SET COMPRESSION {column.compression or 'DEFAULT'}")
    if "statistics" in changed:
        actions.append(f"SET STATISTICS {-1 if column.statistics is None else column.statistics}")
    if "options" in changed:
        has = getattr(difference.actual, "options", ())
        if any(REDACTED in option for option in (*column.options, *has)):
            yield ask(column, "its options may contain a secret: write them yourself\n" + differing(difference, "options"))
        else:
            actions += option_actions(column.options, has)
    for action in actions:
        yield run(column, Rank.SETTING, f"{alter} {action};")


def sequence_numbers(sequence: Sequence) -> str:
    """Its numbers as CREATE SEQUENCE writes them."""
    cycle = "CYCLE" if sequence.cycle else "NO CYCLE"
    return (
        f"INCREMENT BY {sequence.increment} MINVALUE {sequence.minimum} MAXVALUE {sequence.maximum} "
        f"START WITH {sequence.start} CACHE {sequence.cache} {cycle}"
    )


def create_sequence(sequence: Sequence, sides: Sides) -> Steps:
    """A missing sequence; one of an identity column comes with the column."""
    if not _is_identity(sequence, sides):
        unlogged = "UNLOGGED " if sequence.persistence == "unlogged" else ""
        yield run(
            sequence,
            Rank.SEQUENCE,
            f"CREATE {unlogged}SEQUENCE IF NOT EXISTS {sql_name(sequence.schema, sequence.name)} AS {sequence.type} "
            f"{sequence_numbers(sequence)};",
            makes=frozenset({(sequence.schema, sequence.name)}),
        )
        if sequence.owned_by:
            yield _owned_by(sequence)
    yield from new_owner_grants_comment(sequence, sides)


def _is_identity(sequence: Sequence, sides: Sides) -> bool:
    column = sides.expected.by_key.get(("column", sequence.owned_by or ""))
    return isinstance(column, Column) and column.identity_kind is not None


def _owned_by(sequence: Sequence) -> StepDraft:
    owner = sql_name(*parts_of(sequence.owned_by)) if sequence.owned_by else "NONE"
    return run(sequence, Rank.OWNED_BY, f"ALTER SEQUENCE {sql_name(sequence.schema, sequence.name)} OWNED BY {owner};")


def change_sequence(difference: Difference, sides: Sides) -> Steps:
    """A sequence that both sides have; its numbers go on from where they are."""
    sequence = difference.expected
    if not isinstance(sequence, Sequence):
        return
    changed = {change.name for change in difference.fields}
    alter = f"ALTER SEQUENCE {sql_name(sequence.schema, sequence.name)}"
    numbers = {"type", "start", "increment", "minimum", "maximum", "cache", "cycle"}
    if numbers & changed:
        yield run(
            sequence,
            Rank.SETTING,
            f"{alter} AS {sequence.type} {sequence_numbers(sequence)};",
            note="fails without changes if the sequence has already passed its new limits",
        )
    if "owned_by" in changed:
        yield _owned_by(sequence)
    if "persistence" in changed:
        yield run(sequence, Rank.SETTING, f"{alter} SET {'UNLOGGED' if sequence.persistence == 'unlogged' else 'LOGGED'};")
    yield from changed_owner_grants_comment(difference, sides)
