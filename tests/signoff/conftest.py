"""Signatures are made and verified by OpenSSH itself: without it there is nothing to test here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("ssh-keygen") is None:
        missing = pytest.mark.skip(reason="no ssh-keygen on PATH: apt-get install openssh-client")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(missing)
