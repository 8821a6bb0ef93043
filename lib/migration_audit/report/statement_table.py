"""Legacy and owner, statement by statement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from migration_audit.model.similarity import Similarity, StatementMatch
from migration_audit.report.grid import LazyRows
from migration_audit.report.inline import IdentifierText, Inline, Text
from migration_audit.report.table import Group, Heading, ReportTable, Row

_LACKING = frozenset({Similarity.DIFFERENT, Similarity.ABSENT})


def statement_table(matches: Sequence[StatementMatch]) -> ReportTable:
    """Each legacy statement with its file and line, how the owner's SQL has it, and where."""
    counts = Counter(match.likeness for match in matches)
    counted = ", ".join(f"{counts[likeness]:,} {likeness}" for likeness in Similarity if counts[likeness])
    return ReportTable(
        caption="Legacy statements in the owner's SQL",
        note=counted or None,
        group_names=("Legacy file",),
        headings=tuple(Heading(name=name) for name in ("Line", "Statement", "In the owner's SQL", "Defined at", "Differs")),
        groups=tuple(
            Group(title=IdentifierText(path), labels=(path,), rows=LazyRows(found, _row, list(map(_is_marked, found))))
            for path, found in ((path, list(run)) for path, run in groupby(matches, key=lambda match: match.legacy.path))
        ),
        about="statements",
        quiet="statements with a counterpart in the owner's SQL",
        nothing="The legacy SQL contains no statements.",
    )


def _is_marked(match: StatementMatch) -> bool:
    return match.likeness in _LACKING or bool(match.differing)


def _row(match: StatementMatch) -> Row:
    is_marked = _is_marked(match)
    cells: tuple[Inline, ...] = (
        Text(str(match.legacy.line)),
        IdentifierText(match.text),
        Text(str(match.likeness), strong=is_marked),
        IdentifierText(str(match.owner)) if match.owner else Text("–", muted=True),
        Text(", ".join(match.differing)) if match.differing else Text("–", muted=True),
    )
    return Row(cells, marked=is_marked)
