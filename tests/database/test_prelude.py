"""What a platform provides is there before both sources run, and no difference is about it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from migration_audit.audit.audit import Audit
from migration_audit.model.finding import CheckResult, Outcome, Phase
from migration_audit.project import load_project

pytestmark = [pytest.mark.server, pytest.mark.slow]

PRELUDE = """
create role web nologin;
create schema auth;
create table auth.users (id uuid primary key, mail text not null);
create function auth.uid() returns uuid language sql as $$ select null::uuid $$;
grant usage on schema auth to web;
"""
TABLE = (
    "create table if not exists orders (id int primary key, buyer uuid references auth.users);\n"
    "drop policy if exists own on orders;\n"
    "create policy own on orders to web using (buyer = auth.uid());\n"
)
TOML = """
[project]
name = "shop"
prelude = ["base/*.sql"]
[legacy]
sql = ["legacy/*.sql"]
[owner]
sql = ["owner/*.sql"]
[environments.live]
dsn_env = "PRELUDE_LIVE"
"""


def audit_of(folder: Path, **files: str) -> Audit:
    for name, text in {"base": PRELUDE, "legacy": TABLE, "owner": TABLE, **files}.items():
        path = folder / name / "001.sql"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    (folder / "audit.toml").write_text(TOML)
    project = load_project(folder / "audit.toml")
    return Audit(project, environment=project.environment("live"), phase=Phase.PREFLIGHT, folder=None)


def result(results: tuple[CheckResult, ...], name: str) -> CheckResult:
    return next(each for each in results if each.id == name)


def test_sources_that_need_it_apply_and_it_is_no_part_of_what_is_compared(tmp_path: Path) -> None:
    audit = audit_of(tmp_path)
    for name in ("SQL002", "SQL003", "SQL005", "COV002", "COV004", "COV007", "COV008", "COV011"):
        assert result(audit.shared_results, name).outcome is Outcome.PASSED, name
    kept = {(obj.kind, obj.key) for obj in audit.legacy.objects}
    assert ("table", "public.orders") in kept
    assert not any("auth" in key for _, key in kept)
    assert ("table", "auth.users") in audit.shared["prelude"]


def test_what_a_source_changes_of_it_is_compared(tmp_path: Path) -> None:
    changed = "alter table auth.users alter column mail type varchar(99);\n" + TABLE
    audit = audit_of(tmp_path, legacy=changed)
    (finding,) = result(audit.shared_results, "COV002").findings
    assert finding.key == "COV002:column:auth.users.mail:type"
    assert (finding.expected, finding.actual) != (None, None), "changed, and not missing"


def test_a_source_that_adds_nothing_to_it_gives_nothing_to_compare(tmp_path: Path) -> None:
    audit = audit_of(tmp_path, legacy="select 1;\n")
    assert result(audit.shared_results, "COV002").outcome is Outcome.ERRORED
    assert "nothing was compared" in str(result(audit.shared_results, "COV002").reason)


def test_a_prelude_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    audit = audit_of(tmp_path, base="create schema auth;\ncreate table auth.t (id nothing);\n")
    reason = str(result(audit.shared_results, "SQL002").reason)
    assert "base/001.sql:2: the prelude does not apply" in reason
    assert 'type "nothing" does not exist' in reason


def test_a_prelude_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    audit = audit_of(tmp_path)
    (tmp_path / "base/001.sql").unlink()
    assert "no .sql files match 'base/*.sql'" in str(result(audit.shared_results, "SQL002").reason)


def test_the_platforms_own_objects_are_no_drift(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(database, autocommit=True) as live:
        live.execute("drop role if exists web")
        live.execute(PRELUDE.encode())
        live.execute("alter table auth.users add column picture bytea, alter column mail type varchar(50)")
        live.execute(TABLE.encode())
        monkeypatch.setenv("PRELUDE_LIVE", database)
        audit = audit_of(tmp_path)
        found = {key for name in ("LIV003", "LIV004", "LIV005", "LIV014") for key in keys_of(audit, name)}
        live.execute("drop owned by web")
        live.execute("drop role web")
    assert found == set()
    assert [(each.pattern, each.objects > 0) for each in audit.excluded][:1] == [("(prelude)", True)]


def keys_of(audit: Audit, name: str) -> list[str]:
    return [finding.key for finding in result(audit.live_results, name).findings]
