"""``snapshot`` and ``compare`` of 5,000 tables (90,003 objects) as whole processes, by turns with what else does the like.

That is ``pg_dump -s``, psql with our own queries, pg-delta and migra (from npm and PyPI, into a folder of their own).
Run it as ``python tests/benchmarks/bench_snapshot.py [TABLES]``; it starts a cluster of its own and removes it. Ratios of
seconds mean something only where nothing else runs on the machine; the goals are printed, and are not limits.
Exit code 1 when a snapshot takes more than twice as long as ``pg_dump -s``, or more than 300 MB.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import psycopg
from measured import audit, by_turns, change_tables, make_tables, measure, print_goal, print_rows
from own_queries import psql_with_own_queries
from peers import peers

from migration_audit.shadow import find_server

MOST_TIMES_PG_DUMP = 2.0
MOST_MEGABYTES = 300
RUNS = 5
OURS_IN_PSQL = "psql, our queries"
GOALS = (
    ("snapshot", "pg_dump -s", 1.0),
    ("snapshot", OURS_IN_PSQL, 1.2),
    ("compare", "pg-delta diff", 0.30),
    ("compare", "migra", 0.25),
)


def main() -> int:
    """Measure, print, compare."""
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    server = find_server(os.environ.get("MIGRATION_AUDIT_SERVER"), extensions=sys.argv[2:], progress=print)
    programs = server.programs and str(server.programs)
    with server.cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        one = cluster.create_database("bench_one")
        make_tables(one, tables)
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute("create database bench_other template bench_one strategy file_copy")
        other = cluster.conninfo("bench_other")
        change_tables(other)
        names = {"BENCH_ONE": one, "BENCH_OTHER": other}
        works = {
            "pg_dump -s": [str(Path(programs or "", "pg_dump")), "--schema-only", "--file", os.devnull, one],
            OURS_IN_PSQL: psql_with_own_queries(one, Path(folder), programs=programs),
            "snapshot": audit("snapshot", "env:BENCH_ONE", "-o", str(Path(folder) / "one.json")),
        }
        works |= {"compare": audit("compare", "env:BENCH_ONE", "env:BENCH_OTHER"), **peers(one, other)}
        differ = dict.fromkeys(works.keys() - {"pg_dump -s", OURS_IN_PSQL, "snapshot"}, (0, 1, 2))
        found = by_turns(
            {name: partial(measure, each, allowed=differ.get(name, (0,)), **names) for name, each in works.items()},
            runs=RUNS,
        )
    print_rows(f"{tables:,} tables, {server.description}; medians of {RUNS} by turns, whole processes", found)
    for ours, theirs, goal in GOALS:
        if theirs in found:
            print_goal(f"{ours} / {theirs}", found[ours].seconds / found[theirs].seconds, goal)
    ratio, megabytes = found["snapshot"].seconds / found["pg_dump -s"].seconds, found["snapshot"].megabytes
    print(f"snapshot: at most {MOST_TIMES_PG_DUMP} × pg_dump -s, and {MOST_MEGABYTES} MB")
    return int(ratio > MOST_TIMES_PG_DUMP or megabytes > MOST_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
