"""A picture as a value: its parts, what it shows in words, and the table with the same numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migration_audit.report import figure_html
from migration_audit.report.strip import Look, Strip
from migration_audit.report.table import ReportTable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A strip under its name."""

    label: str
    note: str
    """What it shows, in a few words or numbers."""
    strip: Strip


@dataclass(frozen=True, slots=True)
class Line:
    """From a name on the left to one on the right, by their positions."""

    left: int
    right: int
    look: Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Names on both sides, each with a remark, and lines between them."""

    left: tuple[tuple[str, str], ...]
    right: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Figure:
    """A picture and its table; the table alone where there is nothing to draw."""

    title: str
    summary: str
    """The result in one line, or why there is no picture."""
    alt: str = ""
    """What is to be seen, for those who do not see it."""
    parts: tuple[Lane, ...] | Links = ()
    key: tuple[tuple[Look, str], ...] = ()
    """What each look means."""
    table: ReportTable
    in_columns: bool = False
    """Whether lanes are next to each other where there is room."""

    @property
    def is_drawn(self) -> bool:
        """Whether there is a picture."""
        return bool(self.parts.lines or self.parts.left if isinstance(self.parts, Links) else self.parts)

    def to_frame(self) -> pd.DataFrame:
        """The table as a DataFrame."""
        return self.table.to_frame()

    def _repr_html_(self) -> str:
        return str(figure_html.in_notebook(self))

    def _repr_markdown_(self) -> str:
        return self.table._repr_markdown_()

    def __repr__(self) -> str:
        """The table: a terminal shows no pictures."""
        return repr(self.table)
