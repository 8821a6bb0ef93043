"""How long short commands take: starting, and a comparison of two small folders of SQL.

Run it as ``python tests/benchmarks/bench_commands.py [RUNS]`` (5 unless given).
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from measured import audit, by_turns, measure, print_goal, print_rows

TRM = Path(__file__).resolve().parents[2] / "lib" / "migration_audit" / "demo" / "trm"
FOLDERS = (str(TRM / "processor/src/db/migrations"), str(TRM / "directus/db-init"))
GOALS = {
    "--help": 0.15,
    "check explain LIV004": 0.15,
    "compare, plain SQL": 0.6,
    "compare, TimescaleDB and PostGIS": 1.0,
}


def main() -> int:
    """Measure, print, compare."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for side in ("one", "other"):
            (folder / side).mkdir()
            (folder / side / "001.sql").write_text("create table t (id bigint primary key, name text);\n", "utf-8")
        works = {
            "--help": audit("--help"),
            "check explain LIV004": audit("check", "explain", "LIV004"),
            "compare, plain SQL": audit("compare", str(folder / "one"), str(folder / "other")),
            "compare, TimescaleDB and PostGIS": audit("compare", *FOLDERS),
        }
        found = by_turns({name: partial(measure, each, allowed=(0, 1)) for name, each in works.items()}, runs=runs)
    print_rows(f"Commands; medians of {runs} by turns, whole processes", found)
    reached = [print_goal(name, found[name].seconds, goal, " s") for name, goal in GOALS.items()]
    return int(not all(reached))


if __name__ == "__main__":
    sys.exit(main())
