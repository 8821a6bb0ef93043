"""TimescaleDB's Community edition on a real engine: what the Apache edition of Debian's packages cannot execute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_inputs import environment
from migration_audit.audit.preflight.port import MadePort, PortTask, proven
from migration_audit.audit.preflight.shadows import build_shadow
from migration_audit.catalog import read_snapshot
from migration_audit.checks import liv004_live_indexes, liv007_chunks, liv008_live_timescale_settings, liv009_jobs
from migration_audit.compare import Rules, compare
from migration_audit.model.finding import Finding
from migration_audit.model.port import ProofOutcome
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.sql import SqlSource
from migration_audit.port import build_port
from migration_audit.sources import load_source

pytestmark = [pytest.mark.server, pytest.mark.timescale, pytest.mark.slow]

EXTENSION = "create extension if not exists timescaledb;"
TABLE = """create schema {s};
create table {s}.m (ts timestamptz not null, dev text not null, v float8, n int);
select create_hypertable('{s}.m', by_range('ts', interval '1 day'));
"""
COMPRESSED = TABLE + "alter table {s}.m set (timescaledb.compress, timescaledb.compress_segmentby = 'dev');"
HOURLY = (
    TABLE
    + """create materialized view {s}.hourly with (timescaledb.continuous) as
    select dev, time_bucket(interval '1 hour', ts) as hour, max(v) as top from {s}.m group by 1, 2 with no data;"""
)

PORTS: dict[str, tuple[str, str]] = {
    "compression": (
        TABLE
        + """alter table {s}.m set (timescaledb.compress, timescaledb.compress_segmentby = 'dev',
            timescaledb.compress_orderby = 'ts asc nulls first, n desc',
            timescaledb.compress_chunk_time_interval = '7 days');""",
        TABLE,
    ),
    "compression_without_a_choice": (TABLE + "alter table {s}.m set (timescaledb.compress);", TABLE),
    "policies": (
        COMPRESSED
        + """select add_compression_policy('{s}.m', interval '7 days');
        select add_reorder_policy('{s}.m', 'm_ts_idx');""",
        COMPRESSED,
    ),
    "policy_altered": (
        COMPRESSED + "select alter_job(add_compression_policy('{s}.m', interval '7 days'), schedule_interval => '2 days');",
        COMPRESSED + "select add_compression_policy('{s}.m', interval '7 days');",
    ),
    "aggregate_with_policy": (
        HOURLY
        + """alter materialized view {s}.hourly set (timescaledb.materialized_only = false);
        select add_continuous_aggregate_policy('{s}.hourly', interval '3 days', interval '1 hour', interval '30 minutes');
        comment on view {s}.hourly is 'by the hour';""",
        TABLE,
    ),
    "aggregate_compressed": (
        HOURLY
        + """alter materialized view {s}.hourly set (timescaledb.compress);
        select add_continuous_aggregate_policy('{s}.hourly', interval '3 days', interval '1 hour', interval '30 minutes');
        select add_compression_policy('{s}.hourly', interval '45 days');""",
        TABLE,
    ),
    "aggregate_of_an_aggregate": (
        HOURLY
        + """create materialized view {s}.daily with (timescaledb.continuous) as
        select dev, time_bucket(interval '1 day', hour) as day, max(top) as top from {s}.hourly group by 1, 2
        with no data;""",
        TABLE,
    ),
}


def all_of(side: int) -> str:
    return EXTENSION + "".join(pair[side].replace("{s}", name) for name, pair in PORTS.items())


def compared(community: Any, folder: Path, legacy: str, owner: str) -> tuple[PortTask, list[SqlSource]]:
    """The comparison of two SQL texts on this engine, and the second one as a source."""
    sources = []
    for name, sql in (("legacy", legacy), ("owner", owner)):
        (folder / f"{name}.sql").write_text(sql)
        sources.append([load_source(name, [folder / f"{name}.sql"], shown_from=folder)])
    with community.cluster() as cluster:
        left, right = (build_shadow(cluster, name, given)[0] for name, given in zip(("l", "r"), sources, strict=True))
    assert left.snapshot, left.applied.failure
    assert right.snapshot, right.applied.failure
    drift = compare(expected=left.snapshot, actual=right.snapshot, rules=Rules())
    return PortTask(
        drift=drift, expected=left.snapshot, actual=right.snapshot, origins=left.origins, rules=Rules(), applied_by=None
    ), sources[1]


@pytest.fixture(scope="module")
def ported(community: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[PortTask, MadePort]:
    """One port of all pairs: applied twice to one database."""
    about, owner = compared(community, tmp_path_factory.mktemp("ports"), all_of(0), all_of(1))
    return about, proven(about, server=community, owner=owner)


@pytest.mark.parametrize("pair", PORTS)
def test_every_pair_differs_before(ported: tuple[PortTask, MadePort], pair: str) -> None:
    keys = " ".join(difference.key for difference in ported[0].drift.differences)
    assert f"{pair}." in keys


def test_the_port_applies_twice_and_covers(ported: tuple[PortTask, MadePort]) -> None:
    proof = ported[1].proof
    assert proof.outcome is ProofOutcome.PROVEN, proof.reasons


TIDY = TABLE + """create procedure {s}.tidy(job_id int, config jsonb) language sql as 'select 1';"""
JOBS = "".join(f"select add_job('t.tidy', interval '{n} days', config => '{{\"n\": {n}}}');" for n in (1, 2, 3))
STYLED = "set intervalstyle = {}; select add_retention_policy('t.m', interval '90 days'); reset intervalstyle;"


@pytest.fixture(scope="module")
def jobs(community: Any, tmp_path_factory: pytest.TempPathFactory) -> PortTask:
    """Two sides with other jobs."""
    base = EXTENSION + TIDY.replace("{s}", "t")
    legacy = base + JOBS + STYLED.format("postgres") + "select alter_job(3, scheduled => false);"
    actual = base + JOBS.replace("interval '1 days'", "interval '9 days'") + STYLED.format("iso_8601")
    return compared(community, tmp_path_factory.mktemp("jobs"), legacy, actual)[0]


def test_one_changed_job_of_several_is_one_difference(jobs: PortTask) -> None:
    reported = [(d.key, [(f.name, f.expected, f.actual) for f in d.fields]) for d in jobs.drift.roots]
    assert reported == [
        ("TimescaleDB's own retention of the jobs' history", [("scheduled", "no", "yes")]),
        ("t.tidy", [("schedule", "1 day", "9 days")]),
    ]


def test_the_port_alters_the_one_job_that_is_alone(jobs: PortTask) -> None:
    steps = build_port(jobs.drift, expected=jobs.expected, actual=jobs.actual).steps
    [alters] = [step for step in steps if not step.for_person]
    assert "alter_job(job_id, scheduled => FALSE)" in alters.sql
    [asks] = [step for step in steps if step.for_person]
    assert "several jobs of this procedure" in str(asks.for_person)


LIVE = """
create table m (ts timestamptz not null, dev text not null, v float8);
select create_hypertable('m', by_range('ts', interval '1 day'));
create unique index u on m (dev, ts);
create role reader;
grant select on m to reader;
alter table m set (fillfactor = 80), alter v set statistics 50;
insert into m select timestamptz '2026-01-01' + g * interval '1 day', 'a', g from generate_series(0, 4) as g;
alter table m set (timescaledb.compress, timescaledb.compress_segmentby = 'dev');
select compress_chunk(c) from (select c from show_chunks('m') as c order by c limit 2) as old;
select add_compression_policy('m', interval '7 days');
select alter_job(add_retention_policy('m', interval '90 days'), scheduled => false);
"""


@pytest.fixture(scope="module")
def live(community: Any) -> tuple[Snapshot, Snapshot]:
    """A live database with compressed chunks, before and after what somebody did to its chunks and policies."""
    with community.database(LIVE) as conninfo:
        before = read_snapshot(conninfo).snapshot
        with psycopg.connect(conninfo, autocommit=True) as connection:
            names = [row[0] for row in connection.execute("select c::text from show_chunks('m') as c order by c").fetchall()]
            for statement in (
                f"grant insert on {names[3]} to reader",
                f"drop index {names[4]}_u",
                "select set_chunk_time_interval('m', interval '12 hours')",
                "select alter_job(1000, schedule_interval => interval '2 days')",
            ):
                connection.execute(statement.encode())
        return before, read_snapshot(conninfo).snapshot


def test_chunks_next_to_compressed_ones_are_like_their_hypertable(live: tuple[Snapshot, Snapshot]) -> None:
    [chunks] = live[0].chunks
    assert (chunks.chunks, chunks.compressed, chunks.plain_widths) == (5, 2, (("1 day", 3),))
    assert (chunks.missing_indexes, chunks.otherwise) == ((), ())
    assert (live[0].limits, live[0].server.timescaledb_license) == ((), "timescale")


def findings(run: Any, **inputs: Any) -> list[str]:
    return [one.key for one in run(environment=environment(), **inputs) if isinstance(one, Finding)]


def test_the_checks_of_live_chunks_and_jobs_find_each(live: tuple[Snapshot, Snapshot]) -> None:
    before, after = live
    assert findings(liv007_chunks.run, live=before) == []
    assert findings(liv007_chunks.run, live=after) == [
        "LIV007:prod:public.m:INSERT for reader",
        "LIV007:prod:public.m:width",
    ]
    drift = compare(expected=before, actual=after)
    indexes = findings(liv004_live_indexes.run, live=after, live_drift=drift, owner_origins={})
    assert indexes == ["LIV004:index:public.u:chunks"]
    settings = findings(liv008_live_timescale_settings.run, live_drift=drift, owner_origins={})
    assert settings == ["LIV008:job:compression policy on public.m:schedule"]
    # Nothing runs jobs here.
    assert findings(liv009_jobs.run, live=after) == [
        "LIV009:prod:compression policy on public.m:1000:never",
        "LIV009:prod:retention policy on public.m:1001:off",
    ]
