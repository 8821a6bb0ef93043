"""Hypertables: what somebody set, apart from what their chunks look like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_audit.catalog import CatalogReading, load_snapshot, open_connection, read_snapshot, save_snapshot
from migration_audit.checks.cov013_duplicate_indexes import is_default_index
from migration_audit.model.errors import DatabaseError
from migration_audit.model.relations import Index
from migration_audit.model.snapshot import HypertableChunks, NotRead, Snapshot
from migration_audit.model.timescale import Hypertable

pytestmark = [pytest.mark.server, pytest.mark.timescale]


def read(conninfo: str, *statements: str) -> Snapshot:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set timezone to 'UTC'; set client_min_messages to error")
        for statement in statements:
            connection.execute(statement.encode())
    return read_snapshot(conninfo).snapshot


def chunks_of(snapshot: Snapshot) -> HypertableChunks:
    [found] = snapshot.chunks
    return found


HYPERTABLE = (
    "create extension timescaledb",
    "create table t (ts timestamptz not null, d int not null, v float8)",
    "select create_hypertable('t', 'ts', chunk_time_interval => interval '1 day')",
)
DAYS = "insert into t select timestamptz '2025-01-01' + g * interval '1 day', 1, g from generate_series(0, 4) as g"

DIMENSIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a day": ("ts timestamptz", "by_range('c', interval '1 day')", {"type": "time", "chunk_interval": "1 day"}),
    "the default": ("ts timestamptz", "by_range('c')", {"type": "time", "chunk_interval": "7 days"}),
    "a month is reported in days": ("ts timestamp", "by_range('c', interval '1 month')", {"chunk_interval": "30 days"}),
    "a day and a half": ("ts timestamptz", "by_range('c', interval '36 hours')", {"chunk_interval": "36 hours"}),
    "an hour": ("ts timestamptz", "by_range('c', interval '1 hour')", {"chunk_interval": "1 hour"}),
    "seconds": ("ts timestamptz", "by_range('c', interval '90 seconds')", {"chunk_interval": "90 seconds"}),
    "milliseconds": ("ts timestamptz", "by_range('c', interval '1500 ms')", {"chunk_interval": "1500 milliseconds"}),
    "a date": (
        "ts date",
        "by_range('c', interval '2 days')",
        {"type": "time", "chunk_interval": "2 days", "column_type": "date"},
    ),
    "bigint": ("ts bigint", "by_range('c', 86400000000)", {"type": "integer", "chunk_interval": "86400000000"}),
    "smallint": (
        "ts smallint",
        "by_range('c', 100)",
        {"type": "integer", "chunk_interval": "100", "column_type": "smallint", "partitions": None},
    ),
    "a function of the column": (
        "ts jsonb",
        "by_range('c', interval '1 day', partition_func => 'public.at')",
        {"type": "time", "chunk_interval": "1 day", "partitioning_function": "public.at"},
    ),
    "an integer function of the column": (
        "ts jsonb",
        "by_range('c', 10, partition_func => 'public.number')",
        {"type": "integer", "chunk_interval": "10", "partitioning_function": "public.number"},
    ),
}


@pytest.mark.parametrize("case", DIMENSIONS.values(), ids=DIMENSIONS)
def test_an_interval_is_reported_in_words(database: str, case: tuple[str, str, dict[str, Any]]) -> None:
    column, by_range, expected = case
    snapshot = read(
        database,
        "create extension timescaledb",
        "create function public.at(jsonb) returns timestamptz language sql immutable as 'select null::timestamptz'",
        "create function public.number(jsonb) returns bigint language sql immutable as 'select 1::bigint'",
        f"create table t ({column.replace('ts', 'c', 1)} not null)",
        f"select create_hypertable('t', {by_range}, create_default_indexes => false)",
    )
    dimension = snapshot.by_key["dimension", "public.t.c"]
    assert {name: getattr(dimension, name) for name in expected} == expected


def test_a_hypertable_has_its_dimensions_in_order(database: str) -> None:
    snapshot = read(
        database,
        *HYPERTABLE,
        "select add_dimension('t', by_hash('d', 4))",
    )
    hypertable = snapshot.by_key["hypertable", "public.t"]
    hashed = snapshot.by_key["dimension", "public.t.d"]
    assert (hypertable.dimensions, hypertable.associated_schema) == (("ts", "d"), None)
    expected = {
        "type": "hash",
        "partitions": 4,
        "chunk_interval": None,
        "partitioning_function": None,
        "column_type": "integer",
    }
    assert {name: getattr(hashed, name) for name in expected} == expected


def test_a_clock_of_integers_is_reported(database: str) -> None:
    snapshot = read(
        database,
        "create extension timescaledb",
        "create table t (tick bigint not null)",
        "select create_hypertable('t', by_range('tick', 1000))",
        "create function public.now_tick() returns bigint language sql stable as 'select 1::bigint'",
        "select set_integer_now_func('t', 'public.now_tick')",
    )
    dimension = snapshot.by_key["dimension", "public.t.tick"]
    assert dimension.integer_now_function == "public.now_tick"


def test_nothing_of_the_chunks_is_reported_as_schema(database: str) -> None:
    empty = read(database, *HYPERTABLE, "create unique index u on t (d, ts)")
    filled = read(database, DAYS)
    assert filled.objects == empty.objects
    assert filled.unmodelled == ()
    assert not [key for _, key in filled.by_key if "_timescaledb" in key or "_hyper_" in key]


def test_chunks_in_a_schema_that_someone_chose_are_not_shown_as_tables(database: str) -> None:
    snapshot = read(
        database,
        "create extension timescaledb",
        "create schema parts",
        "create table t (ts timestamptz not null, primary key (ts))",
        "select create_hypertable('t', 'ts', associated_schema_name => 'parts', associated_table_prefix => 'part',"
        " chunk_time_interval => interval '1 day')",
        "insert into t values ('2025-01-01'), ('2025-02-01')",
        "create table parts.mine (id int)",
    )
    in_parts = {(kind, key) for kind, key in snapshot.by_key if key.startswith("parts.")}
    assert in_parts == {("table", "parts.mine"), ("column", "parts.mine.id")}
    hypertable = snapshot.by_key["hypertable", "public.t"]
    assert (hypertable.associated_schema, hypertable.chunk_prefix) == ("parts", "part")
    assert chunks_of(snapshot).chunks == 2


def test_a_foreign_key_to_a_hypertable_is_reported_once(database: str) -> None:
    snapshot = read(
        database,
        "create extension timescaledb",
        "create table t (ts timestamptz primary key)",
        "select create_hypertable('t', 'ts')",
        "create table r (ts timestamptz references t)",
        "insert into t values ('2025-01-01'), ('2025-03-01')",
    )
    keys = [key for kind, key in snapshot.by_key if kind == "constraint" and key.startswith("public.r.")]
    assert keys == ["public.r.r_ts_fkey"]


def test_triggers_of_timescaledb_are_not_reported(database: str) -> None:
    snapshot = read(
        database,
        *HYPERTABLE,
        "create function f() returns trigger language plpgsql as 'begin return new; end'",
        "create trigger mine before insert on t for each row execute function f()",
        DAYS,
    )
    assert [key for kind, key in snapshot.by_key if kind == "trigger"] == ["public.t.mine"]


def test_chunks_are_counted_and_measured(database: str) -> None:
    chunks = chunks_of(
        read(
            database,
            *HYPERTABLE,
            DAYS,
            "select set_chunk_time_interval('t', interval '7 days')",
            "insert into t values ('2025-03-01', 1, 1)",
        )
    )
    assert (chunks.schema, chunks.table, chunks.chunks, chunks.compressed) == ("public", "t", 6, 0)
    assert (chunks.first, chunks.last) == ("2025-01-01T00:00:00Z", "2025-03-06T00:00:00Z")
    assert chunks.widths == chunks.plain_widths == (("1 day", 5), ("7 days", 1))
    assert chunks.ranges[0] == ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z")
    assert len(chunks.ranges) == 6
    assert chunks.missing_indexes == ()


def test_chunks_of_integers_are_reported_as_integers(database: str) -> None:
    chunks = chunks_of(
        read(
            database,
            "create extension timescaledb",
            "create table t (tick int not null)",
            "select create_hypertable('t', by_range('tick', 100))",
            "insert into t values (-50), (5), (1050)",
        )
    )
    assert (chunks.first, chunks.last, chunks.widths) == ("-100", "1100", (("100", 3),))


def test_an_empty_hypertable_has_no_chunks(database: str) -> None:
    chunks = chunks_of(read(database, *HYPERTABLE))
    assert (chunks.chunks, chunks.first, chunks.last, chunks.widths, chunks.ranges) == (0, None, None, (), ())


def test_chunks_that_reach_into_infinity_are_read(database: str) -> None:
    chunks = chunks_of(read(database, *HYPERTABLE, "insert into t values ('4714-11-24 BC', 1, 1), ('294246-12-31', 1, 1)"))
    assert chunks.chunks == 2
    assert chunks.first == "-infinity"


INDEXES: dict[str, tuple[str, tuple[tuple[str, int], ...]]] = {
    "none is lacking": ("", ()),
    "one was dropped on a chunk": ("drop index {schema}.{chunk}_t_ts_idx", (("public.t_ts_idx", 1),)),
    "one was renamed on a chunk": ("alter index {schema}.{chunk}_t_ts_idx rename to odd", ()),
    "one with a predicate is there": ("create index p on t (d) where v > 0", ()),
    "one with an expression is there": ("create index p on t ((d + 1), ts)", ()),
    "one with a predicate was dropped": (
        "create index p on t (d) where v > 0; drop index {schema}.{chunk}_p",
        (("public.p", 1),),
    ),
    "one of another order took its place": (
        "drop index {schema}.{chunk}_t_ts_idx; create index odd on {schema}.{chunk} (ts)",
        (("public.t_ts_idx", 1),),
    ),
    "one of another method took its place": (
        "create index h on t using brin (ts); drop index {schema}.{chunk}_h; create index o on {schema}.{chunk} (ts)",
        (("public.h", 1),),
    ),
    "one that a chunk has beyond": ("create index odd on {schema}.{chunk} (v)", ()),
    "after a dropped column": (
        "alter table t drop column d; insert into t (ts) values ('2025-06-01'); create index p on t (v, ts desc)",
        (),
    ),
    "a key": ("alter table t add primary key (ts, d)", ()),
    "one twice": ("create index dup on t (ts desc); insert into t values ('2025-06-01', 1, 1)", ()),
    "an odd name": (
        'create index "Odd i" on t (v); drop index {schema}."{chunk}_Odd i"',
        (('public."Odd i"', 1),),
    ),
}


@pytest.mark.parametrize("case", INDEXES.values(), ids=INDEXES)
def test_indexes_that_chunks_lack_are_reported(database: str, case: tuple[str, tuple[tuple[str, int], ...]]) -> None:
    statement, expected = case
    read(database, *HYPERTABLE, DAYS)
    with psycopg.connect(database) as connection:
        row = connection.execute("select * from show_chunks('t') limit 1").fetchone()
    schema, _, chunk = str(row[0] if row else "").partition(".")
    assert chunks_of(read(database, statement.format(schema=schema, chunk=chunk))).missing_indexes == expected


QUIET = """
create extension timescaledb;
create table ref (id int primary key);
create table t (ts timestamptz not null, d int not null, v float8, x int references ref, name text default 'a', gone int,
                constraint vpos check (v >= 0));
