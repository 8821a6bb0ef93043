"""A home directory that cannot be used, and a page that cannot be written: the audit goes on, and says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook

from fix_demo import run_cli

pytestmark = [pytest.mark.server, pytest.mark.slow]

EXECUTE = """
import sys
from pathlib import Path
from migration_audit.runner import open_kernels
from migration_audit.runner.notebooks import execute
with open_kernels() as kernels:
    execute(Path(sys.argv[1]), Path(sys.argv[2]), {"a": "1"}, kernels=kernels)
"""


@pytest.mark.parametrize("home", ["/proc", "/sys", "/nowhere"])
def test_a_home_directory_is_not_needed(tmp_path: Path, home: str) -> None:
    notebook = new_notebook(cells=[new_code_cell("a = ''", metadata={"tags": ["parameters"]}), new_code_cell("print(a)")])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    write(notebook, tmp_path / "in.ipynb")
    temporary = tmp_path / "t"
    temporary.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IPYTHON", "JUPYTER", "XDG_"))}
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, tmp_path / "in.ipynb", tmp_path / "out.ipynb"],
        env={**kept, "HOME": home, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert list(temporary.iterdir()) == []


TOML = """
[project]
name = "trm"
[legacy]
sql = ["a.sql"]
[owner]
sql = ["a.sql"]
[environments.prod]
dsn_env = "NOBODY_LISTENS"
"""


def test_verdicts_are_printed_where_the_page_of_all_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "audit.toml").write_text(TOML, "utf-8")
    (tmp_path / "a.sql").write_text("create table a (id int);", "utf-8")
    (tmp_path / "reports/index.html/taken").mkdir(parents=True)
    ran = run_cli("run", cwd=tmp_path, NOBODY_LISTENS="postgresql://u@127.0.0.1:1/db")
    assert ran.code == 3
    assert "prod  ! incomplete" in ran.out
    assert "report.html" in ran.out
    assert "index.html: cannot be written" in ran.err
    assert "All environments" not in ran.out
