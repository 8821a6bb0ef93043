"""A comparison for the terminal (``compare --format text``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from difflib import unified_diff
from itertools import islice
from typing import Any

from migration_audit.model.drift import Difference, DiffVerdict, Drift
from migration_audit.model.enumeration import plural
from migration_audit.model.finding import Severity, Unavailable
from migration_audit.model.preflight import SourceFacts
from migration_audit.model.rows import RowsComparison
from migration_audit.model.side_effects import SourceUndone
from migration_audit.model.snapshot import Unmodelled
from migration_audit.report.badges import severity_pill
from migration_audit.report.escape import many_lines, one_line, width
from migration_audit.report.inline import side_by_side
from migration_audit.report.object_tables import counted, parts_of_roots
from migration_audit.report.rows import manifest_json, not_compared_of, undone_json

DefinedAt = Callable[[str, str, str], str | None]
"""Side (``expected`` or ``actual``), kind and key to ``file:line`` of the statement that makes the object."""

_ORDER = (DiffVerdict.MISSING, DiffVerdict.RENAMED, DiffVerdict.CHANGED, DiffVerdict.UNEXPECTED)
_SCHEMA_VERSION = 2


def drift_text(
    drift: Drift,
    locations: DefinedAt,
    *,
    cross_check: Mapping[str, Any] | None = None,
    not_cross_checked: Unavailable | None = None,
    must_be_equal: bool = False,
    why_nothing: str | None = None,
) -> str:
    """The answer, the differences with their attributes, and what could not be compared.

    Where both sides ``must_be_equal``, covered is not good enough; nor is it where the second method should have been
    asked and ``not_cross_checked`` says why it was not. Where nothing was compared, ``why_nothing`` is the answer, and what
    the actual side has is not listed.
    """
    answer = f"✕ {one_line(why_nothing)}" if why_nothing else _answer(drift, cross_check, not_cross_checked, must_be_equal)
    sides = {"expected": drift.unmodelled_expected, "actual": drift.unmodelled_actual}
    unmodelled = [f"{side}: {u.kind} {u.identity}" for side, found in sides.items() for u in found]
    unread = list(map(str, drift.not_known))
    blocks = [
        answer,
        *(() if why_nothing else _differences(drift, locations)),
        *_block("Not compared, because the audit does not know this kind (so the result is not covered):", unmodelled),
        *_block("Not known, because the reading role may not read it (so the result is not covered):", unread),
        *_cross_check(cross_check),
        *_not_cross_checked(not_cross_checked),
    ]
    blocks += [*_block("Not compared:", drift.not_compared), *_block("Treated as equal:", drift.assumptions)]
    return "\n\n".join(blocks) + "\n"


def _block(heading: str, lines: Sequence[str]) -> Iterator[str]:
    """The lines under their heading; nothing without lines."""
    if lines:
        yield "\n".join([heading, *(f"  {one_line(line)}" for line in lines)])


def _agreed(cross_check: Mapping[str, Any] | None, not_cross_checked: Unavailable | None) -> bool:
    """Whether nothing that a second method saw is left unexplained; without one, ours counts where none is required."""
    if cross_check is None:
        return not_cross_checked is None or not not_cross_checked.required
    return bool(cross_check.get("agrees")) and not cross_check.get("unexplained")


def _answer(
    drift: Drift, cross_check: Mapping[str, Any] | None, not_cross_checked: Unavailable | None, must_be_equal: bool
) -> str:
    agrees = _agreed(cross_check, not_cross_checked)
    if drift.only_not_known and not (must_be_equal and drift.differences):
        found = f": {counted(drift)}" if drift.differences else ""
        return f"✕ could not be checked: {len(drift.not_known):,} not known, see below{found}"
    if drift.equal and agrees:
        return "✓ equal: no differences"
    if drift.equal and cross_check is None:
        return "✕ could not be checked: no differences, but pg_dump did not cross-check it"
    weights = [d.severity for d in drift.roots]
    numbers = {severity: weights.count(severity) for severity in Severity if severity in weights}
    weighed = ", ".join(f"{n:,} {s.value if s is Severity.INFO else plural(s.value, n)}" for s, n in numbers.items())
    head = "✕ not covered"
    if drift.covered and must_be_equal and (agrees or cross_check is None):
        head = "✕ covered, but not equal"
    elif drift.covered and agrees:
        head = "✓ covered"
    elif drift.covered and cross_check is None:
        head = "✕ could not be checked: covered, but pg_dump did not cross-check it"
    return f"{head}: {counted(drift)}" + (f" ({weighed})" if weighed else "")


def _differences(drift: Drift, locations: DefinedAt) -> Iterator[str]:
    along = parts_of_roots(drift)
    ordered = sorted(drift.roots, key=lambda d: (-d.severity.weight, _ORDER.index(d.verdict), d.kind, d.key))
    heads = [(d.verdict.value, severity_pill(d.severity).text(), d.kind, one_line(d.key)) for d in ordered]
    widths = [max((width(head[i]) for head in heads), default=0) for i in range(4)]
    lines: list[str] = []
    for difference, head in zip(ordered, heads, strict=True):
        where = _where(difference, locations)
        cells = [text + " " * (size - width(text)) for text, size in zip(head, widths, strict=True)]
        lines.append("  ".join([*cells, where]).rstrip())
        lines += _details(difference, along.get((difference.kind, difference.key)))
    if lines:
        yield "\n".join(lines)


def _where(difference: Difference, locations: DefinedAt) -> str:
    sides = _sides(difference)
    found = {side: locations(side, difference.kind, difference.key_on(side)) for side in sides}
    return "  ".join(f"{side}: {one_line(place)}" for side, place in found.items() if place)


def _sides(difference: Difference) -> tuple[str, ...]:
    """The sides that have the object."""
    if difference.expected and difference.actual:
        return ("expected", "actual")
    return ("expected",) if difference.verdict is DiffVerdict.MISSING else ("actual",)


def _details(difference: Difference, along: str | None) -> Iterator[str]:
    size = max((len(change.name) for change in difference.fields), default=0)
    for change in difference.fields:
        yield from _change(change.name.ljust(size), change.expected, change.actual)
    if along:
        yield f"    and its {along}"
    if difference.note:
        yield f"    {one_line(difference.note)}"


def _change(name: str, expected: str | None, actual: str | None) -> Iterator[str]:
    """``type  text → integer``; long values as the lines, or the parts of a line, that differ and what is near them."""
    left, right = (("(not set)" if value is None else many_lines(value)) for value in (expected, actual))
    if "\n" not in left + right:
        if width(left) + width(right) <= 90:
            yield f"    {name}  {left} → {right}"
            return
        left, right = (cell.text() for cell in side_by_side(expected, actual, absent="(not set)"))
    yield f"    {name.rstrip()}"
    if left.endswith("\n") and right.endswith("\n"):
        left, right = left[:-1], right[:-1]
    for line in islice(unified_diff(left.split("\n"), right.split("\n"), lineterm=""), 2, None):
        if not line.startswith("@@"):
            yield f"      {line[0]} {line[1:]}" if line != " " else ""
        elif not line.startswith(("@@ -1,", "@@ -1 ")):
            yield "      …"


def _not_cross_checked(why: Unavailable | None) -> Iterator[str]:
    if why is not None:
        todo = "\n  → --no-cross-check accepts a comparison that is not cross-checked" if why.required else ""
        yield f"Not cross-checked with pg_dump: {one_line(why.reason)}{todo}"


def _cross_check(cross_check: Mapping[str, Any] | None) -> Iterator[str]:
    if cross_check is None:
        return
    method = one_line(str(cross_check.get("method", "second method")))
    if unexplained := list(cross_check.get("unexplained", ())):
        listed = "\n".join(f"  {many_lines(str(line))}" for line in unexplained)
        yield f"Unexplained: {method} shows what this comparison does not:\n{listed}"
    else:
        yield f"Cross-check: {method} " + ("agrees" if cross_check.get("agrees") else "does not agree")


def drift_json(
    drift: Drift,
    *,
    defined_at: DefinedAt,
    cross_check: Mapping[str, Any] | None = None,
    not_cross_checked: Unavailable | None = None,
    sources: Mapping[str, Sequence[SourceFacts]] | None = None,
    undone: Mapping[str, SourceUndone | None] | None = None,
    rows: RowsComparison | None = None,
    why_nothing: str | None = None,
) -> dict[str, Any]:
    """One JSON object with every difference, also those that a missing object takes along.

    ``sources`` holds what was applied on each side that is SQL, ``undone`` what that SQL takes away again, ``rows`` what it
    leaves in tables: these are not part of the verdict. ``equal`` and ``covered`` are only true when the cross-check
    agrees, or is not required: ``not_cross_checked`` is the reason why it was not asked, else null. ``nothing_compared`` is
    the reason where there was nothing to compare, else null; ``not_compared`` is what no comparison sees.
    """
    agrees = _agreed(cross_check, not_cross_checked)
    return {
        "schema_version": _SCHEMA_VERSION,
        "equal": drift.equal and agrees,
        "covered": drift.covered and agrees,
        "differences": [_difference(d, defined_at) for d in drift.differences],
        "unmodelled": [*_unmodelled("expected", drift.unmodelled_expected), *_unmodelled("actual", drift.unmodelled_actual)],
        "not_known": [
            {"kind": n.kind, "key": n.key, "attribute": n.attribute, "sides": list(n.sides)} for n in drift.not_known
        ],
        "cross_check": dict(cross_check) if cross_check is not None else None,
        "not_cross_checked": not_cross_checked.reason if not_cross_checked else None,
        "not_compared": [
            *drift.not_compared,
            *(f"{side}: {what}" for side, each in (sources or {}).items() for s in each for what in not_compared_of(s)),
        ],
        "sources": {side: manifest_json(each) for side, each in (sources or {}).items()},
        "nothing_compared": why_nothing,
        "undone": undone_json(undone or {}),
        "rows": asdict(rows.summary) if rows else None,
    }


def _difference(difference: Difference, defined_at: DefinedAt) -> dict[str, Any]:
    not_there = {DiffVerdict.MISSING: "actual", DiffVerdict.UNEXPECTED: "expected"}.get(difference.verdict)
    return {
        "verdict": difference.verdict.value,
        "severity": difference.severity.value,
        "kind": difference.kind,
        "key": difference.key,
        "fields": [{"name": f.name, "expected": f.expected, "actual": f.actual} for f in difference.fields],
        "defined_at": {
            side: None if side == not_there else defined_at(side, difference.kind, difference.key_on(side))
            for side in ("expected", "actual")
        },
    }


def _unmodelled(side: str, things: Iterable[Unmodelled]) -> list[dict[str, str]]:
    return [{"side": side, "kind": thing.kind, "identity": thing.identity} for thing in things]
