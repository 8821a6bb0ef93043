"""A full ``run`` of a database with thousands of tables that differs from both sides in two places.

Run it as ``python tests/benchmarks/bench_run.py [TABLES]`` (2,000 unless given; 20,000 take the server minutes). The legacy
side is a saved snapshot; the owner's SQL makes every table. Exit code 1 when the report has more than 1 MB.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from measured import audit, change_tables, make_tables, measure, write_tables

from migration_audit.shadow import find_server

MOST_REPORT = 1_000_000
SETTINGS = """
[project]
name = "bench"
[legacy]
snapshot = "legacy.json"
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
        write_tables(folder / "owner", tables)
        (folder / "audit.toml").write_text(SETTINGS, "utf-8")
        measure(audit("snapshot", "env:BENCH_LIVE", "-o", str(folder / "legacy.json")), BENCH_LIVE=live)
        change_tables(live)
        found = measure(
            audit("run", "--config", str(folder / "audit.toml"), "--out", str(folder / "reports")),
            allowed=(0, 1),
            BENCH_LIVE=live,
        )
        (report,) = (folder / "reports").glob("bench/*/report.html")
        size, notebooks = report.stat().st_size, [path.stat().st_size for path in report.parent.glob("*.ipynb")]
    print(f"run of {tables:,} tables: {found.seconds:.1f} s, CPU {found.cpu:.1f} s (shadow servers too, the live one not)")
    print(f"peak of one process {found.megabytes:.0f} MB")
    print(f"report {size / 1e6:.2f} MB (at most 1), largest notebook {max(notebooks) / 1e6:.2f} MB")
    return int(size > MOST_REPORT)


if __name__ == "__main__":
    sys.exit(main())
