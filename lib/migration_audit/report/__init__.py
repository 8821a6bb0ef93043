"""What people read: tables for notebooks and terminals, one HTML file per run, the matrix of all environments.

Nothing here decides anything. Results and snapshots come in as values, text comes out, and the same values give the
same bytes. Heavy libraries (pandas, jinja2, nh3) are imported by the functions that need them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration_audit.model.on_use import names_on_use

if TYPE_CHECKING:
    from migration_audit.report.banner import verdict_banner
    from migration_audit.report.boot_figure import boot_figure
    from migration_audit.report.boot_tables import boot_table, directus_rehearsal_table, rehearsal_table, rehearsed_rows
    from migration_audit.report.check_tables import check_table, findings_table, matrix, work_list_table
    from migration_audit.report.column_tables import column_table
    from migration_audit.report.coverage_figure import coverage_figure
    from migration_audit.report.drift_tables import difference_table
    from migration_audit.report.drift_text import drift_json, drift_text
    from migration_audit.report.github import github_annotations, summary_markdown
    from migration_audit.report.html import render_report
    from migration_audit.report.junit import junit_xml
    from migration_audit.report.listings import (
        audit_table,
        catalogue_table,
        commit_text,
        digest_table,
        environment_table,
        evidence_table,
        scope_table,
        statement_table,
        unavailable,
    )
    from migration_audit.report.manifest import manifest_json, manifest_text, not_compared_of, source_table
    from migration_audit.report.object_tables import constraint_table, index_table
    from migration_audit.report.page import RunSummary, render_index, render_signed_off
    from migration_audit.report.port_block import port_block
    from migration_audit.report.probe_figure import probe_figure
    from migration_audit.report.rows import rows_table, rows_text, undone_text
    from migration_audit.report.sarif import sarif
    from migration_audit.report.setting_tables import extension_table, hypertable_table
    from migration_audit.report.timeline import chunk_timeline, chunk_timelines
    from migration_audit.report.triage import triage
    from migration_audit.report.view import producer_text

__all__ = [
    "RunSummary",
    "audit_table",
    "boot_figure",
    "boot_table",
    "catalogue_table",
    "check_table",
    "chunk_timeline",
    "chunk_timelines",
    "column_table",
    "commit_text",
    "constraint_table",
    "coverage_figure",
    "difference_table",
    "digest_table",
    "directus_rehearsal_table",
    "drift_json",
    "drift_text",
    "environment_table",
    "evidence_table",
    "extension_table",
    "findings_table",
    "github_annotations",
    "hypertable_table",
    "index_table",
    "junit_xml",
    "manifest_json",
    "manifest_text",
    "matrix",
    "not_compared_of",
    "port_block",
    "probe_figure",
    "producer_text",
    "rehearsal_table",
    "rehearsed_rows",
    "render_index",
    "render_report",
    "render_signed_off",
    "rows_table",
    "rows_text",
    "sarif",
    "scope_table",
    "source_table",
    "statement_table",
    "summary_markdown",
    "triage",
    "unavailable",
    "undone_text",
    "verdict_banner",
    "work_list_table",
]

__getattr__ = names_on_use(__name__)
