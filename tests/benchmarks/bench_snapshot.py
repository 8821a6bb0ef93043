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
from measured import audit, by_turns, change_tables, make_tables, measure
from peers import peers

from migration_audit.catalog.queries import KINDS, load_query
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
    programs = server.programs
    with server.cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        one = cluster.create_database("bench_one")
        make_tables(one, tables)
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute("create database bench_other template bench_one strategy file_copy")
        other = cluster.conninfo("bench_other")
        change_tables(other)
        names = {"BENCH_ONE": one, "BENCH_OTHER": other}
        queries = Path(folder) / "queries.sql"
        queries.write_text(own_queries(), "utf-8")
        quiet = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--output={os.devnull}")
        psql = ["psql", *quiet, f"--file={queries}", f"--dbname={one}"]
        works = {
            "pg_dump -s": ["pg_dump", "--schema-only", "--file", os.devnull, one],
            OURS_IN_PSQL: psql,
            "snapshot": audit("snapshot", "env:BENCH_ONE", "-o", str(Path(folder) / "one.json")),
        }
        if programs:
            works |= {
                name: [str(Path(programs) / works[name][0]), *works[name][1:]] for name in ("pg_dump -s", OURS_IN_PSQL)
            }
        works |= {"compare": audit("compare", "env:BENCH_ONE", "env:BENCH_OTHER"), **peers(one, other)}
        differ = dict.fromkeys(works.keys() - {"pg_dump -s", OURS_IN_PSQL, "snapshot"}, (0, 1, 2))
        found = by_turns(
            {name: partial(measure, each, allowed=differ.get(name, (0,)), **names) for name, each in works.items()},
            runs=RUNS,
        )
    print(f"{tables:,} tables, {server.description}; medians of {RUNS} by turns, whole processes")
    print(f"{'work':18} {'seconds':>8} {'its CPU':>8} {'peak':>9}")
    for name, each in found.items():
        print(f"{name:18} {each.seconds:8.2f} {each.cpu:8.2f} {each.megabytes:6.0f} MB")
    for ours, theirs, goal in GOALS:
        if theirs in found:
            print(f"{ours} / {theirs}: {found[ours].seconds / found[theirs].seconds:.2f} (goal {goal})")
    ratio, megabytes = found["snapshot"].seconds / found["pg_dump -s"].seconds, found["snapshot"].megabytes
    print(f"snapshot: at most {MOST_TIMES_PG_DUMP} × pg_dump -s, and {MOST_MEGABYTES} MB")
    return int(ratio > MOST_TIMES_PG_DUMP or megabytes > MOST_MEGABYTES)


def own_queries() -> str:
    """What a snapshot asks a database without TimescaleDB, for psql."""
    begin = "begin isolation level repeatable read, read only;\nset local search_path to '';\nset local jit to off;\n"
    names = ("features", *KINDS, "unmodelled", "damage")
    return begin + "\n".join(load_query(name).decode() for name in names) + "\ncommit;\n"


if __name__ == "__main__":
    sys.exit(main())
