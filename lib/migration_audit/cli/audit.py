"""``demo`` and ``run``: audit environments and print a line for each."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from migration_audit.audit.demo import DEMO, demo_databases, demo_project, retired_project
from migration_audit.cli.github import tell_github
from migration_audit.model.drift import Severity
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.finding import Outcome, Phase, Verdict
from migration_audit.project import Environment, Project, load_project, project_file
from migration_audit.runner import RunResult, open_kernels, run_audit, write_index
from migration_audit.signoff import sign_as_producer

_MARKS = {Verdict.CLEAN: "✓", Verdict.REVIEW: "▲", Verdict.BLOCKED: "✕", Verdict.INCOMPLETE: "!"}

_MOST_REASONS = 3
_MOST_LINES = 6
"""A terminal is no report."""
_WIDTH = 100
"""Characters of a line of a reason; commands in it are not torn apart."""


def run_demo(*, out: Path, progress: Callable[[str], None]) -> None:
    """Build the demo's three databases, audit them, and print the verdicts.

    The tree after a correct retirement is also audited, on dev, in the phase after the deletion. Raises
    AuditError when it cannot, or when an environment's audit did not finish.
    """
    with retired_project() as retired:
        _run_demo(demo_project(), retired, out=out, progress=progress)


def _run_demo(project: Project, retired: Project, *, out: Path, progress: Callable[[str], None]) -> None:
    progress("building three databases with different histories")
    with demo_databases(project, progress=progress) as variables, open_kernels() as kernels:
        os.environ.update(variables)
        with ThreadPoolExecutor(max_workers=1) as beside:
            audited = beside.submit(
                run_audit,
                retired,
                [retired.environment("dev")],
                phase=Phase.RETIRED,
                out=out / Phase.RETIRED.value,
                config=str(retired.path),
                progress=lambda line: progress(f"after the deletion: {line}"),
                kernels=kernels,
            )
            try:
                results = run_audit(
                    project,
                    project.environments,
                    phase=Phase.PREFLIGHT,
                    out=out,
                    config=DEMO,
                    progress=progress,
                    kernels=kernels,
                )
                after = audited.result()
            except BaseException:
                kernels.stop()  # which ends what runs beside
                raise
    _print(results)
    click.echo("\nAfter the deletion (--phase retired):")
    _print(after)
    for audited_project, folder in ((project, out), (retired, out / Phase.RETIRED.value)):
        _write_index(audited_project, folder, progress)
    unfinished = [result.environment for result in results if not result.evidence.complete]
    unfinished += [f"{Phase.RETIRED.value}/{result.environment}" for result in after if not result.evidence.complete]
    if unfinished:
        raise AuditError("the audit did not finish", where=", ".join(unfinished), todo="see the reasons above")


def run_project(
    *,
    config: Path | None,
    environments: Sequence[str],
    phase: Phase,
    out: Path | None,
    commands: bool,
    producer_key: Path | None,
    progress: Callable[[str], None],
) -> int:
    """Audit the named environments (all that take part in the phase, by default); returns the largest exit code.

    With ``producer_key`` each statement is signed. Raises AuditError.
    """
    if producer_key is not None and not producer_key.is_file():
        raise UsageError("the key does not exist", where=str(producer_key), todo="name a private key file")
    path = project_file(config or Path())
    project = load_project(path)
    chosen = _chosen(project, environments, phase)
    folder = out or project.report_out
    results = run_audit(
        project, chosen, phase=phase, out=folder, config=str(path.absolute()), progress=progress, commands=commands
    )
    _print(results)
    tell_github(results)
    if producer_key is not None:
        for result in results:
            sign_as_producer(result.folder, key=producer_key)
    _write_index(project, folder, progress)
    return max(result.exit_code for result in results)


def _chosen(project: Project, names: Sequence[str], phase: Phase) -> list[Environment]:
    if names:
        return [project.environment(name) for name in dict.fromkeys(names)]
    chosen = [e for e in project.environments if phase in e.phases]
    if not chosen:
        raise click.UsageError(f"no environment of audit.toml takes part in the phase {phase}")
    return chosen


def _write_index(project: Project, out: Path, progress: Callable[[str], None]) -> None:
    """After the verdicts: they count whether or not this page can be written. Raises AuditError where it cannot."""
    write_index(out.absolute(), order=[e.name for e in project.environments], progress=progress)
    click.echo(f"\nAll environments: {out / 'index.html'}")


def _print(results: Sequence[RunResult]) -> None:
    width = max(len(r.environment) for r in results)
    for result in results:
        found, reasons = _because(result)
        click.echo(f"{result.environment:{width}}  {_MARKS[result.verdict]} {result.verdict:10}  {found}")
        page = result.folder / "report.html"
        for line in (*reasons, str(page if page.is_file() else result.folder)):
            click.echo(f"{'':{width}}    {line}")


def _because(result: RunResult) -> tuple[str, list[str]]:
    """Why, in a few words: what blocks, what needs a look; and line by line why something could not be checked."""
    error = result.evidence.error
    if error:
        return "it did not finish", error.splitlines()
    counts = {Severity.BLOCKER: 0, Severity.WARNING: 0}
    waived = 0
    undecided: dict[str, str] = {}
    for check in result.evidence.checks:
        if check.outcome is Outcome.FAILED and check.severity in counts:
            waived += sum(f.waived is not None for f in check.findings)
            counts[check.severity] += sum(f.waived is None for f in check.findings)
        if check.is_undecided:
            undecided[check.id] = check.unchecked or check.reason or "no reason given"
    counted = [f"{n} {severity.value}{'s' * (n != 1)}" for severity, n in counts.items() if n]
    if waived:
        counted.append(f"{waived} waived")
    if undecided:
        counted.append(f"could not check {some_of(list(undecided), most=1)}")
    reasons = [line for reason in list(dict.fromkeys(undecided.values()))[:_MOST_REASONS] for line in _lines(reason)]
    return ", ".join(counted) or "no findings", reasons


def _lines(reason: str) -> list[str]:
    """A reason as it fits a terminal; what is cut is in the report."""
    lines = [part for line in reason.splitlines() for part in _folded(line)]
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], "  … (all of it is in the report)"]


def _folded(line: str) -> list[str]:
    """A line that a terminal folds once stays one: who looks for its words finds them."""
    if len(line) <= 2 * _WIDTH:
        return [line]
    return textwrap.wrap(line, _WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent="  ")
