"""The bundled example for tests: its tree, its three databases, and runs of the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest

import migration_audit
from fix_commands import Ran, run_cli
from migration_audit.audit.demo import demo_root
from migration_audit.demo import build_database, copy_retired_tree, histories
from migration_audit.project import Project, load_project

SCHEMA = json.loads((Path(migration_audit.__file__).parent / "model/evidence.schema.json").read_text("utf-8"))


def evidence_of(out: Path, environment: str) -> dict[str, Any]:
    """The evidence of the newest run of an environment."""
    newest = max((out / environment).iterdir(), key=lambda p: p.name)
    found = json.loads((newest / "evidence.json").read_text("utf-8"))
    jsonschema.validate(found, SCHEMA)
    return found


def outcomes(evidence: dict[str, Any]) -> dict[str, str]:
    """Check id to outcome."""
    return {check["id"]: check["outcome"] for check in evidence["checks"]}


def findings(evidence: dict[str, Any], check_id: str) -> list[dict[str, Any]]:
    """The findings of one check."""
    return next(c["findings"] for c in evidence["checks"] if c["id"] == check_id)


@pytest.fixture(scope="session")
def demo_cluster(server: Any) -> Iterator[Any]:
    """A cluster with the demo's three databases, built once for the session."""
    with server.cluster(fresh=True) as cluster:
        project = load_project(demo_root() / "audit.toml")
        for history in histories(demo_root()):
            build_database(history, cluster.create_database(f"trm_{history.environment}"), project=project)
        yield cluster


@pytest.fixture(scope="session")
def demo_variables(demo_cluster: Any) -> dict[str, str]:
    """Variables that lead to the demo's three databases."""
    project = load_project(demo_root() / "audit.toml")
    names = [history.environment for history in histories(demo_root())]
    return {project.environment(n).dsn_env or "": demo_cluster.conninfo(f"trm_{n}") for n in names}


@pytest.fixture
def trm(tmp_path: Path) -> Path:
    """A copy of the demo's tree that a test may change."""
    return Path(shutil.copytree(demo_root(), tmp_path / "trm"))


_TABLE = "create table if not exists note (id bigint primary key, text varchar(80) not null);\n"
SMALL = """
[project]
name = "small"
[legacy]
sql = ["legacy/*.sql"]
[owner]
sql = ["owner/*.sql"]
[environments.dev]
dsn_env = "SMALL_DEV"
"""


@dataclass(frozen=True)
class Small:
    """A project of one table, and its database: audited in half the time of the demo, for tests that need any project."""

    folder: Path
    variables: dict[str, str]


@pytest.fixture
def small(tmp_path: Path, database: str) -> Small:
    """The project, which a test may change, with nothing to be found."""
    folder = tmp_path / "small"
    for source in ("legacy", "owner"):
        (folder / source).mkdir(parents=True)
        (folder / source / "0001_note.sql").write_text(_TABLE, "utf-8")
    (folder / "audit.toml").write_text(SMALL, "utf-8")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_TABLE.encode())
    return Small(folder, {"SMALL_DEV": database})


def project_of(folder: Path) -> Project:
    return load_project(folder / "audit.toml")


__all__ = [
    "SMALL",
    "Ran",
    "demo_cluster",
    "demo_variables",
    "evidence_of",
    "findings",
    "outcomes",
    "project_of",
    "run_cli",
    "small",
    "trm",
]


@pytest.fixture(scope="session")
def retired_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example after a correct retirement; not to be changed."""
    return copy_retired_tree(tmp_path_factory.mktemp("retired") / "trm")
