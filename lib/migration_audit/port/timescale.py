"""Hypertables and their settings, as TimescaleDB's functions take them.

Source: https://docs.timescale.com/api/latest/ (hypertables, compression, continuous aggregates)
"""

from __future__ import annotations

from migration_audit.model.drift import Difference
from migration_audit.model.identifiers import literal, sql_name
from migration_audit.model.timescale import (
    ChunkSkipping,
    CompressionSettings,
    ContinuousAggregate,
    Dimension,
    GranularRefresh,
    Hypertable,
    HypertableTablespaces,
)
from migration_audit.port.owner_grants_comment import changed_owner_grants_comment, new_owner_grants_comment
from migration_audit.port.step import Rank, Sides, StepDraft, Steps, ask, differing, run

_ROWS = (
    "TRUE and mind the lock => fails without changes on a table with rows: "
    "add migrate_data => TRUE and mind the lock => TRUE and mind the lock"
)
_NEW_CHUNKS = "applies from the next chunk on; existing chunks do not change"


def _table(obj: Hypertable | Dimension | CompressionSettings | ChunkSkipping | HypertableTablespaces) -> str:
    return literal(sql_name(obj.schema, obj.table))


def _dimension(hypertable: Hypertable, column: str, sides: Sides) -> Dimension | None:
    found = (d for d in sides.expected.of(Dimension) if (d.schema, d.table) == (hypertable.schema, hypertable.table))
    return next((d for d in found if d.column == column), None)


def create_hypertable(hypertable: Hypertable, sides: Sides) -> Steps:
    """A table that is to become a hypertable, with its first dimension; its indexes are steps of their own."""
    first = _dimension(hypertable, hypertable.dimensions[0], sides) if hypertable.dimensions else None
    if first is None:
        yield ask(hypertable, "its first dimension is not known")
        return
    arguments = [_table(hypertable), literal(first.column)]
    arguments += [f"chunk_time_interval => {_interval(first)}"] if first.chunk_interval else []
    if first.partitioning_function:
        arguments.append(f"time_partitioning_func => {literal(first.partitioning_function)}")
    if hypertable.associated_schema:
        arguments.append(f"associated_schema_name => {literal(hypertable.associated_schema)}")
    if hypertable.chunk_prefix:
        arguments.append(f"associated_table_prefix => {literal(hypertable.chunk_prefix)}")
    if hypertable.chunk_target_size:
        arguments.append(f"chunk_target_size => {literal(f'{hypertable.chunk_target_size}B')}")
    arguments += ["create_default_indexes => FALSE", "if_not_exists => TRUE"]
    is_new = sides.is_missing("table", hypertable.belongs_to[1] if hypertable.belongs_to else "")
    sql = f"SELECT {sides.timescaledb}create_hypertable({', '.join(arguments)});"
    yield run(hypertable, Rank.HYPERTABLE, sql, note=None if is_new else _ROWS, needs=_needs(hypertable, first))


def _needs(hypertable: Hypertable, dimension: Dimension) -> str:
    functions = (dimension.partitioning_function, dimension.integer_now_function)
    return " ".join([sql_name(hypertable.schema, hypertable.table), *filter(None, functions)])


def _interval(dimension: Dimension) -> str:
    if dimension.type == "integer":
        return str(dimension.chunk_interval)
    return f"INTERVAL {literal(str(dimension.chunk_interval))}"


def create_dimension(dimension: Dimension, sides: Sides) -> Steps:
    """A further dimension, in the order in which the legacy side added them; the first one comes with the hypertable."""
    hypertable = sides.expected.by_key.get(dimension.belongs_to or ("", ""))
    order = hypertable.dimensions if isinstance(hypertable, Hypertable) else ()
    if isinstance(hypertable, Hypertable) and order and dimension.column != order[0]:
        yield _add_dimension(hypertable, dimension, sides)
    elif not sides.is_missing(*(dimension.belongs_to or ("", ""))):
        yield ask(dimension, "the first dimension of a hypertable cannot be changed: the table must be re-created")
        return
    if dimension.integer_now_function:
        yield _integer_now(dimension, sides)


def _add_dimension(hypertable: Hypertable, dimension: Dimension, sides: Sides) -> StepDraft:
    arguments = [_table(dimension), literal(dimension.column)]
    if dimension.partitions is not None:
        arguments.append(f"number_partitions => {dimension.partitions}")
    elif dimension.chunk_interval:
        arguments.append(f"chunk_time_interval => {_interval(dimension)}")
    if dimension.partitioning_function:
        arguments.append(f"partitioning_func => {literal(dimension.partitioning_function)}")
    arguments.append("if_not_exists => TRUE")
    is_new = sides.is_missing("table", dimension.belongs_to[1] if dimension.belongs_to else "")
    return run(
        dimension,
        Rank.DIMENSION,
        f"SELECT {sides.timescaledb}add_dimension({', '.join(arguments)});",
        note=None if is_new else "fails without changes on a hypertable that already has chunks",
        needs=_needs(hypertable, dimension),
        place=(hypertable.key, hypertable.dimensions.index(dimension.column)),
    )


