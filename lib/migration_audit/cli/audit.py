"""``demo`` and ``run``: audit environments, print a line for each, and the report as a PDF by a Chromium of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import click

from migration_audit.audit.demo import DEMO, demo_databases, demo_project, retired_project
from migration_audit.cli.output import write_json
from migration_audit.cli.verdicts import verdicts_json, write_to_github, write_verdicts
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.finding import Phase
from migration_audit.project import Environment, Project, load_project, project_file
from migration_audit.project.secrecy import without_secrets
from migration_audit.runner import open_kernels, run_audit, write_index
from migration_audit.signoff import sign_as_producer


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
        with ThreadPoolExecutor(max_workers=1) as thread:
            audited = thread.submit(
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
                kernels.stop()  # which ends what runs in parallel
                raise
    write_verdicts(results)
    click.echo("\nAfter the deletion (--phase retired):")
    write_verdicts(after)
    click.echo()
    _write_index(project, out, progress, title="All environments, both phases")
    _write_index(retired, out / Phase.RETIRED.value, progress, title="After the deletion only")
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
    form: str = "text",
    pdf: bool = False,
) -> int:
    """Audit the named environments (all that take part in the phase, by default); returns the largest exit code.

    With ``producer_key`` each statement is signed, with ``pdf`` each report is printed. Raises AuditError.
    """
    if producer_key is not None and not producer_key.is_file():
        raise UsageError("the key does not exist", where=str(producer_key), todo="name a private key file")
    chromium = find_chromium() if pdf else None
    path = project_file(config or Path())
    project = load_project(path)
    chosen = _chosen(project, environments, phase)
    folder = out or project.report_out
    results = run_audit(
        project, chosen, phase=phase, out=folder, config=str(path.absolute()), progress=progress, commands=commands
    )
    index = folder / "index.html"
    if form == "text":
        write_verdicts(results)
    write_to_github(results)
    if producer_key is not None:
        for result in results:
            sign_as_producer(result.folder, key=producer_key)
    if chromium is not None:
        for page in (result.folder / "report.html" for result in results):
            if page.is_file():
                progress(f"printed {print_report(page, chromium=chromium)}")
    if form == "json":
        write_index(folder.absolute(), order=[e.name for e in project.environments], progress=progress)
        document = verdicts_json(results, phase=phase.value, index=index)
        write_json(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    else:
        click.echo()
        _write_index(project, folder, progress)
    return max(result.exit_code for result in results)


def _chosen(project: Project, names: Sequence[str], phase: Phase) -> list[Environment]:
    if names:
        return [project.environment(name) for name in dict.fromkeys(names)]
    chosen = [e for e in project.environments if phase in e.phases]
    if not chosen:
        raise click.UsageError(f"no environment of audit.toml takes part in the phase {phase}")
    return chosen


def _write_index(project: Project, out: Path, progress: Callable[[str], None], title: str = "All environments") -> None:
    """After the verdicts: they count whether or not this page can be written. Raises AuditError where it cannot."""
    write_index(out.absolute(), order=[e.name for e in project.environments], progress=progress)
    click.echo(f"{title}: {out / 'index.html'}")


_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
)
_LIMIT: Final = 120
"""Seconds; a report prints in two."""


def find_chromium() -> str:
    """The program that prints. Raises UsageError where this machine has none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        what = f"no Chromium is on PATH ({', '.join(_NAMES)})"
        raise UsageError(what, where="--pdf", todo="install chromium, or print report.html in a browser")
    return found


def print_report(report: Path, *, chromium: str) -> Path:
    """The PDF of a run's report, next to the run's folder, whose files its statement names. Raises AuditError."""
    pdf = report.parent.with_name(f"{report.parent.name}.pdf")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to start as root with one
    with tempfile.TemporaryDirectory(prefix="migration-audit-pdf-") as profile:
        made = Path(profile) / "report.pdf"
        command = [chromium, *_FLAGS, *sandbox, f"--user-data-dir={profile}/profile", f"--print-to-pdf={made}"]
        try:
            subprocess.run(
                [*command, report.absolute().as_uri()],
                check=True,
                capture_output=True,
                text=True,
                timeout=_LIMIT,
                env=without_secrets(os.environ),
            )
            shutil.copyfile(made, pdf)
        except (OSError, subprocess.SubprocessError) as error:
            detail = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
            raise AuditError(
                f"the report could not be printed: {detail[-1] if detail else error}",
                where=str(report),
                todo="print it in a browser; the report itself is complete",
            ) from error
    return pdf
