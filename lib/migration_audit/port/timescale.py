"""Hypertables and their settings, as TimescaleDB's functions take them.

Source: https://docs.timescale.com/api/latest/ (hypertables, compression, continuous aggregates)
"""

from __future__ import annotations

from migration_audit.model.identifiers import literal
from migration_audit.model.timescale import (
    ChunkSkipping,
    CompressionSettings,
    ContinuousAggregate,
    Dimension,
    GranularRefresh,
    Hypertable,
    HypertableTablespaces,
)
from migration_audit.port.names import qualified, table_of
from migration_audit.port.step import Changes, Rank, Sides, StepDraft, Steps, ask, ask_about, run

_ROWS = "fails without changes on a table with rows: add migrate_data => TRUE, which moves them under a lock"
_NEW_CHUNKS = "applies from the next chunk on; existing chunks do not change"


def create_hypertable(hypertable: Hypertable, sides: Sides) -> Steps:
    """A table that is to become a hypertable, with its first dimension; its indexes are steps of their own."""
    of_table = [d for d in sides.expected.of(Dimension) if d.belongs_to[1] == hypertable.key]
    first = next((d for d in of_table if d.column == next(iter(hypertable.dimensions), None)), None)
    if first is None:
        yield ask(hypertable, "its first dimension is not known")
        return
    size = hypertable.chunk_target_size
    options = {
        "time_partitioning_func": first.partitioning_function,
        "associated_schema_name": hypertable.associated_schema,
        "associated_table_prefix": hypertable.chunk_prefix,
        "chunk_target_size": f"{size}B" if size else None,
    }
    arguments = [literal(table_of(hypertable)), literal(first.column)]
    arguments += [f"chunk_time_interval => {_interval(first)}"] if first.chunk_interval else []
    arguments += [f"{name} => {literal(value)}" for name, value in options.items() if value]
    arguments += ["create_default_indexes => FALSE", "if_not_exists => TRUE"]
    note = None if hypertable.belongs_to in sides.missing else _ROWS
    sql = sides.timescaledb("create_hypertable", *arguments)
    yield run(hypertable, Rank.HYPERTABLE, sql, note=note, needs=_needs(first))


def _needs(dimension: Dimension) -> str:
    functions = (dimension.partitioning_function, dimension.integer_now_function)
    return " ".join([table_of(dimension), *filter(None, functions)])


def _interval(dimension: Dimension) -> str:
    if dimension.type == "integer":
        return str(dimension.chunk_interval)
    return f"INTERVAL {literal(str(dimension.chunk_interval))}"


def create_dimension(dimension: Dimension, sides: Sides) -> Steps:
    """A further dimension, in the order in which the legacy side added them; the first one comes with the hypertable."""
    hypertable = sides.expected.by_key.get(dimension.belongs_to)
    order = hypertable.dimensions if isinstance(hypertable, Hypertable) else ()
    if order and dimension.column != order[0]:
        yield _add_dimension(dimension, order, sides)
    elif dimension.belongs_to not in sides.missing:
        yield ask(dimension, "the first dimension of a hypertable cannot be changed: the table must be re-created")
        return
    if dimension.integer_now_function:
        yield _integer_now(dimension, dimension.integer_now_function, sides)


def _add_dimension(dimension: Dimension, order: tuple[str, ...], sides: Sides) -> StepDraft:
    arguments = [literal(table_of(dimension)), literal(dimension.column)]
    if dimension.partitions is not None:
        arguments.append(f"number_partitions => {dimension.partitions}")
    elif dimension.chunk_interval:
        arguments.append(f"chunk_time_interval => {_interval(dimension)}")
    if dimension.partitioning_function:
        arguments.append(f"partitioning_func => {literal(dimension.partitioning_function)}")
    _, table = dimension.belongs_to
    return run(
        dimension,
        Rank.DIMENSION,
        sides.timescaledb("add_dimension", *arguments, "if_not_exists => TRUE"),
        note=None if ("table", table) in sides.missing else "fails without changes on a hypertable that already has chunks",
        needs=_needs(dimension),
        place=(table, order.index(dimension.column)),
    )


def _integer_now(dimension: Dimension, function: str, sides: Sides) -> StepDraft:
    table = table_of(dimension)
    sql = sides.timescaledb("set_integer_now_func", literal(table), literal(function), "replace_if_exists => TRUE")
    return run(dimension, Rank.ATTRIBUTE, sql, needs=f"{table} {function}")


def change_hypertable(hypertable: Hypertable, actual: Hypertable, changes: Changes, sides: Sides) -> Steps:
    """A hypertable that both sides have; missing dimensions are steps of their own."""
    if "chunk_target_size" in changes:
        size = "off" if hypertable.chunk_target_size is None else f"{hypertable.chunk_target_size}B"
        sql = sides.timescaledb("set_adaptive_chunking", literal(table_of(hypertable)), literal(size))
        yield run(hypertable, Rank.SETTING, sql, note=_NEW_CHUNKS)
    if {"associated_schema", "chunk_prefix"} & changes.keys():
        why = "where chunks are stored and how they are named is set when a hypertable is created"
        yield ask_about(hypertable, changes, why, "associated_schema", "chunk_prefix")
    if "dimensions" in changes and set(actual.dimensions) - set(hypertable.dimensions):
        yield ask_about(hypertable, changes, "a dimension cannot be removed", "dimensions")


