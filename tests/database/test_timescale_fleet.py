"""A schema that uses the community features, restored from dumps into the Apache edition, and the same one drifted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_audit.catalog import dump_snapshot, load_snapshot, open_connection, read_snapshot, save_snapshot
from migration_audit.catalog.features import read_jobs
from migration_audit.checks.cov013_duplicate_indexes import is_default_index
from migration_audit.compare import compare
from migration_audit.model.relations import Index
from migration_audit.model.snapshot import NotRead, Snapshot
from migration_audit.model.timescale import CompressionSettings, ContinuousAggregate
from migration_audit.model.timescale_jobs import Job
from migration_audit.report.setting_tables import hypertable_table

pytestmark = [pytest.mark.server, pytest.mark.timescale]

DATA = Path(__file__).parents[1] / "data"
DUMPED_FROM = "2.19"


def restore(server: Any, cluster: Any, name: str) -> str:
    """A database with what the dump holds, background work switched off while it is restored."""
    if not server.programs:
        pytest.skip("this server has no psql here")
    conninfo: str = cluster.create_database(name.replace("-", "_"))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create extension timescaledb")
        row = connection.execute("select extversion from pg_extension where extname = 'timescaledb'").fetchone()
        if row is None or not row[0].startswith(DUMPED_FROM):
            pytest.skip(f"the dump is of TimescaleDB {DUMPED_FROM}, and this is {row and row[0]}")
        connection.execute("select timescaledb_pre_restore()")
        psql = [str(server.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(DATA / f"{name}.sql")]
        done = subprocess.run([*psql, conninfo], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        connection.execute("select timescaledb_post_restore()")
    return conninfo


@pytest.fixture(scope="module")
def fleet(server: Any, cluster: Any) -> Iterator[str]:
    yield restore(server, cluster, "fleet-community")
    cluster.drop_database("fleet_community")


@pytest.fixture(scope="module")
def drifted(server: Any, cluster: Any) -> Iterator[str]:
    yield restore(server, cluster, "fleet-community-drifted")
    cluster.drop_database("fleet_community_drifted")


@pytest.fixture(scope="module")
def whole(fleet: str) -> Snapshot:
    return read_snapshot(fleet).snapshot


@contextmanager
def changed(conninfo: str, *statements: str) -> Iterator[psycopg.Connection[Any]]:
    """A transaction in which the statements ran, rolled back in the end; no job that its rows are about can start."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("set transaction isolation level repeatable read")
        for statement in statements:
            connection.execute(statement.encode())
        connection.execute("set transaction read only; set local search_path = ''")
        yield connection
        connection.rollback()


def read_changed(conninfo: str, *statements: str) -> Snapshot:
    with changed(conninfo, *statements) as connection:
        return read_snapshot(connection).snapshot


def reported(expected: Snapshot, actual: Snapshot) -> list[tuple[str, ...]]:
    """Each difference as people read it."""
    found: list[tuple[str, ...]] = []
    for one in compare(expected=expected, actual=actual).differences:
        if not one.fields:
            found.append((one.kind, one.key, one.verdict.value))
        found += [(one.kind, one.key, f.name, f"{f.expected} → {f.actual}") for f in one.fields]
    return found


def test_the_seven_changes_are_reported_each_once(whole: Snapshot, drifted: str) -> None:
    assert reported(whole, read_snapshot(drifted).snapshot) == [
        ("compression settings", "fleet.positions", "segment_by", "device_id → None"),
        ("compression settings", "fleet.positions", "order_by", "ts DESC → ts ASC"),
        ("continuous aggregate", "fleet.positions_hourly", "materialized_only", "yes → no"),
        ("dimension", "fleet.events.site", "partitions", "4 → 8"),
        ("dimension", "fleet.positions.ts", "chunk_interval", "1 day → 7 days"),
        ("job", "compression policy on fleet.positions", "schedule", "12:00:00 → 1 day"),
        ("job", "retention policy on fleet.positions", "missing"),
    ]


def test_read_twice_it_is_equal(whole: Snapshot, fleet: str) -> None:
    again = read_snapshot(fleet).snapshot
    assert compare(expected=whole, actual=again).equal
    assert again.digest == whole.digest


def test_everything_is_modelled_and_nothing_reported_twice(whole: Snapshot) -> None:
    assert whole.unmodelled == ()
    assert whole.limits == ()
    # What TimescaleDB keeps for itself has numbers in its names; so has no key of ours.
    assert not [key for _, key in whole.by_key if "_hyper_" in key or "_materialized_" in key or "_view_" in key]
    assert ("view", "fleet.positions_hourly") not in whole.by_key
    assert not [key for kind, key in whole.by_key if kind == "trigger"]


