"""What a cell of a notebook shows: a table, or several values one below the other.

Each is a value: made once, shown in a notebook, a terminal, a job summary; a table also as a DataFrame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migration_audit.report import table_html, table_markdown, table_text
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


def text_frame(rows: Iterable[Sequence[str]], columns: Sequence[str]) -> pd.DataFrame:
    """A DataFrame of text."""
    import pandas as pd  # noqa: PLC0415 (half a second that only those pay who ask for a frame)

    return pd.DataFrame(list(rows), columns=list(columns), dtype="str")


@dataclass(frozen=True, slots=True, repr=False)
class Stacked:
    """Each part below the one before; ``nothing`` where there is none."""

    parts: tuple[Any, ...]
    nothing: str

    def _repr_html_(self) -> str:
        return "".join(part._repr_html_() for part in self.parts) or f"<p>{self.nothing}</p>"

    def _repr_markdown_(self) -> str:
        return "\n".join(part._repr_markdown_() for part in self.parts) or self.nothing

    def __repr__(self) -> str:
        """The parts as plain text."""
        return "\n\n".join(repr(part) for part in self.parts) or self.nothing
