"""Evidence is about one state of the tree: what changes while an audit runs makes it incomplete, and is named."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_demo import evidence_of, run_cli
from migration_audit.runner.rendering import packaged_notebooks

pytestmark = pytest.mark.slow

TOML = """[project]
name = "x"
[legacy]
sql = ["legacy.sql"]
[owner]
sql = ["owner.sql"]
"""
COMMIT = "subprocess.run(['git', 'commit', '-q', '-am', 'x'], check=True)"
CHANGES = {
    "removed": ("Path('audit.toml').unlink()", ("audit.toml",)),
    "edited": (
        (
            "Path('audit.toml').write_text(Path('audit.toml').read_text() + '# more')\n"
            f"Path('owner.sql').write_text('create table t (i bigint);')\n{COMMIT}"
        ),
        ("audit.toml", "owner.sql", "the commit of audit"),
    ),
}


@pytest.fixture
def databases(cluster: Any) -> Iterator[dict[str, str]]:
    made = {name: f"changing_{name}" for name in CHANGES}
    yield {name: cluster.create_database(database) for name, database in made.items()}
    for database in made.values():
        cluster.drop_database(database)


@pytest.mark.server
def test_what_changes_during_a_run_makes_it_incomplete(tmp_path: Path, databases: dict[str, str]) -> None:
    base = tmp_path / "base"
    (base / "notebooks").mkdir(parents=True)
    for name in ("legacy.sql", "owner.sql"):
        (base / name).write_text("create table t (i int);\n")
    book = json.loads((packaged_notebooks() / "40_signoff.ipynb").read_text("utf-8"))
    for name, (statement, expected) in CHANGES.items():
        with psycopg.connect(databases[name], autocommit=True) as connection:
            connection.execute("create table t (i int)")
        folder = shutil.copytree(base, tmp_path / name)
        (folder / "audit.toml").write_text(f'{TOML}[environments.{name}]\ndsn_env = "DSN"\n')
        code = f"import os, subprocess\nfrom pathlib import Path\nos.chdir({str(folder)!r})\n{statement};"
        cell = {"id": "change", "cell_type": "code", "source": code, "metadata": {}, "outputs": [], "execution_count": None}
        cells = [*book["cells"], cell]
        (folder / "notebooks/40_signoff.ipynb").write_text(json.dumps({**book, "cells": cells}))
        who = (["config", "user.email", "x@example.org"], ["config", "user.name", "x"])
        for arguments in (["init", "-q"], *who, ["add", "-A"], ["commit", "-q", "-m", "x"]):
            subprocess.run(["git", *arguments], cwd=folder, check=True)
        options = ("--out", str(tmp_path / f"out-{name}"), "--config", str(folder / "audit.toml"))
        ran = run_cli("run", *options, DSN=databases[name])
        evidence = evidence_of(tmp_path / f"out-{name}", name)
        assert (ran.code, evidence["verdict"], evidence["complete"]) == (3, "incomplete", False), ran
        assert evidence["error"].startswith(f"changed during the audit: {', '.join(expected)}\n")
        assert "changed during the audit" in ran.out
