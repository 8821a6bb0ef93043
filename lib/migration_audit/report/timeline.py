"""The chunks of a hypertable on a line of time: gaps and changed intervals are seen at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from migration_audit.model.enumeration import some_of
from migration_audit.model.identifiers import dotted
from migration_audit.model.snapshot import HypertableChunks
from migration_audit.report.figure import Figure, Lane
from migration_audit.report.grid import plain_headings
from migration_audit.report.inline import IdentifierText, Text
from migration_audit.report.strip import Look, Mark, Strip
from migration_audit.report.table import Group, ReportTable, Row, Stacked, plain_table

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS = 4
_MONTH, _DAY, _MINUTE = "%Y-%m", "%Y-%m-%d", "%Y-%m-%d %H:%M"
_MONTH_SECONDS = 28 * 86400
_MOST_WIDTHS = 2
_MOST_DRAWN = 12
_MOST_NAMED = 50
_INTERVAL = re.compile(r"(?:(?P<d>\d+) days?)? ?(?:(?P<h>\d+):(?P<m>\d+):(?P<s>\d+))?")
Bar = tuple[float, float]


def chunk_timeline(chunks: HypertableChunks, *, setting: str | None = None) -> Figure:
    """Where the chunks of a hypertable lie and how wide they are; without dates that can be drawn, the table alone.

    ``setting`` is the interval of the owner's SQL: chunks of another width are set off, and a ruler shows it.
    """
    caption = f"Chunks of {dotted(chunks.schema, chunks.table)}"
    bars, is_time = _bars(chunks.ranges)
    table = _table(chunks, caption, setting)
    if not bars:
        why = (
            "No picture: there are no chunks."
            if not chunks.chunks
            else "No picture: no chunk has two dates that can be drawn."
        )
        return Figure(title=caption, summary=why, table=table)
    wanted = _wanted(setting, is_time)
    widths = _widths(bars, is_time, wanted)
    left_out = max(chunks.chunks - len(bars), 0)
    rest = f"; {left_out:,} older ones are not drawn" if left_out else ""
    start, end = _ends(bars)
    scale = (end - start) or 1
    strip = Strip(
        marks=tuple(
            Mark((a - start) / scale, (b - start) / scale, Look.OTHER if _is_other(b - a, wanted) else Look.SAME)
            for a, b in bars
        ),
        ticks=tuple((place, name) for name, place in _ticks(bars, is_time).items()),
        ruler=wanted / scale if wanted else None,
        tall=True,
    )
    key = tuple(zip((Look.SAME, Look.OTHER), widths, strict=False)) if wanted is not None else ()
    ruler = f"the line under the chunks is {_width(wanted, is_time)} long, as the owner's SQL sets it" if wanted else ""
    return Figure(
        title=caption,
        summary=f"{_extent(bars, is_time)}{rest}" + (f"; {ruler}" if ruler else ""),
        alt=f"{_extent(bars, is_time)}; {' and '.join(widths)}{rest}",
        parts=(Lane(label="", note="", strip=strip),),
        key=key,
        table=table,
    )


Settings = Mapping[tuple[str, str], str | None]
"""The interval of the owner's SQL by schema and table of the hypertable."""


def chunk_timelines(found: Sequence[HypertableChunks], settings: Settings) -> Stacked:
    """The timeline of each hypertable; of more than twelve, those that differ from the owner's SQL, and the rest in a table.

    Hypertables differ by chunks of another width than the setting, and by chunks that lack an index.
    """
    first = sorted(found, key=lambda each: not _differs(each, settings)) if len(found) > _MOST_DRAWN else found
    drawn = [chunk_timeline(each, setting=_setting_of(each, settings)) for each in first[:_MOST_DRAWN]]
    rest = [_not_drawn(first[_MOST_DRAWN:], settings)] if len(found) > _MOST_DRAWN else []
    return Stacked((*drawn, *rest), "There are no chunks.")


def _setting_of(chunks: HypertableChunks, settings: Settings) -> str | None:
    return settings.get((chunks.schema, chunks.table))


def _differs(chunks: HypertableChunks, settings: Settings) -> bool:
    setting = _setting_of(chunks, settings)
    return bool(chunks.missing_indexes) or (setting is not None and any(width != setting for width, _ in chunks.widths))


def _not_drawn(rest: Sequence[HypertableChunks], settings: Settings) -> ReportTable:
    differing = [each for each in rest if _differs(each, settings)]
    named = differing[:_MOST_NAMED]
    rows = tuple(
        Row(
            (
                IdentifierText(dotted(each.schema, each.table)),
                Text(f"{each.chunks:,}"),
                Text(some_of([f"{width} ({number:,})" for width, number in each.widths], most=3)),
                Text(_setting_of(each, settings) or "–"),
                Text(some_of([f"{index} ({number:,})" for index, number in each.missing_indexes], most=3) or "–"),
            ),
            marked=True,
        )
        for each in named
    )
    number = sum(each.chunks for each in rest)
    note = f"{len(rest):,} more with {number:,} chunks; {len(differing):,} differ from the owner's SQL"
    if len(differing) > len(named):
        note += f", the first {len(named)} are listed"
    headings = ("Hypertable", "Chunks", "Widths", "Set by the owner's SQL", "Missing indexes")
    nothing = "None of them differs from the owner's SQL."
    return plain_table("Hypertables without a picture", headings, rows, note=note, nothing=nothing)


def _ends(bars: tuple[Bar, ...]) -> tuple[float, float]:
    return bars[0][0], max(end for _, end in bars)


def _extent(bars: tuple[Bar, ...], is_time: bool) -> str:
    """``16 chunks from 2026-10-01 to 2026-11-01, 1 gap``."""
    first, last = (_label(edge, _precision(bars) if is_time else None) for edge in _ends(bars))
    gaps, until = 0, bars[0][1]
    for start, end in bars:
        gaps += start > until
        until = max(until, end)
    found = f"{gaps:,} gap{'s' * (gaps != 1)}" if gaps else "without a gap"
    return f"{len(bars):,} chunk{'s' * (len(bars) != 1)} from {first} to {last}, {found}"


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
    headings = plain_headings("Chunks", "Number")
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


def _is_other(width: float, wanted: float | None) -> bool:
    return wanted is not None and round(width) != round(wanted)


def _ticks(bars: tuple[Bar, ...], is_time: bool) -> dict[str, float]:
    """At most four places of the axis by their names, from 0 to 1: each minute, day or month is named once."""
    (start, end), places = _ends(bars), dict[str, float]()
    precision = _MONTH if min(b - a for a, b in bars) >= _MONTH_SECONDS else _precision(bars)
    precision = precision.replace(_MINUTE, "%m-%d %H:%M")  # the year is in the sentence above
    for number in range(_TICKS):
        place = number / (_TICKS - 1)
        places.setdefault(_label(start + (end - start) * place, precision if is_time else None), place)
    return places


def _precision(bars: tuple[Bar, ...]) -> str:
    """How a date is written: with the time of day where a chunk begins or ends within a day."""
    return _MINUTE if any(edge % 86400 for bar in bars for edge in bar) else _DAY


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


def _label(value: float, precision: str | None) -> str:
    """A place of the axis: a moment, written as precisely as the chunks need, or None for a number."""
    return (_EPOCH + timedelta(seconds=value)).strftime(precision) if precision else f"{value:,.0f}"
