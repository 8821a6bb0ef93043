"""What is known of many files of SQL before they are executed: their statements, and what each reaches for.

Run it as ``python tests/benchmarks/bench_files.py [FILES] [MEGABYTES]`` (500 and 15 unless given).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measured import measure, print_goal, table_sql

GOAL = 10.0
FACTS = """
import sys
from pathlib import Path
from migration_audit.audit.preflight.loading import destructions_of, load, source_facts
from migration_audit.project import load_project
project = load_project(Path(sys.argv[1]))
source = load(project, project.owner)
source_facts("owner", source), destructions_of(source)
print(len(source.statements))
"""
SETTINGS = """
[project]
name = "bench"
[legacy]
sql = ["owner/*.sql"]
[owner]
sql = ["owner/*.sql"]
[environments.bench]
dsn_env = "BENCH_LIVE"
"""


def main() -> int:
    """Measure, print, compare."""
    files, megabytes = (float(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((1, 500), (2, 15)))
    with tempfile.TemporaryDirectory() as name:
        folder, number = Path(name), 0
        (folder / "owner").mkdir()
        (folder / "audit.toml").write_text(SETTINGS, "utf-8")
        for file in range(int(files)):
            text = ""
            while len(text) < megabytes * 1e6 / files:
                text += table_sql(number) + f"insert into public.bench_{number} (id, name) values ({number}, 'n');\n"
                number += 1
            (folder / "owner" / f"{file:04}_t.sql").write_text(text, "utf-8")
        output = folder / "output.txt"
        with output.open("w") as printed:
            found = measure([sys.executable, "-c", FACTS, str(folder / "audit.toml")], output=printed)
        statements = int(output.read_text())
    print(f"\n{files:,.0f} files of SQL, {megabytes:g} MB, {statements:,} statements")
    print(f"{found.seconds:.1f} s, processor time {found.cpu:.1f} s, peak {found.megabytes:.0f} MB")
    return int(not print_goal("facts", found.seconds, GOAL, " s"))


if __name__ == "__main__":
    sys.exit(main())
