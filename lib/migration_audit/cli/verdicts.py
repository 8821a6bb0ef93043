"""What a run found, for a terminal and as JSON: what blocks in full, the rest counted."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from migration_audit.cli.output import say, write_command
from migration_audit.cli.terminal import HOLDS, Style, line_width, write_paragraph
from migration_audit.gate import EnvironmentGate
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckResult, Outcome, Verdict
from migration_audit.report.ci import github_annotations, summary_markdown
from migration_audit.report.escape import markdown, one_line
from migration_audit.report.triage import Triage, findings_of, ranges, triage

if TYPE_CHECKING:
    from migration_audit.runner import RunResult


_MARKS: Final = {
    Verdict.CLEAN: ("✓", Style.GOOD),
    Verdict.REVIEW: ("▲", Style.WARNING),
    Verdict.BLOCKED: ("✕", Style.BAD),
    Verdict.INCOMPLETE: ("!", Style.UNDECIDED),
}
_MAY_BE_SIGNED: Final = {
    Verdict.CLEAN: "read the report, then sign it: migration-audit sign {} --as YOU --key FILE",
    Verdict.REVIEW: "decide whether each warning is acceptable, then sign: migration-audit sign {} --as YOU --key FILE",
}
_MOST_BLOCKERS: Final = 100
_MOST_REASONS: Final = 3
_MOST_LINES: Final = 6
"""A terminal is not a report."""
_WIDTH: Final = 100
"""Characters of a line of a reason where no terminal tells how wide it is; commands in it are not torn apart."""
_LIMIT = 1_000_000
"""GitHub drops a step's summary when it is larger than 1 MiB."""


def write_verdicts(results: Sequence[RunResult]) -> None:
    """Print each environment with its verdict, each finding that blocks, the rest counted, and where its report is."""
    width = max(len(r.environment) for r in results)
    for result in results:
        mark, style = _MARKS[result.verdict]
        held = triage(result.evidence.checks)
        undecided = [one.check for one in held.undecided]
        found = held.found + (f", could not check {some_of(undecided, most=1)}" if undecided else "")
        if result.evidence.error:
            found = "it did not finish"
        lead = " " * (width + 4)
        environment = (f"{result.environment:{width}} ", Style.STRONG)
        write_paragraph(environment, (f"{mark} {result.verdict:10}", style), f" {found}", rest=lead)
        for line in _reasons(result, held):
            write_paragraph(line, first=lead, rest=f"{lead}  ")
        if not result.evidence.error:
            _write_findings(held, lead)
        page = result.folder / "report.html"
        write_paragraph((str(page if page.is_file() else result.folder), Style.FAINT), first=lead, rest=lead)
        if result.verdict in _MAY_BE_SIGNED:
            write_paragraph("→", _MAY_BE_SIGNED[result.verdict].format(result.folder), first=lead, rest=f"{lead}  ")
    servers = dict.fromkeys(r.evidence.shadow for r in results if r.evidence.shadow)
    for server in servers:
        write_paragraph(("SQL executed on:", Style.FAINT), (server, Style.FAINT))


def _write_findings(held: Triage, lead: str) -> None:
    blocking = [(r, f) for r, f in findings_of(held.blockers) if f is None or f.waived is None]
    below = f"{lead}  "
    for result, finding in blocking[:_MOST_BLOCKERS]:
        summary, *others = _shortened((finding.summary if finding else result.reason or result.title).splitlines())
        write_paragraph(("✕", Style.BAD), (result.id, Style.STRONG), summary, first=lead, rest=below)
        for line in others:
            write_paragraph(line, first=below, rest=below)
    if (more := len(blocking) - _MOST_BLOCKERS) > 0:
        write_paragraph(f"… and {more:,} more blockers: see the report", first=lead, rest=below)
    for mark, style, noun, results in (
        ("▲", Style.WARNING, "warnings", held.warnings),
        ("i", Style.INFO, "info", held.info),
    ):
        if results:
            write_paragraph((mark, style), f"{noun}:", ", ".join(map(_counted, results)), first=lead, rest=below)
    if held.not_looked_at:
        causes = "; ".join(f"{ranges([one.check for one in each.stopped])}: {each.reason}" for each in held.not_looked_at)
        write_paragraph(("·", Style.FAINT), "not looked at:", causes, first=lead, rest=below)


def _counted(result: CheckResult) -> str:
    return f"{result.id} ({len(result.findings)})" if len(result.findings) > 1 else result.id