select create_hypertable('t', 'ts', chunk_time_interval => interval '1 day');
alter table t drop column gone;
insert into ref values (1);
insert into t select timestamptz '2025-01-01' + g * interval '1 day', 1, g, 1 from generate_series(0, 2) as g;
create unique index tu on t (d, ts);
create function tf() returns trigger language plpgsql as 'begin return new; end';
create trigger row_t before insert on t for each row execute function tf();
create trigger stm_t after insert on t for each statement execute function tf();
grant select on t to {reader} with grant option; grant insert, update on t to {owner}; revoke update on t from {owner};
grant select (v) on t to {reader};
alter table t owner to {owner};
alter table t set (fillfactor = 70), alter v set statistics 500, alter v set (n_distinct = 5);
alter table t alter name set storage external;
alter table t add constraint later check (d > 0) not valid;
alter table t validate constraint later;
alter table t add y int not null default 3, alter x set not null;
alter table t replica identity full;
alter table t add constraint fk2 foreign key (d) references ref (id) on delete cascade;
create statistics st on d, v from t;
alter table t add constraint pk primary key (ts, d);
alter table t enable row level security;
create policy p on t using (true);
insert into t select timestamptz '2025-02-01' + g * interval '1 day', 1, g, 1 from generate_series(0, 2) as g;
"""
OTHERWISE = {
    "a grant": ("grant select on {chunk} to {other}", "SELECT for {other}"),
    "a grant to all": ("grant insert on {chunk} to public", "INSERT for PUBLIC"),
    "a grant that is taken back": (
        "revoke select on {chunk} from {reader} cascade",
        "no SELECT with grant option for {reader}",
    ),
    "a grant on a column": ("grant update (d) on {chunk} to {other}", "column d: privileges of its own"),
    "an owner": ("update pg_class set relowner = '{other}'::regrole where oid = '{chunk}'::regclass", "owner {other}"),
    "a setting": (
        "alter table {chunk} set (autovacuum_enabled = false)",
        "settings fillfactor=70, autovacuum_enabled=false",
    ),
    "statistics of a column": ("alter table {chunk} alter d set statistics 9", "column d: statistics 9"),
    "a statistics object": ("create statistics own on d, v from {chunk}", "statistics object own"),
    "an index": ("create index odd on {chunk} (v)", "index btree (v)"),
    "a unique index": ("create unique index odd on {chunk} (d, v)", "unique index btree (d, v)"),
    "an index on an expression": ("create index odd on {chunk} ((d + 1))", "index btree ((expression))"),
    "an index with other settings": ("alter index {chunk}_tu set (fillfactor = 55)", "index tu with settings fillfactor=55"),
    "a check": ('alter table {chunk} add constraint "One" check (v < 100)', 'check "One"'),
    "a trigger less": ("drop trigger row_t on {chunk}", "no trigger row_t"),
    "a trigger more": ("create trigger z before update on {chunk} for each row execute function tf()", "trigger z"),
    "a trigger that is off": (
        "update pg_trigger set tgenabled = 'D' where tgname = 'row_t' and tgrelid = '{chunk}'::regclass",
        "trigger row_t (disabled)",
    ),
    "a foreign key less": (
        "delete from pg_constraint where contype = 'f' and confdeltype = 'c' and conrelid = '{chunk}'::regclass",
        "no foreign key on d to public.ref",
    ),
    "a policy": ("create policy own on {chunk} using (true)", "policy own"),
    "a rule": ("create rule own as on delete to {chunk} do instead nothing", "rule own"),
    "row security": ("alter table {chunk} enable row level security", None),
}


@pytest.fixture(scope="module")
def quiet(cluster: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """A hypertable with what may be set on one, and the names that statements about a chunk of it need."""
    conninfo = cluster.create_database("chunk_drift")
    roles = {name: f"chunks_{name}" for name in ("reader", "owner", "other")}
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set client_min_messages to error")
        for role in roles.values():
            connection.execute(f"create role {role}".encode())
        connection.execute(QUIET.format(**roles).encode())
        row = connection.execute("select min(c::text) from show_chunks('t') as c").fetchone()
    assert row
    yield conninfo, {"chunk": row[0], **roles}
    cluster.drop_database("chunk_drift")
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        for role in roles.values():
            connection.execute(f"drop role {role}".encode())


def test_what_is_set_on_a_hypertable_is_set_on_its_chunks(quiet: tuple[str, dict[str, str]]) -> None:
    chunks = chunks_of(read_snapshot(quiet[0]).snapshot)
    assert (chunks.chunks, chunks.missing_indexes, chunks.missing_unique, chunks.otherwise) == (6, (), (), ())


@pytest.mark.parametrize("case", OTHERWISE.values(), ids=OTHERWISE)
def test_what_a_chunk_has_otherwise_is_reported(quiet: tuple[str, dict[str, str]], case: tuple[str, str | None]) -> None:
    conninfo, names = quiet
    statement, expected = case
    with psycopg.connect(conninfo) as connection:
        connection.execute("set transaction isolation level repeatable read")
        connection.execute(statement.format(**names).encode())
        connection.execute("set transaction read only; set local search_path = ''")
        found = chunks_of(read_snapshot(connection).snapshot).otherwise
        connection.rollback()
    reported = [(what, count, example) for what, count, example in found if not what.startswith("SELECT for")] or list(found)
    wanted = expected and expected.format(**names)
    assert reported == ([(wanted, 1, names["chunk"])] if wanted else [])


def test_a_table_that_inherits_from_a_hypertable_is_no_chunk(database: str) -> None:
    read(database, *HYPERTABLE, DAYS)
    try:
        found = read(database, "create table child (x int) inherits (t)")
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("this version of TimescaleDB refuses it")
    assert {obj.key for obj in found.objects if obj.kind == "table"} == {"public.t", "public.child"}


def test_a_unique_index_that_a_chunk_lacks_is_reported_as_one(database: str) -> None:
    read(database, *HYPERTABLE, "create unique index u on t (ts, d)", DAYS)
    with psycopg.connect(database) as connection:
        row = connection.execute("select min(c::text) from show_chunks('t') as c").fetchone()
    chunks = chunks_of(read(database, f"drop index {row and row[0]}_u"))
    assert (chunks.missing_indexes, chunks.missing_unique) == ((("public.u", 1),), ("public.u",))


def test_dropping_a_duplicate_takes_the_other_ones_chunk_index_along(database: str) -> None:
    read(database, *HYPERTABLE, "create index dup on t (ts desc)", DAYS)
    dropped = read(database, "drop index public.dup")
    with psycopg.connect(database) as connection:
        row = connection.execute("select to_regclass('_timescaledb_catalog.chunk_index') is null").fetchone()
    shares = row is not None and row[0]  # since 2.22
    assert chunks_of(dropped).missing_indexes == ((("public.t_ts_idx", 5),) if shares else ())


def test_reading_chunks_keeps_no_locks_on_them(database: str) -> None:
    read(database, *HYPERTABLE, DAYS)
    with psycopg.connect(database) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        reading: CatalogReading = read_snapshot(connection)
        row = connection.execute(
            "select count(*) from pg_locks l join pg_class c on c.oid = l.relation where c.relname like '_hyper%'"
        ).fetchone()
    assert chunks_of(reading.snapshot).chunks == 5
    assert row == (0,)


def test_what_is_not_modelled_of_timescaledb_is_reported(database: str) -> None:
    # This edition cannot make these; its catalog can hold them, as a restored dump does.
    snapshot = read(
        database,
        *HYPERTABLE,
        "create view public.hourly as select 1 as n",
        "insert into _timescaledb_catalog.compression_settings (relid) values ('t')",
        "create function public.tidy(int, jsonb) returns void language sql as ''",
        "create table _timescaledb_internal._materialized_hypertable_99 (n int)",
        "insert into _timescaledb_catalog.hypertable select 99, '_timescaledb_internal', '_materialized_hypertable_99',"
        " '_timescaledb_internal', '_hyper_99', 1, '_timescaledb_functions', 'calculate_chunk_interval', 0",
        "insert into _timescaledb_catalog.continuous_agg (mat_hypertable_id, raw_hypertable_id, user_view_schema,"
        " user_view_name, partial_view_schema, partial_view_name, direct_view_schema, direct_view_name)"
        " select 99, min(id), 'public', 'hourly', 's', 'p', 's', 'd' from _timescaledb_catalog.hypertable",
    )
    # The view that holds the query as somebody wrote it is not there.
    assert [(one.kind, one.identity) for one in snapshot.unmodelled] == [
        ("continuous aggregate without its views", "public.hourly")
    ]
    settings = snapshot.by_key["compression settings", "public.t"]
    assert (settings.enabled, settings.segment_by, settings.order_by) == (False, None, None)
    # The number in a continuous aggregate's query differs from server to server: it is no plain view.
    assert ("view", "public.hourly") not in snapshot.by_key


def test_no_timescaledb_no_hypertables(database: str) -> None:
    snapshot = read(database, "create table t (ts timestamptz)")
    assert snapshot.server.timescaledb_license is None
    assert {obj.kind for obj in snapshot.objects} == {"database", "extension", "schema", "table", "column"}
    assert snapshot.chunks == ()


def test_the_edition_is_known(database: str) -> None:
    server = read(database, "create extension timescaledb").server
    assert server.timescaledb_license in {"apache", "timescale"}
    assert "timescaledb" in dict(server.extension_versions)


def test_chunks_that_cannot_be_read_do_not_cost_the_snapshot(database: str, tmp_path: Path) -> None:
    whole = read(database, *HYPERTABLE, DAYS)
    with psycopg.connect(database) as holder, open_connection(database) as connection:
        holder.execute("lock table _timescaledb_catalog.dimension_slice in access exclusive mode")
        connection.execute("set local lock_timeout = '100ms'")
        snapshot = read_snapshot(connection).snapshot
    assert snapshot.objects == whole.objects
    assert isinstance(snapshot.chunks, NotRead)
    assert "lock timeout" in snapshot.chunks.reason
    [limit] = snapshot.limits
    assert limit.startswith("The chunks of the hypertables could not be read: ")
    save_snapshot(snapshot, tmp_path / "kept.json")
    assert load_snapshot(tmp_path / "kept.json") == snapshot


def test_settings_of_this_edition_are_reported(database: str) -> None:
    snapshot = read(
        database,
        *HYPERTABLE,
        "set timescaledb.enable_chunk_skipping = on",
        "select enable_chunk_skipping('t', 'd')",
        DAYS,
    )
    assert ("chunk skipping", "public.t.d") in snapshot.by_key
    assert sum(kind == "chunk skipping" for kind, _ in snapshot.by_key) == 1


def test_settings_that_this_version_keeps_in_a_place_of_its_own(database: str) -> None:
    """Rows written by hand: the edition that makes them is not packaged, and the columns differ by version."""
    made = read(database, *HYPERTABLE, "create function tidy(int, jsonb) returns void language sql as ''")
    with psycopg.connect(database) as connection:
        row = connection.execute("select to_regclass('_timescaledb_catalog.bgw_job') is not null").fetchone()
        newer = row is not None and row[0]
    jobs = f"_timescaledb_{'catalog' if newer else 'config'}.bgw_job"
    settings = {
        True: (
            "update _timescaledb_catalog.hypertable set status = 4 | 8",
            (
                "insert into _timescaledb_catalog.compression_settings (relid, segmentby, index) values ('t', '{d}',"
                """ '[{"type": "bloom", "column": "v", "source": "config"}]')"""
            ),
            (
                "insert into _timescaledb_catalog.hypertable_cagg_settings select id, 'd', '1 day', '1 hour'"
                " from _timescaledb_catalog.hypertable"
            ),
        ),
        False: (
            "update _timescaledb_catalog.hypertable set compression_state = 1",
            "insert into _timescaledb_catalog.compression_settings (relid, segmentby) values ('t', '{d}')",
        ),
    }
    job = (
        f"insert into {jobs} select {{number}}, 'Columnstore Policy [{{number}}]', '12 hours', '0', -1, '1 hour',"
        " '_timescaledb_functions', 'policy_compression', 'postgres'::regrole, true, false, null, id,"
        """ jsonb_build_object('hypertable_id', id, 'compress_after', '7 days'), null, null, 'UTC'"""
        " from _timescaledb_catalog.hypertable"
    )
    snapshot = read(database, *settings[bool(newer)], job.format(number=1234))
    compression = snapshot.by_key["compression settings", "public.t"]
    assert (compression.enabled, compression.segment_by, compression.order_by) == (True, "d", None)
    assert compression.direct_compress is bool(newer)
    assert compression.sparse_indexes == (("bloom(v) source=config",) if newer else ())
    assert (("granular refresh", "public.t") in snapshot.by_key) is bool(newer)
    policy = snapshot.by_key["job", "compression policy on public.t"]
    assert (policy.config, policy.name, policy.timezone) == (("compress_after=7 days",), None, "UTC")
    assert [one.name for one in snapshot.jobs] == ["compression policy on public.t"]
    assert snapshot.unmodelled == made.unmodelled == ()


def test_tablespaces_are_reported_in_their_order(database: str) -> None:
    snapshot = read(
        database,
        *HYPERTABLE,
        "insert into _timescaledb_catalog.tablespace (hypertable_id, tablespace_name)"
        " select id, unnest(array['zz', 'aa']) from _timescaledb_catalog.hypertable",
    )
    assert snapshot.by_key["hypertable tablespaces", "public.t"].tablespaces == ("zz", "aa")


def test_a_default_index_is_known_on_a_real_server(database: str) -> None:
    long = "measurements_of_the_fleet_in_the_northern_half_of_the_country_x"[:60]
    snapshot = read(
        database,
        "create extension timescaledb",
        f'create table {long} ("time" timestamptz not null, d int not null)',
        f"select create_hypertable('{long}', 'time', partitioning_column => 'd', number_partitions => 2)",
        f'create index on {long} ("time")',
    )
    [hypertable] = snapshot.of(Hypertable)
    found = {index.columns for index in snapshot.of(Index) if is_default_index(index, hypertable.dimensions)}
    assert found == {'("time" DESC)', '(d, "time" DESC)'}


def test_the_catalog_of_2_16_to_2_18_is_read(database: str) -> None:
    """No server of these versions is to be had: theirs is that of 2.19 without one column."""
    whole = read(database, *HYPERTABLE, DAYS)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("alter table _timescaledb_catalog.compression_settings drop column compress_relid cascade")
    # What TimescaleDB itself looks up in its catalog is not there any more: it stays out of the session.
    snapshot = read_snapshot(f"{database} options='-c timescaledb.restoring=on'").snapshot
    assert (snapshot.objects, snapshot.chunks) == (whole.objects, whole.chunks)


def test_2_14_and_2_15_are_refused_by_name(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create extension timescaledb")
        connection.execute("alter table _timescaledb_catalog.chunk_column_stats rename to of_a_later_version")
    with pytest.raises(DatabaseError, match=r"the server has TimescaleDB 2\.\S+; the audit supports 2\.16 and later"):
        read_snapshot(f"{database} options='-c timescaledb.restoring=on'")