def change_dimension(dimension: Dimension, actual: Dimension, changes: Changes, sides: Sides) -> Steps:
    """A dimension that both sides have: intervals and partitions change for new chunks, the rest is for a person."""
    if asked := {"column_type", "type", "partitioning_function"} & changes.keys():
        yield ask_about(dimension, changes, "the hypertable must be re-created", *asked)
        return
    intervals = {
        "chunk_interval": ("set_chunk_time_interval", _interval(dimension)),
        "partitions": ("set_number_partitions", str(dimension.partitions)),
    }
    for name, (function, value) in intervals.items():
        if name in changes and getattr(dimension, name):
            sql = sides.timescaledb(function, literal(table_of(dimension)), value, literal(dimension.column))
            yield run(dimension, Rank.SETTING, sql, note=_NEW_CHUNKS)
    if "integer_now_function" in changes:
        if dimension.integer_now_function:
            yield _integer_now(dimension, dimension.integer_now_function, sides)
        else:
            yield ask_about(dimension, changes, "a function for now cannot be removed", "integer_now_function")


def create_compression(settings: CompressionSettings, sides: Sides) -> Steps:
    """Compression that the actual side lacks."""
    yield from _set_compression(settings, has=None)


def change_compression(settings: CompressionSettings, actual: CompressionSettings, changes: Changes, sides: Sides) -> Steps:
    """Compression settings that both sides have; chunks that are compressed stay as they are."""
    yield from _set_compression(settings, has=actual)


def _set_compression(settings: CompressionSettings, has: CompressionSettings | None) -> Steps:
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
    sql = f"ALTER {what} {table_of(settings)} SET ({', '.join(parts)});"
    yield run(settings, Rank.SETTING, sql, note=_NEW_CHUNKS)


def create_aggregate_view(view: ContinuousAggregate, sides: Sides) -> Steps:
    """A missing continuous aggregate, not filled: its first refresh is a person's to plan."""
    if not view.finalized:
        yield ask(view, "it has the format from before TimescaleDB 2.7, which no version creates any more")
    if view.granular_refresh:
        yield ask(view, "its granular refresh must be enabled in the syntax of your TimescaleDB version")
    call = f"CALL refresh_continuous_aggregate({literal(qualified(view))}, NULL, NULL)"
    note = f"it is empty until it is refreshed: {call}"
    yield run(view, Rank.VIEW, _create_view(view), note=note, makes=(view.schema, view.name), needs=view.definition)


def _create_view(view: ContinuousAggregate) -> str:
    return (
        f"CREATE MATERIALIZED VIEW IF NOT EXISTS {qualified(view)}\n"
        f"WITH (timescaledb.continuous, {_materialized_only(view)}) AS\n"
        f"{view.definition.rstrip().removesuffix(';')}\nWITH NO DATA;"
    )


def _materialized_only(view: ContinuousAggregate) -> str:
    return f"timescaledb.materialized_only = {str(view.materialized_only).lower()}"


def change_aggregate_view(view: ContinuousAggregate, actual: ContinuousAggregate, changes: Changes, sides: Sides) -> Steps:
    """A continuous aggregate that both sides have; another query needs another one, and loses what old rows made."""
    where = qualified(view)
    if "materialized_only" in changes:
        yield run(view, Rank.SETTING, f"ALTER MATERIALIZED VIEW {where} SET ({_materialized_only(view)});")
    if "chunk_interval" in changes and view.chunk_interval:
        width = view.chunk_interval if view.chunk_interval.isdigit() else f"INTERVAL {literal(view.chunk_interval)}"
        sql = sides.timescaledb("set_chunk_time_interval", literal(where), width)
        yield run(view, Rank.SETTING, sql, note=_NEW_CHUNKS)
    if asked := changes.keys() - {"materialized_only", "chunk_interval", "owner", "privileges", "comment"}:
        why = "it must be dropped and created again, and its results for deleted rows are lost"
        yield ask_about(view, changes, why, *asked, sql=f"DROP MATERIALIZED VIEW {where};\n{_create_view(view)}")


def create_chunk_skipping(skipping: ChunkSkipping, sides: Sides) -> Steps:
    """A column by whose range chunks are to be skipped."""
    arguments = (literal(table_of(skipping)), literal(skipping.column), "if_not_exists => TRUE")
    # TimescaleDB refuses the call while its own setting is off, as it is unless it is turned on.
    lines = (
        "SET timescaledb.enable_chunk_skipping = on;",
        sides.timescaledb("enable_chunk_skipping", *arguments),
        "RESET timescaledb.enable_chunk_skipping;",
    )
    yield run(skipping, Rank.SETTING, "\n".join(lines), note="queries skip chunks only if the setting is also on for them")


def attach_tablespaces(spaces: HypertableTablespaces, sides: Sides) -> Steps:
    """Tablespaces over which chunks are to be spread."""
    rest = (literal(table_of(spaces)), "if_not_attached => TRUE")
    calls = [sides.timescaledb("attach_tablespace", literal(one), *rest) for one in spaces.tablespaces]
    yield run(spaces, Rank.SETTING, "\n".join(calls))


def change_tablespaces(
    spaces: HypertableTablespaces, actual: HypertableTablespaces, changes: Changes, sides: Sides
) -> Steps:
    """Tablespaces of a hypertable: further ones are attached, others or another order are for a person."""
    if spaces.tablespaces[: len(actual.tablespaces)] == actual.tablespaces:
        yield from attach_tablespaces(spaces, sides)
    else:
        yield ask_about(spaces, changes, "tablespaces must be detached first")


def granular_refresh(setting: GranularRefresh, sides: Sides) -> Steps:
    """Only versions that are new to it have it, and they do not agree on how it is written."""
    yield ask(setting, f"set it in the syntax of your TimescaleDB version: {setting.in_words}")
