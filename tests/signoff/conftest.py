"""What the program does in a pipeline is asked for by those tests that mean it."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _no_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name in {"CI", "TF_BUILD"} or name.startswith(("GITHUB_", "CI_")):
            monkeypatch.delenv(name)
