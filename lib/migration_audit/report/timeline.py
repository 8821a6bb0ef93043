"""The chunks of a hypertable on a line of time: gaps and changed intervals are seen at once."""

from __future__ import annotations

import base64
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
Bar = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Timeline:
    """A picture of the chunks, and the table that says the same."""

    title: str
    bars: tuple[Bar, ...]
    """Start and end of each chunk, in seconds or in the units of an integer dimension."""
    is_time: bool
    left_out: int
    """Chunks that the picture does not show."""
    table: ReportTable

    def to_frame(self) -> pd.DataFrame:
        """The table as a DataFrame."""
        return self.table.to_frame()

    def _repr_html_(self) -> str:
        return str(self._picture() + table_html.render(self.table))

    def _repr_markdown_(self) -> str:
        return self.table._repr_markdown_()

    def __repr__(self) -> str:
        """The table: a terminal shows no pictures."""
        return repr(self.table)

    def _picture(self) -> Markup:
        if not self.bars:
            return Markup("")
        source = base64.b64encode(_svg(self.bars, self.is_time).encode()).decode("ascii")
        return Markup(
            '<p style="margin:0 0 4px"><img alt="{}" src="data:image/svg+xml;base64,{}" '
            'width="{}" height="86" style="max-width:100%;height:auto"></p>'
        ).format(self._alt(), source, _WIDTH)

    def _alt(self) -> str:
        first, last = (_label(v, self.is_time) for v in (self.bars[0][0], max(end for _, end in self.bars)))
        told = f"{self.title}: {len(self.bars)} chunks from {first} to {last}"
        gaps = sum(1 for (_, end), (start, _) in zip(self.bars, self.bars[1:], strict=False) if start > end)
        told += f", {gaps} gap{'s' * (gaps != 1)}" if gaps else ", without a gap"
        return told + (f"; {self.left_out} more are not drawn" if self.left_out else "")


def chunk_timeline(chunks: HypertableChunks, *, caption: str | None = None) -> Timeline:
    """Where the chunks of a hypertable lie and how wide they are; without dates that can be drawn, the table alone."""
    name = dotted(chunks.schema, chunks.table)
    bars, is_time = _bars(chunks.ranges)
    return Timeline(
        title=f"Chunks of {escape.one_line(name)}",
        bars=bars,
        is_time=is_time,
        left_out=max(chunks.chunks - len(bars), 0),
        table=_table(chunks, caption or f"Chunks of {name}"),
    )


def _table(chunks: HypertableChunks, caption: str) -> ReportTable:
    widths = tuple(Row((Text(f"as wide as {width}"), Text(f"{number:,}"))) for width, number in chunks.widths)
    lacking = tuple(
        Row((IdentifierText(index), Text(f"{number:,} chunks lack it")), marked=True)
        for index, number in chunks.missing_indexes
    )
    groups = [Group(title=Text("Width"), labels=("width",), rows=widths)] if widths else []
    if lacking:
        groups.append(Group(title=Text("Indexes that chunks lack"), labels=("missing index",), rows=lacking))
    note = f"{chunks.chunks:,} chunk{'s' * (chunks.chunks != 1)}, {chunks.compressed:,} compressed"
    if chunks.first and chunks.last:
        note += f", from {chunks.first} to {chunks.last}"
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


def _svg(bars: tuple[Bar, ...], is_time: bool) -> str:
    start, end = bars[0][0], max(edge for _, edge in bars)
    scale = (_WIDTH - _LEFT - _RIGHT) / ((end - start) or 1)
    usual = Counter(round(b - a) for a, b in bars).most_common(1)[0][0]
    drawn = "".join(_bar(a, b, start, scale, usual) for a, b in bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} 86" width="{_WIDTH}" height="86" '
        'font-family="system-ui,DejaVu Sans,sans-serif" font-size="11" fill="#1f2328">'
        '<defs><pattern id="o" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="#fff4d6"/><rect width="2.5" height="6" fill="#9a6700"/></pattern></defs>'
        f"{drawn}{''.join(_ticks(start, end, scale, is_time))}{_legend(bars, usual)}</svg>"
    )


def _bar(start: float, end: float, origin: float, scale: float, usual: int) -> str:
    x, width = _LEFT + (start - origin) * scale, max((end - start) * scale - 1, 0.6)
    look = 'fill="#3b6ea5"' if round(end - start) == usual else 'fill="url(#o)" stroke="#9a6700" stroke-width="0.8"'
    return f'<rect x="{x:.1f}" y="8" width="{width:.1f}" height="24" rx="1.5" {look}/>'


def _ticks(start: float, end: float, scale: float, is_time: bool) -> Iterator[str]:
    yield f'<path d="M{_LEFT} 38H{_WIDTH - _RIGHT}" stroke="#848d97"/>'
    for number in range(7):
        value = start + (end - start) * number / 6
        x, anchor = _LEFT + (value - start) * scale, {0: "start", 6: "end"}.get(number, "middle")
        yield f'<path d="M{x:.1f} 38v4" stroke="#848d97"/>'
        yield f'<text x="{x:.1f}" y="54" text-anchor="{anchor}">{_label(value, is_time)}</text>'


def _legend(bars: tuple[Bar, ...], usual: int) -> str:
    others = sum(round(b - a) != usual for a, b in bars)
    text = (
        f'<rect x="{_LEFT}" y="66" width="16" height="11" fill="#3b6ea5"/><text x="{_LEFT + 22}" y="76">usual width</text>'
    )
    if others:
        text += (
            f'<rect x="{_LEFT + 110}" y="66" width="16" height="11" fill="url(#o)" stroke="#9a6700" stroke-width="0.8"/>'
            f'<text x="{_LEFT + 132}" y="76">another width ({others})</text>'
        )
    return text


def _label(value: float, is_time: bool) -> str:
    if not is_time:
        return f"{value:,.0f}"
    return (_EPOCH + timedelta(seconds=value)).strftime("%Y-%m-%d")
