"""What a comparison of two sides answers: the differences, and an exit code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from migration_audit.audit.coverage import cross_check_of
from migration_audit.audit.preflight.port import PortTask, side_port
from migration_audit.audit.preflight.shadows import catalog_writes_named
from migration_audit.audit.preflight.sides import ReadSide, Side, compare_side_rows, load_side
from migration_audit.cli.output import say_lines, write_json, write_sql
from migration_audit.cli.terminal import write_lines
from migration_audit.compare import AGAINST_LIVE, Rules, compare
from migration_audit.model.drift import Drift
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Unavailable
from migration_audit.model.port import ProofOutcome
from migration_audit.model.preflight import CrossCheck, SourceFacts
from migration_audit.model.progress import Progress
from migration_audit.model.routines import Extension
from migration_audit.model.rows import RowsComparison
from migration_audit.port import NOTHING, nothing_compared, nothing_to_port
from migration_audit.project import load_project, project_file
from migration_audit.report.drift_text import drift_json, drift_text
from migration_audit.report.escape import one_line
from migration_audit.report.rows import manifest_text, not_compared_of, rows_text, undone_text


def answer(
    sides: tuple[Side, Side],
    read: tuple[ReadSide, ReadSide],
    *,
    direction: str,
    form: str,
    config: Path | None,
    no_cross_check: bool,
    progress: Progress,
) -> int:
    """Print the comparison; 0 when it is covered (or equal), 1 when not, 3 when nothing was compared or cross-checked.

    ``no_cross_check``: the comparison of two SQL sides counts without pg_dump's. Raises AuditError when it cannot be made.
    """
    left, right = read
    rules = AGAINST_LIVE if any(side.is_live for side in sides) else Rules()
    project = load_project(project_file(config)) if config is not None else None
    if project is not None:
        rules = rules.override(project.rules)
    applied_by = left.snapshot.server.read_as if sides[0].is_sql and sides[1].is_live else None
    drift = compare(expected=left.snapshot, actual=right.snapshot, rules=rules, expected_applied_by=applied_by)

    def defined_at(side: str, kind: str, key: str) -> str | None:
        location = (left if side == "expected" else right).origins.get((kind, key))
        return str(location) if location else None

    applied = {"expected": left.sources, "actual": right.sources}
    undone = {"expected": left.undone, "actual": right.undone}
    rows = compare_side_rows(sides, read, project)
    drift = replace(drift, not_compared=(*drift.not_compared, *([_NO_ROWS] if rows is None else [])))
    checked = _cross_check(drift, sides, read, no_cross_check=no_cross_check)
    cross_check, not_cross_checked = (None, checked) if isinstance(checked, Unavailable) else (checked.to_json(), None)
    why_nothing = _why_nothing(drift, sides)
    reported: dict[str, Any] = {
        "cross_check": cross_check,
        "not_cross_checked": not_cross_checked,
        "why_nothing": why_nothing,
    }
    if form == "sql":
        about = PortTask(
            drift=drift,
            expected=left.snapshot,
            actual=right.snapshot,
            origins=left.origins,
            rules=rules,
            applied_by=applied_by,
        )
        _write_port(about, sides, why_nothing, cross_check, progress)
    elif form == "json":
        found = drift_json(drift, defined_at=defined_at, sources=applied, undone=undone, rows=rows, **reported)
        found["servers"] = {"expected": left.snapshot.server.versions, "actual": right.snapshot.server.versions}
        _say_limits(drift, found["not_compared"], progress)
        write_json(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    else:
        write_lines(drift_text(drift, defined_at, must_be_equal=direction == "equal", **reported).removesuffix("\n"))
        _write_uncounted(applied, rows)
        _write_beyond(cross_check)
        blocks = [rows_text(rows), undone_text(undone), manifest_text(applied)]
        for block in filter(None, blocks):
            write_lines(f"\n{block}".removesuffix("\n"))
        write_lines(f"\n{_servers(left.snapshot.server.versions, right.snapshot.server.versions)}")
    if why_nothing and form != "text":
        progress(why_nothing)
    if not_cross_checked and form != "text":
        progress(f"not cross-checked with pg_dump: {not_cross_checked.reason}")
    if form == "sql":
        say_lines("".join(f"not compared: {what}\n" for each in applied.values() for what in _uncompared(each)), progress)
        say_lines(rows_text(rows) + undone_text(undone), progress)
    return _answer(drift, checked, direction)


def _say_limits(drift: Drift, not_compared: Iterable[str], progress: Progress) -> None:
    for unread in drift.not_known:
        progress(f"not known: {unread}")
    for what in not_compared:
        progress(f"not compared: {what}")


def _cross_check(
    drift: Drift, sides: tuple[Side, Side], read: tuple[ReadSide, ReadSide], *, no_cross_check: bool
) -> CrossCheck | Unavailable:
    """What pg_dump says of two SQL sides, or why it was not asked; required where it should have been."""
    if not all(side.is_sql for side in sides):
        return Unavailable(reason="only two sides that are SQL are dumped", required=False)
    if no_cross_check:
        return Unavailable(reason="--no-cross-check", required=False)
    left, right = read
    outside = (one for side in read for facts in side.sources for one in facts.outside)
    with catalog_writes_named(outside, where=" and ".join(side.named for side in sides)):
        return cross_check_of(drift, (left.snapshot, left.dump), (right.snapshot, right.dump))


def _answer(drift: Drift, cross_check: CrossCheck | Unavailable, direction: str) -> int:
    if drift.compared_nothing or (drift.only_not_known and (direction == "covers" or not drift.differences)):
        return AuditError.exit_code
    good = drift.covered if direction == "covers" else drift.equal
    if good and isinstance(cross_check, Unavailable) and cross_check.required:
        return AuditError.exit_code
    return 0 if good and (isinstance(cross_check, Unavailable) or cross_check.agrees) else 1


def _write_uncounted(applied: Mapping[str, Sequence[SourceFacts]], rows: RowsComparison | None) -> None:
    """What no rule leaves out and what was not applied, before the details: the answer does not cover it."""
    for role, facts in applied.items():
        for what in _uncompared(facts):
            write_lines(f"! not compared, {role} side: {one_line(what)}")
        left = [n.path if n.line is None else f"{n.path}:{n.line}" for f in facts for n in f.not_applied if not n.by_rule]
        if left:
            write_lines(f"! not applied on the {role} side, so not compared: {one_line(some_of(left))}")
    files = [[path for each in facts for path, _ in each.files] for facts in applied.values()]
    if files[0] and files[0] == files[1]:
        write_lines("! both sides are the same files: they are compared with themselves")
    if rows is not None and (rows.differing or rows.unread):
        found = "differ" if rows.differing else "were not all read"
        write_lines(f"! the rows that the SQL writes {found}; this does not change the answer (see below)")


def _servers(expected: Mapping[str, str], actual: Mapping[str, str]) -> str:
    """On which versions the answer was found: SQL may ask for them."""
    sides = {"both sides": expected} if expected == actual else {"expected": expected, "actual": actual}
    return "\n".join(
        f"Server, {side}: {one_line(', '.join(f'{name} {version}' for name, version in versions.items()))}"
        for side, versions in sides.items()
    )


_NO_ROWS = "rows of tables, which are only compared where both sides are SQL"


def _uncompared(facts: Sequence[SourceFacts]) -> list[str]:
    return [what for each in facts for what in not_compared_of(each)]


def _write_beyond(cross_check: Mapping[str, Any] | None) -> None:
    if cross_check and cross_check["beyond"]:
        beyond = "\n".join(f"  {one_line(b)}" for b in cross_check["beyond"])
        write_lines(f"\nNot visible to pg_dump:\n{beyond}")


def _why_nothing(drift: Drift, sides: tuple[Side, Side]) -> str | None:
    if not drift.compared_nothing:
        return None
    expected, actual = (f"the {role} side ({side.named})" for role, side in zip(("expected", "actual"), sides, strict=True))
    return drift.why_nothing(expected=expected, actual=actual)


def _write_port(
    about: PortTask,
    sides: tuple[Side, Side],
    why_nothing: str | None,
    cross_check: Mapping[str, Any] | None,
    progress: Progress,
) -> None:
    """The port on stdout, which is SQL alone, or that nothing was compared; notes about it on stderr."""
    expected, actual = (side.named for side in sides)
    if why_nothing:
        write_sql(nothing_compared(why_nothing, expected=expected, actual=actual))
        return
    _say_limits(about.drift, about.drift.not_compared, progress)
    if about.drift.covered:
        write_sql(nothing_to_port(expected=expected, actual=actual))
        progress(NOTHING)
    else:
        owner = load_side(sides[1]) if sides[1].is_sql else None
        why = f"{actual} is a {sides[1].kind}, so there is no SQL to apply the port to"
        extensions = [extension.name for extension in about.expected.of(Extension)]
        made = side_port(about, owner=owner, extensions=extensions, why=why)
        write_sql(made.text(expected=expected, actual=actual))
        progress(": ".join(filter(None, [_PROOFS[made.proof.outcome], "; ".join(map(one_line, made.proof.reasons))])))
    for what in cross_check["unexplained"] if cross_check else ():
        progress(f"pg_dump shows a difference that the audit does not explain: {one_line(what)}")


_PROOFS = {
    ProofOutcome.PROVEN: "the port is proven: applied to a fresh server, the comparison is covered",
    ProofOutcome.PARTIAL: "the port is proven but not sufficient: the rest needs a person's decision",
    ProofOutcome.REFUTED: "the port does not work",
    ProofOutcome.UNTRIED: "the port is not proven",
}