def _integer_now(dimension: Dimension, sides: Sides) -> StepDraft:
    call = f"{_table(dimension)}, {literal(str(dimension.integer_now_function))}, replace_if_exists => TRUE"
    needs = f"{sql_name(dimension.schema, dimension.table)} {dimension.integer_now_function}"
    return run(dimension, Rank.ATTRIBUTE, f"SELECT {sides.timescaledb}set_integer_now_func({call});", needs=needs)


def change_hypertable(difference: Difference, sides: Sides) -> Steps:
    """A hypertable that both sides have; missing dimensions are steps of their own."""
    hypertable = difference.expected
    if not isinstance(hypertable, Hypertable):
        return
    changed = {change.name for change in difference.fields}
    if "chunk_target_size" in changed:
        size = "off" if hypertable.chunk_target_size is None else f"{hypertable.chunk_target_size}B"
        call = f"{_table(hypertable)}, {literal(size)}"
        yield run(hypertable, Rank.SETTING, f"SELECT {sides.timescaledb}set_adaptive_chunking({call});", note=_NEW_CHUNKS)
    if {"associated_schema", "chunk_prefix"} & changed:
        why = "where chunks are stored and how they are named is set when a hypertable is created\n"
        yield ask(hypertable, why + differing(difference, "associated_schema", "chunk_prefix"))
    lacking = set(getattr(difference.actual, "dimensions", ())) - set(hypertable.dimensions)
    if "dimensions" in changed and lacking:
        yield ask(hypertable, "a dimension cannot be removed\n" + differing(difference, "dimensions"))


def change_dimension(difference: Difference, sides: Sides) -> Steps:
    """A dimension that both sides have: intervals and partitions change for new chunks, the rest is for a person."""
    dimension = difference.expected
    if not isinstance(dimension, Dimension):
        return
    changed = {change.name for change in difference.fields}
    asked = {"column_type", "type", "partitioning_function"} & changed
    if asked:
        yield ask(dimension, "the hypertable must be re-created\n" + differing(difference, *sorted(asked)))
        return
    if "chunk_interval" in changed and dimension.chunk_interval:
        call = f"{_table(dimension)}, {_interval(dimension)}, {literal(dimension.column)}"
        yield run(dimension, Rank.SETTING, f"SELECT {sides.timescaledb}set_chunk_time_interval({call});", note=_NEW_CHUNKS)
    if "partitions" in changed and dimension.partitions:
        call = f"{_table(dimension)}, {dimension.partitions}, {literal(dimension.column)}"
        yield run(dimension, Rank.SETTING, f"SELECT {sides.timescaledb}set_number_partitions({call});", note=_NEW_CHUNKS)
    if "integer_now_function" in changed:
        if dimension.integer_now_function:
            yield _integer_now(dimension, sides)
        else:
            yield ask(dimension, "a function for now cannot be removed\n" + differing(difference, "integer_now_function"))


def set_compression(settings: CompressionSettings, sides: Sides, *, has: CompressionSettings | None = None) -> Steps:
    """Compression that the actual side has not, or ``has`` otherwise; chunks that are compressed stay as they are."""
    what = "MATERIALIZED VIEW" if settings.relation == "continuous aggregate" else "TABLE"
    odd = [*settings.sparse_indexes, *(["direct compression"] if settings.direct_compress else [])]
    if not settings.enabled:
        yield ask(settings, "the legacy SQL turns compression off: compressed chunks must be decompressed first")
        return
    if odd:
        yield ask(settings, "these settings are written differently by each version of TimescaleDB:\n" + "\n".join(odd))
    parts = ["timescaledb.compress"]
    if settings.segment_by is not None or (has and has.segment_by):
        parts.append(f"timescaledb.compress_segmentby = {literal(settings.segment_by or '')}")
    if settings.order_by is not None or (has and has.order_by):
        parts.append(f"timescaledb.compress_orderby = {literal(settings.order_by or '')}")
    if settings.compress_interval is not None:
        parts.append(f"timescaledb.compress_chunk_time_interval = {literal(settings.compress_interval)}")
    where = sql_name(settings.schema, settings.table)
    yield run(settings, Rank.SETTING, f"ALTER {what} {where} SET ({', '.join(parts)});", note=_NEW_CHUNKS)


