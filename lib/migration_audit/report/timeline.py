"""The chunks of a hypertable on a line of time: gaps and changed intervals are seen at once."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from markupsafe import Markup

from migration_audit.model.identifiers import dotted
from migration_audit.model.snapshot import HypertableChunks
from migration_audit.report import escape, table_html
from migration_audit.report.inline import IdentifierText, Text
from migration_audit.report.table import Group, Heading, ReportTable, Row

if TYPE_CHECKING:
    import pandas as pd

_WIDTH, _LEFT, _RIGHT = 900, 10, 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AS_SET = 'fill="#3b6ea5"'
_OTHER = 'fill="url(#o)" stroke="#9a6700" stroke-width="0.8"'
_MOST_WIDTHS = 2
_INTERVAL = re.compile(r"(?:(?P<d>\d+) days?)? ?(?:(?P<h>\d+):(?P<m>\d+):(?P<s>\d+))?")
Bar = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Timeline:
    """A picture of the chunks, and a table with the same content."""

    title: str
    bars: tuple[Bar, ...]
    """Start and end of each chunk, in seconds or in the units of an integer dimension."""
    is_time: bool
    left_out: int
    """Chunks that the picture does not show."""
    wanted: float | None
    """The width that the owner's SQL sets, in the units of the bars; None if it is unknown."""
    table: ReportTable

    def to_frame(self) -> pd.DataFrame:
        """The table as a DataFrame."""
        return self.table.to_frame()

    def _repr_html_(self) -> str:
        return str(self.picture() + table_html.render(self.table))

    def _repr_markdown_(self) -> str:
        return self.table._repr_markdown_()

    def __repr__(self) -> str:
        """The table: a terminal shows no pictures."""
        return repr(self.table)

    def picture(self) -> Markup:
        """The chunks as an SVG in an ``<img>``; nothing where they cannot be drawn."""
        if not self.bars:
            return Markup("")
        source = base64.b64encode(_svg(self.bars, self.is_time, self.wanted).encode()).decode("ascii")
        return Markup(
            '<p style="margin:0 0 4px"><img alt="{}" src="data:image/svg+xml;base64,{}" '
            'width="{}" height="86" style="max-width:100%;height:auto"></p>'
        ).format(self._alt(), source, _WIDTH)

    def _alt(self) -> str:
        first, last = (_label(v, self.is_time) for v in (self.bars[0][0], max(end for _, end in self.bars)))
        text = f"{self.title}: {len(self.bars)} chunks from {first} to {last}"
        gaps = sum(1 for (_, end), (start, _) in zip(self.bars, self.bars[1:], strict=False) if start > end)
        text += f", {gaps} gap{'s' * (gaps != 1)}" if gaps else ", without a gap"
        text += "; " + " and ".join(_widths(self.bars, self.is_time, self.wanted))
        return text + (f"; {self.left_out} more are not drawn" if self.left_out else "")


def chunk_timeline(chunks: HypertableChunks, *, setting: str | None = None, caption: str | None = None) -> Timeline:
    """Where the chunks of a hypertable lie and how wide they are; without dates that can be drawn, the table alone.

    ``setting`` is the interval of the owner's SQL: chunks of another width are set off.
    """
    name = dotted(chunks.schema, chunks.table)
    bars, is_time = _bars(chunks.ranges)
    return Timeline(
        title=f"Chunks of {escape.one_line(name)}",
        bars=bars,
        is_time=is_time,
        left_out=max(chunks.chunks - len(bars), 0),
        wanted=_wanted(setting, is_time),
        table=_table(chunks, caption or f"Chunks of {name}", setting),
    )


def _table(chunks: HypertableChunks, caption: str, setting: str | None) -> ReportTable:
    widths = tuple(
        Row((Text(f"with width {width}"), Text(f"{number:,}")), marked=setting is not None and width != setting)
        for width, number in chunks.widths
    )
    lacking = tuple(
        Row((IdentifierText(index), Text(f"{number:,}")), marked=True) for index, number in chunks.missing_indexes
    )
    groups = [Group(title=Text("By width"), labels=("width",), rows=widths)] if widths else []
    if lacking:
        groups.append(Group(title=Text("By missing index"), labels=("missing index",), rows=lacking))
    note = f"{chunks.chunks:,} chunk{'s' * (chunks.chunks != 1)}, {chunks.compressed:,} compressed"
    if chunks.first and chunks.last:
        note += f", from {chunks.first} to {chunks.last}"
    if setting:
        note += f"; the owner's SQL sets {setting}"
    headings = (Heading(name="Chunks"), Heading(name="Number"))
    return ReportTable(
        caption=caption, note=note, group_names=("About",), headings=headings, groups=tuple(groups), nothing="No chunks."
    )


