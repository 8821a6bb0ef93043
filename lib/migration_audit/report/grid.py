"""What a table consists of, and which of its lines are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migration_audit.report.inline import Inline

_FOLDED_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The head of one column."""

    name: str
    over: str | None = None
    """The heading over this one and its neighbours with the same: ``Expected``."""
    centred: bool = False

    @property
    def full(self) -> str:
        """The heading where there is only one line for it: ``Expected type``."""
        return f"{self.over} {self.name[:1].lower()}{self.name[1:]}" if self.over else self.name


@dataclass(frozen=True, slots=True)
class Row:
    """One row; its first cell is the row's header."""

    cells: tuple[Inline, ...]
    marked: bool = False
    """Set off from rows with nothing to look at."""
    anchor: str | None = None
    """An id to link to, in pages that are ours from end to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows under a common line."""

    title: Inline | None
    labels: tuple[str, ...]
    """What the group is, for the first columns of a DataFrame."""
    rows: tuple[Row, ...]
    folded: str | None = None
    """Shown in place of the rows, which the DataFrame has all the same."""
    anchor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Rows and what they mean. Shown are at most ``limit`` rows, and it is told when there are more."""

    caption: str
    headings: tuple[Heading, ...]
    groups: tuple[Group, ...]
    group_names: tuple[str, ...] = ()
    note: str | None = None
    """How to read it, or how much of what there is; one line under the caption."""
    nothing: str = "Nothing to show."
    """What is said when there are no rows."""
    limit: int = 1000

    def __len__(self) -> int:
        """The number of rows, folded ones too."""
        return sum(len(group.rows) for group in self.groups)

    def shown(self) -> Iterator[Group | Row | str]:
        """What every form of the table shows, in order: a group's title, rows, or one line over the whole width."""
        left, folded, more_folded = self.limit, 0, 0
        for group in self.groups:
            folded += group.folded is not None
            if group.folded is not None and folded > _FOLDED_SHOWN:
                more_folded += 1
                continue
            if left <= 0:
                break
            if group.title is not None or group.folded is not None:
                yield group
            if group.folded is None:
                yield from group.rows[:left]
                left -= len(group.rows)
        if more_folded:
            yield f"… and {more_folded:,} more without a difference"
        hidden = sum(len(g.rows) for g in self.groups if g.folded is None) - self.limit
        if hidden > 0:
            yield f"… {hidden:,} more rows are not shown here; to_frame() and evidence.json have them"