def test_no_number_of_one_server_is_in_a_fact(whole: Snapshot, tmp_path: Path) -> None:
    facts = [(obj.kind, obj.key, [getattr(obj, name) for name in obj.compared()]) for obj in whole.objects]
    text = repr(facts)
    for number in ("_materialized_hypertable_", "hypertable_id", "[1000]", "1004", "_compressed_"):
        assert number not in text
    save_snapshot(whole, tmp_path / "fleet.json")
    assert load_snapshot(tmp_path / "fleet.json") == whole


def test_jobs_are_found_by_what_they_do(whole: Snapshot) -> None:
    assert {job.key: (job.schedule, job.config) for job in whole.of(Job)} == {
        "compression policy on fleet.positions": ("12:00:00", ("compress_after=7 days",)),
        "fleet.tidy": ("1 day", ("keep: (redacted)",)),
        "refresh policy on fleet.positions_hourly": ("00:30:00", ("end_offset=01:00:00", "start_offset=3 days")),
        "reorder policy on fleet.events": ("03:00:00", ("index_name=events_pkey",)),
        "retention policy on fleet.positions": ("1 day", ("drop_after=90 days",)),
    }


def test_a_continuous_aggregate_is_reported_as_it_was_written(whole: Snapshot) -> None:
    [aggregate] = whole.of(ContinuousAggregate)
    assert aggregate.source == "fleet.positions"
    assert " ".join(aggregate.definition.split()) == (
        "SELECT device_id, public.time_bucket('01:00:00'::interval, ts) AS hour, count(*) AS n, max(speed) AS top"
        " FROM fleet.positions GROUP BY device_id, (public.time_bucket('01:00:00'::interval, ts));"
    )
    assert aggregate.indexes == ("btree (device_id, hour DESC)", "btree (hour DESC)")
    assert (aggregate.chunk_interval, aggregate.materialized_only) == ("10 days", True)


def test_chunks_of_the_fleet_lack_no_index(whole: Snapshot) -> None:
    assert {one.table: (one.chunks, one.missing_indexes) for one in whole.chunks} == {
        "counters": (0, ()),
        "events": (21, ()),
        "positions": (0, ()),
    }


def test_default_indexes_are_known(whole: Snapshot) -> None:
    hypertables = {"fleet.positions": ("ts",), "fleet.events": ("at", "site"), "fleet.counters": ("tick",)}
    found = {index.key for index in whole.of(Index) if is_default_index(index, hypertables[index.table])}
    # (device_id, ts DESC) was written by hand: device_id is no dimension.
    assert found == {"fleet.positions_ts_idx", "fleet.events_at_idx", "fleet.counters_tick_idx"}


def test_a_plain_role_reads_the_same(whole: Snapshot, fleet: str) -> None:
    with psycopg.connect(fleet, autocommit=True) as connection:
        connection.execute("drop role if exists fleet_reader")
        connection.execute("create role fleet_reader login")
    plain = f"{fleet} user='fleet_reader'"
    with psycopg.connect(plain) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        # The trap: this view fails, where the tables below it may be read by all.
        connection.execute("select * from timescaledb_information.hypertable_compression_settings")
    snapshot = read_snapshot(plain).snapshot
    assert snapshot.objects == whole.objects
    assert (snapshot.unmodelled, snapshot.chunks, snapshot.jobs) == ((), whole.chunks, whole.jobs)


