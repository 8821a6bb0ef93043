"""What people read: tables for notebooks and terminals, one HTML file per run, the matrix of all environments.

Nothing here decides anything. Results and snapshots come in as values, text comes out, and the same values give the
same bytes. Heavy libraries (pandas, jinja2, bleach) are imported by the functions that need them.
"""

from migration_audit.report.banner import verdict_banner
from migration_audit.report.check_tables import check_table, findings_table, matrix
from migration_audit.report.column_tables import column_table
from migration_audit.report.drift_json import drift_json
from migration_audit.report.drift_tables import difference_table
from migration_audit.report.drift_text import drift_text
from migration_audit.report.html import render_report
from migration_audit.report.index import RunSummary, render_index
from migration_audit.report.listings import (
    catalogue_table,
    digest_table,
    environment_table,
    evidence_table,
    scope_table,
    source_table,
    unavailable,
)
from migration_audit.report.object_tables import constraint_table, index_table
from migration_audit.report.setting_tables import extension_table, hypertable_table
from migration_audit.report.stacked import stacked
from migration_audit.report.summary import summary_markdown
from migration_audit.report.timeline import chunk_timeline
from migration_audit.report.triage import triage

__all__ = [
    "RunSummary",
    "catalogue_table",
    "check_table",
    "chunk_timeline",
    "column_table",
    "constraint_table",
    "difference_table",
    "digest_table",
    "drift_json",
    "drift_text",
    "environment_table",
    "evidence_table",
    "extension_table",
    "findings_table",
    "hypertable_table",
    "index_table",
    "matrix",
    "render_index",
    "render_report",
    "scope_table",
    "source_table",
    "stacked",
    "summary_markdown",
    "triage",
    "unavailable",
    "verdict_banner",
]
