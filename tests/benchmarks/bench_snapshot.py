"""How long a snapshot of 5,000 tables takes, and how much memory, beside ``pg_dump -s`` of the same database.

Run it as ``python tests/benchmarks/bench_snapshot.py [TABLES]``; it starts a cluster of its own and removes it.
Exit code 1 when a snapshot takes more than twice as long as ``pg_dump -s``, or more than 300 MB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from migration_audit.shadow import find_server

MOST_TIMES_PG_DUMP = 2.0
MOST_MEGABYTES = 300
RUNS = 5
PART = 250

# A process of its own, so that its peak is the snapshot's alone.
SNAPSHOT = """
import resource, sys, time
from migration_audit.catalog import read_snapshot
began = time.perf_counter()
snapshot = read_snapshot(sys.argv[1]).snapshot
read = time.perf_counter() - began
digest = snapshot.digest
taken = time.perf_counter() - began
print(read, taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(snapshot.objects))
"""


def make_tables(conninfo: str, tables: int) -> None:
    """Each with eight columns, an index, a foreign key and a comment."""
    with psycopg.connect(conninfo) as connection:
        for start in range(0, tables, PART):
            connection.execute("".join(_table(number) for number in range(start, min(start + PART, tables))).encode())
            connection.commit()


def _table(number: int) -> str:
    parent = max(number - 1, 0)
    return (
        f"create table public.bench_{number} (id bigint primary key, parent bigint references public.bench_{parent},"
        " name varchar(64) not null default 'x', at timestamptz default now(), amount numeric(12, 2) check (amount > 0),"
        " is_open boolean not null default false, note text, tags text[]);"
        f"create index bench_{number}_name on public.bench_{number} (name, at desc);"
        f"comment on table public.bench_{number} is 'Table number {number}';"
    )


def time_pg_dump(program: str, conninfo: str) -> float:
    """Seconds of one run."""
    began = time.perf_counter()
    subprocess.run([program, "--schema-only", "--file", os.devnull, conninfo], check=True)
    return time.perf_counter() - began


def measure_snapshot(conninfo: str) -> tuple[float, float, float, int]:
    """Seconds with the digest, seconds to read, peak megabytes, objects: of one run."""
    command = [sys.executable, "-c", SNAPSHOT, conninfo]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(said[1]), float(said[0]), float(said[2]), int(said[3])


def main() -> int:
    """Measure, print, compare."""
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    server = find_server(os.environ.get("MIGRATION_AUDIT_SERVER"), extensions=sys.argv[2:], progress=print)
    programs = server.programs
    pg_dump = str(Path(programs) / "pg_dump") if programs else "pg_dump"
    with server.cluster() as cluster:
        conninfo = cluster.create_database("bench_snapshot")
        make_tables(conninfo, tables)
        # By turns, so that a busy machine is busy for both.
        runs = [(time_pg_dump(pg_dump, conninfo), measure_snapshot(conninfo)) for _ in range(RUNS)]
        cluster.drop_database("bench_snapshot")
    dump = min(seconds for seconds, _ in runs)
    digested, read, megabytes, objects = min(measured for _, measured in runs)
    ratio = digested / dump
    print(f"{tables:,} tables, {objects:,} objects, {server.description}")
    print(f"pg_dump -s        {dump:6.2f} s")
    print(f"snapshot          {read:6.2f} s, with its digest {digested:.2f} s")
    print(f"ratio             {ratio:6.2f}   (at most {MOST_TIMES_PG_DUMP})")
    print(f"peak memory       {megabytes:6.0f} MB (at most {MOST_MEGABYTES})")
    return int(ratio > MOST_TIMES_PG_DUMP or megabytes > MOST_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