# What one statement to the catalog does to the comparison: this edition cannot call the functions of the other one.
JOB = "update _timescaledb_config.bgw_job set "
EDITS: dict[str, tuple[str, list[tuple[str, ...]]]] = {
    "the segments are others": (
        "update _timescaledb_catalog.compression_settings set segmentby = '{faulty,device_id}'",
        [("compression settings", "fleet.positions", "segment_by", "device_id → faulty, device_id")],
    ),
    "the order of NULLs is another": (
        "update _timescaledb_catalog.compression_settings set orderby_nullsfirst = '{f}'",
        [("compression settings", "fleet.positions", "order_by", "ts DESC → ts DESC NULLS LAST")],
    ),
    "nobody chose an order": (
        (
            "update _timescaledb_catalog.compression_settings set (orderby, orderby_desc, orderby_nullsfirst)"
            " = row (null, null, null)"
        ),
        [("compression settings", "fleet.positions", "order_by", "ts DESC → None")],
    ),
    "compression is off and its settings are kept": (
        "update _timescaledb_catalog.hypertable set compression_state = 0 where table_name = 'positions'",
        [("compression settings", "fleet.positions", "enabled", "yes → no")],
    ),
    "nothing is compressed": (
        (
            "update _timescaledb_catalog.hypertable set compression_state = 0 where table_name = 'positions';"
            " delete from _timescaledb_catalog.compression_settings"
        ),
        [("compression settings", "fleet.positions", "missing")],
    ),
    "chunks are merged": (
        "update _timescaledb_catalog.dimension set compress_interval_length = 604800000000 where column_name = 'ts'",
        [("compression settings", "fleet.positions", "compress_interval", "None → 7 days")],
    ),
    "a compressed chunk has settings of its own": (
        (
            "create table fleet.c () ; insert into _timescaledb_catalog.compression_settings (relid, compress_relid)"
            " values ((select oid from pg_class where relname = '_hyper_3_9_chunk'), 'fleet.c')"
        ),
        [],
    ),
    "the aggregate is compressed": (
        "update _timescaledb_catalog.hypertable set compression_state = 1 where id = 5",
        [("compression settings", "fleet.positions_hourly", "unexpected")],
    ),
    "the aggregate is in the old form": (
        "update _timescaledb_catalog.continuous_agg set finalized = false",
        [("continuous aggregate", "fleet.positions_hourly", "finalized", "yes → no")],
    ),
    "an index on the aggregate": (
        "create index mine on _timescaledb_internal._materialized_hypertable_5 (n)",
        [
            (
                "continuous aggregate",
                "fleet.positions_hourly",
                "indexes",
                (
                    "btree (device_id, hour DESC), btree (hour DESC)"
                    " → btree (device_id, hour DESC), btree (hour DESC), mine btree (n)"
                ),
            )
        ],
    ),
    "a comment on a column of the aggregate": (
        "comment on column fleet.positions_hourly.n is 'rows'",
        [("continuous aggregate", "fleet.positions_hourly", "comment", "None → column n: rows")],
    ),
    "a privilege on the aggregate": (
        "grant select on fleet.positions_hourly to public",
        [("continuous aggregate", "fleet.positions_hourly", "privileges", "None → PUBLIC: SELECT")],
    ),
    "a privilege on a column of the aggregate": (
        "grant select (n) on fleet.positions_hourly to public",
        [("continuous aggregate", "fleet.positions_hourly", "privileges", "None → column n: PUBLIC: SELECT")],
    ),
    "the word for compression is that of another version": (
        JOB + "application_name = 'Columnstore Policy [1000]' where id = 1000",
        [],
    ),
    "another number": (
        JOB + "id = 1077, application_name = 'Compression Policy [1077]' where id = 1000",
        [],
    ),
    "a name of one's own": (
        JOB + "application_name = 'nightly [1004]' where id = 1004",
        [("job", "fleet.tidy", "name", "None → nightly")],
    ),
    "it is switched off": (
        JOB + "scheduled = false where id = 1001",
        [("job", "retention policy on fleet.positions", "scheduled", "yes → no")],
    ),
    "data goes earlier": (
        JOB + 'config = config || \'{"drop_after": "30 days"}\' where id = 1001',
        [("job", "retention policy on fleet.positions", "config", "drop_after=90 days → drop_after=30 days")],
    ),
    "a key that TimescaleDB does not know": (
        JOB + 'config = config || \'{"password": "hunter2"}\' where id = 1001',
        [
            (
                "job",
                "retention policy on fleet.positions",
                "config",
                "drop_after=90 days → drop_after=90 days, password: (redacted)",
            )
        ],
    ),
    "a value that may be a secret": (
        JOB + 'config = \'{"keep": "hunter2"}\' where id = 1004',
        [("job", "fleet.tidy", "config", "keep: (redacted) → keep: (redacted, differs)")],
    ),
    "the clock chose the start": (JOB + "initial_start = '2026-02-03 04:05:06.789+00' where id = 1004", []),
    "somebody chose the start": (
        JOB + "initial_start = '2026-02-03 04:00:00+00' where id = 1004",
        [("job", "fleet.tidy", "starts_at", "None → 04:00:00")],
    ),
    "somebody chose the day": (
        JOB + "initial_start = '2026-02-03 04:00:00+00', schedule_interval = '7 days' where id = 1004",
        [("job", "fleet.tidy", "schedule", "1 day → 7 days"), ("job", "fleet.tidy", "starts_at", "None → Tuesday 04:00:00")],
    ),
    "somebody chose the day of the month": (
        JOB + "initial_start = '2026-02-03 04:00:00+00', schedule_interval = '1 month' where id = 1004",
        [
            ("job", "fleet.tidy", "schedule", "1 day → 1 mon"),
            ("job", "fleet.tidy", "starts_at", "None → day 3 04:00:00"),
        ],
    ),
    "another check": (
        JOB + "check_schema = 'fleet', check_name = 'tidy' where id = 1004",
        [("job", "fleet.tidy", "check_function", "None → fleet.tidy")],
    ),
    "a second job of the same procedure": (
        (
            "insert into _timescaledb_config.bgw_job select 1099, 'User-Defined Action [1099]', schedule_interval,"
            " max_runtime, max_retries, retry_period, proc_schema, proc_name, owner, scheduled, fixed_schedule,"
            " initial_start, hypertable_id,"
            " '{\"zzz\": 1}', check_schema, check_name, timezone from _timescaledb_config.bgw_job where id = 1004"
        ),
        [("job", "fleet.tidy #2", "unexpected")],
    ),
    "a job that comes with TimescaleDB": (
        JOB + "schedule_interval = '1 year' where id = 3",
        [("job", "TimescaleDB's own retention of the jobs' history", "schedule", "1 mon → 1 year")],
    ),
    "what a job that comes with TimescaleDB does": (
        JOB + """config = '{"drop_after": "P2M"}', scheduled = false where id = 3""",
        [
            ("job", "TimescaleDB's own retention of the jobs' history", "config", "drop_after=1 mon → drop_after=2 mons"),
            ("job", "TimescaleDB's own retention of the jobs' history", "scheduled", "yes → no"),
        ],
    ),
    "an interval in another style": (
        JOB
        + """config = config || '{"drop_after": "P90D"}' where id = 1001;"""
        + JOB
        + """config = config || '{"start_offset": "@ 3 days", "end_offset": "1:00:00"}' where id = 1003""",
        [],
    ),
    "what another version gives a job of its own": (
        JOB + "schedule_interval = '6 hours', config = config || "
        """'{"max_failures_per_job": 1000, "max_successes_per_job": 1000}' where id = 3""",
        [],
    ),
    "changes are found another way (one version says so)": (
        (
            "do $$ begin execute 'create or replace view timescaledb_information.continuous_aggregates as select q.*, "
            "case view_name when ''positions_hourly'' then ''wal'' end as invalidate_using from ('"
            " || rtrim(pg_get_viewdef('timescaledb_information.continuous_aggregates'), ';') || ') q'; end $$"
        ),
        [("continuous aggregate", "fleet.positions_hourly", "invalidate_using", "None → wal")],
    ),
    "a column may be skipped by": (
        "set timescaledb.enable_chunk_skipping = on; select enable_chunk_skipping('fleet.events', 'id')",
        [("chunk skipping", "fleet.events.id", "unexpected")],
    ),
    "chunks are spread": (
        "insert into _timescaledb_catalog.tablespace (hypertable_id, tablespace_name) values (3, 'ssd'), (3, 'hdd')",
        [("hypertable tablespaces", "fleet.events", "unexpected")],
    ),
    "another clock of integers": (
        "update _timescaledb_catalog.dimension set integer_now_func = 'other' where column_name = 'tick'",
        [("dimension", "fleet.counters.tick", "integer_now_function", "fleet.now_tick → fleet.other")],
    ),
    "chunks go elsewhere": (
        "update _timescaledb_catalog.hypertable set associated_schema_name = 'fleet', chunk_target_size = 1000 where id = 3",
        [
            ("hypertable", "fleet.events", "associated_schema", "None → fleet"),
            ("hypertable", "fleet.events", "chunk_target_size", "None → 1000"),
        ],
    ),
}


