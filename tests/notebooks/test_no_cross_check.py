"""No pg_dump can read the server: a comparison that is not cross-checked is not green, in any form, nor is a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fix_demo import evidence_of, outcomes, run_cli
from migration_audit.model.errors import ServerError
from migration_audit.shadow.pg_dump import find_pg_dump
from migration_audit.shadow.url import UrlServer

pytestmark = [pytest.mark.server, pytest.mark.slow]

TABLE = "create table t (a int primary key);\n"
WHY = "Not cross-checked with pg_dump: the cross-check is not available: no pg_dump of PostgreSQL"


@pytest.fixture(scope="module")
def by_url(server: Any) -> Iterator[Mapping[str, str]]:
    """A server named by its URL, which no pg_dump of this machine can read."""
    with server.cluster(tcp=True) as cluster:
        url = cluster.conninfo("postgres")
        try:
            found = find_pg_dump(UrlServer(url))
        except ServerError:
            yield {"MIGRATION_AUDIT_SERVER": "url", "MIGRATION_AUDIT_SERVER_URL": url}
        else:
            pytest.skip(f"{found} can read the server")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.sql").write_text(TABLE)
    (tmp_path / "b.sql").write_text(f"{TABLE}create table more ();\n")
    (tmp_path / "audit.toml").write_text(
        '[project]\nname = "p"\n[legacy]\nsql = ["a.sql"]\n[owner]\nsql = ["a.sql"]\n[environments.dev]\ndsn_env = "DEV"\n'
    )
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param("a.sql a.sql", 3, "✕ could not be checked: no differences, but pg_dump", id="equal"),
        pytest.param("a.sql b.sql", 3, "✕ could not be checked: covered, but pg_dump", id="covered"),
        pytest.param("b.sql a.sql", 1, "✕ not covered", id="not covered"),
        pytest.param("a.sql b.sql --direction equal", 1, "✕ covered, but not equal", id="not equal"),
        pytest.param("a.sql a.sql --no-cross-check", 0, "✓ equal", id="equal, accepted"),
        pytest.param("a.sql b.sql --no-cross-check", 0, "✓ covered", id="covered, accepted"),
    ],
)
def test_text(folder: Path, by_url: Mapping[str, str], arguments: str, code: int, said: str) -> None:
    ran = run_cli("compare", *arguments.split(), cwd=folder, PYTHONUTF8="1", **by_url)
    assert (ran.code, ran.out.startswith(said)) == (code, True), ran.out + ran.err
    assert ("Not cross-checked with pg_dump: --no-cross-check" if code == 0 else WHY) in ran.out


@pytest.mark.parametrize("form", ["json", "sql"])
def test_other_forms(folder: Path, by_url: Mapping[str, str], form: str) -> None:
    ran = run_cli("compare", "a.sql", "a.sql", "--format", form, cwd=folder, **by_url)
    assert (ran.code, WHY.lower().replace("postgresql", "PostgreSQL") in ran.err) == (3, True), ran.err


def test_a_live_side_needs_no_cross_check(folder: Path, database: str) -> None:
    run_cli("snapshot", "a.sql", "-o", "a.json", cwd=folder)
    ran = run_cli("compare", "a.json", "a.sql", "--format", "json", cwd=folder)
    assert (ran.code, json.loads(ran.out)["not_cross_checked"]) == (0, "only two sides that are SQL are dumped")


def test_a_run_is_incomplete(folder: Path, by_url: Mapping[str, str], database: str) -> None:
    ran = run_cli("run", "--out", str(folder / "out"), cwd=folder, DEV=database, **by_url)
    evidence = evidence_of(folder / "out", "dev")
    assert (outcomes(evidence)["COV011"], evidence["verdict"]) == ("skipped", "incomplete")
    assert ran.code == 3
