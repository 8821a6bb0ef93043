"""The demo, four audits with their notebooks, beside papermill running as many notebooks that only import what ours import.

Run it as ``python tests/benchmarks/bench_notebooks.py [RUNS]`` (3 unless given).
"""

from __future__ import annotations

import json
import sys
import tempfile
from functools import partial
from pathlib import Path

from measured import audit, by_turns, measure, print_goal, print_rows

from migration_audit.runner.rendering import NOTEBOOKS

EXECUTED = (*NOTEBOOKS, *NOTEBOOKS[1:] * 2, *NOTEBOOKS)
"""Those of three environments, whose first notebook is executed once, and those of the retired tree."""
TIMES_PAPERMILL = 2.0
IMPORTS = "from migration_audit.workbook import verbs"
"""What ``workbook`` loads for the first verb of each notebook."""
PAPERMILL = """
import sys
from papermill import execute_notebook
for path in sys.argv[1:]:
    execute_notebook(path, path, kernel_name="python3", progress_bar=False)
"""


def main() -> int:
    """Measure, print, compare."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [_write_notebook(folder / f"{number:02}_{notebook}") for number, notebook in enumerate(EXECUTED)]
        works = {
            "demo: four audits": partial(measure, audit("demo", "--out", str(folder / "demo")), allowed=(0, 1, 3)),
            "papermill, only imports": partial(measure, [sys.executable, "-c", PAPERMILL, *map(str, paths)]),
        }
        found = by_turns(works, runs=runs)
    print_rows(f"{len(EXECUTED)} notebooks; medians of {runs} by turns, whole processes", found)
    ours, theirs = found.values()
    return int(not print_goal("demo / papermill", ours.seconds / theirs.seconds, TIMES_PAPERMILL))


def _write_notebook(path: Path) -> Path:
    """A notebook with one cell."""
    cell = {"cell_type": "code", "id": "a", "execution_count": None, "metadata": {}, "outputs": [], "source": IMPORTS}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    whole = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(whole), "utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
