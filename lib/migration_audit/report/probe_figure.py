"""Figures: what became of each kind of object, and which unique index each ON CONFLICT of the writer uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration_audit.model.drift import DiffVerdict, Drift
from migration_audit.model.enumeration import plural
from migration_audit.model.preflight import ProbeResult
from migration_audit.model.snapshot import Snapshot
from migration_audit.report.figure import Figure, Lane, Line, Links
from migration_audit.report.inline import IdentifierText, Text
from migration_audit.report.strip import GLYPHS, Look, Strip, shares
from migration_audit.report.table import ReportTable, Row, plain_table

_TITLE = "Which index ON CONFLICT uses"
_MOST = 24
_KEY = {
    Look.SAME: "uses it, on the owner's schema",
    Look.OTHER: "audit.toml names it, but it is not used",
    Look.UNKNOWN: "not known: the statement fails",
}
_MISSING, _DIFFERENT = "missing", "different"
_FAILS = "fails on the owner's schema"


@dataclass(frozen=True, slots=True)
class _Use:
    """A probe and one index: what the picture and the table show of them."""

    probe: ProbeResult
    index: str | None
    """None where the statement fails, and audit.toml names no index."""
    look: Look


def probe_figure(
    probes: Sequence[ProbeResult], *, live: Snapshot | None, environment: str | None, owner: Snapshot | None = None
) -> Figure:
    """A line from each probe to its indexes, and whether ``live`` has them as ``owner`` does.

    ``live`` is None where ``environment`` was not read, ``owner`` where its SQL was not.
    """
    uses = [use for probe in probes for use in _uses(probe)]
    drawn = uses[:_MOST]
    remarks = {use.index: _there(use.index, owner, live, environment) for use in uses}
    table = _table(uses, remarks)
    if not uses:
        why = "No picture: no probe has ON CONFLICT." if probes else "No picture: audit.toml names no [[probe]]."
        return Figure(title=_TITLE, summary=why, table=table)
    left = list(dict.fromkeys(use.probe.name for use in drawn))
    right = list(dict.fromkeys(use.index for use in drawn))
    lines = tuple(Line(left.index(use.probe.name), right.index(use.index), use.look) for use in drawn)
    looks = {use.look for use in drawn}
    rest = len(uses) - len(drawn)
    return Figure(
        title=_TITLE,
        summary=_summary(probes, uses, remarks, environment) + (f"; {rest:,} more lines are in the table" if rest else ""),
        alt="; ".join(f"{u.probe.name}: {_words(u)} ({remarks[u.index]})" for u in drawn),
        parts=Links(
            left=tuple((name, _remark(next(u.probe for u in drawn if u.probe.name == name))) for name in left),
            right=tuple((index or "no index", remarks[index]) for index in right),
            lines=lines,
        ),
        key=tuple((look, words) for look, words in _KEY.items() if look in looks),
        table=table,
    )


def _uses(probe: ProbeResult) -> Iterator[_Use]:
    """The indexes of a probe; none of one that runs without ON CONFLICT."""
    expected = probe.expected_arbiter
    if probe.error is not None:
        yield _Use(probe, expected, Look.UNKNOWN)
        return
    yield from (_Use(probe, index, Look.SAME) for index in probe.arbiters)
    if expected and expected not in probe.arbiters:
        yield _Use(probe, expected, Look.OTHER)


def _remark(probe: ProbeResult) -> str:
    if probe.error is not None:
        return _FAILS
    return f"as {probe.role}" if probe.role else "runs"


def _there(index: str | None, owner: Snapshot | None, live: Snapshot | None, environment: str | None) -> str:
    """Whether the audited database has the index, as it is on the owner's schema."""
    if index is None:
        return "the statement fails before one is chosen"
    if environment is None:
        return "on the owner's schema"
    if live is None:
        return f"{environment} was not read"
    key = ("index", index)
    if key not in live.by_key:
        return f"{_MISSING} in {environment}"
    if owner is None or key not in owner.by_key:
        return f"exists in {environment}, not compared"
    return f"the same in {environment}" if live.by_key[key] == owner.by_key[key] else f"{_DIFFERENT} in {environment}"


