"""How time and memory of ``snapshot`` and ``compare`` grow with the number of tables, as whole processes.

Run it as ``python tests/benchmarks/bench_scale.py [TABLES …]`` (500, 5,000 and 20,000 unless given; 20,000 take the server
minutes to make). The time is processor time, with what every start takes: between the two largest sizes that is little.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from measured import Measured, audit, by_turns, change_tables, exponent, make_tables, measure, print_goal, print_rows

from migration_audit.shadow import find_server

MOST_EXPONENT = 1.05
MOST_MEGABYTES = 1024.0
RUNS = 3


def main() -> int:
    """Measure, print, compare."""
    sizes = [int(each) for each in sys.argv[1:]] or [500, 5_000, 20_000]
    server = find_server(os.environ.get("MIGRATION_AUDIT_SERVER"), extensions=(), progress=print)
    found: dict[int, dict[str, Measured]] = {}
    with server.cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        for tables in sizes:
            found[tables] = _measured(cluster, tables, Path(folder))
            print_rows(f"{tables:,} tables; medians of {RUNS} by turns, whole processes", found[tables])
    reached = True
    print()
    for small, large in pairwise(sizes):
        for work in found[large]:
            one, other = found[small][work], found[large][work]
            for what, less, more in (("time", one.cpu, other.cpu), ("memory", one.megabytes, other.megabytes)):
                power = exponent(less, more, large / small)
                reached &= print_goal(f"{work}, {small:,} to {large:,} tables, exponent of {what}", power, MOST_EXPONENT)
    most = found[sizes[-1]]["compare"].megabytes
    reached &= print_goal(f"compare of {sizes[-1]:,} tables, memory", most, MOST_MEGABYTES, " MB")
    return int(not reached)


def _measured(cluster: Any, tables: int, folder: Path) -> dict[str, Measured]:
    """A snapshot of so many tables, and a comparison of two such databases."""
    one = cluster.create_database(f"scale_{tables}")
    make_tables(one, tables)
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute(f"create database other_{tables} template scale_{tables} strategy file_copy".encode())
    other = cluster.conninfo(f"other_{tables}")
    change_tables(other)
    names = {"ONE": one, "OTHER": other}
    works = {
        "snapshot": partial(measure, audit("snapshot", "env:ONE", "-o", str(folder / "one.json")), **names),
        "compare": partial(measure, audit("compare", "env:ONE", "env:OTHER"), allowed=(1,), **names),
    }
    return by_turns(works, runs=RUNS)


if __name__ == "__main__":
    sys.exit(main())
