"""What a step of GitHub Actions shows in addition to its log: annotations on the lines, and the job summary."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from migration_audit import report
from migration_audit.cli.output import write_command
from migration_audit.cli.progress import say
from migration_audit.gate import EnvironmentGate
from migration_audit.report.escape import markdown, one_line

if TYPE_CHECKING:
    from migration_audit.runner import RunResult

_LIMIT = 1_000_000
"""GitHub drops a step's summary when it is larger than 1 MiB."""


def tell_github(results: Sequence[RunResult]) -> None:
    """Print annotations when running in GitHub Actions, and append to the file that GITHUB_STEP_SUMMARY names, if it is set.

    A summary that cannot be written is reported and changes no verdict.
    """
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for result in results:
            for line in report.github_annotations(result.evidence):
                write_command(line)
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        try:
            _append(Path(path), results)
        except OSError as error:
            say(f"GITHUB_STEP_SUMMARY: {path} cannot be written: {error.strerror}")


def tell_gate_to_github(found: Sequence[EnvironmentGate], *, source: str) -> None:
    """Append what the gate asks of each environment to the file that GITHUB_STEP_SUMMARY names, if it is set."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    is_open = not any(each.exit_code for each in found)
    lines = [f"## The gate is {'open' if is_open else 'closed'}, by {markdown(one_line(source))}", ""]
    for each in found:
        lines += [f"### {markdown(one_line(each.environment))}", "", "| | | |", "|---|---|---|"]
        for r in each.requirements:
            todo = f" → {r.todo}" if r.ok is False and r.todo else ""
            mark = {True: "✓", False: "✗", None: "–"}[r.ok]
            lines.append(f"| {mark} | {r.need.value} | {markdown(one_line(r.text + todo))} |")
        lines.append("")
    try:
        with Path(path).open("a", encoding="utf-8") as summary:
            summary.write("\n".join(lines) + "\n")
    except OSError as error:
        say(f"GITHUB_STEP_SUMMARY: {path} cannot be written: {error.strerror}")


def _append(path: Path, results: Sequence[RunResult]) -> None:
    """The summaries one below the other; each gets its share of what the step may still write."""
    left = _LIMIT - (path.stat().st_size if path.exists() else 0)
    with path.open("a", encoding="utf-8") as summary:
        for result in results:
            share = max(0, left // len(results))
            text = report.summary_markdown(result.evidence, limit=share)
            if len(text.encode()) <= share:
                summary.write(f"{text}\n")
