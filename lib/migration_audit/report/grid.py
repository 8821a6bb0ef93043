"""What a table consists of, and which of its lines are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar, overload

from migration_audit.report.inline import Inline

ItemT = TypeVar("ItemT")

MOST_ROWS = 250
"""Rows up to which a table is shown in full."""
_FIRST_ROWS = 40
"""Rows that are shown of a larger one."""
_OF_EACH_GROUP = 8
"""Rows that each group of a larger one may show, however many groups there are: the first screen links to as many."""
_FOLDED_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The head of one column."""

    name: str
    over: str | None = None
    """The heading over this one and its neighbours with the same: ``Expected``."""
    centred: bool = False
    side: str | None = None
    """The side of a comparison that the column is about; rows that are the same on all sides show the first one."""

    @property
    def full(self) -> str:
        """The heading where there is only one line for it: ``Expected type``."""
        return f"{self.over} {self.name[:1].lower()}{self.name[1:]}" if self.over else self.name


def plain_headings(*names: str) -> tuple[Heading, ...]:
    """A plain heading for each of these names."""
    return tuple(Heading(name=name) for name in names)


@dataclass(frozen=True, slots=True)
class Row:
    """One row; its first cell is the row's header."""

    cells: tuple[Inline, ...]
    marked: bool = False
    """Set off from rows with nothing to look at."""
    anchor: str | None = None
    """An id to link to, in pages that are ours from end to end."""
    is_step: bool = False
    """Shown where a report folds the rows that are not marked."""

    def card(self, headings: Sequence[Heading]) -> Iterator[tuple[Heading, Inline]]:
        """The cells after the first that say something, each with its heading."""
        pairs = zip(headings[1:], self.cells[1:], strict=True)
        yield from ((heading, cell) for heading, cell in pairs if cell.text() not in {"", "–"})


def _of_all_sides(heading: Heading) -> Heading:
    """The heading of a column whose values are the same on every side."""
    return replace(heading, over=None, name="Value" if heading.side and heading.over is None else heading.name)


class LazyRows(Sequence[Row], Generic[ItemT]):
    """Rows that are made when they are shown: of two hundred thousand, that is a few."""

    def __init__(self, items: Sequence[ItemT], make: Callable[[ItemT], Row], marked: Sequence[bool] | None = None) -> None:
        """``marked`` has for each item whether its row is marked; None if no row is."""
        self._items, self._make = items, make
        self.marked = [number for number, each in enumerate(marked or ()) if each]
        """The places of the marked rows."""

    def __len__(self) -> int:
        """How many there are; no row is created for the count."""
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        """Make the rows of these places."""
        if isinstance(place, slice):
            return tuple(map(self._make, self._items[place]))
        return self._make(self._items[place])


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows under a common line."""

    title: Inline | None
    labels: tuple[str, ...]
    """What the group is, for the first columns of a DataFrame."""
    rows: Sequence[Row]
    folded: str | None = None
    """Shown in place of the rows, which the DataFrame has all the same."""
    anchor: str | None = None
    stays_folded: bool = False
    """Whether a report shows the line in place of the rows as well."""

    @property
    def marked(self) -> Sequence[int]:
        """The places of the marked rows."""
        if isinstance(self.rows, LazyRows):
            return self.rows.marked
        return [number for number, row in enumerate(self.rows) if row.marked]

    @property
    def loud(self) -> list[int]:
        """The places of rows that are marked or are steps: what a form that folds the others shows."""
        return sorted({*self.marked, *(number for number, row in enumerate(self.rows) if row.is_step)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Rows and what they mean. Of more than ``limit`` only the first are shown, marked ones before others, with counts."""

    caption: str
    headings: tuple[Heading, ...]
    groups: tuple[Group, ...]
    group_names: tuple[str, ...] = ()
    note: str | None = None
    """How to read it, or how much of what there is; one line under the caption."""
    nothing: str = "Nothing to show."
    """The text when there are no rows."""
    limit: int = MOST_ROWS
    about: str = ""
    """What it shows; a report that shows the same elsewhere refers to that place."""
    quiet: str | None = None
    """What the rows that are not marked are, in the plural: a report folds them under that line, with their number."""
    prints_quiet: bool = True
    """Whether they are open on paper."""
    in_cards: bool = False
    """Each row is a card: its first cell, then the others under their headings; long ones have the whole width."""

    def __len__(self) -> int:
        """The number of rows, folded ones too."""
        return sum(len(group.rows) for group in self.groups)

    def split(self) -> tuple[Grid, Grid]:
        """The table without the rows that ``quiet`` names, and one of these alone."""
        if self.quiet is None or len(self) > self.limit:
            return self, replace(self, groups=())
        open_groups = [group for group in self.groups if not group.stays_folded]
        loud = [replace(g, rows=[g.rows[n] for n in g.loud], folded=None) for g in open_groups]
        quiet = [
            replace(g, rows=[row for n, row in enumerate(g.rows) if n not in set(g.loud)], folded=None) for g in open_groups
        ]
        folded = [group for group in self.groups if group.stays_folded]
        kept = (*(g for g in loud if g.rows), *folded)
        rest = tuple(g for g in quiet if g.rows)
        return replace(self, groups=kept, nothing="Nothing differs." if rest else self.nothing), replace(self, groups=rest)

    def one_side(self) -> Grid:
        """The table, whose values are the same on every side, with the columns of one side."""
        first = next((heading.side for heading in self.headings if heading.side), None)
        kept = [place for place, heading in enumerate(self.headings) if heading.side in {None, first}]
        return replace(
            self,
            headings=tuple(_of_all_sides(self.headings[place]) for place in kept),
            groups=tuple(
                replace(g, rows=[replace(row, cells=tuple(row.cells[p] for p in kept)) for row in g.rows])
                for g in self.groups
            ),
        )

    def shown(self) -> Iterator[Group | Row | str]:
        """What every form of the table shows, in order: a group's title, rows, or one line over the whole width."""
        folded = [group for group in self.groups if group.folded is not None]
        more_folded = folded[_FOLDED_SHOWN:]
        rows = sum(len(group.rows) for group in self.groups) - sum(len(group.rows) for group in folded)
        if rows > self.limit or more_folded:  # too much to read from top to bottom: what differs comes first
            groups = [*(group for group in self.groups if group.folded is None), *folded[:_FOLDED_SHOWN]]
        else:
            groups = list(self.groups)
        if rows > self.limit:
            yield from self._first_of(groups, rows)
        else:
            for group in groups:
                if group.title is not None or group.folded is not None:
                    yield group
                if group.folded is None:
                    yield from group.rows
        if more_folded:
            yield f"… and {len(more_folded):,} more without differences"

    def _first_of(self, groups: list[Group], rows: int) -> Iterator[Group | Row | str]:
        """The marked rows, or the first ones if no row is marked; each group has its share, and so do later ones."""
        only_marked = any(group.marked for group in groups if group.folded is None)
        places = [
            (group, group.marked if only_marked else range(len(group.rows))) for group in groups if group.folded is None
        ]
        places = [(group, chosen) for group, chosen in places if chosen]
        left = most = min(self.limit, _FIRST_ROWS)
        for number, (group, chosen) in enumerate(places):
            if left <= 0 and group.anchor is None:  # what is linked to is shown
                break
            share = max(left // (len(places) - number), _OF_EACH_GROUP)
            if group.title is not None:
                yield group
            taken = chosen[: min(share, left)]
            yield from (group.rows[place] for place in taken)
            left -= len(taken)
        yield from (group for group in groups if group.folded is not None)
        yield f"… {rows - (most - left):,} more rows are not shown here; see to_frame() and evidence.json"
