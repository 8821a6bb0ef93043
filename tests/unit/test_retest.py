"""What CI runs once more: one or two tests of a whole run, which are named; never what was not run to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RETEST = Path(__file__).parents[2] / ".ci" / "retest"
CONFTEST = (Path(__file__).parents[1] / "conftest.py").read_text("utf-8")
HOOK = CONFTEST[CONFTEST.index("def pytest_sessionfinish") : CONFTEST.index("def pytest_collection_modifyitems")]
ONCE = """import pathlib
def test_once():
    seen = pathlib.Path("seen")
    if not seen.exists():
        seen.touch()
        assert 0
"""
ALWAYS = "def test_always():\n    assert 0\n"

RUNS = {
    "one that fails next to others": (ONCE, [], 0, "1 passed"),
    "one that always fails": (ALWAYS, [], 1, "1 failed"),
    "one of each": (ONCE + ALWAYS, [], 1, "1 failed, 1 passed"),
    "three": ("".join(ALWAYS.replace("always", f"n{n}") for n in range(3)), [], 1, "3 tests failed"),
    "a run that was stopped after the first failure": (ONCE + ALWAYS, ["-x"], 1, "1 tests failed"),
    "none": ("def test_fine():\n    pass\n", [], 1, "0 tests failed"),
    "a file that cannot be read": (f"{ONCE}import nothing_of_this_name\n", [], 1, "tests failed"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("tests", "options", "code", "shown"), RUNS.values(), ids=RUNS)
def test_what_is_run_once_more(tmp_path: Path, tests: str, options: list[str], code: int, shown: str) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(f"import pytest\n{HOOK}")
    (tmp_path / "test_it.py").write_text(tests)
    subprocess.run([sys.executable, "-m", "pytest", "-q", *options], cwd=tmp_path, check=False, capture_output=True)
    ran = subprocess.run([sys.executable, RETEST], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (ran.returncode, shown in ran.stdout + ran.stderr) == (code, True), ran.stdout + ran.stderr


def test_without_any_run_there_is_nothing_to_repeat(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, RETEST], cwd=tmp_path, check=False, capture_output=True).returncode == 1
