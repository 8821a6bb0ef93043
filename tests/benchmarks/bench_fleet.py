"""A fleet of live databases with 50 tables each, on one server of this machine: targets a second, memory, unit costs.

Run it as ``python tests/benchmarks/bench_fleet.py [DATABASES] [TARGETS]`` (200 and 2,000 unless given). The larger fleet
names each database several times: two thousand databases of this size do not fit on every disk.
Then the smaller one by turns with four workers of a scheduler of dask.distributed and with a local pool of as many.
Goals on two processors: at least 8 targets a second, and the same memory for both; with Dask 0.8 of the local rate.
Exit code 1 when memory grows by more than a tenth; the rate is only one of this program where nothing else runs on the
machine.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import psycopg
from dask_cluster import dask_cluster
from measured import Measured, audit, by_turns, make_tables, measure, measure_tree, print_rows

from migration_audit.shadow import find_server

TABLES = 50
RATE = 8.0
DASK_RATE = 0.8
WORKERS = 4
RUNS = 3


def main() -> int:
    """Measure, print, compare."""
    databases, targets = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((1, 200), (2, 2_000)))
    server = find_server(os.environ.get("MIGRATION_AUDIT_SERVER"), extensions=(), progress=print)
    with server.cluster() as cluster, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = cluster.create_database("bench_template")
        make_tables(template, TABLES)
        for number in range(databases):
            cluster.create_database(f"bench_{number}", template="bench_template")
        for number in range(0, databases, 20):
            with psycopg.connect(cluster.conninfo(f"bench_{number}")) as connection:
                connection.execute("drop index public.bench_7_at" if number % 40 else "drop table public.bench_49")
        measure(audit("snapshot", "env:TEMPLATE", "-o", str(folder / "expected.json")), TEMPLATE=template)
        fleet = cluster.conninfo("postgres")
        tries = (("one process", databases, ("--workers", "1")), ("all", databases, ()), ("all", targets, ()))
        server_cpu = server_seconds(fleet)
        found = [(label, size, run(folder, size, databases, more, fleet)) for label, size, more in tries]
        server_cpu = (server_seconds(fleet) - server_cpu) / sum(size for _, size, _ in found)
        files = [path.stat().st_size for path in folder.glob("*/*/targets/*/*.json")]
        signed = measure_verify(folder)
        pools = by_pools(folder, databases, fleet)
    for label, size, each in found:
        rate = size / each.seconds
        print(
            f"{size:,} targets, {label}: {each.seconds:.1f} s, {rate:.1f} a second (goal {RATE}), CPU"
            f" {1000 * each.cpu / size:.0f} ms each without the server, peak of one process {each.megabytes:.0f} MB"
        )
    print(f"CPU of the server for a target: {1000 * server_cpu:.0f} ms")
    print(f"evidence of a target: {sum(files) / len(files):,.0f} bytes, the largest {max(files):,}")
    print(f"verify of {targets:,} targets: {signed.seconds:.1f} s, peak {signed.megabytes:.0f} MB")
    print_rows(f"{databases:,} targets, medians of {RUNS} by turns", pools)
    local, dask = (databases / each.seconds for each in pools.values())
    print(f"Dask / local pool: {dask / local:.2f} (goal: at least {DASK_RATE})")
    few, many = found[1][2], found[2][2]
    return int(many.megabytes > 1.1 * few.megabytes)


def run(folder: Path, targets: int, databases: int, more: tuple[str, ...], fleet: str) -> Measured:
    """A fleet run from its beginning, in a folder of its own."""
    out = Path(tempfile.mkdtemp(dir=folder))
    lines = "".join(f"t{number} = env:FLEET/bench_{number % databases}\n" for number in range(targets))
    (out / "targets.txt").write_text(lines, "utf-8")
    command = audit(
        "fleet", "run", "--targets", str(out / "targets.txt"), "--expected", str(folder / "expected.json"), *more
    )
    # 3: in the larger fleet, several targets are the same database.
    return measure_tree([*command, "--out", str(out)], allowed=(1, 3), FLEET=fleet)


def by_pools(folder: Path, databases: int, fleet: str) -> dict[str, Measured]:
    """Fleet runs by a local pool and by Dask, each with four workers; the processor time of Dask's is not in these."""
    place = Path(tempfile.mkdtemp(dir=folder))
    with dask_cluster(place, workers=WORKERS, FLEET=fleet) as address:
        pools = {"local pool": ("--workers", str(WORKERS)), "Dask": ("--scheduler", address)}
        works = {name: partial(run, folder, databases, databases, more, fleet) for name, more in pools.items()}
        return by_turns(works, runs=RUNS)


def server_seconds(conninfo: str) -> float:
    """User and system seconds of the server's sessions that have ended: the parent of its processes has waited for them."""
    socket = Path(psycopg.conninfo.conninfo_to_dict(conninfo)["host"] or "")
    process = (socket.parent / "server.pid").read_text("utf-8").strip()
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def measure_verify(folder: Path) -> Measured:
    """Verifying the largest of them."""
    largest = max(folder.glob("*/*/index.jsonl"), key=lambda path: path.stat().st_size).parent
    return measure(audit("fleet", "verify", str(largest), "--intact"))


if __name__ == "__main__":
    sys.exit(main())
