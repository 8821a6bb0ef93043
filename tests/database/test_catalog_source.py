"""A legacy schema that only a database or a saved snapshot knows: compared; what needs SQL says that it was not asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_demo import evidence_of, run_cli
from migration_audit.audit.audit import Audit
from migration_audit.catalog import read_snapshot, save_snapshot
from migration_audit.model.finding import CheckResult, Outcome, Phase
from migration_audit.project import load_project

pytestmark = [pytest.mark.server, pytest.mark.slow]

SCHEMA = """
create table users (id integer primary key, email text not null);
create index users_email on users (email);
"""
OF_ITS_SERVER = """
create role app_of_legacy;
create table users (id integer primary key, email text not null);
create index users_email on users (email);
create table cms_pages (id integer);
create table knex_migrations (id serial, name varchar(255), batch integer, migration_time timestamptz);
alter table users owner to app_of_legacy; alter database legacy owner to app_of_legacy;
"""


@dataclass
class Legacy:
    """A project whose legacy schema is a database."""

    root: Path
    conninfo: str
    monkeypatch: pytest.MonkeyPatch

    def results(
        self, *, legacy: str = 'dsn_env = "LEGACY_URL"', owner: str = SCHEMA, more: str = ""
    ) -> dict[str, CheckResult]:
        self.write(legacy, owner, more)
        self.monkeypatch.setenv("LEGACY_URL", self.conninfo)
        project = load_project(self.root / "audit.toml")
        audit = Audit(project, environment=None, phase=Phase.PREFLIGHT, folder=None)
        return {result.id: result for result in audit.shared_results}

    def write(self, legacy: str, owner: str, more: str) -> None:
        (self.root / "owner.sql").write_text(owner)
        (self.root / "audit.toml").write_text(
            f'[project]\nname = "p"\n[legacy]\n{legacy}\n[owner]\nsql = ["owner.sql"]\nrerun = false\n'
            f'[environments.dev]\ndsn_env = "DEV_URL"\n{more}'
        )

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def save(self) -> None:
        save_snapshot(read_snapshot(self.conninfo).snapshot, self.root / "legacy.json")


SCOPE = '[[scope.exclude]]\npattern = "public.cms_*"\nreason = "the CMS makes them"\n'
KINDS = {"database": 'dsn_env = "LEGACY_URL"', "snapshot": 'snapshot = "legacy.json"'}


@pytest.fixture
def legacy(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Legacy]:
    with server.cluster() as cluster:
        made = Legacy(tmp_path, cluster.create_database("legacy"), monkeypatch)
        made.execute(*OF_ITS_SERVER.strip().split("\n"))
        made.save()
        yield made


def without_findings(results: dict[str, CheckResult]) -> set[str]:
    return {name for name, result in results.items() if name.startswith(("SQL", "COV")) and not result.findings}


@pytest.mark.parametrize("kind", KINDS)
def test_an_owner_who_has_all_of_it_covers_it(legacy: Legacy, kind: str) -> None:
    results = legacy.results(legacy=KINDS[kind], more=SCOPE)
    checks = {name: result for name, result in results.items() if name.startswith(("SQL", "COV"))}
    assert {name: result.findings for name, result in checks.items() if result.findings} == {}
    skipped = {name: result for name, result in checks.items() if result.outcome is Outcome.SKIPPED}
    assert set(skipped) == {"SQL004", "SQL005", "COV011", "COV012", "COV014"}
    assert not any(result.required for result in skipped.values())
    for name in ("SQL004", "SQL005", "COV011", "COV014"):
        assert f"legacy is only known from a {kind}" in (skipped[name].reason or "")
    assert all(result.outcome is Outcome.PASSED for name, result in checks.items() if name not in skipped)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_owner_lacks_is_found(legacy: Legacy, kind: str) -> None:
    results = legacy.results(
        legacy=KINDS[kind], owner="create table users (id integer primary key, email text);", more=SCOPE
    )
    found = {finding.summary for result in results.values() for finding in result.findings}
    assert f"index public.users_email is in the legacy {kind} and missing in the owner's SQL" in found
    assert any(f"NOT NULL is yes in the legacy {kind}, no in the owner's SQL" in summary for summary in found)


def test_its_owners_its_ledger_and_what_is_out_of_scope_are_no_findings_and_are_reported(legacy: Legacy) -> None:
    reason = legacy.results(more=SCOPE)["COV007"].reason or ""
    assert "out of scope by public.cms_*: the CMS makes them" in reason
    assert "public.knex_migrations (knex's own)" in reason
    assert "may have had any owner" in reason
    assert "are not in scope" in reason


def test_without_the_scope_what_the_cms_makes_is_missing(legacy: Legacy) -> None:
    summaries = [finding.summary for finding in legacy.results()["COV002"].findings]
    assert summaries == ["table public.cms_pages is in the legacy database and missing in the owner's SQL"]


def test_settings_of_the_database_may_be_a_migrations(legacy: Legacy) -> None:
    legacy.execute("alter database legacy set work_mem = '8MB'", "alter database legacy connection limit 7")
    summaries = [finding.summary for finding in legacy.results(more=SCOPE)["COV007"].findings]
    assert summaries == [
        "database this database: settings are work_mem=8MB in the legacy database, not set in the owner's SQL"
    ]


def test_an_owner_whose_sql_fails_is_reported_all_the_same(legacy: Legacy) -> None:
    results = legacy.results(owner="create table users (id no_type);")
    assert [finding.where for finding in results["SQL002"].findings] == ["owner.sql:1"]
    assert results["COV002"].outcome is Outcome.ERRORED


def test_an_empty_database_proves_nothing(legacy: Legacy) -> None:
    legacy.execute("drop table users, cms_pages")
    results = legacy.results()
    assert results["COV002"].outcome is Outcome.ERRORED
    assert "nothing was compared: the legacy database" in (results["COV002"].reason or "")
    assert "public.knex_migrations" in (results["COV002"].reason or "")


@pytest.mark.parametrize(
    ("table", "value", "said"),
    [
        ('dsn_env = "LEGACY_URL"', "", "variable LEGACY_URL is empty"),
        ('dsn_env = "LEGACY_URL"', "postgresql://nobody:hunter2@127.0.0.1:1/x", "cannot connect"),
        ('snapshot = "nowhere.json"', "", "nowhere.json"),
        ('snapshot = "audit.toml"', "", "audit.toml"),
    ],
    ids=["empty variable", "no server", "no snapshot", "not a snapshot"],
)
def test_a_schema_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, value: str, said: str
) -> None:
    tried = Legacy(tmp_path, value, monkeypatch)
    results = tried.results(legacy=table)
    coverage = [result for name, result in results.items() if name.startswith("COV0")]
    assert {result.outcome for result in coverage} == {Outcome.ERRORED}
    assert all(said in (result.reason or "") for result in coverage)
    assert not any("hunter2" in (result.reason or "") for result in results.values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_says_that_one_method_alone_compared(legacy: Legacy, kind: str) -> None:
    legacy.write(KINDS[kind], SCHEMA, SCOPE)
    out = legacy.root / "reports"
    variables = {"LEGACY_URL": legacy.conninfo, "DEV_URL": legacy.conninfo}
    ran = run_cli("run", "--config", str(legacy.root), "--out", str(out), **variables)
    evidence = evidence_of(out, "dev")
    assert evidence["complete"], ran.err
    (note,) = evidence["notes"]
    assert note.startswith("COV011 was skipped: legacy is only known from a ")
    source = evidence["sources"][0]
    assert (source["format"], source["role"]) == (kind, "legacy")
    assert [file["path"] for file in source["files"]] == (["legacy.json"] if kind == "snapshot" else [])
    assert evidence["snapshots"]["legacy"] in source["notes"][0]
    (folder,) = (out / "dev").iterdir()
    assert "COV011 was skipped" in (folder / "report.html").read_text("utf-8")
    assert "COV011 was skipped" in (folder / "summary.md").read_text("utf-8")
