"""``reports/index.html``: what the latest run of every environment found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from migration_audit import report
from migration_audit.audit.facts.files import write_atomically
from migration_audit.model.evidence import HOME, Evidence
from migration_audit.runner.folders import FinishedRun, latest_runs


def write_index(out: Path, *, order: Sequence[str], progress: Callable[[str], None]) -> None:
    """``index.html``: the matrix of checks by environments over the newest run of each; ``order`` comes first.

    What is in the folder and was not written by this version is left out, and that is reported. Raises AuditError.
    """
    places = {name: number for number, name in enumerate(order)}
    latest = sorted(latest_runs(out), key=lambda run: (places.get(run.environment, len(places)), run.environment))
    summaries = []
    for run in latest:
        if run.evidence is None:
            progress(f"{out / 'index.html'} leaves out {run.folder}: its evidence.json is not one of this version")
        elif run.evidence.is_of_the_future(datetime.now(UTC)):
            progress(f"{out / 'index.html'} leaves out {run.folder}: its evidence is dated in the future")
        else:
            summaries.append(_summary(run, run.evidence, out))
    write_atomically(out / "index.html", report.render_index(summaries).encode())


def _summary(run: FinishedRun, evidence: Evidence, out: Path) -> report.RunSummary:
    home = evidence.commit.get(HOME)
    return report.RunSummary(
        environment=run.environment,
        verdict=evidence.verdict,
        report=f"{run.folder.relative_to(out).as_posix()}/report.html",
        results=evidence.checks,
        project=evidence.project,
        phase=evidence.phase.value,
        generated_at=f"{evidence.generated_at:%Y-%m-%dT%H:%M:%SZ}",
        commit=(home.commit if home else None) or "",
    )
