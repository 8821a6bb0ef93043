"""``snapshot`` and ``compare`` of 5,000 tables (90,003 objects) as whole processes, beside ``pg_dump -s``.

Run it as ``python tests/benchmarks/bench_snapshot.py [TABLES]``; it starts a cluster of its own and removes it.
Exit code 1 when a snapshot takes more than twice as long as ``pg_dump -s``, or more than 300 MB.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import psycopg
from measured import audit, by_turns, change_tables, make_tables, measure

from migration_audit.shadow import find_server

MOST_TIMES_PG_DUMP = 2.0
MOST_MEGABYTES = 300
RUNS = 5


def main() -> int:
    """Measure, print, compare."""
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    server = find_server(os.environ.get("MIGRATION_AUDIT_SERVER"), extensions=sys.argv[2:], progress=print)
    programs = server.programs
    pg_dump = str(Path(programs) / "pg_dump") if programs else "pg_dump"
    with server.cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        one = cluster.create_database("bench_one")
        make_tables(one, tables)
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute("create database bench_other template bench_one strategy file_copy")
        other = cluster.conninfo("bench_other")
        change_tables(other)
        names = {"BENCH_ONE": one, "BENCH_OTHER": other}
        snapshot = audit("snapshot", "env:BENCH_ONE", "-o", str(Path(folder) / "one.json"))
        compare = audit("compare", "env:BENCH_ONE", "env:BENCH_OTHER")
        found = by_turns(
            {
                "pg_dump -s": partial(measure, [pg_dump, "--schema-only", "--file", os.devnull, one]),
                "snapshot": partial(measure, snapshot, **names),
                "compare of two": partial(measure, compare, allowed=(0, 1), **names),
            },
            runs=RUNS,
        )
    dump = found["pg_dump -s"].seconds
    print(f"{tables:,} tables, {server.description}; medians of {RUNS} by turns, whole processes")
    print(f"{'work':16} {'seconds':>8} {'its CPU':>8} {'peak':>9}   ratio to pg_dump -s")
    for name, each in found.items():
        print(f"{name:16} {each.seconds:8.2f} {each.cpu:8.2f} {each.megabytes:6.0f} MB   {each.seconds / dump:5.2f}")
    ratio, megabytes = found["snapshot"].seconds / dump, found["snapshot"].megabytes
    print(f"snapshot: at most {MOST_TIMES_PG_DUMP} × pg_dump -s, and {MOST_MEGABYTES} MB")
    return int(ratio > MOST_TIMES_PG_DUMP or megabytes > MOST_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
