"""A snapshot of many hypertables with chunks, one of which lacks an index, beside psql with the same queries.

Run it as ``python tests/benchmarks/bench_hypertables.py [HYPERTABLES] [CHUNKS]`` (1,000 and 5 unless given; making 100,000
chunks takes hours). It needs TimescaleDB.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import psycopg
from measured import audit, by_turns, measure, print_goal, print_rows
from own_queries import psql_with_own_queries

from migration_audit.shadow import find_server

TIMES_QUERIES = 3.0
MOST_MEGABYTES = 300.0
RUNS = 3
PART = 50


def main() -> int:
    """Measure, print, compare."""
    hypertables, chunks = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((1, 1_000), (2, 5)))
    server = find_server(os.environ.get("MIGRATION_AUDIT_SERVER"), extensions=("timescaledb",), progress=print)
    with server.cluster() as cluster, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        conninfo = cluster.create_database("bench_chunks")
        make_hypertables(conninfo, hypertables, chunks)
        works = {
            "psql, our queries": psql_with_own_queries(conninfo, folder, programs=server.programs),
            "snapshot": audit("snapshot", "env:BENCH_CHUNKS", "-o", str(folder / "one.json")),
        }
        found = by_turns(
            {each: partial(measure, command, BENCH_CHUNKS=conninfo) for each, command in works.items()}, runs=RUNS
        )
        size = (folder / "one.json").stat().st_size / 1e6
    print_rows(f"{hypertables:,} hypertables with {chunks} chunks each; medians of {RUNS} by turns", found)
    print(f"the snapshot: {size:.2f} MB")
    ours, theirs = found["snapshot"], found["psql, our queries"]
    goals = [
        print_goal("snapshot / psql", ours.seconds / theirs.seconds, TIMES_QUERIES),
        print_goal("memory", ours.megabytes, MOST_MEGABYTES, " MB"),
    ]
    return int(not all(goals))


def make_hypertables(conninfo: str, hypertables: int, chunks: int) -> None:
    """Make them, each with a row a day; one chunk lacks an index that its hypertable has."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create extension if not exists timescaledb")
        for start in range(0, hypertables, PART):
            with connection.transaction():
                for number in range(start, min(start + PART, hypertables)):
                    name = f"public.metric_{number}"
                    connection.execute(
                        f"create table {name} (at timestamptz not null, device int not null, value double precision);"
                        f"select create_hypertable('{name}', 'at', chunk_time_interval => interval '1 day');"
                        f"create index metric_{number}_device on {name} (device, at desc);"
                        f"insert into {name} select '2026-01-01'::timestamptz + n * interval '1 day', n, n"
                        f" from generate_series(0, {chunks - 1}) n".encode()
                    )
        chunk, index = connection.execute(
            "select i.schemaname, i.indexname from pg_indexes i where i.schemaname = '_timescaledb_internal'"
            " and i.indexname like '%metric_0_device' order by i.indexname limit 1"
        ).fetchone() or ("", "")
        connection.execute(f'drop index "{chunk}"."{index}"'.encode())


if __name__ == "__main__":
    sys.exit(main())
