"""A real Directus as the owner: its whole boot is the command, and what it makes is held against the legacy SQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.pipeline import WANTED, programs
from fix_outside import replace_in
from migration_audit.audit.audit import Audit
from migration_audit.audit.demo import demo_root
from migration_audit.model.finding import CheckResult, Outcome, Phase
from migration_audit.model.relations import Table
from migration_audit.model.snapshot import Snapshot
from migration_audit.project import load_project

pytestmark = pytest.mark.skipif(
    WANTED not in {"1", "if-possible"}, reason="installs a real Directus from npm: `make e2e` runs it"
)

OWNER = """
command = ["sh", "entrypoint.sh", "true"]
root = "directus"
directory = "directus"
files = ["*.sh", "db-init/*.sql", "db-init-post/*.sql", "snapshots/schema.yaml"]
timeout = 600

[owner.env]
PATH = "{path}"
DB_CLIENT = "pg"
DB_HOST = "{{host}}"
DB_PORT = "{{port}}"
DB_DATABASE = "{{database}}"
DB_USER = "{{user}}"
DB_PASSWORD = "{{password}}"
DB_SEARCH_PATH = "array:public"
DB_EXCLUDE_TABLES = "positions,migrations_applied,spatial_ref_sys"
SECRET = "of-a-shadow-and-of-more-than-32-characters"
ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "of-a-shadow"
LOG_STYLE = "raw"
TELEMETRY = "false"
"""


@pytest.fixture
def trm(server: Any) -> Iterator[Path]:
    """Below /tmp, as the command runs as another user where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="ma-directus-", dir="/tmp") as name:
        root = Path(name)
        root.chmod(0o755)
        shutil.copytree(demo_root(), root, dirs_exist_ok=True)
        found = programs(root / "bin", server=server.programs)
        owner = OWNER.format(path=f"{found}:/usr/local/bin:/usr/bin:/bin")
        replace_in(
            root / "audit.toml", 'sql = ["directus/db-init/*.sql"]\nrole = "directus"\n', f'role = "directus"\n{owner}'
        )
        yield root


def audit_of(root: Path) -> Audit:
    return Audit(load_project(root / "audit.toml"), environment=None, phase=Phase.PREFLIGHT, folder=None)


def by_id(audit: Audit) -> dict[str, CheckResult]:
    return {result.id: result for result in audit.shared_results}


def test_its_boot_covers_the_legacy_sql(trm: Path) -> None:
    audit = audit_of(trm)
    results = by_id(audit)
    assert results["SQL002"].outcome is Outcome.PASSED, results["SQL002"]
    blocking = {
        name: [finding.summary for finding in result.findings]
        for name, result in results.items()
        if result.outcome is Outcome.FAILED and name.startswith(("SQL", "COV")) and result.severity.value == "blocker"
    }
    assert blocking == {}
    assert {name for name, result in results.items() if result.outcome is Outcome.ERRORED} == set()
    owner = audit.owner
    assert isinstance(owner, Snapshot)
    assert {"public.directus_users", "public.devices", "public.positions"} <= {table.key for table in owner.of(Table)}
    facts = audit.shared["sources"]
    assert isinstance(facts, tuple)
    assert "directus/snapshots/schema.yaml" in {path for path, _ in facts[1].files}
    assert "001_extensions.sql" in facts[1].entries


def test_what_its_boot_does_not_make_is_missing(trm: Path) -> None:
    made = trm / "directus" / "db-init" / "002_positions_hypertable.sql"
    made.write_text(made.read_text("utf-8").replace("altitude", "height"), "utf-8")
    results = by_id(audit_of(trm))
    found = {finding.summary for finding in results["COV002"].findings}
    assert any("column public.positions.altitude is in the legacy SQL and missing" in summary for summary in found), results[
        "COV002"
    ]


def test_a_boot_that_fails_is_no_coverage(trm: Path) -> None:
    (trm / "directus" / "snapshots" / "schema.yaml").write_text("version: nonsense\n", "utf-8")
    results = by_id(audit_of(trm))
    assert results["SQL002"].findings, results["SQL002"]
    (failed,) = results["SQL002"].findings
    assert "command `sh entrypoint.sh true`: it ended with exit code" in failed.summary
    assert "of-a-shadow" not in failed.summary
    assert results["COV002"].outcome is Outcome.ERRORED
