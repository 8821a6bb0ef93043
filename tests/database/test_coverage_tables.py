"""The tables of coverage show what was compared: no ledger of a runner, which the checks leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_audit import workbook
from migration_audit.audit.audit import Audit
from migration_audit.model.finding import Outcome, Phase
from migration_audit.project import load_project

pytestmark = pytest.mark.server

TABLE = "create table if not exists orders (id int primary key);\n"
LEDGER = "create table if not exists alembic_version (version_num varchar(32) constraint alembic_version_pkc primary key);\n"
TOML = """
[project]
name = "shop"
[legacy]
sql = ["legacy.sql"]
[owner]
sql = ["owner.sql"]
[environments.live]
dsn_env = "LIVE"
"""


def test_a_ledger_is_in_no_table_of_coverage(tmp_path: Path) -> None:
    for name, text in {"legacy.sql": TABLE + LEDGER, "owner.sql": TABLE, "audit.toml": TOML}.items():
        (tmp_path / name).write_text(text)
    audit = Audit(load_project(tmp_path / "audit.toml"), environment=None, phase=Phase.PREFLIGHT, folder=None)
    coverage = next(each for each in audit.shared_results if each.id == "COV007")
    assert coverage.outcome is Outcome.PASSED
    assert "public.alembic_version (Alembic's own)" in (coverage.reason or "")
    for show in (workbook.show_column_types, workbook.show_index_sets, workbook.show_constraints):
        shown = repr(show(audit))
        assert "orders" in shown
        assert "alembic_version" not in shown
