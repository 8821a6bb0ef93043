"""Everything that a notebook can show, under one name.

Each function returns a small value with ``_repr_html_``, ``_repr_markdown_``, plain text and ``to_frame()``; the same
input gives the same bytes in every process.
"""

from migration_audit.report.banner import verdict_banner
from migration_audit.report.check_tables import check_table, findings_table, matrix
from migration_audit.report.column_tables import column_table
from migration_audit.report.drift_tables import difference_table
from migration_audit.report.object_tables import constraint_table, index_table, object_matrix
from migration_audit.report.setting_tables import extension_table, hypertable_table
from migration_audit.report.timeline import chunk_timeline

__all__ = [
    "check_table",
    "chunk_timeline",
    "column_table",
    "constraint_table",
    "difference_table",
    "extension_table",
    "findings_table",
    "hypertable_table",
    "index_table",
    "matrix",
    "object_matrix",
    "verdict_banner",
]
