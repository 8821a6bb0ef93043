"""``compare --format sql`` from outside, and the port of a pre-flight with what a run keeps of it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import psycopg
import pytest

from fix_demo import project_of, run_cli
from migration_audit.audit.audit import Audit
from migration_audit.audit.demo import demo_root
from migration_audit.audit.evidence import build_evidence
from migration_audit.audit.facts.store import load_facts
from migration_audit.model.evidence import PortDigest
from migration_audit.model.finding import Phase
from migration_audit.workbook import show_port

pytestmark = [pytest.mark.server, pytest.mark.slow]

LEGACY = """create table t (a integer primary key, b text default 'x');
create view "ü€" as select a, b from t;
"""
OWNER = "create table t (a integer primary key);\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("port")
    for name, sql in {
        "legacy.sql": LEGACY,
        "owner.sql": OWNER,
        "retyped.sql": "create table t (a integer primary key, b integer);\n",
    }.items():
        (made / name).write_text(sql, encoding="utf-8")
    return made


def only_comments(text: str) -> bool:
    return all(line.startswith("--") for line in text.splitlines() if line)


def test_a_proven_port_makes_the_owner_cover_the_legacy_side(folder):
    ran = run_cli("compare", "legacy.sql", "owner.sql", "--format", "sql", cwd=folder)
    assert (ran.code, "PROVEN" in ran.out) == (1, True)
    assert "the port is proven" in ran.err
    (folder / "port.sql").write_text(ran.out, encoding="utf-8")
    again = run_cli("compare", "legacy.sql", "owner.sql+port.sql+port.sql", "--format", "sql", cwd=folder)
    assert again.code == 0
    assert "Nothing to port" in again.out
    assert only_comments(again.out)


def test_the_whole_of_stdout_is_sql(folder, database):
    ran = run_cli("compare", "legacy.sql", "owner.sql", "--format", "sql", cwd=folder, PYTHONUTF8="1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(OWNER)
        connection.execute(ran.out)
        assert connection.execute('select * from "ü€"').fetchall() == []


def test_a_refuted_port_is_comments_alone(folder):
    ran = run_cli("compare", "legacy.sql", "retyped.sql", "--format", "sql", cwd=folder)
    assert ran.code == 1
    assert only_comments(ran.out)
    assert "-- type: expected text; actual integer" in ran.out
    assert "the port does not work" in ran.err
    assert "column public.t.b is changed: type" in ran.err


def test_without_the_owners_sql_the_port_is_not_proven_and_says_so(folder):
    assert run_cli("snapshot", "owner.sql", "-o", "owner.json", cwd=folder).code == 0
    ran = run_cli("compare", "legacy.sql", "owner.json", "--format", "sql", cwd=folder)
    assert ran.code == 1
    assert "-- NOT PROVEN" in ran.out
    assert "the port is not proven: owner.json is a snapshot" in ran.err
    assert "\nALTER TABLE public.t ADD COLUMN IF NOT EXISTS b text DEFAULT 'x'::text;\n" in ran.out


def test_a_snapshot_can_be_what_is_to_be_covered(folder):
    assert run_cli("snapshot", "legacy.sql", "-o", "legacy.json", cwd=folder).code == 0
    ran = run_cli("compare", "legacy.json", "owner.sql", "--format", "sql", cwd=folder)
    assert (ran.code, "-- PROVEN" in ran.out) == (1, True)


def audit_of(root: Path, folder: Path | None = None) -> Audit:
    project = project_of(root)
    return Audit(project, environment=project.environment("dev"), phase=Phase.PREFLIGHT, folder=folder)


@pytest.fixture(scope="module")
def lacking(server, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The demo, with a column and an index that the owner lacks."""
    trm = tmp_path_factory.mktemp("lacking") / "trm"
    shutil.copytree(demo_root(), trm)
    path = trm / "processor/src/db/migrations/0001_positions.sql"
    text = path.read_text("utf-8").replace("  satellites  smallint,", "  satellites  smallint,\n  hdop real,")
    path.write_text(text + "\nCREATE INDEX positions_hdop ON positions (hdop);\n", "utf-8")
    return audit_of(trm, trm / "facts")


@pytest.mark.timescale
def test_a_preflight_with_blockers_makes_proves_and_keeps_the_port(lacking):
    port = lacking.shared["port"]
    assert port is not None
    assert port.proven
    assert port.sha256 == hashlib.sha256(port.text.encode()).hexdigest()
    fixes = {f.key: f.fix_sql or "" for result in lacking.shared_results for f in result.findings}
    assert "ADD COLUMN IF NOT EXISTS hdop real;" in fixes["COV002:column:public.positions.hdop"]
    assert "CREATE INDEX IF NOT EXISTS positions_hdop" in fixes["COV003:index:public.positions_hdop"]
    kept = load_facts(lacking.folder, "shared")
    assert kept is not None
    assert kept["port"] == port
    assert "ADD COLUMN IF NOT EXISTS hdop real;" in repr(show_port(lacking))


@pytest.mark.timescale
def test_evidence_names_the_port_by_its_digest(lacking):
    found = build_evidence(lacking, now=lacking.started).port
    assert found == PortDigest(proven=True, sha256=lacking.shared["port"].sha256)


@pytest.mark.timescale
def test_a_preflight_without_blockers_makes_no_port(server, trm):
    audit = audit_of(trm)
    assert audit.shared["port"] is None
    assert repr(show_port(audit)) == "Nothing to port: the owner covers the legacy side."
