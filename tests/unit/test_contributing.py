"""CONTRIBUTING.md is true: its plan, its tree, its targets; and each recipe works, done in a copy of the package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import refresh_plan
from fix_outside import write_notebook
from migration_audit.runner.rendering import NOTEBOOKS
from refresh_plan import PAGE, ROOT

TEXT = PAGE.read_text("utf-8")
PACKAGE = ROOT / "lib/migration_audit"

CHECK = '''"""COV999: columns of floating-point numbers."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.phases import preflight_check
from migration_audit.model.finding import Finding, Severity
from migration_audit.model.relations import Column
from migration_audit.model.snapshot import Snapshot


def run(owner: Snapshot) -> Iterator[Finding]:
    """Name the columns of floating-point numbers.

    Why: sums of them depend on the order.
    Fix: numeric.
    Source: this recipe.
    """
    for column in owner.of(Column):
        if column.type == "real":
            key = f"COV999:column:{column.key}"
            yield Finding(key=key, summary=f"{column.key} is real", expected="numeric", actual="real")


CHECK = preflight_check("COV999", "No floats", Severity.INFO, run)
'''

READER = '''"""Gemfile."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration_audit.model.code import LibraryDependency
from migration_audit.model.location import Location


def gemfile(text: str, path: str) -> Iterator[LibraryDependency]:
    """Every gem that is named."""
    for number, line in enumerate(text.splitlines(), start=1):
        if match := re.match(r\'gem "([^"]+)"\', line):
            yield LibraryDependency(name=match[1], section="gems", version="", at=Location(path, number))
'''

FORMAT = '''"""shouting: files whose names end in .SQL.

Files       Those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migration_audit.formats.interface import Format, MigrationFolder, Plan, PlannedFile
from migration_audit.model.sql import SessionScope, TransactionMode


def plan(trees: Sequence[MigrationFolder], placeholders: Mapping[str, str]) -> Plan:
    """The files in name order."""
    return Plan(
        files=tuple(
            PlannedFile(path=path, text=tree.read(path), transaction=TransactionMode.MESSAGE, entry=path)
            for tree in trees
            for path in sorted(tree.paths)
            if path.endswith(".SQL")
        )
    )


FORMAT = Format(
    name="shouting",
    runner="shouting",
    plan=plan,
    recognise=lambda tree: None,
    session=SessionScope.FILE,
    untested_because="it is an example",
)
'''

KIND = '''"""Ranges of sequences."""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.model.objects import InSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRange(InSchema, kind="sequence range"):
    """The range of a sequence."""

    least: str
    most: str
