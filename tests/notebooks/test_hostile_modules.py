"""Nothing of the audited tree is imported: a module with a name that the program or its kernel imports changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fix_demo import evidence_of
from migration_audit.audit.demo import demo_root

MODULES = {
    "pip/__init__.py": "pip",
    "pip/__main__.py": "pip",
    "ipykernel_launcher.py": "the kernel",
    "sitecustomize.py": "Python at its start",
    "usercustomize.py": "Python at its start",
    "migration_audit/__init__.py": "the program",
    "migration_audit/workbook.py": "the program",
    "secrets.py": "a library",
    "nbformat.py": "the runner",
    "pandas/__init__.py": "a notebook",
    "psycopg/__init__.py": "the reading of a database",
}
"""Files of the tree, and what would import them."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, server) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Where each module that was imported would leave its mark, and the audit of the tree from inside it."""
    folder = tmp_path_factory.mktemp("hostile")
    root = Path(shutil.copytree(demo_root(), folder / "trm"))
    (folder / "marks").mkdir()
    for name in MODULES:
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"open({str(folder / 'marks' / name.replace('/', ' '))!r}, 'w').close()\n")
    script = Path(sys.executable).with_name("migration-audit")
    done = subprocess.run(
        [str(script), "run", "--env", "dev", "--out", str(folder / "out")],
        cwd=root,
        env={**os.environ, "TRM_DEV_DSN": "postgresql:///nowhere?host=/nonexistent"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return folder, done


@pytest.mark.parametrize("name", MODULES)
def test_a_committed_module_is_not_imported(run, name: str) -> None:
    folder, _ = run
    assert (folder / "trm" / name).is_file()
    assert not (folder / "marks" / name.replace("/", " ")).exists(), f"{MODULES[name]} imported it"


def test_the_audit_went_on_as_ever(run) -> None:
    folder, done = run
    assert done.returncode == 3, done.stderr
    evidence = evidence_of(folder / "out", "dev")
    assert (evidence["complete"], evidence["error"]) == (True, None)
    assert all(book["packaged"] for book in evidence["notebooks"])


def test_python_m_does_not_import_from_the_working_directory(tmp_path: Path) -> None:
    """Python itself looks there first, with ``-m``."""
    for name in ("click.py", "click/__init__.py", "json/__init__.py", "secrets.py", "psycopg.py", "rich.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("raise SystemExit(77)\n")
    command = [sys.executable, "-m", "migration_audit", "check", "list"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, "COV001" in done.stdout) == (0, True), done.stderr
