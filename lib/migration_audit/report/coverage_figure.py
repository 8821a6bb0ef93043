"""What became of each kind of object of the expected side, as bars: the same, different, missing, or not compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from migration_audit.model.drift import DiffVerdict, Drift
from migration_audit.model.enumeration import plural
from migration_audit.report.figure import Figure, Lane
from migration_audit.report.inline import Text
from migration_audit.report.strip import GLYPHS, Look, Strip, shares
from migration_audit.report.table import Group, Heading, ReportTable, Row

_TITLE = "Objects by kind"
_MOST = 24
"""Kinds that have a bar each; the others share one."""
_LOOKS = (Look.SAME, Look.OTHER, Look.MISSING, Look.UNKNOWN, Look.EXTRA)


def coverage_figure(drift: Drift, *, expected: str, actual: str) -> Figure:
    """A bar for each kind of object: what ``expected`` has, looked up in ``actual``, and what only ``actual`` has."""
    counts = counts_by_kind(drift)
    words = {
        Look.SAME: "the same",
        Look.OTHER: "different",
        Look.MISSING: f"missing in {actual}",
        Look.UNKNOWN: "not compared",
        Look.EXTRA: f"only in {actual}",
    }
    used = [look for look in _LOOKS if any(each[look] for each in counts.values())]
    summary = _in_words(sum((Counter(each) for each in counts.values()), Counter()), words)
    lanes = tuple(_lane(kind, each) for kind, each in _drawn(counts))
    return Figure(
        title=_TITLE,
        summary=f"what {expected} has, looked up in {actual}: {summary}" if lanes else "No picture: there are no objects.",
        alt="; ".join(f"{lane}: {_in_words(each, words)}" for lane, each in _drawn(counts)),
        parts=lanes,
        key=tuple((look, f"{GLYPHS[look]} {words[look]}") for look in used),
        table=_table(counts, [look for look in _LOOKS if look in used or look is not Look.UNKNOWN], words),
        in_columns=True,
    )


def counts_by_kind(drift: Drift) -> dict[str, Counter[Look]]:
    """How many objects of each kind look how; what could not be read in part is not the same."""
    states: dict[tuple[str, str], Look] = {(one.kind, one.key): Look.UNKNOWN for one in drift.not_known}
    for found in drift.differences:
        look = {DiffVerdict.MISSING: Look.MISSING, DiffVerdict.UNEXPECTED: Look.EXTRA}.get(found.verdict, Look.OTHER)
        if states.get((found.kind, found.key)) is not Look.MISSING:
            states[found.kind, found.key] = look
    counts: dict[str, Counter[Look]] = {kind: Counter() for kind, _ in drift.looked_up}
    for (kind, _), look in states.items():
        counts.setdefault(kind, Counter())[look] += 1
    for kind, number in drift.looked_up:
        others = sum(n for look, n in counts[kind].items() if look is not Look.EXTRA)
        counts[kind][Look.SAME] = max(number - others, 0)
    for one in (*drift.unmodelled_expected, *drift.unmodelled_actual):
        counts.setdefault(one.kind, Counter())[Look.UNKNOWN] += 1
    return {kind: counts[kind] for kind in sorted(counts)}


def _drawn(counts: Mapping[str, Counter[Look]]) -> Iterator[tuple[str, Counter[Look]]]:
    """Kinds with differences first where there are too many; what is left shares a bar."""
    first = sorted(counts, key=lambda kind: not counts[kind].keys() - {Look.SAME})[:_MOST]
    yield from ((kind, counts[kind]) for kind in counts if kind in first)
    if rest := [counts[kind] for kind in counts if kind not in first]:
        yield f"{len(rest):,} other kinds", sum(rest, Counter())


def _lane(kind: str, counts: Counter[Look]) -> Lane:
    note = " · ".join(f"{GLYPHS[look]} {counts[look]:,}" for look in _LOOKS if counts[look])
    return Lane(label=kind, note=note, strip=Strip(marks=shares([(look, counts[look]) for look in _LOOKS])))


def _in_words(counts: Counter[Look], words: Mapping[Look, str]) -> str:
    return ", ".join(f"{counts[look]:,} {words[look]}" for look in _LOOKS if counts[look]) or "none"


def _table(counts: Mapping[str, Counter[Look]], looks: list[Look], words: Mapping[Look, str]) -> ReportTable:
    rows = tuple(
        Row((Text(kind), *(Text(f"{each[look]:,}") for look in looks)), marked=bool(each.keys() - {Look.SAME}))
        for kind, each in counts.items()
    )
    return ReportTable(
        caption=_TITLE,
        note=f"{sum(each.total() for each in counts.values()):,} objects of {len(counts)} {plural('kind', len(counts))}",
        group_names=("",),
        headings=(Heading(name="Kind"), *(Heading(name=words[look].capitalize()) for look in looks)),
        groups=(Group(title=None, labels=("",), rows=rows),) if rows else (),
        nothing="There are no objects.",
        quiet="kinds of which all objects are the same",
    )
