"""What the platform that hosts the repository reads: valid forms, and every place with dependencies watched."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci_steps import schema_errors

ROOT = Path(__file__).resolve().parents[2]
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
DEPENDABOT = ROOT / ".github/dependabot.yml"
CONFIG = ROOT / ".github/ISSUE_TEMPLATE/config.yml"


def test_there_is_a_form_for_each_kind_of_issue() -> None:
    assert [form.stem for form in FORMS] == ["bug", "question", "wrong-verdict"]


@pytest.mark.parametrize(
    ("schema", "files"),
    [("github-issue-forms", FORMS), ("github-issue-config", [CONFIG]), ("dependabot", [DEPENDABOT])],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_file_is_one_that_the_platform_takes(schema: str, files: list[Path]) -> None:
    assert schema_errors(f"vendor.{schema}", *files) == ""


def test_every_lock_file_of_ours_is_watched() -> None:
    updates: list[dict[str, Any]] = yaml.safe_load(DEPENDABOT.read_text("utf-8"))["updates"]
    watched = {folder for each in updates if each["package-ecosystem"] == "npm" for folder in each["directories"]}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    locks = [path for path in tracked if path.endswith("package-lock.json") and not path.startswith("tests/data/")]
    assert watched == {f"/{Path(path).parent}" for path in locks}
