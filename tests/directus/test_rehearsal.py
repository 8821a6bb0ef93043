"""The real Directus from npm, as an audit asks it: what it loses is found, where it agrees with the model and where not."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from e2e.pipeline import VERSION, WANTED, directus_home
from fix_outside import replace_in
from migration_audit.audit.audit import Audit
from migration_audit.audit.demo import demo_root
from migration_audit.demo.histories import build_database, histories
from migration_audit.gate import decide
from migration_audit.model.directus_database import DirectusRehearsal
from migration_audit.model.finding import CheckResult, Outcome, Phase, Verdict
from migration_audit.project import load_project
from migration_audit.report.boot_tables import directus_rehearsal_table
from migration_audit.shadow.directus_program import command_line

pytestmark = [
    pytest.mark.server,
    pytest.mark.timescale,
    pytest.mark.skipif(WANTED not in {"1", "if-possible"}, reason="installs a real Directus from npm: `make e2e` runs it"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module", autouse=True)
def installed() -> Path:
    return directus_home()


@pytest.fixture(scope="module")
def databases(server: Any) -> Iterator[dict[str, str]]:
    """The demo's dev, where Directus owns everything, and prod, whose hypertable is another role's, and which drifted."""
    with server.cluster(fresh=True) as cluster:
        made = {}
        for history in histories(demo_root()):
            if history.environment in {"dev", "prod"}:
                conninfo = made[history.environment] = cluster.create_database(f"trm_{history.environment}")
                build_database(history, conninfo, project=load_project(demo_root() / "audit.toml"))
        yield made


def tree(*, ghost: bool) -> Path:
    """A copy of the demo that asks for a rehearsal; with an entry of the hypertable without schema, and no guard of it."""
    root = Path(tempfile.mkdtemp(prefix="ma-rehearsal-", dir="/tmp"))
    root.chmod(0o755)
    shutil.copytree(demo_root(), root, dirs_exist_ok=True)
    file = 'file = "directus/snapshots/schema.yaml"\n'
    replace_in(root / "audit.toml", file, f'{file}rehearse = "npm"\nrehearse_timeout = 600\n')
    if ghost:
        path = root / "directus/snapshots/schema.yaml"
        body = yaml.safe_load(path.read_text("utf-8"))
        entry = {**body["collections"][0], "collection": "positions", "schema": None}
        entry["meta"] = {**entry["meta"], "collection": "positions", "icon": None, "note": "not what prod has"}
        body["collections"].append(entry)
        path.write_text(yaml.safe_dump(body, sort_keys=False), "utf-8")
        compose = root / "deploy/compose.yaml"
        lines = [line for line in compose.read_text("utf-8").splitlines(keepends=True) if "DB_EXCLUDE_TABLES" not in line]
        compose.write_text("".join(lines), "utf-8")
    return root


def audited(root: Path, name: str, conninfo: str, monkeypatch: pytest.MonkeyPatch) -> Audit:
    project = load_project(root / "audit.toml")
    environment = project.environment(name)
    monkeypatch.setenv(environment.dsn_env or "", conninfo)
    audit = Audit(project, environment=environment, phase=Phase.PREFLIGHT, folder=root / "facts")
    assert audit.own
    return audit


def by_id(audit: Audit) -> dict[str, CheckResult]:
    return {result.id: result for result in audit.live_results}


def test_a_file_that_loses_nothing_passes(databases: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(ghost=False)
    try:
        audit = audited(root, "prod", databases["prod"], monkeypatch)
        result = by_id(audit)["SNAP009"]
        assert result.outcome is Outcome.PASSED, result
        assert f"2 boots of directus@{VERSION} from npm (schema apply --yes FILE)" in (result.reason or "")
        live, fresh = audit.own["directus_rehearsal"], audit.shared["fresh_rehearsal"]
        assert isinstance(live, DirectusRehearsal)
        assert live.unlike == ()
        assert [boot.message for boot in live.boots] == ["No changes to apply."] * 2
        assert ("table", "public.devices") in fresh.boots[0].made
        again = Audit(audit.project, environment=audit.environment, phase=Phase.PREFLIGHT, folder=audit.folder)
        assert again.live_results == audit.live_results, "the same from the facts that a run keeps, without npm"
        # The rows of its tables stay where they are, and so do those of Directus's own other tables.
        assert {table.name: table.has_rows for table in live.before.tables if not table.name.startswith("directus_")} == {
            "devices": False,
            "positions": False,
            "spatial_ref_sys": True,
            "vehicles": False,
        }
    finally:
        shutil.rmtree(root)


def test_a_ghost_entry_drops_the_hypertable_in_both_and_a_planted_disagreement_is_incomplete(
    databases: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree(ghost=True)
    dev = databases["dev"]
    try:
        with psycopg.connect(dev) as connection:
            before = connection.execute("select count(*) from positions").fetchone()
        audit = audited(root, "dev", dev, monkeypatch)
        results = by_id(audit)
        (computed,) = [f for f in results["SNAP001"].findings if f.key == "SNAP001:public.positions:drop"]
        assert "DROP TABLE positions" in computed.summary
        (found,) = [f for f in results["SNAP009"].findings if f.key == "SNAP009:table:public.positions"]
        assert "boot 2 on dev and a fresh database" in found.summary
        assert "exit code 0" in found.summary
        assert "the model predicts the same" in found.summary
        assert results["SNAP009"].unchecked is None
        table = directus_rehearsal_table(audit.directus_rehearsed)
        assert "DROP TABLE positions" in str(table)
        assert "table public.positions lost; exit code 0" in str(table)
        with psycopg.connect(dev) as connection:
            assert connection.execute("select count(*) from positions").fetchone() == before
        _plant(audit)
    finally:
        shutil.rmtree(root)


def test_a_command_of_audit_toml_is_asked_in_its_place(installed: Path) -> None:
    root = tree(ghost=False)
    try:
        command = ["node", str(command_line(installed))]
        replace_in(
            root / "audit.toml", 'rehearse = "npm"\n', f'rehearse = "command"\nrehearse_command = {json.dumps(command)}\n'
        )
        audit = Audit(load_project(root / "audit.toml"), environment=None, phase=Phase.PREFLIGHT, folder=None)
        found = audit._fresh_rehearsal
        assert isinstance(found, DirectusRehearsal), found
        assert [boot.message for boot in found.boots] == ["Snapshot applied successfully", "No changes to apply."]
        assert "rehearse_command" in found.by
    finally:
        shutil.rmtree(root)


def _plant(audit: Audit) -> None:
    """A model that takes the table for guarded, which it was not: the rehearsal refutes it."""
    guarded = replace(audit.own["directus_runtime"], ignored=frozenset({"positions"}))
    again = Audit(audit.project, environment=audit.environment, phase=Phase.PREFLIGHT, folder=None)
    again.__dict__.update(shared=audit.shared, own={**audit.own, "directus_runtime": guarded})
    results = by_id(again)
    assert "SNAP001:public.positions:drop" not in [finding.key for finding in results["SNAP001"].findings]
    result = results["SNAP009"]
    assert [finding.key for finding in result.findings] == ["SNAP009:table:public.positions"]
    assert result.unchecked is not None
    assert "model and rehearsal do not agree, and both are shown: boot 1: " in result.unchecked
    assert decide(again.live_results) is Verdict.INCOMPLETE
