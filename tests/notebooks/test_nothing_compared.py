"""A comparison that found nothing to compare is no success: on the command line, in the checks, in the verdict."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psycopg
import pytest

from fix_demo import evidence_of, outcomes, project_of, run_cli
from fix_outside import replace_in
from migration_audit.audit.audit import Audit
from migration_audit.model.finding import Outcome, Phase, Verdict
from migration_audit.workbook import show_differences, show_port

pytestmark = pytest.mark.slow

EMPTY = "nothing was compared: the expected side ({}) has no objects beyond those of an empty database"
BOTH = (
    "nothing was compared: the expected side ({}) and the actual side ({}) have no objects beyond those of an empty database"
)


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sides")
    for path, text in {
        "query.sql": "select 1;\n",
        "undone.sql": "create table t (id int);\ndrop table t;\n",
        "rolled_back.sql": "begin;\ncreate table t (id int);\nrollback;\n",
        "rows.sql": "create temp table t (id int);\ninsert into t values (1);\n",
        "t.sql": "create table t (id int);\n",
        "extension.sql": "create extension citext;\n",
        "role.sql": "create role reporting;\n",
        "grant.sql": "create role app; grant usage on schema public to app;\ndrop owned by app; drop role app;\n"
        "grant create on schema public to public;\n",
    }.items():
        (folder / path).write_text(text, "utf-8")
    return folder


NOTHING = {
    "a query": ("query.sql", "t.sql", EMPTY),
    "made and dropped": ("undone.sql", "t.sql", EMPTY),
    "rolled back": ("rolled_back.sql", "t.sql", EMPTY),
    "gone with the session": ("rows.sql", "t.sql", EMPTY),
    "both sides": ("query.sql", "undone.sql", BOTH),
    "an empty live database": ("env:LIVE", "t.sql", EMPTY),
    "an empty live database, twice": ("env:LIVE", "env:LIVE", BOTH),
    "an empty snapshot": ("empty.json", "t.sql", EMPTY),
}


@pytest.mark.parametrize("form", ["text", "json", "sql"])
@pytest.mark.parametrize(("expected", "actual", "why"), NOTHING.values(), ids=NOTHING)
def test_an_empty_expected_side_is_code_3_and_named(sides, database, expected, actual, why, form):
    if expected == "empty.json":
        assert run_cli("snapshot", "query.sql", "-o", expected, cwd=sides).code == 0
    ran = run_cli("compare", expected, actual, "--format", form, cwd=sides, LIVE=database)
    assert ran.code == 3, ran.out + ran.err
    reported = why.format(expected, actual)
    if form == "json":
        found = json.loads(ran.out)
        assert (found["covered"], found["equal"]) == (False, False)
        assert found["nothing_compared"].startswith(reported)
    else:
        assert reported in ran.out
    assert not set("✓✔") & set(ran.out)
    assert [line for line in ran.out.splitlines() if not line.startswith("--")] == [] or form != "sql"
    assert (reported in ran.err) is (form != "text"), "once, where a person reads it"


def test_an_empty_expected_side_is_not_equal_either(sides, server):
    ran = run_cli("compare", "query.sql", "undone.sql", "--direction", "equal", cwd=sides)
    assert ran.code == 3
    assert ran.out.startswith("✕ nothing was compared")


SOMETHING = {
    "an empty actual side lacks everything": ("t.sql", "query.sql", 1),
    "one extension": ("extension.sql", "t.sql", 1),
    "one extension on both sides": ("extension.sql", "extension.sql", 0),
    "one role": ("role.sql", "t.sql", 1),
    "one grant, which is a warning": ("grant.sql", "t.sql", 0),
}


@pytest.mark.parametrize(("expected", "actual", "code"), SOMETHING.values(), ids=SOMETHING)
def test_a_side_that_makes_one_thing_is_compared(sides, server, expected, actual, code):
    ran = run_cli("compare", expected, actual, cwd=sides)
    assert ran.code == code, ran.out + ran.err
    assert "nothing was compared" not in ran.out


def empty_source(folder: Path) -> None:
    """The files stay, and what they make is nothing."""
    for path in folder.glob("*.sql"):
        path.write_text("SELECT 1;\n", "utf-8")


LEGACY, OWNER = "processor/src/db/migrations", "directus/db-init"
COVERAGE = {*(f"COV{n:03}" for n in range(1, 12)), "SQL004"}
LIVE = {"LIV003", "LIV004", "LIV005", "LIV006", "LIV008", "LIV012", "LIV013", "LIV014"}


@pytest.fixture(autouse=True)
def _connections(demo_variables, monkeypatch):
    for name, value in demo_variables.items():
        monkeypatch.setitem(os.environ, name, value)


def audit_of(root: Path) -> Audit:
    project = project_of(root)
    return Audit(project, environment=project.environment("dev"), phase=Phase.PREFLIGHT, folder=None)


def test_checks_of_an_empty_legacy_side_are_errored(trm):
    empty_source(trm / LEGACY)
    audit = audit_of(trm)
    results = {r.id: r for r in audit.results}
    assert {i for i, r in results.items() if r.outcome is Outcome.ERRORED} == COVERAGE
    assert all("nothing was compared: the legacy SQL has no objects" in (results[i].reason or "") for i in COVERAGE)
    assert "nothing was compared: legacy alone and legacy then legacy" in (results["SQL003"].reason or "")
    opened = Audit(project_of(trm), environment=None, phase=Phase.PREFLIGHT, folder=None)
    opened.__dict__.update(shared=audit.shared)
    for shown in (show_port(opened), show_differences(opened)):
        assert "nothing was compared: the legacy SQL has no objects" in " ".join(repr(shown).split())


def test_checks_of_an_empty_owner_say_so_where_the_owner_is_what_is_expected(trm):
    empty_source(trm / OWNER)
    results = {r.id: r for r in audit_of(trm).results}
    assert {i for i in COVERAGE if results[i].outcome is Outcome.ERRORED} == set(), "everything is missing"
    assert results["COV002"].outcome is Outcome.FAILED
    assert results["SQL005"].outcome is Outcome.ERRORED
    assert all("nothing was compared: the owner's SQL has no objects" in (results[i].reason or "") for i in LIVE)
    assert {results[i].outcome for i in LIVE} == {Outcome.ERRORED}


def test_a_scope_that_leaves_nothing_is_no_drift(trm):
    replace_in(trm / "audit.toml", 'schemas = ["public"]', 'schemas = ["pulbic"]')
    results = {r.id: r for r in audit_of(trm).results}
    assert {results[i].outcome for i in LIVE} == {Outcome.ERRORED}
    assert all("nothing was compared: [scope] in audit.toml excludes all objects" in results[i].reason for i in LIVE)
    assert results["COV002"].outcome is Outcome.PASSED, "[scope] is about live databases"


def test_a_run_whose_legacy_side_is_empty_is_incomplete(trm, tmp_path):
    empty_source(trm / LEGACY)
    ran = run_cli("run", "--env", "dev", "--config", str(trm), "--out", str(tmp_path / "out"))
    assert ran.code == 3, ran.out + ran.err
    evidence = evidence_of(tmp_path / "out", "dev")
    assert (evidence["verdict"], evidence["complete"]) == (Verdict.INCOMPLETE, True)
    assert {outcomes(evidence)[i] for i in COVERAGE} == {"errored"}
    report = next((tmp_path / "out" / "dev").glob("*/report.html")).read_text("utf-8")
    assert "nothing was compared: the legacy SQL has no objects" in report
    assert "covers the legacy side" not in report


def test_after_the_deletion_no_legacy_side_is_no_error(trm):
    for path in (trm / LEGACY).glob("*.sql"):
        path.unlink()
    project = project_of(trm)
    audit = Audit(project, environment=project.environment("dev"), phase=Phase.RETIRED, folder=None)
    results = {r.id: r for r in audit.results}
    assert {i for i, r in results.items() if r.outcome is Outcome.ERRORED} == set()
    assert {results[i].outcome for i in COVERAGE} == {Outcome.PENDING}
    assert {results[i].outcome for i in LIVE - {"LIV013"}} == {Outcome.PASSED}
    assert "not compared: the legacy SQL no longer exists" in " ".join(repr(show_port(audit)).split())


def test_a_live_database_that_is_empty_lacks_everything(trm, database, monkeypatch):
    monkeypatch.setenv("TRM_DEV_DSN", database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("select 1")
    results = {r.id: r for r in audit_of(trm).results}
    assert results["LIV003"].outcome is Outcome.FAILED
