"""The only module that notebooks import: some two dozen verbs, each one line in a notebook.

``open_audit`` first; everything else takes what it gave. What a ``show_`` verb returns is displayed by being the last
expression of a cell: as HTML in JupyterLab and in the report, as text in a terminal.

The verbs stand in ``verbs``, which is loaded when the first of them is asked for: the command line uses this package's other
modules, and has no use for tables and parsers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from migration_audit.workbook.verbs import (
        differences_frame,
        engine,
        frame,
        open_audit,
        seal,
        show_boot,
        show_catalogue,
        show_checks,
        show_chunks,
        show_column_types,
        show_constraints,
        show_differences,
        show_digests,
        show_directus_rehearsal,
        show_environments,
        show_evidence,
        show_extensions,
        show_findings,
        show_hypertables,
        show_index_sets,
        show_port,
        show_rehearsal,
        show_rows,
        show_scope,
        show_sources,
        show_stack,
        show_statements,
        show_verdict,
        show_work_list,
    )

__all__ = [
    "differences_frame",
    "engine",
    "frame",
    "open_audit",
    "seal",
    "show_boot",
    "show_catalogue",
    "show_checks",
    "show_chunks",
    "show_column_types",
    "show_constraints",
    "show_differences",
    "show_digests",
    "show_directus_rehearsal",
    "show_environments",
    "show_evidence",
    "show_extensions",
    "show_findings",
    "show_hypertables",
    "show_index_sets",
    "show_port",
    "show_rehearsal",
    "show_rows",
    "show_scope",
    "show_sources",
    "show_stack",
    "show_statements",
    "show_verdict",
    "show_work_list",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from migration_audit.workbook import verbs  # noqa: PLC0415  see above

    return getattr(verbs, name)


def __dir__() -> list[str]:
    return sorted(__all__)
