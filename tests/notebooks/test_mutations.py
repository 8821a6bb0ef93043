"""One line of the demo's SQL is changed: the audit follows, and says so in the right check."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fix_demo import evidence_of as newest_evidence
from fix_demo import findings, project_of, run_cli
from migration_audit.audit.audit import Audit
from migration_audit.model.finding import Outcome, Phase

pytestmark = pytest.mark.slow

OWNER = "directus/db-init/002_positions_hypertable.sql"
FAULTY = "directus/db-init/003_faulty_column.sql"
LEGACY = "processor/src/db/migrations/0001_positions.sql"

MUTATIONS = {
    "type": (OWNER, "speed       float4", "speed       float8", {"COV002": "positions.speed: type"}),
    "nullability": (OWNER, "latitude    float8                   not null", "latitude    float8",
     {"COV002": "positions.latitude: NOT NULL"}),
    "default": (FAULTY, "default false", "default true", {"COV002": "positions.faulty: default"}),
    "a default is gone": (OWNER, " default now()", "", {"COV002": "positions.ingested_at: default",
        "COV012": "violates not-null constraint", "BOOT005": "violates not-null constraint"}),
    "an index is dropped": (FAULTY,
        "create index if not exists positions_device_ts_idx on positions (device_id, ts desc);", "",
     {"COV003": "positions_device_ts_idx is in the legacy SQL and missing"}),
    "the direction of an index": (FAULTY, "(device_id, ts desc)", "(device_id, ts)",
     {"COV003": "positions_device_ts_idx: definition"}),
    "uniqueness": (OWNER, "create unique index", "create index",
     {"COV003": "positions_device_ts: definition", "COV012": "no unique or exclusion constraint",
         "BOOT005": "no unique or exclusion constraint"}),
    "the interval": (OWNER, "interval '1 day'", "interval '7 days'",
     {"COV005": "chunk interval is 1 day in the legacy SQL, 7 days in the owner's SQL"}),
    "the dimension's column": (OWNER, "    'ts',", "    'ingested_at',",
     {"SQL002": "cannot create a unique index without the column"}),
    "a column that only the legacy side has": (LEGACY, "  satellites  smallint,", "  satellites  smallint,\n  hdop real,",
     {"COV002": "column public.positions.hdop is in the legacy SQL and missing in the owner's SQL"}),
    "a constraint that only the legacy side has": (LEGACY, "  satellites  smallint,",
     "  satellites  smallint,\n  CONSTRAINT sane CHECK (speed >= 0),",
     {"COV004": "constraint public.positions.sane is in the legacy SQL and missing in the owner's SQL"}),
    "an extension is gone": ("directus/db-init/001_extensions.sql", "create extension if not exists postgis;", "",
     {"COV001": "extension postgis is in the legacy SQL and missing"}),
    "a file is not idempotent": (OWNER, "create table if not exists positions", "create table positions",
     {"SQL005": "already exists"}),
    "a comment that only the legacy side has": (LEGACY, "SELECT create_hypertable",
     "COMMENT ON TABLE positions IS 'telemetry';\nSELECT create_hypertable", {"COV009": "comment"}),
}  # fmt: skip
TOGETHER = [
    ["type", "a default is gone", "an index is dropped", "the interval", "a column that only the legacy side has",
     "an extension is gone"],
    ["nullability", "default", "the direction of an index", "uniqueness", "a constraint that only the legacy side has",
     "a comment that only the legacy side has", "a file is not idempotent"],
    ["the dimension's column"],
]  # fmt: skip
"""Changes that one audit tells apart: no two of them concern one object, and none hides what another one does."""


def mutate(root: Path, file: str, before: str, after: str) -> None:
    path = root / file
    text = path.read_text("utf-8")
    assert text.count(before) == 1, (file, before)
    path.write_text(text.replace(before, after), "utf-8")


def audit_of(root: Path, environment: str) -> Audit:
    project = project_of(root)
    return Audit(project, environment=project.environment(environment), phase=Phase.PREFLIGHT, folder=None)


def test_every_change_is_made() -> None:
    assert sorted(name for names in TOGETHER for name in names) == sorted(MUTATIONS)


@pytest.mark.parametrize("names", TOGETHER, ids=", ".join)
def test_a_change_of_one_line_is_found_where_it_belongs(trm, server, names):
    expected = {}
    for file, before, after, reported in (MUTATIONS[name] for name in names):
        mutate(trm, file, before, after)
        for check, said in reported.items():
            expected.setdefault(check, set()).add(said)
    results = {r.id: r for r in audit_of(trm, "dev").shared_results}
    failed = {check for check, r in results.items() if r.outcome is Outcome.FAILED} - {"COV013"}
    # Where the two sources differ their histories cannot converge and a statement is another: nothing else may cry.
    reported = {"SQL004", "SQL005"}
    for check, sentences in expected.items():
        found = [f.summary for f in results[check].findings]
        assert [said for said in sentences if not any(said in one for one in found)] == [], results[check]
        strange = [one for one in found if not any(said in one for said in sentences)]
        assert strange == [] or check in reported, strange
    assert failed - reported == expected.keys() - reported


def test_the_untouched_demo_has_none_of_these(server, trm):
    held = {r.id: r for r in audit_of(trm, "dev").shared_results}
    assert {i for i, r in held.items() if r.outcome is Outcome.FAILED} == {"COV013"}
    assert {i for i, r in held.items() if r.outcome in {Outcome.ERRORED, Outcome.SKIPPED}} == set()


def test_the_report_follows_a_change_of_one_line(trm, tmp_path, demo_variables):
    """The live database has no such column: the owner's SQL says it should."""
    mutate(trm, FAULTY, "default false;", "default false;\nalter table positions add column if not exists hdop float4;")
    ran = run_cli("run", "--env", "dev", "--config", str(trm), "--out", str(tmp_path / "out"), **demo_variables)
    assert ran.code == 1, ran.err
    evidence = newest_evidence(tmp_path / "out", "dev")
    (finding,) = findings(evidence, "LIV003")
    assert finding["summary"] == "column public.positions.hdop is in the owner's SQL and missing in dev"
    assert finding["where"] == f"{FAULTY}:4"
    assert finding["fix_sql"] == "ALTER TABLE public.positions ADD COLUMN IF NOT EXISTS hdop real;"
    report = next((tmp_path / "out" / "dev").glob("*/report.html")).read_text("utf-8")
    assert "dev is blocked" in report
    assert "hdop" in report


@pytest.fixture(autouse=True)
def _connections(demo_variables, monkeypatch):
    for name, value in demo_variables.items():
        monkeypatch.setitem(os.environ, name, value)
