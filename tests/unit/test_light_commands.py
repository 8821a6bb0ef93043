"""Gates, hooks and comparisons run where JupyterLab, pandas, papermill and SQLAlchemy are not installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fix_pages import ROOT, read_page
from fix_signed import BOB
from migration_audit.formats import LEDGER_NAMES, LEDGERS, NAMES
from migration_audit.formats.ledgers import COMMAND_LEDGERS
from migration_audit.model.on_use import _imported

pytestmark = pytest.mark.slow
PACKAGE = ROOT / "lib/migration_audit"

HEAVY = ("IPython", "jupyter_client", "jupyter_core", "jupyterlab", "nbclient", "nbconvert", "nbformat", "nbval", "numpy")
HEAVY += ("pandas", "papermill", "sqlalchemy")
ONLY_FOR_NOTEBOOKS = {"pandas", "jupyter-client", "jupyterlab", "nbconvert", "nbformat", "nbval", "papermill", "sqlalchemy"}
"""Distributions that ``run`` and ``lab`` need and nothing else does."""

_RUN = """
import atexit, json, runpy, sys

report, absent = sys.argv.pop(1), sys.argv.pop(1).split(",")

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
atexit.register(lambda: open(report, "w").write(json.dumps(sorted(sys.modules))))
runpy.run_module("migration_audit", run_name="__main__", alter_sys=True)
"""


def without_heavy(tmp_path: Path, *arguments: str, cwd: Path, **variables: str) -> tuple[int, str, set[str]]:
    """Exit code and output of a command that finds none of these packages, and the modules that it loaded."""
    report = tmp_path / "modules.json"
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(report), ",".join(HEAVY), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "CI": "", "GITHUB_ACTIONS": "", **variables},
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr, set(json.loads(report.read_text()))


@pytest.fixture
def signed(world: Any) -> Path:
    """A repository with a run that ann and bob have signed."""
    folder = world.sign(world.sign(world.run("prod")), BOB)
    world.commit()
    return folder


COMMANDS = {
    "help": (["--help"], {0}),
    "check list": (["check", "list"], {0}),
    "check explain": (["check", "explain", "LIV004"], {0}),
    "check static": (["check", "static"], {0}),
    "gate": (["gate", "--env", "prod"], {0, 1, 3, 4}),
    "gate as JSON": (["gate", "--env", "prod", "--format", "json"], {0, 1, 3, 4}),
    "init": (["init", "new", "--detect"], {0}),
}


@pytest.mark.parametrize(("arguments", "codes"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_needs_no_notebooks_and_no_frames(signed, world, tmp_path, arguments, codes):
    code, printed, modules = without_heavy(tmp_path, *arguments, cwd=world.root)
    assert code in codes, printed
    assert "internal error" not in printed
    assert "No module named" not in printed
    assert modules & set(HEAVY) == set()


def test_verify_needs_no_notebooks_and_no_frames(signed, world, tmp_path):
    code, printed, modules = without_heavy(tmp_path, "verify", str(signed), cwd=world.root)
    assert "recomputed" in printed
    assert (code, "No module named" in printed) == (0, False), printed
    assert modules & set(HEAVY) == set()
    assert modules & {"google.protobuf", "postgast", "psycopg", "tree_sitter", "yaml"} == set(), "they read what is not here"


@pytest.mark.server
def test_compare_needs_no_notebooks_and_no_frames(tmp_path, server):
    (tmp_path / "t.sql").write_text("create table t (i int);\n")
    code, printed, modules = without_heavy(tmp_path, "compare", "t.sql", "t.sql", cwd=tmp_path)
    assert code == 0, printed
    assert modules & set(HEAVY) == set()


def test_verify_loads_no_check_and_no_fact_where_nothing_is_judged(signed, world, tmp_path):
    (signed / "summary.md").write_text("changed\n")
    code, printed, modules = without_heavy(tmp_path, "verify", str(signed), cwd=world.root)
    assert (code, "recomputed" in printed) == (4, False), printed
    judging = {"audit.case", "audit.facts.types", "checks", "compare", "model.preflight", "runner.rendering"}
    assert modules & {f"migration_audit.{name}" for name in judging} == set()


SLOW = ("postgast", "psycopg", "tree_sitter", "cattrs", "jinja2", "yaml", "google.protobuf")
OURS_SLOW = ("model.snapshot", "model.finding", "checks", "compare", "formats", "project", "report")


@pytest.mark.parametrize("arguments", [["--help"], ["gate", "--help"], ["verify", "--help"], ["compare", "--help"]])
def test_help_loads_no_parser_and_no_driver(tmp_path, arguments):
    code, printed, modules = without_heavy(tmp_path, *arguments, cwd=tmp_path)
    assert code == 0, printed
    assert modules & set(SLOW) == set()
    assert modules & {f"migration_audit.{name}" for name in OURS_SLOW} == set()


def test_servers_start_before_anything_is_loaded_that_reads_or_compares_databases():
    code = "import sys, migration_audit.cli.compare, migration_audit.shadow.select; print(*sys.modules)"
    modules = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    ours = {f"migration_audit.{name}" for name in ("compare", "project.settings", "model.relations", "catalog.reader")}
    assert modules & {*SLOW, *HEAVY, *ours, "migration_audit.shadow.apply"} == set()


def test_what_reads_audit_toml_loads_no_format():
    code = "import sys, migration_audit.project.settings, migration_audit.compare.ledgers; print(*sys.modules)"
    modules = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    assert modules & {"migration_audit.formats.known", "migration_audit.formats.interface", "json5"} == set()


def test_audit_toml_is_read_without_the_formats_that_it_does_not_name(tmp_path):
    sources = {"legacy": ("dbmate", "django"), "owner": ("files", "goose")}
    tables = [
        f'[{side}]\nname = "{side}"\nformat = "{of}"\nsql = ["{side}/*.sql"]\n[{side}.ledger]\nformat = "{ledger}"\n'
        for side, (of, ledger) in sources.items()
    ]
    (tmp_path / "audit.toml").write_text("\n".join(['[project]\nname = "p"', *tables, '[environments.e]\ndsn_env = "E"']))
    code = (
        "import sys, pathlib, migration_audit.compare.ledgers\n"
        "from migration_audit.project import load_project\n"
        "project = load_project(pathlib.Path('audit.toml'))\n"
        "print(project.legacy.ledger.table, project.owner.ledger.table, *sys.modules)"
    )
    legacy, owner, *modules = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=tmp_path).split()
    assert (legacy, owner) == ("django_migrations", "goose_db_version")
    others = {"known", "flyway", "prisma", "liquibase_sql"}
    assert set(modules) & {"json5", *(f"migration_audit.formats.{name}" for name in others)} == set()


def test_the_names_of_ledgers_are_those_that_are_known():
    assert tuple(LEDGERS) == LEDGER_NAMES
    assert {*COMMAND_LEDGERS} == {*LEDGER_NAMES} - {*NAMES}


def test_no_name_of_a_package_is_that_of_one_of_its_modules():
    folders = [path.parent for path in PACKAGE.glob("*/__init__.py") if "names_on_use(" in path.read_text()]
    assert len(folders) > 5
    for folder in folders:
        names = {name for name, _ in _imported((folder / "__init__.py").read_text())}
        assert names & {path.stem for path in folder.iterdir()} == set(), folder.name


def test_a_check_is_explained_without_the_others(tmp_path):
    _, _, modules = without_heavy(tmp_path, "check", "explain", "LIV004", cwd=tmp_path)
    loaded = [name for name in modules if re.match(r"migration_audit\.checks\.[a-z]+\d{3}_", name)]
    assert loaded == ["migration_audit.checks.liv004_live_indexes"]
    assert modules & {*SLOW, *HEAVY, "migration_audit.port.build", "migration_audit.model.operators"} == set()


def test_the_requirements_are_those_of_the_project_without_the_notebooks_own():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [line for line in read_page("requirements-ci.txt").splitlines() if not line.startswith("#")]
    kept = [one for one in project["dependencies"] if re.match(r"[\w.-]+", one)[0].lower() not in ONLY_FOR_NOTEBOOKS]
    assert lines == kept
    assert {re.match(r"[\w.-]+", one)[0].lower() for one in project["dependencies"]} >= ONLY_FOR_NOTEBOOKS
