"""What people read: tables for notebooks and terminals, one HTML file per run, the matrix of all environments.

Nothing here decides anything. Results and snapshots come in as values, text comes out, and the same values give the
same bytes. Heavy libraries (pandas, jinja2, nh3) are imported by the functions that need them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration_audit.model.on_use import names_on_use

if TYPE_CHECKING:
    from migration_audit.report.banner import Banner
    from migration_audit.report.boot_tables import (
        boot_figure,
        boot_table,
        directus_rehearsal_table,
        rehearsal_table,
        rehearsed_rows,
    )
    from migration_audit.report.check_tables import check_table, findings_table, matrix, work_list_table
    from migration_audit.report.ci import github_annotations, junit_xml, sarif, summary_markdown
    from migration_audit.report.drift_text import drift_json, drift_text
    from migration_audit.report.html import render_report
    from migration_audit.report.listings import (
        PortBlock,
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
    from migration_audit.report.object_tables import constraint_table, difference_table, index_table
    from migration_audit.report.page import RunSummary, render_index, render_signed_off
    from migration_audit.report.probe_figure import coverage_figure, probe_figure
    from migration_audit.report.rows import (
        manifest_json,
        manifest_text,
        not_compared_of,
        rows_table,
        rows_text,
        source_table,
        undone_text,
    )
    from migration_audit.report.setting_tables import column_table, extension_table, hypertable_table
    from migration_audit.report.timeline import chunk_timeline, chunk_timelines
    from migration_audit.report.triage import triage
    from migration_audit.report.view import producer_text

__all__ = [
    "Banner",
    "PortBlock",
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
    "work_list_table",
]

__getattr__ = names_on_use(__name__)
