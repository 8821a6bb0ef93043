"""A table as a value: made once, shown in a notebook, a terminal, a job summary or as a DataFrame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migration_audit.report import table_html, table_markdown, table_text
from migration_audit.report.frame import text_frame
from migration_audit.report.grid import Grid, Group, Heading, Row

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Group", "Heading", "ReportTable", "Row"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReportTable(Grid):
    """Rows and what they mean, in four forms that say the same."""

    def to_frame(self) -> pd.DataFrame:
        """All rows as text, with the groups in the first columns."""
        return text_frame(
            ([*group.labels, *(cell.text() for cell in row.cells)] for group in self.groups for row in group.rows),
            [*self.group_names, *(h.full for h in self.headings)],
        )

    def _repr_html_(self) -> str:
        return str(table_html.render(self))

    def _repr_markdown_(self) -> str:
        return table_markdown.render(self)

    def __repr__(self) -> str:
        """The table as plain text: what a terminal shows, and what a committed notebook is compared by."""
        return table_text.render(self)
