"""environment.yml repeats pyproject.toml for conda users, and nothing else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def requirements(lines):
    """Name (without extras) to version range (without markers and spaces)."""
    found = {}
    for line in lines:
        name, specifier = re.match(r"([\w.-]+)(?:\[[^\]]*\])?\s*([^;]*)", line).groups()
        found[name.lower().replace("_", "-")] = specifier.replace(" ", "").strip()
    return found


def test_both_name_the_same_packages_and_versions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    (pip,) = [entry["pip"] for entry in conda if isinstance(entry, dict)]
    listed = requirements(entry for entry in conda if isinstance(entry, str) and entry != "pip")
    assert listed.pop("python") == project["requires-python"]
    assert pip[-1] == "-e ."
    assert listed | requirements(pip[:-1]) == requirements(project["dependencies"])


def test_the_packages_that_were_asked_for_are_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert requirements(project["dependencies"]).keys() >= {
        "jupyterlab",
        "pandas",
        "sqlalchemy",
        "psycopg",
        "papermill",
        "nbval",
    }


def test_the_library_is_not_ignored_by_git():
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert not [line for line in ignored if re.fullmatch(r"/?lib/?\*?", line.strip())]