def change_compression(difference: Difference, sides: Sides) -> Steps:
    """Compression settings that both sides have."""
    settings, has = difference.expected, difference.actual
    if isinstance(settings, CompressionSettings) and isinstance(has, CompressionSettings):
        yield from set_compression(settings, sides, has=has)


def create_aggregate_view(view: ContinuousAggregate, sides: Sides) -> Steps:
    """A missing continuous aggregate, not filled: its first refresh is a person's to plan."""
    options = ["timescaledb.continuous", f"timescaledb.materialized_only = {str(view.materialized_only).lower()}"]
    if not view.finalized:
        yield ask(view, "it has the format from before TimescaleDB 2.7, which no version creates any more")
    if view.granular_refresh:
        yield ask(view, "its granular refresh must be enabled in the syntax of your TimescaleDB version")
    sql = (
        f"CREATE MATERIALIZED VIEW IF NOT EXISTS {sql_name(view.schema, view.name)}\nWITH ({', '.join(options)}) AS\n"
        f"{view.definition.rstrip().removesuffix(';')}\nWITH NO DATA;"
    )
    made = frozenset({(view.schema, view.name)})
    call = f"CALL refresh_continuous_aggregate({literal(sql_name(view.schema, view.name))}, NULL, NULL)"
    note = f"it is empty until it is refreshed: {call}"
    yield run(view, Rank.VIEW, sql, note=note, makes=made, needs=view.definition)
    yield from new_owner_grants_comment(view, sides)


def change_aggregate_view(difference: Difference, sides: Sides) -> Steps:
    """A continuous aggregate that both sides have; another query needs another one, and loses what old rows made."""
    view = difference.expected
    if not isinstance(view, ContinuousAggregate):
        return
    changed = {change.name for change in difference.fields}
    where = sql_name(view.schema, view.name)
    if "materialized_only" in changed:
        value = str(view.materialized_only).lower()
        sql = f"ALTER MATERIALIZED VIEW {where} SET (timescaledb.materialized_only = {value});"
        yield run(view, Rank.SETTING, sql)
    if "chunk_interval" in changed and view.chunk_interval:
        width = view.chunk_interval if view.chunk_interval.isdigit() else f"INTERVAL {literal(view.chunk_interval)}"
        sql = f"SELECT {sides.timescaledb}set_chunk_time_interval({literal(where)}, {width});"
        yield run(view, Rank.SETTING, sql, note=_NEW_CHUNKS)
    asked = changed - {"materialized_only", "chunk_interval", "owner", "privileges", "comment"}
    if asked:
        why = "it must be dropped and created again, and its results for deleted rows are lost\n"
        create = next(d for d in create_aggregate_view(view, sides) if d.step.for_person is None).step.sql
        yield ask(view, why + differing(difference, *sorted(asked)), f"DROP MATERIALIZED VIEW {where};\n{create}")
    yield from changed_owner_grants_comment(difference, sides)


def create_chunk_skipping(skipping: ChunkSkipping, sides: Sides) -> Steps:
    """A column by whose range chunks are to be skipped."""
    call = f"{_table(skipping)}, {literal(skipping.column)}, if_not_exists => TRUE"
    # TimescaleDB refuses the call while its own setting is off, as it is unless somebody turns it on.
    lines = (
        "SET timescaledb.enable_chunk_skipping = on;",
        f"SELECT {sides.timescaledb}enable_chunk_skipping({call});",
        "RESET timescaledb.enable_chunk_skipping;",
    )
    yield run(skipping, Rank.SETTING, "\n".join(lines), note="queries skip chunks only if the setting is also on for them")


def attach_tablespaces(spaces: HypertableTablespaces, sides: Sides) -> Steps:
    """Tablespaces over which chunks are to be spread."""
    table = _table(spaces)
    calls = [
        f"SELECT {sides.timescaledb}attach_tablespace({literal(one)}, {table}, if_not_attached => TRUE);"
        for one in spaces.tablespaces
    ]
    yield run(spaces, Rank.SETTING, "\n".join(calls))


def change_tablespaces(difference: Difference, sides: Sides) -> Steps:
    """Tablespaces of a hypertable: further ones are attached, others or another order are for a person."""
    spaces = difference.expected
    if not isinstance(spaces, HypertableTablespaces):
        return
    has = getattr(difference.actual, "tablespaces", ())
    if spaces.tablespaces[: len(has)] == has:
        yield from attach_tablespaces(spaces, sides)
    else:
        yield ask(spaces, "tablespaces must be detached first\n" + differing(difference))


def granular_refresh(setting: GranularRefresh, sides: Sides) -> Steps:
    """Only versions that are new to it have it, and they do not agree on how it is written."""
    yield ask(setting, f"set it in the syntax of your TimescaleDB version: {setting.in_words}")
