"""How long the commands take that people wait for: the demo again, a comparison of two small folders, and starting.

Run it as ``python tests/benchmarks/bench_commands.py``. Exit code 1 when a limit is passed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEMO_SECONDS = 20.0
COMPARE_SECONDS = 2.0
START_SECONDS = 0.15
RUNS = 3
TRM = Path(__file__).resolve().parents[2] / "lib" / "migration_audit" / "demo" / "trm"


def seconds(*arguments: str) -> float:
    """The best of a few runs of ``migration-audit`` in a process of its own."""
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "migration_audit", *arguments], capture_output=True, check=False)
        if done.returncode not in {0, 1}:
            sys.stderr.buffer.write(done.stderr)
            raise SystemExit(f"migration-audit {arguments[0]} ended with {done.returncode}")
        taken.append(time.perf_counter() - began)
    return min(taken)


def main() -> int:
    """Measure, print, compare."""
    legacy, owner = str(TRM / "processor/src/db/migrations"), str(TRM / "directus/db-init")
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            ("--help", seconds("--help"), START_SECONDS),
            ("check explain LIV004", seconds("check", "explain", "LIV004"), START_SECONDS),
            ("compare of two small folders (TimescaleDB, PostGIS)", seconds("compare", legacy, owner), COMPARE_SECONDS),
            ("make audit again: three environments", seconds("demo", "--out", folder), DEMO_SECONDS),
        ]
    for what, taken, limit in rows:
        print(f"{what:54} {taken:6.2f} s (at most {limit:g})")
    return int(any(taken > limit for _, taken, limit in rows))


if __name__ == "__main__":
    sys.exit(main())
