"""``reports/index.html``: what the latest run of every environment found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from migration_audit import report
from migration_audit.audit.evidence import SCHEMA_VERSION
from migration_audit.audit.files import write_atomically
from migration_audit.model.finding import CheckResult, Verdict
from migration_audit.runner.folders import Run, latest_runs


def write_index(out: Path, *, order: Sequence[str], progress: Callable[[str], None]) -> None:
    """``index.html``: the matrix of checks by environments over the newest run of each; ``order`` comes first.

    What is in the folder and was not written by this version is left out, and that is told. Raises AuditError.
    """
    places = {name: number for number, name in enumerate(order)}
    latest = sorted(latest_runs(out), key=lambda run: (places.get(run.environment, len(places)), run.environment))
    summaries = []
    for run in latest:
        try:
            summaries.append(_summary(run, out))
        except (KeyError, TypeError, ValueError):
            progress(f"{out / 'index.html'} leaves out {run.folder}: its evidence.json is not one of this version")
    write_atomically(out / "index.html", report.render_index(summaries).encode())


def _summary(run: Run, out: Path) -> report.RunSummary:
    evidence = run.evidence
    if evidence["schema_version"] != SCHEMA_VERSION:
        raise ValueError(evidence["schema_version"])
    return report.RunSummary(
        environment=run.environment,
        verdict=Verdict(evidence["verdict"]),
        report=f"{run.folder.relative_to(out).as_posix()}/report.html",
        results=tuple(CheckResult.from_json(check) for check in evidence["checks"]),
        project=evidence["project"],
        phase=evidence["phase"],
        generated_at=evidence["generated_at"],
        commit=evidence["commit"]["audit"]["commit"] or "",
    )
