"""The committed outputs are what the notebooks give; a changed output fails."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migration_audit.runner.rendering import packaged_notebooks

pytestmark = pytest.mark.slow


def nbval(folder: Path, variables: dict[str, str], *names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider"),
            *("-q", "--rootdir", str(folder), "-c", os.devnull, "--nbval-cell-timeout", "300"),
            *(str(folder / name) for name in names or ["."]),
        ],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=folder,
        env={**os.environ, **variables, "MIGRATION_AUDIT_CONFIG": "demo", "MIGRATION_AUDIT_ENVIRONMENT": "prod"},
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return Path(shutil.copytree(packaged_notebooks(), tmp_path_factory.mktemp("nb") / "notebooks"))


def test_the_committed_outputs_are_real(copy, demo_variables):
    done = nbval(copy, demo_variables)
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"\d\d+ passed", done.stdout)


def test_a_changed_output_fails(copy, demo_variables, tmp_path):
    folder = Path(shutil.copytree(copy, tmp_path / "notebooks"))
    path = folder / "00_index.ipynb"
    text = path.read_text("utf-8")
    changed = text.replace("TRM_STAGE_DSN", "TRM_OTHER_DSN")
    assert changed != text
    path.write_text(changed, "utf-8")
    done = nbval(folder, demo_variables, "00_index.ipynb")
    assert done.returncode == 1
    assert "TRM_OTHER_DSN" in done.stdout
    assert "1 failed" in done.stdout