def _reasons(result: RunResult, held: Triage) -> Iterator[str]:
    """Line by line why something could not be checked, each cause once."""
    if result.evidence.error:
        yield from result.evidence.error.splitlines()
        return
    texts = {r.id: r.unchecked or r.reason or "no reason given" for r in result.evidence.checks}
    for reason in list(dict.fromkeys(texts.get(one.check, one.reason) for one in held.undecided))[:_MOST_REASONS]:
        lines = [part for line in reason.splitlines() for part in _folded(line)]
        yield from _shortened(lines)


def _shortened(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], "  … (all of it is in the report)"]


def _folded(line: str) -> list[str]:
    """A line that is folded once stays one: who looks for its words finds them."""
    if line_width() is not None or len(line) <= 2 * _WIDTH:
        return [line]
    return textwrap.wrap(line, _WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent="  ")


def verdicts_json(results: Sequence[RunResult], *, phase: str, index: Path) -> dict[str, Any]:
    """The verdicts for other programs (``run --format json``); names and shape are a contract."""
    return {
        "schema_version": 1,
        "exit_code": max(result.exit_code for result in results),
        "phase": phase,
        "index": str(index),
        "environments": [_environment_json(result) for result in results],
    }


def _environment_json(result: RunResult) -> dict[str, Any]:
    checks = result.evidence.checks
    names = ("key", "summary", "expected", "actual", "where", "waived")
    return {
        "environment": result.environment,
        "verdict": result.verdict.value,
        "exit_code": result.exit_code,
        "error": result.evidence.error,
        "folder": str(result.folder),
        "server": result.evidence.shadow,
        "checks": {outcome.value: sum(r.outcome is outcome for r in checks) for outcome in Outcome},
        "not_looked_at": [
            {"check": one.check, "reason": one.reason} for each in triage(checks).not_looked_at for one in each.stopped
        ],
        "could_not_check": [{"check": r.id, "reason": r.unchecked or r.reason} for r in checks if r.is_undecided],
        "findings": [
            {"check": r.id, "severity": r.severity.value, **{name: getattr(f, name) for name in names}}
            for r in checks
            if r.outcome is Outcome.FAILED
            for f in r.findings
        ],
    }


def write_to_github(results: Sequence[RunResult]) -> None:
    """Print annotations when running in GitHub Actions, and append to the file that GITHUB_STEP_SUMMARY names, if it is set.

    A summary that cannot be written is reported and changes no verdict.
    """
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for result in results:
            for line in github_annotations(result.evidence):
                write_command(line)
    _write_step_summary(partial(_append, results=results))


def write_gate_to_github(found: Sequence[EnvironmentGate], *, source: str) -> None:
    """Append what the gate asks of each environment to the file that GITHUB_STEP_SUMMARY names, if it is set."""
    is_open = not any(each.exit_code for each in found)
    lines = [f"## The gate is {'open' if is_open else 'closed'}, judged by {markdown(one_line(source))}", ""]
    for each in found:
        lines += [f"### {markdown(one_line(each.environment))}", "", "| | | |", "|---|---|---|"]
        for r in each.requirements:
            todo = f" → {r.todo}" if r.ok is False and r.todo else ""
            details = f": {some_of(r.details, most=3, between='; ')}" if r.details else ""
            lines.append(f"| {HOLDS[r.ok]} | {r.need.value} | {markdown(one_line(r.text + details + todo))} |")
        lines.append("")

    def append(path: Path) -> None:
        with path.open("a", encoding="utf-8") as summary:
            summary.write("\n".join(lines) + "\n")

    _write_step_summary(append)


def _write_step_summary(append: Callable[[Path], None]) -> None:
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            append(Path(path))
        except OSError as error:
            say(f"GITHUB_STEP_SUMMARY: {path} cannot be written: {error.strerror}")


def _append(path: Path, results: Sequence[RunResult]) -> None:
    """The summaries one below the other; each gets its share of what the step may still write."""
    left = _LIMIT - (path.stat().st_size if path.exists() else 0)
    with path.open("a", encoding="utf-8") as summary:
        for result in results:
            share = max(0, left // len(results))
            text = summary_markdown(result.evidence, limit=share)
            if len(text.encode()) <= share:
                summary.write(f"{text}\n")
            else:
                verdict = f"{result.environment} is {result.verdict.value}"
                say(f"GITHUB_STEP_SUMMARY: {path} has no space left for its summary: {verdict}")
