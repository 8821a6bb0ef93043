"""``reports/index.html``: what the latest run of every environment found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from migration_audit import report
from migration_audit.audit.facts.files import write_atomically
from migration_audit.model.evidence import HOME, Evidence
from migration_audit.model.finding import Phase
from migration_audit.runner.folders import FinishedRun, latest_runs, runs_before
from migration_audit.signoff.decisions import FOLDER as SIGNATURES
from migration_audit.signoff.decisions import read_decision

_MOST_EARLIER: Final = 12
"""Earlier runs of an environment that are listed."""


def write_index(out: Path, *, order: Sequence[str], progress: Callable[[str], None]) -> None:
    """``index.html``: the checks by environments over the newest run of each in each phase; ``order`` comes first.

    Runs of the phase after the deletion are found in the folder ``retired`` as well. What is in the folder and was not
    written by this version is left out, and that is reported. Raises AuditError.
    """
    places = {name: number for number, name in enumerate(order)}
    summaries = []
    for base in (out, out / Phase.RETIRED.value):
        for run in sorted(latest_runs(base), key=lambda run: (places.get(run.environment, len(places)), run.environment)):
            if run.evidence is None:
                progress(f"{out / 'index.html'} leaves out {run.folder}: its evidence.json is not one of this version")
            elif run.evidence.is_of_the_future(datetime.now(UTC)):
                progress(f"{out / 'index.html'} leaves out {run.folder}: its evidence is dated in the future")
            else:
                summaries += [_summary(each, each.evidence, out) for each in _with_earlier(base, run) if each.evidence]
    write_atomically(out / "index.html", report.render_index(summaries).encode())


def _with_earlier(base: Path, run: FinishedRun) -> Iterator[FinishedRun]:
    yield run
    yield from runs_before(base, run, most=_MOST_EARLIER)


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
        decisions=tuple(_decisions(run.folder / SIGNATURES)),
    )


def _decisions(folder: Path) -> Iterator[str]:
    """Who decided what, as the files say; whether their signatures hold is for ``verify``."""
    for path in sorted(folder.glob("*.json")):
        with suppress(OSError, ValueError):
            signed = read_decision(path.read_bytes())
            yield f"{signed.decision.value} by {signed.reviewer}"
