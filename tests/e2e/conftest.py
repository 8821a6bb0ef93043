"""The real Directus that all of these tests start."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from e2e.pipeline import WANTED, install


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder with the installed packages; where they are only wanted if possible, tests are skipped without them."""
    try:
        return install()
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as error:
        if WANTED == "if-possible":
            pytest.skip(f"Directus cannot be installed here: {error}")
        raise