def _words(use: _Use) -> str:
    index = use.index or "no index"
    return {Look.SAME: f"uses {index}", Look.OTHER: f"does not use {index}"}.get(use.look, f"{_FAILS}, {index} expected")


def _summary(
    probes: Sequence[ProbeResult], uses: Sequence[_Use], remarks: Mapping[str | None, str], environment: str | None
) -> str:
    indexes = [index for index in remarks if index is not None]
    found = f"{len(indexes):,} {plural('index', len(indexes))}"
    for state in (_MISSING, _DIFFERENT):
        if number := sum(remarks[index].startswith(state) for index in indexes):
            found += f", {number:,} {state} in {environment}"
    others = len(probes) - len({use.probe.name for use in uses})
    return f"{found}; {others:,} of {len(probes):,} probes have no ON CONFLICT" if others else found


def _table(uses: Sequence[_Use], remarks: Mapping[str | None, str]) -> ReportTable:
    rows = tuple(
        Row(
            (
                IdentifierText(use.probe.name),
                IdentifierText(use.index or "–"),
                Text(_KEY[use.look]),
                Text(remarks[use.index]),
                IdentifierText(use.probe.where or "–"),
            ),
            marked=use.look is not Look.SAME or remarks[use.index].startswith((_MISSING, _DIFFERENT)),
        )
        for use in uses
    )
    headings = ("Probe", "Index", "Use", "In the database", "Defined at")
    return plain_table(_TITLE, headings, rows, nothing="No statement has ON CONFLICT.")


_KINDS_TITLE = "Objects by kind"
_MOST_KINDS = 24
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
        title=_KINDS_TITLE,
        summary=f"objects of {expected}, looked up in {actual}: {summary}" if lanes else "No picture: there are no objects.",
        alt="; ".join(f"{lane}: {_in_words(each, words)}" for lane, each in _drawn(counts)),
        parts=lanes,
        key=tuple((look, f"{GLYPHS[look]} {words[look]}") for look in used),
        table=_kinds_table(counts, [look for look in _LOOKS if look in used or look is not Look.UNKNOWN], words),
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
    first = sorted(counts, key=lambda kind: not counts[kind].keys() - {Look.SAME})[:_MOST_KINDS]
    yield from ((kind, counts[kind]) for kind in counts if kind in first)
    if rest := [counts[kind] for kind in counts if kind not in first]:
        yield f"{len(rest):,} other kinds", sum(rest, Counter())


def _lane(kind: str, counts: Counter[Look]) -> Lane:
    note = " · ".join(f"{GLYPHS[look]} {counts[look]:,}" for look in _LOOKS if counts[look])
    return Lane(label=kind, note=note, strip=Strip(marks=shares([(look, counts[look]) for look in _LOOKS])))


def _in_words(counts: Counter[Look], words: Mapping[Look, str]) -> str:
    return ", ".join(f"{counts[look]:,} {words[look]}" for look in _LOOKS if counts[look]) or "none"


def _kinds_table(counts: Mapping[str, Counter[Look]], looks: list[Look], words: Mapping[Look, str]) -> ReportTable:
    rows = tuple(
        Row((Text(kind), *(Text(f"{each[look]:,}") for look in looks)), marked=bool(each.keys() - {Look.SAME}))
        for kind, each in counts.items()
    )
    return plain_table(
        _KINDS_TITLE,
        ("Kind", *(words[look].capitalize() for look in looks)),
        rows,
        note=f"{sum(each.total() for each in counts.values()):,} objects of {len(counts)} {plural('kind', len(counts))}",
        nothing="There are no objects.",
        quiet="kinds without a difference",
    )
