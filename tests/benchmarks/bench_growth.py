"""Whether a step grows faster than its input: four times the tables must not take much more than four times as long.

Run it as ``python tests/benchmarks/bench_growth.py``. Exit code 1 when a step grows faster than its input.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from measured import make_tables

from migration_audit.catalog import load_snapshot, read_snapshot, save_snapshot
from migration_audit.compare import compare
from migration_audit.shadow import find_server
from migration_audit.shadow.apply import apply_sources
from migration_audit.sources import load_source
from migration_audit.sources.reader import read_script
from migration_audit.sources.statements import find_pieces

SMALL, LARGE = 500, 2_000
MOST_GROWTH = 1.5
"""Time per table of the large input beside that of the small one; noise and caches make it differ from 1."""


ODD_TEXTS = {
    "inserts": "insert into t (a, b) values (1, 'abc'), (2, E'x\\'y'); -- c\n",
    "copies": "copy t from stdin;\n1\t2\n\\.\n",
    "semicolons": ";",
    "mistakes": "selec 'a' from b;\n",
    "unclosed": "$a$ ' /* ",
    "commands": "\\echo x\n",
    "colons": "selec a[b:c];",
}
"""Texts that a splitter written carelessly takes quadratic time for."""


def split_seconds(text: str, size: int) -> float:
    """Seconds to split this text, repeated to this many characters."""
    script = read_script((text * (size // len(text))).encode())
    return timed(lambda: find_pieces(script))[0]


def timed(step: Callable[[], Any]) -> tuple[float, Any]:
    """The best of three, and what it gave."""
    best, result = float("inf"), None
    for _ in range(3):
        began = time.perf_counter()
        result = step()
        best = min(best, time.perf_counter() - began)
    return best, result


def steps(cluster: Any, tables: int, folder: Path) -> dict[str, float]:
    """Seconds of each step for a schema of this many tables."""
    conninfo = cluster.create_database(f"growth_{tables}")
    make_tables(conninfo, tables)
    read, reading = timed(lambda: read_snapshot(conninfo))
    snapshot = reading.snapshot
    other = replace(snapshot, objects=snapshot.objects[::2])
    compared, _ = timed(lambda: compare(expected=snapshot, actual=other))
    saved, _ = timed(lambda: save_snapshot(snapshot, folder / "s.json"))
    loaded, _ = timed(lambda: load_snapshot(folder / "s.json"))
    text = "".join(f"create table g_{tables}_{n} (id int, name text default 'x;y');\n" for n in range(tables))
    (folder / "s.sql").write_text(text, "utf-8")
    split, source = timed(lambda: load_source("s", [folder / "s.sql"], shown_from=folder))
    began = time.perf_counter()
    apply_sources(cluster.create_database(f"applied_{tables}"), [source])
    applied = time.perf_counter() - began
    return {"read": read, "compare": compared, "save": saved, "load": loaded, "split": split, "apply": applied}


def main() -> int:
    """Measure, print, compare."""
    server = find_server(os.environ.get("MIGRATION_AUDIT_SERVER"), extensions=(), progress=print)
    with server.cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        small, large = (steps(cluster, tables, Path(folder)) for tables in (SMALL, LARGE))
    for name, text in ODD_TEXTS.items():
        small[f"split {name}"], large[f"split {name}"] = split_seconds(text, 200_000), split_seconds(text, 800_000)
    grown = {name: (large[name] / LARGE) / (small[name] / SMALL) for name in small}
    print(f"{'step':16} {SMALL:>8} {LARGE:>8}   growth per table (at most {MOST_GROWTH})")
    for name, growth in grown.items():
        print(f"{name:16} {small[name]:6.3f} s {large[name]:6.3f} s   {growth:5.2f}")
    return int(any(growth > MOST_GROWTH for growth in grown.values()))


if __name__ == "__main__":
    sys.exit(main())
