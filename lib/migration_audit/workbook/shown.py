"""One side as a notebook shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migration_audit.model.enumeration import plural
from migration_audit.report.inline import Text
from migration_audit.report.table import Group, Heading, ReportTable, Row
from migration_audit.workbook import frames
from migration_audit.workbook.catalogs import ReadCatalog
from migration_audit.workbook.comparing import CLASSES
from migration_audit.workbook.objects import object_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Side:
    """One side that was read: how many objects of which kinds it has, and a frame of each kind."""

    read: ReadCatalog

    @property
    def name(self) -> str:
        """The name that it was asked for by."""
        return self.read.name

    @property
    def kinds(self) -> dict[str, int]:
        """How many objects of each kind there are."""
        return dict(sorted(Counter(obj.kind for obj in self.read.snapshot.objects).items()))

    def frame(self, kind: str) -> pd.DataFrame:
        """The objects of one kind, a row each; an empty frame with its columns where there are none.

        Raises UsageError for a kind that does not exist.
        """
        if kind not in CLASSES:
            raise frames.unknown_name("kind", kind, sorted(CLASSES))
        return frames.object_frame(CLASSES[kind], self.read.snapshot.objects, self.read.origins)

    def show(self, key: str, *, kind: str | None = None) -> ReportTable:
        """One object of this side, by key, name or glob. Raises UsageError where there is none."""
        return object_table(key, {self.name: self.read}, kind=kind)

    @property
    def _table(self) -> ReportTable:
        rows = [Row((Text(plural(kind, count)), Text(f"{count:,}"))) for kind, count in self.kinds.items()]
        limits = [f"not read: {limit}" for limit in self.read.snapshot.limits]
        return ReportTable(
            caption=self.name,
            note=". ".join([frames.read_text(self.read), *limits]),
            headings=(Heading(name="Kind"), Heading(name="Objects")),
            groups=(Group(title=None, labels=(), rows=tuple(rows)),),
            nothing="It has no objects.",
        )

    def _repr_html_(self) -> str:
        return self._table._repr_html_()

    def __repr__(self) -> str:
        """Its kinds as text."""
        return repr(self._table)