@pytest.mark.parametrize("case", EDITS.values(), ids=EDITS)
def test_a_setting_is_reported_once(whole: Snapshot, fleet: str, case: tuple[str, list[tuple[str, ...]]]) -> None:
    statement, expected = case
    edited = read_changed(fleet, statement)
    assert reported(whole, edited) == expected
    # A secret has no part in what is kept.
    assert (edited.digest == whole.digest) is ("(redacted) →" in repr(expected) or not expected)
    assert b"hunter2" not in dump_snapshot(edited)


def test_an_aggregate_of_an_aggregate_names_it(fleet: str) -> None:
    snapshot = read_changed(
        fleet,
        "create table _timescaledb_internal._materialized_hypertable_55 (day timestamptz not null, n numeric)",
        "insert into _timescaledb_catalog.hypertable select 55, '_timescaledb_internal', '_materialized_hypertable_55',"
        " '_timescaledb_internal', '_hyper_55', 1, '_timescaledb_functions', 'calculate_chunk_interval', 0",
        "insert into _timescaledb_catalog.dimension (hypertable_id, column_name, column_type, aligned, interval_length)"
        " values (55, 'day', 'timestamptz', true, 86400000000)",
        "create view fleet.daily as select day, n from _timescaledb_internal._materialized_hypertable_55",
        "create view _timescaledb_internal._direct_view_55 as select time_bucket('1 day', m.hour) as day, sum(n) as n,"
        " count(_materialized_hypertable_5.n) as c from _timescaledb_internal._materialized_hypertable_5,"
        " _timescaledb_internal._materialized_hypertable_5 as m group by 1".replace("sum(n)", "sum(m.n)"),
        "insert into _timescaledb_catalog.continuous_agg (mat_hypertable_id, raw_hypertable_id, parent_mat_hypertable_id,"
        " user_view_schema, user_view_name, partial_view_schema, partial_view_name, direct_view_schema, direct_view_name)"
        " values (55, 5, 5, 'fleet', 'daily', 's', 'p55', '_timescaledb_internal', '_direct_view_55')",
    )
    daily = snapshot.by_key["continuous aggregate", "fleet.daily"]
    assert isinstance(daily, ContinuousAggregate)
    assert daily.source == "fleet.positions_hourly"
    assert "_materialized_hypertable_" not in daily.definition
    assert "count(positions_hourly.n) AS c" in daily.definition
    assert snapshot.unmodelled == ()