'''

PROJECT = """
[project]
name = "fleet"
[legacy]
sql = ["legacy/*.sql"]
[owner]
sql = ["owner/*.sql"]
[environments.prod]
dsn_env = "FLEET_PROD_DSN"
"""

KIND_SQL = """-- Ranges of sequences.
select nsp.nspname as schema, rel.relname as name, seq.seqmin::text as least, seq.seqmax::text as most,
       rel.xmin::text || ',' || rel.cmin::text as origin
  from pg_catalog.pg_sequence as seq
  join pg_catalog.pg_class as rel on rel.oid = seq.seqrelid
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 order by nsp.nspname, rel.relname;
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package that can be changed."""
    ignored = shutil.ignore_patterns("__pycache__", "trm", "retirement")
    return Path(shutil.copytree(PACKAGE, tmp_path / "lib/migration_audit", ignore=ignored))


def run(copy: Path, *arguments: str) -> str:
    """What the changed package prints."""
    environment = {**os.environ, "PYTHONPATH": str(copy.parent)}
    command = [sys.executable, "-m", "migration_audit", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=copy.parent.parent, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout


def python(copy: Path, code: str, *arguments: str) -> str:
    """What code prints that imports the changed package."""
    environment = {**os.environ, "PYTHONPATH": str(copy.parent)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=copy.parent, check=True).stdout


def write(copy: Path, name: str, text: str) -> None:
    (copy / name).write_text(text, encoding="utf-8")


def add_line(copy: Path, name: str, *, after: str, line: str) -> None:
    text = (copy / name).read_text("utf-8")
    assert text.count(after) == 1
    write(copy, name, text.replace(after, f"{after}\n{line}"))


def steps(recipe: str) -> str:
    """The text of a recipe."""
    match = re.search(rf"^## {re.escape(recipe)}\n(.*?)(?=^## )", TEXT, re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[1]


def test_the_plan_is_that_of_the_import_contracts() -> None:
    assert refresh_plan.block() in TEXT, "run `make plan`"


def packages(folder: Path) -> Iterator[str]:
    return (each.name for each in folder.iterdir() if (each / "__init__.py").is_file())


def test_the_tree_names_every_package() -> None:
    tree = re.search(r"^lib/migration_audit/\n((?:  .*\n)+)", TEXT, re.MULTILINE)
    assert tree is not None
    assert set(re.findall(r"([a-z]+)/", tree[1])) >= set(packages(PACKAGE))


def test_the_tree_names_no_folder_that_is_not_there() -> None:
    tree = re.search(r"^lib/migration_audit/\n((?:  .*\n)+)", TEXT, re.MULTILINE)
    assert tree is not None
    there = {each.name for each in PACKAGE.rglob("*") if each.is_dir()}
    assert set(re.findall(r"([a-z]+)/(?= |\n)", tree[1])) - there == set()


def test_it_names_every_target_of_make() -> None:
    targets = re.findall(r"^([a-z0-9]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    line = next(line for line in TEXT.splitlines() if line.startswith("Makefile "))
    assert sorted(re.findall(r"[a-z0-9]+", line.partition(" ")[2])) == sorted(targets)


def test_add_a_check(copy: Path) -> None:
    assert "`lib/migration_audit/checks/<id>_<meaning>.py`" in steps("Add a check")
    write(copy, "checks/cov999_floats.py", CHECK)
    assert "COV999" in run(copy, "check", "list")
    assert "sums of them depend on the order" in run(copy, "check", "explain", "cov999")


@pytest.mark.parametrize(
    ("field", "group"),
    [("    audited_phase: str", "shared_checks"), ("    audited_environment: str", "live_checks")],
    ids=["once", "for each environment"],
)
def test_add_an_input_of_a_check(copy: Path, field: str, group: str) -> None:
    """The class in which it is declared decides where a check runs that asks for it."""
    assert "Inputs are declared in `audit/facts/types.py`" in steps("Add an input of a check")
    write(
        copy,
        "checks/cov999_floats.py",
        CHECK.replace("owner: Snapshot", "floats: Snapshot").replace("owner.of", "floats.of"),
    )
    add_line(copy, "audit/facts/types.py", after=field, line="    floats: Snapshot")
    code = f"from migration_audit.audit.case import {group}; print([check.id for check in {group}()])"
    assert "COV999" in python(copy, code)


def test_add_an_artifact_reader(copy: Path, tmp_path: Path) -> None:
    assert "`artifacts/manifests/libraries.py::_READERS`" in steps("Add an artifact reader")
    write(copy, "artifacts/manifests/gem.py", READER)
    table, start = "artifacts/manifests/libraries.py", "from migration_audit.artifacts."
    add_line(copy, table, after=f"{start}files import find_files", line=f"{start}manifests.gem import gemfile")
    add_line(copy, table, after='    (r"go\\.sum", go_sum),', line='    (r"Gemfile", gemfile),')
    (tmp_path / "Gemfile").write_text('source "https://rubygems.org"\ngem "rake"\n')
    code = (
        "import pathlib, sys; from migration_audit.artifacts.manifests.libraries import read_manifests\n"
        "found = read_manifests(pathlib.Path(sys.argv[1]), ['Gemfile'])\n"
        "print(found.unread, [str(d.at) for d in found.dependencies])"
    )
    assert python(copy, code, str(tmp_path)) == "() ['Gemfile:2']\n"


def test_add_a_source_format(copy: Path) -> None:
    assert "One line in `formats/__init__.py::NAMES`" in steps("Add a source format")
    write(copy, "formats/shouting.py", FORMAT)
    add_line(copy, "formats/__init__.py", after='    "prisma",', line='    "shouting",')
    assert "shouting" in run(copy, "format", "list")
    assert "files whose names end in .SQL" in run(copy, "format", "explain", "shouting")


@pytest.mark.server
def test_add_a_kind_of_catalog_object_and_an_attribute_of_another(copy: Path, database: str, tmp_path: Path) -> None:
    assert "One line in `catalog/queries.py`" in steps("Add a kind of catalog object")
    assert "a column of the same name in\n   `catalog/sql/<kind>.sql`" in steps("Add an attribute of a catalog object")
    add_line(copy, "model/relations.py", after='    """Its largest value."""', line="    span: str")
    maximum, span = "       seq.seqmax as maximum,", "       (seq.seqmax - seq.seqmin)::pg_catalog.text as span,"
    add_line(copy, "catalog/sql/sequences.sql", after=maximum, line=span)
    write(copy, "model/ranges.py", KIND)
    write(copy, "catalog/sql/sequence_ranges.sql", KIND_SQL)
    start = "from migration_audit.model"
    add_line(copy, "catalog/queries.py", after=f"{start}.objects import CatalogObject", line=f"{start} import ranges")
    sequences, line = '    "sequences": relations.Sequence,', '    "sequence_ranges": ranges.SequenceRange,'
    add_line(copy, "catalog/queries.py", after=sequences, line=line)
    sides = []
    for side, most in (("a", 9), ("b", 12)):
        sides.append(tmp_path / f"{side}.sql")
        sides[-1].write_text(f"create sequence s maxvalue {most};")
    found = json.loads(run(copy, "compare", *map(str, sides), "--format", "json"))
    fields = {each["kind"]: [field["name"] for field in each["fields"]] for each in found["differences"]}
    assert fields == {"sequence": ["maximum", "span"], "sequence range": ["most"]}


@pytest.mark.slow
def test_add_a_notebook(copy: Path, tmp_path: Path) -> None:
    """Without SQL and databases the run is incomplete, but it executes the notebook and shows it."""
    assert "One line in `runner/rendering.py::NOTEBOOKS`" in steps("Add a notebook")
    for name in (*NOTEBOOKS, "35_floats.ipynb"):
        write_notebook(tmp_path / "notebooks" / name, "6 * 7")
    add_line(copy, "runner/rendering.py", after='    "30_boot_and_retirement.ipynb",', line='    "35_floats.ipynb",')
    (tmp_path / "audit.toml").write_text(PROJECT, encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from migration_audit.model.finding import Phase;"
        "from migration_audit.project import load_project; from migration_audit.runner.run import run_audit;"
        "project = load_project(Path(sys.argv[1])); how = {'phase': Phase.PREFLIGHT, 'config': sys.argv[1]};"
        "run_audit(project, project.environments, out=Path(sys.argv[2]), progress=print, **how)"
    )
    said = python(copy, code, str(tmp_path / "audit.toml"), str(tmp_path / "reports"))
    assert "prod: 35_floats.ipynb" in said.splitlines()
    (executed,) = (tmp_path / "reports").rglob("35_floats.ipynb")
    assert "42" in executed.read_text("utf-8")
    assert "35_floats" in (executed.parent / "report.html").read_text("utf-8")


def test_no_module_is_longer_than_it_may_be() -> None:
    assert "under 400 always" in TEXT
    lengths = {str(path.relative_to(PACKAGE)): len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
