"""Another team's project by the same verbs: a Python service, Alembic's SQL as legacy, Flyway files as owner."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from migration_audit.audit.inputs.retirement import documents_inputs, retirement_inputs
from migration_audit.checks import BY_ID, judge
from migration_audit.model.finding import CheckResult, Outcome, Phase
from migration_audit.project import load_project

EXAMPLE = Path(__file__).resolve().parents[1] / "data/example-alembic"
CHECKS = ("RET001", "RET002", "RET003", "RET004", "RET005", "RET006", "RET009", "DOC001", "DOC002", "DOC003")


def results(tree: Path, phase: Phase = Phase.RETIRED) -> dict[str, CheckResult]:
    project = load_project(tree / "audit.toml")
    given = {"project": project, "sources": (), **retirement_inputs(project), **documents_inputs(project)}
    return {result.id: result for result in judge([BY_ID[name] for name in CHECKS], given, phase)}


def places(result: CheckResult) -> list[str]:
    return [finding.where.removeprefix("meter/") for finding in result.findings]


BEFORE = {
    "RET001": [
        "alembic.ini:1",
        "migrations/env.py:1",
        "migrations/script.py.mako:1",
        "migrations/versions/0001_readings.py:1",
        "migrations/versions/0002_quality.py:1",
        "sql/0001_readings.sql:1",
        "sql/0002_quality.sql:1",
    ],
    "RET002": ["src/meter/db/migrate.py:1"],
    "RET003": [
        "pyproject.toml:13",
        "src/meter/db/migrate.py:13",
        "src/meter/db/migrate.py:19",
        "src/meter/main.py:12",
        "src/meter/main.py:7",
        "tests/test_readings.py:13",
        "tests/test_readings.py:7",
    ],
    "RET004": ["src/meter/db/migrate.py:15"],
    "RET005": [
        "sql/0001_readings.sql:18",
        "sql/0001_readings.sql:3",
        "sql/0001_readings.sql:10",
        "sql/0002_quality.sql:5",
        "sql/0002_quality.sql:7",
    ],
    "RET006": ["pyproject.toml:6", "uv.lock:5"],
    "RET009": [],
}


@pytest.mark.parametrize(("check", "expected"), BEFORE.items(), ids=BEFORE.keys())
def test_before_the_deletion_each_check_lists_the_work(check, expected):
    result = results(EXAMPLE / "before", Phase.PREFLIGHT)[check]
    assert (result.outcome, places(result)) == (Outcome.PENDING, expected)


def test_the_deletion_that_was_not_made_is_a_blocker():
    failed = {name for name, result in results(EXAMPLE / "before").items() if result.outcome is Outcome.FAILED}
    assert failed == set(CHECKS) - {"RET009"}


def test_after_the_deletion_nothing_is_left():
    found = results(EXAMPLE / "after")
    assert {name: (r.outcome, r.findings) for name, r in found.items()} == dict.fromkeys(CHECKS, (Outcome.PASSED, ()))


def test_the_fixture_of_the_tests():
    before, after = (
        retirement_inputs(load_project(EXAMPLE / name / "audit.toml"))["fixture_facts"][0] for name in ("before", "after")
    )
    assert (before.exists, before.loads) == (False, ())
    assert (after.exists, after.head_agrees) == (True, True)
    assert [at.path for at in after.loads] == ["meter/tests/test_readings.py"]


def test_both_trees_are_audited_by_one_file():
    assert (EXAMPLE / "before/audit.toml").read_text() == (EXAMPLE / "after/audit.toml").read_text()


MAIN = "meter/src/meter/main.py"
MUTATIONS = {
    "a call": (MAIN, "engine = make", "upgrade_to_head()\n    engine = make", "RET003"),
    "a call of the library": (MAIN, "engine = make", "command.upgrade(cfg, 'head')\n    engine = make", "RET003"),
    "an import": (MAIN, "import sys", "import meter.db.migrate as m\nimport sys", "RET003"),
    "the ledger": (MAIN, "engine = make", "ask(f'select * from {s}.alembic_version')\n    engine = make", "RET004"),
    "DDL": (
        "meter/src/meter/readings.py",
        '"INSERT',
        '"ALTER TABLE readings ADD COLUMN note text; "\n    "INSERT',
        "RET005",
    ),
    "the library": ("meter/pyproject.toml", '"sqlalchemy', '"Alembic[tz]>=1",\n    "sqlalchemy', "RET006"),
    "a changed engine": ("meter/src/meter/db/engine.py", "pool_size=5", "pool_size=50", "RET009"),
    "a claim": ("docs/meter.md", "Its tables", "It runs **Alembic** on\ndemand. Its tables", "DOC002"),
    "only a comment": (MAIN, "engine = make", "# upgrade_to_head() wrote alembic_version\n    engine = make", None),
    "only a name alike": (MAIN, "engine = make", "firmware.upgrade()\n    engine = make", None),
}


@pytest.mark.parametrize(("path", "old", "new", "check"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_one_line_back_flips_one_check(tmp_path, path, old, new, check):
    tree = Path(shutil.copytree(EXAMPLE / "after", tmp_path / "tree"))
    text = (tree / path).read_text()
    assert old in text
    (tree / path).write_text(re.sub(re.escape(old), lambda _: new, text, count=1))
    failed = {name for name, result in results(tree).items() if result.outcome is not Outcome.PASSED}
    assert failed == ({check} if check else set())