STATS = (
    "insert into _timescaledb_internal.bgw_job_stat (job_id, last_start, last_finish, next_start, last_successful_finish,"
    " last_run_success, total_runs, total_duration, total_duration_failures, total_successes, total_failures, total_crashes,"
    " consecutive_failures, consecutive_crashes, flags) values ({id}, '2026-01-01 00:00+00', '2026-01-01 00:01+00',"
    " {next}, '2026-01-01 00:01+00', {success}, 4, '1 s', '0 s', 3, 1, 0, 1, 0, 0)"
)


def test_how_jobs_go_is_distinguished(whole: Snapshot, fleet: str) -> None:
    with psycopg.connect(fleet) as connection:
        connection.execute("delete from _timescaledb_internal.bgw_job_stat")
        for number, after, success in ((1000, "now()", "false"), (1001, "'2026-01-02'", "true"), (1002, "now()", "true")):
            connection.execute(STATS.format(id=number, next=after, success=success).encode())
        connection.execute(b"set local search_path = ''")
        found = read_jobs(connection)
        connection.rollback()
    assert not isinstance(found, NotRead)
    jobs = {job.job_id: job for job in found}
    assert (jobs[1000].name, jobs[1000].last_run_failed, jobs[1000].failures) == (
        "compression policy on fleet.positions",
        True,
        1,
    )
    assert (jobs[1001].is_overdue, jobs[1001].next_run) == (True, "2026-01-02T00:00:00Z")
    assert (jobs[1002].is_overdue, jobs[1002].last_run) == (False, "2026-01-01T00:00:00Z")
    # Until 2.22 the statistics lack a job that never ran, and until 2.19 its view by name.
    assert (jobs[1003].name, jobs[1003].runs, jobs[1003].is_overdue) == ("refresh policy on fleet.positions_hourly", 0, True)


def test_data_in_a_tier_is_reported_as_not_compared(fleet: str) -> None:
    snapshot = read_changed(fleet, "update _timescaledb_catalog.chunk set osm_chunk = true where id = 9")
    assert [(one.kind, one.identity) for one in snapshot.unmodelled] == [("tiered storage", "fleet.events")]


def test_reading_settings_leaves_no_locks_on_chunks(fleet: str) -> None:
    with open_connection(fleet) as connection:
        read_snapshot(connection)
        row = connection.execute(
            "select count(*) from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation"
            " where c.relname like '_hyper%'"
        ).fetchone()
    assert row == (0,)


def test_the_settings_stand_in_the_table_of_hypertables(whole: Snapshot, drifted: str) -> None:
    table = hypertable_table({"owner": whole, "prod": read_snapshot(drifted).snapshot})
    text = repr(table)
    for said in ("segment by", "device_id", "retention policy", "drop_after=90 days", "7 days", "fleet.positions_hourly"):
        assert said in text


def test_compression_says_what_it_is(whole: Snapshot) -> None:
    [settings] = whole.of(CompressionSettings)
    assert settings.in_words == "compressed by device_id, ordered by ts DESC"
    assert settings.belongs_to == ("hypertable", "fleet.positions")
