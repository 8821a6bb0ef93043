"""A full ``run`` on a database with thousands of tables, twice.

Run it as ``python tests/benchmarks/bench_run.py [TABLES]`` (2,000 unless given; 20,000 take the server minutes). First both
sides are SQL that makes two of the tables, as of a service in a large database. Then the legacy side is a saved snapshot,
the owner's SQL makes every table, and the database differs in two places. Exit code 1 when a report has more than 1 MB, or
the first run takes more than 60 s or 500 MB.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from measured import Measured, audit, change_tables, make_tables, measure, write_tables

from migration_audit.shadow import find_server

MOST_REPORT = 1_000_000
MOST_SECONDS = 60
MOST_MEGABYTES = 500
SETTINGS = """
[project]
name = "bench"
[legacy]
{legacy}
[owner]
sql = ["owner/*.sql"]
[environments.bench]
dsn_env = "BENCH_LIVE"
"""


def main() -> int:
    """Measure, print, compare."""
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    server = find_server(os.environ.get("MIGRATION_AUDIT_SERVER"), extensions=(), progress=print)
    with server.cluster() as cluster, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        live = cluster.create_database("bench_live")
        make_tables(live, tables)
        write_tables(folder / "few" / "owner", 2)
        few, few_report = _run(folder / "few", live, f"two of {tables:,} tables in SQL", 'sql = ["owner/*.sql"]')
        write_tables(folder / "all" / "owner", tables)
        measure(audit("snapshot", "env:BENCH_LIVE", "-o", str(folder / "all" / "legacy.json")), BENCH_LIVE=live)
        change_tables(live)
        _, all_report = _run(folder / "all", live, f"all of {tables:,} tables in SQL", 'snapshot = "legacy.json"')
    print(f"at most: report {MOST_REPORT / 1e6:.0f} MB; with two tables in SQL {MOST_SECONDS} s and {MOST_MEGABYTES} MB")
    too_large = max(few_report, all_report) > MOST_REPORT
    return int(too_large or few.seconds > MOST_SECONDS or few.megabytes > MOST_MEGABYTES)


def _run(folder: Path, live: str, what: str, legacy: str) -> tuple[Measured, int]:
    """One run, and the bytes of its report."""
    (folder / "audit.toml").write_text(SETTINGS.format(legacy=legacy), "utf-8")
    command = audit("run", "--config", str(folder / "audit.toml"), "--out", str(folder / "reports"))
    found = measure(command, allowed=(0, 1), BENCH_LIVE=live)
    (report,) = (folder / "reports").glob("bench/*/report.html")
    size, notebooks = report.stat().st_size, [path.stat().st_size for path in report.parent.glob("*.ipynb")]
    print(f"{what}: {found.seconds:.1f} s, CPU {found.cpu:.1f} s (shadow servers too, the live one not)")
    largest = max(notebooks) / 1e6
    print(f"  peak of one process {found.megabytes:.0f} MB, report {size / 1e6:.2f} MB, largest notebook {largest:.2f} MB")
    return found, size


if __name__ == "__main__":
    sys.exit(main())