def _bars(ranges: tuple[tuple[str, str], ...]) -> tuple[tuple[Bar, ...], bool]:
    for parse, is_time in ((_seconds, True), (float, False)):
        try:
            bars = sorted((parse(start), parse(end)) for start, end in ranges)
        except (ValueError, OverflowError):
            continue
        if all(abs(edge) < 1e17 for bar in bars for edge in bar):
            return tuple(bars), is_time
    return (), True


def _seconds(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _wanted(setting: str | None, is_time: bool) -> float | None:
    """The interval as a number, where it is one that chunks can be as wide as: of hours, days and weeks, or of integers."""
    if setting is None:
        return None
    if not is_time:
        return float(setting) if setting.isdecimal() else None
    parts = _INTERVAL.fullmatch(setting)
    if not parts or not setting:
        return None
    hours, minutes, seconds = (int(part or 0) for part in parts.group("h", "m", "s"))
    return int(parts["d"] or 0) * 86400 + hours * 3600 + minutes * 60 + seconds


def _svg(bars: tuple[Bar, ...], is_time: bool, wanted: float | None) -> str:
    start, end = bars[0][0], max(edge for _, edge in bars)
    scale = (_WIDTH - _LEFT - _RIGHT) / ((end - start) or 1)
    drawn = "".join(_bar(a, b, start, scale, wanted) for a, b in bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} 86" width="{_WIDTH}" height="86" '
        'font-family="system-ui,DejaVu Sans,sans-serif" font-size="11" fill="#1f2328">'
        f'<rect width="{_WIDTH}" height="86" fill="#ffffff"/>'
        '<defs><pattern id="o" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="#fff4d6"/><rect width="2.5" height="6" fill="#9a6700"/></pattern></defs>'
        f"{drawn}{''.join(_ticks(start, end, scale, is_time))}{_legend(bars, is_time, wanted)}</svg>"
    )


def _is_other(width: float, wanted: float | None) -> bool:
    return wanted is not None and round(width) != round(wanted)


def _bar(start: float, end: float, origin: float, scale: float, wanted: float | None) -> str:
    x, width = _LEFT + (start - origin) * scale, max((end - start) * scale - 1, 0.6)
    look = _OTHER if _is_other(end - start, wanted) else _AS_SET
    return f'<rect x="{x:.1f}" y="8" width="{width:.1f}" height="24" rx="1.5" {look}/>'


def _ticks(start: float, end: float, scale: float, is_time: bool) -> Iterator[str]:
    """At most seven places of the axis, each with a different label: of a day there is one."""
    yield f'<path d="M{_LEFT} 38H{_WIDTH - _RIGHT}" stroke="#848d97"/>'
    places: dict[str, float] = {}
    for number in range(7):
        value = start + (end - start) * number / 6
        places.setdefault(_label(value, is_time), value)
    for label, value in places.items():
        x = _LEFT + (value - start) * scale
        anchor = "start" if value == start else "end" if value == end else "middle"
        yield f'<path d="M{x:.1f} 38v4" stroke="#848d97"/>'
        yield f'<text x="{x:.1f}" y="54" text-anchor="{anchor}">{label}</text>'


def _widths(bars: tuple[Bar, ...], is_time: bool, wanted: float | None) -> list[str]:
    """How many are as wide as the setting, and how many are not, in words; without a setting, each width."""
    widths = Counter(round(b - a) for a, b in bars)
    if wanted is None:
        return [f"{number} as wide as {_width(width, is_time)}" for width, number in sorted(widths.items())]
    others = {width: number for width, number in sorted(widths.items()) if _is_other(width, wanted)}
    as_set = sum(widths.values()) - sum(others.values())
    named = " and ".join(_width(width, is_time) for width in list(others)[:_MOST_WIDTHS])
    text = f"{as_set} as the owner's SQL sets it ({_width(wanted, is_time)})"
    return [text, *([f"{sum(others.values())} of another width ({named})"] if others else [])]


def _width(width: float, is_time: bool) -> str:
    if not is_time:
        return f"{width:,.0f}"
    days, rest = divmod(round(width), 86400)
    return f"{days} day{'s' * (days != 1)}" if not rest else str(timedelta(seconds=round(width)))


def _legend(bars: tuple[Bar, ...], is_time: bool, wanted: float | None) -> str:
    if wanted is None:
        return ""
    looks = zip((_AS_SET, _OTHER), _widths(bars, is_time, wanted), strict=False)
    return "".join(
        f'<rect x="{x}" y="66" width="16" height="11" {look}/><text x="{x + 22}" y="76">{text}</text>'
        for x, (look, text) in zip((_LEFT, _LEFT + 330), looks, strict=False)
    )


def _label(value: float, is_time: bool) -> str:
    if not is_time:
        return f"{value:,.0f}"
    return (_EPOCH + timedelta(seconds=value)).strftime("%Y-%m-%d")
