"""The second example on real servers: what Alembic prints is covered by another team's Flyway files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from migration_audit.audit.audit import Audit
from migration_audit.model.finding import Phase, Severity
from migration_audit.project import load_project

EXAMPLE = Path(__file__).resolve().parents[1] / "data/example-alembic/before"


def found(tree: Path) -> tuple[set[str], set[str]]:
    """Keys of what the two sources' checks warn of, and of what audit.toml accepts."""
    project = load_project(tree / "audit.toml")
    audit = Audit(project, environment=None, phase=Phase.PREFLIGHT, folder=None, progress=print)
    about_sql = [result for result in audit.shared_results if result.id.startswith(("SQL", "COV"))]
    results = [result for result in about_sql if result.severity is not Severity.INFO]
    return {f.key for r in results for f in r.findings}, {waiver.finding for waiver in project.waivers}


@pytest.mark.server
def test_alembics_tables_are_covered_but_for_what_it_does_by_design():
    keys, accepted = found(EXAMPLE)
    assert keys == accepted


@pytest.mark.slow
@pytest.mark.server
def test_what_the_owner_lacks_is_named(tmp_path):
    tree = Path(shutil.copytree(EXAMPLE, tmp_path / "tree"))
    (tree / "platform/flyway/V002__readings_taken_at.sql").write_text("SELECT 1;\n")
    keys, accepted = found(tree)
    missing = {key for key in keys - accepted if key.startswith("COV")}
    assert missing == {"COV003:index:public.readings_taken_at"}
